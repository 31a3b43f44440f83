"""`orp runs`: the list of runs, newest first."""

from __future__ import annotations

import sys
import time

import click

from orp_tui.cli import output
from orp_tui.cli.commands.status import metric_json, run_json, standing_of_all
from orp_tui.cli.context_option import as_json, base_dir
from orp_tui.core.sanitise import one_line
from orp_tui.core.words import duration
from orp_tui.services.context import open_context
from orp_tui.services.judged import shown_standing
from orp_tui.services.queue_acts import code_of
from orp_tui.services.watch import view
from orp_tui.store import runs


@click.command("runs")
@click.option(
    "-n", "--limit", type=click.IntRange(0), default=50, show_default=True, help="At most so many; 0 for all."
)
@base_dir
@as_json
def command(limit: int, base_dir: str | None, as_json: bool) -> None:
    """List runs, newest first."""
    context = open_context(base_dir=base_dir)
    views = []
    if context.has_store:
        with context.store() as connection:
            views = [view(context.paths, run) for run in runs.newest(connection, limit or -1)]
    now = time.time()
    codes = [code_of(context.paths, item.run.id) for item in views]
    stand = standing_of_all(context, [item for item in views if item.state.is_active])
    for item in views:
        found = shown_standing(context.paths.run(item.run.id)) if item.state.is_final else None
        stand |= {item.run.id: found} if found is not None else {}
    if as_json:
        output.emit_json(
            [
                run_json(item, now) | {"code": code, "metric": metric_json(stand.get(item.run.id))}
                for item, code in zip(views, codes, strict=True)
            ]
        )
        return
    if not views:
        output.say(f"nothing was run in {context.paths.base} yet; `orp run FILE` does")
        return
    rows = []
    for item, code in zip(views, codes, strict=True):
        run = item.run
        valid = run.deliverables_valid if run.deliverables_valid is not None else 0
        rows.append(
            (
                run.id,
                one_line(run.name, 32),
                output.state_label(item.state, sys.stdout),
                output.local_time(run.submitted_at),
                duration(item.elapsed_s(now)),
                f"{valid}/{run.deliverables_total}" if run.deliverables_total else "-",
                *([stand[run.id].words if run.id in stand else "-"] if stand else []),
                one_line(code or "-", 40),
                one_line(item.detail or "", 100),
            )
        )
    metric = ("METRIC",) if stand else ()
    headings = ("RUN", "NAME", "STATE", "SUBMITTED", "TIME", "DELIV", *metric, "CODE", "WHY")
    output.emit(output.table(headings, rows, paint=2))
