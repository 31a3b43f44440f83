"""What git knows of a project: files, commit, differences.

Everything is asked of the `git` command in a way that leaves the repository alone and runs
nothing of its configuration: a submit may look at a stranger's repository before anybody
decided to trust it. Who decides what is frozen is `workspace.freeze`.
"""

from __future__ import annotations

import dataclasses
import functools
import os
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

from orp_tui.core.errors import SubmitRefused

TIMEOUT_S = 30.0

_KEPT_VARIABLES = frozenset({"GIT_CEILING_DIRECTORIES", "GIT_DISCOVERY_ACROSS_FILESYSTEM"})

# `safe.directory` on the command line counts: a repository of another user is read, and nothing in
# it is run. No transport is allowed, so that a partial clone fetches nothing.
_QUIET = (
    "--no-pager", "--no-replace-objects", "--literal-pathspecs",
    "-c", "safe.directory=*", "-c", "core.fsmonitor=", "-c", "core.hooksPath=/dev/null", "-c", "core.untrackedCache=false",
    "-c", "core.quotePath=false", "-c", "core.preloadIndex=false", "-c", "protocol.allow=never", "-c", "diff.external=",
    "-c", "core.pager=cat", "-c", "color.ui=false", "-c", "submodule.recurse=false", "-c", "diff.noprefix=false",
)  # fmt: skip

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


def _environment() -> dict[str, str]:
    kept = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith("GIT_") or key in _KEPT_VARIABLES
    }
    return kept | {
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_PAGER": "cat",
        "LC_ALL": "C",
    }


def start(
    folder: Path, *arguments: str, environment: dict[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """A running git in `folder`, harmless as this module promises.

    Raises FileNotFoundError if git is not installed.
    """
    return subprocess.Popen(
        ["git", *_QUIET, *arguments],
        cwd=folder,
        env=_environment() | (environment or {}),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def finish(process: subprocess.Popen[bytes], *, given: bytes = b"", may_fail: bool = False) -> bytes | None:
    """What it printed; None if it failed and may.

    Raises SubmitRefused with git's own words if it failed or took over TIMEOUT_S.
    """
    try:
        out, err = process.communicate(given, timeout=TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise SubmitRefused(f"git took longer than {TIMEOUT_S:g} s: {_shown(process)}") from None
    if process.returncode == 0:
        return out
    if may_fail:
        return None
    words = err.decode("utf-8", "replace").strip() or f"exit code {process.returncode}"
    raise SubmitRefused(f"git cannot read the repository: {words} ({_shown(process)})")


def finish_all(*processes: subprocess.Popen[bytes], may_fail: bool = False) -> list[bytes | None]:
    """What each printed; none is left running if one of them raises."""
    outs: list[bytes | None] = []
    refused: SubmitRefused | None = None
    for process in processes:
        try:
            outs.append(finish(process, may_fail=may_fail))
        except SubmitRefused as error:
            refused = refused or error
    if refused is not None:
        raise refused
    return outs


def _shown(process: subprocess.Popen[bytes]) -> str:
    arguments = process.args
    assert isinstance(arguments, list)
    return " ".join(["git", *(str(word) for word in arguments[1 + len(_QUIET) :])][:6])


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


def split_names(out: bytes | None) -> list[str]:
    """What git prints with `-z`."""
    return [os.fsdecode(item) for item in (out or b"").split(b"\0") if item]


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


def run_git(folder: Path, arguments: Sequence[str], *, given: bytes = b"", environment: dict[str, str] | None = None) -> bytes:  # fmt: skip
    """What one command printed. Raises SubmitRefused if it failed."""
    out = finish(start(folder, *arguments, environment=environment), given=given)
    assert out is not None
    return out
