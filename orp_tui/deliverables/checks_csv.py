"""Tables as text: header, rows and empty cells, read as a stream."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import BinaryIO

from orp_tui.core.checklist import CheckResult, Json
from orp_tui.deliverables.context import Context, FileFacts, Options, each_file
from orp_tui.deliverables.findings import Broken, CannotTell, counted, shown, some

_DELIMITERS = (",", ";", "\t", "|")
_MAX_LINE = 1024 * 1024
_NOT_A_NUMBER = frozenset({"", "nan", "na", "n/a", "#n/a", "null", "none", "<na>", "-nan"})


def check_csv(context: Context, options: Options) -> CheckResult:
    """A table with a header line, whose delimiter (`,` `;` tab `|`) is found by itself.

    `columns`: names that the header must hold. `min_rows`: rows besides the header, empty lines
    not counted. `no_nan`: true, or a list of columns, in which no cell may be empty, NaN, NA or null.
    """

    def look(file: FileFacts) -> tuple[str, Json]:
        with context.open(file.path) as opened:
            return look_at_table(opened, options)

    return each_file(context, "csv", look)


def look_at_table(file: BinaryIO, options: Options) -> tuple[str, Json]:
    """What `check_csv` says of one file. Without `min_rows` and `no_nan` only the header is read."""
    text = io.TextIOWrapper(file, encoding="utf-8-sig", errors="replace", newline="")
    try:
        return _look_at_lines(_lines(text), options)
    finally:
        text.detach()  # the file is the caller's to close


def _look_at_lines(lines: Iterator[str], options: Options) -> tuple[str, Json]:
    wanted = [str(name) for name in options.get("columns") or ()]
    try:
        first = next(lines)
    except StopIteration:
        raise Broken("empty file") from None
    reader = csv.reader(_chain(first, lines), delimiter=_delimiter(first, wanted))
    try:
        header = [name.strip() for name in next(reader, [])]
        missing = [name for name in wanted if name not in header]
        if missing:
            raise Broken(f"missing column: {some(missing)} (has: {some(header)})")
        if not options.get("min_rows") and not options.get("no_nan"):
            return f"columns {some(header)}", None
        rows = _count(reader, _watched(header, options.get("no_nan")))
    except csv.Error as error:
        raise Broken(f"line {reader.line_num:,}: {error}") from error
    least = int(options.get("min_rows") or 0)
    if rows < least:
        raise Broken(f"{counted(rows, 'row')}, needs {least:,}", rows)
    return counted(rows, "row"), rows


def _count(reader: Iterator[list[str]], watched: dict[int, str]) -> int:
    rows = 0
    for row in reader:
        if not row:
            continue
        rows += 1
        for place, name in watched.items():
            cell = row[place].strip() if place < len(row) else ""
            if cell.lower() in _NOT_A_NUMBER:
                what = shown(cell, 20) if cell else "empty" if place < len(row) else "cut off"
                raise Broken(f"row {rows:,}, column {shown(name)}: {what}")
    return rows


def _watched(header: list[str], no_nan: Json) -> dict[int, str]:
    """Place → name of the columns that may hold no NaN."""
    if not no_nan:
        return {}
    if no_nan is True:
        return dict(enumerate(header))
    names = [no_nan] if isinstance(no_nan, str) else [str(name) for name in no_nan]
    missing = [name for name in names if name not in header]
    if missing:
        raise Broken(f"missing column: {some(missing)} (has: {some(header)})")
    return {header.index(name): name for name in names}


def _delimiter(line: str, wanted: list[str]) -> str:
    """The one that finds most of the wanted columns, then the one that makes most columns."""

    def merit(delimiter: str) -> tuple[int, int]:
        try:
            header = [name.strip() for name in next(csv.reader([line], delimiter=delimiter), [])]
        except csv.Error:
            return (0, 0)
        return (sum(name in header for name in wanted), len(header))

    return max(_DELIMITERS, key=merit)  # of equals the first


def _lines(text: io.TextIOWrapper) -> Iterator[str]:
    while line := text.readline(_MAX_LINE):
        if len(line) >= _MAX_LINE:
            raise CannotTell("a line is longer than 1 MiB")
        yield line


def _chain(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest
