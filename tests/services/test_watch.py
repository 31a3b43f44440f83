"""The look at everything at one moment, while others write."""

from __future__ import annotations

import threading

from orp_tui.core.layout import BasePaths
from orp_tui.core.states import RunState
from orp_tui.services import watch
from orp_tui.store import database, runs

RUN = "exp_20261124_093000_aaaa"


def test_a_run_that_changes_its_state_during_the_look_is_counted_once(tmp_path, monkeypatch):
    paths = BasePaths.under(tmp_path)
    with database.opened(paths.database) as connection:
        runs.insert(connection, runs.NewRun(RUN, "a", 1.0, "me@here"))
    count = runs.counts

    def claim():
        with database.opened(paths.database) as own:
            runs.claim(own, runs.get(own, RUN), at=2.0)

    claims = threading.Thread(target=claim)

    def counted(connection):
        """Between the look at the rows and that at the counts somebody claims the run."""
        claims.start()
        claims.join(0.3)  # it may have to wait for the end of the look
        return count(connection)

    monkeypatch.setattr(watch.runs, "counts", counted)
    with database.opened(paths.database) as connection:
        counts = watch.snapshot(paths, connection, slots=1).counts
    claims.join()

    assert counts == {RunState.LOST: 1}  # it has no folder
    with database.opened(paths.database) as connection:
        assert runs.get(connection, RUN).state is RunState.STARTING
