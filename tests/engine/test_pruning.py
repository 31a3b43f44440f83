"""Old checkpoints go while a run goes on; the last, deliverables and what lies outside never do."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path

import pytest

from orp_tui.core.checklist import Deliverable
from orp_tui.core.layout import RunPaths
from orp_tui.core.request import ArtifactRule, RunRequest, StopRule
from orp_tui.engine import pruning

RULE = {"path": "out/checkpoint-*", "complete": "state.json", "keep": 2}


@pytest.fixture
def folder(tmp_path):
    run = RunPaths(tmp_path / "run")
    run.workspace.mkdir(parents=True)
    return run


def request(folder, *, rule=RULE, deliverables=(), workspace="isolated"):
    return RunRequest(
        id="exp", name="a", description="", submitted_at=0.0, submitted_by="me", project="/p", workspace=workspace,
        cwd=str(folder.workspace), argv=("true",), shell=False, seed=None, config={}, stop=StopRule(), timeout_s=None,
        stall_s=None, leftovers="kill", deliverables=tuple(deliverables), artifacts=ArtifactRule(), env_file=None,
        secret_names=(), tree=None, priority=0, umask=0o22, experiment={}, experiment_sha256="", config_sha256="",
        checkpoints=rule,
    )  # fmt: skip


def checkpoint(folder, number, *, complete=True, parent="out", **state):
    path = folder.workspace / parent / f"checkpoint-{number}"
    path.mkdir(parents=True)
    (path / "model.bin").write_bytes(bytes(1000))
    if complete:
        (path / "state.json").write_text(json.dumps(state))
    return path


def left(folder, parent="out"):
    return sorted(entry.name for entry in os.scandir(folder.workspace / parent))


def prune(folder, **values):
    return pruning.prune(request(folder, **values), folder, since=0.0, now=5.0)


def deliverable(path):
    return Deliverable.from_json(
        {**dataclasses.asdict(Deliverable(0, "model", path, True, ())), "checks": []}
    )


def test_the_oldest_over_keep_go_and_each_is_noted(folder):
    for number in (100, 20, 300, 1000):
        checkpoint(folder, number)

    done = prune(folder)

    assert left(folder) == ["checkpoint-1000", "checkpoint-300"]
    assert [item.path for item in done] == ["out/checkpoint-20", "out/checkpoint-100"]
    noted = [json.loads(line) for line in (folder.folder / "pruned.jsonl").read_text().splitlines()]
    assert [(item["path"], item["bytes"] >= 1000) for item in noted] == [
        ("out/checkpoint-20", True),
        ("out/checkpoint-100", True),
    ]
    assert prune(folder) == []


def test_incomplete_ones_neither_count_nor_go(folder):
    for number in (1, 2):
        checkpoint(folder, number)
    checkpoint(folder, 0, complete=False)
    checkpoint(folder, 3, complete=False)

    assert prune(folder) == []
    checkpoint(folder, 4)
    prune(folder)
    assert left(folder) == ["checkpoint-0", "checkpoint-2", "checkpoint-3", "checkpoint-4"]


@pytest.mark.parametrize(
    "path", ["out/checkpoint-1", "out/checkpoint-1/model.bin", "out/checkpoint-[12]", "out"]
)
def test_a_deliverable_stays(folder, path):
    for number in (1, 3, 4, 5):
        checkpoint(folder, number)

    prune(folder, deliverables=[deliverable(path)])

    assert "checkpoint-1" in left(folder)
    assert (left(folder) == ["checkpoint-1", "checkpoint-3", "checkpoint-4", "checkpoint-5"]) == (
        path == "out"
    )


def test_what_a_link_points_to_stays_and_so_does_the_link(folder):
    for number in (1, 2, 3, 4):
        checkpoint(folder, number)
    os.symlink("checkpoint-1", folder.workspace / "out" / "best")
    os.symlink("checkpoint-4", folder.workspace / "out" / "checkpoint-last")

    prune(folder)

    assert {"checkpoint-1", "best", "checkpoint-last", "checkpoint-4"} <= set(left(folder))
    assert "checkpoint-2" not in left(folder)


def test_the_best_one_of_a_hugging_face_trainer_stays(folder):
    for number in (1, 2, 3):
        checkpoint(folder, number)
    checkpoint(folder, 4, best_model_checkpoint="./out/checkpoint-1")

    prune(folder)

    assert left(folder) == ["checkpoint-1", "checkpoint-4"]


def test_no_link_is_followed_to_something_outside(folder, tmp_path):
    outside = tmp_path / "outside"
    for number in (1, 2, 3, 4):
        inner = outside / f"checkpoint-{number}"
        inner.mkdir(parents=True)
        (inner / "state.json").write_text("{}")
    os.symlink(outside, folder.workspace / "out")

    assert prune(folder) == []
    assert len(list(outside.iterdir())) == 4


def test_a_link_inside_a_checkpoint_is_removed_and_not_what_it_points_to(folder, tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    (data / "precious").write_text("x")
    for number in (1, 2, 3):
        os.symlink(data, checkpoint(folder, number) / "link")

    prune(folder)

    assert left(folder) == ["checkpoint-2", "checkpoint-3"]
    assert (data / "precious").exists()


def test_a_folder_that_becomes_a_link_under_our_hands_is_left_alone(folder, tmp_path):
    outside = tmp_path / "outside"
    (outside / "checkpoint-1").mkdir(parents=True)
    os.symlink(outside, folder.workspace / "out")

    assert pruning.remove(folder.workspace, "out/checkpoint-1") is None
    assert (outside / "checkpoint-1").exists()


def test_a_shared_folder_is_not_pruned_and_elsewhere_only_what_the_run_made(folder):
    for number in (1, 2, 3):
        path = checkpoint(folder, number)
        os.utime(path / "state.json", (100, 100))
    for number in (4, 5, 6):
        os.utime(checkpoint(folder, number) / "state.json", (900, 900))

    assert prune(folder, workspace="shared") == []
    pruning.prune(request(folder, workspace="in_place"), folder, since=500.0, now=5.0)
    assert left(folder) == [f"checkpoint-{number}" for number in (1, 2, 3, 5, 6)]


def test_single_files_are_checkpoints_too(folder):
    for number in (1, 2, 3):
        (folder.workspace / f"epoch{number}.ckpt").write_bytes(bytes(10))

    prune(folder, rule={"path": "epoch*.ckpt", "keep": 1})

    assert left(folder, ".") == ["epoch3.ckpt"]


def test_what_a_killed_observer_had_put_aside_is_removed(folder):
    for number in (1, 2):
        checkpoint(folder, number)
    (folder.workspace / "out" / ".pruned-checkpoint-0").mkdir()
    (Path(folder.workspace) / "out" / ".pruned-checkpoint-0" / "x").write_text("x")

    pruning.sweep(request(folder))

    assert left(folder) == ["checkpoint-1", "checkpoint-2"]
