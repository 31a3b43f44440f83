"""What is in the trash, and what of a run was cleaned away."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePath
from typing import Any

from orp_tui.core.layout import BasePaths, is_inside
from orp_tui.services.cleaning import Piece, part_of

Json = dict[str, Any]  # Any: values as JSON gives them

INDEX = "index.jsonl"
RUN = "run"
"""Kind of a whole run's folder; its line holds the run's row too."""
BARE = ".without-folder"
"""File in the folder that stands in the trash for a run that has none."""
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
    line: Json
    """All that was noted of it."""


def entries(paths: BasePaths, about: Sequence[str] = ("",)) -> Iterator[Entry]:
    """Everything that can be put back, the newest folder of the trash first; a damaged line is left out.

    `about`: only lines that hold one of these texts, which alone are read. Of several lines about one place
    the newest counts.
    """
    for index in sorted(paths.trash.glob(f"[!.]*/{INDEX}"), reverse=True):
        yield from _lines(paths, index, about)


def _lines(paths: BasePaths, index: Path, about: Sequence[str]) -> Iterator[Entry]:
    try:
        lines = index.read_text("utf-8", "replace").splitlines()
    except OSError:
        return
    found: dict[Path, Entry] = {}
    for line in lines:
        entry = _entry(paths, index.parent.name, line) if any(text in line for text in about) else None
        if entry is not None and os.path.lexists(entry.place):
            found[entry.place] = entry
    yield from found.values()


def removed_run(paths: BasePaths, run_id: str) -> Entry | None:
    """The whole run that lies in the trash; None if it does not."""
    found = (item for item in entries(paths, (run_id,)) if item.piece.kind == RUN)
    return next((item for item in found if item.piece.run_id == run_id), None)


def removed_like(paths: BasePaths, reference: str) -> list[str]:
    """Ids of whole runs in the trash that begin like this, with or without `exp_`, or whose last part does; each once."""
    if not reference or not paths.trash.is_dir():
        return []
    found: dict[str, None] = {}
    for item in entries(paths, (reference,)):
        run_id = item.piece.run_id
        parts = (run_id, run_id.removeprefix("exp_"), run_id.rpartition("_")[2])
        if item.piece.kind == RUN and any(part.startswith(reference) for part in parts):
            found.setdefault(run_id)
    return list(found)


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
    return Entry(stamp, piece, place, at, by, data) if inside else None


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
    for item in entries(paths, (run_id,)):
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


def tidy(paths: BasePaths, folder: Path) -> None:
    """Remove a folder of the trash from which nothing can be put back any more, and what is empty in it."""
    with contextlib.suppress(OSError):
        for inner, names, files in os.walk(folder, topdown=False):
            if (
                inner != str(folder)
                and not files
                and not any(os.path.lexists(f"{inner}/{name}") for name in names)
            ):
                os.rmdir(inner)
        # On another file system there may be more than lies beside the index.
        if set(os.listdir(folder)) <= {INDEX} and not any(_lines(paths, folder / INDEX, ("",))):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(folder / INDEX)
            os.rmdir(folder)
