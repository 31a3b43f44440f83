"""Every error that ORP raises on purpose.

    OrpError
    ├── UsageError             the request makes no sense (exit code 2)
    │   ├── ConfigError        an experiment or settings file is invalid; carries all problems
    │   ├── NotYet             a valid wish whose part of ORP is not built yet
    │   ├── RunNotFound        no run, or more than one, answers to that name
    │   └── FilterError        a text is no filter of runs; shows the place (in core/filters/errors.py)
    ├── SubmitRefused          the workspace cannot be frozen as asked; says what to add where (exit code 2)
    ├── IllegalTransition      a run in that state cannot take that event
    ├── StoreError             the database cannot be used: schema, file system, damage (exit code 3)
    │   ├── StoreBusy          somebody else held the database for too long
    │   └── StoreDamaged       the file is no sound database; `orp doctor --rebuild` makes it again
    ├── Stopped                a long work was told to stop, and has left everything as it was (exit code 130)
    ├── LeaderError            the queue processor cannot be started or reached (exit code 3)
    ├── UnsafePath             a path leaves its folder, or is no regular file
    ├── ArchiveError           a zip is damaged, or a member cannot be written, read or unpacked
    │   └── DiskFull           no room for a zip, or for what is in it; carries needed and free bytes
    └── MissingExtra           a feature needs a package that is not installed; names the pip command

A message says what was wrong, where, and what to do. The facts are attributes
too, so that a screen can show them in its own way.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orp_tui.core.problem import Problem


class OrpError(Exception):
    """Base of all errors that ORP raises on purpose; its text is for the user."""

    exit_code = 3
    """What a command ends with: 2 for a request that makes no sense, 3 when ORP itself could not."""


class UsageError(OrpError):
    """The request makes no sense as given."""

    exit_code = 2


class ConfigError(UsageError):
    """A file that describes an experiment or settings is invalid."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        """Everything that is wrong, in the order of the file; never empty."""
        super().__init__("\n".join(str(problem) for problem in self.problems))


class NotYet(UsageError):
    """A valid wish whose part of ORP is not built yet."""

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(f"not yet: {key}")


class RunNotFound(UsageError):
    """No run, or more than one, answers to a reference."""

    def __init__(self, reference: str, detail: str) -> None:
        self.reference = reference
        super().__init__(f"{reference}: {detail}")


class SubmitRefused(OrpError):
    """A workspace cannot be frozen as asked; the message says what to add where."""

    exit_code = 2


class IllegalTransition(OrpError):
    """A run in that state cannot take that event."""

    def __init__(self, run_id: str, state: str, event: str) -> None:
        self.run_id, self.state, self.event = run_id, state, event
        super().__init__(f"run {run_id} is {state}; it cannot take {event!r}.")


class StoreError(OrpError):
    """The database cannot be used."""


class StoreBusy(StoreError):
    """Somebody else held the database for too long."""


class StoreDamaged(StoreError):
    """The file is there and is no sound database."""


class Stopped(OrpError):
    """A long work was told to stop, and has left everything as it was."""

    exit_code = 130


class LeaderError(OrpError):
    """The queue processor cannot be started or reached."""


class UnsafePath(OrpError):
    """A path leaves its folder, or names no regular file."""

    def __init__(self, path: str, why: str) -> None:
        self.path, self.why = path, why
        super().__init__(f"{path}: {why}")


class ArchiveError(OrpError):
    """A zip is damaged, or one of its members cannot be read or unpacked."""


class DiskFull(ArchiveError):
    """No room for a zip, or for what is in it."""

    def __init__(self, path: str, needed: int, free: int) -> None:
        self.path, self.needed, self.free = path, needed, free
        """`needed` is an estimate; `free` is what an ordinary user may write. Both in bytes."""
        unit, word = (1e9, "GB") if needed >= 1e8 else (1e6, "MB")
        super().__init__(f"{path}: needs {needed / unit:.1f} {word}, {free / unit:.1f} free")


class MissingExtra(OrpError):
    """A feature needs a package that is not installed."""

    def __init__(self, feature: str, extra: str) -> None:
        self.feature, self.extra = feature, extra
        super().__init__(f"{feature} needs: pip install 'open-research-pipeline[{extra}]'")
