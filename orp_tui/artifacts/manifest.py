"""`MANIFEST.json`: what a run's zip holds, what it only refers to, and what was left out."""

from __future__ import annotations

import dataclasses
from typing import Any

MANIFEST_NAME = "MANIFEST.json"
"""The zip's last member; it does not list itself."""

Json = dict[str, Any]  # Any: values as JSON gives them

IN_ZIP = "zip"
IN_WORKSPACE = "workspace"


@dataclasses.dataclass(frozen=True, slots=True)
class ManifestEntry:
    """One file of a run."""

    path: str
    """The member's name in the zip, or the name it would have had."""
    size: int
    """Bytes, as read."""
    sha256: str
    """Of those bytes, in hexadecimal."""
    stored: str = IN_ZIP
    """`zip`, or `workspace` for a file that is referred to and not packed."""
    note: str = ""
    """What a reader should know: `grew while packing`, `2 hard links`; empty if nothing."""
    origin: str | None = None
    """Path inside the workspace where it differs from `path`; bytes that are no UTF-8 as surrogate escapes."""

    def to_json(self) -> Json:
        data: Json = {"path": self.path, "size": self.size, "sha256": self.sha256, "stored": self.stored}
        if self.note:
            data["note"] = self.note
        if self.origin is not None:
            data["origin"] = self.origin
        return data

    @classmethod
    def from_json(cls, data: Json) -> ManifestEntry:
        return cls(
            path=str(data["path"]),
            size=int(data["size"]),
            sha256=str(data["sha256"]),
            stored=str(data["stored"]),
            note=str(data.get("note", "")),
            origin=data.get("origin"),
        )


@dataclasses.dataclass(frozen=True, slots=True)
class LeftOut:
    """A file, or a group of files, that should have been there and is not."""

    path: str
    why: str

    def to_json(self) -> Json:
        return {"path": self.path, "why": self.why}

    @classmethod
    def from_json(cls, data: Json) -> LeftOut:
        return cls(str(data["path"]), str(data["why"]))


@dataclasses.dataclass(frozen=True)
class Manifest:
    """Everything about one zip but its own size and digest."""

    run_id: str
    orp_version: str
    created_at: str
    """ISO 8601 in UTC."""
    entries: tuple[ManifestEntry, ...]
    """In the order of the zip; files that are only referred to come last."""
    left_out: tuple[LeftOut, ...] = ()

    @property
    def packed(self) -> tuple[ManifestEntry, ...]:
        return tuple(entry for entry in self.entries if entry.stored == IN_ZIP)

    @property
    def referenced(self) -> tuple[ManifestEntry, ...]:
        return tuple(entry for entry in self.entries if entry.stored != IN_ZIP)

    def to_json(self) -> Json:
        return {
            "schema": 1,
            "run_id": self.run_id,
            "orp_version": self.orp_version,
            "created_at": self.created_at,
            "entries": [entry.to_json() for entry in self.entries],
            "left_out": [item.to_json() for item in self.left_out],
        }

    @classmethod
    def from_json(cls, data: Json) -> Manifest:
        """The manifest in `data`. Raises KeyError, TypeError or ValueError if it is none."""
        return cls(
            run_id=str(data["run_id"]),
            orp_version=str(data["orp_version"]),
            created_at=str(data["created_at"]),
            entries=tuple(ManifestEntry.from_json(item) for item in data["entries"]),
            left_out=tuple(LeftOut.from_json(item) for item in data["left_out"]),
        )
