"""One file out of a run's zip into a folder that a person chooses; nothing that is there is written over unasked."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from orp_tui.core.errors import UsageError
from orp_tui.core.words import size
from orp_tui.services.preview import Place


def target_of(text: str) -> Path:
    """The folder that somebody typed, `~` filled in, absolute. Raises UsageError for what can be none."""
    if not text.strip() or "\0" in text:
        raise UsageError("no folder was named")
    folder = Path(os.path.abspath(os.path.expanduser(text.strip())))
    if os.path.lexists(folder) and not folder.is_dir():
        raise UsageError(f"{folder}: is there and no folder")
    return folder


def is_there(place: Place, folder: Path) -> bool:
    """Whether writing the file into the folder would meet something."""
    return os.path.lexists(folder / place.path)


def extract_one(
    place: Place,
    folder: Path,
    *,
    overwrite: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> str:
    """Write a member of a zip under its own path into a folder; what was done, in words.

    Raises UsageError for what is no member, ArchiveError for a name that leaves the folder, a damaged member,
    or a file that is there (unless `overwrite`), DiskFull; nothing half-written stays.
    """
    from orp_tui.artifacts.extract import extract

    if not place.in_zip or not place.path:
        raise UsageError(f"{place.full}: is no file of a zip")
    report = extract(place.root, folder, members=[place.path], overwrite=overwrite, progress=progress)
    said = f"{folder / place.path}: {size(report.bytes)} written"
    return "; ".join([said, *(f"but {finding.what}" for finding in report.findings)])
