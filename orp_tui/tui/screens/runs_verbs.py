"""What a person does to past runs, and how the list of them is chosen, sorted and grouped."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from textual import work

from orp_tui.core.columns import Column
from orp_tui.core.past_run import PastRun
from orp_tui.core.run import Run
from orp_tui.services.watch import RunView
from orp_tui.tui.run_listing import USUAL_COLUMNS
from orp_tui.tui.screens.columns import ChooseColumns, Chosen, every_column
from orp_tui.tui.screens.outside import Outside
from orp_tui.tui.widgets.prompt_line import PromptLine

if TYPE_CHECKING:
    from orp_tui.core.filters.vocabulary import Vocabulary
    from orp_tui.services.acts import Outcome
    from orp_tui.services.annotations import Annotation
    from orp_tui.services.context import Context
    from orp_tui.tui.feeds_runs import RunsFeed
    from orp_tui.tui.runs_place import RunsPlace
    from orp_tui.tui.widgets.runs_table import RunsTable

_MOST = 500
"""Runs that are retried, resumed, cancelled or packed at once; stars, tags and the trash take any number."""
_LOOKED_AT = 50
"""So many of the marked runs are asked what the footer may offer."""

OnIds = Callable[["Context", Sequence[str]], "Outcome"]


class RunsVerbs(Outside):
    """A screen with a RunsTable."""

    _feed: RunsFeed
    _vocabulary_known: Vocabulary | None = None
    _read: dict[int, PastRun]
    """Of the chosen runs those that the table does not hold, read for the verb that is under way."""

    @property
    def table(self) -> RunsTable:
        """The list."""
        raise NotImplementedError

    @property
    def here(self) -> RunsPlace:
        """Filter, columns, order and groups as they are now."""
        raise NotImplementedError

    def change(self, here: RunsPlace, *, to_top: bool = False) -> None:
        """List this from now on; `to_top` puts the cursor on the first row."""
        raise NotImplementedError

    def filter_live(self, text: str) -> None:
        """The filter as it is being typed."""
        raise NotImplementedError

    # Which runs are meant

    def chosen_past(self) -> list[PastRun]:
        """The marked runs that are shown, else the one under the cursor, as far as they are known here."""
        read = getattr(self, "_read", {})
        rows = (self.table.row(key) or read.get(key) for key in self.table.chosen)
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
            return run is not None and _parent_of(run) is not None
        if verb == "verify_zip":
            return self.table.run is not None and self.table.run.zip != "none"
        if verb in ("show_lineage", "star_runs", "tag_runs", "note_runs"):
            return bool(self._some_past())
        return True

    def _with_runs(self, then: Callable[[], None]) -> None:
        """Call it once all of the chosen runs are known here."""
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

    def _act_on_ids(self, act: OnIds) -> None:
        """Carry out an act on the chosen runs, however many."""
        from orp_tui.services import past_acts

        chosen = self.table.chosen
        known = self.chosen_past()
        if not chosen:
            self.orp.say("there is no run here", severity="warning")
        elif len(known) == len(chosen):
            ids = [run.id for run in known]
            self.orp.act(lambda context: act(context, ids))
        else:
            self.orp.act(past_acts.on_numbers(chosen, act))

    # The verbs of the queue, on runs that may have to be read first

    def action_retry_runs(self) -> None:
        self._with_runs(super().action_retry_runs)

    def action_resume_runs(self) -> None:
        self._with_runs(super().action_resume_runs)

    def action_bundle_runs(self) -> None:
        self._with_runs(super().action_bundle_runs)

    def action_cancel_runs(self, kill: bool) -> None:
        parent = super().action_cancel_runs
        self._with_runs(lambda: parent(kill))

    # What is said of runs

    def action_star_runs(self) -> None:
        self._act_on_ids(lambda context, ids: _past_acts().star_runs(context, ids))

    def action_archive_runs(self) -> None:
        self._act_on_ids(lambda context, ids: _past_acts().archive_runs(context, ids))

    def action_share_runs(self) -> None:
        self._act_on_ids(lambda context, ids: _past_acts().share_runs(context, ids))

    def annotate(self, act: Annotation) -> None:
        """Say something of the chosen runs."""
        self._act_on_ids(lambda context, ids: _past_acts().annotate_runs(context, ids, act))

    # The list

    def take_vocabulary(self, vocabulary: Vocabulary) -> None:
        """Which keys, metrics, tags and values there are."""
        self._vocabulary_known = vocabulary
        if isinstance(self.app.screen, ChooseColumns):
            self.app.screen.take_vocabulary(vocabulary)

    def _every_column(self) -> tuple[Column, ...]:
        self._feed.read_words()
        return every_column(self._vocabulary_known)

    def _choose(
        self, title: str, chosen: Chosen, then: Callable[[Chosen], None], *, usual: Chosen, has_order: bool
    ) -> None:
        def answered(answer: Chosen | None) -> None:
            if answer is not None:
                then(answer)

        dialog = ChooseColumns(
            title,
            chosen,
            self._every_column(),
            usual=usual,
            has_order=has_order,
            ascii_only=self.orp.manners.ascii,
        )
        self.app.push_screen(dialog, answered)

    def action_choose_columns(self) -> None:
        def take(chosen: Chosen) -> None:
            columns = tuple(column for column, _ in chosen)
            self.change(dataclasses.replace(self.here, columns=columns or USUAL_COLUMNS))

        usual = tuple((column, False) for column in USUAL_COLUMNS)
        chosen = tuple((column, False) for column in self.here.columns)
        self._choose("Columns", chosen, take, usual=usual, has_order=False)

    def action_choose_sort(self) -> None:
        from orp_tui.services.catalog import SortKey

        def take(chosen: Chosen) -> None:
            sort = tuple(SortKey(column, falling) for column, falling in chosen)
            self.change(dataclasses.replace(self.here, sort=sort), to_top=True)

        chosen = tuple((key.column, key.descending) for key in self.here.sort)
        self._choose("Sort by", chosen, take, usual=(), has_order=True)

    def action_reverse_sort(self) -> None:
        from orp_tui.services.catalog import SortKey

        # Newest first is what no order means.
        sort = self.here.sort or (SortKey(Column("submitted"), descending=True),)
        turned = tuple(SortKey(key.column, not key.descending) for key in sort)
        self.change(dataclasses.replace(self.here, sort=turned), to_top=True)

    def action_choose_groups(self) -> None:
        def take(chosen: Chosen) -> None:
            group_by = tuple(column for column, _ in chosen)
            self.change(dataclasses.replace(self.here, group_by=group_by), to_top=True)

        chosen = tuple((column, False) for column in self.here.group_by)
        self._choose("Group by", chosen, take, usual=(), has_order=False)

    def action_filter_runs(self) -> None:
        self.query_one(PromptLine).ask("filter:", self.here.filter, self.filter_live)

    # Copying

    def log_place(self) -> str | None:
        from orp_tui.services.log_places import log_places

        run = self.table.run
        return log_places(self.orp.context, run.id).stdout if run is not None else None

    def copy_choices(self) -> dict[str, tuple[str, str]]:
        choices = super().copy_choices()
        if self.here.filter:
            choices["filter"] = ("f", self.here.filter)
        return choices


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


def _parent_of(run: PastRun) -> str | None:
    """The run that it is compared with: its parent, else what it goes on from or tries again."""
    return run.parent or run.resume_of or run.retry_of


def _past_acts():  # type: ignore[no-untyped-def]
    from orp_tui.services import past_acts

    return past_acts
