"""Let colleagues read runs: the folder, the zip, and the way that leads there; nothing else.

Of the run everything becomes readable but its private environment, its locks and the space it has set
aside. The folders above only get the right to pass through, not to look around in them; other
runs, `state/`, the frozen trees and the trash keep their 0700. `state/shared.json` remembers how the folders
above were, so that the last one that is taken back leaves them as they were.
"""

from __future__ import annotations

import dataclasses
import grp
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from orp_tui.core.errors import OrpError, UsageError
from orp_tui.core.layout import BasePaths, RunPaths
from orp_tui.core.run import Run
from orp_tui.files.atomic import read_json, write_json
from orp_tui.services.context import Context

Json = dict[str, Any]  # Any: values as JSON gives them

_PRIVATE = "environment.private"
_READ = stat.S_IRGRP | stat.S_IROTH
_ENTER = stat.S_IXGRP | stat.S_IXOTH
_GROUP, _OTHERS = stat.S_IRWXG, stat.S_IRWXO


@dataclasses.dataclass(frozen=True)
class Audience:
    """Who may read."""

    gid: int | None
    """A group; None: everybody on the machine."""

    @property
    def bits(self) -> int:
        """The part of a mode that is theirs."""
        return _GROUP if self.gid is not None else _GROUP | _OTHERS

    def __str__(self) -> str:
        return "everybody" if self.gid is None else f"group {group_name(self.gid)}"


@dataclasses.dataclass(frozen=True)
class Shared:
    """What came of sharing a run."""

    run_id: str
    folder: Path
    zip: Path | None
    """None if there is none."""
    files: int
    """Made readable."""
    left: tuple[str, ...]
    """What could not be made readable, in words."""
    blocked: tuple[str, ...]
    """Folders above that keep the audience out, in words with what would help."""


def audience(context: Context, run: Run, *, group: str | None, everybody: bool) -> Audience:
    """Who is meant; without a wish the group of the project's folder.

    Raises UsageError for a group that does not exist or that one is no member of.
    """
    if everybody:
        return Audience(None)
    if group is None:
        project = Path(run.project) if os.path.isdir(run.project) else context.paths.base
        return Audience(os.stat(project).st_gid)
    try:
        gid = int(group) if group.isdecimal() else grp.getgrnam(group).gr_gid
    except KeyError:
        raise UsageError(f"--group {group}: there is no such group on this machine") from None
    if os.geteuid() != 0 and gid not in (os.getegid(), *os.getgroups()):
        mine = ", ".join(sorted(group_name(number) for number in {os.getegid(), *os.getgroups()}))
        raise UsageError(f"--group {group}: you are no member of it; your groups are {mine}")
    return Audience(gid)


def group_name(gid: int) -> str:
    """A group's name; its number if it has none."""
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


def share(context: Context, run: Run, who: Audience) -> Shared:
    """Let `who` read a run.

    Raises UsageError if its folder is gone, OrpError if a folder can't be opened to them.
    """
    paths, folder = context.paths, context.paths.run(run.id)
    if not folder.folder.is_dir() or folder.folder.is_symlink():
        raise UsageError(f"{run.id}: its folder is gone")
    zip_path = paths.artifact(run.id)
    has_zip = zip_path.is_file() and not zip_path.is_symlink()
    _close_others(paths, _read(paths))
    files, left = _open_files(folder, who)
    if has_zip:
        _open_file(zip_path, who)
    known = _read(paths)
    try:
        for above in _above(paths, zip_too=has_zip):
            _pass_through(above, who, known)
        known["runs"][run.id] = {"group": who.gid}
        write_json(_file(paths), known)
        _set(folder.folder, who, _READ | _ENTER)  # last: now they can come in
    except OSError as error:
        raise OrpError(f"{error.filename}: cannot be opened to {who}: {error.strerror}") from error
    return Shared(
        run.id, folder.folder, zip_path if has_zip else None, files, tuple(left), tuple(_blocked(paths, who))
    )


def shared_runs(paths: BasePaths) -> frozenset[str]:
    """Ids of the runs that are shared."""
    return frozenset(_read(paths)["runs"])


def unshare(context: Context, run: Run) -> bool:
    """Nobody but its owner may read the run any more; whether anybody could before."""
    paths, folder = context.paths, context.paths.run(run.id)
    known = _read(paths)
    was = known["runs"].pop(run.id, None) is not None
    for path, mode in ((folder.folder, 0o700), (paths.artifact(run.id), 0o600)):
        if path.exists() and not path.is_symlink():
            was = was or bool(os.stat(path).st_mode & (_GROUP | _OTHERS))
            os.chmod(path, mode)
    if not known["runs"]:
        for name, before in known["above"].items():
            if os.path.isdir(name):
                os.chmod(name, before["mode"])
                if os.stat(name).st_gid != before["group"]:
                    os.chown(name, -1, before["group"])
                    os.chmod(name, before["mode"])  # a change of the group may take bits away
        known["above"] = {}
    if paths.state.is_dir():
        write_json(_file(paths), known)
    return was


def _open_files(folder: RunPaths, who: Audience) -> tuple[int, list[str]]:
    """Everything in a run's folder but what is private; how many files, and what could not be."""
    count = 0
    left: list[str] = []
    linked = 0
    for path, is_folder, found in _beneath(folder.folder):
        try:
            if is_folder:
                _set(path, who, _READ | _ENTER, found)
            elif found.st_nlink > 1:
                linked += 1  # it lies elsewhere too, where nobody said that it may be read
            else:
                _open_file(path, who, found)
                count += 1
        except OSError as error:
            left.append(f"{path}: {error.strerror}")
    if linked:
        left.append(f"{linked} hard-linked file{'s' if linked > 1 else ''} left as they were")
    return count, left


