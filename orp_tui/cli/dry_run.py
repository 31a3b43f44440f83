"""`orp run --dry-run`: what would be started, with what, on which files; nothing is started or written."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Any

from orp_tui.cli import output
from orp_tui.core.sanitise import sanitise
from orp_tui.core.secrets import mask_named
from orp_tui.core.words import size
from orp_tui.services.context import Context
from orp_tui.services.prepare import prepare
from orp_tui.services.run_record import notes
from orp_tui.services.submission import Prepared, Source, SubmitOptions

_MOST_SHOWN = 40


def show_dry_run(
    context: Context, sources: Sequence[Source], options: SubmitOptions, *, as_json: bool
) -> None:
    """Show each run that the sources describe.

    Raises what a submit would raise, after it has shown what can be shown.
    """
    found = [prepare(context, source, "exp_DRY_RUN", options, ask=True) for source in sources]
    if as_json:
        data = [to_json(context, item) for item in found]
        output.emit_json(data[0] if len(data) == 1 else data)
    else:
        for item in found:
            _show(context, item)
    for item in found:
        item.freeze.refuse()


def to_json(context: Context, item: Prepared) -> dict[str, Any]:  # Any: JSON
    """Everything, for scripts."""
    folder = context.paths.run(item.run_id)
    plan = item.freeze
    return {
        "name": item.source.plan.name,
        "argv": list(item.command.argv),
        "cwd": str(item.cwd_in(folder)),
        "workspace": plan.kind,
        "project": str(plan.project),
        "environment": _shown(item.variables(folder)),
        "looked_up_at_start": list(item.fixed.late_names),
        "missing": list(item.missing),
        "config": item.source.plan.config,
        "seed": item.source.plan.seed,
        "copied": [{"path": file.path, "bytes": file.size} for file in plan.files],
        "linked": [{"path": link.path, "target": link.target} for link in plan.inputs],
        "left_out": [{"path": left.path, "why": left.why} for left in (*plan.left_out, *plan.secrets)],
        "questions": [question.path for question in plan.questions],
        "refusals": list(plan.refusals),
    }


def _shown(variables: dict[str, str]) -> dict[str, str]:
    return {name: mask_named(name, value) for name, value in sorted(variables.items())}


def _show(context: Context, item: Prepared) -> None:
    folder = context.paths.run(item.run_id)
    plan = item.freeze
    output.emit(f"command      {sanitise(shlex.join(item.command.argv))}")
    output.emit(f"folder       {item.cwd_in(folder)}")
    output.emit(f"project      {plan.project} ({plan.kind})")
    if item.python is not None:
        output.emit(f"python       {item.python.path} {item.python.version}")
    for line in notes(item):
        output.emit(f"note         {sanitise(line)}")
    _listed(f"copied       {len(plan.files)} files, {size(plan.bytes)}", [file.path for file in plan.files])
    _listed(f"linked       {len(plan.inputs)}", [f"{link.path} -> {link.target}" for link in plan.inputs])
    left = [f"{entry.path}: {entry.why}" for entry in (*plan.left_out, *plan.secrets)]
    _listed(f"left out     {len(left)}", left)
    variables = _shown(item.variables(folder))
    _listed(
        f"environment  {len(variables)} variables", [f"{name}={value}" for name, value in variables.items()]
    )
    output.emit("nothing was started")


def _listed(heading: str, lines: Sequence[str]) -> None:
    output.emit(heading)
    for line in lines[:_MOST_SHOWN]:
        output.emit(f"  {sanitise(line)}")
    if len(lines) > _MOST_SHOWN:
        output.emit(f"  … {len(lines) - _MOST_SHOWN} more; --json lists all")
