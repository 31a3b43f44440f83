"""Which files and folders of a project there are to decide about; nothing is opened here.

With git its own listing counts, submodules included. Without git only code and configuration,
told by their suffix, are candidates; all else is named, so that nothing is missing silently.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Collection, Iterable
from pathlib import Path

from orp_tui.core.errors import SubmitRefused
from orp_tui.workspace import gitfacts
from orp_tui.workspace.own_folders import count_files, find_listed, is_own, parts_inside
from orp_tui.workspace.plan import FreezeLimits, Submodule, is_within, is_within_any, parents
from orp_tui.workspace.secretscan import is_secret_file

SCANNED_ENTRIES = 100_000
"""Without git; a folder tree beyond that is no project."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


SOURCE_SUFFIXES = _words(
    ".py .pyi .pyx .pxd .ipynb .sh .bash .zsh .fish .r .rmd .jl .lua .c .cc .cpp .cxx .cu .cuh .h .hh .hpp .rs .go .js .mjs .ts .m "
    ".pl .rb .java .scala .kt .swift .f .f90 .sql .cmake .mk .proto .jinja .j2 .tmpl"
)
CONFIG_SUFFIXES = _words(".toml .yaml .yml .json .jsonc .json5 .ini .cfg .conf .txt .md .rst .xml .lock .in .gin .hcl .jsonnet")  # fmt: skip
_PLAIN_NAMES = _words("makefile dockerfile license justfile snakefile pipfile procfile .gitignore .gitattributes .python-version")  # fmt: skip

CACHES = _words(
    "__pycache__ .mypy_cache .ruff_cache .pytest_cache .hypothesis .ipynb_checkpoints .tox .nox .cache .eggs .idea .vscode node_modules "
    ".import_linter_cache .pytype .pyre .git .hg .svn .jj .dvc .coverage htmlcov .DS_Store"
)
"""Neither input nor output of a training: left out without a question."""
_CACHE_ENDS = (".egg-info", ".dist-info", ".pyc", ".pyo")


@dataclasses.dataclass
class Candidates:
    """What was found; paths relative to the project."""

    tracked: list[str] = dataclasses.field(default_factory=list)
    untracked: list[str] = dataclasses.field(default_factory=list)
    ignored_files: list[str] = dataclasses.field(default_factory=list)
    ignored_folders: list[str] = dataclasses.field(default_factory=list)
    empty_folders: list[str] = dataclasses.field(default_factory=list)
    large_folders: dict[str, str] = dataclasses.field(default_factory=dict)
    """Not entered → why."""
    plain_files: list[str] = dataclasses.field(default_factory=list)
    """Without git: files with no suffix of code or configuration."""
    environments: list[str] = dataclasses.field(default_factory=list)
    """Virtual environments."""
    submodules: list[Submodule] = dataclasses.field(default_factory=list)
    own: set[str] = dataclasses.field(default_factory=set)
    """Folders and files of ORP beside the base directory in use; nothing in them is in another field."""


def is_cache(path: str) -> bool:
    name = path.rpartition("/")[2]
    return name in CACHES or name.endswith(_CACHE_ENDS)


def is_environment(folder: Path) -> bool:
    """Whether a folder is a virtual environment or a conda prefix: software, neither code nor data."""
    return (folder / "pyvenv.cfg").is_file() or (folder / "conda-meta").is_dir() or folder.name == ".pixi"


def from_git(repository: gitfacts.Repository, skipped: Collection[str]) -> Candidates | None:
    """All of a repository; `skipped` folders are not entered. None if git knows of no file here,
    as where the project is an ignored folder of somebody's home repository."""
    found = Candidates()
    _add_work_tree(found, repository.project, "", skipped)
    return found if found.tracked or found.untracked else None


