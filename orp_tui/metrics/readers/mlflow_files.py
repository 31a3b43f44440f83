"""Reader of a run folder of MLflow's file store (`mlruns/EXPERIMENT/RUN`), without MLflow.

Each metric is a file below `metrics`, whose path there is its name, with lines `milliseconds value
step`; the oldest MLflow wrote no step, and one that knows the data set adds two words. A line counts
when its end is written. MLflow only ever appends: a file that is another one now means that the whole
folder is read anew.
"""

from __future__ import annotations

import math
import os
import re
import time
from array import array
from collections import deque
from itertools import islice
from typing import Any

from orp_tui.core.ports import MetricBatch
from orp_tui.core.sanitise import one_line
from orp_tui.core.series import Points
from orp_tui.metrics.growing import GrowingFile, Place
from orp_tui.metrics.readers.stamps import Stamp, folder_stamp, is_settled
from orp_tui.metrics.rows import LONGEST_NAME

WINDOW = 256 << 10
"""Bytes of one file that a read looks at."""
MOST_BYTES = 1 << 20
"""Bytes of all files together that a read takes, and one window."""
MOST_FILES = 2000
_MOST_ENTRIES = 10_000
"""Of one folder; a folder can hold anything."""
_DEPTH = 8
_LONGEST_LINE = 4096
_MOST_FOLDERS = 1000
_NEVER: Stamp = (-1,)
_ALIKE = re.compile(rb"(?:\S+ \S+ \S+\n)*+")
_FIELDS = (2, 3, 5)


class MlflowFilesReader:
    """What is new in the metrics of one run folder, at each read. One thread at a time."""

    def __init__(
        self, path: str | os.PathLike[str], *, mark: dict[str, Any] | None = None, follow_links: bool = False
    ) -> None:
        """`path` is the run folder. A damaged mark means from the beginning."""
        self._folder = os.fspath(path)
        self._follow_links = follow_links
        self._places = _resumed(mark)
        self._files: dict[str, GrowingFile] = {}
        """Name of a metric → its file, in the order in which they were found."""
        self._folders: dict[str, Stamp] = {os.path.join(self._folder, "metrics"): _NEVER}
        """Folder → how it stood when its entries were read."""

    @property
    def mark(self) -> dict[str, Any]:
        reached = {name: file.place for name, file in self._files.items() if file.place.offset}
        return {"files": {name: place.to_json() for name, place in (self._places | reached).items()}}

    def changed(self) -> bool:
        return self._may_have_new_files() or any(file.changed() for file in self._files.values())

    def read(self, *, final: bool = False) -> MetricBatch:  # noqa: ARG002 - half a number looks like a whole one
        trouble = self._find_files() if self._may_have_new_files() else ""
        if trouble:
            return MetricBatch(trouble=trouble)
        found: dict[str, Points] = {}
        bad, first_bad, taken, more, unreadable = 0, "", 0, False, ""
        for name, file in self._files.items():
            if not file.changed():
                continue
            if taken >= MOST_BYTES:
                more = True
                break
            grown = file.look(WINDOW)
            if grown.restarted:
                self._forget()
                return MetricBatch(restarted=grown.restarted, more=True)
            points, bad_lines, words = _take(file, grown.data)
            if points:
                found[name] = points
            if bad_lines:
                bad += bad_lines
                first_bad = first_bad or f"{one_line(name, 60)} {words}"
            taken += len(grown.data)
            more = more or not grown.at_end
            unreadable = unreadable or grown.trouble
        if unreadable and not any(file.place.offset for file in self._files.values()):
            return MetricBatch(trouble=unreadable)
        return MetricBatch(found, more=more, bad=bad, first_bad=first_bad)

    def _forget(self) -> None:
        self._places = {}
        self._files = {name: GrowingFile(file.path) for name, file in self._files.items()}

    def _may_have_new_files(self) -> bool:
        return any(folder_stamp(path) != seen for path, seen in self._folders.items())

    def _find_files(self) -> str:
        """Add the files that were not there before; why nothing can be found at all, in words."""
        if os.path.islink(self._folder) and not self._follow_links:
            return "is a link, which is not followed"
        if os.path.exists(self._folder) and not os.path.isdir(self._folder):
            return "is no folder"
        self._folders, troubles, now = {}, [], time.time()
        waiting = deque([(os.path.join(self._folder, "metrics"), "", 0)])
        while waiting and len(self._folders) < _MOST_FOLDERS:
            folder, prefix, depth = waiting.popleft()
            stamp = folder_stamp(folder)
            self._folders[folder] = stamp if is_settled(stamp, now) else _NEVER
            try:
                inner = self._look_into(folder, prefix) if stamp else []
            except OSError as error:
                troubles.append(f"cannot be read: {error.strerror}")
                continue
            if depth < _DEPTH and len(waiting) < _MOST_FOLDERS:
                waiting += [(path, name, depth + 1) for path, name in inner]
        return troubles[0] if troubles and not self._files else ""

    def _look_into(self, folder: str, prefix: str) -> list[tuple[str, str]]:
        """Add the files of one folder; the folders in it, each with what its names begin with. Raises OSError."""
        inner = []
        for entry in _entries(folder):
            name = prefix + _readable(entry.name)
            if entry.is_dir(follow_symlinks=False):
                inner.append((entry.path, f"{name}/"))
            elif entry.is_file(follow_symlinks=False) and len(name) <= LONGEST_NAME:
                self._add(name, entry.path)
        return inner

    def _add(self, name: str, path: str) -> None:
        if name not in self._files and len(self._files) < MOST_FILES:
            self._files[name] = GrowingFile(path, place=self._places.get(name))


