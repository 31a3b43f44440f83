"""An experiment file with what is wrong beneath the lines it is about."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.widget import Widget

from orp_tui.core.problem import Problem
from orp_tui.core.sanitise import one_line, sanitise
from orp_tui.services.configs_read import Kind
from orp_tui.services.configs_text import ConfigText, read_text
from orp_tui.tui.bindings import bindings, bindings_above
from orp_tui.tui.messages import ConfigsChanged
from orp_tui.tui.widgets.key_line import KeyLine
from orp_tui.tui.widgets.page_view import Line, PageView, line
from orp_tui.tui.widgets.wrapping import tail_of_path, wrapped

Wish = Literal["edit", "add", "options"]


class ConfigView(ModalScreen[Wish | None]):
    """Reads in a thread, and again when the folder has changed; the answer is what is to be done with the file."""

    PLACE = "config"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("config"), *bindings_above()]

    @dataclasses.dataclass
    class Read(Message):
        """The file was read."""

        text: ConfigText

    def __init__(self, path: Path, **options: Any) -> None:  # Any: as Screen takes them
        super().__init__(**options)
        self._path = path
        self._text: ConfigText | None = None
        self._marked: tuple[int, ...] = ()
        """Lines of the page on which something is said to be wrong."""

    def compose(self) -> ComposeResult:
        with Vertical(id="config-box"):
            yield PageView(id="config-page")
        yield KeyLine()

    def on_mount(self) -> None:
        self._page.focus()
        self._read()

    def pane_of_focus(self) -> str:
        """The place whose keys the help shows first."""
        return self.PLACE

    def place_widget(self, place: str) -> Widget | None:
        """The page, for the keys of a text."""
        return self._page if place == "page" else None

    @property
    def text(self) -> ConfigText | None:
        """What was read last; None before anything was."""
        return self._text

    @property
    def _page(self) -> PageView:
        return self.query_one(PageView)

    @work(thread=True, exclusive=True, exit_on_error=False, group="config")
    def _read(self) -> None:
        self.post_message(self.Read(read_text(self._path)))

    @on(ConfigsChanged)
    def _folder_changed(self, event: ConfigsChanged) -> None:
        event.stop()
        self._read()

    @on(Read)
    def _was_read(self, event: Read) -> None:
        event.stop()
        is_first = self._text is None
        self._text = event.text
        self._show(from_top=is_first)

    def on_resize(self) -> None:
        self.call_after_refresh(self._show)

    def _show(self, *, from_top: bool = False) -> None:
        text = self._text
        if text is None:
            return
        box = self.query_one("#config-box")
        width = max(10, self._page.room.width)
        box.border_title = Content(tail_of_path(one_line(str(text.path)), max(1, width - 2)))
        box.border_subtitle = Content(text.summary)
        lines = list(page_lines(text, width))
        self._marked = tuple(number for number, (_, is_remark) in enumerate(lines) if is_remark)
        self._page.put_lines([shown for shown, _ in lines], from_top=from_top)

    def action_problem(self, by: int) -> None:
        """Scroll so that the next remark, or the one before, stands in the upper part."""
        top = self._page.scroll_offset.y
        places = [max(0, place - 2) for place in self._marked]
        ahead = [place for place in places if (place > top if by > 0 else place < top)]
        if ahead:
            self._page.scroll_to(y=ahead[0 if by > 0 else -1], animate=False, force=True)

    def action_answer(self, wish: Wish) -> None:
        self.dismiss(wish)

    def action_back(self) -> None:
        self.dismiss(None)


def page_lines(text: ConfigText, width: int) -> Iterator[tuple[Line, bool]]:
    """The lines to show, and of each whether a remark begins there."""
    remarks = text.remarks()
    margin = len(str(len(text.lines)))
    if text.reading is not None and text.reading.kind is Kind.VALID:
        yield line(f"{one_line(text.reading.experiment, width - 10)}  {text.summary}", "good"), False
        yield line(), False
    yield from _remarks(remarks.get(0, ()), "", width, text)
    for number, words in enumerate(text.lines, 1):
        shown = sanitise(words.expandtabs(4))
        wrong = number in remarks
        yield (
            Line(
                (
                    (f"{number:>{margin}}", "bad" if wrong else "quiet"),
                    (" ! " if wrong else "   ", "bad"),
                    (shown, "text"),
                )
            ),
            False,
        )
        yield from _remarks(remarks.get(number, ()), " " * (margin + 3), width, text)


def _remarks(
    problems: Sequence[Problem], gap: str, width: int, text: ConfigText
) -> Iterator[tuple[Line, bool]]:
    warnings = text.reading.warnings if text.reading is not None else ()
    for problem in problems:
        style = "warning" if problem in warnings else "bad"
        begin = "warning: " if problem in warnings else ""
        key = f"{one_line(problem.key)}: " if problem.key else ""
        words = one_line(f"{begin}{key}{problem.message}")
        if text.reading is not None and text.reading.kind is Kind.OTHER:
            style, words = "label", f"no experiment: {words}"
        for place, part in enumerate(wrapped(words, max(10, width - len(gap) - 2))):
            yield line(f"{gap}{'^ ' if gap and not place else '  ' if gap else ''}{part}", style), not place
