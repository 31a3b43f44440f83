"""Which cells of a row must be sent so that the terminal shows what is wanted."""

from __future__ import annotations

from orp_tui.tui.output_stage.clusters import is_certain
from orp_tui.tui.output_stage.screen import SECOND_HALF, UNKNOWN, Row

Span = tuple[int, int]
"""First column, and the one behind the last."""

SHORT_GAP = 4
"""So many unchanged cells in the same pen cost no more than moving the cursor over them."""


def spans_of(shown: Row, wanted: Row) -> list[Span]:
    """The spans to send, from left to right; no wide character is cut, no unknown cell is in one."""
    spans = _joined(_changed(shown, wanted), wanted)
    if spans and not is_certain("".join(filter(None, wanted.texts))):
        spans = _with_rest(spans, wanted)
    return spans


def is_doubtful(text: str | None) -> bool:
    """Whether terminals may disagree on how wide the text of one cell is."""
    return text is not UNKNOWN and (len(text) > 1 or not is_certain(text))


def _changed(shown: Row, wanted: Row) -> list[Span]:
    """Each changed cell that is known, with the other half if it is half of a character."""
    cells = zip(shown.texts, wanted.texts, shown.pens, wanted.pens, strict=True)
    changed: list[Span] = []
    for column, (old, new, old_pen, new_pen) in enumerate(cells):
        if new is UNKNOWN or (old == new and (old_pen is new_pen or old_pen == new_pen)):
            continue
        begin = column - 1 if new == SECOND_HALF else column
        changed.append((begin, _end_of_character(wanted, column)))
    return changed


def _end_of_character(wanted: Row, column: int) -> int:
    following = column + 1
    wide = following < len(wanted.texts) and wanted.texts[following] == SECOND_HALF
    return following + 1 if wide else following


def _joined(changed: list[Span], wanted: Row) -> list[Span]:
    joined: list[Span] = []
    for begin, end in changed:
        if joined and _is_short(joined[-1][1], begin, wanted):
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((begin, end))
    return joined


def _is_short(begin: int, end: int, wanted: Row) -> bool:
    """Whether it is no dearer to send the cells between two spans than to go around them."""
    if begin >= end:
        return True
    pen = wanted.pens[begin - 1]
    return (
        end - begin <= SHORT_GAP
        and UNKNOWN not in wanted.texts[begin:end]
        and all(between == pen for between in wanted.pens[begin:end])
        and not any(map(is_doubtful, wanted.texts[begin:end]))
    )


def _with_rest(spans: list[Span], wanted: Row) -> list[Span]:
    """With everything right of the first doubtful cell that is sent: it may reach over its neighbours."""
    for place, (begin, end) in enumerate(spans):
        doubtful = next((x for x in range(begin, end) if is_doubtful(wanted.texts[x])), None)
        if doubtful is not None:
            return [*spans[:place], *_known(begin, wanted)]
    return spans


def _known(begin: int, wanted: Row) -> list[Span]:
    """The spans of known cells from a column to the end of the row."""
    spans: list[Span] = []
    for column in range(begin, len(wanted.texts)):
        if wanted.texts[column] is UNKNOWN:
            continue
        if spans and spans[-1][1] == column:
            spans[-1] = (spans[-1][0], column + 1)
        else:
            spans.append((column, column + 1))
    return spans
