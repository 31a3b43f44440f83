"""What there is of a run to look into: its zip without unpacking it, else its folder; and its notes."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import math
import os
from collections import deque
from pathlib import Path
from typing import Any

from orp_tui.artifacts.reading import read_manifest
from orp_tui.core.errors import OrpError
from orp_tui.core.layout import RunPaths
from orp_tui.files import json_lines
from orp_tui.logs.zip_member import ZipArchive
from orp_tui.services.preview import Place

MOST_FILES = 20_000
MOST_NOTES = 200
_MOST_NOTE_BYTES = 256 << 10
_HEAD = frozenset({"at", "by", "kind", "text", "trash"})
"""What every line has, or is of no use to a reader."""


@dataclasses.dataclass(frozen=True)
class RunFile:
    """A file of a run."""

    path: str
    """As it is named in the zip or the folder."""
    size: int
    where: str
    """`zip`, `workspace` (the zip only refers to it), `folder`, or `left out`."""
    note: str = ""
    place: Place | None = None
    """Where to look into it; None if it can't be."""


@dataclasses.dataclass(frozen=True)
class RunFiles:
    """All of them, and the zip as a whole."""

    files: tuple[RunFile, ...] = ()
    zip_path: Path | None = None
    """None if there is no zip."""
    zip_bytes: int = 0
    more: int = 0
    """Files that are not listed."""
    wrong: str = ""
    """Why the zip can't be read."""

    @property
    def total_bytes(self) -> int:
        return sum(file.size for file in self.files)


@dataclasses.dataclass(frozen=True)
class Note:
    """A line of `notes.jsonl`."""

    at: float | None
    by: str
    kind: str
    text: str


class FilesReader:
    """Lists a run's files; an unchanged zip is read once."""

    def __init__(self) -> None:
        self._key: tuple[str, int, int] | None = None
        self._last = RunFiles()

    def look(self, folder: RunPaths, archive: Path, workspace: Path | None) -> RunFiles:
        """What is in the zip if there is one, else in the run's folder."""
        try:
            found = archive.stat()
        except OSError:
            self._key = None
            return _of_folder(folder)
        key = (str(archive), found.st_mtime_ns, found.st_size)
        if key != self._key:
            self._key, self._last = key, _of_zip(folder, archive, workspace, found.st_size)
        return self._last


def _of_zip(folder: RunPaths, archive: Path, workspace: Path | None, size: int) -> RunFiles:
    try:
        with ZipArchive(archive) as opened:
            listed = [
                RunFile(entry.name, entry.size, "zip", place=Place(archive, entry.name, in_zip=True))
                for entry in opened.entries[:MOST_FILES]
            ]
            more = max(0, len(opened.entries) - MOST_FILES)
            listed += _manifest_rows(opened, workspace)
    except (OrpError, OSError) as error:
        rest = _of_folder(folder)
        words = str(error).removeprefix(f"{archive}: ")
        return dataclasses.replace(rest, zip_path=archive, zip_bytes=size, wrong=words)
    return RunFiles(tuple(listed), archive, size, more)


def _manifest_rows(archive: ZipArchive, workspace: Path | None) -> list[RunFile]:
    """What the zip only refers to, and what was left out of it."""
    with contextlib.suppress(OrpError):
        manifest = read_manifest(archive)
        if manifest is not None:
            return [
                *(
                    RunFile(
                        entry.path,
                        entry.size,
                        "workspace",
                        entry.note or "only referred to by the zip",
                        Place(workspace, entry.origin or entry.path) if workspace is not None else None,
                    )
                    for entry in manifest.referenced[:MOST_FILES]
                ),
                *(RunFile(left.path, 0, "left out", left.why) for left in manifest.left_out[:MOST_FILES]),
            ]
    return []


def _of_folder(folder: RunPaths) -> RunFiles:
    """The run's own files; folders are there to be looked into."""
    files = []
    try:
        with os.scandir(folder.folder) as entries:
            for entry in entries:
                if entry.name.startswith(".") or entry.name.endswith((".lock", ".private")):
                    continue
                with contextlib.suppress(OSError):
                    is_folder = entry.is_dir(follow_symlinks=False)
                    size = 0 if is_folder else entry.stat(follow_symlinks=False).st_size
                    name = f"{entry.name}/" if is_folder else entry.name
                    files.append(RunFile(name, size, "folder", place=Place(folder.folder, entry.name)))
    except OSError:
        return RunFiles()
    return RunFiles(tuple(sorted(files, key=lambda file: file.path)[:MOST_FILES]))


def read_notes(folder: RunPaths) -> tuple[Note, ...]:
    """Notes, tags and what was cleaned away, the oldest first; a damaged line is left out."""
    return tuple(
        _note(line) for line in deque(json_lines.read(folder.notes, limit=_MOST_NOTE_BYTES), MOST_NOTES)
    )


def _note(data: dict[str, Any]) -> Note:  # Any: values as JSON gives them
    at = data.get("at")
    kind = str(data.get("kind", "note"))
    return Note(
        float(at) if isinstance(at, int | float) and math.isfinite(at) else None,
        str(data.get("by", "")),
        kind,
        _text(kind, data),
    )


def _text(kind: str, data: dict[str, Any]) -> str:  # Any: values as JSON gives them
    """What a line says, in words."""
    text = data.get("text")
    if isinstance(text, str):
        return text
    if kind == "tag":
        signed = [(sign, data.get(name)) for sign, name in (("+", "add"), ("-", "remove"))]
        return " ".join(f"{sign}{tag}" for sign, tags in signed if isinstance(tags, list) for tag in tags)
    if kind in ("star", "archive") and isinstance(data.get("on"), bool):
        word = {"star": "starred", "archive": "archived"}[kind]
        return word if data["on"] else f"not {word} any more"
    rest = {name: value for name, value in data.items() if name not in _HEAD}
    return json.dumps(rest, ensure_ascii=False) if rest else ""
