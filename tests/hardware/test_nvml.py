"""GPUs as the driver's library tells of them, through a compiled stand-in in all its moods."""

from __future__ import annotations

import getpass
import os
import subprocess
import sys

import pytest
from waiting import until

from orp_tui.hardware.gpus import GpuProcess, GpuReport
from orp_tui.hardware.nvml import FOLDERS, LIBRARY

MIB = 1 << 20
GPU0 = "gpu 0 GPU-aaaa 00000000:10:00.0 24576 100 5 41 60 Model A"
GPU1 = "gpu 1 GPU-bbbb 00000000:20:00.0 81920 0 0 38 55 Model B"


@pytest.fixture
def program():
    """Starts programs that do nothing, with an environment."""
    children = []

    def start(**environment):
        child = subprocess.Popen(["sleep", "60"], env={**os.environ, **environment})
        children.append(child)
        return child

    yield start
    for child in children:
        child.kill()
        child.wait()


def test_every_gpu_is_told_with_all_its_values(driver):
    driver.says(GPU0, GPU1)

    report = driver.watch().sample(20)

    assert report.trouble is None
    first, second = report.gpus
    assert (first.index, first.uuid, first.name) == (0, "GPU-aaaa", "Model A")
    assert (first.total_bytes, first.used_bytes) == (24576 * MIB, 100 * MIB)
    assert (first.utilisation, first.temperature_c, first.power_w) == (0.05, 41, 60)
    assert first.bus == "00000000:10:00.0"
    assert (second.index, second.uuid, second.trouble) == (1, "GPU-bbbb", None)


def test_a_report_is_the_same_after_json(driver, program):
    driver.says(GPU0, f"process 0 {program().pid} 700", "gpu 1 U 00:1 100 - - - - B", "instance 1 MIG-1 50 1")

    report = driver.watch().sample(20)

    assert report.gpus
    assert GpuReport.from_json(report.to_json()) == report


def test_gpus_are_numbered_in_the_order_of_their_pci_addresses(driver):
    driver.says(
        "gpu 0 GPU-far 00000000:C1:00.0 100 0 0 0 0 F",
        "gpu 1 GPU-near 00000000:0a:00.0 100 0 0 0 0 N",
    )

    report = driver.watch().sample(20)

    assert [(gpu.index, gpu.uuid, gpu.place) for gpu in report.gpus] == [
        (0, "GPU-near", 1),
        (1, "GPU-far", 0),
    ]


def test_a_gpu_that_falls_off_the_bus_is_lost_and_the_others_are_not(driver):
    driver.says(GPU0, GPU1)
    watch = driver.watch()
    assert [gpu.trouble for gpu in watch.sample(20).gpus] == [None, None]

    driver.says(GPU0, GPU1, "fail 0 15")
    lost, well = watch.sample(20).gpus
    assert (lost.uuid, lost.trouble, lost.total_bytes) == ("GPU-aaaa", "lost", 24576 * MIB)
    assert (well.trouble, well.used_bytes) == (None, 0)

    driver.says(GPU0, GPU1, "nohandle 1 15")
    assert [(gpu.uuid, gpu.trouble) for gpu in watch.sample(20).gpus] == [
        ("GPU-aaaa", None),
        ("GPU-bbbb", "lost"),
    ]


def test_a_gpu_that_was_lost_before_anybody_looked_is_lost_without_a_name(driver):
    driver.says(GPU0, GPU1, "nohandle 0 15")

    lost, well = driver.watch().sample(20).gpus

    assert (lost.index, lost.uuid, lost.trouble) == (0, "", "lost")
    assert (well.index, well.uuid, well.trouble) == (1, "GPU-bbbb", None)


def test_a_gpu_that_wants_a_reset_or_answers_nothing_says_so(driver):
    driver.says(GPU0, GPU1, "fail 0 16", "fail 1 999")

    assert [gpu.trouble for gpu in driver.watch().sample(20).gpus] == [
        "needs a reset",
        "the driver says: Unknown Error",
    ]


def test_values_that_a_gpu_does_not_tell_are_none(driver):
    driver.says("gpu 0 GPU-aaaa 00:10 1000 10 - - - A", "process 0 1 -")

    (gpu,) = driver.watch().sample(20).gpus

    assert (gpu.utilisation, gpu.temperature_c, gpu.power_w, gpu.trouble) == (None, None, None, None)
    assert [process.bytes for process in gpu.processes] == [None]


def test_a_driver_that_goes_away_and_comes_back_is_followed(driver):
    driver.says(GPU0)
    watch = driver.watch()
    assert watch.sample(20).gpus

    driver.says("driver gone")
    gone = watch.sample(20)
    assert (gone.gpus, gone.trouble) == ((), "the NVIDIA driver is not loaded")

    driver.says("init 18")
    assert "a reboot is due" in watch.sample(20).trouble

    driver.says(GPU0, GPU1, "fail 1 9")  # goes while one looks
    assert watch.sample(20).trouble == "the NVIDIA driver is not loaded"

    driver.says("")
    assert watch.sample(20).trouble == "the NVIDIA driver finds no GPU"

    driver.says(GPU0, GPU1)
    assert [gpu.trouble for gpu in watch.sample(20).gpus] == [None, None]


