"""Sanitised text in lines of a given width, by terminal cells."""

from __future__ import annotations

from orp_tui.core.sanitise import cell_width, one_line


def wrapped(text: str, width: int) -> list[str]:
    """One line of text as several of at most `width` cells, broken at spaces where there are any; at least one."""
    width = max(1, width)
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        candidate = f"{line} {word}" if line else word
        if cell_width(candidate) <= width:
            line = candidate
            continue
        if line:
            lines.append(line)
        *whole, line = pieces(word, width)
        lines.extend(whole)
    return [*lines, line]


def pieces(word: str, width: int) -> list[str]:
    """A text cut into parts of at most `width` cells (of one character where that is wider); at least one."""
    if word.isascii():
        return [word[at : at + width] for at in range(0, len(word), width)] or [""]
    made = [""]
    used = 0
    for char in word:
        taken = cell_width(char)
        if used + taken > width and made[-1]:
            made.append("")
            used = 0
        made[-1] += char
        used += taken
    return made


def tail_of_path(path: str, width: int) -> str:
    """A path in at most `width` cells: its end is what tells it from others, so its begin goes first."""
    if cell_width(path) <= width:
        return path
    parts = path.split("/")
    for start in range(1, len(parts)):
        shorter = "…/" + "/".join(parts[start:])
        if cell_width(shorter) <= width:
            return shorter
    return one_line(parts[-1], width)
