"""Saved views of the list of runs: a filter, columns, an order and groups under a name.

They lie in `views.json` of the base directory, where the command line and all dashboards find them.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from orp_tui.core.columns import parse_column
from orp_tui.core.errors import OrpError, UsageError
from orp_tui.core.sanitise import one_line, sanitise
from orp_tui.files import locks
from orp_tui.files.atomic import read_json, write_json
from orp_tui.services.context import Context, writing_to

Json = dict[str, Any]  # Any: values as JSON gives them

MOST = 200
LONGEST_NAME = 40
_LONGEST_FILTER = 4_000
_MOST_COLUMNS = 100
_WAIT_S = 10.0


@dataclasses.dataclass(frozen=True)
class View:
    """One saved view. Names of columns are such as `core.columns.parse_column` takes."""

    name: str
    filter: str = ""
    """In the filter language; empty: all runs."""
    columns: tuple[str, ...] = ()
    """Empty: the usual ones."""
    sort: tuple[str, ...] = ()
    """Columns, the first counts most; with `-` in front the largest first. Empty: the newest first."""
    group_by: tuple[str, ...] = ()
    """Columns; empty: no groups."""

    def to_json(self) -> Json:
        """As the file holds it."""
        return {key: list(value) if isinstance(value, tuple) else value for key, value in vars(self).items()}

    @classmethod
    def from_json(cls, data: Json) -> View:
        """Raises KeyError, TypeError or UsageError for what is no view."""
        lists = {name: tuple(data.get(name, ())) for name in ("columns", "sort", "group_by")}
        texts = (data["name"], data.get("filter", ""), *(item for items in lists.values() for item in items))
        if not all(isinstance(item, str) for item in texts):
            raise TypeError("all of a view is text")
        view = cls(name=data["name"], filter=data.get("filter", ""), **lists)
        check_view(view)
        return view


def check_view(view: View) -> None:
    """Raises UsageError, or its FilterError, if the view can't be shown or saved."""
    if not view.name.strip() or view.name != view.name.strip() or sanitise(view.name) != view.name:
        raise UsageError(f"{one_line(view.name, 60)!r} can be no view's name: it is a line of plain text")
    if len(view.name) > LONGEST_NAME:
        raise UsageError(f"a view's name has at most {LONGEST_NAME} characters")
    if len(view.filter) > _LONGEST_FILTER:
        raise UsageError(f"a view's filter has at most {_LONGEST_FILTER} characters")
    names = (*view.columns, *(name.removeprefix("-") for name in view.sort), *view.group_by)
    if len(names) > _MOST_COLUMNS:
        raise UsageError(f"a view has at most {_MOST_COLUMNS} columns")
    try:
        for name in names:
            parse_column(name)
    except ValueError as error:
        raise UsageError(str(error)) from error
    from orp_tui.core.filters.parse import parse

    parse(view.filter)


def read_views(context: Context) -> tuple[View, ...]:
    """All views in the order in which they were first saved; what is none is left out.

    Raises UsageError if the file can't be read or is no such file at all.
    """
    views: dict[str, View] = {}
    for data in _read(context):
        with contextlib.suppress(KeyError, TypeError, AttributeError, UsageError):
            view = View.from_json(data)
            views.setdefault(view.name.casefold(), view)
    return tuple(views.values())


def find_view(context: Context, name: str) -> View:
    """The view of that name, upper and lower case alike. Raises UsageError with the nearest if there is none."""
    views = read_views(context)
    for view in views:
        if view.name.casefold() == name.casefold():
            return view
    import difflib

    near = difflib.get_close_matches(name, [view.name for view in views], 1)
    names = ", ".join(view.name for view in views[:20])
    hint = f"did you mean {near[0]!r}?" if near else f"there are {names}" if names else "none is saved yet"
    raise UsageError(f"no view is called {one_line(name, 60)!r}; {hint}")


def save_view(context: Context, view: View) -> bool:
    """Save a view; whether it took the place of one of that name.

    Raises UsageError if it is none, or there are too many; OrpError if it can't be written.
    """
    check_view(view)
    replaced = False

    def changed(views: Sequence[View]) -> list[View]:
        nonlocal replaced
        key = view.name.casefold()
        replaced = any(other.name.casefold() == key for other in views)
        if replaced:
            return [view if other.name.casefold() == key else other for other in views]
        if len(views) >= MOST:
            raise UsageError(f"there are {MOST} views already; drop one")
        return [*views, view]

    _change(context, changed)
    return replaced


def drop_view(context: Context, name: str) -> View:
    """Forget a view. Raises UsageError if there is none of that name, OrpError if that can't be written."""
    dropped = find_view(context, name)
    key = dropped.name.casefold()
    _change(context, lambda views: [view for view in views if view.name.casefold() != key])
    return dropped


def _change(context: Context, change: Callable[[Sequence[View]], list[View]]) -> None:
    with writing_to(context.paths):
        context.paths.state.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _alone(context):
            views = change(read_views(context))
            write_json(_file(context), {"schema": 1, "views": [view.to_json() for view in views]})


@contextlib.contextmanager
def _alone(context: Context) -> Iterator[None]:
    deadline = time.monotonic() + _WAIT_S
    while (descriptor := locks.take(context.paths.state / "views.lock")) is None:
        if time.monotonic() >= deadline:
            raise OrpError(f"{_file(context)}: somebody else writes it; try again")
        time.sleep(0.02)
    try:
        yield
    finally:
        os.close(descriptor)


def _read(context: Context) -> list[Json]:
    path = _file(context)
    try:
        data = read_json(path)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path}: is damaged ({error}); mend it or move it away") from error
    if data is None:
        return []
    views = data.get("views") if isinstance(data, dict) else None
    if not isinstance(views, list):
        raise UsageError(f"{path}: holds no views; mend it or move it away")
    return views


def _file(context: Context) -> Path:
    return context.paths.base / "views.json"
