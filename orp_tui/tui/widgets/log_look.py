"""Colours of a log → styles of the screen."""

from __future__ import annotations

import functools
from collections.abc import Iterator

from rich.color import Color
from rich.style import Style

_NAMES = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
_ON = {
    1: Style(bold=True),
    2: Style(dim=True),
    3: Style(italic=True),
    4: Style(underline=True),
    7: Style(reverse=True),
    9: Style(strike=True),
    21: Style(underline2=True),
    53: Style(overline=True),
}
_OFF = {
    22: Style(bold=False, dim=False),
    23: Style(italic=False),
    24: Style(underline=False, underline2=False),
    27: Style(reverse=False),
    29: Style(strike=False),
    55: Style(overline=False),
}


@functools.lru_cache(maxsize=2048)
def sgr_style(parameters: str) -> Style:
    """The look of an SGR sequence's parameters, as `1;38;5;9`; what is not known is passed over."""
    style = Style.null()
    numbers = _numbers(parameters)
    for number in numbers:
        if number == 0:
            style = Style.null()
        elif number in (38, 48):
            colour = _extended(numbers)
            if colour is not None:
                style += Style(color=colour) if number == 38 else Style(bgcolor=colour)
        else:
            style += _simple(number)
    return style


def _simple(number: int) -> Style:
    if number in _ON:
        return _ON[number]
    if number in _OFF:
        return _OFF[number]
    for low, prefix in ((30, ""), (90, "bright_")):
        if low <= number < low + 8:
            return Style(color=prefix + _NAMES[number - low])
        if low + 10 <= number < low + 18:
            return Style(bgcolor=prefix + _NAMES[number - low - 10])
    if number == 39:
        return Style(color="default")
    return Style(bgcolor="default") if number == 49 else Style.null()


def _numbers(parameters: str) -> Iterator[int]:
    # `38:2::r:g:b` has an empty place for a colour space, which `38;2;r;g;b` lacks.
    plain = parameters.replace(":2::", ":2:").replace(":", ";")
    return iter([int(part) if part.isdecimal() else 0 for part in plain.split(";")])


def _extended(numbers: Iterator[int]) -> Color | None:
    """What follows 38 or 48: `5;n` or `2;r;g;b`."""
    form = next(numbers, 0)
    if form == 5:
        return Color.from_ansi(min(255, next(numbers, 0)))
    if form == 2:
        red, green, blue = (min(255, next(numbers, 0)) for _ in range(3))
        return Color.from_rgb(red, green, blue)
    return None
