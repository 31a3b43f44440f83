"""How a run ended, as lines for a person."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from orp_tui.cli.context_option import base_option
from orp_tui.cli.output import painted, state_label
from orp_tui.core.checklist import ChecklistReport, DeliverableStatus
from orp_tui.core.sanitise import one_line, sanitise
from orp_tui.core.states import RunState
from orp_tui.core.words import counted, duration, size
from orp_tui.engine import results
from orp_tui.engine.alert_log import read_alerts
from orp_tui.files.atomic import read_json
from orp_tui.services.context import Context
from orp_tui.services.judged import ended_standing
from orp_tui.services.watch import RunView

_COLOURS = {
    DeliverableStatus.VALID: "32",
    DeliverableStatus.GROWING: "36",
    DeliverableStatus.MISSING: "2",
    DeliverableStatus.INVALID: "31;1",
}
_LAST_LINES = 5
_LAST_ALERTS = 5


def checklist_lines(report: ChecklistReport, stream: TextIO, width: int | None = None) -> Iterator[str]:
    """`[x] outputs/metrics.json  accuracy 0.97 ≥ 0.95`, one line an item."""
    longest = max((len(one_line(item.path)) for item in report.items), default=0)
    for item in report.items:
        box = painted(item.box, _COLOURS[item.status], stream)
        path = one_line(item.path, 60).ljust(min(longest, 40))
        missing = item.status is DeliverableStatus.MISSING and not report.final
        detail = "not there yet" if missing else one_line(item.detail or item.status.value)
        detail += "" if item.required else " (optional)"
        room = None if width is None else max(10, width - 6 - len(path))
        yield f"{box} {path}  {one_line(detail, room)}"


def summary_lines(context: Context, item: RunView, report: ChecklistReport | None) -> Iterator[str]:
    """State, reason, checklist, what the training said last if it failed, and where the zip is."""
    took = duration(item.elapsed_s(0.0)) if item.ended_at else "-"
    yield f"{state_label(item.state, sys.stdout)}  {item.run.id}  {one_line(item.run.name, 60)}  {took}"
    if item.state is not RunState.SUCCEEDED and item.detail:
        yield f"  {sanitise(item.detail)}"
    folder = context.paths.run(item.run.id)
    for record in read_alerts(folder)[-_LAST_ALERTS:]:
        yield painted(f"  ! {one_line(record.line, 200)}", "33", sys.stdout)
    judged = ended_standing(folder)
    if judged is not None:
        yield f"  {judged.long_words}"
        if judged.warning:
            yield painted(f"  ! {judged.warning}", "33", sys.stdout)
    for line in checklist_lines(report, sys.stdout) if report is not None else ():
        yield f"  {line}"
    if item.state in (RunState.FAILED, RunState.LOST):
        for line in _last_words(context, item):
            yield f"  | {line}"
    yield from _result_lines(context, item)


def _last_words(context: Context, item: RunView) -> list[str]:
    text = results.tail_of(context.paths.run(item.run.id).stderr)
    lines = [one_line(line, 200) for line in text.splitlines() if line.strip()][-_LAST_LINES:]
    said = one_line(item.detail or "")
    return [] if len(lines) == 1 and lines[0] in said else lines


def next_step(context: Context, item: RunView) -> str | None:
    """What to look at after an end that was not meant; None after a success or a cancel."""
    if item.state in (RunState.SUCCEEDED, RunState.CANCELLED):
        return None
    base = base_option(context)
    return f"look closer: orp info {item.run.id}{base}; orp logs {item.run.id} --stderr{base}"


def leftover_words(result: dict[str, Any]) -> Iterator[str]:  # Any: JSON
    """`3 processes outlived it and were ended`; nothing where none did, or where they are kept."""
    if count := result.get("leftovers"):
        yield f"{counted(count, 'process', 'processes')} outlived it and {'was' if count == 1 else 'were'} ended"


def _result_lines(context: Context, item: RunView) -> Iterator[str]:
    try:
        data = read_json(context.paths.run(item.run.id).result)
    except (OSError, ValueError):
        data = None
    if data is None:
        return
    for line in leftover_words(data):
        yield f"  {line}"
    artifact = data.get("artifact") or {}
    if artifact.get("state") == "ok":
        yield f"  zip  {shown_path(Path(data['artifacts_path']))}  {size(artifact['bytes'])}"
    elif artifact:
        yield f"  zip  {artifact['state']}: {artifact.get('why')}; `orp artifacts bundle {item.run.id}` tries again"


def shown_path(path: Path) -> str:
    """Relative to the current folder where that is shorter."""
    try:
        return str(path.relative_to(Path.cwd()))
    except (ValueError, FileNotFoundError):  # outside it, or the current folder is gone
        return str(path)
