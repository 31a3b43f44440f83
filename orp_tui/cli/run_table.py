"""The list of runs as a table, as CSV and as JSON."""

from __future__ import annotations

import csv
import io
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from orp_tui.cli import output
from orp_tui.cli.commands.status import metric_json, run_json, standing_of_all
from orp_tui.core.columns import Column, cell_text, value_of
from orp_tui.core.past_run import PastRun
from orp_tui.core.run import Run
from orp_tui.core.sanitise import cell_width, one_line, sanitise
from orp_tui.core.words import duration
from orp_tui.services.context import Context
from orp_tui.services.judged import Standing, shown_standing
from orp_tui.services.queue_acts import code_of
from orp_tui.services.watch import RunView, view
from orp_tui.store import runs

Json = dict[str, Any]  # Any: values as JSON gives them

_WIDEST = {"name": 32, "detail": 100, "note": 60, "tags": 40}
_OTHERS = 60
_BAD = "31;1"
_DAMAGED = "damaged"
_MOST_SAID = 5


class Listed:
    """The runs to show, with what only their rows and folders tell."""

    def __init__(self, context: Context, found: Sequence[PastRun]) -> None:
        self.found = found
        self.now = time.time()
        self._paths = context.paths
        with context.store() as connection:
            rows = runs.some(connection, [run.id for run in found])
        self.views = {run_id: view(context.paths, row) for run_id, row in rows.items()}
        self.codes = {run.id: code_of(context.paths, run.id) for run in found}
        self.stand = self._standings(context)

    def _standings(self, context: Context) -> Mapping[str, Standing]:
        """How those stand that have logged anything."""
        stand = standing_of_all(context, [item for item in self.views.values() if item.state.is_active])
        for run_id, item in self.views.items():
            shown = shown_standing(self._paths.run(run_id)) if item.state.is_final else None
            if shown is not None:
                stand[run_id] = shown
        return stand


def usual_table(listed: Listed) -> str:
    """What matters of each run; columns that all lack are left out."""
    has_tags = any(run.tags or run.is_starred for run in listed.found)
    rows = []
    for run in listed.found:
        item = listed.views.get(run.id)
        metric = listed.stand[run.id].words if run.id in listed.stand else "-"
        took = item.elapsed_s(listed.now) if item is not None else run.elapsed_s(listed.now)
        rows.append(
            (
                run.id,
                one_line(run.name, 32),
                _state(run, item),
                output.local_time(run.submitted_at),
                duration(took),
                _deliverables(run, item),
                *([metric] if listed.stand else []),
                one_line(listed.codes[run.id] or "-", 40),
                *([_marks(run)] if has_tags else []),
                one_line(_why(run, item), 100),
            )
        )
    metric_heading, tags_heading = ("METRIC",) * bool(listed.stand), ("TAGS",) * has_tags
    headings = (
        "RUN",
        "NAME",
        "STATE",
        "SUBMITTED",
        "TIME",
        "DELIV",
        *metric_heading,
        "CODE",
        *tags_heading,
        "WHY",
    )
    return output.table(headings, rows, paint=2)


def _state(run: PastRun, item: RunView | None) -> str:
    if run.problem:
        return output.painted(f"! {_DAMAGED}", _BAD, sys.stdout)
    return output.state_label(item.state if item is not None else run.state, sys.stdout)


def _why(run: PastRun, item: RunView | None) -> str:
    return run.problem or (item.detail if item is not None else run.detail) or ""


def _deliverables(run: PastRun, item: RunView | None) -> str:
    row: Run | PastRun = item.run if item is not None else run
    return f"{row.deliverables_valid or 0}/{row.deliverables_total}" if row.deliverables_total else "-"


def _marks(run: PastRun) -> str:
    return one_line(" ".join([*(["*"] if run.is_starred else []), *run.tags]), _WIDEST["tags"]) or "-"


