"""A run's row and folder → what lists of runs know of it. A damaged folder is a run with a problem, never an error."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import os
from collections.abc import Mapping
from typing import Any

from orp_tui.core.layout import BasePaths, RunPaths
from orp_tui.core.past_run import PastRun
from orp_tui.core.run import Run
from orp_tui.core.sanitise import one_line
from orp_tui.core.states import RunState
from orp_tui.files.usage import usage
from orp_tui.metrics.cache.short import ShortRun
from orp_tui.metrics.primary import PrimaryRule
from orp_tui.services.annotations import Annotations, read_annotations
from orp_tui.services.catalog_config import flat_config, variant_of
from orp_tui.services.catalog_files import Damaged, Missing, read_commit, read_mapping, text_of
from orp_tui.services.catalog_metrics import metrics_of
from orp_tui.services.imported import read_imported
from orp_tui.services.known_runs import read_folder
from orp_tui.services.watch import RunView
from orp_tui.store.catalog.entries import METRICS_MISSING, UNFINISHED, Read, finite

Json = dict[str, Any]  # Any: values as JSON gives them

MOST_REQUEST_BYTES = 16 << 20
MOST_RESULT_BYTES = 64 << 20
NO_FOLDER = "its folder is gone"
UNKNOWN = "the database does not know it; `orp doctor --rebuild` puts it back"


def read_run(paths: BasePaths, run: Run, view: RunView | None, cached: ShortRun | None) -> Read:
    """One run; `view` is how one that has not ended truly stands, `cached` what was read of its metrics."""
    folder = paths.run(run.id)
    state = run.state if view is None else view.state
    request, problem = _request(folder, run)
    result, wrong = _result(folder, state)
    found = read_annotations(folder) if request or not problem else Annotations()
    values = {**_of_row(run, view, state), **_of_request(request), **_of_source(folder, run)}
    values |= _of_annotations(found) | _of_import(folder)
    rule = PrimaryRule.of(request.get("experiment"))
    metrics, unsure = metrics_of(folder, result, rule, cached, has_ended=state.is_final)
    values |= {"metrics": metrics, "primary": None, **_primary(result, rule)}
    if not state.is_final and rule is not None and rule.is_last and rule.name in metrics:
        values["primary_value"] = metrics[rule.name].last
    if state.is_final:
        values |= _sizes(paths, run.id, result)
    values["problem"] = problem or wrong
    doubts = (UNFINISHED if not run.state.is_final else 0) | (METRICS_MISSING if unsure else 0)
    return Read(PastRun(**values), doubts)


def read_unknown(paths: BasePaths, run_id: str) -> Read:
    """A folder of which the database has no row."""
    try:
        known = read_folder(paths, run_id).known.run
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        problem = f"request.json cannot be read ({type(error).__name__}: {error}), and {UNKNOWN}"
        return Read(PastRun(run_id, run_id, RunState.LOST, time_of(run_id), problem=one_line(problem, 300)))
    read = read_run(paths, known, None, None)
    problem = f"{read.run.problem}; {UNKNOWN}" if read.run.problem else UNKNOWN
    return Read(dataclasses.replace(read.run, problem=problem))


def unreadable(run: Run, why: str) -> Read:
    """A run of which the row alone is known."""
    values = _of_row(run, None, run.state)
    problem = one_line(f"its folder cannot be read: {why}", 300)
    return Read(PastRun(**values, problem=problem), 0 if run.state.is_final else UNFINISHED)


def time_of(run_id: str) -> float:
    """Seconds since 1970 at which an id was given; 0 if it does not tell."""
    try:
        when = datetime.datetime.strptime(run_id[4:19], "%Y%m%d_%H%M%S")  # noqa: DTZ007 - UTC, as ids are
        return when.replace(tzinfo=datetime.UTC).timestamp()
    except ValueError:
        return 0.0


def _request(folder: RunPaths, run: Run) -> tuple[Json, str]:
    """The request, and what is wrong with it, in words."""
    try:
        request = read_mapping(folder.request, MOST_REQUEST_BYTES)
    except Missing:
        if os.path.lexists(folder.folder):
            return {}, "request.json is missing"
        return {}, NO_FOLDER
    except Damaged as error:
        return {}, f"request.json cannot be read: {error}"
    if request.get("id") != run.id:
        return {}, f"request.json is that of {one_line(str(request.get('id')), 40)}: the folder is a copy"
    return request, ""


def _result(folder: RunPaths, state: RunState) -> tuple[Json, str]:
    if not state.is_final:
        return {}, ""
    try:
        return read_mapping(folder.result, MOST_RESULT_BYTES), ""
    except Missing:
        return {}, ""  # as of a run that was cancelled while it waited
    except Damaged as error:
        return {}, f"result.json is damaged: {error}"


def _of_row(run: Run, view: RunView | None, state: RunState) -> Json:
    seen: Run | RunView = run if view is None else view
    checked = run.deliverables_valid
    if view is not None and view.checklist is not None:
        checked = view.checklist.valid
    return {
        "id": run.id,
        "name": text_of(run.name),
        "state": state,
        "submitted_at": run.submitted_at,
        "started_at": seen.started_at,
        "ended_at": None if state is RunState.LOST else seen.ended_at,
        "reason": seen.reason,
        "detail": None if seen.detail is None else one_line(seen.detail, 300),
        "exit_code": seen.exit_code,
        "seed": run.seed,
        "group": text_of(run.group),
        "project": text_of(run.project),
        "experiment_file": run.experiment_file,
        "deliverables_valid": checked,
        "deliverables_total": run.deliverables_total,
        "zip": text_of(run.artifacts),
        "retry_of": run.retry_of,
        "batch": run.batch,
    }


def _of_request(request: Json) -> Json:
    if not request:
        return {}
    return {
        "submitted_by": text_of(request.get("submitted_by")),
        "parent": _name(request.get("parent")),
        "resume_of": _name(request.get("resume_of")),
        "tree": _name(request.get("tree")),
        "config": flat_config(request.get("config")),
        "variant": variant_of(request),
    }


def _of_source(folder: RunPaths, run: Run) -> Json:
    values: Json = {"commit": read_commit(folder.source)}
    if run.attempt > 0:
        with contextlib.suppress(Missing, Damaged):
            values["host"] = text_of(read_mapping(folder.attempt(run.attempt), 1 << 20).get("host"))
    return values


def _of_import(folder: RunPaths) -> Json:
    found = read_imported(folder)
    return {} if found is None else {"imported_from": text_of(found.from_host)}


def _of_annotations(found: Annotations) -> Json:
    return {
        "tags": tuple(sorted(map(text_of, found.tags))),
        "is_starred": found.is_starred,
        "is_archived": found.is_archived,
        "note": text_of(found.note),
    }


def _primary(result: Json, rule: PrimaryRule | None) -> Json:
    """The metric that judges a run, and its value; a result of before primaries were read at a step has the last."""
    found = result.get("primary")
    if isinstance(found, dict) and isinstance(found.get("name"), str):
        return {"primary": text_of(found["name"]), "primary_value": finite(found.get("value"))}
    if rule is None:
        return {}
    logged = result.get("metrics")
    is_old = "primary" not in result and rule.is_last and isinstance(logged, Mapping)
    value = finite(logged.get(rule.name)) if is_old and isinstance(logged, Mapping) else None
    return {"primary": text_of(rule.name), "primary_value": value}


def _sizes(paths: BasePaths, run_id: str, result: Json) -> Json:
    artifact = result.get("artifact")
    told = artifact.get("bytes") if isinstance(artifact, dict) else None
    there = usage(paths.artifact(run_id))
    return {
        "bytes": usage(paths.run(run_id).folder) + there,
        "zip_bytes": told
        if isinstance(told, int) and not isinstance(told, bool) and 0 <= told < 1 << 62
        else None,
    }


def _name(value: object) -> str | None:
    return text_of(value) if isinstance(value, str) and value else None
