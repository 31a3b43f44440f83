"""What a submit writes of a run: its request, and the other files of its folder."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from orp_tui.core.layout import RunPaths
from orp_tui.core.request import ArtifactRule, RunRequest, StopRule
from orp_tui.deliverables.baseline import take_baseline
from orp_tui.files.atomic import to_json
from orp_tui.services.annotations import first_line, tags_of_file
from orp_tui.services.context import actor
from orp_tui.services.prepare import signal_number
from orp_tui.services.submission import Prepared
from orp_tui.services.wishes import Place
from orp_tui.workspace import inputs, private_environment, provenance
from orp_tui.workspace.sources import FrozenTree


def request_of(
    prepared: Prepared, final: RunPaths, tree: FrozenTree | None, place: Place, *, now: float
) -> RunRequest:
    """What `request.json` will hold."""
    from orp_tui.config.plan import experiment_hash

    plan, source, options = prepared.source.plan, prepared.source, prepared.options
    return RunRequest(
        id=prepared.run_id,
        name=plan.name,
        description=plan.description,
        submitted_at=now,
        submitted_by=actor(),
        project=str(prepared.freeze.project),
        workspace=plan.workspace,
        cwd=str(prepared.cwd_in(final)),
        argv=prepared.command.argv,
        shell=plan.shell,
        seed=plan.seed,
        config=plan.config,
        stop=StopRule(signal_number(plan.stop["signal"]), plan.stop["to"], plan.stop["grace_s"]),
        timeout_s=plan.timeout_s,
        stall_s=plan.stall_after_s,
        leftovers=plan.leftovers,
        deliverables=tuple(plan.deliverables),
        artifacts=ArtifactRule(
            tuple(plan.artifacts["include"]), tuple(plan.artifacts["exclude"]), plan.artifacts["pack"]
        ),
        env_file=str(source.project / plan.env_file) if plan.env_file else None,
        secret_names=prepared.fixed.late,
        tree=tree.sha256 if tree else None,
        priority=place.priority,
        umask=_umask(),
        experiment=plan.experiment,
        experiment_sha256=source.sha256,
        config_sha256=experiment_hash(plan),
        key=options.key,
        retry_of=options.retry_of,
        parent=plan.parent,
        live_code=options.allow_live_code and bool(prepared.live and prepared.live.names),
        notes=notes(prepared),
        group=place.group,
        needs=place.needs,
        locks=place.locks,
        after=place.after,
        starts_at=place.starts_at,
        batch=options.batch,
        retry=options.retry,
        resume_of=options.resume_of,
        checkpoints=plan.checkpoints,
        retries=plan.retries,
        experiment_file=source.file,
    )


def _umask() -> int:
    """The process's umask; it can be read only by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def notes(prepared: Prepared) -> tuple[str, ...]:
    """What the submitter should know, one line each."""
    said = []
    if prepared.freeze.kind != "isolated":
        said.append(f"workspace {prepared.freeze.kind}: the project folder itself is used, nothing is frozen")
    if prepared.missing:
        names = ", ".join(prepared.missing)
        said.append(
            f"secrets that the queue processor does not know: {names}; restart it where they are set "
            "(`orp queue stop`, it starts again by itself), or name a file in training.env_file"
        )
    if prepared.freeze.secrets:
        left = ", ".join(item.path for item in prepared.freeze.secrets[:5])
        said.append(f"left out of the workspace because they may hold secrets: {left}")
    if prepared.options.allow_live_code and prepared.live and prepared.live.names:
        said.append(f"live code allowed: {', '.join(prepared.live.names)}")
    return tuple(said)


def write_run(
    building: RunPaths, final: RunPaths, prepared: Prepared, request: RunRequest, tree: FrozenTree | None
) -> None:
    """All files of the run but those of its attempts; flushed together by the caller."""
    from orp_tui.config.arguments import config_bytes

    plan = prepared.source.plan
    variables = prepared.variables(final)
    source = provenance.source_record(
        prepared.freeze,
        tree,
        argv0=prepared.command.program,
        submitted_by=request.submitted_by,
        fingerprints=[
            inputs.fingerprint(Path(item.target)) for item in prepared.freeze.inputs if not item.software
        ],
    )
    record = provenance.environment_record(prepared.fixed, variables, prepared.python, prepared.missing)
    _put(building.experiment, prepared.source.data)
    _put(building.request, to_json(request.to_json()))
    _put_tags(building, request, plan.metadata)
    _put(building.source, to_json(source))
    _put(building.environment, to_json(record))
    _put(building.folder / f"config.{plan.config_format}", config_bytes(plan.config, plan.config_format))
    if prepared.isolated and prepared.options.resume_of is None:
        baseline = take_baseline(request.deliverables, prepared.cwd_in(building))
        _put(building.baseline, to_json(baseline))
    _put(building.environment_private, private_environment.encoded(variables))


def _put_tags(building: RunPaths, request: RunRequest, metadata: Mapping[str, object]) -> None:
    """The tags of the experiment file are said of the run like any others: they can be taken away."""
    given = metadata.get("tags") or ()
    tags = tags_of_file([given] if isinstance(given, str) else given)  # type: ignore[arg-type] # checked: texts
    if tags:
        _put(building.notes, first_line(tags, at=request.submitted_at, by=request.submitted_by))


def _put(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
