"""NVIDIA GPUs through NVML, the driver's own library. Every question may fail on its own.

The calls can block for ever in a sick driver, so this runs in a process apart (`sampler`),
with somebody at the other end who waits only so long (`deadline`).
"""

from __future__ import annotations

import contextlib
import ctypes
import dataclasses
import os
import time
from collections.abc import Callable, Sequence
from typing import Any

import pynvml  # type: ignore[import-untyped]

from orp_tui.hardware.gpus import DOES_NOT_ANSWER, WHOLE_DRIVER, GpuProcess, GpuReport, GpuSample, numbered
from orp_tui.hardware.processes import ProcessBook

LIBRARY = "libnvidia-ml.so.1"
FOLDERS = ("/usr/local/nvidia/lib64", "/run/opengl-driver/lib", "/usr/lib/wsl/lib")
"""Where the library lies when the loader does not know of it: Kubernetes, NixOS, WSL."""

Looking = Callable[[int], None]
Value = Any  # Any: pynvml has no types

_DRIVER_IS_GONE = (
    pynvml.NVML_ERROR_UNINITIALIZED,
    pynvml.NVML_ERROR_DRIVER_NOT_LOADED,
    pynvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH,
)
_GPU_IS_GONE = {
    pynvml.NVML_ERROR_GPU_IS_LOST: "lost",
    pynvml.NVML_ERROR_RESET_REQUIRED: "needs a reset",
}
_DRIVER_IN_WORDS = {
    pynvml.NVML_ERROR_LIBRARY_NOT_FOUND: f"no NVIDIA driver is installed ({LIBRARY} is not there)",
    pynvml.NVML_ERROR_DRIVER_NOT_LOADED: "the NVIDIA driver is not loaded",
    pynvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH: "the NVIDIA driver was updated while loaded: a reboot is due",
    pynvml.NVML_ERROR_NO_PERMISSION: "this user may not use the NVIDIA driver",
    pynvml.NVML_ERROR_FUNCTION_NOT_FOUND: "the NVIDIA driver is too old to be asked",
}


class NvmlSource:
    """Looks at all NVIDIA GPUs; keeps the driver open between two looks."""

    def __init__(self, *, host_pids: bool | None = None) -> None:
        """`host_pids`: whether the driver's pids are those seen here; None: find out."""
        self._is_open = False
        self._book = ProcessBook(host_pids=host_pids)
        self._known: dict[int, GpuSample] = {}
        self._seen: set[tuple[str, int]] = set()

    def sample(self, skip: Sequence[GpuSample] = (), looking: Looking = lambda _place: None) -> GpuReport:
        """One look at every GPU.

        Those of `skip` are left alone and said not to answer. `looking` is told the
        place of each GPU before it is asked, so that whoever waits knows which one hangs.
        """
        looking(WHOLE_DRIVER)
        self._seen.clear()
        try:
            self._open()
            places = range(pynvml.nvmlDeviceGetCount())
            found = [_skipped(place, skip) or self._look(place, looking) for place in places]
        except pynvml.NVMLError as error:
            self.close()
            return GpuReport(time.time(), trouble=_driver_in_words(error))
        gpus = numbered(found)
        self._book.keep_only(self._seen)
        return GpuReport(time.time(), gpus, None if gpus else "the NVIDIA driver finds no GPU")

    def close(self) -> None:
        """Let go of the driver; the next look opens it again."""
        if self._is_open:
            self._is_open = False
            with contextlib.suppress(pynvml.NVMLError):
                pynvml.nvmlShutdown()

    def _open(self) -> None:
        if self._is_open:
            return
        try:
            pynvml.nvmlInit()
        except pynvml.NVMLError_LibraryNotFound:
            if not _load_from_elsewhere():
                raise
            pynvml.nvmlInit()
        self._is_open = True

    def _look(self, place: int, looking: Looking) -> list[GpuSample]:
        """The GPU at a place, or its instances."""
        looking(place)
        try:
            handle = pynvml.nvmlDeviceGetHandleByIndex(place)
            return self._instances(handle, place) or [self._gpu(handle, place)]
        except pynvml.NVMLError as error:
            if error.value in _DRIVER_IS_GONE:
                raise
            known = self._known.get(place, GpuSample(place, "", place=place))
            return [
                dataclasses.replace(known, trouble=_GPU_IS_GONE.get(error.value, f"the driver says: {error}"))
            ]

    def _gpu(self, handle: Value, place: int) -> GpuSample:
        """A GPU that is not split.

        Raises NVMLError if it does not even say who it is and how much memory it has.
        """
        busy = _ask(pynvml.nvmlDeviceGetUtilizationRates, handle)
        uuid = _text(pynvml.nvmlDeviceGetUUID(handle))
        total, used = _memory(handle)
        known = GpuSample(
            place, uuid, _text(_ask(pynvml.nvmlDeviceGetName, handle)), total, place=place, bus=_bus(handle)
        )
        self._known[place] = known
        return dataclasses.replace(
            known,
            used_bytes=used,
            utilisation=None if busy is None else min(1.0, busy.gpu / 100),
            temperature_c=_ask(pynvml.nvmlDeviceGetTemperature, handle, pynvml.NVML_TEMPERATURE_GPU),
            power_w=_watts(_ask(pynvml.nvmlDeviceGetPowerUsage, handle)),
            processes=self._processes(uuid, handle),
            trouble=self._split_into_nothing(handle),
        )

    def _split_into_nothing(self, handle: Value) -> str | None:
        return "MIG is on, and it has no instance" if _is_split(handle) else None

    def _instances(self, handle: Value, place: int) -> list[GpuSample]:
        """The instances of a GPU; [] if it is not split. Their load is nowhere to be had, their memory is."""
        if not _is_split(handle):
            return []
        name, bus = _text(_ask(pynvml.nvmlDeviceGetName, handle)), _bus(handle)
        made = []
        for number in range(_ask(pynvml.nvmlDeviceGetMaxMigDeviceCount, handle) or 0):
            instance = _ask(pynvml.nvmlDeviceGetMigDeviceHandleByIndex, handle, number)
            if instance is None:
                continue  # not every number that may be is
            uuid = _text(pynvml.nvmlDeviceGetUUID(instance))
            total, used = _memory(instance)
            processes = self._processes(uuid, instance)
            made.append(
                GpuSample(place, uuid, name, total, used, processes=processes, mig=True, place=place, bus=bus)
            )
        return made

    def _processes(self, uuid: str, handle: Value) -> tuple[GpuProcess, ...]:
        """Programs on a GPU; () also if the driver does not tell, as it does not under WSL."""
        computing = {item.pid: item for item in _running("Compute", handle)}
        drawing = {item.pid: item for item in _running("Graphics", handle) if item.pid not in computing}
        items = [*computing.values(), *drawing.values()]
        return tuple(self._process(uuid, item, graphics=item.pid in drawing) for item in items)

    def _process(self, uuid: str, item: Value, *, graphics: bool) -> GpuProcess:
        self._seen.add((uuid, item.pid))
        owner = self._book.owner(uuid, item.pid)
        if owner is None:
            return GpuProcess(None, item.usedGpuMemory, graphics=graphics)
        return GpuProcess(item.pid, item.usedGpuMemory, owner.user, owner.run_id, owner.command, graphics)


