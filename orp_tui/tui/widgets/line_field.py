"""A field of one line: what is pasted is harmless, and the place that is wrong can be marked."""

from __future__ import annotations

from typing import Any, ClassVar

from rich.highlighter import Highlighter
from rich.style import Style
from rich.text import Text
from textual import events
from textual.widgets import Input

from orp_tui.core.sanitise import cell_width, one_line

MAX_LENGTH = 4_096
"""Characters; more is no filter, tag or name anyway, and would take long to draw."""


class _Mark(Highlighter):
    """Underlines a part of the text: that is seen without colours too."""

    def __init__(self) -> None:
        self.part: tuple[int, int] | None = None
        self.style = Style(underline=True)

    def highlight(self, text: Text) -> None:
        if self.part is not None:
            text.stylize(self.style, *self.part)


class LineField(Input):
    """What is pasted becomes one harmless line."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"input--wrong"}

    def __init__(self, **options: Any) -> None:  # Any: as Input takes them
        self._mark = _Mark()
        super().__init__(
            compact=True, select_on_focus=False, max_length=MAX_LENGTH, highlighter=self._mark, **options
        )

    def mark(self, part: tuple[int, int] | None) -> None:
        """Mark the characters from a place to another; None: none."""
        if part != self._mark.part:
            self._mark.part = part
            self._mark.style = Style(underline=True, bold=True) + self.get_component_rich_style(
                "input--wrong", partial=True
            )
            self.refresh()

    def column_of(self, position: int) -> int:
        """In which cell of the field a character stands; below 0 or beyond its width: out of sight."""
        return cell_width(self.value[:position]) - round(self.scroll_offset.x)

    def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        self.replace(one_line(event.text[: MAX_LENGTH * 2])[:MAX_LENGTH], *sorted(self.selection))
