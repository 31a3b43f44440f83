"""The tree around a run: where it comes from, what came of it, and beside it what changed at the cursor."""

from __future__ import annotations

import contextlib
import dataclasses
from typing import TYPE_CHECKING, Any, cast

from textual import events, on, work
from textual.app import ComposeResult
from textual.containers import Container
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.worker import Worker, get_current_worker

from orp_tui.core.errors import OrpError
from orp_tui.core.past_run import PastRun
from orp_tui.core.sanitise import one_line
from orp_tui.core.words import counted
from orp_tui.services.lineage import Kin, Lineage
from orp_tui.services.lineage_changes import Changes
from orp_tui.tui.lineage_sections import kin_sections
from orp_tui.tui.screens.copying import Copying
from orp_tui.tui.titles import screens
from orp_tui.tui.widgets.header_line import HeaderLine, Heading
from orp_tui.tui.widgets.info_panel import InfoPanel
from orp_tui.tui.widgets.key_line import KeyLine
from orp_tui.tui.widgets.lineage_tree import LineageTree, tree_rows

if TYPE_CHECKING:
    from orp_tui.tui.app import OrpApp

SIDE_BY_SIDE = 110
"""Columns from which the changes stand beside the tree."""
BARE = (60, 15)
"""Below this the tree stands alone, without a frame; z shows the changes."""
_CATCH_UP_S = 2.0


