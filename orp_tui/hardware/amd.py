"""AMD GPUs through sysfs. Experimental: written from the kernel's documentation, tried on no card.

The amdgpu driver tells load and memory of each card; whose the programs on it are can't
be read there, so a card counts as used by its memory and load alone.
Source: Documentation/gpu/amdgpu/thermal.rst and driver-misc.rst of the kernel.
"""

from __future__ import annotations

import os
import re
import time

from orp_tui.hardware.gpus import GpuReport, GpuSample, numbered

AMD = "0x1002"
"""The PCI number of the vendor."""


def has_cards(root: str = "/sys") -> bool:
    """Whether there is an AMD card that tells how much memory it has."""
    return bool(_cards(root))


def sample(root: str = "/sys") -> GpuReport:
    """One look at every AMD card; `root` is where sysfs is mounted."""
    gpus = numbered([[_gpu(place, folder)] for place, folder in enumerate(_cards(root))])
    return GpuReport(time.time(), gpus, None if gpus else "the AMD driver shows no GPU", source="amd")


def _cards(root: str) -> list[str]:
    """Device folders of the cards, in the order of their numbers."""
    folder = os.path.join(root, "class/drm")
    try:
        names = [name for name in os.listdir(folder) if re.fullmatch(r"card\d+", name)]
    except OSError:
        return []
    devices = [os.path.join(folder, name, "device") for name in sorted(names, key=lambda name: int(name[4:]))]
    return [
        device
        for device in devices
        if _word(device, "vendor") == AMD and _number(device, "mem_info_vram_total")
    ]


def _gpu(place: int, device: str) -> GpuSample:
    bus = os.path.basename(os.path.realpath(device))
    busy = _number(device, "gpu_busy_percent")
    used = _number(device, "mem_info_vram_used")
    return GpuSample(
        place,
        f"AMD-{_word(device, 'unique_id') or bus}",
        _word(device, "product_name") or "AMD GPU",
        _number(device, "mem_info_vram_total") or 0,
        used,
        None if busy is None else min(1.0, busy / 100),
        bus=bus,
        place=place,
        trouble=None if used is not None else "lost",
    )


def _number(device: str, name: str) -> int | None:
    word = _word(device, name)
    return int(word) if word.isdigit() else None


def _word(device: str, name: str) -> str:
    try:
        with open(os.path.join(device, name), encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return ""
