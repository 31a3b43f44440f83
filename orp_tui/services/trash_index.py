"""What is in the trash, and what of a run was cleaned away."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import Any

from orp_tui.core.layout import BasePaths, is_inside
from orp_tui.services.cleaning import Piece, part_of

Json = dict[str, Any]  # Any: values as JSON gives them

INDEX = "index.jsonl"
ELSEWHERE = ".trash"
"""Folder inside a part that lies on another file system than the base directory."""


@dataclasses.dataclass(frozen=True)
class Cleaned:
    """What was taken from a run and is not back in its place."""

    kind: str
    bytes: int
    at: float
    by: str
    in_trash: bool
    """It can be put back."""


@dataclasses.dataclass(frozen=True)
class Entry:
    """Something in the trash that can be put back."""

    stamp: str
    """Folder of the trash."""
    piece: Piece
    place: Path
    """Where it lies now."""
    at: float
    by: str


def entries(paths: BasePaths) -> Iterator[Entry]:
    """Everything that can be put back, the newest folder of the trash first; a damaged line is left out."""
    for index in sorted(paths.trash.glob(f"[!.]*/{INDEX}"), reverse=True):
        try:
            lines = index.read_text("utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            continue
        for line in lines:
            entry = _entry(paths, index.parent.name, line)
            if entry is not None and os.path.lexists(entry.place):
                yield entry


def _entry(paths: BasePaths, stamp: str, line: str) -> Entry | None:
    try:
        data = json.loads(line)
        piece = Piece(data["run"], data["kind"], data["part"], data["path"], int(data["bytes"]))
        part_of(paths, piece.part)
        place = paths.base / data["to"]
        at, by = float(data["at"]), str(data["by"])
    except (ValueError, KeyError, TypeError):
        return None
    inside = is_inside(PurePath(piece.path)) and stamp in place.parts and ".." not in place.parts
    return Entry(stamp, piece, place, at, by) if inside else None


def cleaned_of(paths: BasePaths, run_id: str) -> list[Cleaned]:
    """What of a run was cleaned and is not back: by its own notes, and by what the trash has of it."""
    found: dict[str, Cleaned] = {}
    for line in _notes(paths, run_id):
        try:
            data = json.loads(line)
            for kind, size in data.get("what", {}).items():
                if data["kind"] == "cleaned":
                    found[kind] = Cleaned(kind, size, data["at"], data["by"], in_trash=False)
                elif data["kind"] == "restored":
                    found.pop(kind, None)
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
    for item in entries(paths):
        if item.piece.run_id == run_id:
            kind = item.piece.kind
            found[kind] = Cleaned(kind, item.piece.bytes, item.at, item.by, in_trash=True)
    return [item for item in found.values() if not _is_back(paths, run_id, item.kind)]


def _is_back(paths: BasePaths, run_id: str, kind: str) -> bool:
    """Whether it was made again, as a zip can be."""
    place = {"workspace": paths.run(run_id).workspace, "logs": paths.run(run_id).stdout}
    place["artifacts"] = paths.artifact(run_id)
    return kind in place and place[kind].exists()


def _notes(paths: BasePaths, run_id: str) -> list[str]:
    try:
        return paths.run(run_id).notes.read_text("utf-8", "replace").splitlines()
    except OSError:
        return []


def tidy(folder: Path) -> None:
    """Remove a folder of the trash that holds nothing any more."""
    with contextlib.suppress(OSError):
        for inner, names, files in os.walk(folder, topdown=False):
            if (
                inner != str(folder)
                and not files
                and not any(os.path.lexists(f"{inner}/{name}") for name in names)
            ):
                os.rmdir(inner)
        if set(os.listdir(folder)) <= {INDEX}:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(folder / INDEX)
            os.rmdir(folder)
