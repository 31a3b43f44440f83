"""The lines of one log, drawn as its reader publishes them; only lines that changed are drawn again."""

from __future__ import annotations

import dataclasses
import functools
import threading
from typing import Any, ClassVar, Protocol, runtime_checkable

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events, on
from textual.geometry import Region
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip

from orp_tui.logs.ink import plain
from orp_tui.logs.page import ScreenLine
from orp_tui.logs.reading import Act, LogReading
from orp_tui.logs.session import LogSession
from orp_tui.logs.status import LogScreen
from orp_tui.tui.widgets.log_look import sgr_style

_WHEEL = 3
_STRIPS_KEPT = 300
_MANY = 0.6
"""Share of the lines from which on the whole is drawn anew."""


@runtime_checkable
class TakesLetters(Protocol):
    """A parent that may want the next key before it means anything else."""

    @property
    def awaits_letter(self) -> bool: ...

    def take_letter(self, event: events.Key) -> None: ...


class LogText(ScrollView, can_focus=True, inherit_bindings=False):
    """One log. Nothing is read here: a thread reads, and what it publishes is drawn."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"log--hit", "log--current", "log--selected"}
    DEFAULT_CSS = """
    LogText { height: 1fr; overflow: hidden hidden; scrollbar-size: 0 0; }
    LogText > .log--hit { text-style: reverse; }
    LogText > .log--current { text-style: bold; }
    LogText > .log--selected { text-style: reverse; }
    """

    @dataclasses.dataclass
    class Drawn(Message):
        """A new screen of the log is shown."""

        text: LogText
        screen: LogScreen

        @property
        def control(self) -> LogText:
            return self.text

    class _Published(Message):
        """The reader has a new screen."""

        def __init__(self, reading: LogReading) -> None:
            super().__init__()
            self.reading = reading

    def __init__(self, **options: Any) -> None:  # Any: as Widget takes them
        super().__init__(**options)
        self.reading: LogReading | None = None
        self.shown = LogScreen()
        self._strips: dict[tuple[ScreenLine, bool, int, int], Strip] = {}
        self._base = Style.null()

    # What is shown

    def open(self, reference: str, name: str, ticks_per_s: float) -> None:
        """Show the end of a log and follow it; the one before is left."""
        self.shut()
        reading = self.reading = LogReading(reference, name, measure=cell_len, ticks_per_s=ticks_per_s)
        self._resize_reading()

        # It reads as long as the log is shown: a worker's thread would be missed in the pool.
        def announce() -> None:
            self.post_message(self._Published(reading))

        threading.Thread(target=reading.run, args=(announce,), name="log", daemon=True).start()

    def shut(self) -> None:
        """Show nothing."""
        if self.reading is not None:
            self.reading.close()
        self.reading = None
        self._show(LogScreen())

    def tell(self, act: Act) -> None:
        """Have the reader do something."""
        if self.reading is not None:
            self.reading.tell(act)

    @on(_Published)
    def _take(self, event: _Published) -> None:
        event.stop()
        screen = event.reading.take()
        if screen is not None and event.reading is self.reading:
            self._show(screen)

    def on_unmount(self) -> None:
        if self.reading is not None:
            self.reading.close()

    def on_resize(self) -> None:
        self._resize_reading()

    def _resize_reading(self) -> None:
        width, height = self.size
        if width and height:
            self.tell(lambda session: session.resize(width, height))

    # Drawing

    def _show(self, screen: LogScreen) -> None:
        before, self.shown = self.shown, screen
        changed = [y for y in range(self.size.height) if _line(before, y) != _line(screen, y)]
        if changed and self.text_selection is not None and self.is_attached:
            self.screen.clear_selection()
        if len(changed) > _MANY * self.size.height:
            self.refresh()
        else:
            for y in changed:
                self.refresh_line(y)
        if screen != before:
            self.post_message(self.Drawn(self, screen))

    def notify_style_update(self) -> None:
        self._strips.clear()
        super().notify_style_update()

    def render_lines(self, crop: Region) -> list[Strip]:
        base = self.rich_style  # asked for once a frame: it is put together from all parents
        if base != self._base:
            self._base = base
            self._strips.clear()
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        found = _line(self.shown, y)
        if found is None:
            return Strip.blank(width, self._base)
        line, is_current = found
        key = (line, is_current, width, y)
        strip = self._strips.get(key)
        if strip is None:
            if len(self._strips) >= _STRIPS_KEPT:
                self._strips.clear()
            strip = self._strips[key] = self._strip(line, y, width, current=is_current)
        selection = self.text_selection
        if selection is not None and (span := selection.get_span(y)) is not None:
            strip = self._selected(strip, *span)
        return strip

    def _strip(self, line: ScreenLine, y: int, width: int, *, current: bool) -> Strip:
        base = self._base
        if current:
            base += self.get_component_rich_style("log--current", partial=True)
        x = 0
        segments: list[Segment] = []
        for ink in line.inks:
            style = base + sgr_style(ink.sgr) if ink.sgr else base
            if ink.hit:
                style += self.get_component_rich_style("log--hit", partial=True)
            segments.append(Segment(ink.text, style + _offset(x, y)))
            x += len(ink.text)
        return Strip(segments).adjust_cell_length(width, base)

    def _selected(self, strip: Strip, begin: int, end: int) -> Strip:
        style = self.get_component_rich_style("log--selected", partial=True)
        begin = strip.index_to_cell_position(begin)
        end = strip.cell_length if end == -1 else min(strip.cell_length, strip.index_to_cell_position(end))
        parts = strip.divide([cut for cut in (begin, end, strip.cell_length) if cut > 0])
        position = 0
        painted: list[Strip] = []
        for part in parts:
            inside = begin <= position < end
            painted.append(part.apply_style(style) if inside else part)
            position += part.cell_length
        return Strip.join(painted)

    # Hands

    async def _on_key(self, event: events.Key) -> None:
        view = self.parent
        if isinstance(view, TakesLetters) and view.awaits_letter:
            event.stop()
            event.prevent_default()
            view.take_letter(event)

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        text = "\n".join(plain(line.inks) for line in self.shown.lines)
        return selection.extract(text), "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        if selection is not None:
            self.tell(_hold_still)
        self.refresh()

    def _on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self._wheel(event, _WHEEL)

    def _on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self._wheel(event, -_WHEEL)

    def _wheel(self, event: events.MouseEvent, lines: int) -> None:
        if event.ctrl or event.shift:
            self.tell(lambda session: session.scroll_sideways(lines * 2))
        else:
            self.tell(lambda session: session.scroll(lines))


def _hold_still(session: LogSession) -> None:
    """What is selected must not run away."""
    session.follow(on=False)


@functools.lru_cache(maxsize=4096)
def _offset(x: int, y: int) -> Style:
    """What tells a selection by mouse which character it is at."""
    return Style.from_meta({"offset": (x, y)})


def _line(screen: LogScreen, y: int) -> tuple[ScreenLine, bool] | None:
    if y >= len(screen.lines):
        return None
    line = screen.lines[y]
    return line, line.begin == screen.current
