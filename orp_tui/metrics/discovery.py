"""Which sources of metrics lie below a folder, found again and again while a training writes them.

A pass goes over the tree folder by folder: the ones that were written since the start of the run
first, of these the ones with the usual names of outputs, then the shallow ones, at most so deep and
so many entries. A folder that has not changed since the
last pass costs one stat. No symlink is followed, and nothing is opened but regular files
whose name promises metrics. The caller says how long a slice may take; a pass goes on where it was left.
"""

from __future__ import annotations

import dataclasses
import heapq
import itertools
import math
import os
import re
import stat
import time
from collections.abc import Callable, Iterator

from orp_tui.metrics import recognise
from orp_tui.metrics.databases import runs_in
from orp_tui.metrics.sources import SourceSpec, Trust

LARGEST_FOLDER = 10_000
"""Entries of one folder that are looked at; of a larger one, the usual names are asked for one by one."""
_USUAL = ("metrics.csv", "results.csv", "progress.csv", "monitor.csv", "metrics.jsonl", "trainer_state.json")
_NOT_ENTERED = frozenset({"node_modules", "__pycache__", "site-packages", "dist-packages", "venv"})
_HIDDEN_ENTERED = frozenset({".wandb", ".trackio", ".mlflow"})
_OUTPUTS = frozenset(
    {
        "lightning_logs", "log", "logs", "metrics", "mlruns", "out", "output", "outputs", "result", "results", "runs",
        "tb", "tb_logs", "tensorboard", "trackio", "wandb",
    }
)  # fmt: skip
"""Folders below which metrics lie more often than below a folder of images that a run has unpacked."""
_RACY_NS = 2_000_000_000
"""A folder that was written so shortly before it was listed may have changed without its time telling."""


@dataclasses.dataclass(frozen=True)
class Root:
    """A folder to look in, and what counts there."""

    folder: str
    """Absolute; links in this part are trusted and followed."""
    since: float = 0.0
    """Only what was written later counts; seconds since 1970."""
    until: float = math.inf
    """Only what was written earlier counts: a later run may go on in the same folder."""
    skip: frozenset[str] = frozenset()
    """Absolute paths of folders that are not entered."""
    without: frozenset[str] = frozenset()
    """Absolute paths of files that are read elsewhere."""
    any_name: bool = False
    """Of files in the folder itself, tables, JSON lines and logs may be called as they like."""
    depth: int = 6
    entries: int = 20_000
    """Files and folders that a pass looks at, at most."""
    sources: int = 256


@dataclasses.dataclass(slots=True)
class _Folder:
    """What one listing brought."""

    stamp: tuple[int, int]
    listed_ns: int
    """When, by the clock of this machine."""
    count: int
    folders: list[str]
    candidates: list[tuple[str, str]]
    """Kind and path relative to the root."""


