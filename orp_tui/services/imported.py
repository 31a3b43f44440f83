"""Runs of other machines: their zip was imported, and what they leave can be looked at, but nothing of them goes on here."""

from __future__ import annotations

import dataclasses
import os
import time
from typing import Any

from orp_tui.core.errors import UsageError
from orp_tui.core.layout import RunPaths
from orp_tui.files.atomic import read_json

UNKNOWN_HOST = "another machine"


@dataclasses.dataclass(frozen=True)
class Imported:
    """`imported.json`: where a run came from."""

    from_host: str = UNKNOWN_HOST
    """The machine it ran on; text from outside, never empty."""
    at: float = 0.0
    """When it was imported; seconds since 1970, UTC."""
    by: str = ""
    """`user@host`."""
    file: str = ""
    """The zip, as it was called."""
    sha256: str = ""
    """Of that zip."""
    bytes: int = 0
    """Of that zip."""

    def to_json(self) -> dict[str, Any]:  # Any: JSON
        return {"schema": 1, **dataclasses.asdict(self)}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Imported:  # Any: JSON
        """Raises ValueError or TypeError for what is none."""
        known = {field.name: data[field.name] for field in dataclasses.fields(cls) if field.name in data}
        found = cls(**known)
        texts = (found.from_host, found.by, found.file, found.sha256)
        if not all(isinstance(text, str) for text in texts) or not isinstance(found.at, int | float):
            raise ValueError("a value is of the wrong kind")
        return dataclasses.replace(found, from_host=found.from_host or UNKNOWN_HOST)

    @property
    def words(self) -> str:
        """`from gpu7, 2026-11-24 10:30 by maria@desk`."""
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(self.at)) if self.at else "?"
        return f"from {self.from_host}, {when} by {self.by or '?'}"


def is_imported(folder: RunPaths) -> bool:
    """Whether the run is another machine's; a damaged record says so too."""
    return os.path.lexists(folder.imported)


def read_imported(folder: RunPaths) -> Imported | None:
    """Where the run came from; None for a run of this base directory. A damaged record tells no host."""
    if not is_imported(folder):
        return None
    try:
        data = read_json(folder.imported)
        return Imported.from_json(data) if isinstance(data, dict) else Imported()
    except (OSError, ValueError, TypeError, RecursionError):
        return Imported()


def refuse_imported(folder: RunPaths, act: str) -> None:
    """Raises UsageError if the run is another machine's; `act` is what can't be done, as `retried`."""
    found = read_imported(folder)
    if found is not None:
        raise UsageError(
            f"{folder.run_id}: was imported from {found.from_host} and can't be {act} here: its environment and "
            f"its workspace are there; `orp artifacts extract {folder.run_id}` unpacks its code and what it left"
        )
