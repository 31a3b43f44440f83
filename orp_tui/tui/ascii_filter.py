"""Everything that is drawn, in ASCII: for fonts and locales without our signs.

A line filter of Textual, so that frames, scroll bars and whatever a widget draws go through it as
well. A sign becomes one that takes as many cells.
"""

from __future__ import annotations

import functools

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from orp_tui.core.sanitise import cell_width
from orp_tui.core.words import STATE_GLYPHS

_TWINS = {
    **dict.fromkeys("─━═╌┄╶╴▔▁⎯▀▄", "-"),
    **dict.fromkeys("│┃║▌▐▏▎▍▋▊▉┆╎", "|"),
    **dict.fromkeys("╭╮╰╯┌┐└┘├┤┬┴┼╔╗╚╝╠╣╦╩╬┏┓┗┛┣┫┳┻╋", "+"),
    **dict.fromkeys("█▇▆▅▓", "#"),
    **dict.fromkeys("▒▃▂", "="),
    **dict.fromkeys("░·•", "."),
    **dict.fromkeys("–—−‐‑", "-"),
    **dict.fromkeys("‘’", "'"),
    **dict.fromkeys("“”", '"'),
    "…": "~",
    "▾": "v",
    "▸": ">",
    "▲": "^",
    "▼": "v",
    "★": "*",
    "→": ">",
    "←": "<",
    "↑": "^",
    "↓": "v",
    "⇧": "^",
    "×": "x",
    "≤": "<",
    "≥": ">",
    "±": "+",
    "■": "=",
    "◇": ".",
    "°": " ",
    "\u00a0": " ",
    **dict(STATE_GLYPHS.values()),
}


class AsciiFilter(LineFilter):
    """Leaves nothing but ASCII."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [
            segment
            if segment.text.isascii()
            else Segment(in_ascii(segment.text), segment.style, segment.control)
            for segment in segments
        ]


@functools.lru_cache(maxsize=4096)
def in_ascii(text: str) -> str:
    """`text` with a twin for every sign that is not ASCII, `?` where there is none; as wide as before."""
    return "".join(char if char.isascii() else _TWINS.get(char, "?" * cell_width(char)) for char in text)
