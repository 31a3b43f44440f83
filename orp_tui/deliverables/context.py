"""What a check is given: the matched files and the safe way to open them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import BinaryIO, NamedTuple

from orp_tui.core.checklist import CheckResult, Deliverable, Json
from orp_tui.core.errors import UnsafePath
from orp_tui.deliverables.findings import Broken, CannotTell, error, failed, os_words, passed
from orp_tui.files.safe_open import Beneath

Options = Mapping[str, Json]


class FileFacts(NamedTuple):
    """What the system says of one regular file."""

    path: str
    """Relative to the workspace."""
    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int

    @property
    def mark(self) -> list[int]:
        """What a change of the file changes, as the baseline holds it."""
        return [self.ctime_ns, self.mtime_ns, self.size, self.inode]


class Target(NamedTuple):
    """One path that a deliverable matched: a file, or a folder with all that is in it."""

    path: str
    """Relative to the workspace."""
    is_folder: bool
    files: tuple[FileFacts, ...]
    """The file itself, or every file beneath the folder, in the order of a walk."""
    truncated: bool = False
    """The folder holds more files than were looked at."""

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        return sum(file.size for file in self.files)


@dataclasses.dataclass(frozen=True)
class Context:
    """One deliverable at one moment, for its checks."""

    folder: Beneath
    """The workspace."""
    deliverable: Deliverable
    targets: tuple[Target, ...]
    """Never empty when a check is called."""
    truncated: bool
    """More matched than `targets` holds."""
    final: bool
    """False while the run goes on: only what is cheap may be looked at."""
    now: float
    """Seconds since the epoch."""
    baseline: dict[str, Json] | None = None
    """This deliverable's part of what `take_baseline` gave; None if it was not taken."""
    environment: Mapping[str, str] | None = None
    """For commands; None is the environment of this process."""

    def open(self, path: str) -> BinaryIO:
        """A matched file, or any other of the workspace. Raises UnsafePath and OSError."""
        return self.folder.open(path)


Check = Callable[[Context, Options], CheckResult]
"""The form of every check, those of plug-ins too."""

Look = Callable[[Target], tuple[str, Json]]
"""Looks at one file or folder: detail and value. Raises Broken, CannotTell, UnsafePath and OSError."""


def each(context: Context, check: str, look: Look) -> CheckResult:
    """`look` at every target: the first that is not as it should be, else what was found.

    With several targets the detail names the file, and the value is that of the first.
    """
    many = len(context.targets) > 1
    found: list[tuple[str, Json]] = []
    for target in context.targets:
        prefix = f"{target.path}: " if many else ""
        try:
            found.append(look(target))
        except Broken as broken:
            return failed(check, f"{prefix}{broken}", broken.value)
        except CannotTell as unknown:
            return error(check, f"{prefix}{unknown}")
        except UnsafePath as unsafe:
            return failed(check, str(unsafe))
        except OSError as problem:
            return error(check, os_words(target.path, problem))
    detail, value = found[0]
    return passed(check, f"{len(found):,} files, the first: {detail}" if many else detail, value)


def each_file(context: Context, check: str, look: Callable[[FileFacts], tuple[str, Json]]) -> CheckResult:
    """As `each`, for checks that a folder cannot have."""

    def look_at(target: Target) -> tuple[str, Json]:
        if target.is_folder:
            raise CannotTell(f"is a folder; {check} looks at files, so name one, or write a glob")
        return look(target.files[0])

    return each(context, check, look_at)
