"""The queue looks after itself: it pauses what fails, waits for room on the disk, and says when things end."""

from __future__ import annotations

import json
import os

import pytest
from mounting import tmpfs
from waiting import until

from orp_tui.core.states import RunState
from orp_tui.engine import guards
from orp_tui.services.watch import snapshot
from orp_tui.services.watchers import Growth, folder_bytes
from orp_tui.store import groups, settings


def seen(project):
    with project.context.store() as connection:
        return snapshot(project.paths, connection, slots=1)


def of(project, run_id):
    return next(item for item in seen(project).unfinished if item.run.id == run_id)


def test_a_group_whose_runs_fail_alike_is_paused_and_goes_on_when_it_is_resumed(make_project):
    project = make_project(queue="breaker: 2")
    ids = [project.submit("echo boom >&2; exit 1") for _ in range(2)]
    leader = project.leader(slots=1, idle_exit=None)
    for run_id in ids:
        project.await_state(run_id, RunState.FAILED)
    ids.append(project.submit("echo boom >&2; exit 1"))

    until(lambda: (of(project, ids[2]).detail or "").startswith("the group default is paused: 2 runs"), 10)

    assert project.state(ids[2]) is RunState.QUEUED
    assert "exit code 1: boom" in of(project, ids[2]).detail
    with project.context.store() as connection:
        groups.pause(connection, "default", None)
    project.await_state(ids[2], RunState.FAILED)
    fourth = project.submit("true")
    project.await_state(fourth, RunState.SUCCEEDED)
    leader.terminate()
    assert leader.wait(20) == 0


@pytest.mark.root
def test_nothing_starts_on_a_nearly_full_disk_until_there_is_room(make_project, tmp_path):
    with tmpfs(tmp_path / "small", "30m") as folder:
        project = make_project(
            "full",
            settings=f"runs_dir: {folder}/runs\nartifacts_dir: {folder}/artifacts\n",
            queue="min_free: 10MiB",
        )
        try:
            run_id = project.submit("true")
            (folder / "filler").write_bytes(bytes(24 << 20))
            leader = project.leader()

            until(
                lambda: (of(project, run_id).detail or "").endswith("starts wait until there is 10.0 MiB"),
                20,
                what="the guard's words",
            )
            assert of(project, run_id).detail.startswith("only 6.0 MiB free where runs lie")
            assert project.state(run_id) is RunState.QUEUED

            (folder / "filler").unlink()
            assert leader.wait(30) == 0
            assert project.state(run_id) is RunState.SUCCEEDED
        finally:
            project.close()


def test_the_queue_keeps_the_measure_it_was_started_with(make_project):
    project = make_project(queue="min_free: 5MB")
    project.settle()

    with project.context.store() as connection:
        assert guards.least(connection) == 5_000_000
        settings.write(connection, guards.MIN_FREE, None)
        assert guards.least(connection) is None


def test_what_runs_write_is_sampled_and_their_folders_are_measured_without_following_links(project, tmp_path):
    run_id = project.submit("true")
    (tmp_path / "large").write_bytes(bytes(3 << 20))
    os.symlink(tmp_path / "large", project.run(run_id).workspace / "link")
    before = folder_bytes(str(project.run(run_id).folder))
    (project.run(run_id).workspace / "data").write_bytes(bytes(1 << 20))
    growth, run = Growth(project.paths), project.row(run_id)

    growth.look(run)
    growth.look(run)

    (sample,) = json.loads((project.paths.state / "samples.json").read_text())["samples"]
    assert sample["used"][run_id] - before in range(1 << 20, (1 << 20) + 65536)
    assert before < 1 << 20


def test_running_and_waiting_runs_say_when_they_will_end_and_start(project):
    path = project.file("true")
    data = json.loads(path.read_text())
    data["experiment"]["name"] = "like"
    path.unlink()
    first = submitted(project, data)
    project.settle()
    with project.context.store() as connection:
        connection.execute("UPDATE run SET started_at = ended_at - 600 WHERE id = ?", (first,))
    data["training"]["script"] = ["sh", "-c", f'echo "B $ORP_RUN_ID $$" >> {project.side}; {project.waits}']
    going, waiting = submitted(project, data), submitted(project, data)
    leader = project.leader(slots=1)
    project.training(going)

    until(lambda: of(project, going).state is RunState.RUNNING, 20)
    assert of(project, going).left_s == pytest.approx(600, abs=30)
    assert of(project, waiting).starts_in_s == pytest.approx(600, abs=30)
    status = project.orp("status")
    said = status.communicate(timeout=20)[0].decode()
    assert "~10m left" in said
    assert "starts in ~10m" in said
    project.go()
    assert leader.wait(30) == 0


def submitted(project, data):
    from orp_tui.services.submit import sources_of_file, submit

    path = project.folder / "like.yaml"
    path.write_text(json.dumps(data))
    (source,) = sources_of_file(project.context, path)
    path.unlink()
    with project.context.store() as connection:
        run_id = submit(project.context, connection, source)
    project.accepted.append(run_id)
    return run_id


@pytest.mark.slow
def test_checkpoints_are_pruned_while_the_run_goes_on(project):
    script = (
        "for i in 1 2 3 4; do mkdir -p out/checkpoint-$i; echo x > out/checkpoint-$i/done; done; "
        f"touch made; {project.waits}"
    )
    run_id = project.submit(
        script,
        checkpoints={"path": "out/checkpoint-*", "complete": "done", "keep": 2},
        deliverables=[{"type": "model", "path": "out/checkpoint-2", "validation": "exists"}],
    )
    leader = project.leader()
    project.training(run_id)
    out = project.run(run_id).workspace / "out"

    until(
        lambda: (
            (project.run(run_id).workspace / "made").exists()
            and sorted(os.listdir(out)) == ["checkpoint-2", "checkpoint-4"]
        ),
        30,
        what="pruned checkpoints",
    )

    assert (project.run(run_id).folder / "pruned.jsonl").read_text().count("\n") == 2
    project.go()
    assert leader.wait(30) == 0
    assert project.state(run_id) is RunState.SUCCEEDED
