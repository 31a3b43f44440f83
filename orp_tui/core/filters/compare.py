"""A field, an operator and a value → a comparison that makes sense, or what is wrong with it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from orp_tui.core.filters import dates
from orp_tui.core.filters.errors import Wrong
from orp_tui.core.filters.expression import Compare
from orp_tui.core.filters.fields import (
    FIELDS,
    ORDER,
    Field,
    Kind,
    field_named,
    has_target,
    members,
    share_target,
)
from orp_tui.core.filters.folding import is_glob
from orp_tui.core.filters.limits import MAX_STARS
from orp_tui.core.filters.tokens import Token
from orp_tui.core.filters.values import duration_s, number_of, plain_number, quoted, size_bytes
from orp_tui.core.sanitise import one_line


def field_of(token: Token) -> tuple[Field, str]:
    """The field that is written before an operator, and its key. Raises Wrong."""
    name, dot, key = token.text.partition(".")
    field = field_named(name)
    if token.plain < len(name) or field is None:
        raise Wrong(_no_field(token, name))
    if field.keyed and not key:
        raise Wrong(f"{field.name} needs a key; write {field.shown}, as {field.examples[0]}")
    if dot and not field.keyed:
        raise Wrong(f"{field.name} has no keys; write {field.name} alone, as {field.examples[0]}")
    return field, key


def operator_of(field: Field, op: str) -> None:
    """Raises Wrong if the field does not take it."""
    if op in field.ops:
        return
    if op in ORDER:
        raise Wrong(f"{field.name} has no order; it takes {_listed(field.ops)}, as {field.examples[0]}")
    raise Wrong(f"{field.name} takes {_listed(field.ops)}, as {field.examples[0]}")


def compared(field: Field, key: str, op: str, text: str, *, is_quoted: bool = False) -> Compare:
    """The comparison. In quotes a config's value is a text, though it read as a number. Raises Wrong."""
    number: float | None = None
    if field.kind is Kind.NUMBER:
        number = plain_number(text)
    elif field.kind is Kind.DURATION:
        number = duration_s(text)
    elif field.kind is Kind.SIZE:
        number = size_bytes(text)
    elif field.kind is Kind.DATE:
        text = text.lower() if text.lower() in dates.DATE_WORDS else text
        dates.span(text, 0.0)
    elif field.kind is Kind.DELIVERABLES:
        number = _share(op, text)
    elif field.kind is Kind.CONFIG:
        number = _config_value(op, text, is_quoted)
    elif field.kind is Kind.HAS:
        text = _has_value(text)
    elif field.kind in (Kind.CHOICE, Kind.IS):
        text = _choice(field, op, text)
    if field.kind in (Kind.TEXT, Kind.CONFIG) and text.count("*") > MAX_STARS:
        raise Wrong(f"more than {MAX_STARS} * in one word")
    return Compare(field.name, key, op, text, number)


def _share(op: str, text: str) -> float | None:
    share, count, total = share_target(text)
    if total is not None and op in ORDER:
        raise Wrong(f"{quoted(text)} has no order; write a count, or a share as 66%")
    return share if share is not None else count if total is None else None


def _config_value(op: str, text: str, is_quoted: bool) -> float | None:
    if op in ORDER:
        return plain_number(text)
    return None if is_quoted else number_of(text)


def _has_value(text: str) -> str:
    if not text:
        raise Wrong("nothing stands in the quotes; write what it has, as has:zip or has:cfg.lr")
    kind, word = has_target(text)
    return word if kind == "part" else text if kind == "any" else f"{kind}.{word}"


def _choice(field: Field, op: str, text: str) -> str:
    text = text.lower()
    if text in field.choices or (field.kind is Kind.CHOICE and members(field.name, op, text)):
        return text
    noun = "property" if field.kind is Kind.IS else field.name
    if is_glob(text):
        raise Wrong(f"no {noun} answers to {quoted(text)}; there are {_listed(field.choices)}")
    near = _meant(text, field.choices)
    raise Wrong(f"{quoted(text)} is no {noun}{near or '.'} There are {_listed(field.choices)}")


def _no_field(token: Token, name: str) -> str:
    shown = one_line(name, 40)
    if token.is_quoted or not shown.replace("_", "").replace("-", "").isalnum():
        return "no field stands before the operator; to look for the text put all of it in quotes"
    near = _meant(name.lower(), FIELDS)
    return f"there is no field {shown!r}{near or '.'} A config key is cfg.{shown}, a metric metric.{shown}"


def _meant(text: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(text, list(known), 1)
    return f"; did you mean {near[0]}?" if near else ""


def _listed(words: Iterable[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} or {last}" if first else last
