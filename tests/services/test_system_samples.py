"""What runs take of the machine, as lines that are read as their metrics."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import time

import pytest
from metric_desk import Clock, Desk
from run_folders import claimed, started
from waiting import until

from orp_tui.engine import host
from orp_tui.files.atomic import to_json
from orp_tui.hardware.gpus import GpuReport, GpuSample
from orp_tui.hardware.usage import Usage, beneath, processes
from orp_tui.services.metric_history import history
from orp_tui.services.system_samples import SELDOM_S, SystemSamples, append_line, of_gpus, of_usage


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture
def desk(tmp_path):
    made = Desk(tmp_path)
    yield made
    made.tail.close()


@pytest.fixture
def training():
    """A shell with a child, standing for a supervisor with its training."""
    process = subprocess.Popen(["sh", "-c", "sleep 60 & wait"], start_new_session=True)
    until(lambda: len(beneath(process.pid, processes())) == 2, what="the child")
    yield process
    os.killpg(process.pid, 9)
    process.wait()


def supervised(desk, process, **values):
    """A running run whose supervisor is that process."""
    run = dataclasses.replace(desk.run("a"), started_at=time.time(), **values)
    claimed(desk.paths.run(run.id), pid=process.pid, start_ticks=host.start_ticks(process.pid))
    return run


def test_a_sample_is_taken_at_once_and_then_every_five_seconds(desk, training):
    run, clock = supervised(desk, training), Clock()
    samples, file = SystemSamples(desk.paths, clock=clock), desk.paths.run(run.id).system
    samples.look(run)
    assert len(lines(file)) == 1
    for _ in range(10):
        clock.now += 1.0
        samples.look(run)
    assert len(lines(file)) == 3
    first, second, _ = lines(file)
    assert first["sys/processes"] == 1  # without the supervisor
    assert first["sys/memory"] > 0
    assert "sys/cpu" not in first
    assert second["sys/cpu"] == 0.0
    assert abs(second["time"] - time.time()) < 60


def test_an_old_run_is_sampled_more_seldom(desk, training):
    run, clock = supervised(desk, training), Clock()
    samples, file = SystemSamples(desk.paths, clock=clock), desk.paths.run(run.id).system
    for age, every in ((7200, 10.0), (10 * 86400, SELDOM_S)):
        samples.forget(run.id)
        old = dataclasses.replace(run, started_at=time.time() - age)
        samples.look(old)
        count = len(lines(file))
        clock.now += every - 1.0
        samples.look(old)
        assert len(lines(file)) == count
        clock.now += 1.5
        samples.look(old)
        assert len(lines(file)) == count + 1


def test_a_run_whose_processes_are_not_here_is_not_sampled(desk):
    run = desk.run("a")
    samples = SystemSamples(desk.paths)
    samples.look(run)
    claimed(desk.paths.run(run.id))  # by a supervisor that is dead
    started(desk.paths.run(run.id))
    samples.look(run)
    assert not desk.paths.run(run.id).system.exists()


def test_a_training_without_its_supervisor_is_sampled_itself(desk, training):
    run = desk.run("a")
    folder = desk.paths.run(run.id)
    claimed(folder)
    record = {
        "pid": training.pid,
        "start_ticks": host.start_ticks(training.pid),
        "boot_id": host.boot_id(),
        "at": 3.0,
    }
    folder.started(1).write_bytes(to_json(record))
    SystemSamples(desk.paths).look(run)
    assert lines(folder.system)[0]["sys/processes"] == 2


def test_samples_are_metrics_of_the_run(desk, training):
    gpu = GpuSample(3, "GPU-x", used_bytes=5 << 30, utilisation=0.5, power_w=120.25)
    report = GpuReport(time.time(), (GpuSample(0, "GPU-y", utilisation=1.0), gpu))
    run, clock = supervised(desk, training, cards=(3,)), Clock()
    samples = SystemSamples(desk.paths, lambda: report, clock)
    for _ in range(2):
        samples.look(run)
        clock.now += 5.0
    found = {name: series.summary.last for name, series in history(desk.paths, run.id).items()}
    assert set(found) == {
        "sys/cpu", "sys/memory", "sys/read", "sys/write", "sys/processes",
        "sys/gpu0/util", "sys/gpu0/memory", "sys/gpu0/power",
    }  # fmt: skip
    assert (found["sys/gpu0/util"], found["sys/gpu0/memory"], found["sys/gpu0/power"]) == (
        50.0,
        5 << 30,
        120.25,
    )


def test_gpus_are_numbered_as_the_training_numbers_them_and_only_from_a_fresh_look():
    report = GpuReport(100.0, (GpuSample(1, "a", utilisation=0.25), GpuSample(5, "b", power_w=9.0)))
    assert of_gpus((5, 1, 7), report, 101.0) == {"sys/gpu0/power": 9.0, "sys/gpu1/util": 25.0}
    assert of_gpus((5,), report, 200.0) == {}
    assert of_gpus((), report, 100.0) == {}
    assert of_gpus((5,), None, 100.0) == {}


def test_what_is_not_known_is_left_out():
    assert of_usage(Usage(2, 10, None, None, None)) == {"sys/memory": 10.0, "sys/processes": 2.0}


def test_a_line_that_a_full_disk_has_torn_spoils_no_other(tmp_path):
    path = tmp_path / "system.jsonl"
    append_line(path, {"step": 1})
    with open(path, "a") as file:
        file.write('{"step": 2, "sys/m')
    append_line(path, {"step": 3})
    append_line(path, {"step": 4})
    assert path.read_text().splitlines() == [
        '{"step": 1}',
        '{"step": 2, "sys/m',
        '{"step": 3}',
        '{"step": 4}',
    ]


@pytest.mark.parametrize("kind", ["link", "fifo", "folder", "no folder"])
def test_nothing_but_a_file_of_the_run_is_written_to(tmp_path, kind):
    path, other = tmp_path / "run" / "system.jsonl", tmp_path / "other"
    other.write_text("mine")
    if kind != "no folder":
        path.parent.mkdir()
    {
        "link": lambda: path.symlink_to(other),
        "fifo": lambda: os.mkfifo(path),
        "folder": path.mkdir,
        "no folder": lambda: None,
    }[kind]()
    append_line(path, {"step": 1})
    assert other.read_text() == "mine"
    assert path.exists() == (kind != "no folder")
