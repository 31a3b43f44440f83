"""The least bytes that make a terminal which shows one thing show another."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from orp_tui.tui.output_stage.pencil import Pencil, Place
from orp_tui.tui.output_stage.pens import PLAIN
from orp_tui.tui.output_stage.screen import Row
from orp_tui.tui.output_stage.scrolls import scroll_between, scrolled
from orp_tui.tui.output_stage.spans import spans_of


class Patch(NamedTuple):
    """What to send, and what the terminal shows then."""

    text: str
    """Empty if it shows already what is wanted."""
    rows: list[Row]
    cursor: Place | None
    """Where it leaves the cursor; None: not known."""
    scrolled: bool


def patch(
    shown: list[Row],
    wanted: list[Row],
    touched: Collection[int],
    *,
    cursor: tuple[Place | None, Place | None],
    pen_known: bool = True,
) -> Patch:
    """From `shown` to `wanted`, which may differ in the rows `touched` alone.

    `cursor`: where it is and where it is wanted, None: not known, anywhere. With `pen_known` the
    terminal draws in its own colours before and after, else after.
    """
    changed = [row for row in sorted(touched) if shown[row] != wanted[row]]
    plain = _pencil(cursor[0], pen_known=pen_known)
    _draw(plain, shown, wanted, changed)
    scroll = scroll_between(shown, wanted, changed)
    if scroll is not None:
        pencil = _pencil(cursor[0], pen_known=pen_known)
        pencil.scroll(*scroll)
        moved = scrolled(shown, scroll)
        _draw(pencil, moved, wanted, sorted({*changed, *range(scroll.top, scroll.bottom + 1)}))
        if pencil.length < plain.length:
            return _finished(pencil, moved, wanted, cursor[1], scrolled=True)
    return _finished(plain, shown, wanted, cursor[1], scrolled=False)


def _pencil(cursor: Place | None, *, pen_known: bool) -> Pencil:
    return Pencil(cursor, PLAIN if pen_known else None)


def _draw(pencil: Pencil, shown: list[Row], wanted: list[Row], rows: Collection[int]) -> None:
    for number in rows:
        for span in spans_of(shown[number], wanted[number]):
            pencil.draw(number, wanted[number], span)


def _finished(
    pencil: Pencil, shown: list[Row], wanted: list[Row], cursor: Place | None, *, scrolled: bool
) -> Patch:
    pencil.rest()
    if cursor is not None:
        pencil.move(*cursor)
    rows = [before if before == after else after.copy() for before, after in zip(shown, wanted, strict=True)]
    return Patch("".join(pencil.sent), rows, pencil.cursor, scrolled)
