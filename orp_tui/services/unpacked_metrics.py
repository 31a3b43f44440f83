"""The metrics inside a zip, unpacked for as long as they are read; nothing else of it is touched."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

from orp_tui.core.errors import OrpError, UsageError
from orp_tui.core.layout import RunPaths
from orp_tui.metrics import recognise
from orp_tui.metrics.discovery import Root
from orp_tui.metrics.gathering import Plan
from orp_tui.services.imported import is_imported
from orp_tui.services.metric_plan import plan_of, read_workspace

MOST_FILES = 2_000
MOST_BYTES = 4 << 30
LARGEST_FILE = 1 << 30
_OWN = frozenset(
    {"metrics.jsonl", "system.jsonl", "training_stdout.txt", "training_stderr.txt", "request.json"}
)
_MLFLOW = re.compile(r"(?:.*/)?(?:meta\.yaml|metrics/.+)", re.DOTALL)
_SOURCE = "source/"
"""The frozen code in a run's zip."""


@contextlib.contextmanager
def unpacked_plan(archive: Path) -> Iterator[Plan]:
    """What there is to read in the zip of a run, or in any other; the copies are gone afterwards.

    Raises OrpError if it can't be read or unpacked.
    """
    with tempfile.TemporaryDirectory(prefix="orp-metrics-") as place:
        try:
            _unpack(archive, Path(place))
        except OSError as error:
            raise UsageError(f"{archive}: {(error.strerror or str(error)).lower()}") from error
        folder = RunPaths(Path(os.path.realpath(place)))
        own = {str(path) for path in (folder.metrics, folder.system)}
        root = Root(str(folder.folder), without=frozenset(own))
        yield dataclasses.replace(plan_of(folder), roots=(root,), declared=(), is_final=True)


@contextlib.contextmanager
def unpacked(member: str) -> Iterator[str | None]:
    """The path of a copy of `path.zip::member`, gone afterwards; None if there is nothing to read there."""
    from orp_tui.logs.source import open_log, split_reference

    try:
        reader = open_log(member)
    except OrpError:
        yield None
        return
    name = os.path.basename(split_reference(member)[1] or "") or "member"
    with tempfile.TemporaryDirectory(prefix="orp-metrics-") as place:
        path = os.path.join(place, name)
        try:
            with open(path, "wb") as copy:
                while data := reader.read_from(copy.tell(), 1 << 20):
                    copy.write(data)
        except OSError:  # a name that no file can have
            yield None
            return
        finally:
            reader.close()
        yield path


def is_better(archive: Path, folder: RunPaths) -> bool:
    """Whether the zip of a run has metrics that its folder has no more."""
    if not archive.is_file():
        return False
    if not folder.folder.is_dir() or is_imported(folder):
        return True
    if folder.metrics.exists() and os.path.lexists(folder.workspace):
        return False
    has_left_workspace = read_workspace(folder) == "isolated" and not os.path.lexists(folder.workspace)
    return has_left_workspace or (not folder.metrics.exists() and folder.metrics.name in _names(archive))


def _names(archive: Path) -> set[str]:
    from orp_tui.logs.zip_member import ZipArchive

    try:
        with ZipArchive(archive) as opened:
            return {entry.name for entry in opened.entries}
    except (OrpError, OSError):
        return set()


def _unpack(archive: Path, target: Path) -> None:
    """Raises OrpError or OSError."""
    from orp_tui.artifacts.extract import extract
    from orp_tui.logs.zip_member import ZipArchive

    with ZipArchive(archive) as opened:
        small = (entry.name for entry in opened.entries if entry.size <= LARGEST_FILE)
        wanted = list(itertools.islice(filter(_is_wanted, small), MOST_FILES))
    if wanted:
        extract(archive, target, members=wanted, most=MOST_BYTES)


def _is_wanted(name: str) -> bool:
    if name in _OWN:
        return True
    if name.startswith(_SOURCE):
        return False
    return recognise.promised(name.rpartition("/")[2]) is not None or _MLFLOW.fullmatch(name) is not None
