"""What a submit found out about a project's files, as plain values.

`workspace.freeze` makes a `FreezePlan`, `workspace.sources` and `workspace.filling` carry it out, and
`--dry-run` prints it. Paths are relative to the project with `/` between parts, unless they say
otherwise.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable
from pathlib import Path

from orp_tui.core.errors import SubmitRefused
from orp_tui.workspace.gitdiff import NO_DIFF, Diff
from orp_tui.workspace.gitfacts import Repository


@dataclasses.dataclass(frozen=True)
class FreezeLimits:
    """Above these a submit refuses; it never copies a part."""

    max_file_bytes: int = 10 << 20
    max_total_bytes: int = 200 << 20
    max_files: int = 50_000
    max_folder_entries: int = 2_000
    """A folder with more untracked entries is data until somebody says otherwise."""


@dataclasses.dataclass(frozen=True)
class WorkspaceAnswers:
    """What `orp.yaml` says of folders and files that are no code; relative to the project."""

    inputs: tuple[str, ...] = ()
    """Linked into every workspace."""
    outputs: tuple[str, ...] = ()
    """Fresh and empty in every workspace."""


@dataclasses.dataclass(frozen=True)
class PlannedFile:
    """One file or symbolic link to freeze."""

    path: str
    source: str
    """Where it lies, absolute."""
    size: int
    executable: bool
    link: str | None
    """The target a symbolic link gets in the workspace; None for a file."""
    tracked: bool


@dataclasses.dataclass(frozen=True)
class LinkedInput:
    """A folder or file that the workspace shows by a link."""

    path: str
    target: str
    """Absolute."""
    software: bool = False
    """A virtual environment: linked by itself, and no data of the experiment."""


@dataclasses.dataclass(frozen=True)
class LeftOut:
    """Something that the workspace will not have, and why."""

    path: str
    why: str


@dataclasses.dataclass(frozen=True)
class Question:
    """A folder of which only the user knows whether the training reads it or writes it."""

    path: str
    why: str
    """`ignored by git`, `over 2,000 files`, …"""


@dataclasses.dataclass(frozen=True)
class Submodule:
    """A repository inside the project."""

    path: str
    commit: str
    """As the outer repository records it; empty for a repository that is no submodule."""
    present: bool
    """Checked out; else its folder is empty."""


@dataclasses.dataclass(frozen=True)
class FreezePlan:
    """All that a workspace will hold, and all that it will not."""

    kind: str
    """isolated, in_place or shared; only `isolated` has files."""
    project: Path
    cwd: str
    """The folder the training starts in; empty for the project itself."""
    files: tuple[PlannedFile, ...] = ()
    """Sorted by path."""
    inputs: tuple[LinkedInput, ...] = ()
    folders: tuple[str, ...] = ()
    """To be made; empty unless files lie in them."""
    left_out: tuple[LeftOut, ...] = ()
    secrets: tuple[LeftOut, ...] = ()
    """Left out because they hold, or by their name may hold, a secret."""
    questions: tuple[Question, ...] = ()
    refusals: tuple[str, ...] = ()
    """What must be changed before a submit; each for a person, with the lines to add."""
    deliverables: tuple[str, ...] = ()
    """Their paths or globs."""
    outputs: tuple[str, ...] = ()
    """Folders and files that are fresh in every run."""
    elsewhere: tuple[Path, ...] = ()
    """Folders of ORP inside the project, absolute: an argument may name a path in them."""
    untracked: tuple[str, ...] = ()
    """Files among `files` that git does not track."""
    tracked_absent: tuple[str, ...] = ()
    """Tracked by git but not in the workspace as they were: linked, retargeted or left out."""
    repository: Repository | None = None
    diff: Diff = NO_DIFF
    """Of tracked files against their commits, submodules included."""
    submodules: tuple[Submodule, ...] = ()

    @property
    def bytes(self) -> int:
        return sum(file.size for file in self.files)

    @functools.cached_property
    def file_paths(self) -> frozenset[str]:
        return frozenset(file.path for file in self.files)

    @functools.cached_property
    def folder_paths(self) -> frozenset[str]:
        """Every folder of the workspace; the empty string is the workspace itself."""
        held = (*self.file_paths, *(item.path for item in self.inputs))
        return frozenset(self.folders) | all_parents((*held, *self.folders)) | {""}

    def holds(self, path: str) -> bool:
        """Whether the workspace has `path`, if only by a link."""
        if path in self.file_paths or path in self.folder_paths:
            return True
        return any(is_within(path, item.path) for item in self.inputs)

    def refuse(self) -> None:
        """Raises SubmitRefused if something must be changed or answered first."""
        words = list(self.refusals)
        if self.questions:
            words.append(unanswered(self.questions))
        if words:
            raise SubmitRefused("\n\n".join(words))


def is_within(path: str, folder: str) -> bool:
    """Whether `path` is `folder` or lies beneath it; the empty string is the project."""
    return not folder or path == folder or path.startswith(folder + "/")


def is_within_any(path: str, folders: Iterable[str]) -> bool:
    return any(is_within(path, folder) for folder in folders)


def parents(path: str) -> list[str]:
    """`a/b/c` → `a/b`, `a`."""
    found = []
    while "/" in path:
        path = path.rpartition("/")[0]
        found.append(path)
    return found


def all_parents(paths: Iterable[str]) -> frozenset[str]:
    """Every folder above any of `paths`."""
    found: set[str] = set()
    for path in paths:
        folder = path.rpartition("/")[0]
        while folder and folder not in found:
            found.add(folder)
            folder = folder.rpartition("/")[0]
    return frozenset(found)


def unanswered(questions: Iterable[Question]) -> str:
    """The questions as a refusal, with the lines that answer them."""
    asked = list(questions)
    lines = [
        "Does the training read or write these? Nobody said so yet:",
        *(f"  {question.path}/  ({question.why})" for question in asked),
        *settings_lines([question.path for question in asked], "move those it writes to outputs"),
    ]
    return "\n".join(lines)


def settings_lines(paths: Iterable[str], remark: str = "") -> list[str]:
    """What to add to `orp.yaml` so that `paths` are linked."""
    import json

    listed = ", ".join(
        path
        if path.replace("/", "").replace("_", "").replace("-", "").replace(".", "").isalnum()
        else json.dumps(path)
        for path in paths
    )
    return [
        "Add to orp.yaml in the project:",
        "  workspace:",
        f"    inputs: [{listed}]      # linked" + (f"; {remark}" if remark else ""),
        "    outputs: []     # fresh and empty in every run",
    ]
