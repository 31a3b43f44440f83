"""One place where metrics are: a file, a folder that is read as one, or a run inside a database."""

from __future__ import annotations

import dataclasses
import enum


class Trust(enum.IntEnum):
    """Whose word counts where several sources give a metric of one name: the smaller number."""

    OWN = 0
    """The run's own `metrics.jsonl`."""
    STRUCTURED = 1
    """A file in a format of numbers."""
    LOG = 2
    """Text that was written for people, to stdout."""
    ASIDE = 3
    """The same, to stderr: progress bars."""


@dataclasses.dataclass(frozen=True, slots=True)
class SourceSpec:
    """A source of metrics, as discovery or a user's file names it; it may be gone again."""

    kind: str
    """What reads it: a name of the registry."""
    path: str
    """Absolute; a folder for formats that spread over files."""
    label: str
    """How it is told: relative to where was looked, `.` for that place itself; text from outside."""
    run: str = ""
    """Which run is meant in a database that holds several; empty where there is but one."""
    run_name: str = ""
    """How people call that run."""
    trust: Trust = Trust.STRUCTURED
    patterns: tuple[str, ...] = ()
    """Regular expressions with named groups that read a log."""
    since: float = 0.0
    """Files of a folder that were last written before, seconds since 1970, are of others."""

    @property
    def key(self) -> str:
        """What it is known by from one process to the next: the same for the same place."""
        return "|".join((self.kind, str(int(self.trust)), self.label, self.run))

    @property
    def words(self) -> str:
        """The label with the run that is meant; where that place itself was named, what reads it."""
        place = self.kind if self.label == "." else self.label
        run = self.run_name or self.run
        return f"{place} {run}" if run else place
