"""Which lines a search finds: bytes are searched as they are, whole blocks at a time.

A pattern is a regular expression, or plain text if it holds none of its signs, or if it is
no valid one. It ignores case unless it has a capital letter. Colours within a line are
passed over. Patterns that would make Python's engine run for minutes are refused or kept
to the first 4 KiB of a line: it can't be interrupted, and everything else waits for it.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from typing import Protocol

from orp_tui.core.errors import UsageError
from orp_tui.logs.literal import Literal

_SIGNS = re.compile(r"[\\.^$*+?{}\[\]|()]")
_CAPITAL = re.compile(r"\\.|[A-Z]")
_NESTED_REPEAT = re.compile(r"[*+}]\??[^()\\]*\)+[*+{]")
_REPEAT = re.compile(r"[*+}]")
_CROSSES_LINES = re.compile(r"\[\^|\\[sSWDAZ]|\(\?(?!:)|\\n|\[[^\]]*[\n\\]")
"""Signs of a pattern whose hit in a block of lines need not be one in a line by itself."""
_COLOUR = re.compile(rb"\x1b\[[0-9;:]*m")
_SLOW_MOST = 4096

Search = Callable[[bytes], list[int]]
"""Whole lines → where the matching ones begin."""


class Searcher(Protocol):
    """What can be searched for."""

    text: str
    """As it was asked for."""
    inverse: bool
    """Whether it is the other lines that match."""

    def lines(self, data: bytes) -> list[int]:
        """Where in `data`, which holds whole lines, the matching lines begin."""
        ...

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Where in one shown row it matches, for marking."""
        ...


class AllOf:
    """Lines that two searchers both find; what is marked is the first one's."""

    def __init__(self, first: Searcher, second: Searcher) -> None:
        self.first = first
        self._second = second
        self.text, self.inverse = first.text, first.inverse

    def lines(self, data: bytes) -> list[int]:
        found = self.first.lines(data)
        return sorted(set(found) & set(self._second.lines(data))) if found else []

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        return self.first.spans(text)


class Matcher:
    """One search.

    Raises UsageError for a pattern that is too slow.
    """

    def __init__(self, text: str, *, inverse: bool = False, ignore_case: bool | None = None) -> None:
        self.text = text
        self.inverse = inverse
        self.is_regex = _SIGNS.search(text) is not None and _valid(text)
        self.ignores_case = not has_capitals(text, self.is_regex) if ignore_case is None else ignore_case
        if self.is_regex and _NESTED_REPEAT.search(text):
            raise UsageError(f"{text}: a repeat inside a repeat takes too long; say it without")
        source = text if self.is_regex else re.escape(text)
        self._shown = re.compile(source, re.IGNORECASE if self.ignores_case else 0)
        self._hits = self.searcher()

    def lines(self, data: bytes) -> list[int]:
        """Where in `data`, which holds whole lines, the matching lines begin."""
        clean = data
        if b"\x1b" in data:
            clean = _COLOUR.sub(b"", data)
        hits = self._hits(clean)
        if hits and len(clean) != len(data):
            places = dict(zip(_begins(clean), _begins(data), strict=True))
            hits = [places[hit] for hit in hits]
        if not self.inverse:
            return hits
        found = set(hits)
        return [begin for begin in _begins(data) if begin not in found]

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Where in one shown row it matches, for marking; of an inverse search nowhere."""
        if self.inverse:
            return
        most = _SLOW_MOST if self.is_regex else len(text)
        for match in self._shown.finditer(text, 0, most):
            if match.end() > match.start():
                yield match.span()

    def searcher(self) -> Search:
        """What finds the lines in bytes without colours."""
        if not self.text.isascii():
            return self._decoded
        needle = self.text.lower() if self.ignores_case and not self.is_regex else self.text
        words = needle.split("|") if self.is_regex else [needle]
        if not self.is_regex or (all(words) and not any(map(_SIGNS.search, words))):
            return any_of([Literal(word.encode(), ignore_case=self.ignores_case) for word in words])
        try:
            pattern = re.compile(needle.encode())
        except (re.error, ValueError):  # what only text has, as `\N{BULLET}`
            return self._decoded
        across = None if _CROSSES_LINES.search(needle) else re.compile(needle.encode(), re.MULTILINE)
        slow = _REPEAT.search(needle) is not None
        lower = self.ignores_case
        return lambda data: _by_pattern(pattern, across, data.lower() if lower else data, slow=slow)

    def _decoded(self, data: bytes) -> list[int]:
        """Other letters than ASCII: as text, line by line; those without any of them can't match a text."""
        begins = _begins(data)
        lines = data.split(b"\n")
        if not self.is_regex and not self.ignores_case:
            return Literal(self.text.encode()).lines(data)
        return [
            begin
            for begin, line in zip(begins, lines, strict=False)
            if (self.is_regex or not line.isascii())
            and self._shown.search(
                line[: _SLOW_MOST if self.is_regex else len(line)].decode("utf-8", "replace")
            )
        ]


def has_capitals(text: str, is_regex: bool) -> bool:
    """Whether the searcher means the case of letters; `\\S` of a regular expression is no capital."""
    if not text.isascii():
        return text != text.lower()
    found = _CAPITAL.findall(text) if is_regex else re.findall("[A-Z]", text)
    return any(not sign.startswith("\\") for sign in found)


def _valid(text: str) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a pattern that Python doubts is meant as text: `[[INFO]`
        try:
            re.compile(text)
        except (re.error, OverflowError, RecursionError, Warning):
            return False
    return True


def _begins(data: bytes) -> list[int]:
    """Where the lines begin."""
    lines = data.split(b"\n")
    if not lines[-1]:
        lines.pop()
    return list(accumulate((len(line) + 1 for line in lines), initial=0))[:-1]


def _by_pattern(
    pattern: re.Pattern[bytes], across: re.Pattern[bytes] | None, data: bytes, *, slow: bool
) -> list[int]:
    if across is None or (slow and _longest(data) > _SLOW_MOST):
        most = _SLOW_MOST if slow else None
        lines = data.split(b"\n")
        if not lines[-1]:
            lines.pop()
        begins = accumulate((len(line) + 1 for line in lines), initial=0)
        search = pattern.search
        return [begin for begin, line in zip(begins, lines, strict=False) if search(line[:most])]
    hits: list[int] = []
    begin = 0
    end = len(data) - data.endswith(b"\n")  # no line follows the last newline
    while (match := across.search(data, begin, end)) is not None:
        place = match.start()
        hits.append(data.rfind(b"\n", begin, place) + 1 or begin)
        begin = data.find(b"\n", place) + 1
        if not begin or begin > end:
            break
    return hits


def _longest(data: bytes) -> int:
    return max(map(len, data.split(b"\n")))


def any_of(literals: Sequence[Literal]) -> Search:
    """Faster than one pattern of alternatives, which is tried at every byte."""
    if len(literals) == 1:
        return literals[0].lines
    return lambda data: sorted({hit for literal in literals for hit in literal.lines(data)})