class LineageScreen(Copying):
    """Looks in a thread, and hands what was found to its panes."""

    @dataclasses.dataclass
    class Looked(Message):
        """The tree was found; what changed in it is looked for next."""

        found: Lineage | None
        wrong: str = ""

    @dataclasses.dataclass
    class Compared(Message):
        """What changed is known of some runs more."""

        of: Lineage
        changes: dict[str, Changes]

    def __init__(self, run_id: str, **options: Any) -> None:  # Any: as Screen takes them
        super().__init__(**options)
        self._run_id = run_id
        self._found: Lineage | None = None
        self._changes: dict[str, Changes] = {}
        self._wrong = ""
        self._is_zoomed = False
        self._is_folded = True
        self._looking: Worker[None] | None = None
        self.tree_list = LineageTree(id="lineage")
        """The runs."""
        self._side = InfoPanel(id="changes")

    def compose(self) -> ComposeResult:
        yield HeaderLine(self._heading())
        with Container(id="lineage-body"):
            yield self.tree_list
            yield self._side
        yield KeyLine()

    def on_mount(self) -> None:
        self._place()
        self.set_focus(self.tree_list)
        self._look()

    @property
    def orp(self) -> OrpApp:
        """The app, by its own name."""
        return cast("OrpApp", self.app)

    @property
    def found(self) -> Lineage | None:
        """What is shown; None before the first look has come to its end."""
        return self._found

    @property
    def kin(self) -> Kin | None:
        """The row under the cursor."""
        key = self.tree_list.cursor_key
        return self._found.row_of(key) if self._found is not None and key is not None else None

    # Looking

    def action_look_again(self) -> None:
        self._changes = {}
        self._look()

    def _look(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
        self._looking = self._look_in_thread(self._run_id)

    @work(thread=True, exit_on_error=False, group="lineage")
    def _look_in_thread(self, run_id: str) -> None:
        from orp_tui.services.catalog import Catalog
        from orp_tui.services.lineage import lineage

        worker = get_current_worker()
        try:
            with contextlib.closing(Catalog(self.orp.context)) as catalog:
                catalog.catch_up(cancelled=lambda: worker.is_cancelled, limit_s=_CATCH_UP_S)
                found = lineage(catalog, run_id, fold=self._is_folded)
        except (OrpError, OSError) as error:
            self.post_message(self.Looked(None, str(error)))
            return
        if worker.is_cancelled:
            return
        self.post_message(self.Looked(found))
        self._compare_all(found, worker)

    def _compare_all(self, found: Lineage, worker: Worker[Any]) -> None:
        """What changed, of one run after the other; the runs near the one that was asked about come first."""
        from orp_tui.services.lineage_changes import changes_between

        runs = {row.run_id: row.run for row in found.rows}
        place = next((place for place, row in enumerate(found.rows) if row.run_id == found.run_id), 0)
        ready: dict[str, Changes] = {}
        for _, row in sorted(enumerate(found.rows), key=lambda item: abs(item[0] - place)):
            before = runs.get(row.above or "")
            if worker.is_cancelled:
                return
            if before is not None and row.run is not None:
                ready[row.run_id] = changes_between(self.orp.context, before, row.run)
            if len(ready) >= 8:
                self.post_message(self.Compared(found, ready))
                ready = {}
        self.post_message(self.Compared(found, ready))

    @on(Looked)
    def _looked(self, event: Looked) -> None:
        event.stop()
        is_first = self._found is None or self._found.run_id != self._run_id
        self._found, self._wrong = event.found or self._found, event.wrong
        if event.wrong:
            self.orp.say(event.wrong, severity="error")
        if event.found is not None:
            for note in event.found.notes:
                self.orp.say(note, severity="warning")
        self._show()
        if is_first:
            self.tree_list.go_to(self._run_id)

    @on(Compared)
    def _compared(self, event: Compared) -> None:
        event.stop()
        if event.of is self._found:
            self._changes |= event.changes
            self._show()

    # Showing

    def _show(self) -> None:
        if self._found is not None:
            words = {run_id: changes.words for run_id, changes in self._changes.items()}
            ascii_only = self.orp.manners.ascii
            self.tree_list.show(tree_rows(self._found, words, ascii_only=ascii_only))
        elif self._wrong:
            self.tree_list.show([], empty=self._wrong)
        self.query_one(HeaderLine).show(self._heading())
        self._show_side()
        self._show_titles()

    @on(LineageTree.Highlighted)
    def _highlighted(self, event: LineageTree.Highlighted) -> None:
        event.stop()
        self._show_side(from_top=True)
        self.refresh_bindings()

    def _show_side(self, *, from_top: bool = False) -> None:
        kin = self.kin
        if kin is not None:
            sections = kin_sections(kin, self._changes.get(kin.run_id), ascii_only=self.orp.manners.ascii)
            self._side.show(sections, from_top=from_top)

    def _show_titles(self) -> None:
        rows = self._found.rows if self._found is not None else ()
        self.tree_list.border_title = Content(f"Lineage {counted(len(rows), 'run')}" if rows else "Lineage")
        self._side.border_title = Content("What changed")

    def on_resize(self, event: events.Resize) -> None:
        self._place()

    def _place(self) -> None:
        size = self.size
        is_bare = size.width < BARE[0] or size.height < BARE[1]
        self.set_class(size.width >= SIDE_BY_SIDE, "-beside")
        self.set_class(is_bare, "-bare")
        alone = self.focused_pane if self._is_zoomed or is_bare else None
        self.tree_list.display = alone in (None, "lineage")
        self._side.display = alone in (None, "changes")

    @property
    def focused_pane(self) -> str:
        """`lineage` or `changes`."""
        return "changes" if self.focused is not None and self.focused.id == "changes" else "lineage"

    def pane_of_focus(self) -> str:
        """The place whose keys the help shows first."""
        return "page" if self.focused_pane == "changes" else "lineage"

    def place_widget(self, place: str) -> Widget | None:
        """The pane of a place of `bindings`."""
        return {"lineage": self.tree_list, "page": self._side}.get(place)

    def _heading(self) -> Heading:
        kin = self._found.row_of(self._run_id) if self._found is not None else None
        name = f"{one_line(kin.run.name, 40)}  " if kin is not None and kin.run is not None else ""
        return Heading(place=f"lineage of {name}{self._run_id}", screens=screens(), counts=" Esc back")

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what the run under the cursor can take is offered."""
        if action in ("go_to_parent", "compare_with_parent"):
            kin = self.kin
            return kin is not None and kin.above is not None
        return super().check_action(action, parameters)

    def action_back(self) -> None:
        if self._is_zoomed:
            self.action_zoom()
        else:
            self.app.pop_screen()

    def action_zoom(self) -> None:
        """One pane with all the room, or both again; where both have none, the other one."""
        if self.has_class("-bare"):
            other = self.tree_list if self.focused_pane == "changes" else self._side
            other.display = True
            self.set_focus(other)
        else:
            self._is_zoomed = not self._is_zoomed
        self._place()

    @on(LineageTree.OpenRequested)
    def _clicked_twice(self, event: LineageTree.OpenRequested) -> None:
        event.stop()
        self.action_open_run()

    def action_open_run(self) -> None:
        run = self._run_here()
        if run is not None:
            from orp_tui.tui.screens.run_detail import RunDetailScreen

            self.app.push_screen(RunDetailScreen(run.id))

    def action_go_to_parent(self) -> None:
        kin = self.kin
        if kin is not None and kin.above is not None:
            self.tree_list.go_to(kin.above)

    def action_go_to_child(self) -> None:
        below = self._found.below(self.kin.run_id) if self._found is not None and self.kin is not None else ()
        if below:
            self.tree_list.go_to(below[0].run_id)
        else:
            more = self.kin.more if self.kin is not None else 0
            words = (
                "its children are not shown; o shows the tree around it"
                if more
                else "nothing was made from it"
            )
            self.orp.say(words, severity="warning")

    def action_go_to_sibling(self, by: int) -> None:
        kin = self.kin
        if self._found is None or kin is None or kin.above is None:
            return
        beside = [row.run_id for row in self._found.below(kin.above)]
        self.tree_list.go_to(beside[(beside.index(kin.run_id) + by) % len(beside)])

    def action_centre(self) -> None:
        kin = self.kin
        if kin is not None and kin.run_id != self._run_id:
            self._run_id = kin.run_id
            self._look()

    def action_fold_seeds(self) -> None:
        self._is_folded = not self._is_folded
        self._look()

    def action_compare_with_parent(self) -> None:
        kin = self.kin
        if self._found is None or kin is None or kin.above is None:
            return
        before = self._found.row_of(kin.above)
        if kin.run is None or before is None or before.run is None:
            self.orp.say("one of the two is not here any more", severity="warning")
            return
        from orp_tui.tui.screens.compare import CompareScreen

        self.app.push_screen(CompareScreen([kin.above, kin.run_id], baseline=kin.above))

    def _run_here(self) -> PastRun | None:
        kin = self.kin
        if kin is None or kin.run is None:
            self.orp.say(
                "this run is not here any more" if kin is not None else "there is no run here",
                severity="warning",
            )
            return None
        return kin.run

    def copy_choices(self) -> dict[str, tuple[str, str]]:
        kin = self.kin
        if kin is None:
            return super().copy_choices()
        folder = self.orp.context.paths.run(kin.run_id).folder
        choices = {"id": ("i", kin.run_id), "path of the run folder": ("p", str(folder))}
        if kin.run is not None:
            choices["name"] = ("n", kin.run.name)
        return choices | super().copy_choices()
