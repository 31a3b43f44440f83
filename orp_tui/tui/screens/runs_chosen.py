"""Which of the past runs a verb is for: those that are marked, however many, or the one under the cursor."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import TYPE_CHECKING

from textual import work

from orp_tui.core.past_run import PastRun
from orp_tui.core.run import Run
from orp_tui.services.watch import RunView
from orp_tui.tui.screens.outside import Outside

if TYPE_CHECKING:
    from orp_tui.services.acts import Outcome
    from orp_tui.services.context import Context
    from orp_tui.tui.widgets.runs_table import RunsTable

_MOST = 500
"""Runs that are retried, resumed, cancelled, packed or compared at once; stars, tags and the trash take any number."""
_LOOKED_AT = 50
"""So many of the marked runs are asked what the footer may offer."""

OnIds = Callable[["Context", Sequence[str]], "Outcome"]


class RunsChosen(Outside):
    """A screen with a RunsTable."""

    _read: dict[int, PastRun] = {}
    """Of the chosen runs those that the table does not hold, read for the verb that is under way."""
    _later: Callable[[], None] | None = None
    """What was wished for while the list was still on its way."""

    @property
    def table(self) -> RunsTable:
        """The list."""
        raise NotImplementedError

    @property
    def is_listed(self) -> bool:
        """Whether the list is what was asked for last, and the row under the cursor is read."""
        raise NotImplementedError

    def when_listed(self, then: Callable[[], None]) -> None:
        """Call it at once, or as soon as the list is there: a fast hand means the run that will be under the cursor."""
        if self.is_listed:
            self._later = None
            then()
        else:
            self._later = then

    def do_later(self) -> None:
        """Do what was wished for while the list was on its way, if that is there now."""
        if self._later is not None and self.is_listed:
            then, self._later = self._later, None
            then()

    # Which runs are meant

    def chosen_past(self) -> list[PastRun]:
        """The marked runs that are shown, else the one under the cursor, as far as they are known here."""
        rows = (self.table.row(key) or self._read.get(key) for key in self.table.chosen)
        return [row for row in rows if isinstance(row, PastRun)]

    def chosen_runs(self) -> list[RunView]:
        return [view_of(run) for run in self.chosen_past()]

    def _some_past(self) -> list[PastRun]:
        rows = (self.table.row(key) for key in itertools.islice(self.table.chosen, _LOOKED_AT))
        return [row for row in rows if isinstance(row, PastRun)]

    def offers(self, action: str) -> bool:
        """Whether an act would do something to the chosen runs; the footer leaves the others out."""
        verb = action.removeprefix("screen.").partition("(")[0]
        if verb == "compare_runs":
            return self.table.count_marks_shown > 1
        if verb == "compare_with_parent":
            run = self.table.run
            return run is not None and parent_of(run) is not None
        if verb == "verify_zip":
            return self.table.run is not None and self.table.run.zip != "none"
        if verb in ("show_lineage", "star_runs", "tag_runs", "note_runs"):
            return bool(self._some_past())
        return True

    def with_runs(self, then: Callable[[], None]) -> None:
        """Call it once all of the chosen runs are known here."""
        self.when_listed(lambda: self._read_all(then))

    def _read_all(self, then: Callable[[], None]) -> None:
        chosen = self.table.chosen
        unknown = [key for key in chosen if not isinstance(self.table.row(key), PastRun)]
        self._read = {}
        if not unknown:
            then()
        elif len(chosen) > _MOST:
            self.orp.say(
                f"{len(chosen):,} runs are too many for this; mark up to {_MOST}", severity="warning"
            )
        else:
            self._read_then(unknown, then)

    @work(thread=True, exclusive=True, exit_on_error=False, group="chosen")
    def _read_then(self, keys: list[int], then: Callable[[], None]) -> None:
        from orp_tui.services.catalog import Catalog

        catalog = Catalog(self.orp.context)
        try:
            rows = dict(zip(keys, catalog.rows(keys), strict=True))
        finally:
            catalog.close()

        def known() -> None:
            self._read = {key: run for key, run in rows.items() if run is not None}
            then()

        self.app.call_from_thread(known)

    def act_on_ids(self, act: OnIds) -> None:
        """Carry out an act on the chosen runs, however many."""
        self.when_listed(lambda: self._act_now(act))

    def _act_now(self, act: OnIds) -> None:
        if self.count_or_say():
            ids = self.ids_later()
            self.orp.act(lambda context: act(context, ids()))

    def ids_later(self) -> Callable[[], list[str]]:
        """What gives the ids of the chosen runs, in a thread: those that are not held here are read."""
        chosen, known = self.table.chosen, self.chosen_past()
        if len(known) == len(chosen):
            ids = [run.id for run in known]
            return lambda: ids
        context = self.orp.context
        return lambda: past_acts().ids_of(context, chosen)

    # The verbs of the queue, on runs that may have to be read first

    def action_retry_runs(self) -> None:
        self.with_runs(super().action_retry_runs)

    def action_resume_runs(self) -> None:
        self.with_runs(super().action_resume_runs)

    def action_bundle_runs(self) -> None:
        self.with_runs(super().action_bundle_runs)

    def action_cancel_runs(self, kill: bool) -> None:
        parent = super().action_cancel_runs
        self.with_runs(lambda: parent(kill))

    def count_or_say(self) -> int:
        """How many runs are chosen; that there is none is said."""
        count = len(self.table.chosen)
        if not count:
            self.orp.say("there is no run here", severity="warning")
        return count


def view_of(run: PastRun) -> RunView:
    """A past run as the verbs of the queue take it; what they act on is its row, looked up anew."""
    row = Run(
        seq=0, id=run.id, name=run.name, state=run.state, attempt=0, priority=0, held=False,
        submitted_at=run.submitted_at, started_at=run.started_at, ended_at=run.ended_at,
        cancel_requested_at=None, cancel_by=None, exit_code=run.exit_code, signal=None, reason=run.reason,
        detail=run.detail, artifacts=run.zip, finaliser_tries=0, not_before=None, workspace="", project=run.project,
        retry_of=run.retry_of, deliverables_valid=run.deliverables_valid, deliverables_total=run.deliverables_total,
        version=0, group=run.group, batch=run.batch, seed=run.seed, experiment_file=run.experiment_file,
    )  # fmt: skip
    return RunView(
        row, run.state, run.reason, run.detail, frozenset(), run.started_at, run.ended_at, run.exit_code, None, None
    )  # fmt: skip


def parent_of(run: PastRun) -> str | None:
    """The run that it is compared with: its parent, else what it goes on from or tries again."""
    return run.parent or run.resume_of or run.retry_of


def past_acts() -> ModuleType:
    """The acts on past runs, imported when one is wished."""
    from orp_tui.services import past_acts

    return past_acts
