"""The machine as the dashboard sees it: made-up and real looks, who is on a GPU, what a run takes."""

from __future__ import annotations

import dataclasses
import json
import time

import pytest
from made_runs import made_run
from waiting import until

from orp_tui.core.layout import BasePaths
from orp_tui.core.needs import Card
from orp_tui.core.states import RunState
from orp_tui.engine import card_claims
from orp_tui.hardware.gpus import GpuProcess, GpuReport, GpuSample
from orp_tui.services import machine
from orp_tui.services.machine import MachineWatch
from orp_tui.services.system import SystemReader
from orp_tui.services.watch import RunView, snapshot

GIB = 1 << 30


@pytest.fixture
def paths(tmp_path) -> BasePaths:
    found = BasePaths.under(tmp_path / "experiments")
    found.state.mkdir(parents=True)
    return found


@pytest.fixture
def watch(paths):
    made = MachineWatch(paths)
    yield made
    made.close()


@pytest.fixture
def no_real_gpus(monkeypatch):
    """Whatever the machine of the tests has, it has no GPU."""
    monkeypatch.delenv("ORP_FAKE_GPUS", raising=False)
    monkeypatch.setattr(machine, "may_have_gpus", lambda: False)


def view(state: RunState = RunState.RUNNING, **values) -> RunView:
    run = made_run("exp_20261124_093000_k7f3", state=state, **values)
    return RunView(run, state, None, None, frozenset(), 1.0, None, None, None, None)


def observed(paths: BasePaths, *gpus: GpuSample, at: float | None = None, trouble: str | None = None) -> None:
    """What the observer has just written."""
    report = GpuReport(time.time() if at is None else at, gpus, trouble)
    paths.gpu_reports.write_text(json.dumps([report.to_json()]))


def test_a_machine_without_a_gpu_says_so_and_starts_nothing(watch, no_real_gpus):
    found = watch.look()

    assert found.gpus == ()
    assert found.no_gpus == "no GPU"
    assert watch._gpu_watch is None


def test_cpu_memory_and_disk_are_told(watch, no_real_gpus):
    watch.look()
    found = until(lambda: (look := watch.look()).host.cpu_busy is not None and look)

    assert found.host.cpus >= 1
    assert 0.0 <= found.host.cpu_busy <= 1.0
    assert 0 < found.host.memory_available <= found.host.memory_total
    assert 0 < found.host.disk_free <= found.host.disk_total


def test_the_first_look_does_not_pretend_to_know_how_busy_the_cpus_are(watch, no_real_gpus):
    assert watch.look().host.cpu_busy is None


def test_made_up_gpus_are_free_and_said_to_be_made_up(watch, monkeypatch):
    monkeypatch.setenv("ORP_FAKE_GPUS", "2x80GB")

    found = watch.look()

    assert found.is_fake
    assert [(gpu.index, gpu.total_bytes, gpu.is_free) for gpu in found.gpus] == [
        (0, 80 * 10**9, True),
        (1, 80 * 10**9, True),
    ]
    assert found.no_gpus == ""


def test_a_value_that_makes_no_gpus_is_told_in_words(watch, monkeypatch):
    monkeypatch.setenv("ORP_FAKE_GPUS", "many")

    assert "many" in watch.look().no_gpus


def test_a_gpu_names_the_run_that_was_given_it(watch, monkeypatch):
    monkeypatch.setenv("ORP_FAKE_GPUS", "2")
    active = [view(cards=(1,)), view(RunState.QUEUED, cards=(0,))]

    free, taken = watch.look(active).gpus

    assert taken.runs == (active[0].run.id,)
    assert free.is_free


