"""`orp validate FILE…`: every problem of every file, at once."""

from __future__ import annotations

from pathlib import Path

import click

from orp_tui.cli import output
from orp_tui.cli.context_option import as_json
from orp_tui.config.loader import load_experiment_file
from orp_tui.config.plan import plan_runs
from orp_tui.core.errors import ConfigError
from orp_tui.core.problem import Problem
from orp_tui.core.sanitise import sanitise

INVALID = 2


@click.command("validate")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path())
@as_json
def command(files: tuple[str, ...], as_json: bool) -> int:
    """Check experiment files and list every problem."""
    found: dict[str, tuple[list[Problem], list[Problem], list[str]]] = {}
    for name in files:
        found[name] = _check(name)
    if as_json:
        output.emit_json([_to_json(name, *parts) for name, parts in found.items()])
    else:
        for name, (problems, warnings, summary) in found.items():
            for problem in problems:
                output.say(sanitise(str(problem)))
            for warning in warnings:
                output.say(f"{sanitise(str(warning))} (warning)")
            for line in summary:
                output.emit(f"{name}: {sanitise(line)}")
    return INVALID if any(problems for problems, _, _ in found.values()) else 0


def _check(name: str) -> tuple[list[Problem], list[Problem], list[str]]:
    """Problems, warnings, and what a good file describes."""
    try:
        loaded = load_experiment_file(Path(name))
        plans = plan_runs(loaded)
    except ConfigError as error:
        return list(error.problems), [], []
    runs = "1 run" if len(plans) == 1 else f"{len(plans)} runs"
    lines = [f"valid: {loaded.spec.experiment.name!r}, {runs}, {len(plans[0].deliverables)} deliverables"]
    if plans[0].not_yet:
        lines.append(f"not yet: {', '.join(plans[0].not_yet)}; `orp run` will refuse it")
    return [], list(loaded.warnings), lines


def _to_json(
    name: str, problems: list[Problem], warnings: list[Problem], summary: list[str]
) -> dict[str, object]:
    return {
        "file": name,
        "valid": not problems,
        "problems": [{"line": item.line, "key": item.key, "message": item.message} for item in problems],
        "warnings": [{"line": item.line, "key": item.key, "message": item.message} for item in warnings],
        "summary": summary,
    }
