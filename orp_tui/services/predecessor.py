"""What a run was: its request, and its experiment with the code and environment that were frozen with it.

A retry, a resume, a clone and a refreeze begin here; nothing is changed.
"""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orp_tui.core.errors import SubmitRefused
from orp_tui.core.request import RunRequest
from orp_tui.core.run import Run
from orp_tui.engine.facts import MARKER
from orp_tui.engine.request_file import read_request
from orp_tui.files.atomic import read_json
from orp_tui.services.context import Context
from orp_tui.services.imported import refuse_imported
from orp_tui.services.submission import Frozen, Source
from orp_tui.services.wishes import Wishes
from orp_tui.workspace import private_environment
from orp_tui.workspace.environment import SHIM, FixedEnvironment
from orp_tui.workspace.thaw import thaw

if TYPE_CHECKING:
    from orp_tui.config.plan import RunPlan

_OF_THE_RUN = frozenset(
    {MARKER, "ORP_RUN_DIR", "ORP_OUTPUT_DIR", "ORP_CONFIG_FILE", "ORP_METRICS_FILE", "ORP_SEED", "PWD"}
)


def request_of(context: Context, run: Run) -> RunRequest:
    """What was asked for. Raises SubmitRefused if its folder does not tell any more."""
    try:
        return read_request(context.paths.run(run.id))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SubmitRefused(f"{run.id}: its folder is gone or damaged: {error}") from error


def same_wishes(request: RunRequest) -> Wishes:
    """Where it waits; what it waited for has been waited for."""
    return Wishes(priority=request.priority, group=request.group, fresh=True)


def source_of(context: Context, request: RunRequest, overrides: tuple[str, ...]) -> Source:
    """The experiment of a request, with its code and environment as they were.

    Raises SubmitRefused if they are gone, UsageError for a run of another machine.
    """
    folder = context.paths.run(request.id)
    refuse_imported(folder, "run again")
    try:
        data = folder.experiment.read_bytes()
        record: dict[str, Any] = read_json(folder.source) or {}  # Any: JSON
        variables = private_environment.read_private(folder.environment_private)
    except (OSError, ValueError) as error:
        raise SubmitRefused(f"{request.id}: its folder is damaged: {error}") from error
    plan = _of_parent(request, _plan(request, data, folder.experiment, overrides), overrides)
    kept = {name: value for name, value in variables.items() if name not in _OF_THE_RUN}
    kept["PYTHONPATH"] = _without_run(kept.get("PYTHONPATH", ""), str(folder.folder))
    frozen = Frozen(
        thaw(record, context.paths.sources),
        FixedEnvironment(kept, request.secret_names),
        request.argv[0],
        folder,
    )
    project = Path(request.project)
    cwd = project / frozen.freeze.cwd
    file = request.experiment_file
    return Source(plan, data, request.experiment_sha256, project, cwd, frozen, file)


def _without_run(path: str, folder: str) -> str:
    """PYTHONPATH less what ORP had put there for that run; it is put there anew."""
    entries = path.split(os.pathsep) if path else []
    return os.pathsep.join(
        entry for entry in entries if entry != str(SHIM) and not entry.startswith(folder + "/")
    )


def _plan(request: RunRequest, data: bytes, path: Path, overrides: tuple[str, ...]) -> RunPlan:
    """The plan of that one run, with `overrides`: of a file that may describe several, or of the experiment
    as it was resolved, where the run was submitted with values that its file does not have."""
    from orp_tui.config.loader import load_experiment_bytes
    from orp_tui.config.plan import experiment_hash, plan_runs

    loaded = load_experiment_bytes(data, path)
    for place, plan in enumerate(plan_runs(loaded, seed=request.seed, name=request.name)):
        if experiment_hash(plan) == request.config_sha256 and not _is_changed(request, plan):
            return plan_runs(loaded, seed=request.seed, overrides=overrides, name=request.name)[place]
    resolved = load_experiment_bytes(_resolved(request), path)
    return plan_runs(resolved, seed=request.seed, overrides=overrides, name=request.name)[0]


def _of_parent(request: RunRequest, plan: RunPlan, overrides: tuple[str, ...]) -> RunPlan:
    """The plan with the parent that was found at the submit: what its file calls so may be another run by now."""
    if any(text.lstrip("+").startswith("experiment.parent=") for text in overrides):
        return plan
    return dataclasses.replace(plan, parent=request.parent)


def _is_changed(request: RunRequest, plan: RunPlan) -> bool:
    """Whether the run has limits, resources or the like that its file does not give it."""

    def compared(experiment: dict[str, Any]) -> dict[str, Any]:  # Any: JSON
        training = {**experiment.get("training", {}), "seeds": None}
        return {**experiment, "training": training}

    return compared(json.loads(json.dumps(plan.experiment))) != compared(request.experiment)


def _resolved(request: RunRequest) -> bytes:
    """An experiment file of that run alone; a seed is left to whoever reads it."""
    experiment = {name: value for name, value in request.experiment.items() if name != "sweep"}
    training = dict(experiment.get("training", {}))
    if request.seed is not None:
        training.pop("seeds", None)
        key = training.get("seed_key", "seed")
        training["config"] = _without(training.get("config", {}), key.split("."))
    return json.dumps({**experiment, "training": training}).encode()


def _without(config: dict[str, Any], parts: list[str]) -> dict[str, Any]:  # Any: JSON
    first, *rest = parts
    if rest and isinstance(config.get(first), dict):
        return {**config, first: _without(config[first], rest)}
    return {key: value for key, value in config.items() if rest or key != first}
