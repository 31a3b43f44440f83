"""The page and its files: our own page around the terminal that textual-serve brings, nothing from elsewhere.

textual-serve's own page takes a font from the internet, holds scripts that a strict policy
forbids, and names its server by what it was told rather than by what the browser asked for.
"""

from __future__ import annotations

import html
import re
import string
from pathlib import Path

import textual_serve

_OURS = Path(__file__).parent / "assets"
_THEIRS = Path(textual_serve.__file__).parent / "static"

FILES: dict[str, tuple[Path, str]] = {
    "page.css": (_OURS / "page.css", "text/css"),
    "page.js": (_OURS / "page.js", "text/javascript"),
    "xterm.css": (_THEIRS / "css" / "xterm.css", "text/css"),
    "textual.js": (_THEIRS / "js" / "textual.js", "text/javascript"),
    "mono.ttf": (_THEIRS / "fonts" / "RobotoMono-VariableFont_wght.ttf", "font/ttf"),
    "mono-italic.ttf": (_THEIRS / "fonts" / "RobotoMono-Italic-VariableFont_wght.ttf", "font/ttf"),
}
"""Name in the address → file and type. What is not here can't be asked for, by whatever path."""

_FONT_SIZE, _FONT_SIZES = 16, (8, 40)


def page(*, title: str, websocket_url: str, font_size: str | None) -> str:
    """The page of one tab; `font_size` is in pixels and may be anything, since it comes from the address."""
    template = string.Template((_OURS / "page.html").read_text("utf-8"))
    size = int(font_size) if font_size and re.fullmatch(r"[0-9]{1,3}", font_size) else _FONT_SIZE
    return template.substitute(
        title=html.escape(title),
        websocket_url=html.escape(websocket_url),
        font_size=min(max(size, _FONT_SIZES[0]), _FONT_SIZES[1]),
    )