def test_what_runs_of_any_queue_have_booked_is_seen(watch, monkeypatch, tmp_path):
    monkeypatch.setenv("ORP_FAKE_GPUS", "1x8GB")
    monkeypatch.setattr(card_claims, "claims_folder", lambda: tmp_path)
    held = card_claims.take_cards([Card(0, "FAKE-0", 8 * 10**9, 8 * 10**9, True)], 2 * GIB)
    assert held is not None
    try:
        (gpu,) = watch.look().gpus
    finally:
        machine.os.close(held[0])

    assert gpu.booked_bytes == 2 * GIB
    assert not gpu.is_free
    assert watch.look().gpus[0].booked_bytes == 0


def test_programs_of_others_are_shown_with_their_user(watch, paths, monkeypatch):
    monkeypatch.setattr(machine, "may_have_gpus", lambda: True)
    observed(
        paths,
        GpuSample(
            0, "GPU-1", "A100", 40 * GIB, 15 * GIB, 0.5, 71.0, 250.0,
            processes=(
                GpuProcess(11, 1 * GIB, "ana", "exp_20261124_093000_aaaa", "python"),
                GpuProcess(12, 14 * GIB, "maria", None, "python3"),
                GpuProcess(None, None),
            ),
        ),
    )  # fmt: skip

    (gpu,) = watch.look().gpus

    assert [(user.who, user.is_run, user.pid) for user in gpu.users] == [
        ("maria", False, 12),
        ("exp_20261124_093000_aaaa", True, 11),
        ("another program", False, None),
    ]
    assert watch._gpu_watch is None  # the observer's look saved one of our own


def test_a_lost_gpu_and_a_driver_that_does_not_answer_are_words(watch, paths, monkeypatch):
    monkeypatch.setattr(machine, "may_have_gpus", lambda: True)
    observed(paths, GpuSample(0, "GPU-1", "A100", trouble="lost"), trouble="the GPU driver does not answer")

    found = watch.look()

    assert found.gpus[0].trouble == "lost"
    assert not found.gpus[0].is_free
    assert found.no_gpus == "the GPU driver does not answer"


@pytest.mark.parametrize("content", ["", "[", "{}", "[{}]", '[{"at": "x"}]'])
def test_a_damaged_report_of_the_observer_is_no_report(watch, paths, no_real_gpus, content):
    paths.gpu_reports.write_text(content)

    assert watch.look().no_gpus == "no GPU"


def test_the_load_of_the_last_looks_is_kept_for_a_curve(watch, paths, monkeypatch):
    monkeypatch.setattr(machine, "may_have_gpus", lambda: True)
    for load in (0.1, 0.5, 0.9):
        observed(paths, GpuSample(0, "GPU-1", "A100", 40 * GIB, 0, load))
        found = watch.look()

    assert found.gpus[0].history == (0.1, 0.5, 0.9)


def test_a_full_look_says_what_a_run_takes(project):
    run_id = project.submit("while [ ! -e {go} ]; do :; done".replace("{go}", str(project.root / "go")))
    project.leader()
    until(lambda: project.state(run_id) is RunState.RUNNING)
    reader = SystemReader(project.context)

    def use():
        with project.context.store() as connection:
            seen = snapshot(project.paths, connection, slots=1)
        found = reader.look(seen, full=True)
        return next((item for item in found.machine.runs if item.cpus), None)

    found = until(use)

    assert found.run_id == run_id
    assert found.processes >= 2  # the supervisor and the training
    assert found.memory > 0
    project.go()
    reader.close()


def test_events_come_newest_first_in_a_full_look_only(project):
    run_id = project.submit()
    reader = SystemReader(project.context)
    with project.context.store() as connection:
        seen = snapshot(project.paths, connection, slots=1)

    assert reader.look(seen).events == ()
    events = reader.look(seen, full=True).events
    reader.close()

    assert events[0].run_id == run_id
    assert [event.seq for event in events] == sorted((event.seq for event in events), reverse=True)


def test_nothing_was_ever_run_here_is_an_answer_too(paths, no_real_gpus, project):
    reader = SystemReader(dataclasses.replace(project.context, paths=paths))

    found = reader.look(None, full=True)
    reader.close()

    assert found.seen is None
    assert found.events == ()
    assert found.own_memory > 0
