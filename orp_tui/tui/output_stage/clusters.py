"""What one cell holds: a character with its marks, how wide it is, and whether that is certain.

Terminals agree on the width of letters, digits, lines, blocks and East Asian characters. On
marks, emoji, their joined sequences and everything rare they differ, with each other and with
Textual: such a cluster is doubtful, and nothing is taken for granted about where the cursor is
behind it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

MOST_MARKS = 64
"""Code points of one cluster at most; a terminal keeps fewer."""

_NARROW = (
    " -~\xa0-\xac\xae-\u02ff"  # ASCII and Latin, without the soft hyphen
    "\u0370-\u0377\u037a-\u037f\u0384-\u038a\u038c\u038e-\u03a1\u03a3-\u0482\u048a-\u052f"  # Greek, Cyrillic
    "\u1e00-\u1eff\u2010-\u2027\u2030-\u203b\u203d-\u2048"  # more Latin; punctuation, without ‼ and ⁉
    "\u2070\u2071\u2074-\u208e\u20a0-\u20bf\u2190-\u2193\u2200-\u22ff"  # superscripts, money, arrows, mathematics
    "\u2500-\u25a9\u25ac-\u25b5\u25b7-\u25bf\u25c1-\u25fa"  # lines, blocks, shapes that are no emoji
    "\u2713\u2717\u2718\u2800-\u28ff"  # marks of our states, braille
)
_WIDE = "\u3001-\u3003\u3008-\u3011\u3041-\u3096\u30a1-\u30fa\u30fc\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uff01-\uff60"

is_narrow = re.compile(f"[{_NARROW}]*").fullmatch
"""Whether each character of a text fills one cell on every terminal."""
is_certain = re.compile(f"[{_NARROW}{_WIDE}]*").fullmatch
"""Whether every terminal agrees on the width of each character of a text."""

_SURROGATES = re.compile("[\ud800-\udfff]")


def clusters_of(text: str) -> Iterator[tuple[str, int]]:
    """The clusters of a text and their widths, 0 to 2 cells, as Textual counts them.

    A width of 0 comes only first: marks that belong to the character before the text.
    """
    # Imported here: its tables cost time, and most texts never need them.
    from rich.cells import split_graphemes

    text = _SURROGATES.sub("\ufffd", text)
    for start, end, width in split_graphemes(text)[0]:
        yield text[start : min(end, start + MOST_MARKS)], width
