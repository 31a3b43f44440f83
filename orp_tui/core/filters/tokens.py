"""The text of a filter → its words and signs, each with its place."""

from __future__ import annotations

import dataclasses
import enum

from orp_tui.core.filters.errors import FilterError

OPERATORS = (">=", "<=", "!=", "==", ":", "=", "<", ">")
"""The longer ones first; `==` is taken as `=`, and `:>` as `>`."""
QUOTES = "\"'"
WORDS_OF_SIGNS = {"OR": "|", "AND": "&", "NOT": "!"}
"""In capitals, alone and without quotes they stand for signs; `&` is what a blank means too."""


class Kind(enum.Enum):
    """What a token is."""

    TEXT = "text"
    OP = "operator"
    NOT = "not"
    OR = "or"
    AND = "and"
    OPEN = "("
    CLOSE = ")"


_SIGNS = {"|": Kind.OR, "&": Kind.AND, "!": Kind.NOT, "-": Kind.NOT, "(": Kind.OPEN, ")": Kind.CLOSE}


@dataclasses.dataclass(frozen=True, slots=True)
class Token:
    """One word or sign."""

    kind: Kind
    text: str
    """Without quotes; of an operator as `Compare.op` has it."""
    start: int
    end: int
    """Where it stands in the filter, quotes included, as a slice."""
    plain: int
    """How many of its first characters stood outside of quotes."""

    @property
    def is_quoted(self) -> bool:
        """Whether any part stood in quotes."""
        return self.plain < self.end - self.start


def tokens(text: str) -> list[Token]:
    """All of them, in order. What stands behind an operator is one value, whatever signs are in it.

    Raises FilterError for an open quote, a control character, or a bracket that sticks to a word.
    """
    found: list[Token] = []
    place = 0
    while place < len(text):
        if text[place].isspace():
            place += 1
            continue
        found.append(_next(text, place, found[-1].kind if found else None))
        place = found[-1].end
    return found


def _next(text: str, place: int, before: Kind | None) -> Token:
    """The token that begins at `place`, which is no blank."""
    char = text[place]
    if before is Kind.OP:
        # Whatever it begins with, `-1` and `<b>` too: it is the value.
        return _sign(text, place) if char in "()|" else _piece(text, place, is_value=True)
    if (op := operator_at(text, place)) and not (char == "!" and before is not Kind.TEXT):
        return op
    return _sign(text, place) if char in "()|-!" else _piece(text, place, is_value=False)


def _sign(text: str, place: int) -> Token:
    return Token(_SIGNS[text[place]], text[place], place, place + 1, 1)


def operator_at(text: str, place: int) -> Token | None:
    """The operator that begins there; None if there is none."""
    for op in OPERATORS:
        if text.startswith(op, place):
            end = place + len(op)
            if op == ":" and text.startswith(("<", ">"), end):
                return operator_at(text, end)
            return Token(Kind.OP, "=" if op == "==" else op, place, end, len(op))
    return None


def _piece(text: str, place: int, *, is_value: bool) -> Token:
    """A word, or a value: up to a blank, a bracket, `|` or, of a word, an operator; quoted parts are whole."""
    start, plain, is_plain = place, 0, True
    parts: list[str] = []
    while place < len(text):
        char = text[place]
        if char == '"' or (char == "'" and (place == start or text[place - 1] == ".")):
            part, place = _quoted(text, place)
            parts.append(part)
            is_plain = False
            continue
        if char.isspace() or char in "()|" or (not is_value and operator_at(text, place)):
            break
        _refuse_control(text, place)
        parts.append(char)
        plain += is_plain
        place += 1
    if text.startswith("(", place):
        words = "a bracket sticks to the word before it; put a blank between, or the whole word in quotes"
        raise FilterError(text, place, 1, words)
    word = "".join(parts)
    kind = Kind.TEXT
    if word in WORDS_OF_SIGNS and is_plain and not is_value and not operator_at(text, place):
        kind, word = _SIGNS[WORDS_OF_SIGNS[word]], word
    return Token(kind, word, start, place, plain)


def _quoted(text: str, place: int) -> tuple[str, int]:
    """What stands in the quotes that open at `place`, and the place behind them. `\\` keeps a quote from closing."""
    quote, at = text[place], place + 1
    parts: list[str] = []
    while at < len(text):
        char = text[at]
        if char == quote:
            return "".join(parts), at + 1
        if char == "\\" and text[at + 1 : at + 2] in (*QUOTES, "\\"):
            at += 1
            char = text[at]
        _refuse_control(text, at)
        parts.append(char)
        at += 1
    raise FilterError(text, place, len(text) - place, f"this quote is never closed; add a {quote} at its end")


def is_control(char: str) -> bool:
    """What no filter may hold: control characters and halves of surrogate pairs."""
    return char < " " or "\x7f" <= char <= "\x9f" or "\ud800" <= char <= "\udfff"


def _refuse_control(text: str, place: int) -> None:
    if is_control(text[place]):
        words = f"a control character (U+{ord(text[place]):04X}) cannot be looked for; ? stands for any one"
        raise FilterError(text, place, 1, words)