def _ask(question: Callable[..., Value], *arguments: Value) -> Value:
    """The answer; None if this GPU or this driver has none.

    Raises NVMLError if the GPU or the driver is gone: then no other question has an answer.
    """
    try:
        return question(*arguments)
    except pynvml.NVMLError as error:
        if error.value in _GPU_IS_GONE or error.value in _DRIVER_IS_GONE:
            raise
        return None


def _is_split(handle: Value) -> bool:
    mode = _ask(pynvml.nvmlDeviceGetMigMode, handle)
    return mode is not None and bool(mode[0])


def _memory(handle: Value) -> tuple[int, int | None]:
    """Bytes in all, and used by programs.

    The older call counts what the driver keeps for itself as used: up to 1 GB on a large card.
    """
    answer = _ask(pynvml.nvmlDeviceGetMemoryInfo, handle, pynvml.nvmlMemory_v2)
    if answer is None:
        answer = pynvml.nvmlDeviceGetMemoryInfo(handle)
    return int(answer.total), None if answer.used is None else int(answer.used)


def _running(kind: str, handle: Value) -> list[Value]:
    """Processes of a kind, by the newest call that the driver knows."""
    for version in ("_v3", "_v2"):
        call = getattr(pynvml, f"nvmlDeviceGet{kind}RunningProcesses{version}", None)
        answer = None if call is None else _ask(call, handle)
        if answer is not None:
            return list(answer)
    return []


def _bus(handle: Value) -> str:
    answer = _ask(pynvml.nvmlDeviceGetPciInfo, handle)
    return "" if answer is None else _text(answer.busId)


def _watts(milliwatts: int | None) -> float | None:
    return None if milliwatts is None else milliwatts / 1000


def _text(value: str | bytes | None) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else value or ""


def _skipped(place: int, skip: Sequence[GpuSample]) -> list[GpuSample]:
    return [dataclasses.replace(gpu, trouble=DOES_NOT_ANSWER) for gpu in skip if gpu.place == place]


def _load_from_elsewhere() -> bool:
    """Load the library by its path; the loader then knows it by its name too."""
    for folder in FOLDERS:
        with contextlib.suppress(OSError):
            ctypes.CDLL(os.path.join(folder, LIBRARY))
            return True
    return False


def _driver_in_words(error: Value) -> str:
    return _DRIVER_IN_WORDS.get(error.value, f"the NVIDIA driver says: {error}")
