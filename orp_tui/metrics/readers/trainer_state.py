"""Reader of the `trainer_state.json` that Hugging Face's Trainer writes with each checkpoint.

It takes the output folder, which holds `checkpoint-N/trainer_state.json` and after the training one
beside them; a checkpoint or the file itself will do as well. Each file has the whole history up to
its step, so only the one written last is read, and of that only what is new is told. Old
checkpoints may be deleted meanwhile. A training that went on from an earlier one writes another
history: then everything is told again, after `restarted`.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections.abc import Sequence
from typing import Any

from orp_tui.core.ports import MetricBatch
from orp_tui.metrics.readers.state_files import FILE_NAME, StateFile, StateFiles
from orp_tui.metrics.rows import Row, points_of

LARGEST = 64 << 20
"""Bytes: the history of some 300,000 logged rows."""
_MOST_BROKEN = 3
"""Files that are not whole yet, or never will be, before it is given up for this time."""

History = list[Any]
"""Of what `log_history` holds, rows as a rule."""


@dataclasses.dataclass(frozen=True, slots=True)
class _Told:
    """What was told so far."""

    stamp: tuple[int, ...] = ()
    """Of the file that it was read from."""
    count: int = 0
    """Rows of its history."""
    digest: str = ""


class TrainerStateReader:
    """What is new in the history of a training, at each read. One thread at a time."""

    def __init__(
        self, path: str | os.PathLike[str], *, mark: dict[str, Any] | None = None, follow_links: bool = False
    ) -> None:
        """`mark` is what `mark` of an earlier reader gave; a damaged one means from the beginning."""
        self._files = StateFiles(path, follow_links=follow_links)
        self._told = _resumed(mark)
        self._named: set[tuple[int, ...]] = set()
        """Stamps of the broken files that were told."""

    @property
    def mark(self) -> dict[str, Any]:
        return {"stamp": list(self._told.stamp), "count": self._told.count, "digest": self._told.digest}

    def changed(self) -> bool:
        return self._files.changed()

    def read(self, *, final: bool = False) -> MetricBatch:
        """`final`: what is not whole now never will be, and is counted as bad."""
        broken: list[StateFile] = []
        batch = MetricBatch()
        for file in self._files.newest_first():
            if file.stamp == self._told.stamp or len(broken) == _MOST_BROKEN:
                break
            data, trouble = self._files.read(file, LARGEST)
            if trouble:
                return MetricBatch(trouble=f"{file.name or FILE_NAME} {trouble}")
            history = _history(data)
            if history is not None:
                batch = self._take(file, history)
                break
            broken.append(file)
        return self._complaining(batch, broken) if final else batch

    def _take(self, file: StateFile, history: History) -> MetricBatch:
        """The rows that were not told yet; all of them if those that were are no more there."""
        told = self._told
        if len(history) < told.count and file.stamp[0] < told.stamp[0]:
            return MetricBatch()  # the checkpoint that was read was deleted, and the one before it is left
        same = _digest(history[: told.count]) == told.digest if told.count else True
        restarted = "" if same else "truncated" if len(history) < told.count else "rewritten"
        before = told.count if same else 0
        self._told = _Told(file.stamp, len(history), _digest(history))
        rows = [row for row in history[before:] if isinstance(row, dict)]
        bad = len(history) - before - len(rows)
        named = f"{file.name or FILE_NAME}: {bad} in log_history that are no rows" if bad else ""
        return MetricBatch(points_of(rows, before), restarted, bad=bad, first_bad=named)

    def _complaining(self, batch: MetricBatch, broken: Sequence[StateFile]) -> MetricBatch:
        new = [file for file in broken if file.stamp not in self._named]
        if not new:
            return batch
        self._named = {file.stamp for file in broken}
        words = f"{new[0].name or FILE_NAME}: is no whole state of a trainer"
        return dataclasses.replace(batch, bad=batch.bad + len(new), first_bad=words)


def _history(data: bytes) -> History | None:
    """The rows in a file; None if it is not whole, or is none such."""
    try:
        history = json.loads(data)["log_history"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return history if isinstance(history, list) else None


def _digest(rows: Sequence[Row]) -> str:
    try:
        text = json.dumps(rows)
    except RecursionError:  # so deep that it can be read, but not be written
        text = str(len(rows))
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _resumed(mark: dict[str, Any] | None) -> _Told:
    try:
        if mark is not None:
            return _Told(tuple(map(int, mark["stamp"])), max(0, int(mark["count"])), str(mark["digest"]))
    except (KeyError, TypeError, ValueError, OverflowError):
        pass
    return _Told()
