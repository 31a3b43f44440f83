"""What `orp runs` is asked, put together of its words, its options and a saved view."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from orp_tui.core.columns import USUAL, Column, parse_column
from orp_tui.core.errors import UsageError
from orp_tui.core.filters.build import all_of
from orp_tui.core.filters.expression import EVERYTHING
from orp_tui.core.filters.parse import parse
from orp_tui.services.catalog import Query, SortKey
from orp_tui.services.views import View

_ARCHIVED = "is:archived"
_WITH_ARCHIVED = "(is:archived | -is:archived)"


@dataclasses.dataclass(frozen=True)
class Wanted:
    """Everything that the list is to be."""

    filter: str
    """Of the words and the view together, as it would be typed."""
    query: Query
    columns: tuple[Column, ...]
    """Empty: the usual table."""
    group_by: tuple[Column, ...]

    @property
    def is_everything(self) -> bool:
        return self.query.filter == EVERYTHING


def read_wanted(
    words: Sequence[str],
    *,
    view: View | None,
    columns: Sequence[str],
    sort: Sequence[str],
    reverse: bool,
    group_by: Sequence[str],
    archived: str,
) -> Wanted:
    """The options as values; `archived` is `""`, `all` or `only`.

    Raises FilterError for a filter, UsageError for a column.
    """
    text = joined_filter(view.filter if view is not None else "", " ".join(words))
    found = parse(text)
    if archived:
        found = all_of(found, parse(_ARCHIVED if archived == "only" else _WITH_ARCHIVED))
    view = view or View("")
    keys = [_sort_key(name, reverse=reverse) for name in names_of(sort) or view.sort]
    if reverse and not keys:
        keys = [SortKey(Column("submitted"))]
    return Wanted(
        text,
        Query(found, tuple(keys)),
        _columns(names_of(columns) or view.columns),
        tuple(map(_column, names_of(group_by) or view.group_by)),
    )


def joined_filter(first: str, second: str) -> str:
    """Both filters as one; parts with `|` in them in brackets."""
    parts = [part.strip() for part in (first, second) if part.strip()]
    if len(parts) < 2:
        return "".join(parts)
    return " ".join(f"({part})" if "|" in part else part for part in parts)


def as_view(name: str, wanted: Wanted) -> View:
    """What is shown, to be saved."""
    sort = tuple(f"-{key.column}" if key.descending else str(key.column) for key in wanted.query.sort)
    return View(name, wanted.filter, tuple(map(str, wanted.columns)), sort, tuple(map(str, wanted.group_by)))


def names_of(texts: Sequence[str]) -> list[str]:
    """`a,b` once or several times."""
    return [name.strip() for text in texts for name in text.split(",") if name.strip()]


def _columns(names: Sequence[str]) -> tuple[Column, ...]:
    """The columns; with a plus in front they come behind the usual ones."""
    added = [_column(name[1:]) for name in names if name.startswith("+")]
    chosen = [_column(name) for name in names if not name.startswith("+")]
    if added and not chosen:
        chosen = [parse_column(name) for name in USUAL]
    return tuple(dict.fromkeys([*chosen, *added]))


def _sort_key(name: str, *, reverse: bool) -> SortKey:
    return SortKey(_column(name.removeprefix("-")), name.startswith("-") is not reverse)


def _column(name: str) -> Column:
    try:
        return parse_column(name)
    except ValueError as error:
        raise UsageError(str(error)) from error
