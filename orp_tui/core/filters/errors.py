"""What is wrong with a filter, and where in its text."""

from __future__ import annotations

from orp_tui.core.errors import UsageError
from orp_tui.core.sanitise import cell_width, one_line

BEFORE = 40
AFTER = 30
"""Characters of a long filter that are shown before and after the place."""


class FilterError(UsageError):
    """A text is no filter. Its text shows the place: it has three lines."""

    def __init__(self, text: str, position: int, length: int, words: str) -> None:
        self.text = text
        """The whole filter, as it came."""
        self.position = position
        """Where it is wrong, in characters of `text`; `len(text)` where something is missing at the end."""
        self.length = max(1, length)
        """How many characters are meant, at least one."""
        self.words = one_line(words)
        """What is wrong; what to do. One harmless line."""
        super().__init__(f"{self.words}\n{marked(text, position, self.length)}")


def marked(text: str, position: int, length: int) -> str:
    """Two lines: the filter, cut around the place if it is long, and a mark under the place."""
    start = max(0, position - BEFORE)
    head = _shown(text[start:position])
    lead = "…" if start else ""
    place = _shown(text[position : position + min(length, AFTER)])
    tail = _shown(text[position + min(length, AFTER) : position + AFTER])
    more = "…" if position + AFTER < len(text) else ""
    mark = "^" * max(1, cell_width(place))
    return f"  {lead}{head}{place}{tail}{more}\n  {' ' * (cell_width(lead + head))}{mark}"


def _shown(text: str) -> str:
    """A part of the filter on one line; blanks at its ends stay, so that the mark stands right."""
    inner = text.strip()
    if not inner:
        return " " * len(text)
    left = len(text) - len(text.lstrip())
    right = len(text) - len(text.rstrip())
    return " " * left + one_line(inner) + " " * right


class Wrong(ValueError):
    """What is wrong with one word of a filter; `parse` adds the place."""