def chosen_table(found: Iterable[PastRun], columns: Sequence[Column]) -> str:
    """The columns that were asked for; numbers stand to the right. Only cells are kept, not runs."""
    now = time.time()
    heads = [column.heading for column in columns]
    cells = [[_cell(column, run, now) for column in columns] for run in found]
    for place, column in enumerate(columns):
        if column.is_number:
            width = max(cell_width(row[place]) for row in (heads, *cells))
            for row in (heads, *cells):
                row[place] = " " * (width - cell_width(row[place])) + row[place]
    painted = next((place for place, column in enumerate(columns) if column.kind == "state"), None)
    return output.table(heads, cells, paint=painted)


def _cell(column: Column, run: PastRun, now: float) -> str:
    if column.kind == "state":
        return _state(run, None)
    if column.kind == "detail" and run.problem:
        return one_line(run.problem, _WIDEST["detail"])
    return one_line(cell_text(column, run, now), _WIDEST.get(column.kind, _OTHERS))


def say_damaged(damaged: Sequence[PastRun]) -> None:
    """Name the runs whose folders are not what they should be."""
    for run in damaged[:_MOST_SAID]:
        words = output.painted(f"{run.id}: {one_line(run.problem, 200)}", _BAD, sys.stderr)
        output.say(f"orp: {words}")
    if len(damaged) > _MOST_SAID:
        output.say(f"orp: {len(damaged) - _MOST_SAID} more are damaged; `orp runs is:damaged` lists all")


def csv_lines(found: Iterable[PastRun], columns: Sequence[Column]) -> Iterator[str]:
    """Names of columns first, then a line a run with plain values, empty for none; each without its end."""
    now = time.time()
    yield _csv_line([str(column) for column in columns])
    for run in found:
        yield _csv_line([_plain(column, run, now) for column in columns])


def _csv_line(values: Sequence[object]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(values)
    return text.getvalue()


def _plain(column: Column, run: PastRun, now: float) -> object:
    if column.kind == "submitted":
        return output.utc_time(run.submitted_at)
    value = value_of(column, run, now)
    if isinstance(value, bool):
        return str(value).lower()
    return sanitise(value) if isinstance(value, str) else value


def to_json(listed: Listed) -> list[Json]:
    """Every run for scripts."""
    return [_run_json(listed, run) for run in listed.found]


def _run_json(listed: Listed, run: PastRun) -> Json:
    item = listed.views.get(run.id)
    known = run_json(item, listed.now) if item is not None else _bare_json(run, listed.now)
    return known | {
        "code": listed.codes[run.id],
        "metric": metric_json(listed.stand.get(run.id)),
        "seed": run.seed,
        "tags": list(run.tags),
        "starred": run.is_starred,
        "archived": run.is_archived,
        "note": run.note,
        "deliverables_valid": run.deliverables_valid,
        "deliverables_total": run.deliverables_total,
        "bytes": run.bytes,
        "config": dict(run.config),
        "metrics": {name: {"first": it.first, "last": it.last, "min": it.lowest, "max": it.highest} for name, it in run.metrics.items()},
        "primary": run.primary,
        "primary_value": run.primary_value,
        "parent": run.parent,
        "retry_of": run.retry_of,
        "resume_of": run.resume_of,
        "batch": run.batch,
        "project": run.project,
        "submitted_by": run.submitted_by,
        "commit": run.commit or None,
        "host": run.host or None,
        "imported_from": run.imported_from or None,
        "problem": run.problem or None,
    }  # fmt: skip


def _bare_json(run: PastRun, now: float) -> Json:
    """As `run_json`, of a folder that no row knows."""
    return {
        "id": run.id, "name": run.name, "state": run.state.value, "marks": [], "group": run.group, "priority": 0,
        "gpus": [], "reason": run.reason, "detail": run.detail, "exit_code": run.exit_code, "signal": None,
        "submitted_at": output.utc_time(run.submitted_at), "started_at": output.utc_time(run.started_at),
        "ended_at": output.utc_time(run.ended_at), "elapsed_s": run.elapsed_s(now), "left_s": None,
        "starts_in_s": None, "alert": None,
    }  # fmt: skip
