"""A filter as text: what `parse` reads as the same."""

from __future__ import annotations

from orp_tui.core.filters.expression import And, Compare, Everything, Expression, Not, Or, Word
from orp_tui.core.filters.fields import FIELDS, Kind, field_named
from orp_tui.core.filters.tokens import WORDS_OF_SIGNS, is_control
from orp_tui.core.filters.values import number_of

_STOPS = '()|"'
"""What ends a value, or opens a quoted part of it."""
_WORD_STOPS = _STOPS + ":=<>!'"


def text_of(expression: Expression) -> str:
    """A text that means it; empty for everything."""
    return "" if isinstance(expression, Everything) else _text(expression)


def value_text(text: str) -> str:
    """A value as it is written behind an operator, in quotes if it needs them.

    What no filter may hold, control characters, becomes `?`.
    """
    # `name==b` would be read as `name=b`.
    return _quoted(text, needed=text[:1] in tuple("'=<>") or _has_any(text, _STOPS))


def key_text(key: str) -> str:
    """A config key or a metric as it is written behind the dot."""
    return _quoted(key, needed=_has_any(key, _WORD_STOPS))


def word_text(text: str) -> str:
    """A bare word."""
    name, dot, _ = text.partition(".")
    field = field_named(name)
    is_sign = text in WORDS_OF_SIGNS or text.startswith("-") or bool(dot and field and field.keyed)
    return _quoted(text, needed=is_sign or _has_any(text, _WORD_STOPS))


def _text(expression: Expression) -> str:
    if isinstance(expression, Everything):
        return "*"
    if isinstance(expression, Word):
        return word_text(expression.text)
    if isinstance(expression, Compare):
        return _compare_text(expression)
    if isinstance(expression, Not):
        inner = _text(expression.part)
        return f"-({inner})" if isinstance(expression.part, And | Or) else f"-{inner}"
    if isinstance(expression, And):
        return " ".join(_part_text(part) for part in expression.parts)
    return " | ".join(_text(part) for part in expression.parts)


def _part_text(part: Expression) -> str:
    return f"({_text(part)})" if isinstance(part, Or) else _text(part)


def _compare_text(compare: Compare) -> str:
    key = f".{key_text(compare.key)}" if compare.key else ""
    value = value_text(compare.text)
    is_text = FIELDS[compare.field].kind is Kind.CONFIG and compare.number is None
    if is_text and value == compare.text and number_of(value) is not None:
        value = f'"{value}"'
    return f"{compare.field}{key}{compare.op}{value}"


def _has_any(text: str, stops: str) -> bool:
    return not text or any(char in stops or char.isspace() or is_control(char) for char in text)


def _quoted(text: str, *, needed: bool) -> str:
    if not needed:
        return text
    plain = "".join("?" if is_control(char) else char for char in text)
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'
