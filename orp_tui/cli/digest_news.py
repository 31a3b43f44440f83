"""What a digest tells of alerts and of new best runs, as lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from orp_tui.cli import output
from orp_tui.cli.commands.status import metric_json
from orp_tui.core.sanitise import one_line
from orp_tui.core.words import number
from orp_tui.services.digest import Best, Digest

MOST_ALERTS, MOST_BESTS, _NAME = 8, 10, 28


def alert_lines(found: Digest, width: int) -> Iterator[str]:
    """The newest alerts, each with its run."""
    if found.alerts:
        yield ""
        yield f"alerts: {len(found.alerts)}"
    for item in found.alerts[:MOST_ALERTS]:
        head = f"{output.local_time(item.record.at)}  {one_line(item.name, _NAME)}  {item.run_id}"
        yield fit(f"    {head}", width)
        yield from wrapped(item.record.line, width, "      ")
    if len(found.alerts) > MOST_ALERTS:
        yield f"    … and {len(found.alerts) - MOST_ALERTS} earlier ones; `orp info RUN` has those of a run"


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
