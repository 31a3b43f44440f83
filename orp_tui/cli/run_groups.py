"""`orp runs --group-by`: runs with the same values together, as a tree, with the mean of each metric over them."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from orp_tui.cli import output
from orp_tui.cli.run_query import Wanted
from orp_tui.core.columns import OF_METRICS, Column, scalar_text
from orp_tui.core.errors import UsageError
from orp_tui.core.past_run import Scalar
from orp_tui.core.sanitise import one_line, sanitise
from orp_tui.services.catalog import Catalog, Group, SortKey

if TYPE_CHECKING:
    from orp_tui.analysis.intervals import Interval

Json = dict[str, Any]  # Any: values as JSON gives them

_PRIMARY = Column("primary")


def metrics_of(wanted: Wanted) -> tuple[Column, ...]:
    """Whose means are shown: the metrics among the columns and those sorted by, else the primary metric."""
    named = [*wanted.columns, *(key.column for key in wanted.query.sort)]
    found = tuple(
        dict.fromkeys(column for column in named if column.kind in OF_METRICS or column == _PRIMARY)
    )
    return found or (_PRIMARY,)


def read_groups(catalog: Catalog, wanted: Wanted) -> list[Group]:
    """Groups by all keys, in the order that was asked for.

    Raises UsageError for a column that can't be grouped or sorted by.
    """
    metrics = metrics_of(wanted)
    for key in wanted.query.sort:
        if key.column not in (*wanted.group_by, *metrics):
            raise UsageError(
                f"groups can't be sorted by {key.column}: only by what they are grouped by, and by metrics"
            )
    return catalog.groups(wanted.query, wanted.group_by, metrics)


def tree_table(catalog: Catalog, wanted: Wanted, limit: int) -> tuple[str, int]:
    """The tree as a table, and how many of its rows are not shown; `limit` 0 shows all."""
    metrics = metrics_of(wanted)
    levels = []
    for depth in range(1, len(wanted.group_by) + 1):
        found = catalog.groups(wanted.query, wanted.group_by[:depth], metrics)
        levels.append(found if depth < len(wanted.group_by) else read_groups(catalog, wanted))
    rows = [
        [f"{'  ' * level}{_label(wanted.group_by[level], group)}", str(group.count), *_means(group, metrics)]
        for level, group in _ordered(levels, (), wanted)
    ]
    shown = rows[: limit or None]
    head = ["GROUP", "RUNS", *(column.heading for column in metrics)]
    return _drawn(head, shown), len(rows) - len(shown)


def _drawn(head: list[str], rows: list[list[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    for row in (head, *rows):
        row[1] = row[1].rjust(widths[1])
    return output.table(head, rows)


def _label(key: Column, group: Group) -> str:
    name = key.key or key.kind
    return f"{one_line(name, 40)}={one_line(scalar_text(group.values[-1]), 60)}"


def _means(group: Group, metrics: Sequence[Column]) -> list[str]:
    found = (group.metrics.get(str(column)) for column in metrics)
    return [str(interval) if interval is not None and interval.n else "-" for interval in found]


def _ordered(
    levels: Sequence[Sequence[Group]], path: tuple[Scalar, ...], wanted: Wanted
) -> list[tuple[int, Group]]:
    """Level and group of each row below `path`, from the top."""
    depth = len(path)
    if depth == len(levels):
        return []
    below = [group for group in levels[depth] if _same(group.values[:depth], path)]
    found = []
    for group in sorted_groups(below, wanted, depth):
        found.append((depth, group))
        found += _ordered(levels, group.values, wanted)
    return found


def _same(left: Sequence[Scalar], right: Sequence[Scalar]) -> bool:
    """Values of one group are told as its newest run has them: 1 and 1.0, `Adam` and `adam` are the same."""
    return [_key(value) for value in left] == [_key(value) for value in right]


def _key(value: Scalar) -> object:
    return value.casefold() if isinstance(value, str) else value


def sorted_groups(found: Sequence[Group], wanted: Wanted, depth: int) -> list[Group]:
    """Siblings in the order that was asked for; without a wish, or a value there, as they were and last."""
    groups = list(found)
    for key in reversed(wanted.query.sort):
        known = [group for group in groups if _value(group, key, wanted, depth) is not None]
        rest = [group for group in groups if _value(group, key, wanted, depth) is None]
        known.sort(key=lambda group: _order(_value(group, key, wanted, depth)), reverse=key.descending)
        groups = known + rest
    return groups


def _value(group: Group, key: SortKey, wanted: Wanted, depth: int) -> Scalar:
    if key.column in wanted.group_by[: depth + 1]:
        return group.values[wanted.group_by.index(key.column)]
    interval = group.metrics.get(str(key.column))
    return interval.mean if interval is not None else None


def _order(value: Scalar) -> tuple[int, float | str]:
    """Numbers stand before texts."""
    return (1, value.casefold()) if isinstance(value, str) else (0, float(value or 0))


def groups_json(found: Sequence[Group], wanted: Wanted) -> list[Json]:
    """Each group for scripts."""
    return [
        {
            "values": {str(key): value for key, value in zip(wanted.group_by, group.values, strict=True)},
            "runs": group.count,
            "metrics": {name: _interval_json(interval) for name, interval in group.metrics.items()},
        }
        for group in found
    ]


def _interval_json(interval: Interval) -> Json:
    return {"n": interval.n, "mean": interval.mean, "low": interval.low, "high": interval.high}


def groups_csv(found: Sequence[Group], wanted: Wanted) -> str:
    """A line a group, without the last line's end."""
    metrics = [str(column) for column in metrics_of(wanted)]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    ends = ("n", "mean", "low", "high")
    writer.writerow(
        [*map(str, wanted.group_by), "runs", *(f"{name} {end}" for name in metrics for end in ends)]
    )
    for group in found:
        values = [sanitise(value) if isinstance(value, str) else value for value in group.values]
        means = [getattr(group.metrics[name], end) for name in metrics for end in ends]
        writer.writerow([*values, group.count, *means])
    return text.getvalue().removesuffix("\n")
