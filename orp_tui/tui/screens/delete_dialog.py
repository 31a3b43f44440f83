"""Before runs go to the trash: which, how old, how large, and how they come back. Measured while it is shown."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Input, Static
from textual.worker import get_current_worker

from orp_tui.core.errors import OrpError
from orp_tui.core.ids import with_short_ids
from orp_tui.core.sanitise import cell_width, one_line
from orp_tui.core.words import counted, duration, size, state_word
from orp_tui.tui.bindings import bindings, bindings_above
from orp_tui.tui.screens.dialogs import MANY
from orp_tui.tui.widgets.wrapping import pieces, wrapped

if TYPE_CHECKING:
    from orp_tui.services.removal import Removal, RunToRemove

Progress = Callable[[int, int], object]
_TOLD_S = 0.1
_OTHER_LINES = 4
"""Frame, an empty line and the keys."""
_BACK = (
    "They go to the trash: u or `orp clean --restore RUN` brings them back,",
    "`orp clean --empty-trash` frees the space for good.",
)
_BACK_SHORT = "to the trash: u brings them back"
_MOST_REFUSED = 3
_NAME = 34


class _Stopped(Exception):
    """The dialog was left while it was measured."""


class DeleteRuns(ModalScreen["Removal | None"]):
    """The removal that was agreed to; None if nothing is to be removed.

    `y` agrees; for more than a few runs their number has to be typed.
    """

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("removal"), *bindings_above()]
    AUTO_FOCUS = ""  # the field is not there yet: what is typed is for the keys

    @dataclasses.dataclass
    class Progressed(Message):
        """So many runs of so many are measured."""

        done: int
        total: int

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, DeleteRuns.Progressed)

    @dataclasses.dataclass
    class Measured(Message):
        """All are measured, or why they can't be."""

        removal: Removal | None
        trouble: str = ""

    def __init__(self, measure: Callable[[Progress], Removal], count: int) -> None:
        """`measure` plans the removal of `count` runs, in a thread; it calls what it is given with its progress."""
        super().__init__()
        self._measure_all = measure
        self._count = count
        self._removal: Removal | None = None
        self._trouble = ""

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog -whole") as box:
            box.border_title = Content(f"Delete {counted(self._count, 'run')}?")
            yield Static(Content("measuring"), classes="runs")
            field = Input(id="count", restrict=r"[0-9]*", compact=True)
            field.display = False
            yield field
            yield Static(Content("Esc  back"), classes="answer")

    def on_mount(self) -> None:
        self._measure()

    def pane_of_focus(self) -> str:
        """The place whose keys the help shows first."""
        return "removal"

    @work(thread=True, exclusive=True, exit_on_error=False, group="measure")
    def _measure(self) -> None:
        worker, told = get_current_worker(), [0.0]

        def progress(done: int, total: int) -> None:
            if worker.is_cancelled:
                raise _Stopped
            if time.monotonic() - told[0] >= _TOLD_S:
                told[0] = time.monotonic()
                self.post_message(self.Progressed(done, total))

        try:
            self.post_message(self.Measured(self._measure_all(progress)))
        except _Stopped:
            return
        except (OrpError, OSError) as error:
            self.post_message(self.Measured(None, str(error)))

    @on(Progressed)
    def _progressed(self, event: Progressed) -> None:
        event.stop()
        if self._removal is None:
            self._put(f"measuring {event.done + 1:,} of {event.total:,}")

    @on(Measured)
    def _measured(self, event: Measured) -> None:
        event.stop()
        self._removal, self._trouble = event.removal, event.trouble
        self._show()

    def on_resize(self) -> None:
        if self._removal is not None:
            self.call_after_refresh(self._show)

    def _show(self) -> None:
        if self._removal is None:
            self._put(one_line(self._trouble, 400))
            return
        going = len(self._removal.going)
        room = max(4, self.size.height - _OTHER_LINES - (going > MANY))
        width = max(20, self.query_one(".runs", Static).size.width)
        self._put("\n".join(removal_lines(self._removal, width, room, time.time())))
        field = self.query_one("#count", Input)
        field.display = going > MANY
        if not going:
            self._say("Esc  back")
        elif going > MANY:
            self._say(f"Type {going} and Enter; Esc leaves")
            field.focus()
        else:
            self._say("y  delete      n, Esc  leave")

    def _put(self, words: str) -> None:
        self.query_one(".runs", Static).update(Content(words))

    def _say(self, words: str) -> None:
        self.query_one(".answer", Static).update(Content(words))

    @property
    def _is_agreed_by_key(self) -> bool:
        return self._removal is not None and 0 < len(self._removal.going) <= MANY

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self._is_agreed_by_key if (action, parameters) == ("answer", (True,)) else True

    def action_answer(self, yes: bool) -> None:
        self.dismiss(self._removal if yes else None)

    @on(Input.Submitted)
    def _typed(self, event: Input.Submitted) -> None:
        event.stop()
        removal = self._removal
        if removal is not None and removal.going and event.value == str(len(removal.going)):
            self.dismiss(removal)
        else:
            self._say("another number: nothing is done; Esc leaves")


def removal_lines(removal: Removal, width: int, room: int, now: float) -> list[str]:
    """What goes, what stays and why, and how it comes back, in `room` lines (4 at least) of `width` cells."""
    going = sorted(removal.going, key=lambda item: -item.bytes)
    if not going:
        stays = _stays(removal, width, max(1, room - 2))
        return ["nothing of this can be deleted", *stays]
    total = [f"{counted(len(going), 'run')}, {size(removal.bytes)} in all"] if len(going) > 1 else []
    back = [part for words in _BACK for part in wrapped(words, width)]
    if room < len(back) + 7:
        back = [one_line(_BACK_SHORT, width)]
    stays = _stays(removal, width, max(1, min(_MOST_REFUSED, room - len(back) - len(total) - 2)))
    return [
        *_goes(going, width, max(1, room - len(total) - len(back) - len(stays)), now),
        *total,
        *stays,
        *back,
    ]


def _goes(going: Sequence[RunToRemove], width: int, room: int, now: float) -> list[str]:
    """The largest first; of what does not fit the sum."""
    shown = going if len(going) <= room else going[: max(0, room - 1)]
    lines = [named(item, width, now) for item in shown]
    if rest := going[len(shown) :]:
        lines.append(one_line(f"… {len(rest):,} more, {size(sum(item.bytes for item in rest))}", width))
    return lines


def _stays(removal: Removal, width: int, room: int) -> list[str]:
    refused = removal.refused
    shown = refused if len(refused) <= room else refused[: room - 1]
    lines = [
        one_line(with_short_ids(f"stays: {item.run_id}: {one_line(item.why_kept or '', 300)}"), width)
        for item in shown
    ]
    more = len(refused) - len(shown)
    return [*lines, f"stays: {counted(more, 'more run' if lines else 'run')}"] if more else lines


def named(item: RunToRemove, width: int, now: float) -> str:
    """`resnet  k3fa  1.2 GiB  FAILED, 3d04h old`; the name has what room is left, and age goes first."""
    run = item.run
    age = duration(max(0.0, now - run.submitted_at))
    folder = "" if item.has_folder else ", no folder"
    behind = f"  {with_short_ids(run.id)}  {size(item.bytes)}  {state_word(run.state)}, {age} old{folder}"
    name = one_line(run.name, min(_NAME, max(6, width - cell_width(behind))))
    return pieces(f"{name}{behind}", width)[0]
