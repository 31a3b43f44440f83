"""A stand-in for the GPU driver's library, compiled once, whose state a test can switch at any time."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from orp_tui.hardware.deadline import GpuWatch

SOURCE = Path(__file__).parent.parent / "fakes" / "fake_nvml.c"
NAME = "libnvidia-ml.so.1"


def compiled(folder, *options):
    """Folder of the compiled library."""
    if shutil.which("gcc") is None:
        if os.environ.get("CI"):
            pytest.fail("gcc is needed to compile the stand-in for the GPU driver's library")
        pytest.skip("gcc is not installed: there is no stand-in for the GPU driver's library")
    command = ["gcc", "-shared", "-fPIC", "-Wall", "-Wextra", "-Werror", *options]
    subprocess.run([*command, "-o", str(folder / NAME), str(SOURCE)], check=True)
    return folder


@pytest.fixture(scope="session")
def library(tmp_path_factory):
    return compiled(tmp_path_factory.mktemp("nvml"))


@pytest.fixture(scope="session")
def old_library(tmp_path_factory):
    return compiled(tmp_path_factory.mktemp("old-nvml"), "-DOLD_DRIVER")


class Driver:
    """The state of the stand-in, and watches that ask it."""

    def __init__(self, folder: Path, library: Path):
        self.path = folder / "state.txt"
        self.library = library
        self.watches: list[GpuWatch] = []

    def says(self, *lines: str) -> None:
        """Replace the whole state at once."""
        beside = self.path.with_suffix(".tmp")
        beside.write_text("".join(line + "\n" for line in lines))
        beside.rename(self.path)

    def watch(self, *, again_s=0.0, host_pids=True, library=None) -> GpuWatch:
        environment = {name: value for name, value in os.environ.items() if name != "ORP_FAKE_GPUS"}
        environment |= {"LD_LIBRARY_PATH": str(library or self.library), "FAKE_NVML": str(self.path)}
        watch = GpuWatch(again_s=again_s, host_pids=host_pids, environment=environment)
        self.watches.append(watch)
        return watch


@pytest.fixture
def driver(tmp_path, library):
    made = Driver(tmp_path, library)
    yield made
    for watch in made.watches:
        watch.close()
