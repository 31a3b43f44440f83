"""Where the logs of a run can be read."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from orp_tui.core.layout import STDERR_NAME, STDOUT_NAME
from orp_tui.services.context import Context


@dataclasses.dataclass(frozen=True)
class LogPlaces:
    """Each a path, or `path.zip::member` once only the zip has it."""

    run_id: str
    stdout: str
    stderr: str


def log_places(context: Context, run_id: str) -> LogPlaces:
    """Its folder, else its zip."""
    folder = context.paths.run(run_id).folder
    archive = context.paths.artifact(run_id)
    return LogPlaces(run_id, _place(folder, archive, STDOUT_NAME), _place(folder, archive, STDERR_NAME))


def _place(folder: Path, archive: Path, name: str) -> str:
    path = folder / name
    return f"{archive}::{name}" if not path.exists() and archive.is_file() else str(path)
