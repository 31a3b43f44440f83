"""GPUs as one look at them showed them, as values; the sources make them, `foreign` judges them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

Json = dict[str, Any]  # Any: values as JSON gives them

INSTANCES_FROM = 100
"""Instances of a split GPU have the indices 100, 101, … for GPU 0, 200, … for GPU 1, and so on."""

WHOLE_DRIVER = -1
"""Stands for the driver itself where the place of a GPU is told."""
DOES_NOT_ANSWER = "does not answer"


@dataclasses.dataclass(frozen=True)
class GpuProcess:
    """A program on a GPU."""

    pid: int | None
    """None: the driver's pid is no process that can be seen from here."""
    bytes: int | None
    """GPU memory; None: the driver does not say."""
    user: str | None = None
    """None: not known."""
    run_id: str | None = None
    """The ORP run it belongs to, of whatever queue; None: of none, or not known."""
    command: str = ""
    """The program's name; "" if not known."""
    graphics: bool = False
    """It draws a screen and computes nothing."""

    @classmethod
    def from_json(cls, data: Json) -> GpuProcess:
        return cls(**data)


@dataclasses.dataclass(frozen=True)
class GpuSample:
    """One GPU, or one instance of a GPU that is split by MIG, at one moment."""

    index: int
    """In PCI order; from `INSTANCES_FROM` on for an instance."""
    uuid: str
    """"" if the GPU never said it."""
    name: str = ""
    total_bytes: int = 0
    """0: not known."""
    used_bytes: int | None = None
    """Without what the driver keeps for itself, where it says so; None: not known."""
    utilisation: float | None = None
    """0 to 1; None: not known, as for every instance."""
    temperature_c: float | None = None
    power_w: float | None = None
    mig: bool = False
    """It is an instance."""
    processes: tuple[GpuProcess, ...] = ()
    trouble: str | None = None
    """Why nothing can run on it, in words: `lost`, `does not answer`; None if all is well."""
    bus: str = ""
    """PCI address, an instance's is that of its GPU; "" if not known."""
    place: int = 0
    """Where the driver lists it, counted from 0; an instance has that of its GPU."""
    parent: int | None = None
    """Index of the GPU that an instance is of."""

    @classmethod
    def from_json(cls, data: Json) -> GpuSample:
        processes = tuple(GpuProcess.from_json(item) for item in data["processes"])
        return cls(**{**data, "processes": processes})


@dataclasses.dataclass(frozen=True)
class GpuReport:
    """All GPUs of the machine at one moment."""

    at: float
    """Seconds since 1970."""
    gpus: tuple[GpuSample, ...] = ()
    """By index."""
    trouble: str | None = None
    """Why nothing is known of any GPU, or of those that are missing here; None if all is well."""
    source: str = "nvml"
    """nvml, amd or fake."""

    def to_json(self) -> Json:
        """What `from_json` makes the same report of."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, data: Json) -> GpuReport:
        """The report that was written.

        Raises KeyError, TypeError or ValueError for anything else.
        """
        gpus = tuple(GpuSample.from_json(item) for item in data["gpus"])
        return cls(float(data["at"]), gpus, data["trouble"], data["source"])


def numbered(found: Sequence[Sequence[GpuSample]]) -> tuple[GpuSample, ...]:
    """Samples with their indices, given one list a GPU: itself, or its instances.

    In the order of the PCI addresses; as the driver lists them if one hides its address
    (drivers list them in that order too).
    """
    listed = [gpu for gpu in found if gpu]
    if all(gpu[0].bus for gpu in listed):
        listed.sort(key=lambda gpu: gpu[0].bus.lower())
    made: list[GpuSample] = []
    for position, gpu in enumerate(listed):
        for number, sample in enumerate(gpu):
            if sample.mig:
                index = INSTANCES_FROM * (position + 1) + number
                made.append(dataclasses.replace(sample, index=index, parent=position))
            else:
                made.append(dataclasses.replace(sample, index=position))
    return tuple(sorted(made, key=lambda sample: sample.index))
