"""Everything about one run on a screen of its own: info and end, deliverables, artifacts."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widget import Widget
from textual.worker import get_current_worker

from orp_tui.core.sanitise import one_line
from orp_tui.core.states import RunState
from orp_tui.services.log_places import log_places
from orp_tui.services.run_page import RunPage, RunPageReader
from orp_tui.services.watch import RunView
from orp_tui.tui.bindings import bindings
from orp_tui.tui.messages import BoardChanged
from orp_tui.tui.screens.artifact_verbs import ArtifactVerbs
from orp_tui.tui.screens.outside import command_of
from orp_tui.tui.screens.preview import PreviewScreen
from orp_tui.tui.titles import screens
from orp_tui.tui.widgets.artifact_list import ArtifactList
from orp_tui.tui.widgets.checklist import Checklist
from orp_tui.tui.widgets.header_line import HeaderLine, Heading
from orp_tui.tui.widgets.info_panel import InfoPanel
from orp_tui.tui.widgets.key_line import KeyLine
from orp_tui.tui.widgets.prompt_line import PromptLine
from orp_tui.tui.widgets.run_panes import TABS, RunPanes

_VERBS = frozenset(
    f"queue.{name}"
    for name in (
        "cancel",
        "kill",
        "hold",
        "retry",
        "resume",
        "edit",
        "drop",
        "refreeze",
        "bundle",
        "undo",
        "redo",
    )
)


_OF_THE_WAITING = ("hold_runs", "drop_runs", "refreeze_runs")
_OF_THE_ENDED = ("retry_runs", "resume_runs", "bundle_runs")


class RunDetailScreen(ArtifactVerbs):
    """Looks at its run in a thread, and hands what was found to its panes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("run"),
        *(key for key in bindings("queue") if isinstance(key, Binding) and key.id in _VERBS),
        *(key for key in bindings("log") if isinstance(key, Binding) and key.id == "log.pager"),
    ]

    @dataclasses.dataclass
    class Looked(Message):
        """The run was looked at."""

        page: RunPage
        is_last: bool = True
        """False: another look is on its way."""

    def __init__(self, run_id: str, **options: Any) -> None:  # Any: as Screen takes them
        super().__init__(**options)
        self._run_id = run_id
        self._page: RunPage | None = None
        self._is_looking = False
        self._row: RunView | None = None

    def compose(self) -> ComposeResult:
        yield HeaderLine(self._heading())
        yield RunPanes(ascii_only=self.orp.manners.ascii)
        yield PromptLine()
        yield KeyLine()

    def on_mount(self) -> None:
        self._reader = RunPageReader(self.orp.context, self._run_id)
        self.query_one(InfoPanel).focus()
        self.set_interval(self.orp.manners.strip_period_s, self._look_if_active)
        self._look()

    # Looking

    @property
    def page(self) -> RunPage | None:
        """What was last found; None before the first look has come to its end."""
        return self._page

    def action_look_again(self) -> None:
        self._look()

    def _look_if_active(self) -> None:
        if self._page is None or self._page.detail is None or not self._page.detail.view.state.is_final:
            self._look()

    @on(BoardChanged)
    def _board(self, event: BoardChanged) -> None:
        event.stop()
        row = next((item for item in event.board.rows if item.run.id == self._run_id), None)
        if row != self._row:
            self._row = row
            self._look()

    def _look(self) -> None:
        if not self._is_looking:
            self._is_looking = True
            self._look_in_thread()

    @work(thread=True, exit_on_error=False, group="run")
    def _look_in_thread(self) -> None:
        worker = get_current_worker()
        # What is quick is shown first: to go through a large project takes seconds.
        is_first = self._page is None
        if is_first:
            self.post_message(self.Looked(self._reader.look(), is_last=False))
        page = self._reader.look(changes=True)
        if not worker.is_cancelled:
            self.post_message(self.Looked(page))

    @on(Looked)
    def _looked(self, event: Looked) -> None:
        event.stop()
        self._is_looking = self._is_looking and not event.is_last
        self.show(event.page)

    def show(self, page: RunPage) -> None:
        """Show this; what has not changed is not drawn."""
        before, self._page = self._state, page
        self._panes.show(page)
        self.query_one(HeaderLine).show(self._heading())
        if self._state is not before:
            self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what the run can take now is offered."""
        if self._state is None:
            return super().check_action(action, parameters)
        if action in _OF_THE_WAITING:
            return self._state is RunState.QUEUED
        if action in _OF_THE_ENDED:
            return self._state.is_final
        if action == "cancel_runs":
            return not self._state.is_final
        return super().check_action(action, parameters)

    @property
    def _state(self) -> RunState | None:
        return self._page.detail.view.state if self._page is not None and self._page.detail else None

    # Panes

    def action_turn_tab(self, by: int) -> None:
        self._panes.turn(by)

    def action_zoom(self) -> None:
        self._panes.toggle_zoom()

    def action_back(self) -> None:
        files = self.query_one(ArtifactList)
        if files.has_focus and files.filter_words:
            files.filter_words = ""
        elif self._panes.is_zoomed:
            self._panes.toggle_zoom()
        else:
            self.app.pop_screen()

    def pane_of_focus(self) -> str:
        """The place whose keys the help shows first."""
        here = self.focused.id if self.focused is not None else None
        return here if here in ("checklist", "artifacts") else "run"

    def place_widget(self, place: str) -> Widget | None:
        """The pane of a place of `bindings`, brought into sight."""
        tab = {"page": "info", "run": "info"}.get(place, place)
        if tab not in TABS:
            return None
        self._panes.reveal(tab)
        return self.query_one(f"#{tab}")

    @property
    def _panes(self) -> RunPanes:
        return self.query_one(RunPanes)

    def _heading(self) -> Heading:
        view = self._page.detail.view if self._page is not None and self._page.detail is not None else None
        name = f"{one_line(view.run.name, 40)}  " if view is not None else ""
        return Heading(place=f"run {name}{self._run_id}", screens=screens(), counts=" Esc back")

    # Wishes

    @on(Checklist.OpenRequested)
    def _open_deliverable(self, event: Checklist.OpenRequested) -> None:
        event.stop()
        place = self._page.workspace if self._page is not None else None
        if place is None:
            self.orp.say("there is neither a workspace nor a zip to look into", severity="warning")
        else:
            self.app.push_screen(PreviewScreen(place, event.item))

    # What the verbs act on

    def chosen_runs(self) -> list[RunView]:
        page = self._page
        return [page.detail.view] if page is not None and page.detail is not None else []

    def copy_choices(self) -> dict[str, tuple[str, str]]:
        choices = super().copy_choices()
        page = self._page
        if page is None or page.detail is None:
            return choices
        if (command := command_of(page)) is not None:
            choices["command"] = ("c", command)
        if page.files.zip_path is not None:
            choices["path of the zip"] = ("z", str(page.files.zip_path))
        file = self.query_one(ArtifactList).file
        if file is not None and file.place is not None:
            choices[f"path of {one_line(file.path, 60)}"] = ("f", file.place.full)
        return choices

    def log_place(self) -> str | None:
        return log_places(self.orp.context, self._run_id).stdout
