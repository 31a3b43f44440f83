"""What a run's metrics are measured by: the thresholds of its deliverables, and its baseline."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any

from orp_tui.charts.lines import Guide, Guides, plain_name
from orp_tui.core.errors import OrpError
from orp_tui.core.words import number
from orp_tui.services.context import Context
from orp_tui.services.last_metrics import last_primary
from orp_tui.services.reference import find_run

Json = dict[str, Any]  # Any: values as JSON gives them


def guides_of(context: Context, request: Json) -> Guides:
    """What the experiment of a run says; a baseline that can't be found is left out."""
    found: dict[str, list[Guide]] = {}
    for metric, guide in [*_thresholds(request), *_baseline(context, request)]:
        guides = found.setdefault(plain_name(metric), [])
        if guide not in guides:
            guides.append(guide)
    return {metric: tuple(guides) for metric, guides in found.items()}


def together(every: Iterable[Guides]) -> Guides:
    """Of several runs, each once."""
    found: dict[str, dict[Guide, None]] = {}
    for guides in every:
        for metric, some in guides.items():
            found.setdefault(metric, {}).update(dict.fromkeys(some))
    return {metric: tuple(some) for metric, some in found.items()}


def _thresholds(request: Json) -> Iterator[tuple[str, Guide]]:
    for item in _listed(request.get("deliverables")):
        for check in _listed(item.get("checks")):
            metric, sign, value = (check.get(key) for key in ("metric", "operator", "value"))
            if check.get("check") != "threshold" or not isinstance(metric, str):
                continue
            if isinstance(value, int | float) and math.isfinite(value):
                yield metric, Guide("goal", float(value), f"goal {sign} {number(value)}")


def _baseline(context: Context, request: Json) -> Iterator[tuple[str, Guide]]:
    """The newest value of the primary metric of the run that `analysis.baseline` names."""
    whole = request.get("experiment")
    try:
        reference, name = whole["analysis"]["baseline"], whole["metrics"]["primary"]["name"]  # type: ignore[index]
        with context.store() as connection:
            run = find_run(connection, str(reference), context.paths)
        last = last_primary(context.paths.run(run.id), str(name))
    except (KeyError, TypeError, OrpError, OSError, sqlite3.Error):
        return
    if last is not None and last.name == name and math.isfinite(last.value) and run.id != request.get("id"):
        yield name, Guide("baseline", last.value, f"baseline {number(last.value)}")


def _listed(value: object) -> list[Json]:
    """The mappings in a list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
