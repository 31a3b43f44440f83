"""What the zip of a run says of itself, checked before anything of it is kept. A zip from elsewhere is hostile."""

from __future__ import annotations

import dataclasses
import json
import math
from typing import Any

from orp_tui.artifacts.extract import refuse_unsafe
from orp_tui.artifacts.manifest import MANIFEST_NAME
from orp_tui.artifacts.reading import read_small, refuse_bombs
from orp_tui.core.errors import ArchiveError
from orp_tui.core.ids import is_run_id
from orp_tui.core.request import RunRequest
from orp_tui.core.sanitise import one_line
from orp_tui.core.states import RunState
from orp_tui.engine import results
from orp_tui.logs.zip_member import ZipArchive
from orp_tui.services.imported import UNKNOWN_HOST

Json = dict[str, Any]  # Any: values as JSON gives them

SCHEMA = 1
"""Of request, result and manifest: what this version can read."""
_MOST_BYTES = 64 << 20
_MOST_HOST = 100


@dataclasses.dataclass(frozen=True)
class ZipRecords:
    """A run as its zip tells it."""

    run_id: str
    host: str
    """The machine that it ran on; text from outside, never empty."""
    result: Json
    """Without its key `artifact`: that is about the zip itself."""
    manifest: Json


def read_records(archive: ZipArchive) -> ZipRecords:
    """What a run's zip says of itself.

    Raises ArchiveError if it is no run's, or damaged, hostile, or of a newer ORP. Members are not verified.
    """
    refuse_bombs(archive)
    refuse_unsafe(archive.entries, archive.path)
    present = {entry.name for entry in archive.entries}
    for name in (MANIFEST_NAME, "request.json", "result.json"):
        if name not in present:
            raise ArchiveError(f"{archive.path}: is no artifact zip of a run: it holds no {name}")
    manifest, request, result = (
        _record(archive, name) for name in (MANIFEST_NAME, "request.json", "result.json")
    )
    run_id = manifest.get("run_id")
    if not isinstance(run_id, str) or not is_run_id(run_id):
        raise ArchiveError(f"{archive.path}: {MANIFEST_NAME} names no run")
    if request.get("id") != run_id or result.get("experiment_id") != run_id:
        raise ArchiveError(f"{archive.path}: its records are of different runs")
    _check_request(archive, request)
    _check_result(archive, result)
    whole = {name: value for name, value in result.items() if name != "artifact"}
    return ZipRecords(run_id, _host(archive, request, present), whole, manifest)


def _record(archive: ZipArchive, name: str) -> Json:
    try:
        data = json.loads(read_small(archive, archive.find(name), _MOST_BYTES))
    except (ValueError, RecursionError) as error:
        raise ArchiveError(f"{archive.path}: {name} is damaged: {error}") from error
    if not isinstance(data, dict):
        raise ArchiveError(f"{archive.path}: {name} is no record of a run")
    schema = data.get("schema", SCHEMA)
    if not isinstance(schema, int) or schema > SCHEMA:
        version = one_line(str(data.get("orp_version") or "a newer version"), 40)
        raise ArchiveError(
            f"{archive.path}: was written by a newer ORP ({name} has schema {one_line(str(schema), 20)}, "
            f"{version}; known here: {SCHEMA}); upgrade ORP"
        )
    return data


def _check_request(archive: ZipArchive, request: Json) -> None:
    try:
        RunRequest.from_json(request)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ArchiveError(
            f"{archive.path}: request.json is damaged: {type(error).__name__}: {error}"
        ) from error


def _check_result(archive: ZipArchive, result: Json) -> None:
    """Raises ArchiveError for an end that no row could hold."""
    try:
        values = results.row_values(result)
        state = RunState(result["status"])
        attempt = result["attempt"]
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise ArchiveError(
            f"{archive.path}: result.json is damaged: {type(error).__name__}: {error}"
        ) from error
    texts = (values["reason"], values["detail"])
    numbers = [values[name] for name in ("exit_code", "signal", "deliverables_valid")]
    is_sound = all(value is None or isinstance(value, str) for value in texts)
    is_sound &= all(value is None or _is_small(value) for value in (*numbers, attempt))
    is_sound &= all(math.isfinite(at) for at in (values["started_at"], values["ended_at"]) if at is not None)  # type: ignore[arg-type] # floats or None
    if not is_sound or not isinstance(result.get("metrics"), dict):
        raise ArchiveError(f"{archive.path}: result.json is damaged: a value is of the wrong kind")
    if not state.is_final:
        raise ArchiveError(f"{archive.path}: its run has not ended: it is {state.value}")


def _is_small(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 40


def _host(archive: ZipArchive, request: Json, present: set[str]) -> str:
    """The machine by the environment that was noted, else by who submitted the run."""
    name: object = None
    if "environment.json" in present:
        found = _record(archive, "environment.json").get("host")
        name = found.get("name") if isinstance(found, dict) else None
    if not isinstance(name, str) or not name.strip():
        name = str(request.get("submitted_by", "")).rpartition("@")[2]
    return one_line(name, _MOST_HOST) or UNKNOWN_HOST
