"""The low-disk guard: nothing starts on a nearly full disk; and when it will be full, by what the runs write.

The observer keeps samples of the active runs' folders (`state/samples.json`); a forecast needs
two of them a minute apart.
"""

from __future__ import annotations

import dataclasses
import errno
import os
import sqlite3
import time
from pathlib import Path
from typing import Any

from orp_tui.core.layout import BasePaths
from orp_tui.core.words import roughly, size
from orp_tui.files.atomic import read_json
from orp_tui.store import settings

Json = dict[str, Any]  # Any: values as JSON gives them

USUAL_BYTES = 1 << 30
USUAL_SHARE = 0.02
PROBE_BYTES = 1 << 20
PROBE_EVERY_S = 10.0
STALE_S = 120.0
SPAN_S = 45.0
"""Samples nearer than this say nothing of a rate."""
FAR_S = 90 * 86_400.0
"""A disk that lasts longer than this is nothing to tell of."""
MIN_FREE = "min_free"
"""Key of the store's setting: bytes, as the queue processor was told when it was started."""

_probed: dict[int, tuple[float, bool]] = {}
"""Device → when it was last asked for its quota (monotonic), and whether that is used up; can be asked again."""


def least(connection: sqlite3.Connection) -> int | None:
    """The bytes that must be free; None for the usual."""
    text = settings.read(connection, MIN_FREE)
    return int(text) if text is not None and text.isdigit() else None


def low_disk(paths: BasePaths, wanted: int | None) -> str | None:
    """Why nothing may start for want of disk, one line; None if there is room, or nobody can say.

    `wanted` bytes must be free for runs and for zips; None: 1 GiB or 2 % of the disk, whichever is
    less; 0: no such rule. A quota that is used up counts too.
    """
    if wanted == 0:
        return None
    for what, folder in (("runs", paths.runs), ("zips", paths.artifacts)):
        try:
            found = os.statvfs(folder)
        except OSError:
            continue  # not made yet, or not to be seen now: a start will say so itself
        # What is set aside for root only root can use.
        free = (found.f_bfree if os.geteuid() == 0 else found.f_bavail) * found.f_frsize
        must = (
            min(USUAL_BYTES, int(found.f_blocks * found.f_frsize * USUAL_SHARE)) if wanted is None else wanted
        )
        if free < must:
            return f"only {size(free)} free where {what} lie; starts wait until there is {size(must)}"
        if _quota_is_used_up(folder):
            return f"the disk quota is used up where {what} lie; starts wait until there is room in it"
    return None


def _quota_is_used_up(folder: Path) -> bool:
    """Tried with a file without a name, every ten seconds at most: `statvfs` does not tell of quotas."""
    device = os.stat(folder).st_dev
    at, full = _probed.get(device, (float("-inf"), False))
    if time.monotonic() - at < PROBE_EVERY_S:
        return full
    full = False
    try:
        descriptor = os.open(folder, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, PROBE_BYTES)
        finally:
            os.close(descriptor)
    except OSError as error:
        full = error.errno == errno.EDQUOT
    _probed[device] = (time.monotonic(), full)
    return full


@dataclasses.dataclass(frozen=True)
class Forecast:
    """Where the disk of the runs is going."""

    rate: float
    """Bytes a second that the active runs write."""
    full_in_s: float

    def __str__(self) -> str:
        return f"full in {roughly(self.full_in_s)} at this rate ({size(self.rate * 60)} a minute)"


def forecast(paths: BasePaths, *, now: float | None = None) -> Forecast | None:
    """When the disk will be full if the active runs go on so.

    None if they do not grow, if it takes longer than anybody plans, or if nobody has looked.
    """
    now = time.time() if now is None else now
    try:
        samples: list[Json] = (read_json(paths.state / SAMPLES_NAME) or {}).get("samples", [])
        first, last = samples[0], samples[-1]
        span = last["at"] - first["at"]
        if span < SPAN_S or not 0 <= now - last["at"] < STALE_S:
            return None
        rate = sum(_growth(samples, run_id) for run_id in last["used"]) / span
        free = last["free"]
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError):
        return None
    return Forecast(rate, free / rate) if rate * FAR_S > free else None


SAMPLES_NAME = "samples.json"


def _growth(samples: list[Json], run_id: str) -> float:
    """Bytes that a run has grown by since it was first seen; what it has removed counts as nothing."""
    seen = [float(item["used"][run_id]) for item in samples if run_id in item["used"]]
    return max(0.0, seen[-1] - seen[0])
