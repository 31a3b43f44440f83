"""The columns of lists of runs: what may be shown, sorted and grouped by, under one name everywhere."""

from __future__ import annotations

import dataclasses
import time

from orp_tui.core.past_run import PastRun, Scalar
from orp_tui.core.sanitise import one_line
from orp_tui.core.words import duration, number, size, state_word

PLAIN: dict[str, str] = {
    "id": "RUN",
    "name": "NAME",
    "state": "STATE",
    "reason": "REASON",
    "detail": "WHY",
    "age": "AGE",
    "submitted": "SUBMITTED",
    "duration": "TIME",
    "seed": "SEED",
    "deliverables": "DELIV",
    "size": "SIZE",
    "zip": "ZIP",
    "tags": "TAGS",
    "star": "STAR",
    "note": "NOTE",
    "group": "GROUP",
    "project": "PROJECT",
    "by": "BY",
    "parent": "PARENT",
    "batch": "BATCH",
    "variant": "VARIANT",
    "commit": "COMMIT",
    "host": "HOST",
    "exit": "EXIT",
    "primary": "PRIMARY",
}
"""Name of a column → its heading."""

OF_METRICS = ("metric", "first", "last", "best", "min", "max")
"""`metric.NAME` is its last value, as `last.NAME`."""
OF_CONFIG = "cfg"

_EACH_ITS_OWN = ("age", "submitted", "duration", "size", "tags")
"""Hardly two runs have the same there: no groups come of them."""

USUAL = ("id", "name", "state", "primary", "deliverables", "age", "duration", "reason", "tags", "size")
"""What a list shows if nobody has chosen; what has no room in 80 columns stands last."""


@dataclasses.dataclass(frozen=True)
class Column:
    """One column."""

    kind: str
    """A key of PLAIN, one of OF_METRICS, or OF_CONFIG."""
    key: str = ""
    """The config key or the metric; empty for those of PLAIN."""

    def __str__(self) -> str:
        return f"{self.kind}.{self.key}" if self.key else self.kind

    @property
    def heading(self) -> str:
        """For the head of a table; a key is text from outside."""
        if not self.key:
            return PLAIN[self.kind]
        return one_line(self.key if self.kind in (OF_CONFIG, "metric") else f"{self.kind} {self.key}", 40)

    @property
    def is_groupable(self) -> bool:
        """Whether runs can be grouped by it."""
        return self.kind not in _EACH_ITS_OWN

    @property
    def is_number(self) -> bool:
        """Whether its cells are put to the right."""
        return self.kind in (
            *OF_METRICS,
            "age",
            "duration",
            "seed",
            "deliverables",
            "size",
            "exit",
            "primary",
        )


def parse_column(text: str) -> Column:
    """The column that a name means. Raises ValueError with the nearest names."""
    kind, dot, key = text.strip().partition(".")
    kind = kind.lower()
    if dot and key and (kind in OF_METRICS or kind == OF_CONFIG):
        return Column("metric" if kind == "last" else kind, key)
    if not dot and kind in PLAIN:
        return Column(kind)
    import difflib

    near = difflib.get_close_matches(kind, [*PLAIN, OF_CONFIG, *OF_METRICS], 1)
    hint = f"; did you mean {near[0]}?" if near else ""
    raise ValueError(
        f"{one_line(text, 60)!r} is no column{hint} There are {', '.join(PLAIN)}, "
        "cfg.KEY, metric.NAME, first.NAME, best.NAME, min.NAME and max.NAME"
    )


def value_of(column: Column, run: PastRun, now: float) -> Scalar:
    """What a run is sorted and grouped by in a column; None stands last, whichever way it is sorted."""
    if column.kind == OF_CONFIG:
        return run.config.get(column.key)
    if column.kind in OF_METRICS:
        return metric_value(column, run)
    values: dict[str, Scalar] = {
        "id": run.id, "name": run.name, "state": run.state.value, "reason": run.reason, "detail": run.detail,
        "age": now - run.submitted_at, "submitted": run.submitted_at, "duration": run.elapsed_s(now),
        "seed": run.seed, "size": run.bytes, "zip": run.zip, "tags": " ".join(run.tags) or None,
        "star": run.is_starred, "note": run.note or None, "group": run.group, "project": run.project,
        "by": run.submitted_by, "parent": run.parent, "batch": run.batch, "variant": run.variant,
        "commit": run.commit or None, "host": run.host or None, "exit": run.exit_code,
        "primary": run.primary_value,
    }  # fmt: skip
    if column.kind == "deliverables":
        return (run.deliverables_valid or 0) / run.deliverables_total if run.deliverables_total else None
    return values[column.kind]


def metric_value(column: Column, run: PastRun) -> float | None:
    """The value of a column of OF_METRICS."""
    found = run.metrics.get(column.key)
    if found is None:
        return None
    if column.kind == "first":
        return found.first
    if column.kind == "best":
        return found.best(column.key)
    return {"min": found.lowest, "max": found.highest}.get(column.kind, found.last)


def cell_text(column: Column, run: PastRun, now: float | None = None) -> str:
    """What stands in the cell: one harmless line, `-` for nothing."""
    now = time.time() if now is None else now
    value = value_of(column, run, now)
    if column.kind == "deliverables":
        return f"{run.deliverables_valid or 0}/{run.deliverables_total}" if run.deliverables_total else "-"
    if column.kind == "state":
        return state_word(run.state)
    if column.kind == "star":
        return "*" if run.is_starred else ""
    if column.kind == "zip":
        return one_line(run.zip.partition(":")[0], 20)
    if value is None:
        return "-"
    if column.kind == "submitted":
        return time.strftime("%Y-%m-%d %H:%M", time.localtime(run.submitted_at))
    if column.kind in ("age", "duration"):
        return duration(float(value))
    if column.kind == "size":
        return size(float(value))
    if column.kind == "commit":
        return one_line(str(value), 10)
    if column.kind == "variant":
        return str(value)[:8]
    if column.kind == "primary":
        return one_line(f"{run.primary} {number(float(value))}", 60)
    return scalar_text(value)


def scalar_text(value: Scalar) -> str:
    """A value as people read it, one harmless line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "-"
    if isinstance(value, float):
        return number(value)
    return one_line(str(value), 200)
