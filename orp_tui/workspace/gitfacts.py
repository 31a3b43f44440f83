"""What git knows of a project: files, commit, differences.

Who decides what is frozen is `workspace.freeze`.
"""

from __future__ import annotations

import dataclasses
import functools
import os
from collections.abc import Iterable
from pathlib import Path

from orp_tui.workspace.git import finish, finish_all, split_names, start

_PLACES = (
    "--show-toplevel",
    "--absolute-git-dir",
    "--git-common-dir",
    "--show-object-format",
    "--show-prefix",
)


@dataclasses.dataclass(frozen=True)
class Repository:
    """A project that is, or lies in, a git work tree."""

    project: Path
    root: Path
    """Top of the work tree."""
    prefix: str
    """Of the project beneath the top: empty, or `sub/folder/`."""
    git_dir: Path
    """Of this work tree; with `git worktree` and in submodules not `root/.git`."""
    common_dir: Path
    """What all work trees of the repository share."""
    object_format: str
    """sha1 or sha256."""
    commit: str | None
    """Full id; None before the first commit."""
    branch: str | None
    """None when HEAD is detached."""

    @property
    def objects(self) -> Path:
        return self.common_dir / "objects"


@dataclasses.dataclass(frozen=True)
class Tracked:
    """One entry of the index."""

    path: str
    """Relative to the folder that was asked."""
    mode: str
    """100644, 100755, 120000 (symbolic link) or 160000 (submodule)."""
    object_id: str
    skip_worktree: bool
    """A sparse checkout leaves it out on purpose."""


@dataclasses.dataclass(frozen=True)
class Listing:
    """The files of a work tree beneath one folder; paths relative to it."""

    tracked: tuple[Tracked, ...]
    untracked: tuple[str, ...]
    """Not ignored. A trailing slash: a repository of its own inside this one."""
    ignored: tuple[str, ...]
    """A trailing slash: a whole folder, not looked into."""
    empty: tuple[str, ...]
    """Folders with nothing in them."""


def _text(out: bytes | None) -> str | None:
    return None if out is None else (os.fsdecode(out).rstrip("\n") or None)


def find_repository(project: Path) -> Repository | None:
    """The repository `project` lies in; None without git, without a work tree, or without a repository.

    Raises SubmitRefused if there is one that git cannot read.
    """
    if not _has_git_above(project):
        return None
    try:
        head = start(project, "rev-parse", *_PLACES, "HEAD^{commit}", "--symbolic-full-name", "HEAD")
    except FileNotFoundError:
        return None
    out = finish(head, may_fail=True)
    # Before the first commit there is no HEAD to name.
    out = finish(start(project, "rev-parse", *_PLACES), may_fail=True) if out is None else out
    if out is None:
        return None
    root, git_dir, common_dir, object_format, prefix, *named = os.fsdecode(out).removesuffix("\n").split("\n")
    commit, branch = named if len(named) == 2 else (None, None)
    # A repository may name any folder of the machine as its work tree.
    if not _is_beneath(project, Path(root)):
        return None
    return Repository(
        project=project,
        root=Path(root),
        prefix=prefix,
        git_dir=Path(git_dir),
        common_dir=Path(os.path.normpath(project / common_dir)),
        object_format=object_format,
        commit=commit,
        branch=branch.removeprefix("refs/heads/") if branch and branch != "HEAD" else None,
    )


def _has_git_above(folder: Path) -> bool:
    """Spares three processes where no folder up to the root has a `.git`."""
    return any(os.path.lexists(above / ".git") for above in (folder, *folder.parents))


def _is_beneath(path: Path, folder: Path) -> bool:
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))


def pattern_for(path: str) -> str:
    """The exclude pattern that means exactly this path, folder or file."""
    return "/" + "".join("\\" + char if char in "\\*?[]! #" else char for char in path.strip("/"))


def list_files(folder: Path, skipped: Iterable[str] = ()) -> Listing:
    """What git tracks, does not track and ignores beneath `folder`; `skipped` folders are not entered.

    300,000 untracked files take a quarter of a second, folders that are skipped or ignored none.
    """
    excludes = [f"--exclude={pattern_for(path)}" for path in skipped]
    known = start(
        folder, "ls-files", "-t", "-c", "-o", "-s", "-z", "--directory", *excludes, "--exclude-standard"
    )
    ignored = start(folder, "ls-files", "-o", "-i", "-z", "--directory", *excludes, "--exclude-standard")
    entries, ignored_names = (split_names(out) for out in finish_all(known, ignored))
    untracked = [entry[2:] for entry in entries if entry.startswith("? ")]
    folders = [name for name in untracked if name.endswith("/")]
    empty = _empty_among(folders, folder)
    if len(empty) < len(folders):
        # Some untracked folder has files; only without --directory does git name them.
        others = start(folder, "ls-files", "-o", "-z", *excludes, "--exclude-standard")
        untracked = split_names(finish(others))
    return Listing(
        tracked=_read_entries(entry for entry in entries if not entry.startswith("? ")),
        untracked=tuple(name for name in untracked if name.rstrip("/") not in empty),
        ignored=tuple(ignored_names),
        empty=tuple(empty),
    )


def _empty_among(names: Iterable[str], folder: Path) -> list[str]:
    """git names untracked folders, empty or not, with a slash behind."""
    folders = [name.rstrip("/") for name in names if name.endswith("/")]
    return [name for name in folders if not os.listdir(folder / name)]


def _read_entries(entries: Iterable[str]) -> tuple[Tracked, ...]:
    """`H 100644 <id> 0<TAB>path`; a path in conflict has up to three of them and counts once."""
    found: dict[str, Tracked] = {}
    for entry in entries:
        facts, path = entry.split("\t", 1)
        tag, mode, object_id, _stage = facts.split(" ")
        found[path] = Tracked(path, mode, object_id, tag == "S")
    return tuple(found.values())


def describe(repository: Repository) -> str | None:
    """`v1.2-3-gabc123`; the short id where there is no tag; None before the first commit."""
    if repository.commit is None:
        return None
    return _describe(repository, _stamps(repository, "packed-refs", "refs/tags"))


def remote_url(repository: Repository) -> str | None:
    """Of `origin`, without user name and password; None if there is none."""
    return _remote_url(repository, _stamps(repository, "config"))


def _stamps(repository: Repository, *names: str) -> tuple[int, ...]:
    """Changes when one of these files of the repository does."""
    stamps = []
    for name in names:
        try:
            stamps.append(os.stat(repository.common_dir / name).st_mtime_ns)
        except OSError:
            stamps.append(0)
    return tuple(stamps)


# A batch of a hundred runs asks this once.
@functools.lru_cache(maxsize=64)
def _describe(repository: Repository, _: tuple[int, ...]) -> str | None:
    return _text(finish(start(repository.project, "describe", "--tags", "--always"), may_fail=True))


@functools.lru_cache(maxsize=64)
def _remote_url(repository: Repository, _: tuple[int, ...]) -> str | None:
    url = _text(finish(start(repository.project, "config", "--get", "remote.origin.url"), may_fail=True))
    return None if url is None else without_credentials(url)


def without_credentials(url: str) -> str:
    """`https://user:token@host/x` → `https://host/x`; `git@host:x` as it is."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        return url
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path.partition('?')[0]}"
