"""Queue experiment files with options: typed, checked as it is typed, with the command line that does the same."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Input, Label, Static
from textual.worker import get_current_worker

from orp_tui.core.sanitise import one_line
from orp_tui.services.add_choice import AddChoice, AddWords, BadField, command_line, read_choice
from orp_tui.services.configs_submit import Foreseen, foresee, said_by_files
from orp_tui.services.context import Context

_PAUSE_S = 0.15
"""After a key, before files are read for what it changes."""
_HELD = "held"
_SHORT = 18
"""Below so many lines the command line has two."""
_TINY = 13
"""Below so many lines there is room for the fields and one line."""


@dataclasses.dataclass(frozen=True)
class _Field:
    name: str
    """As in AddWords."""
    label: str
    hint: str


_FIELDS = (
    _Field("gpus", "GPUs", "how many GPUs each run gets; 0 hides them all"),
    _Field("memory", "memory", "main memory that must be free, as 16GB; the run is held to it"),
    _Field("priority", "priority", "higher starts first: a whole number, low, normal or high"),
    _Field("group", "group", "the part of the queue they belong to; a group can have limits of its own"),
    _Field("start", "start", "not before 22:00, 2026-12-01 22:00, or 2h from now"),
    _Field(_HELD, "held", "y: wait until you release it (s on the queue)"),
    _Field("timeout", "time limit", "longest time a run may take: 90m, 12h, 2d; then it is stopped"),
    _Field("retries", "retries", "tried again so often; after which ends behind it: 3 failed lost"),
    _Field("seeds", "seeds", "one run each, in place of the file's: 1 2 3, or 1-5"),
    _Field("after", "after", "runs that have to succeed first, or with :any to end: k3fa last:mnist:any"),
    _Field(
        "overrides", "set", "values of the config: learning_rate=0.01 optimizer.name=adam; +key=1 adds one"
    ),
)
_ROWS = (
    ("gpus", "memory"),
    ("priority", "group"),
    ("start", _HELD),
    ("timeout", "retries"),
    ("seeds",),
    ("after",),
    ("overrides",),
)
_BY_NAME = {field.name: field for field in _FIELDS}


class AddOptions(ModalScreen[AddChoice | None]):
    """The answer is what was chosen; None if the person went back."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Back"),
        # With priority, so that what is typed right behind them goes to the new field.
        Binding("tab,down", "app.focus_next", "Next field", show=False, priority=True),
        Binding("shift+tab,up", "app.focus_previous", "Field before", show=False, priority=True),
    ]

    @dataclasses.dataclass
    class Looked(Message):
        """What the choice would do."""

        choice: AddChoice
        foreseen: Foreseen
        command: str

    @dataclasses.dataclass
    class FilesSaid(Message):
        """What the fields are if nothing is typed."""

        words: AddWords

    def __init__(
        self, context: Context, paths: Sequence[Path], words: AddWords | None = None, **options: Any
    ) -> None:  # Any: as Screen takes them
        """`words` are those that the fields begin with."""
        super().__init__(**options)
        self._at = context
        self._paths = tuple(paths)
        self._begin = words or AddWords()
        self._looked: AddOptions.Looked | None = None
        self._wanted = False
        """Enter was pressed before it was known whether the choice is a good one."""

    def compose(self) -> ComposeResult:
        with Vertical(id="add-box") as box:
            box.border_title = Content(one_line(self._title(), 60))
            for row in _ROWS:
                with Horizontal(classes="pair"):
                    for name in row:
                        yield Label(Content(_BY_NAME[name].label), id=f"label-{name}")
                        yield self._input(name)
            yield Static(classes="said")
            yield Static(classes="hint")
            yield Static(classes="command")
            yield Static(Content("Enter  queue      Tab  next field      Esc  back"), classes="keys")

    def _title(self) -> str:
        if len(self._paths) == 1:
            return f"Add {self._paths[0].name}"
        return f"Add {len(self._paths)} files"

    def _input(self, name: str) -> Input:
        if name == _HELD:
            return Input("y" if self._begin.held else "", restrict="[yn]?", compact=True, id=name)
        return Input(_printable(getattr(self._begin, name)), compact=True, id=name)

    def on_mount(self) -> None:
        blinks = getattr(getattr(self.app, "manners", None), "cursor_blink", True)
        for field in self.query(Input):
            field.cursor_blink = blinks
        self.query_one("#gpus", Input).focus()
        self._ask_files()
        self._check()

    def on_resize(self, event: events.Resize) -> None:
        self.set_class(event.size.height < _SHORT, "-short")
        self.set_class(event.size.height < _TINY, "-tiny")

    @property
    def words(self) -> AddWords:
        """What is typed."""
        values = {field.id or "": field.value for field in self.query(Input)}
        return AddWords(**{**values, _HELD: values[_HELD] == "y"})  # type: ignore[arg-type] # ids are its fields

    # What is typed

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        if event.value.isprintable():
            self._check()
        else:  # what is pasted may hold anything
            event.input.value = _printable(event.value)

    @on(events.DescendantFocus)
    def _focused(self) -> None:
        focused = self.focused
        field = _BY_NAME.get(focused.id or "") if focused is not None else None
        if field is not None:
            self.query_one(".hint", Static).update(Content(field.hint))

    def _check(self) -> AddChoice | None:
        """The choice, if every field makes sense; whether they fit the files is looked up in a thread."""
        try:
            choice = read_choice(self.words)
        except BadField as error:
            self.workers.cancel_group(self, "foresee")
            self._looked = None
            self._say(str(error), bad=error.field)
            return None
        if self._looked is None or self._looked.choice != choice:
            self._foresee(choice)
        else:
            self._show(self._looked)
        return choice

    @work(thread=True, exclusive=True, exit_on_error=False, group="foresee")
    def _foresee(self, choice: AddChoice) -> None:
        worker = get_current_worker()
        if worker.cancelled_event.wait(_PAUSE_S):
            return
        command = command_line(self._at, self._paths, choice)
        try:
            foreseen = foresee(self._at, self._paths, choice)
        except Exception as error:  # noqa: BLE001 - the border of a worker: else the dialog would wait for ever
            foreseen = Foreseen(problem=f"{type(error).__name__}: {error}")
        self.post_message(self.Looked(choice, foreseen, command))

    @work(thread=True, exit_on_error=False, group="files")
    def _ask_files(self) -> None:
        self.post_message(self.FilesSaid(said_by_files(self._paths)))

    @on(FilesSaid)
    def _files_said(self, event: FilesSaid) -> None:
        event.stop()
        for field in self.query(Input):
            said = getattr(event.words, field.id or "")
            words = one_line(said, 60) if isinstance(said, str) else "n"
            field.placeholder = f"({words})" if words else ""

    @on(Looked)
    def _was_looked(self, event: Looked) -> None:
        event.stop()
        try:
            if event.choice != read_choice(self.words):
                return
        except BadField:
            return
        self._looked = event
        self._show(event)
        if self._wanted:
            self._done()

    def _show(self, looked: Looked) -> None:
        foreseen = looked.foreseen
        self._say(foreseen.problem or foreseen.words, bad="" if foreseen.problem else None)
        self.query_one(".command", Static).update(Content(f"$ {one_line(looked.command, 400)}"))

    def _say(self, words: str, *, bad: str | None) -> None:
        """`bad` is the field that makes no sense, or empty if all do and the whole does not; None if all is well."""
        said = self.query_one(".said", Static)
        said.update(Content(one_line(f"! {words}" if bad is not None else words, 400)))
        said.set_class(bad is not None, "-bad")
        for label in self.query(Label):
            label.set_class(bad is not None and label.id == f"label-{bad}", "-bad")

    # Enter

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        self._wanted = True
        try:
            read_choice(self.words)
        except BadField as error:
            self._wanted = False
            self.query_one(f"#{error.field}", Input).focus()
            return
        if self._looked is not None and self._looked.choice == read_choice(self.words):
            self._done()

    def _done(self) -> None:
        looked, self._wanted = self._looked, False
        if looked is not None and not looked.foreseen.problem:
            self.dismiss(looked.choice)


def _printable(text: str) -> str:
    return "".join(char for char in text if char.isprintable())
