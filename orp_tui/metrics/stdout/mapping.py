"""A dict at the end of a line, as JSON or as Python prints it → names and numbers.

JSON is read as JSON. What Python prints is walked through word by word: nothing is compiled or
evaluated, NaN may stand there bare, and `np.float64(0.5)` or `tensor(0.5, device='cuda:0')` is the number in it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from orp_tui.metrics.stdout.numbers import NUMBER, number_in

DEPTH = 8
LONGEST_NAME = 200
_MOST = 256
"""Numbers of one dict."""

_WORD = re.compile(
    rf"""\s*(?:(?P<text>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|(?P<sign>[{{}}\[\](),:=])|(?P<number>{NUMBER})(?![\w.])|(?P<name>[\w.]+))\s*""",
    re.DOTALL,
)
_CALL = re.compile(r"(?:[\w.]+\.)?(?:tensor|array|float\d*|int\d*|uint\d*|Decimal|Array)")
_CLOSING = {"{": "}", "[": "]", "(": ")"}
Tree = Any  # Any: a mapping as JSON gives it


def mapping_at_end(text: str) -> tuple[str, Tree] | None:
    """What stands before the dict, and the dict; None if the line ends in none."""
    text = text.rstrip()
    if not text.endswith("}"):
        # Python's repr of a result: `TrainOutput(…, metrics={…})`.
        text = text.rstrip(" ),.;")
        if not text.endswith("}"):
            return None
    begin = _begin(text)
    if begin is None:
        return None
    tree = _tree(text[begin:])
    return (text[:begin], tree) if isinstance(tree, dict) and tree else None


def numbers_of(tree: Tree, prefix: str = "", depth: int = DEPTH) -> Iterator[tuple[str, float | None]]:
    """Every leaf, `outer/inner` → its number; None for what is no number. Texts that are numbers count, booleans do not."""
    for key, value in tree.items():
        name = f"{prefix}{key}"
        if len(name) > LONGEST_NAME:
            continue
        if isinstance(value, dict):
            if depth > 1:
                yield from numbers_of(value, f"{name}/", depth - 1)
        elif isinstance(value, bool) or not isinstance(value, int | float | str):
            yield name, None
        else:
            yield name, _number(value)


def _number(value: float | str) -> float | None:
    if isinstance(value, str):
        return number_in(value.removesuffix("%"))
    try:
        return float(value)
    except OverflowError:  # an int that no double can hold
        return None


def _begin(text: str) -> int | None:
    """Where the brace opens that the last one closes; texts in quotes are not looked into."""
    depth = 0
    for place in range(len(text) - 1, -1, -1):
        if text[place] == "}":
            depth += 1
            if depth > DEPTH:
                return None
        elif text[place] == "{":
            depth -= 1
            if not depth:
                return place
    return None


def _tree(text: str) -> Tree:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return _Walk(text).tree()


class _Walk:
    """Python's way to print a dict."""

    def __init__(self, text: str) -> None:
        self._words = self._split(text)
        self._place = 0
        self._left = _MOST

    @staticmethod
    def _split(text: str) -> list[tuple[str, str]]:
        """Kind and text of each word; none at all if something is no word."""
        words: list[tuple[str, str]] = []
        place = 0
        while place < len(text):
            found = _WORD.match(text, place)
            if found is None or found.lastgroup is None:
                return []
            words.append((found.lastgroup, found[found.lastgroup]))
            place = found.end()
        return words

    def tree(self) -> Tree:
        """The dict; None if the text is no such thing."""
        try:
            found = self._value(DEPTH)
        except (IndexError, ValueError):
            return None
        return found if self._place == len(self._words) else None

    def _next(self) -> tuple[str, str]:
        word = self._words[self._place]
        self._place += 1
        return word

    def _value(self, depth: int) -> Tree:
        kind, text = self._next()
        if not depth or not self._left:
            raise ValueError("too deep, or too much")
        self._left -= 1
        if kind == "text":
            return text[1:-1]
        if kind == "number":
            return number_in(text)
        if kind == "name":
            return self._named(text)
        if text == "{":
            return self._dict(depth - 1)
        if text in ("[", "("):
            self._skip(_CLOSING[text])
            return None
        raise ValueError("no value")

    def _named(self, text: str) -> Tree:
        """`True`, or what a call of a known type holds."""
        if self._place < len(self._words) and self._words[self._place][1] == "(":
            self._place += 1
            kind, inner = self._words[self._place]
            self._skip(")")
            return number_in(inner) if kind == "number" and _CALL.fullmatch(text) else None
        return None

    def _skip(self, end: str) -> None:
        """Up to the end of a bracket that has been opened."""
        open_ = [end]
        while open_:
            kind, text = self._next()
            if kind != "sign":
                continue
            if text == open_[-1]:
                open_.pop()
            elif text in _CLOSING:
                open_.append(_CLOSING[text])

    def _dict(self, depth: int) -> Tree:
        found: dict[str, Tree] = {}
        while True:
            kind, text = self._next()
            if (kind, text) == ("sign", "}"):
                return found
            if kind == "sign":
                raise ValueError("no key")
            key = text[1:-1] if kind == "text" else text
            if self._next() != ("sign", ":"):
                raise ValueError("no colon")
            found[key] = self._value(depth)
            kind, text = self._next()
            if (kind, text) == ("sign", "}"):
                return found
            if (kind, text) != ("sign", ","):
                raise ValueError("no comma")
