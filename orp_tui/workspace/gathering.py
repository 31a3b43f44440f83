"""Candidates → the files to freeze: stat, secrets, links, limits."""

from __future__ import annotations

import dataclasses
import os
import stat
from collections.abc import Callable, Iterable
from pathlib import Path

from orp_tui.core.words import size
from orp_tui.workspace.candidates import SOURCE_SUFFIXES, Candidates
from orp_tui.workspace.filecache import FileCache
from orp_tui.workspace.outputs import OutputPaths
from orp_tui.workspace.plan import (
    FreezeLimits,
    LeftOut,
    LinkedInput,
    PlannedFile,
    Question,
    all_parents,
    is_within_any,
    parents,
    settings_lines,
)
from orp_tui.workspace.secretscan import is_secret_file
from orp_tui.workspace.symlinks import retarget

_EXTENSION_SUFFIXES = (".so", ".pyd")
_GENERATED_NAMES = ("_version.py", "version.py", "__version__.py", "_pb2.py", "_pb2_grpc.py")
_LISTED = 10


@dataclasses.dataclass
class Gathered:
    """What `gather` decided."""

    files: list[PlannedFile] = dataclasses.field(default_factory=list)
    left_out: list[LeftOut] = dataclasses.field(default_factory=list)
    secrets: list[LeftOut] = dataclasses.field(default_factory=list)
    questions: list[Question] = dataclasses.field(default_factory=list)
    refusals: list[str] = dataclasses.field(default_factory=list)
    tracked_absent: list[str] = dataclasses.field(default_factory=list)


def gather(
    project: Path,
    found: Candidates,
    links: list[LinkedInput],
    outputs: OutputPaths,
    limits: FreezeLimits,
    cache: FileCache,
) -> Gathered:
    """Looks at every candidate once. Nothing over a limit is copied in part: it becomes a refusal."""
    gathering = _Gathering(project, frozenset(link.path for link in links), outputs, cache)
    tracked = frozenset(found.tracked)
    detours = _detours(project, found.tracked)
    for path in found.tracked:
        if is_within_any(path, detours):
            continue
        gathering.look_at(path, tracked=True)
    for path in (*found.untracked, *_generated(found)):
        gathering.look_at(path, tracked=False)
    result = gathering.result
    _apply_limits(result, tracked, limits)
    gathering.add_links()
    for item in result.left_out:
        if item.path in tracked:
            result.tracked_absent.append(item.path)
    return result


def _detours(project: Path, tracked: Iterable[str]) -> frozenset[str]:
    """Folders of tracked files that are symbolic links now: their files are gone, as git sees it."""
    return frozenset(path for path in all_parents(tracked) if os.path.islink(project / path))


def _generated(found: Candidates) -> list[str]:
    """Ignored files that a package beside them can't do without: compiled modules, version files."""
    packages = {
        path.rpartition("/")[0] for path in (*found.tracked, *found.untracked) if path.endswith(".py")
    }
    initialised = {
        path.rpartition("/")[0]
        for path in (*found.tracked, *found.untracked)
        if path.endswith("/__init__.py")
    }
    chosen = [
        path
        for path in found.ignored_files
        if (path.endswith(_EXTENSION_SUFFIXES) and path.rpartition("/")[0] in packages)
        or (path.endswith(_GENERATED_NAMES) and path.rpartition("/")[0] in initialised)
    ]
    if chosen:
        apart = frozenset(chosen)
        found.ignored_files[:] = [path for path in found.ignored_files if path not in apart]
    return chosen


