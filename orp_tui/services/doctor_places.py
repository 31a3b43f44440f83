"""Where the base directory lies: file systems, room, owners, and names that ORP did not make."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from orp_tui.artifacts.space import free_bytes
from orp_tui.core.ids import is_run_id
from orp_tui.core.layout import BasePaths
from orp_tui.core.words import size
from orp_tui.engine.guards import forecast
from orp_tui.services.findings import Finding, listed, note, ok, problem, warning
from orp_tui.store import database

SOON_S = 24 * 3600.0
LITTLE = 1 << 30
TOO_LITTLE = 100 << 20
FEW_FILES = 10_000
STALE_S = 3600.0
_KNOWN_STATE = re.compile(
    r"orp\.db(-journal|-wal|-shm|\.backup)?|orp\.db\.making(-journal|-wal|-shm)?|orp\.db\.(damaged|tmp)-.*"
    r"|(metrics|catalog)\.db(\.aside)?(-journal)?"
    r"|(queue|observer|rebuild|catalog|views|trash|packing-\d+)\.lock|(queue|observer)\.log|(samples|gpus)\.(json|tmp)"
    r"|live|orphans|alerts|interpreters|(file-cache|shared|digest)\.json"
)
_TEMPORARY = re.compile(r"\..+\.tmp(-\d+(-\d+)?)?")


def parts(paths: BasePaths) -> dict[str, Path]:
    """The folders that matter, by what they are called."""
    return {"state": paths.state, "runs": paths.runs, "artifacts": paths.artifacts}


def file_systems(
    paths: BasePaths, *, allow_network: bool = False, mounts: str = "/proc/self/mountinfo"
) -> Iterator[Finding]:
    """What the folders lie on: locks and databases do not hold everywhere."""
    kinds = {name: database.file_system_of(folder, mounts) for name, folder in parts(paths).items()}
    remote = {name: kind for name, kind in kinds.items() if kind in database.NETWORK_FILE_SYSTEMS}
    for name, kind in remote.items():
        if name == "state":
            allowed = (
                "; allow_network_filesystem is set"
                if allow_network
                else ": SQLite and the queue's lock do not hold there"
            )
            yield problem("places", f"{paths.state} lies on {kind}{allowed}", "set state_dir (or $ORP_STATE_DIR) to a local folder")  # fmt: skip
        elif name == "runs":
            yield problem("places", f"{paths.runs} lies on {kind}: the locks that tell living runs from dead ones may not hold", "set runs_dir (or $ORP_RUNS_DIR) to a local folder")  # fmt: skip
        else:
            yield note("places", f"{paths.artifacts} lies on {kind}: packing is as slow as that is")
    if not remote:
        same = len(set(kinds.values())) == 1
        where = (
            kinds["state"] or "an unknown file system"
            if same
            else ", ".join(f"{n} on {k}" for n, k in kinds.items())
        )
        yield ok("places", f"{paths.base} on {where}")


def room(paths: BasePaths) -> Iterator[Finding]:
    """Free bytes and files, one line for each file system."""
    seen: dict[int, list[str]] = {}
    folders: dict[int, Path] = {}
    for name, folder in parts(paths).items():
        there = _existing(folder)
        device = os.stat(there).st_dev
        seen.setdefault(device, []).append(name)
        folders[device] = there
    for device, names in seen.items():
        yield _room(", ".join(names), folders[device])
    yield from _quota()
    coming = forecast(paths)
    if coming is not None:
        words = f"the disk of the runs is {coming}"
        soon = coming.full_in_s < SOON_S
        yield warning("space", words, "make room, or stop a run") if soon else note("space", words)


def _room(names: str, folder: Path) -> Finding:
    found = os.statvfs(folder)
    free = free_bytes(folder)
    if free < TOO_LITTLE:
        return problem(
            "space", f"{size(free)} free for {names}: logs and results may be cut short", "make room"
        )
    if free < LITTLE:
        return warning("space", f"only {size(free)} free for {names}", "make room before a long run")
    if found.f_files > 0 and found.f_favail < FEW_FILES:
        return warning(
            "space", f"only {found.f_favail} more files fit for {names}", "remove files, or many small ones"
        )
    return ok("space", f"{size(free)} free for {names}")


def _quota() -> Iterator[Finding]:
    if shutil.which("quota") is None:
        return
    try:
        answer = subprocess.run(["quota", "-q"], capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.SubprocessError):
        return
    lines = [line.strip() for line in answer.stdout.splitlines() if line.strip()]
    if lines:
        yield warning("space", f"over quota: {lines[-1]}", "`quota -s` shows where")


def _existing(folder: Path) -> Path:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder


def owners(paths: BasePaths) -> Iterator[Finding]:
    """Whether the folders are ours alone, and can be written."""
    good = True
    for folder in (paths.base, *parts(paths).values(), paths.sources):
        there = _existing(folder)
        if not os.access(there, os.W_OK | os.X_OK):
            good = False
            yield problem("owner", f"{there} can't be written: ORP can only show what is there", "chmod or remount it, or set base_dir to a folder of your own")  # fmt: skip
            break
        if folder is paths.base or there != folder:
            continue
        found = os.stat(folder)
        if found.st_uid != os.geteuid():
            good = False
            yield problem(
                "owner", f"{folder} belongs to uid {found.st_uid}", "use a base directory of your own"
            )
        elif found.st_mode & 0o077:
            good = False
            yield warning("owner", f"{folder} is open to others (mode {stat.S_IMODE(found.st_mode):o})", f"chmod 700 {folder}")  # fmt: skip
    open_runs = [entry.name for entry in _entries(paths.runs) if is_run_id(entry.name) and entry.stat(follow_symlinks=False).st_mode & 0o077]  # fmt: skip
    if open_runs:
        yield warning("owner", f"run folders are open to others: {listed(open_runs)}", "chmod 700 them")
    if good and not open_runs and paths.state.exists():
        yield ok("owner", "the folders are yours alone")


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except (FileNotFoundError, NotADirectoryError):
        return []


def names(paths: BasePaths) -> Iterator[Finding]:
    """Names that ORP did not make, and databases that were set aside."""
    entries = [entry.name for entry in _entries(paths.state)]
    foreign = [
        name for name in entries if not _KNOWN_STATE.fullmatch(name) and not _TEMPORARY.fullmatch(name)
    ]
    foreign += [f"runs/{entry.name}" for entry in _entries(paths.runs) if not entry.name.startswith(".") and not _is_run(entry)]  # fmt: skip
    if foreign:
        yield note("names", f"not made by ORP, and left alone: {listed(foreign, 5)}")
    kept = [name for name in entries if name.startswith("orp.db.damaged-") and not name.endswith(("-journal", "-wal", "-shm"))]  # fmt: skip
    if kept:
        yield note("names", f"databases that were set aside: {listed(kept)}", "remove them when nobody wants to look at them")  # fmt: skip


def _is_run(entry: os.DirEntry[str]) -> bool:
    return is_run_id(entry.name) and entry.is_dir(follow_symlinks=False)


def leftovers(paths: BasePaths, *, now: float | None = None) -> Iterator[Finding]:
    """What processes that were killed in the middle have left."""
    now = time.time() if now is None else now
    stale = [
        f"{folder.name}/{entry.name}"
        for folder in (paths.runs, paths.sources)
        for entry in _entries(folder)
        if entry.name.startswith(".new-") and now - entry.stat(follow_symlinks=False).st_mtime > STALE_S
    ]
    if stale:
        yield note("leftovers", f"submissions that were killed: {listed(stale)}", "nothing: the next queue processor removes them")  # fmt: skip
    zips = [entry.name for entry in _entries(paths.artifacts) if _TEMPORARY.fullmatch(entry.name) and not _writes(entry.name)]  # fmt: skip
    if zips:
        yield note("leftovers", f"zips that were never finished: {listed(zips)}", "nothing: the next zip that is packed removes them")  # fmt: skip
    written = [
        f"{folder.name}/{entry.name}"
        for folder in (paths.state, *(Path(run.path) for run in _entries(paths.runs)[-1000:] if _is_run(run)))
        for entry in _entries(folder)
        if _TEMPORARY.fullmatch(entry.name) and now - entry.stat(follow_symlinks=False).st_mtime > STALE_S
    ]
    if written:
        yield note(
            "leftovers", f"files that were never finished: {listed(written)}", "remove them, or leave them"
        )


def _writes(name: str) -> bool:
    """Whether the process that a temporary name speaks of lives."""
    match = re.search(r"\.tmp-(\d+)", name)
    return match is not None and os.path.exists(f"/proc/{match[1]}")