def _add_work_tree(found: Candidates, project: Path, prefix: str, skipped: Collection[str]) -> None:
    beneath = [path[len(prefix) :] for path in skipped if path.startswith(prefix)]
    listing = gitfacts.list_files(project / prefix, beneath)
    own = find_listed(project, _unknown(prefix, (*listing.untracked, *listing.ignored), skipped))
    found.own |= own
    nested: list[str] = []
    for entry in listing.tracked:
        path = prefix + entry.path
        if entry.mode == "160000":
            present = os.path.lexists(project / path / ".git")
            found.submodules.append(Submodule(path, entry.object_id, present))
            if present:
                nested.append(path)
            else:
                found.empty_folders.append(path)
        else:
            found.tracked.append(path)
    for path in listing.untracked:
        if _is_beneath(prefix + path, own):
            continue
        if path.endswith("/"):
            found.submodules.append(Submodule(prefix + path.rstrip("/"), "", True))
            nested.append(prefix + path.rstrip("/"))
        else:
            found.untracked.append(prefix + path)
    for path in listing.ignored:
        if not is_within_any((prefix + path).rstrip("/"), skipped) and not _is_beneath(prefix + path, own):
            is_folder = path.endswith("/") or _is_folder_link(project / (prefix + path))
            target = found.ignored_folders if is_folder else found.ignored_files
            target.append((prefix + path).rstrip("/"))
    found.empty_folders += [prefix + path for path in listing.empty if not _is_beneath(prefix + path, own)]
    for path in nested:
        if not is_within_any(path, skipped):
            _add_work_tree(found, project, path + "/", skipped)


def _unknown(prefix: str, listed: Iterable[str], skipped: Collection[str]) -> Iterable[str]:
    """Listed paths relative to the project, less the folders above `skipped` ones, which are known."""
    for path in listed:
        whole = prefix + path
        if not path.endswith("/") or not any(is_within(known, whole.rstrip("/")) for known in skipped):
            yield whole


def _is_beneath(path: str, own: Collection[str]) -> bool:
    """Whether a path as git lists it is, or lies in, one of `own`, however many those are."""
    path = path.rstrip("/")
    return bool(own) and (path in own or any(folder in own for folder in parents(path)))


def _is_folder_link(path: Path) -> bool:
    """`data -> /scratch/data` that git ignores is as good as an ignored folder."""
    return os.path.islink(path) and os.path.isdir(path)


def set_environments_apart(found: Candidates, project: Path) -> None:
    """Moves virtual environments, ignored or merely untracked, to `environments`."""
    roots = {path.rpartition("/")[0] for path in found.untracked if path.endswith("/pyvenv.cfg")}
    roots |= {
        path.rpartition("/conda-meta/")[0] for path in found.untracked if path.endswith("/conda-meta/history")
    }
    ignored = {path for path in found.ignored_folders if is_environment(project / path)}
    # An environment with its own `.gitignore` of `*` is listed by its files, not as a folder.
    ignored |= {path.rpartition("/")[0] for path in found.ignored_files if path.endswith("/pyvenv.cfg")}
    found.environments += sorted(roots | ignored)
    if not found.environments:
        return
    for name in ("untracked", "ignored_files", "ignored_folders", "empty_folders"):
        kept = [path for path in getattr(found, name) if not is_within_any(path, found.environments)]
        setattr(found, name, kept)


def set_large_apart(found: Candidates, limits: FreezeLimits) -> None:
    """Moves untracked folders of too many files to `large_folders`, the topmost that hold no tracked one."""
    if len(found.untracked) <= limits.max_folder_entries:
        return
    counts: dict[str, int] = {}
    for path in found.untracked:
        folder = path.rpartition("/")[0]
        counts[folder] = counts.get(folder, 0) + 1
    totals: dict[str, int] = {}
    for folder, count in counts.items():
        at = folder
        while at:
            totals[at] = totals.get(at, 0) + count
            at = at.rpartition("/")[0]
    mixed = _folders_above(found.tracked) | _folders_above(
        path for path in found.untracked if os.path.splitext(path)[1].lower() in SOURCE_SUFFIXES
    )
    over = limits.max_folder_entries
    large = {at for at, total in totals.items() if total > over and at not in mixed}
    large |= {at for at, count in counts.items() if at and count > over}
    top = {at for at in large if not any(parent in large for parent in _above(at))}
    if not top:
        return
    found.large_folders.update({at: f"{totals[at]:,} untracked files" for at in sorted(top)})
    found.untracked = [path for path in found.untracked if not any(at in top for at in _above(path))]


