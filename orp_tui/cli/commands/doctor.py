"""`orp doctor`: what would go wrong on this machine, and why."""

from __future__ import annotations

import sys

import click

from orp_tui.cli import output
from orp_tui.cli.context_option import as_json, base_dir
from orp_tui.core.sanitise import sanitise
from orp_tui.services.context import Context, open_context
from orp_tui.services.findings import Finding, Level

COLOURS = {Level.OK: "32", Level.NOTE: "36", Level.WARNING: "33;1", Level.PROBLEM: "31;1"}
FOUND_PROBLEMS = 1


@click.command("doctor")
@click.option(
    "--rebuild",
    is_flag=True,
    help="Make the database again from the run folders, if it is gone or damaged; put back runs that it lacks. "
    "Ctrl-C leaves it as it was.",
)
@base_dir
@as_json
def command(rebuild: bool, base_dir: str | None, as_json: bool) -> int:
    """Look at this machine and base directory, and say what would go wrong and what to do.

    Changes nothing, unless --rebuild is given; that deletes nothing either. Ends with 1 if there is a problem.
    """
    context = open_context(base_dir=base_dir)
    if rebuild:
        _rebuild(context, as_json=as_json)
        return 0
    from orp_tui.services.doctor import examine

    findings = examine(context)
    if as_json:
        output.emit_json(
            [
                {"level": item.level.value, "about": item.about, "what": item.what, "do": item.do}
                for item in findings
            ]
        )
    else:
        _show(findings)
    return FOUND_PROBLEMS if any(item.level is Level.PROBLEM for item in findings) else 0


def _rebuild(context: Context, *, as_json: bool) -> None:
    from orp_tui.cli.progress import counting_bar, stopped_by_ctrl_c
    from orp_tui.services.rebuild import rebuild
    from orp_tui.services.rebuild_runs import Watch

    with counting_bar("reading run folders") as progress, stopped_by_ctrl_c() as cancelled:
        done = rebuild(
            context.paths,
            Watch(progress, cancelled),
            allow_network=context.settings.allow_network_filesystem,
        )
    if as_json:
        output.emit_json(
            {
                "new": done.new,
                "kept": str(done.kept) if done.kept else None,
                "put_back": {state.value: number for state, number in done.counts.items()},
                "skipped": done.skipped,
                "paused": done.paused,
            }
        )
        return
    for line in done.words():
        output.emit(sanitise(line))


def _show(findings: list[Finding]) -> None:
    arrow = "→" if output.can_draw(sys.stdout) else "->"
    for item in findings:
        word = output.painted(f"{item.level.value:<8}", COLOURS[item.level], sys.stdout)
        output.emit(f"{word} {item.about:<9} {sanitise(item.what)}")
        if item.do is not None:
            output.emit(f"{'':<18} {arrow} {sanitise(item.do)}")
    counts = {
        level: sum(item.level is level for item in findings) for level in (Level.PROBLEM, Level.WARNING)
    }
    said = [
        f"{number} {level.value}{'s' if number != 1 else ''}" for level, number in counts.items() if number
    ]
    output.say(", ".join(said) or "no problem found")