class _Gathering:
    def __init__(self, project: Path, linked: frozenset[str], outputs: OutputPaths, cache: FileCache) -> None:
        self.project, self.linked, self.outputs, self.cache = project, linked, outputs, cache
        self.home = str(project)
        self.result = Gathered()
        self.pending: list[tuple[str, bool]] = []
        """Symbolic links; what they become depends on which files there are."""

    def look_at(self, path: str, *, tracked: bool) -> None:
        if self._is_linked(path):
            if tracked:
                self.result.tracked_absent.append(path)
            return
        source = f"{self.home}/{path}"
        try:
            status = os.lstat(source)
        except (FileNotFoundError, NotADirectoryError):
            return
        if self.outputs.is_deliverable(path):
            self.result.left_out.append(LeftOut(path, "a deliverable: each run makes its own"))
        elif not tracked and is_secret_file(path):
            self.result.secrets.append(LeftOut(path, "by its name a file of secrets"))
        elif stat.S_ISLNK(status.st_mode) and self.outputs.touches(path):
            # Runs that write through one link would meet in the folder behind it.
            self.result.left_out.append(LeftOut(path, "a link where outputs go: a fresh folder in every run"))
        elif stat.S_ISLNK(status.st_mode):
            self.pending.append((path, tracked))
        elif stat.S_ISREG(status.st_mode):
            executable = bool(status.st_mode & 0o100)
            self.result.files.append(PlannedFile(path, source, status.st_size, executable, None, tracked))
        elif not stat.S_ISDIR(status.st_mode):
            self.result.left_out.append(LeftOut(path, "neither file, folder nor link"))

    def _is_linked(self, path: str) -> bool:
        if not self.linked:
            return False
        return path in self.linked or any(folder in self.linked for folder in parents(path))

    def read_untracked(self) -> None:
        """Leaves out untracked files that hold a secret. Refuses what can't be read."""
        kept = []
        unreadable = []
        for file in self.result.files:
            if file.tracked or file.path.endswith(_EXTENSION_SUFFIXES):
                if not os.access(file.source, os.R_OK):
                    unreadable.append(file.path)
                kept.append(file)
                continue
            try:
                secret = self.cache.facts(file.source, scan=True).secret
            except FileNotFoundError:
                continue
            except OSError:
                unreadable.append(file.path)
                continue
            if secret is None:
                kept.append(file)
            else:
                self.result.secrets.append(LeftOut(file.path, f"line {secret[0]}: {secret[1]}"))
        self.result.files[:] = kept
        if unreadable:
            self.result.refusals.append("Files that can't be read:\n" + "\n".join(f"  {path}" for path in unreadable[:_LISTED]))  # fmt: skip

    def add_links(self) -> None:
        """Reads file contents and decides about links: both need to know what is small enough to stay."""
        self.read_untracked()
        files = {file.path for file in self.result.files} | {path for path, _ in self.pending}
        folders = all_parents(files)
        secrets = {item.path for item in self.result.secrets}

        def stays(path: str) -> bool:
            return path in files or path in folders or self._is_linked(path) or self.outputs.is_written(path)

        for path, tracked in self.pending:
            written = os.readlink(f"{self.home}/{path}")
            link = retarget(path, written, self.project, stays)
            meant = os.path.relpath(os.path.realpath(f"{self.home}/{path}"), self.home)
            if link.secret or meant in secrets:
                self.result.refusals.append(
                    f"{path} → {written}: a link to a file of secrets; remove it, or have it ignored"
                )
                continue
            self.result.files.append(PlannedFile(path, f"{self.home}/{path}", 0, False, link.target, tracked))
            if link.target != written and tracked:
                self.result.tracked_absent.append(path)
            if link.note.startswith("→"):
                self.result.left_out.append(LeftOut(path, f"a link that shows the original: {link.note}"))


def _apply_limits(result: Gathered, tracked: frozenset[str], limits: FreezeLimits) -> None:
    mixed = all_parents(tracked) | all_parents(file.path for file in result.files if _is_code(file.path))
    large = [file for file in result.files if file.size > limits.max_file_bytes]
    asked = {folder for file in large if (folder := _topmost_without_code(file.path, mixed))}
    for folder in sorted(asked):
        held = sum(file.size for file in result.files if is_within_any(file.path, (folder,)))
        result.questions.append(Question(folder, f"{size(held)}, none of it code"))
    if asked:
        result.files[:] = [file for file in result.files if not any(at in asked for at in parents(file.path))]
    large = [file for file in result.files if file.size > limits.max_file_bytes]
    if large:
        result.refusals.append(_too_large(large, limits))
        result.files[:] = [file for file in result.files if file.size <= limits.max_file_bytes]
    total = sum(file.size for file in result.files)
    if total > limits.max_total_bytes or len(result.files) > limits.max_files:
        result.refusals.append(_too_much(result.files, total, limits))
        result.files.clear()


