"""The core schema of YAML 1.2: what a word without quotes means.

`no`, `on`, `12:30:00` and `2026-11-24` are text; `012` is the number 12; `1e-4` is 0.0001.
Source: YAML 1.2.2, section 10.3.2.
"""

from __future__ import annotations

import math
import re

MAX_DIGITS = 100
"""Of a number; longer ones are ids or mistakes, and slow to convert."""

Scalar = str | int | float | bool | None

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT = re.compile(r"[-+]?[0-9]+")
_OCTAL = re.compile(r"0o[0-7]+")
_HEX = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_INF = re.compile(r"([-+]?)\.(?:inf|Inf|INF)")
_NAN = frozenset({".nan", ".NaN", ".NAN"})
CORE_TAG = "tag:yaml.org,2002:"


class BadScalar(ValueError):
    """A word that can't be read as what it claims to be; the text says what to do."""


def resolve_plain(text: str) -> Scalar:
    """The value of a word without quotes.

    Raises BadScalar for a number of more than 100 digits, or too large for a float.
    """
    if text in _NULL:
        return None
    if text in _BOOL:
        return _BOOL[text]
    if text[0] not in "+-.0123456789":
        return checked(text)
    if (number := _number(text)) is not None:
        return number
    return checked(text)


def checked(text: str) -> str:
    """`text`, if it can be written as UTF-8.

    Raises BadScalar for half of a surrogate pair, which only an escape can make.
    """
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        raise BadScalar(f"{text[:40]!a} holds half a character; write it whole") from None
    return text


def _number(text: str) -> int | float | None:
    if _INT.fullmatch(text):
        return int(_short(text))
    if _OCTAL.fullmatch(text):
        return int(_short(text)[2:], 8)
    if _HEX.fullmatch(text):
        return int(_short(text)[2:], 16)
    if infinite := _INF.fullmatch(text):
        return -math.inf if infinite[1] == "-" else math.inf
    if text in _NAN:
        return math.nan
    if not _FLOAT.fullmatch(text):
        return None
    value = float(_short(text))
    if math.isinf(value):
        raise BadScalar(f"the number {text} is too large for a float; write .inf if that is meant")
    return value


def _short(text: str) -> str:
    if len(text) > MAX_DIGITS:
        raise BadScalar(f"a number of {len(text):,} digits; put it in quotes if it is text")
    return text


def resolve_tagged(tag: str, text: str) -> Scalar:
    """The value of a scalar with a tag, of which only those of the core schema are allowed.

    Raises BadScalar.
    """
    if tag in ("!", f"{CORE_TAG}str"):
        return checked(text)
    if not tag.startswith(CORE_TAG) or tag[len(CORE_TAG) :] not in ("int", "float", "bool", "null"):
        raise BadScalar(f"the tag {_shown(tag)} is not allowed; write plain values")
    wanted = tag[len(CORE_TAG) :]
    value = resolve_plain(text)
    if wanted == "float" and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if {"int": int, "float": float, "bool": bool, "null": type(None)}[wanted] is type(value):
        return value
    raise BadScalar(f"{text[:40]!r} is no {wanted}")


def _shown(tag: str) -> str:
    return f"!!{tag[len(CORE_TAG) :]}"[:80] if tag.startswith(CORE_TAG) else tag[:80]
