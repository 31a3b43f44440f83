"""A driver that blocks, dies or talks nonsense costs a look its deadline, and nothing else."""

from __future__ import annotations

import contextlib
import os
import signal
import time
import uuid
from pathlib import Path

import pytest
from waiting import until

FREEZER = Path("/sys/fs/cgroup/freezer")

MIB = 1 << 20
GPU0 = "gpu 0 GPU-aaaa 00000000:10:00.0 24576 100 5 41 60 Model A"
GPU1 = "gpu 1 GPU-bbbb 00000000:20:00.0 81920 0 0 38 55 Model B"


def overdue(watch, place):
    """The report of a watch whose deadline comes while the GPU at a place is being asked."""
    watch.ask(60)
    until(lambda: watch.answer() is None and watch._looking == place, what=f"GPU {place} is being asked")
    watch._deadline = time.monotonic()
    return until(watch.answer)


def troubles(report):
    return [(gpu.uuid, gpu.trouble) for gpu in report.gpus]


def test_a_gpu_that_hangs_is_left_alone_and_the_others_are_asked(driver):
    driver.says(GPU0, GPU1)
    watch = driver.watch(again_s=60)
    assert troubles(watch.sample(20)) == [("GPU-aaaa", None), ("GPU-bbbb", None)]

    driver.says(GPU0, GPU1, "hang 0 60")
    late = overdue(watch, 0)

    assert troubles(late) == [("GPU-aaaa", "does not answer"), ("GPU-bbbb", "does not answer")]
    assert late.trouble == "the GPU driver did not answer within 60 s"
    again = watch.sample(20)
    assert troubles(again) == [("GPU-aaaa", "does not answer"), ("GPU-bbbb", None)]
    assert again.gpus[1].total_bytes == 81920 * MIB


def test_a_gpu_that_hung_is_asked_again_after_a_while(driver):
    driver.says(GPU0, GPU1)
    watch = driver.watch(again_s=0.2)
    watch.sample(20)
    driver.says(GPU0, GPU1, "hang 1 60")
    assert ("GPU-bbbb", "does not answer") in troubles(overdue(watch, 1))

    driver.says(GPU0, GPU1)

    until(lambda: troubles(watch.sample(20)) == [("GPU-aaaa", None), ("GPU-bbbb", None)])


def test_a_gpu_that_hangs_at_the_first_look_is_left_alone_without_a_name(driver):
    driver.says(GPU0, GPU1, "hang 0 60")
    watch = driver.watch(again_s=60)

    assert overdue(watch, 0).gpus == ()

    assert troubles(watch.sample(20)) == [("", "does not answer"), ("GPU-bbbb", None)]


def test_a_driver_that_hangs_as_a_whole_is_a_trouble_of_all(driver):
    driver.says(GPU0, "hang -1 60")
    watch = driver.watch(again_s=60)

    before = time.monotonic()
    assert watch.sample(0.5).trouble == "the GPU driver does not answer"
    assert time.monotonic() - before < 10

    before = time.monotonic()
    assert watch.sample(20).trouble == "the GPU driver does not answer"  # not asked again so soon
    assert time.monotonic() - before < 0.4


def test_a_library_that_crashes_takes_only_the_child_with_it(driver):
    driver.says(GPU0, GPU1)
    watch = driver.watch(again_s=0.0)
    watch.sample(20)

    driver.says(GPU0, GPU1, "crash 1")
    report = watch.sample(20)

    assert report.trouble == "the driver ended what asked it (signal 11)"
    assert troubles(report) == [("GPU-aaaa", "does not answer"), ("GPU-bbbb", "does not answer")]
    driver.says(GPU0, GPU1)
    assert troubles(watch.sample(20)) == [("GPU-aaaa", None), ("GPU-bbbb", None)]


def test_a_loop_that_may_not_wait_asks_and_comes_back(driver):
    driver.says(GPU0)
    watch = driver.watch()
    assert watch.answer() is None

    watch.ask(20)
    report = until(watch.answer)

    assert troubles(report) == [("GPU-aaaa", None)]
    assert watch.answer() is None


def test_many_looks_leave_no_descriptor_and_no_process_behind(driver):
    driver.says(GPU0, "crash 0")
    watch = driver.watch()
    watch.sample(20)
    before = len(os.listdir("/proc/self/fd"))

    for _ in range(3):
        assert "signal 11" in watch.sample(20).trouble

    assert len(os.listdir("/proc/self/fd")) == before


def test_a_machine_without_a_gpu_keeps_no_process_that_says_so(driver):
    driver.says("driver gone")
    watch = driver.watch(again_s=60)

    assert watch.sample(20).trouble == "the NVIDIA driver is not loaded"

    assert watch._child is None
    before = time.monotonic()
    assert watch.sample(20).trouble == "the NVIDIA driver is not loaded"
    assert time.monotonic() - before < 0.1


def test_a_child_that_was_killed_between_two_looks_is_replaced(driver):
    driver.says(GPU0)
    watch = driver.watch(again_s=60)
    watch.sample(20)

    os.kill(watch._child.pid, signal.SIGKILL)
    watch._child.wait()

    assert troubles(watch.sample(20)) == [("GPU-aaaa", None)]


@pytest.fixture
def frozen():
    """Freezes a process so that SIGKILL does not end it, as one inside a sick driver; thaws it at the end."""
    if os.geteuid() != 0 or not (FREEZER / "tasks").exists():
        pytest.skip("needs root and a freezer control group")
    group = FREEZER / f"orp-test-{uuid.uuid4().hex}"
    group.mkdir()

    def freeze(pid):
        (group / "tasks").write_text(str(pid))
        (group / "freezer.state").write_text("FROZEN")

    freeze.thaw = lambda: (group / "freezer.state").write_text("THAWED")
    yield freeze
    freeze.thaw()

    def removed():
        with contextlib.suppress(OSError):
            group.rmdir()
        return not group.exists()

    until(removed)


@pytest.mark.root
def test_a_child_that_not_even_sigkill_ends_keeps_only_its_gpu_from_being_asked(driver, frozen):
    driver.says(GPU0, GPU1)
    watch = driver.watch(again_s=0.0)
    watch.sample(20)
    driver.says(GPU0, GPU1, "hang 0 60")
    watch.ask(60)
    until(lambda: watch.answer() is None and watch._looking == 0, what="the first GPU is being asked")
    stuck = watch._child
    frozen(stuck.pid)

    try:
        watch._deadline = time.monotonic()
        assert until(watch.answer).trouble == "the GPU driver did not answer within 60 s"
        for _ in range(3):
            assert troubles(watch.sample(20)) == [("GPU-aaaa", "does not answer"), ("GPU-bbbb", None)]
        assert watch._dying == [stuck]
        assert stuck.poll() is None
    finally:
        frozen.thaw()
        stuck.wait(20)

    driver.says(GPU0, GPU1)
    assert troubles(watch.sample(20)) == [("GPU-aaaa", None), ("GPU-bbbb", None)]
