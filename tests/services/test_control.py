"""Cancelling, where it meets the rest."""

from __future__ import annotations

import os

from orp_tui.core.states import RunState
from orp_tui.services.rebuild import rebuild


def test_a_run_cancelled_while_it_waited_stays_cancelled_when_the_database_is_made_again(project):
    run_id = project.submit("true")
    project.cancel(run_id)
    for name in os.listdir(project.paths.state):
        if name.startswith("orp.db"):
            os.unlink(project.paths.state / name)

    rebuild(project.paths)

    assert project.state(run_id) is RunState.CANCELLED
    project.settle()
    assert not project.begun(run_id)
