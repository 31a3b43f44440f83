"""`orp info RUN`: everything about one run."""

from __future__ import annotations

import dataclasses
import json
import shlex
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from orp_tui.cli import output
from orp_tui.cli.annotating import annotations_json
from orp_tui.cli.commands.status import metric_json, run_json, standing_of_all
from orp_tui.cli.context_option import as_json, base_dir
from orp_tui.cli.run_argument import run_argument
from orp_tui.cli.summary import checklist_lines, leftover_words, shown_path
from orp_tui.core.errors import ArchiveError, RunNotFound
from orp_tui.core.needs import NO_NEEDS
from orp_tui.core.sanitise import one_line, sanitise
from orp_tui.core.words import duration, number, size
from orp_tui.services.context import Context, open_context
from orp_tui.services.detail import RunDetail, detail
from orp_tui.services.judged import Standing
from orp_tui.services.reference import find_run, store_of

_MOST_METRICS = 20
_MOST_ALERTS = 10
_MOST_NOTES = 5


@click.command("info")
@run_argument("reference")
@base_dir
@as_json
def command(reference: str, base_dir: str | None, as_json: bool) -> None:
    """Everything about one run; of a zip from elsewhere, what it says itself."""
    context = open_context(base_dir=base_dir)
    try:
        with store_of(context, reference) as connection:
            found = detail(context, connection, find_run(connection, reference, context.paths).id)
    except RunNotFound:
        if not (reference.endswith(".zip") and Path(reference).is_file()):
            raise
        _show_zip(Path(reference), as_json=as_json)
        return
    stand = _standing(context, found)
    if as_json:
        output.emit_json(to_json(found, stand))
        return
    for name, value in rows(found, stand):
        output.emit(f"{name:<13}{sanitise(value)}" if name else value)


def _standing(context: Context, found: RunDetail) -> Standing | None:
    """How the run stands: by its result, or by what it has logged so far."""
    if found.primary is not None or not found.view.state.is_active:
        return found.primary
    return standing_of_all(context, [found.view]).get(found.view.run.id)


def _show_zip(path: Path, *, as_json: bool) -> None:
    """What a zip's own records say; nothing of it is looked up here or checked."""
    from orp_tui.artifacts.member import read_member

    records: dict[str, Any] = {}  # Any: JSON
    for name in ("result", "request"):
        try:
            records[name] = json.loads(read_member(f"{path}::{name}.json"))
        except (ValueError, RecursionError) as error:
            raise ArchiveError(f"{path}: {name}.json is damaged: {error}") from error
        if not isinstance(records[name], dict):
            raise ArchiveError(f"{path}: {name}.json is no record of a run")
    if as_json:
        output.emit_json({"zip": str(path), **records})
        return
    result, request = records["result"], records["request"]
    argv = request.get("argv")
    said = {
        "run": result.get("experiment_id"),
        "name": result.get("experiment_name") or request.get("name"),
        "state": result.get("status"),
        "reason": result.get("reason"),
        "evidence": result.get("detail"),
        "command": shlex.join(map(str, argv)) if isinstance(argv, list) else None,
        "directory": request.get("cwd"),
        "seed": request.get("seed"),
        "zip": f"{path} (not of this base directory; this is what it says itself)",
    }
    for name, value in said.items():
        if value is not None:
            output.emit(f"{name:<13}{one_line(str(value))}")


def to_json(found: RunDetail, stand: Standing | None = None) -> dict[str, Any]:  # Any: JSON
    """A run with all its records, for scripts."""
    return {
        **run_json(found.view, time.time()),
        "waits": found.waits,
        "metric": metric_json(stand),
        **annotations_json(found.annotations),
        "alerts": [{**item.to_json(), "done": list(item.done)} for item in found.alerts],
        "folder": str(found.folder.folder),
        "imported": found.imported.to_json() if found.imported is not None else None,
        "request": found.request,
        "source": found.source,
        "environment": found.environment,
        "started": found.started,
        "exit": found.exit,
        "result": found.result,
        "changed_since_submit": found.changed,
        "cleaned": [dataclasses.asdict(item) for item in found.cleaned],
        "checklist": found.checklist.to_json() if found.checklist else None,
        "history": [
            {"seq": event.seq, "at": output.utc_time(event.at), "actor": event.actor, "kind": event.kind, "detail": event.detail}
            for event in found.history
        ],
    }  # fmt: skip


