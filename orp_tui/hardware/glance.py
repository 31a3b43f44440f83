"""How many GPUs there seem to be, without waking a driver."""

from __future__ import annotations

import os

FAKE_VARIABLE = "ORP_FAKE_GPUS"
"""Makes GPUs up: see `hardware.fake`."""


def number_of_gpus() -> int:
    """How many GPUs the machine seems to have, by a glance that wakes no driver."""
    if os.environ.get(FAKE_VARIABLE):
        from orp_tui.hardware import fake

        return len(fake.sample().gpus)
    try:
        names = os.listdir("/dev")
    except OSError:
        return 0
    return sum(name.startswith("nvidia") and name[6:].isdecimal() for name in names)
