"""What a person does to past runs: stars, tags, notes, the trash; comparing, tracing, verifying, copying."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from textual import work

from orp_tui.core.past_run import PastRun
from orp_tui.tui.screens.runs_chosen import RunsChosen, parent_of, past_acts

if TYPE_CHECKING:
    from orp_tui.core.filters.vocabulary import Vocabulary
    from orp_tui.services.annotations import Annotation
    from orp_tui.services.removal import Removal
    from orp_tui.tui.app import Severity
    from orp_tui.tui.feeds_runs import WordsFeed


class RunsVerbs(RunsChosen):
    """A screen with a RunsTable."""

    _words: WordsFeed
    vocabulary: Vocabulary | None = None
    """Which keys, metrics, tags and values there are; None before they were read."""

    # What is said of runs

    def action_star_runs(self) -> None:
        self.act_on_ids(lambda context, ids: past_acts().star_runs(context, ids))

    def action_archive_runs(self) -> None:
        self.act_on_ids(lambda context, ids: past_acts().archive_runs(context, ids))

    def action_share_runs(self) -> None:
        self.act_on_ids(lambda context, ids: past_acts().share_runs(context, ids))

    def annotate(self, act: Annotation) -> None:
        """Say something of the chosen runs."""
        self.act_on_ids(lambda context, ids: past_acts().annotate_runs(context, ids, act))

    def action_tag_runs(self) -> None:
        self.when_listed(self._tag_runs)

    def _tag_runs(self) -> None:
        from orp_tui.tui.screens.tag_dialog import TagRuns

        if count := self.count_or_say():
            self._words.poke()
            tags = [run.tags for run in self.chosen_past()]
            known = self.vocabulary.tags if self.vocabulary is not None else ()
            self.app.push_screen(TagRuns(tags, count, known), self._annotated)

    def action_note_runs(self) -> None:
        self.when_listed(self._note_runs)

    def _note_runs(self) -> None:
        from orp_tui.services.annotations import WriteNote as Write
        from orp_tui.tui.screens.note_dialog import WriteNote

        def written(text: str | None) -> None:
            self._annotated(Write(text) if text else None)

        if count := self.count_or_say():
            known = self.chosen_past()
            one = known[0] if count == 1 and known else None
            title = f"Note on {one.name} {one.id.rpartition('_')[2]}" if one else f"Note on {count:,} runs"
            self.app.push_screen(WriteNote(title, before=one.note if one else ""), written)

    def _annotated(self, act: Annotation | None) -> None:
        if act is not None:
            self.annotate(act)

    def action_delete_runs(self) -> None:
        self.when_listed(self._delete_runs)

    def _delete_runs(self) -> None:
        from orp_tui.tui.screens.delete_dialog import DeleteRuns

        count = self.count_or_say()
        if not count:
            return
        context, ids = self.orp.context, self.ids_later()

        def answered(removal: Removal | None) -> None:
            if removal is not None:
                self.table.clear_marks()
                self.orp.act(lambda context: past_acts().remove_runs(context, removal))

        def measure(progress: Callable[[int, int], object]) -> Removal:
            planned: Removal = past_acts().plan_removal(context, ids(), progress)
            return planned

        self.app.push_screen(DeleteRuns(measure, count), answered)

    # More about runs

    def action_compare_runs(self) -> None:
        def compare() -> None:
            self._compare([run.id for run in self.chosen_past()])

        if self.table.count_marks_shown < 2:
            self.orp.say("mark two runs or more with Space, then c compares them", severity="warning")
        else:
            self.with_runs(compare)

    def action_compare_with_parent(self) -> None:
        self.when_listed(self._compare_with_parent)

    def _compare_with_parent(self) -> None:
        run = self.run_or_say()
        if run is not None and (parent := parent_of(run)) is not None:
            self._compare([parent, run.id])
        elif run is not None:
            self.orp.say(f"{run.id} has no parent", severity="warning")

    def _compare(self, run_ids: Sequence[str]) -> None:
        from orp_tui.tui.screens.compare import CompareScreen

        self.app.push_screen(CompareScreen(run_ids, baseline=run_ids[0]))

    def action_show_lineage(self) -> None:
        self.when_listed(self._show_lineage)

    def _show_lineage(self) -> None:
        from orp_tui.tui.screens.lineage import LineageScreen

        if (run := self.run_or_say()) is not None:
            self.app.push_screen(LineageScreen(run.id))

    def action_verify_zip(self) -> None:
        self.when_listed(self._verify_zip)

    def _verify_zip(self) -> None:
        if (run := self.run_or_say()) is not None:
            self.orp.say(f"{run.id}: reading the zip")
            self._verify(run)

    def run_or_say(self) -> PastRun | None:
        """The run under the cursor; that there is none is said."""
        run = self.table.run
        if run is None:
            self.orp.say("there is no run here", severity="warning")
        return run

    @work(thread=True, exit_on_error=False, group="verify")
    def _verify(self, run: PastRun) -> None:
        from orp_tui.services.run_page import RunPageReader, verify_zip

        page = RunPageReader(self.orp.context, run.id).look()
        if page.files.zip_path is None:
            words = "there is no zip to verify"
        else:
            place = page.workspace
            words = f"zip {verify_zip(page.files.zip_path, None if place is None or place.in_zip else place.root)}"
        severity: Severity = "information" if words.startswith("zip sound") else "error"
        self.app.call_from_thread(self.orp.say, f"{run.name} {run.id}: {words}", severity=severity)

    # Copying

    def log_place(self) -> str | None:
        from orp_tui.services.log_places import log_places

        run = self.table.run
        return log_places(self.orp.context, run.id).stdout if run is not None else None
