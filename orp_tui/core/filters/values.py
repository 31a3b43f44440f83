"""The values of a filter: numbers, ages and sizes as people write them; and a config's values for comparing."""

from __future__ import annotations

import math
import re

from orp_tui.core.filters.errors import Wrong
from orp_tui.core.past_run import Scalar
from orp_tui.core.sanitise import one_line
from orp_tui.core.sizes import parse_size

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")
_MAX_NUMBER = 60
"""Characters: what is longer is a text of digits."""

DURATION_UNITS = {
    "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0, "w": 7 * 86400.0, "mo": 30 * 86400.0, "y": 365 * 86400.0,
}  # fmt: skip
"""A month has 30 days, a year 365."""
_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(min|mo|[smhdwy])")


def number_of(text: str) -> float | None:
    """The finite number that `text` is, whole; None for all else, `nan`, `inf` and `1e999` too."""
    if len(text) > _MAX_NUMBER or not _NUMBER.fullmatch(text):
        return None
    value = float(text)
    return value if math.isfinite(value) else None


def config_text(value: Scalar) -> str:
    """A config's value as text, before folding: `true`, `null`, `0.001`, `1e-05`, or the text itself."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if isinstance(value, float) else str(value)


def config_number(value: Scalar) -> float | None:
    """A config's value as number: a text that reads as one counts; a truth, a null and NaN do not."""
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, str):
        return number_of(value)
    try:
        number = float(value)
    except OverflowError:
        return None
    return None if math.isnan(number) else number


def plain_number(text: str) -> float:
    """A number. Raises Wrong."""
    number = number_of(text)
    if number is None:
        raise Wrong(f"{quoted(text)} is no number; write it as 0.9, 5 or 1e-3")
    return number


def duration_s(text: str) -> float:
    """Seconds: from `2d`, `90s`, `1h30m`, `2w`, `6mo`, `1y`. Raises Wrong."""
    total, place, smallest = 0.0, 0, math.inf
    while place < len(text):
        part = _PART.match(text, place)
        if part is None or DURATION_UNITS[part[2]] >= smallest or len(text) > _MAX_NUMBER:
            raise Wrong(_no_duration(text))
        smallest = DURATION_UNITS[part[2]]
        total += float(part[1]) * smallest
        place = part.end()
    return total


def _no_duration(text: str) -> str:
    if number_of(text) is not None and not text.startswith(("-", "+")):
        return (
            f"{quoted(text)} needs a unit: {text}s, {text}m, {text}h, {text}d, {text}w, {text}mo or {text}y"
        )
    return f"{quoted(text)} is no time; write 90s, 30m, 2h, 1h30m, 2d, 1w, 6mo or 1y"


def size_bytes(text: str) -> float:
    """Bytes: from `20GB` (10⁹), `16MiB` (2²⁰), or a plain number. Raises Wrong."""
    try:
        return float(parse_size(text))
    except ValueError as error:
        raise Wrong(one_line(str(error), 200)) from None


def quoted(text: str) -> str:
    """A word of the filter for a message."""
    return repr(one_line(text, 40))
