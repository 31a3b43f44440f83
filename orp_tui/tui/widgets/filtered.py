"""A list of which words leave a part, with a frame that says which."""

from __future__ import annotations

import dataclasses
from typing import Any

from textual.message import Message

from orp_tui.tui.widgets.lines import LineList


class FilteredList(LineList):
    """Heirs show the rows that `lets_through` says, and do so anew when asked by `show_filtered`."""

    @dataclasses.dataclass
    class TitleChanged(Message):
        """Filter, marks, order or the number of rows are others."""

    def __init__(self, **options: Any) -> None:  # Any: as Widget takes them
        super().__init__(**options)
        self._filter = ""

    def show_filtered(self) -> None:
        """Put the rows that the filter leaves."""
        raise NotImplementedError

    @property
    def filter_words(self) -> str:
        """The words that rows must hold; empty for all."""
        return self._filter

    @filter_words.setter
    def filter_words(self, words: str) -> None:
        self._filter = words.strip()
        self.show_filtered()
        self.post_message(self.TitleChanged())

    def lets_through(self, text: str) -> bool:
        """Whether a row of this lower-case text is shown."""
        return matches(text, self._filter)

    def marks_changed(self) -> None:
        self.post_message(self.TitleChanged())

    def title_of(self, name: str, count: int, *more: str) -> str:
        """What the border says: `Queue  3  filter: lr  2 marked`."""
        words = [f"{name}  {count}"]
        if self._filter:
            words.append(f"filter: {self._filter}")
        words += more
        if self.marks:
            words.append(f"{len(self.marks)} marked")
        if hidden := len(self._marks) - len(self.marks):
            words.append(f"{hidden} marked out of sight")
        return "  ".join(words)


def matches(text: str, words: str) -> bool:
    """Whether a lower-case text holds every word, and none of those behind a `!`."""
    for word in words.lower().split():
        if word.startswith("!"):
            if len(word) > 1 and word[1:] in text:
                return False
        elif word not in text:
            return False
    return True
