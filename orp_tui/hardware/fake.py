"""Made-up GPUs, for those who want to try the queue on a machine without any.

`ORP_FAKE_GPUS=4` makes four cards of 24 GiB, `ORP_FAKE_GPUS=2x80GB` two of 80 GB. Nothing
ever runs on them but what ORP gives them, and claims on them are real.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Mapping

from orp_tui.hardware.glance import FAKE_VARIABLE
from orp_tui.hardware.gpus import GpuReport, GpuSample

MOST = 64
_UNITS = {"": 1 << 30, "B": 1, "MB": 10**6, "GB": 10**9, "MIB": 1 << 20, "GIB": 1 << 30}
_FORM = re.compile(r"(\d+)(?:\s*x\s*(\d+)\s*([a-z]*))?", re.IGNORECASE)


def is_wanted(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether GPUs are to be made up."""
    return bool(environment.get(FAKE_VARIABLE))


def sample(environment: Mapping[str, str] = os.environ) -> GpuReport:
    """The made-up GPUs; a value that can't be read is a trouble in words."""
    text = environment.get(FAKE_VARIABLE, "").strip()
    found = _FORM.fullmatch(text)
    unit = (found[3] or "").upper() if found else ""
    if found is None or unit not in _UNITS or int(found[1]) > MOST:
        words = f"{FAKE_VARIABLE}={text} is neither a number up to {MOST} nor like 4x24GB"
        return GpuReport(time.time(), trouble=words, source="fake")
    total = int(found[2]) * _UNITS[unit] if found[2] else 24 << 30
    gpus = tuple(_gpu(index, total) for index in range(int(found[1])))
    return GpuReport(time.time(), gpus, None if gpus else f"{FAKE_VARIABLE}={text} makes none", source="fake")


def _gpu(index: int, total: int) -> GpuSample:
    return GpuSample(index, f"FAKE-{index}", "made-up GPU", total, 0, 0.0, place=index)
