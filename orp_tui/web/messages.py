"""What a tab may say: the text messages of textual-serve's page, checked before anything is done with them."""

from __future__ import annotations

import dataclasses
import json

COLUMNS, ROWS = (20, 500), (5, 200)
"""Least and most cells of a screen; a size beyond is brought within."""


@dataclasses.dataclass(frozen=True)
class Typed:
    """Keys, mouse or a paste, as a terminal sends them."""

    text: str


@dataclasses.dataclass(frozen=True)
class Resized:
    """The tab has another size, in cells."""

    columns: int
    rows: int


@dataclasses.dataclass(frozen=True)
class Pinged:
    """To be sent back as it is."""

    mark: str


@dataclasses.dataclass(frozen=True)
class Focused:
    """The terminal has, or has lost, the keyboard."""

    has_focus: bool


Message = Typed | Resized | Pinged | Focused


def read_message(text: str) -> Message | None:
    """The message in one frame; None for what is none, which is then ignored."""
    try:
        kind, *rest = json.loads(text)
    except (ValueError, TypeError, RecursionError):
        return None
    match kind, rest:
        case "stdin", [str() as typed]:
            return Typed(typed)
        case "resize", [{"width": width, "height": height}]:
            return Resized(*cells(width, height))
        case "ping", [str() as mark]:
            return Pinged(mark[:100])
        case (("focus" | "blur"), _):
            return Focused(kind == "focus")
    return None


def cells(width: object, height: object) -> tuple[int, int]:
    """Columns and rows as a browser says them, brought within what a screen can be; 80 and 24 if it says none."""
    return _cells(width, 80, COLUMNS), _cells(height, 24, ROWS)


def _cells(value: object, usual: int, limits: tuple[int, int]) -> int:
    if isinstance(value, str):
        value = int(value) if value.isascii() and value.isdecimal() and len(value) < 6 else usual
    if not isinstance(value, int):
        return usual
    return min(max(value, limits[0]), limits[1])