def _above(path: str) -> Iterable[str]:
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


def _folders_above(paths: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for path in paths:
        for folder in _above(path):
            if folder in found:
                break
            found.add(folder)
    return found


def from_scan(project: Path, skipped: Collection[str], limits: FreezeLimits) -> Candidates:
    """A project without git.

    Raises SubmitRefused if the tree is so large that it can't be one project's code.
    """
    found = Candidates()
    _Scan(project, frozenset(skipped), limits, found).enter("")
    return found


class _Scan:
    """One walk through a folder tree, counting what it looks at."""

    def __init__(
        self, project: Path, skipped: frozenset[str], limits: FreezeLimits, found: Candidates
    ) -> None:
        self.project, self.skipped, self.limits, self.found = project, skipped, limits, found
        self.seen = 0

    def enter(self, folder: str) -> bool:
        """Looks through one folder; whether anything in it is code or configuration."""
        entries = self._entries(folder)
        if entries is None:
            return False
        prefix = f"{folder}/" if folder else ""
        names = {entry.name for entry in entries if prefix + entry.name not in self.skipped}
        own = parts_inside(f"{self.project}/{folder}".rstrip("/"), names)
        if folder and ("orp.db" in names or len(own) == len(entries) > 0):
            self.found.own.add(folder)
            return False
        self.found.own |= {prefix + name for name in own}
        data: list[str] = []
        barren: list[str] = []
        codes = 0
        for entry in entries:
            path = prefix + entry.name
            if path in self.skipped or entry.name in own or is_cache(path):
                continue
            if entry.is_dir(follow_symlinks=False):
                if is_environment(self.project / path):
                    self.found.environments.append(path)
                elif self.enter(path):
                    codes += 1
                elif path not in self.found.own:
                    barren.append(path)
            elif is_secret_file(path):
                self.found.untracked.append(path)
            elif _is_code(entry):
                self.found.untracked.append(path)
                codes += 1
            else:
                data.append(path)
        if codes or not folder:
            self._settle(barren)
            self.found.plain_files += data
        return codes > 0

    def _entries(self, folder: str) -> list[os.DirEntry[str]] | None:
        """None for a folder that is not entered."""
        entries = []
        with os.scandir(self.project / folder) as scan:
            for entry in scan:
                entries.append(entry)
                self.seen += 1
                if len(entries) > self.limits.max_folder_entries:
                    break
        if self.seen > SCANNED_ENTRIES:
            raise SubmitRefused(
                f"{self.project}: over {SCANNED_ENTRIES:,} files, and no git repository says which of them are code. "
                f"Run `git init` there, or put an empty orp.yaml in the folder that is the project."
            )
        if len(entries) <= self.limits.max_folder_entries:
            return sorted(entries, key=lambda entry: entry.name)
        if not folder:
            raise SubmitRefused(
                f"{self.project}: over {self.limits.max_folder_entries:,} entries in the project folder itself. "
                f"Run `git init` there, or submit from a folder that holds the code."
            )
        if is_own(f"{self.project}/{folder}"):
            self.found.own.add(folder)
        return None

    def _settle(self, barren: Iterable[str]) -> None:
        """Topmost folders without any code: empty ones are made, of others only the user knows."""
        for path in barren:
            count = count_files(self.project, path, self.limits.max_folder_entries, self.found.own)
            if not count:
                self.found.empty_folders.append(path)
            elif count > self.limits.max_folder_entries:
                self.found.large_folders[path] = f"over {self.limits.max_folder_entries:,} files"
            else:
                self.found.large_folders[path] = (
                    f"{count:,} {'file' if count == 1 else 'files'}, none of them code"
                )


def _is_code(entry: os.DirEntry[str]) -> bool:
    suffix = os.path.splitext(entry.name)[1].lower()
    if suffix in SOURCE_SUFFIXES or suffix in CONFIG_SUFFIXES or entry.name.lower() in _PLAIN_NAMES:
        return True
    if entry.is_symlink():
        return True
    return not suffix and entry.is_file(follow_symlinks=False) and os.access(entry.path, os.X_OK)
