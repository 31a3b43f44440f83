"""CSV and TSV files as columns: the first rows, and the last."""

from __future__ import annotations

import csv
from collections.abc import Sequence

from orp_tui.core.sanitise import cell_width, one_line
from orp_tui.core.words import counted
from orp_tui.deliverables.findings import Broken
from orp_tui.services.preview import Preview
from orp_tui.services.preview_places import Opened

HEAD_ROWS, TAIL_ROWS = 200, 50
_HEAD, _TAIL = 256 << 10, 64 << 10
_MOST_COLUMNS = 60
_WIDEST = 32
_CHUNK = 1 << 20
_MOST_COUNTED = 64 << 20
_DELIMITERS = (",", ";", "\t", "|")


def table_preview(found: Opened) -> Preview:
    """Header and rows in columns, numbers to the right. Raises Broken for what is no table."""
    file = found.file
    file.seek(0)
    head = file.read(_HEAD)
    if b"\0" in head[:4096]:
        raise Broken("no table: it holds bytes that are no text")
    text = head.decode("utf-8-sig", "replace")
    first = text.splitlines()[0] if text.splitlines() else ""
    if not first.strip():
        raise Broken("no table: no header in its first line")
    delimiter = _delimiter(first)
    is_all = len(head) >= found.size
    rows = _rows(text if is_all else text.rpartition("\n")[0], delimiter)
    last = [] if is_all or not found.is_whole else _last_rows(found, delimiter)
    header, rows = rows[0], rows[1:]
    if is_all:
        last, rows = rows[HEAD_ROWS:][-TAIL_ROWS:], rows[:HEAD_ROWS]
    total = _count(found, "" if not is_all else text)
    rows = rows[:HEAD_ROWS]
    between = total is None or total > len(rows) + len(last)
    words = f"about {counted(found.size, 'byte')} of rows" if total is None else counted(total, "row")
    columns = counted(len(header), "column")
    return Preview(
        found.name,
        "table",
        found.size,
        facts=(f"{words}, {columns}",),
        body=tuple(_laid_out(header, rows, last, between=between and bool(last))),
        cut=_cut(header, total, len(rows) + len(last)),
    )


def _cut(header: Sequence[str], total: int | None, shown: int) -> str:
    parts = []
    if total is None or total > shown:
        parts.append("rows in between" if total is None else counted(total - shown, "row"))
    if len(header) > _MOST_COLUMNS:
        parts.append(counted(len(header) - _MOST_COLUMNS, "column"))
    return f"not shown: {' and '.join(parts)}" if parts else ""


def _delimiter(line: str) -> str:
    """The one that makes most columns of the header; of equals the first."""
    return max(_DELIMITERS, key=line.count)


def _rows(text: str, delimiter: str) -> list[list[str]]:
    try:
        return [row for row in csv.reader(text.splitlines(), delimiter=delimiter) if row] or [[]]
    except csv.Error as error:
        raise Broken(f"no table: {error}") from error


def _last_rows(found: Opened, delimiter: str) -> list[list[str]]:
    begin = max(_HEAD, found.size - _TAIL)
    found.file.seek(begin)
    lines = found.file.read(_TAIL).decode("utf-8", "replace").partition("\n")[2]
    return [row for row in _rows(lines, delimiter) if row][-TAIL_ROWS:]


def _count(found: Opened, text: str) -> int | None:
    """Rows besides the header, by the ends of lines; None if the file is too large to be counted."""
    if text:
        return max(0, sum(bool(line.strip()) for line in text.splitlines()) - 1)
    if found.size > _MOST_COUNTED or not found.is_whole:
        return None
    found.file.seek(0)
    lines, last = 0, b"\n"
    while chunk := found.file.read(_CHUNK):
        if found.deadline.is_over:
            return None
        lines += chunk.count(b"\n")
        last = chunk[-1:]
    return max(0, lines + (last != b"\n") - 1)


def _laid_out(
    header: Sequence[str], first: Sequence[Sequence[str]], last: Sequence[Sequence[str]], *, between: bool
) -> list[str]:
    """Aligned lines, a rule under the header, and a mark where rows were left out."""
    count = min(max([len(header), *map(len, first)], default=0), _MOST_COLUMNS)
    names, *cells = [_cells(row, count) for row in (header, *first, *last)]
    widths = [max(cell_width(row[at]) for row in (names, *cells)) for at in range(count)]
    right = [_is_numeric([row[at] for row in cells]) for at in range(count)]
    lines = [_line(row, widths, right) for row in (names, *cells)]
    lines.insert(1, "  ".join("-" * width for width in widths))
    if between:
        lines.insert(2 + len(first), "…")
    return lines


def _cells(row: Sequence[str], count: int) -> list[str]:
    shown = [one_line(text[: 4 * _WIDEST], _WIDEST) for text in row[:count]]
    return shown + [""] * (count - len(shown))


def _is_numeric(values: Sequence[str]) -> bool:
    filled = [value for value in values if value]
    return bool(filled) and all(_is_number(value) for value in filled)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _line(row: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    parts = []
    for text, width, is_right in zip(row, widths, right, strict=True):
        gap = " " * (width - cell_width(text))
        parts.append(gap + text if is_right else text + gap)
    return "  ".join(parts).rstrip()
