"""What a supervisor becomes: checks the deliverables, packs the zip, writes the result last.

Every step can be repeated: killed anywhere, it is started again by the queue processor
and ends with the same one zip and one result. It imports no pydantic, and yaml or numpy
only for a deliverable that needs them.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from orp_tui.artifacts.bundle import bundle
from orp_tui.artifacts.selection import select
from orp_tui.core.artifact import ArtifactState
from orp_tui.core.checklist import ChecklistReport
from orp_tui.core.errors import ArchiveError, DiskFull, StoreError
from orp_tui.core.layout import STDERR_NAME, STDOUT_NAME, BasePaths, RunPaths
from orp_tui.core.request import RunRequest
from orp_tui.core.run import ExitRecord, Json
from orp_tui.core.series import Series
from orp_tui.core.verdict import verdict
from orp_tui.core.words import size
from orp_tui.deliverables.evaluate import evaluate
from orp_tui.engine import facts, results
from orp_tui.engine.request_file import read_request_or_less
from orp_tui.files import locks
from orp_tui.files.atomic import read_json, to_json, write_json
from orp_tui.files.failpoint import hit
from orp_tui.metrics.last import last_values
from orp_tui.metrics.outcome import Elsewhere, Outcome, hangs_on_chain, of_chain, outcome
from orp_tui.metrics.primary import PrimaryRule
from orp_tui.workspace import private_environment

NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
PACKERS = 2
"""How many runs may pack at once."""


def finalise(
    paths: BasePaths,
    run_id: str,
    *,
    leftovers: int | None = None,
    elsewhere: Callable[[BasePaths, str], Mapping[str, Series]] | None = None,
    chain: Callable[[BasePaths, str], Mapping[str, Series]] | None = None,
) -> Json:
    """Bring a run whose command has ended to its result; returns what `result.json` holds.

    The caller holds the run's lock. `leftovers` is how many processes outlived the main
    one, None if nobody counted. `elsewhere` reads the metrics of a run that are not in its `metrics.jsonl`;
    `chain` reads those of a resumed run joined with the runs before it.

    Raises FileNotFoundError without an exit record, OSError if the run folder can't be written.
    """
    folder = paths.run(run_id)
    request, whole = read_request_or_less(folder)
    attempt = newest_exit(folder)
    record = facts.read_exit(folder.exit(attempt))
    if record is None:
        raise FileNotFoundError(folder.exit(attempt))
    hit("fin.begin")
    report = check(folder, request, record) if whole else None
    hit("fin.checked")
    judged = verdict(record, report)
    artifact = paths.artifact(run_id)
    rule = PrimaryRule.of(request.experiment)
    reading = None if elsewhere is None else functools.partial(elsewhere, paths, run_id)
    joined = None if chain is None or request.resume_of is None else functools.partial(chain, paths, run_id)
    found = measured(folder, rule, reading, joined)
    data = results.build(
        run_id, request.name, attempt, record, judged, report, dict(found.last), str(artifact)
    )
    of = "run" if request.resume_of is None else "own part" if found.is_of_part else "chain"
    data["primary"] = results.primary(rule, found.primary, of)
    hit("fin.measured")
    data["leftovers"] = leftovers
    data["artifact"] = pack(
        paths, request, data, report, ended_well=judged.state.value in ("succeeded", "incomplete")
    ).to_json()
    hit("fin.packed")
    if data["artifact"]["state"] != "ok":
        locate_zip(data, None)
    write_when_there_is_room(folder.result, data)
    hit("fin.done")
    return data


def measured(
    folder: RunPaths, rule: PrimaryRule | None, reading: Elsewhere | None, chain: Elsewhere | None = None
) -> Outcome:
    """What came of the metrics; a fault in reading them costs no run its end."""
    try:
        found = _anew_without_cache(lambda: outcome(folder.metrics, rule, reading))
    except Exception as error:  # noqa: BLE001 - the border to readers, which others may have written
        _complain(error)
        found = Outcome(last_values(folder.metrics))
    if chain is None or rule is None or not hangs_on_chain(found, rule):
        return found
    try:
        return _anew_without_cache(lambda: of_chain(found, rule, chain()))
    except Exception as error:  # noqa: BLE001 - as above
        _complain(error)
        return of_chain(found, rule, {})


def _anew_without_cache(act: Callable[[], Outcome]) -> Outcome:
    """What comes of it; once more where the cache was made anew or found damaged meanwhile: then files are read."""
    try:
        return act()
    except StoreError:
        return act()


def _complain(error: Exception) -> None:
    print(f"metrics: {type(error).__name__}: {error}", file=sys.stderr)  # noqa: T201 - the log


def locate_zip(data: Json, path: str | None) -> None:
    """Set the three paths of a result that lead into its zip; None if there is none."""
    data["artifacts_path"] = path
    data["training_stdout_path"] = f"{path}::{STDOUT_NAME}" if path else None
    data["training_stderr_path"] = f"{path}::{STDERR_NAME}" if path else None


def newest_exit(folder: RunPaths) -> int:
    """The number of the newest attempt that has an exit record; 1 if none has."""
    attempt = 1
    while folder.attempt(attempt + 1).exists() or folder.exit(attempt + 1).exists():
        attempt += 1
    return attempt


def check(folder: RunPaths, request: RunRequest, record: ExitRecord) -> ChecklistReport | None:
    """The final checklist, also written to `deliverables.json`; None if the command never ran."""
    if record.how in ("spawn_error", "not_started"):
        return None
    baseline = None
    with contextlib.suppress(OSError, ValueError):
        baseline = read_json(folder.baseline)
    variables: dict[str, str] = {}
    with contextlib.suppress(OSError, ValueError):
        variables = private_environment.read_private(folder.environment_private)
    report = evaluate(
        request.deliverables, Path(request.cwd), baseline=baseline, final=True, environment=variables
    )
    write_when_there_is_room(folder.deliverables, report.to_json())
    return report


def write_when_there_is_room(path: Path, value: Json) -> None:
    """As `write_json`; on a full disk it waits, with the run's lock held, for as long as that takes.

    Raises OSError for any other trouble.
    """
    pause = 0.5
    while True:
        try:
            write_json(path, value)
        except OSError as error:
            if error.errno not in NO_ROOM:
                raise
            time.sleep(pause)
            pause = min(pause * 2, 30.0)
        else:
            return


def pack(
    paths: BasePaths,
    request: RunRequest,
    data: Json,
    report: ChecklistReport | None,
    *,
    ended_well: bool,
    progress: Callable[[int, int], None] | None = None,
) -> ArtifactState:
    """Write the zip and `manifest.json`; whatever goes wrong with it is in the answer and spoils nothing."""
    folder = paths.run(request.id)
    source = paths.sources / request.tree / "tree" if request.tree else None
    target = paths.artifact(request.id)
    try:
        paths.artifacts.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _packing_slot(paths):
            plan = select(
                folder,
                result=to_json(data),
                workspace=Path(request.cwd),
                source=source,
                report=report,
                rule=request.artifacts,
                ended_well=ended_well,
            )
            done = bundle(plan, target, progress=progress)
        write_json(folder.manifest, done.manifest.to_json())
    except DiskFull as error:
        why = f"needs {size(error.needed)}, {size(error.free)} free"
        return ArtifactState("pending", why=why)
    except (OSError, ArchiveError) as error:
        if isinstance(error, OSError) and error.errno in NO_ROOM:
            return ArtifactState("pending", why=f"{error.strerror}: {paths.artifacts}")
        return ArtifactState("error", why=str(error))
    return ArtifactState("ok", done.bytes, done.sha256)


@contextlib.contextmanager
def _packing_slot(paths: BasePaths) -> Iterator[None]:
    """Wait until fewer than PACKERS others pack."""
    while True:
        for slot in range(PACKERS):
            descriptor = locks.take(paths.packing_lock(slot))
            if descriptor is not None:
                try:
                    yield
                finally:
                    os.close(descriptor)
                return
        time.sleep(0.05)
