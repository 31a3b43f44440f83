"""What stands above a filter that is typed: what may come next, or what is wrong and where."""

from __future__ import annotations

from collections.abc import Sequence

from orp_tui.core.sanitise import cell_width, one_line

_LONGEST_CHOICE = 40


def listed(choices: Sequence[str], chosen: int | None, width: int) -> str:
    """As many choices as fit, the chosen one in brackets and always among them: ` cfg.lr [cfg.lr_decay]  +3`."""
    names = [one_line(choice, _LONGEST_CHOICE) for choice in choices]
    first = 0
    if chosen is not None:
        while first < chosen and sum(cell_width(name) + 2 for name in names[first : chosen + 1]) > width - 8:
            first += 1
    words = "" if not first else "… "
    for place in range(first, len(names)):
        name = f"[{names[place]}]" if place == chosen else f" {names[place]} "
        left = len(names) - place - 1
        if cell_width(words) + cell_width(name) + (len(f" +{left}") if left else 0) > width and place > first:
            return f"{words} +{left + 1}"
        words += name
    return words


def pointed(words: str, place: int, width: int) -> str:
    """Words with a sign that points at a cell of the line below: `v no such field`, or `no such field v`."""
    place = max(0, min(place, width - 1))
    behind = width - place - 2
    if cell_width(words) <= behind or behind >= place:
        return " " * place + "v " + one_line(words, max(1, behind))
    before = one_line(words, max(1, place - 1))
    return " " * (place - 1 - cell_width(before)) + before + " v"
