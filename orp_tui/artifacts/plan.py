"""What is to be packed: plain data between selection and bundling."""

from __future__ import annotations

import dataclasses
import enum

from orp_tui.artifacts.manifest import LeftOut


class Kind(enum.Enum):
    """Where a file comes from; the rules for notes and limits differ."""

    RUN = "run"
    """The run folder: logs, records."""
    SOURCE = "source"
    WORKSPACE = "workspace"
    """A deliverable, or what `artifacts.include` names."""


@dataclasses.dataclass(frozen=True, slots=True)
class PlanItem:
    """A file to pack, or to refer to."""

    name: str
    """In the zip."""
    root: str
    """Folder it must lie beneath."""
    path: str
    """Relative to `root`."""
    size: int
    """Bytes at the time of selection; the file may change until it is packed."""
    kind: Kind
    packed: bool = True
    """False: only its size and digest go into the manifest."""


@dataclasses.dataclass(frozen=True, slots=True)
class Inline:
    """A member whose bytes are given."""

    name: str
    data: bytes


@dataclasses.dataclass(frozen=True)
class Plan:
    """Everything a bundle is made from, in the order of the zip."""

    run_id: str
    inline: tuple[Inline, ...]
    """Come first in the zip."""
    items: tuple[PlanItem, ...]
    left_out: tuple[LeftOut, ...] = ()
    never: tuple[str, ...] = ()
    """Absolute paths that are not packed under any name, hard links included."""

    @property
    def total_bytes(self) -> int:
        """To be read: what is packed and what is only hashed."""
        return sum(item.size for item in self.items) + sum(len(item.data) for item in self.inline)