def _entries(folder: str) -> list[os.DirEntry[str]]:
    """What is in a folder, in the order of the names. Raises OSError."""
    with os.scandir(folder) as entries:
        return sorted(islice(entries, _MOST_ENTRIES), key=lambda entry: entry.name)


def _readable(name: str) -> str:
    """A file name, in which bytes that are no UTF-8 may stand, as text that can be stored."""
    return os.fsencode(name).decode("utf-8", "replace")


def _take(file: GrowingFile, data: bytes) -> tuple[Points, int, str]:
    """The points of the whole lines, how many are none, and where the first of those stands."""
    start = 0
    if file.place.before[-1:] not in (b"", b"\n"):  # inside a line that was too long, and counted
        start = data.find(b"\n") + 1 or len(data)
    end = max(start, data.rfind(b"\n") + 1)
    too_long = len(data) - end > _LONGEST_LINE
    if too_long:
        end = len(data)
    offset = file.place.offset + start
    file.advance(data[:end])
    lines = data[start:end]
    whole = lines[: lines.rfind(b"\n") + 1]
    points = _alike(whole)
    bad, place = 0, 0
    if points is None:
        points, bad, place = _line_by_line(whole)
    if too_long:
        bad, place = bad + 1, place if bad else len(whole)
    return points, bad, f"at byte {offset + place}: no time, value and step" if bad else ""


def _alike(lines: bytes) -> Points | None:
    """The points of lines with three numbers each; None if one has not."""
    if not _ALIKE.fullmatch(lines):
        return None
    words = lines.split()
    try:
        times, values, steps = (array("d", map(float, words[place::3])) for place in range(3))
    except ValueError:
        return None
    if not math.isfinite(sum(steps)) or not math.isfinite(sum(times)):
        return None
    return Points(steps, values, array("d", [time / 1000 for time in times]))


def _line_by_line(lines: bytes) -> tuple[Points, int, int]:
    """The points, how many lines are none, and where the first of those begins."""
    points = Points.of((), ())
    bad, first_bad, place = 0, 0, 0
    for line in lines.splitlines(keepends=True):
        numbers = _numbers(line.split())
        if numbers is None:
            first_bad = first_bad if bad else place
            bad += 1
        else:
            points.times.append(numbers[0] / 1000)
            points.values.append(numbers[1])
            points.steps.append(numbers[2])
        place += len(line)
    return points, bad, first_bad


def _numbers(words: list[bytes]) -> tuple[float, float, float] | None:
    """Time, value and step of a line; None if it is none."""
    if len(words) not in _FIELDS:
        return None
    try:
        time, value, step = float(words[0]), float(words[1]), float(words[2]) if len(words) > 2 else 0.0
    except ValueError:
        return None
    return (time, value, step) if math.isfinite(time) and math.isfinite(step) else None


def _resumed(mark: dict[str, Any] | None) -> dict[str, Place]:
    try:
        if mark is not None:
            return {str(name): Place.from_json(place) for name, place in mark["files"].items()}
    except (AttributeError, KeyError, TypeError, ValueError):
        pass
    return {}
