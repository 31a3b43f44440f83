"""What a row says of a run, without a screen."""

from __future__ import annotations

import pytest
from made_runs import made_run

from orp_tui.core.states import RunState
from orp_tui.services.watch import RunView
from orp_tui.tui.rows import why_no_log


def view(state: RunState, detail: str | None, starts_in_s: float | None = None) -> RunView:
    run = made_run("exp_20261124_093002_k7f2", state=state)
    return RunView(
        run, state, None, detail, frozenset(), None, None, None, None, None, starts_in_s=starts_in_s
    )


@pytest.mark.parametrize(
    ("state", "detail", "said"),
    [
        (
            RunState.QUEUED,
            "needs a slot: 1 of 1 taken by exp_20261124_093001_ab12",
            "no log yet, the run waits: needs a slot: 1 of 1 taken by ab12",
        ),
        (RunState.QUEUED, None, "no log yet, the run waits: free to start"),
        (RunState.QUEUED, "held\x1b[31m\n", "no log yet, the run waits: held"),
        (RunState.CANCELLED, "cancelled before it started", "there is no log: cancelled before it started"),
        (RunState.LOST, None, "there is no log: LOST"),
        (RunState.RUNNING, None, ""),
    ],
)
def test_a_log_that_is_not_there_is_explained_unless_it_may_come_at_any_moment(state, detail, said):
    assert why_no_log(view(state, detail)).startswith(said)
    assert bool(why_no_log(view(state, detail))) is bool(said)


def test_when_a_waiting_run_will_start_is_said_with_why_it_waits():
    assert (
        why_no_log(view(RunState.QUEUED, "after ab12", 240))
        == "no log yet, the run waits: after ab12; starts in ~4m"
    )
