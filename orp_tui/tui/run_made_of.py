"""What a run was made of, as names and values: command, config, code, environment, limits, parents."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Sequence

from orp_tui.core.past_run import PastRun
from orp_tui.core.words import STATE_GLYPHS, counted, duration, number, size
from orp_tui.services.detail import RunDetail
from orp_tui.tui.format import local_time
from orp_tui.tui.widgets.info_panel import Row

MOST_VALUES = 40
_LIBRARIES = (
    "torch",
    "numpy",
    "jax",
    "tensorflow",
    "transformers",
    "lightning",
    "accelerate",
    "scikit_learn",
)


def command_rows(found: RunDetail) -> Iterator[Row]:
    request = found.request
    if request is None:
        yield Row("", "its request can't be read", "bad")
        return
    yield Row("", shlex.join(map(str, request["argv"])), indented=False)
    if request.get("shell"):
        yield Row("shell", "bash ran it, as the experiment file asked")
    yield Row("directory", f"{request['cwd']} ({request['workspace']})")
    if request.get("seed") is not None:
        yield Row("seed", str(request["seed"]))
    if request.get("experiment_file"):
        yield Row("file", str(request["experiment_file"]))
    yield Row("experiment", f"sha256 {str(request.get('experiment_sha256') or '-')[:12]}", "quiet")


def config_rows(found: RunDetail) -> Iterator[Row]:
    items = list(_flat((found.request or {}).get("config") or {}))
    for name, value in items[:MOST_VALUES]:
        yield Row(name, value)
    if len(items) > MOST_VALUES:
        yield Row("", f"{len(items) - MOST_VALUES} more", "quiet")


def _flat(value: object, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Dotted names and the values as one would type them."""
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from _flat(inner, f"{prefix}.{name}" if prefix else str(name))
    elif prefix:
        yield prefix, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def code_rows(found: RunDetail) -> Iterator[Row]:
    source = found.source
    if source is None:
        return
    yield Row("code", str(source.get("summary", "-")))
    git = source.get("git")
    if isinstance(git, dict):
        for name in ("commit", "branch", "remote"):
            if git.get(name):
                yield Row(name, str(git[name]))
    tree = source.get("tree")
    if isinstance(tree, dict):
        frozen = (
            f"{counted(int(tree['files']), 'file')}, {size(tree['bytes'])}, sha256 {str(tree['sha256'])[:12]}"
        )
        yield Row("frozen", frozen)
    for linked in source.get("linked") or ():
        yield Row("linked", f"{linked['path']} -> {linked['target']}")
    left_out = source.get("left_out") or ()
    for item in left_out[:5]:
        yield Row("left out", f"{item['path']}: {item['why']}", "quiet")
    if len(left_out) > 5:
        yield Row("", f"{len(left_out) - 5} more left out", "quiet")
    if found.changed is not None:
        yield Row("since then", f"{found.changed} (orp diff {found.view.run.id} --code)", "warning")


def environment_rows(found: RunDetail) -> Iterator[Row]:
    environment = found.environment
    if environment is None:
        return
    python = environment.get("python") or {}
    if python:
        yield Row("python", f"{python.get('path')} {str(python.get('version', '')).split(' ')[0]}")
        packages = python.get("packages") or {}
        known = [f"{name} {packages[name]}" for name in _LIBRARIES if name in packages]
        yield Row("packages", ", ".join([counted(len(packages), "package"), *known]))
    host = environment.get("host") or {}
    if host:
        yield Row("host", f"{host.get('name')}, {host.get('system')}")
        yield Row(
            "", f"{host.get('cpus_allowed')} CPUs ({host.get('cpu')}), {size(host.get('memory_bytes'))}"
        )
    driver = host.get("nvidia_driver") or host.get("amd_driver")
    if driver:
        yield Row("GPU driver", str(driver))
    names = environment.get("names") or []
    looked_up = environment.get("looked_up_at_start") or []
    if names:
        secret = f"; looked up at the start: {', '.join(map(str, looked_up))}" if looked_up else ""
        yield Row("variables", f"{len(names)} set{secret}")
    for name in environment.get("missing_at_submit") or []:
        yield Row("missing", f"{name} was not set when it was submitted", "warning")


def limits_rows(found: RunDetail) -> Iterator[Row]:
    request = found.request or {}
    needs = found.view.run.needs
    if needs.gpus:
        each = f" with {size(needs.gpu_memory)} each" if needs.gpu_memory else ""
        yield Row("GPUs", f"{needs.gpus}{each}")
    if needs.cpus:
        yield Row("CPUs", str(needs.cpus))
    if needs.memory:
        yield Row("memory", size(needs.memory))
    if needs.disk:
        yield Row("disk", f"{size(needs.disk)} free at the start")
    if request.get("timeout_s"):
        yield Row("time", duration(request["timeout_s"]))
    if request.get("stall_s"):
        yield Row("stalls after", duration(request["stall_s"]))
    stop = request.get("stop") or {}
    if stop:
        from orp_tui.core.verdict import SIGNAL_NAMES

        name = SIGNAL_NAMES.get(stop["signal"], f"signal {stop['signal']}")
        yield Row("stop", f"{name} to {stop['to']}, SIGKILL after {duration(stop['grace_s'])}")
    retries = request.get("retries")
    if retries:
        yield Row("retries", f"{retries.get('max')} on {', '.join(map(str, retries.get('on') or ()))}")


def queue_rows(found: RunDetail) -> Iterator[Row]:
    run = found.view.run
    if run.group != "default":
        yield Row("group", run.group)
    if run.priority:
        yield Row("priority", str(run.priority))
    if run.locks:
        yield Row("locks", ", ".join(run.locks))
    for item in run.after:
        yield Row("after", f"{item.run_id}, {'whatever its end' if item.on == 'any' else 'if it succeeds'}")
    if run.starts_at is not None:
        yield Row("not before", local_time(run.starts_at))
    if run.batch:
        yield Row("batch", run.batch)
    if run.attempt > 1:
        yield Row("attempt", str(run.attempt))


def genealogy_rows(found: RunDetail) -> Iterator[Row]:
    request = found.request or {}
    declared = (request.get("experiment") or {}).get("experiment") or {}
    for label, value in (
        ("imported", found.imported.words if found.imported is not None else None),
        ("parent", request.get("parent")),
        ("retry of", found.view.run.retry_of),
        ("resumes", request.get("resume_of")),
        ("rationale", declared.get("rationale")),
        ("about", request.get("description") or declared.get("description")),
        ("hypothesis", declared.get("hypothesis")),
        ("question", declared.get("research_question")),
    ):
        if value:
            yield Row(label, str(value))


def made_rows(runs: Sequence[PastRun], run_id: str, ascii_only: bool) -> Iterator[Row]:
    """The runs that were made from one, each with how it stands."""
    for run in runs:
        kind = "resume" if run.resume_of == run_id else "retry" if run.retry_of == run_id else "child"
        value = (
            f"  {run.primary} {number(run.primary_value)}"
            if run.primary is not None and run.primary_value is not None
            else ""
        )
        glyph = STATE_GLYPHS[run.state][ascii_only]
        yield Row(kind, f"{glyph} {run.id}  {run.name}{value}")