class Discovery:
    """The sources below one root. One thread at a time; never raises."""

    def __init__(self, root: Root, clock: Callable[[], float] = time.monotonic) -> None:
        self.root = root
        self._base = os.path.realpath(root.folder)
        self._clock = clock
        self._known: dict[str, _Folder] = {}
        self._judged: dict[str, tuple[int, ...]] = {}
        self._found: dict[str, SourceSpec] = {}
        self._heap: list[tuple[bool, bool, int, str, os.stat_result]] = []
        """Old ones and unlikely ones last."""
        self._visited: set[str] = set()
        self._left = 0
        self.limited = ""
        """What was not looked at, in words; empty if all was."""

    @property
    def sources(self) -> tuple[SourceSpec, ...]:
        """What was found so far, in the natural order of the labels, runs in a database as they began.

        What is found once stays.
        """
        return tuple(
            sorted(self._found.values(), key=lambda source: natural(f"{source.kind}|{source.label}"))
        )

    def look(self, until: float = math.inf) -> bool:
        """Go on until the clock shows `until`; whether a pass over everything has come to its end."""
        if not self._heap:
            self._begin()
        while self._heap:
            _, _, depth, folder, found = heapq.heappop(self._heap)
            self._visit(folder, depth, found)
            if self._left <= 0 and self._heap:
                self._heap.clear()
                self.limited = (
                    f"{self.root.folder}: not all of more than {self.root.entries:,} files were looked at"
                )
            if self._heap and self._clock() >= until:
                return False
        self._known = {name: known for name, known in self._known.items() if name in self._visited}
        return True

    def _begin(self) -> None:
        self._left, self.limited = self.root.entries, ""
        self._visited = set()
        self._push("", 0)

    def _push(self, folder: str, depth: int) -> None:
        try:
            found = os.lstat(self._path(folder))
        except (OSError, ValueError):
            return
        if stat.S_ISDIR(found.st_mode):
            is_old, is_likely = found.st_mtime < self.root.since, not _OUTPUTS.isdisjoint(folder.split("/"))
            heapq.heappush(self._heap, (is_old, not is_likely, depth, folder, found))

    def _path(self, relative: str) -> str:
        return f"{self._base}/{relative}" if relative else self._base

    def _visit(self, folder: str, depth: int, found: os.stat_result) -> None:
        stamp = found.st_ino, found.st_mtime_ns
        known = self._known.get(folder)
        if known is None or known.stamp != stamp or known.listed_ns - found.st_mtime_ns < _RACY_NS:
            known = self._known[folder] = self._listed(folder, stamp)
        self._visited.add(folder)
        self._left -= known.count
        for kind, path in known.candidates:
            self._judge(kind, path)
        if depth < self.root.depth and self._left > 0:
            for name in known.folders:
                self._push(name, depth + 1)

    def _listed(self, folder: str, stamp: tuple[int, int]) -> _Folder:
        listing = _Folder(stamp, time.time_ns(), 1, [], [])
        prefix = f"{folder}/" if folder else ""
        known = {
            "in_lightning": "lightning_logs" in folder.split("/"),
            "any_name": self.root.any_name and not folder,
        }
        names: set[str] = set()
        try:
            with os.scandir(self._path(folder)) as entries:
                for entry in itertools.islice(entries, LARGEST_FOLDER):
                    listing.count += 1
                    name = entry.name
                    if entry.is_dir(follow_symlinks=False):
                        self._take_folder(listing, prefix + name, name)
                        names.add(name)
                    elif (kind := recognise.promised(name, **known)) is not None:
                        listing.candidates.append((kind, prefix + name))
                    elif name in ("meta.yaml", "pyvenv.cfg"):
                        names.add(name)
        except OSError:  # not to be read, or gone meanwhile
            return listing
        if listing.count > LARGEST_FOLDER:
            self._add_usual(listing, prefix)
        if "pyvenv.cfg" in names:
            listing.folders, listing.candidates = [], []
        elif {"meta.yaml", "metrics"} <= names:
            listing.folders, listing.candidates = [], [("mlflow", folder)]
        return listing

    def _take_folder(self, listing: _Folder, path: str, name: str) -> None:
        if recognise.is_checkpoint(name):
            listing.candidates.append(("trainer_state", f"{path}/trainer_state.json"))
        elif _is_entered(name) and self._path(path) not in self.root.skip:
            listing.folders.append(path)

    def _add_usual(self, listing: _Folder, prefix: str) -> None:
        there = {path for _, path in listing.candidates}
        for name in _USUAL:
            kind = recognise.promised(name)
            if kind is not None and prefix + name not in there:
                listing.candidates.append((kind, prefix + name))

    def _judge(self, kind: str, relative: str) -> None:
        """Take a candidate in if it holds metrics of this run; a stat if nothing about it has changed."""
        source = source_at(kind, self._path(relative), relative, since=self.root.since)
        if source.key in self._found or source.path in self.root.without:
            return
        stamp = self._stamp(kind, relative)
        if stamp is None or self._judged.get(relative) == stamp:
            return
        keeps = self._keeps(kind, relative)
        parts = parts_of(source, self.root.until) if keeps else None
        if keeps is not None and (parts is not None or not keeps):
            self._judged[relative] = stamp
        for each in parts or ():
            if len(self._found) < self.root.sources:
                self._found.setdefault(each.key, each)
            elif each.key not in self._found:
                self.limited = f"{self.root.folder}: more than {self.root.sources} sources of metrics; the others are left out"

    def _stamp(self, kind: str, relative: str) -> tuple[int, ...] | None:
        """Of a candidate that was written when the run went on; None for others."""
        newest: tuple[int, ...] | None = None
        for path in _written(kind, self._path(relative)):
            try:
                found = os.lstat(path)
            except (OSError, ValueError):
                continue
            if stat.S_ISREG(found.st_mode) and self.root.since <= found.st_mtime <= self.root.until:
                newest = max(newest or (), (found.st_mtime_ns, found.st_size, found.st_ino))
        return newest

    def _keeps(self, kind: str, relative: str) -> bool | None:
        """As `recognise.keeps`; None too if it can't be read now."""
        if kind == "mlflow":
            return True
        try:
            return recognise.keeps(kind, recognise.head_of(self._path(relative)))
        except OSError:
            return None


def _is_entered(name: str) -> bool:
    return name not in _NOT_ENTERED and (not name.startswith(".") or name in _HIDDEN_ENTERED)


def source_at(kind: str, path: str, label: str, *, since: float = 0.0) -> SourceSpec:
    """The source that a file belongs to: of event files and trainer states, the folder."""
    if kind in ("tfevents", "trainer_state"):
        path, label = os.path.dirname(path), os.path.dirname(label)
        if kind == "trainer_state" and recognise.is_checkpoint(os.path.basename(path)):
            path, label = os.path.dirname(path), os.path.dirname(label)
    trust = Trust.LOG if kind == "stdout" else Trust.STRUCTURED
    return SourceSpec(kind, path, label or ".", trust=trust, since=since)


def parts_of(source: SourceSpec, until: float) -> tuple[SourceSpec, ...] | None:
    """A database as its runs, None if it can't be asked now; any other source as it is."""
    return runs_in(source, until) if source.kind == "sqlite" else (source,)


def _written(kind: str, path: str) -> Iterator[str]:
    """The files that change when something is logged to a candidate."""
    if kind != "mlflow":
        yield path
        if kind == "sqlite":
            yield f"{path}-wal"
        return
    yield f"{path}/meta.yaml"
    try:
        with os.scandir(f"{path}/metrics") as entries:
            yield from (entry.path for entry in itertools.islice(entries, 1_000))
    except OSError:
        return


def natural(text: str) -> list[tuple[int, int, str]]:
    """A sort key by which `version_2` comes before `version_10`."""
    return [
        (0, int(part), "") if part.isdigit() and part.isascii() else (1, 0, part)
        for part in re.split(r"([0-9]{1,18})", text)
    ]
