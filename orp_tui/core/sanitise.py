"""Text from outside → text that can't act on a terminal.

Logs, names, tags, metric keys, paths and exception texts are hostile: they may move
the cursor, set the clipboard, reorder what is read or pile up marks over the rows
above. The rules, in this order:

1. Whole escape sequences are dropped: CSI, OSC, DCS, APC, PM, SOS and the short
   `ESC x`, in their 7-bit and their C1 forms. A string sequence ends at BEL or ST and
   holds no newline; one without its end is no sequence: its text stays readable.
   With `keep_colours` the SGR sequences (`ESC[1;31m`) stay, less conceal and blink, and
   a text that would leave a colour switched on ends with a reset.
2. Other C0 controls and DEL become their control pictures (`␛`, `␀`). A tab stays, a
   newline only if asked for.
3. C1 controls, bidirectional controls, line and paragraph separators and lone
   surrogates become U+FFFD, so that one sees that something stood there.
4. What has no width and no ink is dropped: zero-width spaces and joiners, soft hyphens,
   variation selectors, tag characters, Hangul fillers. An emoji joined of several is
   shown as several, so that every terminal agrees on the width.
5. Of a run of combining marks the first 8 stay.

Markup of Rich and Textual is not escaped here: draw the text with `markup=False`.
"""

from __future__ import annotations

import functools

MARKS_KEPT = 8
"""Combining marks that stay in a run: more than any living script stacks."""


def sanitise(text: str, *, keep_colours: bool = False, keep_newlines: bool = False) -> str:
    """`text` by the rules above; what none of them can touch comes back as it is."""
    if _is_harmless(text):
        return text
    from orp_tui.core.hostile_text import cleaned

    return cleaned(text, keep_colours=keep_colours, keep_newlines=keep_newlines)


def one_line(text: str, width: int | None = None) -> str:
    """`text` on one line for a table or a label, cut to `width` terminal cells with `…`.

    Runs of white space, newlines included, become one space. None is no limit.
    """
    line = text
    if not (text.isascii() and text.isprintable() and "  " not in text):
        line = _plain_line(text)
    line = line.strip()
    if width is None or (len(line) <= width and line.isascii()) or cell_width(line) <= width:
        return line
    return _cut(line, width)


def _is_harmless(text: str) -> bool:
    """Whether no rule can touch the text: printable, of blocks without marks and without empty letters.

    Said without the patterns of `hostile_text`, for ORP's own words with their `·` and `✓`:
    compiling them takes longer than most commands.
    """
    if not text.isprintable():
        return False
    return text.isascii() or all(
        char < "\u0300" or "\u2010" <= char < "\u20d0" or "\u2100" <= char < "\u2c00" for char in text
    )


def _plain_line(text: str) -> str:
    if not _is_harmless(text) and (not text.isascii() or "\x1b" in text):
        from orp_tui.core.hostile_text import without_sequences

        text = without_sequences(text)
    return sanitise(" ".join(text.split()))


def cell_width(text: str) -> int:
    """Terminal cells that a sanitised text takes: wide characters 2, combining marks 0."""
    if text.isascii():
        return len(text)
    return sum(map(_cells, text))


@functools.lru_cache(maxsize=4096)
def _cells(char: str) -> int:
    import unicodedata

    if char < "\u0300":
        return 1
    if unicodedata.east_asian_width(char) in "WF":
        return 2
    return 0 if unicodedata.category(char) in ("Mn", "Me") or "\u1160" <= char <= "\u11ff" else 1


def _cut(line: str, width: int) -> str:
    if width <= 0:
        return ""
    used = 0
    for place, char in enumerate(line):
        used += _cells(char)
        if used > width - 1:
            return line[:place].rstrip() + "…"
    return line
