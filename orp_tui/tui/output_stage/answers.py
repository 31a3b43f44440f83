"""Takes the terminal's answers to our questions out of what is typed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from textual import events
from textual._xterm_parser import BRACKETED_PASTE_END, BRACKETED_PASTE_START, XTermParser
from textual.keys import Keys
from textual.message import Message

ANSWER = re.compile(r"\x1b\[[0-4]n")
"""The answer to DSR: 0 is well, 3 is not; either has taken what was sent."""
_BEGINNING = re.compile(r"\x1b(?:\[[0-4]?)?\Z")


class AnswerParser(XTermParser):
    """Textual's parser, which never sees an answer: it would read it as keys.

    An answer that comes in two reads is put together by Textual's own parser, except within a
    paste: there it would make keys of what follows, so the beginning of one is kept back.
    """

    def __init__(self, debug: bool, on_answer: Callable[[], None]) -> None:
        super().__init__(debug)
        self._on_answer = on_answer
        self._pasting = False
        self._kept_back = ""

    def feed(self, data: str) -> Iterable[Message]:
        """The messages of what was read; empty data is the end."""
        if not data:
            yield from super().feed(data)
            return
        text, answers = ANSWER.subn("", self._kept_back + data)
        self._kept_back = ""
        for _ in range(answers):
            self._on_answer()
        self._pasting = _is_pasting(text, self._pasting)
        if self._pasting and (beginning := _BEGINNING.search(text)):
            self._kept_back = beginning[0]
            text = text[: beginning.start()]
        if text:
            yield from super().feed(text)

    def _sequence_to_key_events(self, sequence: str, alt: bool = False) -> Iterable[events.Key]:
        if ANSWER.fullmatch(sequence):
            self._on_answer()
            return [events.Key(Keys.Ignore, sequence)]
        return super()._sequence_to_key_events(sequence, alt)


def _is_pasting(text: str, pasting: bool) -> bool:
    """Whether a paste goes on at the end of the text."""
    begin, end = text.rfind(BRACKETED_PASTE_START), text.rfind(BRACKETED_PASTE_END)
    return pasting if begin == end else begin > end