def _beneath(top: Path) -> Iterator[tuple[str, bool, os.stat_result]]:
    """Path, whether it is a folder, and status of what a colleague may read; links are not followed."""
    todo = [os.fspath(top)]
    while todo:
        try:
            entries = list(os.scandir(todo.pop()))
        except OSError:
            continue
        for entry in entries:
            if _is_private(entry.name):
                continue
            found = entry.stat(follow_symlinks=False)
            if stat.S_ISDIR(found.st_mode):
                yield entry.path, True, found
                todo.append(entry.path)
            elif stat.S_ISREG(found.st_mode):
                yield entry.path, False, found


def _is_private(name: str) -> bool:
    """The environment; locks too, because who can open one for reading can hold it against its owner."""
    return (
        name == _PRIVATE or name.endswith(".lock") or name.startswith((".reserve-", ".environment.private"))
    )


def _open_file(path: str | Path, who: Audience, found: os.stat_result | None = None) -> None:
    found = found or os.lstat(path)
    runs = _ENTER if found.st_mode & stat.S_IXUSR else 0
    _set(path, who, _READ | runs, found)


def _set(path: str | Path, who: Audience, wanted: int, found: os.stat_result | None = None) -> None:
    """Give the audience's share of `wanted` to a file or folder, and its group to the audience's.

    Not through a link that somebody may put there meanwhile. Raises OSError.
    """
    found = found or os.lstat(path)
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        opened = os.fstat(descriptor)
        if (opened.st_dev, opened.st_ino) != (found.st_dev, found.st_ino):
            return
        if who.gid is not None and opened.st_gid != who.gid:
            os.fchmod(descriptor, stat.S_IMODE(opened.st_mode) & ~(_GROUP | _OTHERS))  # not to the old group
            os.fchown(descriptor, -1, who.gid)
        mode = stat.S_IMODE(os.fstat(descriptor).st_mode) & ~(stat.S_IWGRP | stat.S_IWOTH)
        if mode | (wanted & who.bits) != stat.S_IMODE(os.fstat(descriptor).st_mode):
            os.fchmod(descriptor, mode | (wanted & who.bits))
    finally:
        os.close(descriptor)


def _above(paths: BasePaths, *, zip_too: bool) -> list[Path]:
    """The folders of ORP that lead to a run and its zip."""
    found = [paths.base, paths.runs, *([paths.artifacts] if zip_too else [])]
    return [path for path in found if path.is_dir()]


def _pass_through(folder: Path, who: Audience, known: Json) -> None:
    """Let the audience through, not let them see what else is there; remembers how it was.

    Where two groups have to pass, everybody may: what lies there is closed to them all the same.
    """
    found = os.stat(folder)
    known["above"].setdefault(str(folder), {"mode": stat.S_IMODE(found.st_mode), "group": found.st_gid})
    mode = stat.S_IMODE(found.st_mode)
    if who.gid is not None and found.st_gid != who.gid:
        taken = any(item.get("group") not in (None, who.gid) for item in known["runs"].values())
        if taken or mode & stat.S_IXGRP:
            os.chmod(folder, mode | stat.S_IXOTH | stat.S_IXGRP)  # noqa: S103 - to pass through, not to look
            return
        os.chown(folder, -1, who.gid)
    os.chmod(folder, mode | (_ENTER & who.bits))


def _close_others(paths: BasePaths, known: Json) -> None:
    """What is not shared is its owner's alone, whatever umask it was made under: nobody could pass so far."""
    for parent, private in ((paths.runs, 0o700), (paths.artifacts, 0o600)):
        if not parent.is_dir():
            continue
        for entry in os.scandir(parent):
            run_id = entry.name.removesuffix("_artifacts.zip")
            if run_id not in known["runs"] and not entry.is_symlink():
                mode = stat.S_IMODE(entry.stat(follow_symlinks=False).st_mode)
                if mode & (_GROUP | _OTHERS):
                    os.chmod(entry.path, mode & private)
    for folder in (paths.state, paths.sources, paths.trash):
        if folder.is_dir() and not folder.is_symlink():
            os.chmod(folder, stat.S_IMODE(os.stat(folder).st_mode) & 0o700)


def _blocked(paths: BasePaths, who: Audience) -> Iterator[str]:
    """The folders above ORP's own through which the audience can't pass, the topmost first."""
    seen: set[str] = set()
    for start in (paths.base, paths.runs, paths.artifacts):
        for folder in reversed((Path(os.path.realpath(start)), *Path(os.path.realpath(start)).parents)):
            if str(folder) in seen:
                continue
            seen.add(str(folder))
            try:
                found = os.stat(folder)
            except OSError:
                continue
            if not _may_pass(found, who):
                word = "o+x" if who.gid is None or found.st_gid != who.gid else "g+x"
                yield f"{folder} keeps them out (mode {stat.S_IMODE(found.st_mode):o}): chmod {word} {folder}"


def _may_pass(found: os.stat_result, who: Audience) -> bool:
    if who.gid is not None and found.st_gid == who.gid:
        return bool(found.st_mode & stat.S_IXGRP)
    return bool(found.st_mode & stat.S_IXOTH)


def _read(paths: BasePaths) -> Json:
    try:
        data = read_json(_file(paths))
    except (OSError, ValueError):
        data = None
    good = isinstance(data, dict) and all(isinstance(data.get(name), dict) for name in ("runs", "above"))
    return data if good and isinstance(data, dict) else {"runs": {}, "above": {}}


def _file(paths: BasePaths) -> Path:
    return paths.state / "shared.json"
