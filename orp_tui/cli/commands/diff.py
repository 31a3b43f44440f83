"""`orp diff RUN [RUN2]`: what differs in code, config, metrics and environment."""

from __future__ import annotations

import dataclasses
import sqlite3
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from orp_tui.cli import output
from orp_tui.cli.context_option import as_json, base_dir
from orp_tui.cli.run_argument import RunType, run_argument
from orp_tui.core.errors import OrpError, UsageError
from orp_tui.core.run import Run
from orp_tui.core.sanitise import one_line, sanitise
from orp_tui.services import code_diff, value_diff
from orp_tui.services.code_diff import FileChange, NothingFrozen
from orp_tui.services.context import Context, open_context
from orp_tui.services.reference import find_run, store_of
from orp_tui.services.value_diff import ValueChange

if TYPE_CHECKING:
    from orp_tui.services.comparison.metric_changes import MetricChange

_MARKS = {"added": "A", "removed": "D", "changed": "M"}
_COLOURS = {"+": "32", "-": "31", "@": "36"}
_PATH_WIDTH, _VALUE_WIDTH = 60, 200


@click.command("diff")
@run_argument("reference")
@click.argument("second", metavar="[RUN2]", required=False, type=RunType())
@click.option("--code", is_flag=True, help="Only the code, line by line.")
@click.option("--config", is_flag=True, help="Only the config and the rest of the experiment file.")
@click.option("--metrics", is_flag=True, help="Only the metrics: last, best and first values.")
@click.option("--environment", is_flag=True, help="Only Python, packages, variables and host.")
@click.option("--stat", is_flag=True, help="Of the code only which files differ.")
@base_dir
@as_json
def command(
    reference: str,
    second: str | None,
    code: bool,
    config: bool,
    metrics: bool,
    environment: bool,
    stat: bool,
    base_dir: str | None,
    as_json: bool,
) -> None:
    """What differs between two runs, or between a run and its project as it is now.

    With one run, its frozen code is compared with the project and its packages with what its
    Python has now: has anything changed since? Without --code, --config, --metrics or
    --environment all are shown, of the code only which files differ. `orp compare` takes more than two runs.
    """
    context = open_context(base_dir=base_dir)
    if (config or metrics) and second is None:
        what = "config" if config else "metrics"
        raise UsageError(f"--{what} needs two runs: what differs between the {what} of one and which other?")
    everything = not (code or config or metrics or environment or stat)
    with store_of(context, reference) as connection:
        found = _runs(context, connection, reference, second)
    parts: dict[str, Any] = {}  # Any: what JSON holds
    if everything or code or stat:
        parts["code"] = _code(context, found, alone=(code or stat) and not (config or metrics or environment))
    if (everything or config) and len(found) == 2:
        parts["config"] = value_diff.compare_config(context, found[0], found[1])
    if (everything or metrics) and len(found) == 2:
        from orp_tui.services.comparison.metric_changes import metric_changes

        parts["metrics"] = metric_changes(context, found[0].id, found[1].id)
    if everything or environment:
        parts["environment"] = _environment(context, found)
    if as_json:
        output.emit_json(_to_json(found, parts))
    else:
        _show(parts, lines=code and not stat, titles=len(parts) > 1)


def _runs(context: Context, connection: sqlite3.Connection, reference: str, second: str | None) -> list[Run]:
    names = [reference] if second is None else [reference, second]
    return [find_run(connection, name, context.paths) for name in names]


def _code(context: Context, found: Sequence[Run], *, alone: bool) -> list[FileChange] | str:
    """What differs; among other parts a reason in words why that can't be said."""
    try:
        before = code_diff.frozen_code(context, found[0])
        after = (
            code_diff.frozen_code(context, found[1])
            if len(found) == 2
            else code_diff.project_code(context, found[0])
        )
    except NothingFrozen as error:
        if alone:
            raise
        return str(error)
    return code_diff.compare_code(before, after)


