"""The pen: how the next character is drawn, and the shortest sequence from one pen to another.

Colours and attributes are kept as the codes that set them, so every colour system passes
through as it came.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import NamedTuple

CSI = "\x1b["


class Pen(NamedTuple):
    """Attributes, colours and link of a cell."""

    attributes: tuple[str, ...] = ()
    """SGR codes that are on, in the order in which they are sent."""
    foreground: str = ""
    """SGR codes that set it, as `38;2;255;0;0`; empty: the terminal's own colour."""
    background: str = ""
    underline_colour: str = ""
    link: str = ""
    """Parameters and address of OSC 8, with a semicolon between; empty: no link."""


PLAIN = Pen()
"""The pen after a reset."""

RESET = CSI + "m"

_ATTRIBUTES = ("1", "2", "3", "4", "5", "6", "7", "8", "9", "21", "51", "52", "53")
_OFF = {
    "22": ("1", "2"),
    "23": ("3",),
    "24": ("4", "21"),
    "25": ("5", "6"),
    "27": ("7",),
    "28": ("8",),
    "29": ("9",),
    "54": ("51", "52"),
    "55": ("53",),
}
_SAFE_OFF = {"1": "22", "2": "22", "3": "23", "4": "24", "5": "25", "7": "27", "8": "28", "9": "29"}
"""What every terminal knows how to switch off alone; for the others the pen is reset."""
_FOREGROUNDS = frozenset(str(code) for code in (*range(30, 38), *range(90, 98)))
_BACKGROUNDS = frozenset(str(code) for code in (*range(40, 48), *range(100, 108)))
_PLACES = ("38", "48", "58")
_DEFAULTS = {"39": "38", "49": "48", "59": "58"}


@functools.lru_cache(maxsize=4096)
def after_codes(pen: Pen, codes: str) -> Pen | None:
    """The pen after `CSI codes m`; None if a code is not known, and so what it draws."""
    remaining = iter(codes.split(";"))
    for code in remaining:
        changed = _after_code(pen, code, remaining)
        if changed is None:
            return None
        pen = changed
    return pen


def _after_code(pen: Pen, code: str, following: Iterator[str]) -> Pen | None:
    if code in ("", "0", "00"):
        return Pen(link=pen.link)
    if code in _ATTRIBUTES:
        return pen._replace(attributes=_sorted({*pen.attributes, code}))
    if code in _OFF:
        return pen._replace(attributes=tuple(on for on in pen.attributes if _kind(on) not in _OFF[code]))
    if code in _FOREGROUNDS:
        return pen._replace(foreground=code)
    if code in _BACKGROUNDS:
        return pen._replace(background=code)
    if code in _DEFAULTS:
        return _with_colour(pen, _DEFAULTS[code], "")
    if code in _PLACES:
        colour = _colour(code, following)
        return _with_colour(pen, code, colour) if colour else None
    return _after_colons(pen, code)


def _colour(code: str, following: Iterator[str]) -> str:
    """The whole code of a colour of the palette or a true one; empty if it is neither."""
    kind = next(following, "")
    values = [next(following, "") for _ in range({"5": 1, "2": 3}.get(kind, 0))]
    return ";".join((code, kind, *values)) if values and all(map(str.isdigit, values)) else ""


def _after_colons(pen: Pen, code: str) -> Pen | None:
    """`4:3` and `38:2::1:2:3`: what is written with colons is one code."""
    first, colon, _ = code.partition(":")
    if not colon:
        return None
    if first in _PLACES:
        return _with_colour(pen, first, code)
    if first != "4":
        return None
    others = {on for on in pen.attributes if _kind(on) not in _OFF["24"]}
    return pen._replace(attributes=_sorted(others if code == "4:0" else {*others, code}))


def _with_colour(pen: Pen, place: str, colour: str) -> Pen:
    """`place` is the code that begins a colour: 38 before, 48 behind, 58 beneath."""
    if place == "38":
        return pen._replace(foreground=colour)
    return pen._replace(background=colour) if place == "48" else pen._replace(underline_colour=colour)


def _kind(attribute: str) -> str:
    return attribute.partition(":")[0]


def _sorted(attributes: set[str]) -> tuple[str, ...]:
    return tuple(sorted(attributes, key=lambda code: (int(_kind(code)), code)))


@functools.lru_cache(maxsize=8192)
def turn(old: Pen, new: Pen) -> str:
    """The shortest sequence that makes a terminal whose pen is `old` draw with `new`."""
    link = "" if old.link == new.link else f"\x1b]8;{new.link or ';'}\x1b\\"
    if old[:4] == new[:4]:
        return link
    step = _step(old, new)
    whole = _whole(new)
    return link + (whole if step is None or len(whole) <= len(step) else step)


def _whole(pen: Pen) -> str:
    codes = [*pen.attributes, *filter(None, pen[1:4])]
    return f"{CSI}0;{';'.join(codes)}m" if codes else RESET


def _step(old: Pen, new: Pen) -> str | None:
    """Only what differs; None if something must go that not every terminal can switch off alone."""
    gone = [code for code in old.attributes if code not in new.attributes]
    if not all(code in _SAFE_OFF for code in gone) or (old.underline_colour and not new.underline_colour):
        return None
    off = dict.fromkeys(_SAFE_OFF[code] for code in gone)
    codes = [*off]
    # One code ends bold and dim, another every underline.
    ended = {code for end in off for code in _OFF[end]}
    codes += [code for code in new.attributes if code not in old.attributes or _kind(code) in ended]
    if old.foreground != new.foreground:
        codes.append(new.foreground or "39")
    if old.background != new.background:
        codes.append(new.background or "49")
    if old.underline_colour != new.underline_colour:
        codes.append(new.underline_colour)
    return f"{CSI}{';'.join(codes)}m"