@pytest.mark.skipif(
    any(os.path.exists(f"{folder}/{LIBRARY}") for folder in FOLDERS),
    reason="this machine has the real library",
)
def test_without_the_library_there_is_no_driver(driver, tmp_path):
    (tmp_path / LIBRARY).write_bytes(b"no library")  # found before a real one, and not to be loaded
    driver.says(GPU0)

    report = driver.watch(library=tmp_path).sample(20)

    assert report.gpus == ()
    assert report.trouble == "no NVIDIA driver is installed (libnvidia-ml.so.1 is not there)"


def test_a_driver_without_the_newer_calls_tells_what_it_can(driver, old_library):
    driver.says(GPU0, f"process 0 {os.getpid()} 500")

    (gpu,) = driver.watch(library=old_library).sample(20).gpus

    assert (gpu.trouble, gpu.utilisation) == (None, 0.05)
    assert gpu.used_bytes == (100 + 256) * MIB  # what the driver keeps can't be told apart
    assert [process.pid for process in gpu.processes] == [os.getpid()]


def test_processes_are_named_by_user_run_and_program(driver, program):
    run, other = program(ORP_RUN_ID="exp_20261124_101010_abcd"), program(ORP_RUN_ID="")
    driver.says(GPU0, f"process 0 {run.pid} 700", f"process 0 {other.pid} 20", "graphics 0 1 30")

    (gpu,) = driver.watch().sample(20).gpus

    me = getpass.getuser()
    assert gpu.processes[:2] == (
        GpuProcess(run.pid, 700 * MIB, me, "exp_20261124_101010_abcd", "sleep"),
        GpuProcess(other.pid, 20 * MIB, me, None, "sleep"),
    )
    assert gpu.processes[2].graphics


def test_a_process_is_on_a_gpu_as_long_as_it_is_there(driver, program):
    child = program()
    driver.says(GPU0)
    watch = driver.watch()
    assert watch.sample(20).gpus[0].processes == ()

    driver.says(GPU0, f"process 0 {child.pid} 700")
    assert [process.pid for process in watch.sample(20).gpus[0].processes] == [child.pid]

    child.kill()
    child.wait()
    assert watch.sample(20).gpus[0].processes == (GpuProcess(None, 700 * MIB),)

    driver.says(GPU0)
    assert watch.sample(20).gpus[0].processes == ()


def test_pids_of_another_set_of_processes_are_nobody_here(driver):
    driver.says(GPU0, f"process 0 {os.getpid()} 700")

    (gpu,) = driver.watch(host_pids=False).sample(20).gpus

    assert gpu.processes == (GpuProcess(None, 700 * MIB),)


def test_instances_of_a_split_gpu_take_its_place(driver):
    driver.says(GPU0, GPU1, "instance 0 MIG-1 9984 12", "instance 0 MIG-2 4864 0")

    whole, first, second = driver.watch().sample(20).gpus

    assert (whole.index, whole.uuid, whole.mig) == (1, "GPU-bbbb", False)
    assert [(gpu.index, gpu.uuid, gpu.parent, gpu.mig) for gpu in (first, second)] == [
        (100, "MIG-1", 0, True),
        (101, "MIG-2", 0, True),
    ]
    assert (first.total_bytes, first.used_bytes, first.utilisation) == (9984 * MIB, 12 * MIB, None)


def test_mig_can_be_switched_on_while_one_looks(driver):
    driver.says(GPU0)
    watch = driver.watch()
    assert watch.sample(20).gpus[0].uuid == "GPU-aaaa"

    driver.says(GPU0, "mig 0")
    assert [(gpu.uuid, gpu.trouble) for gpu in watch.sample(20).gpus] == [
        ("GPU-aaaa", "MIG is on, and it has no instance")
    ]

    driver.says(GPU0, "instance 0 MIG-1 9984 12")
    assert [(gpu.uuid, gpu.trouble) for gpu in watch.sample(20).gpus] == [("MIG-1", None)]


def test_the_child_that_asks_ends_with_whoever_started_it(driver):
    driver.says(GPU0)
    program = (
        "import os, sys; from orp_tui.hardware.deadline import GpuWatch\n"
        "watch = GpuWatch(); watch.sample(20); print(watch._child.pid); sys.stdout.flush(); os.kill(os.getpid(), 9)"
    )
    environment = {**os.environ, "LD_LIBRARY_PATH": str(driver.library), "FAKE_NVML": str(driver.path)}

    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)

    child = int(done.stdout)
    until(lambda: not os.path.exists(f"/proc/{child}"), what="the child has ended")
