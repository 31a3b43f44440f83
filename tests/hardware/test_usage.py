"""What a tree of processes takes, as the kernel counts it."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest
from waiting import until

from orp_tui.hardware.usage import Process, UsageMeter, beneath, processes
from orp_tui.store.database import file_system_of


@pytest.fixture
def child():
    """Starts a shell with what it is given; it ends with the test."""
    started = []

    def start(script):
        started.append(subprocess.Popen(["sh", "-c", script], start_new_session=True))
        return started[-1]

    yield start
    for process in started:
        os.killpg(process.pid, 9)
        process.wait()


def test_a_tree_is_a_process_and_all_below_it(child):
    shell = child("sleep 60 & sleep 60 & wait")

    def whole() -> list[Process]:
        found = beneath(shell.pid, processes())
        # One that is just becoming another program has no memory for a moment.
        return found if len(found) == 3 and all(each.memory > 0 for each in found) else []

    tree = until(whole, what="both children, with their memory")
    assert tree[0].pid == shell.pid
    assert {each.parent for each in tree[1:]} == {shell.pid}
    assert os.getpid() not in {each.pid for each in tree}


def test_a_process_that_is_gone_or_a_zombie_is_in_no_tree():
    dead = subprocess.Popen(["true"])
    until(lambda: dead.pid not in processes(), what="the zombie to be seen as one")
    assert beneath(dead.pid, processes()) == []
    dead.wait()


def test_a_ring_of_parents_ends():
    table = {1: Process(1, 2, 0, 0.0, 5), 2: Process(2, 1, 0, 0.0, 5)}
    assert len(beneath(1, table)) == 2


def test_rates_are_known_from_the_second_look_on():
    meter = UsageMeter()
    first = meter.look([Process(4_000_001, 1, 7, 10.0, 100)], 50.0)
    assert (first.cpu, first.read, first.write) == (None, None, None)
    assert (first.processes, first.memory) == (1, 100)
    second = meter.look([Process(4_000_001, 1, 7, 15.0, 100), Process(4_000_002, 1, 9, 1.0, 50)], 52.0)
    assert second.cpu == 300.0  # 6 seconds in two, on three cores
    assert second.memory == 150


def test_a_process_that_took_over_a_number_brings_its_own_time():
    meter = UsageMeter()
    meter.look([Process(4_000_001, 1, 7, 1000.0, 1)], 10.0)
    assert meter.look([Process(4_000_001, 1, 8, 0.5, 1)], 11.0).cpu == 50.0


def test_a_tree_that_ends_takes_nothing():
    meter = UsageMeter()
    meter.look([Process(4_000_001, 1, 7, 1000.0, 1)], 10.0)
    last = meter.look([], 11.0)
    assert (last.processes, last.memory, last.cpu) == (0, 0, 0)


def test_what_a_process_burns_and_writes_is_seen(tmp_path, child):
    target = tmp_path / "file"
    body = "while True: f.seek(0); f.write(b'x' * 1000000); os.fsync(f.fileno())"
    process = child(f"exec {sys.executable} -c \"import os; f = open('{target}', 'wb')\n{body}\"")
    until(lambda: target.exists() and target.stat().st_size)
    meter, writes = UsageMeter(), file_system_of(tmp_path) != "tmpfs"  # which is no disk

    def is_seen():
        found = meter.look(beneath(process.pid, processes()), time.monotonic())
        return bool(found.cpu) and (bool(found.write) or not writes)

    until(is_seen, period=0.2, what="CPU and writing")
