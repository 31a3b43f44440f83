"""Words of a line that are completed from those that are known, one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def word_at(text: str, cursor: int) -> tuple[int, int]:
    """Begin and end of the word that ends at, or goes on behind, the cursor; both the cursor if there is none."""
    start = cursor
    while start and not text[start - 1].isspace():
        start -= 1
    end = cursor
    while end < len(text) and not text[end].isspace():
        end += 1
    return start, end


def fitting(typed: str, known: Iterable[str], without: Sequence[str] = ()) -> tuple[str, ...]:
    """Those that begin so, then those that have it in them, upper and lower case alike; `without` those."""
    wanted = typed.casefold()
    left_out = {word.casefold() for word in without}
    found = [word for word in known if wanted in word.casefold() and word.casefold() not in left_out]
    return tuple(sorted(found, key=lambda word: not word.casefold().startswith(wanted)))
