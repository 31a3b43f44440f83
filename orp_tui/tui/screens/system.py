"""The machine on a screen of its own: GPUs, who is on them, host, queue, and what happened last."""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Callable, Iterator
from typing import Any

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widget import Widget

from orp_tui.core.sanitise import one_line
from orp_tui.services.system import SystemLook
from orp_tui.tui.machine_lines import machine_lines, queue_lines
from orp_tui.tui.messages import MachineChanged
from orp_tui.tui.screens.copying import Copying
from orp_tui.tui.titles import screens
from orp_tui.tui.widgets.header_line import HeaderLine, Heading
from orp_tui.tui.widgets.key_line import KeyLine
from orp_tui.tui.widgets.meters import Steady, steadied
from orp_tui.tui.widgets.page_view import Line, PageView, line

_SIDE_BY_SIDE = 110
_BARE = (60, 15)

_NOT_HERE = ("turn_tab",)

Make = Callable[[int], Iterator[Line]]
"""Lines for a width."""


class LaidOut(PageView):
    """Lines that are made anew for each width."""

    def __init__(self, **options: Any) -> None:  # Any: as Widget takes them
        super().__init__(**options)
        self._make: Make | None = None

    def show(self, make: Make) -> None:
        """Show what `make` gives for the width there is."""
        self._make = make
        self._lay_out()

    @property
    def text(self) -> str:
        """All lines, those out of sight too."""
        return "\n".join(each.text.rstrip() for each in self.lines_shown) + "\n"

    def on_resize(self) -> None:
        self._lay_out()

    def _lay_out(self) -> None:
        if self._make is not None and self.room.width > 0:
            self.put_lines(list(self._make(self.room.width)))


class SystemScreen(Copying):
    """Shows what it is handed; looks at nothing itself."""

    def __init__(self, *, ascii_only: bool = False, **options: Any) -> None:  # Any: as Screen takes them
        super().__init__(**options)
        self._ascii = ascii_only
        self._steady = Steady()
        self._look: SystemLook | None = None
        self._sent: tuple[float, int] | None = None
        self._bytes_sent: int | None = None
        self._rate: float | None = None
        self._is_zoomed = False

    def compose(self) -> ComposeResult:
        yield HeaderLine(self._heading())
        with Horizontal(id="system-panes"):
            yield LaidOut(id="system-machine")
            yield LaidOut(id="system-queue")
        yield KeyLine()

    def on_mount(self) -> None:
        self.query_one("#system-machine", LaidOut).border_title = Content("Machine")
        self.query_one("#system-queue", LaidOut).border_title = Content("Queue")
        self.query_one("#system-machine").focus()
        self._show()

    @on(MachineChanged)
    def _machine(self, event: MachineChanged) -> None:
        stats = getattr(self.app._driver, "stats", None)
        self.show(event.look, bytes_sent=stats.bytes_sent if stats is not None else None)

    def show(self, look: SystemLook, *, bytes_sent: int | None = None) -> None:
        """Show this look. `bytes_sent`: what the dashboard has sent to the terminal in all."""
        self._look = look
        if bytes_sent is not None:
            now = time.monotonic()
            if self._sent is not None and now > self._sent[0]:
                self._rate = (bytes_sent - self._sent[1]) / (now - self._sent[0])
            self._sent = now, bytes_sent
            self._bytes_sent = bytes_sent
        if self.is_mounted:
            self._show()

    def _show(self) -> None:
        """Numbers stay until they have moved: a quiet machine sends nothing."""
        machine, queue = self.query_one("#system-machine", LaidOut), self.query_one("#system-queue", LaidOut)
        look = self._look
        if look is None:
            machine.show(lambda _width: iter([line("looking at the machine", "quiet")]))
            return
        shown = steadied(look.machine, self._steady)
        look = dataclasses.replace(look, own_memory=self._calm("memory", look.own_memory))
        is_ascii = self._ascii
        # What tells of the bytes sent must not be why more are.
        sent, rate = self._calm("sent", self._bytes_sent), self._calm("rate", self._rate)

        def of_machine(width: int) -> Iterator[Line]:
            yield from machine_lines(shown, width, height=machine.room.height, ascii_only=is_ascii)
            if self.has_class("-narrow"):
                yield line()
                yield from of_queue(width)

        def of_queue(width: int) -> Iterator[Line]:
            yield from queue_lines(look, width, bytes_sent=sent, bytes_per_s=rate)

        machine.show(of_machine)
        queue.show(of_queue)
        self.query_one(HeaderLine).show(self._heading())

    def _calm(self, name: str, value: float | None) -> int | None:
        """A number of bytes that stays until it has moved by a twentieth, or by 4 KiB."""
        return None if value is None else round(self._steady(name, value, max(4096.0, value / 20)))

    def on_resize(self, event: events.Resize) -> None:
        size = event.size
        self.set_class(size.width < _SIDE_BY_SIDE, "-narrow")
        self.set_class(size.width < _BARE[0] or size.height < _BARE[1], "-bare")
        self._arrange()

    def _arrange(self) -> None:
        """Both panes, or where one is zoomed that with the focus; where it is narrow the first has everything."""
        panes = list(self.query(LaidOut))
        is_narrow = self.has_class("-narrow")
        for pane in panes:
            pane.display = pane is panes[0] if is_narrow else not self._is_zoomed or pane.has_focus
        if not any(pane.display for pane in panes):
            panes[0].display = True
        self._show()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in _NOT_HERE or (action == "zoom" and self.has_class("-narrow")):
            return False
        return super().check_action(action, parameters)

    def action_zoom(self) -> None:
        self._is_zoomed = not self._is_zoomed
        self._arrange()

    def copy_choices(self) -> dict[str, tuple[str, str]]:
        machine, queue = self.query(LaidOut)
        choices = {"all about the machine": ("m", machine.text)}
        if not self.has_class("-narrow"):
            choices["all about the queue"] = ("u", queue.text)
        return choices | super().copy_choices()

    def pane_of_focus(self) -> str:
        """The place whose keys the help shows first."""
        return "page"

    def place_widget(self, place: str) -> Widget | None:
        """The list with the focus, for the keys of a text."""
        return self.focused if place == "page" else None

    def action_back(self) -> None:
        if self._is_zoomed and not self.has_class("-narrow"):
            self.action_zoom()
        else:
            self.app.pop_screen()

    def _heading(self) -> Heading:
        host = self._look.machine.host if self._look is not None else None
        counts = "" if host is None else f"{host.cpus} CPUs"
        return Heading(one_line(os.uname().nodename), screens("system"), counts)