def _topmost_without_code(path: str, mixed: frozenset[str]) -> str | None:
    above = [folder for folder in parents(path) if folder not in mixed]
    return above[-1] if above else None


def _too_large(large: list[PlannedFile], limits: FreezeLimits) -> str:
    large = sorted(large, key=lambda file: -file.size)
    count = "1 file" if len(large) == 1 else f"{len(large):,} files"
    lines = [
        f"{count} over {size(limits.max_file_bytes)}, too large to be kept with every run:",
        *(f"  {size(file.size):>9}  {file.path}" for file in large[:_LISTED]),
        *([f"  … and {len(large) - _LISTED:,} more"] if len(large) > _LISTED else []),
        *settings_lines([file.path for file in large[:_LISTED]]),
        "or have git ignore them.",
    ]
    return "\n".join(lines)


def _too_much(files: list[PlannedFile], total: int, limits: FreezeLimits) -> str:
    most = f"at most {limits.max_files:,} files, {size(limits.max_total_bytes)}"
    code = all_parents(file.path for file in files if _is_code(file.path))
    shares = _shares(files, lambda path: _topmost_without_code(path, code) or path.partition("/")[0])
    shares.sort(key=lambda share: (-share.bytes, -share.files))
    lines = [
        f"{len(files):,} files with {size(total)} together are too much to be kept with every run ({most}). The largest:",
        *(f"  {size(share.bytes):>9}  {share.shown}" for share in shares[:_LISTED]),
        *([f"  … and {len(shares) - _LISTED:,} more"] if len(shares) > _LISTED else []),
        *_less(files, code, total, limits),
    ]
    return "\n".join(lines)


def _less(files: list[PlannedFile], code: frozenset[str], total: int, limits: FreezeLimits) -> list[str]:
    """What to link so that the rest is within the limits, as lines for `orp.yaml`. Code is never linked: it would be live."""
    data = [file for file in files if not _is_code(file.path)]
    shares = _shares(data, lambda path: _topmost_without_code(path, code) or path)
    over, count = total - limits.max_total_bytes, len(files) - limits.max_files
    shares.sort(key=lambda share: (-share.bytes, -share.files) if over > 0 else (-share.files, -share.bytes))
    linked = []
    for share in shares[:_LISTED]:
        linked.append(share.path)
        over, count = over - share.bytes, count - max(1, share.files)
        if over <= 0 and count <= 0:
            return settings_lines(linked)
    return [
        "Have git ignore what is no code and is not needed, or link it as `inputs` of `workspace` in orp.yaml;",
        "`max_total` there allows more bytes.",
    ]


@dataclasses.dataclass(frozen=True)
class _Share:
    """What a folder or a file directly named adds to a workspace."""

    path: str
    bytes: int
    files: int
    """0 for a single file."""

    @property
    def shown(self) -> str:
        if not self.files:
            return self.path
        return f"{self.path}/  ({self.files:,} file{'' if self.files == 1 else 's'})"


def _shares(files: Iterable[PlannedFile], place: Callable[[str], str]) -> list[_Share]:
    """Files by the folder that `place` gives for each, or by themselves if it gives their own path."""
    sums: dict[str, tuple[int, int]] = {}
    for file in files:
        path = place(file.path)
        held, count = sums.get(path, (0, 0))
        sums[path] = (held + file.size, count + (path != file.path))
    return [_Share(path, *sum_) for path, sum_ in sums.items()]


def _is_code(path: str) -> bool:
    return os.path.splitext(path)[1].lower() in SOURCE_SUFFIXES