def _environment(context: Context, found: Sequence[Run]) -> dict[str, list[ValueChange]] | str:
    before = value_diff.environment_of(context, found[0])
    try:
        after = (
            value_diff.environment_of(context, found[1])
            if len(found) == 2
            else value_diff.environment_now(context, found[0], before)
        )
    except OrpError as error:
        return str(error)
    return value_diff.compare_environment(before, after)


def _to_json(found: Sequence[Run], parts: dict[str, Any]) -> dict[str, Any]:  # Any: JSON
    data: dict[str, Any] = {"runs": [run.id for run in found]}
    for name, value in parts.items():
        if isinstance(value, str):
            data[name] = {"unknown": value}
        elif isinstance(value, dict):
            data[name] = {part: [dataclasses.asdict(item) for item in items] for part, items in value.items()}
        else:
            data[name] = [dataclasses.asdict(item) for item in value]
    return data


def _show(parts: dict[str, Any], *, lines: bool, titles: bool) -> None:  # Any: the three parts
    for name, value in parts.items():
        if titles:
            output.emit(output.painted(name, "1", sys.stdout))
        indent = "  " if titles else ""
        if isinstance(value, str):
            output.emit(f"{indent}{sanitise(value)}")
        elif not value:
            output.emit(f"{indent}no difference")
        elif isinstance(value, dict):
            for part, items in value.items():
                _show_values(items, indent, prefix=f"{part}: ")
        elif name == "config":
            _show_values(value, indent)
        elif name == "metrics":
            _show_metrics(value, indent)
        elif lines:
            _show_lines(value)
        else:
            _show_stat(value, indent)


def _show_values(items: Sequence[ValueChange], indent: str, prefix: str = "") -> None:
    for item in items:
        name = f"{prefix}{one_line(item.name, _PATH_WIDTH)}"
        before, after = (
            None if value is None else one_line(value, _VALUE_WIDTH) for value in (item.before, item.after)
        )
        if before is None:
            words = f"+ {name} {after}"
        elif after is None:
            words = f"- {name} {before}"
        else:
            words = f"~ {name} {before} → {after}"
        output.emit(indent + words)


def _show_metrics(items: Sequence[MetricChange], indent: str) -> None:
    from orp_tui.metrics.names import measured

    for item in items:
        name = f"{one_line(item.name, _PATH_WIDTH)} {item.value}"
        before, after = (
            None if value is None else measured(item.name, value) for value in (item.before, item.after)
        )
        if before is None or after is None:
            output.emit(f"{indent}{'+' if before is None else '-'} {name} {after or before or 'nan'}")
            continue
        share = f" ({item.percent:+.3g} %)" if item.percent is not None else ""
        judged = {True: "  better", False: "  worse", None: ""}[item.is_better]
        output.emit(f"{indent}~ {name} {before} → {after}  {item.delta:+.4g}{share}{judged}")


def _show_stat(changes: Sequence[FileChange], indent: str) -> None:
    added = removed = 0
    width = min(_PATH_WIDTH, max(len(item.path) for item in changes))
    for item in changes:
        counts = item.note
        if item.added is not None and item.removed is not None:
            added, removed = added + item.added, removed + item.removed
            counts = f"+{item.added} −{item.removed}" + (f"  {item.note}" if item.note else "")
        path = one_line(item.path, _PATH_WIDTH)
        output.emit(f"{indent}{_MARKS[item.what]} {path:<{width}}  {counts}".rstrip())
    files = "1 file" if len(changes) == 1 else f"{len(changes)} files"
    output.emit(f"{indent}{files}, +{added} −{removed}")


def _show_lines(changes: Sequence[FileChange]) -> None:
    for item in changes:
        if not item.diff:
            output.emit(f"{item.what}: {sanitise(item.path)}  {item.note}".rstrip())
            continue
        if item.note:
            output.emit(f"{sanitise(item.path)}: {item.note}")
        for line in item.diff.splitlines():
            colour = _COLOURS.get(line[:1])
            text = sanitise(line)
            output.emit(output.painted(text, colour, sys.stdout) if colour else text)
