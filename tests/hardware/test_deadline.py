"""A driver that blocks, dies or talks nonsense costs a look its deadline, and nothing else."""

from __future__ import annotations

import os
import time

from waiting import until

MIB = 1 << 20
GPU0 = "gpu 0 GPU-aaaa 00000000:10:00.0 24576 100 5 41 60 Model A"
GPU1 = "gpu 1 GPU-bbbb 00000000:20:00.0 81920 0 0 38 55 Model B"


def troubles(report):
    return [(gpu.uuid, gpu.trouble) for gpu in report.gpus]


def test_a_gpu_that_hangs_is_left_alone_and_the_others_are_asked(driver):
    driver.says(GPU0, GPU1)
    watch = driver.watch(again_s=60)
    assert troubles(watch.sample(20)) == [("GPU-aaaa", None), ("GPU-bbbb", None)]

    driver.says(GPU0, GPU1, "hang 0 60")
    before = time.monotonic()
    late = watch.sample(0.5)

    assert time.monotonic() - before < 3
    assert troubles(late) == [("GPU-aaaa", "does not answer"), ("GPU-bbbb", "does not answer")]
    assert late.trouble == "the GPU driver did not answer within 0.5 s"
    again = watch.sample(20)
    assert troubles(again) == [("GPU-aaaa", "does not answer"), ("GPU-bbbb", None)]
    assert again.gpus[1].total_bytes == 81920 * MIB


def test_a_gpu_that_hung_is_asked_again_after_a_while(driver):
    driver.says(GPU0, GPU1)
    watch = driver.watch(again_s=0.2)
    watch.sample(20)
    driver.says(GPU0, GPU1, "hang 1 60")
    assert ("GPU-bbbb", "does not answer") in troubles(watch.sample(0.5))

    driver.says(GPU0, GPU1)

    until(lambda: troubles(watch.sample(20)) == [("GPU-aaaa", None), ("GPU-bbbb", None)])


def test_a_gpu_that_hangs_at_the_first_look_is_left_alone_without_a_name(driver):
    driver.says(GPU0, GPU1, "hang 0 60")
    watch = driver.watch(again_s=60)

    assert watch.sample(2).gpus == ()

    assert troubles(watch.sample(20)) == [("", "does not answer"), ("GPU-bbbb", None)]


def test_a_driver_that_hangs_as_a_whole_is_a_trouble_of_all(driver):
    driver.says(GPU0, "hang -1 60")
    watch = driver.watch(again_s=60)

    assert watch.sample(1.5).trouble == "the GPU driver does not answer"

    before = time.monotonic()
    assert watch.sample(20).trouble == "the GPU driver does not answer"  # not asked again so soon
    assert time.monotonic() - before < 1


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