def rows(found: RunDetail, stand: Standing | None = None) -> Iterator[tuple[str, str]]:
    """Name and value of each line; a line without a name is ready as it is."""
    view = found.view
    yield "run", view.run.id
    yield "name", one_line(view.run.name)
    yield "", f"{'state':<13}{output.state_label(view.state, sys.stdout)}"
    if view.reason:
        yield "reason", view.reason
    if view.detail or found.waits:
        what = "evidence" if view.state.is_final else "waits" if found.waits else "note"
        yield what, found.waits or view.detail or ""
    if view.marks:
        yield "marks", ", ".join(sorted(mark.value for mark in view.marks))
    yield from _annotation_rows(found)
    if found.imported is not None:
        yield "imported", one_line(f"{found.imported.words} ({found.imported.file})")
    yield "submitted", f"{output.local_time(view.run.submitted_at)} by {_submitter(found)}"
    yield "started", output.local_time(view.started_at)
    took = view.elapsed_s(time.time())
    if view.ended_at is not None:
        yield "ended", output.local_time(view.ended_at) + ("" if took is None else f" after {duration(took)}")
    elif took is not None:
        yield "running", f"for {duration(took)}"
    yield from _judged_rows(found, stand)
    yield from _place_rows(found)
    yield from _request_rows(found)
    yield from _source_rows(found)
    yield "folder", shown_path(found.folder.folder)
    yield from _result_rows(found)
    for item in found.cleaned:
        back = f"`orp clean --restore {found.view.run.id}` puts it back" if item.in_trash else "gone for good"
        yield (
            "cleaned",
            f"{item.kind} ({size(item.bytes)}) on {output.local_time(item.at)} by {item.by}; {back}",
        )
    if found.checklist is not None and found.checklist.items:
        yield "", f"deliverables {found.checklist.valid}/{len(found.checklist.items)}"
        for line in checklist_lines(found.checklist, sys.stdout):
            yield "", f"  {line}"
    yield "", "history"
    for event in found.history:
        words = f"  {output.local_time(event.at)}  {event.kind:<17}{event.actor}  {event.detail or ''}"
        yield "", sanitise(words.rstrip())


def _annotation_rows(found: RunDetail) -> Iterator[tuple[str, str]]:
    """What people say of it."""
    said = found.annotations
    if said.is_starred or said.is_archived:
        yield "kept as", ", ".join(["starred"] * said.is_starred + ["archived"] * said.is_archived)
    if said.tags:
        yield "tags", " ".join(said.tags)
    if len(said.notes) > _MOST_NOTES:
        yield "notes", f"{len(said.notes) - _MOST_NOTES} earlier ones: orp note --list {found.view.run.id}"
    for remark in said.notes[-_MOST_NOTES:]:
        yield "note", f"{output.local_time(remark.at)} {one_line(remark.by)}: {one_line(remark.text, 500)}"


def _judged_rows(found: RunDetail, stand: Standing | None) -> Iterator[tuple[str, str]]:
    """How it stands by its primary metric, and its alerts."""
    if stand is not None:
        yield "primary" if stand.is_primary else "metric", stand.long_words
        if stand.warning:
            yield "", output.painted(f"{'':<13}! {sanitise(stand.warning)}", "33", sys.stdout)
    if len(found.alerts) > _MOST_ALERTS:
        yield (
            "alerts",
            f"{len(found.alerts) - _MOST_ALERTS} earlier ones are in {shown_path(found.folder.alerts)}",
        )
    for item in found.alerts[-_MOST_ALERTS:]:
        yield "alert", f"{output.local_time(item.at)}  {one_line(item.line)}"


def _place_rows(found: RunDetail) -> Iterator[tuple[str, str]]:
    """Which part of the machine it has, or asks for, and which process it is."""
    run = found.view.run
    if found.view.state.is_active and found.started is not None:
        yield "process", f"pid {found.started.get('pid')}"
    if run.needs != NO_NEEDS:
        yield "needs", run.needs.in_words()
    if run.cards:
        yield "GPUs", ", ".join(map(str, run.cards))
    if run.group != "default":
        yield "group", run.group
    if run.locks:
        yield "locks", ", ".join(run.locks)


def _submitter(found: RunDetail) -> str:
    return str((found.request or {}).get("submitted_by", "?"))


def _request_rows(found: RunDetail) -> Iterator[tuple[str, str]]:
    request = found.request
    if request is None:
        return
    yield "command", shlex.join(request["argv"])
    yield "directory", f"{request['cwd']} ({request['workspace']})"
    if request["config"]:
        yield "config", ", ".join(f"{key}={_plain(value)}" for key, value in request["config"].items())
    if request["seed"] is not None:
        yield "seed", str(request["seed"])
    for note in request["notes"]:
        yield "at submit", note


def _plain(value: object) -> str:
    """A config value as one would type it."""
    if isinstance(value, float):
        return f"{value:g}" if float(f"{value:g}") == value else repr(value)
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def _source_rows(found: RunDetail) -> Iterator[tuple[str, str]]:
    if found.source is not None:
        yield "code", str(found.source.get("summary"))
        if found.changed is not None:
            yield (
                "",
                output.painted(
                    f"{'':<13}{sanitise(found.changed)} (orp diff {found.view.run.id} --code)",
                    "33",
                    sys.stdout,
                ),
            )
    python = (found.environment or {}).get("python")
    if python:
        yield "python", f"{python.get('path')} {python.get('version', '')}"


def _result_rows(found: RunDetail) -> Iterator[tuple[str, str]]:
    result = found.result
    if result is None:
        return
    artifact = result.get("artifact") or {}
    if artifact.get("state") == "ok":
        path = result.get("artifacts_path")
        yield (
            "zip",
            f"{shown_path(Path(path)) if path else 'nobody noted where'}  {size(artifact.get('bytes'))}",
        )
    elif artifact:
        yield "zip", f"{artifact.get('state')}: {artifact.get('why')}"
    for words in leftover_words(result):
        yield "leftovers", words
    metrics = list(result["metrics"].items())
    if metrics:
        shown = ", ".join(f"{name} {number(value)}" for name, value in metrics[:_MOST_METRICS])
        yield (
            "metrics",
            shown + (f", {len(metrics) - _MOST_METRICS} more" if len(metrics) > _MOST_METRICS else ""),
        )
