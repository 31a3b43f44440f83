"""What a digest tells of alerts and of new best runs, as lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from orp_tui.cli import output
from orp_tui.cli.commands.status import metric_json
from orp_tui.core.sanitise import one_line
from orp_tui.core.words import number
from orp_tui.services.digest import Alert, Best, Digest

MOST_ALERTS, MOST_BESTS, _NAME = 8, 10, 28


def alert_lines(found: Digest, width: int) -> Iterator[str]:
    """The newest alert of each condition of each run, and how many there were."""
    alike: dict[tuple[str, str], list[Alert]] = {}
    for item in found.alerts:
        alike.setdefault((item.run_id, item.record.rule), []).append(item)
    if alike:
        yield ""
        yield f"alerts: {len(found.alerts)}"
    for items in list(alike.values())[:MOST_ALERTS]:
        newest = items[0]
        many = f" ×{len(items)}" if len(items) > 1 else ""
        head = f"{output.local_time(newest.record.at)} {one_line(newest.name, _NAME)} {newest.run_id}{many}"
        yield fit(f"    {head}", width)
        yield from wrapped(newest.record.line, width, "      ")
    if len(alike) > MOST_ALERTS:
        yield f"    … and {len(alike) - MOST_ALERTS} more; `orp info RUN` has those of a run"


def best_lines(found: Digest, width: int) -> Iterator[str]:
    """The new best of each experiment that has one."""
    if found.bests:
        yield ""
        yield "new best:"
    for item in found.bests[:MOST_BESTS]:
        flag = " (!)" if item.metric.warning else ""
        yield fit(f"    {one_line(item.name, _NAME)}  {item.metric.words}{flag}  {item.run_id}", width)
        if item.before is not None:
            run_id, old = item.before
            yield fit(f"      was {number(old.value)}, {run_id}", width)
        if item.metric.warning:
            yield from wrapped(f"! {item.metric.warning}", width, "      ")
    if len(found.bests) > MOST_BESTS:
        yield f"    … and {len(found.bests) - MOST_BESTS} more experiments"


def best_json(item: Best) -> dict[str, Any]:  # Any: JSON
    before = None if item.before is None else {"id": item.before[0], **(metric_json(item.before[1]) or {})}
    return {"name": item.name, "id": item.run_id, "metric": metric_json(item.metric), "before": before}


def fit(text: str, width: int) -> str:
    """One line of at most `width` cells; its indent stays."""
    indent = text[: len(text) - len(text.lstrip())]
    return indent + one_line(text, width - len(indent))


def wrapped(text: str, width: int, indent: str = "") -> Sequence[str]:
    """At most four lines."""
    import textwrap

    later = "  " if text.startswith("! ") else ""
    found = textwrap.wrap(
        one_line(text), max(20, width - len(indent)), subsequent_indent=later, max_lines=4, placeholder=" …"
    )
    return [indent + line for line in found]
