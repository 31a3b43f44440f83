"""Sources of metrics in a tree, found by names and first bytes, whatever else lies there."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from pathlib import Path

import pytest

from orp_tui.metrics.discovery import LARGEST_FOLDER, Discovery, Root
from orp_tui.metrics.sources import SourceSpec

EVENTS = Path(__file__).parent / "samples" / "tfevents" / "torch_writer"
START = 1_000_000.0
ROW = '{"step": 1, "loss": 0.5}\n'
TABLE = "step,loss\n1,0.5\n"


def put(path: Path, text: str | bytes = ROW, *, at: float | None = None) -> Path:
    """A file, with the folders above it; `at`: when it was last written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    if at is not None:
        os.utime(path, (at, at))
    return path


def found(root: Path, **values: object) -> set[tuple[str, str]]:
    """Kind and label of each source in a whole pass."""
    discovery = Discovery(Root(str(root), **values))
    assert discovery.look()
    return {(source.kind, source.label) for source in discovery.sources}


def test_every_known_format_is_found_by_its_name_and_its_first_bytes(tmp_path):
    put(tmp_path / "metrics.jsonl")
    put(tmp_path / "out/train_log.jsonl")
    put(tmp_path / "lightning_logs/version_0/metrics.csv", TABLE)
    put(tmp_path / "lightning_logs/version_1/odd.csv", TABLE)
    put(tmp_path / "runs/detect/train/results.csv", "  epoch,  train/box_loss\n 1, 0.5\n")
    put(tmp_path / "sb3/0.monitor.csv", '#{"t_start": 1.0, "env_id": "x"}\nr,l,t\n1.0,9,0.1\n')
    put(tmp_path / "keras/training.log", "epoch,accuracy,loss\n0,0.5,1.5\n")
    put(
        tmp_path / "hf/checkpoint-10/trainer_state.json",
        json.dumps({"log_history": [{"loss": 1, "step": 1}]}),
    )
    put(tmp_path / "wandb/offline-run-1/run-1.wandb", b":W&B\xe6\xbe\x00" + b"\0" * 50)
    put(tmp_path / "mlruns/0/abc/meta.yaml", "x: 1\n")
    put(tmp_path / "mlruns/0/abc/metrics/loss", "1 0.5 1\n")
    shutil.copytree(EVENTS, tmp_path / "tb")

    assert found(tmp_path) == {
        ("jsonl", "metrics.jsonl"),
        ("jsonl", "out/train_log.jsonl"),
        ("csv", "lightning_logs/version_0/metrics.csv"),
        ("csv", "lightning_logs/version_1/odd.csv"),
        ("csv", "runs/detect/train/results.csv"),
        ("csv", "sb3/0.monitor.csv"),
        ("csv", "keras/training.log"),
        ("trainer_state", "hf"),
        ("wandb", "wandb/offline-run-1/run-1.wandb"),
        ("mlflow", "mlruns/0/abc"),
        ("tfevents", "tb"),
        ("tfevents", "tb/both_a"),
        ("tfevents", "tb/both_b"),
        ("tfevents", "tb/trial"),
    }


def test_files_of_promising_names_that_hold_something_else_are_none(tmp_path):
    put(tmp_path / "metrics.jsonl", '{"text": "no number"}\n')
    put(tmp_path / "metrics.json", json.dumps({"accuracy": 0.5}, indent=2))
    put(tmp_path / "results.csv", "name,colour\nfirst,red\n")
    put(tmp_path / "numbers/metrics.csv", "1,2\n3,4\n")
    put(tmp_path / "log.csv", b"\x89PNG\r\n\x1a\n\0\0" * 50)
    put(tmp_path / "training.log", "Epoch 1 of 3, loss 0.5\nEpoch 2 of 3, loss 0.4\n")
    put(
        tmp_path / "events.out.tfevents.1.host",
        b"no records at all, but long enough to be told apart from one" * 2,
    )
    put(tmp_path / "run-1.wandb", b"no such file")
    put(tmp_path / "some.db", b"SQLite is not what this is")
    put(tmp_path / "data/iris.csv", "width,length\n1.5,2.5\n")
    put(tmp_path / "data/train.jsonl", '{"label": 1}\n')

    assert found(tmp_path) == set()


@pytest.mark.parametrize("names", [190, 1000])
def test_a_table_of_so_many_names_that_no_row_stands_near_its_head_is_found(tmp_path, names):
    header = ",".join(f"a_name_of_a_metric_{number}" for number in range(names))
    put(tmp_path / "metrics.csv", f"{header}\n" + ",".join(["0.0123456789"] * names) + "\n")
    put(tmp_path / "results.csv", ",".join(["0.0123456789"] * names) + "\n")

    assert found(tmp_path) == {("csv", "metrics.csv")}


def test_a_file_that_is_empty_yet_is_looked_at_again_until_it_tells(tmp_path):
    file = put(tmp_path / "metrics.csv", "")
    discovery = Discovery(Root(str(tmp_path)))

    seen = []
    for text in ("", "step,lo", "step,loss\n", TABLE):
        file.write_text(text)
        discovery.look()
        seen.append(len(discovery.sources))

    assert seen == [0, 0, 0, 1]


def test_only_what_was_written_while_the_run_went_on_counts(tmp_path):
    put(tmp_path / "old/metrics.csv", TABLE, at=START - 10)
    put(tmp_path / "now/metrics.csv", TABLE, at=START + 10)
    put(tmp_path / "later/metrics.csv", TABLE, at=START + 1000)
    put(tmp_path / "mlruns/0/old/meta.yaml", "x: 1\n", at=START - 10)
    put(tmp_path / "mlruns/0/old/metrics/loss", "1 0.5 1\n", at=START - 10)

    assert found(tmp_path, since=START, until=START + 500) == {("csv", "now/metrics.csv")}


def test_an_old_file_counts_from_when_the_run_appends_to_it(tmp_path):
    file = put(tmp_path / "metrics.csv", TABLE, at=START - 10)
    os.utime(tmp_path, (START - 10, START - 10))
    discovery = Discovery(Root(str(tmp_path), since=START))
    discovery.look()
    before = discovery.sources
    os.utime(file, (START + 1, START + 1))
    discovery.look()

    assert before == ()
    assert [source.label for source in discovery.sources] == ["metrics.csv"]


def test_links_fifos_sockets_and_unreadable_folders_are_passed_over(tmp_path):
    outside = put(tmp_path / "outside/metrics.csv", TABLE)
    root = tmp_path / "workspace"
    put(root / "inside/metrics.csv", TABLE)
    (root / "loop").symlink_to(root)
    (root / "out").symlink_to(outside.parent)
    (root / "metrics.jsonl").symlink_to("/dev/zero")
    (root / "results.csv").symlink_to(outside)
    (root / "mlruns").mkdir()
    (root / "mlruns/metrics").symlink_to(outside.parent)
    put(root / "mlruns/meta.yaml", "x: 1\n")
    os.mkfifo(root / "progress.csv")
    (root / "events.out.tfevents.1.x").mkdir()
    (root / "closed").mkdir()
    put(root / "closed/metrics.csv", TABLE)
    (root / "closed").chmod(0)
    closed = set() if os.access(root / "closed", os.R_OK) else {("csv", "closed/metrics.csv")}

    try:
        assert found(root) | closed == {("csv", "inside/metrics.csv"), ("csv", "closed/metrics.csv")}
    finally:
        (root / "closed").chmod(0o700)


def test_a_folder_that_may_not_be_read_hides_no_other(tmp_path, monkeypatch):
    for name in ("a", "closed", "z"):
        put(tmp_path / name / "metrics.csv", TABLE)
    scan = os.scandir

    def refusing(path):
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied")
        return scan(path)

    monkeypatch.setattr(os, "scandir", refusing)

    assert found(tmp_path) == {("csv", "a/metrics.csv"), ("csv", "z/metrics.csv")}


@pytest.mark.parametrize(
    "name", [".git", "node_modules", "venv", ".venv", "__pycache__", "lib/site-packages", ".cache"]
)
def test_folders_of_tools_are_not_entered(tmp_path, name):
    put(tmp_path / name / "metrics.csv", TABLE)

    assert found(tmp_path) == set()


def test_an_environment_of_any_name_and_the_folders_to_be_skipped_are_not_entered(tmp_path):
    put(tmp_path / "env/pyvenv.cfg", "home = /usr\n")
    put(tmp_path / "env/metrics.csv", TABLE)
    put(tmp_path / "env/lib/metrics.csv", TABLE)
    put(tmp_path / "experiments/runs/metrics.csv", TABLE)

    assert found(tmp_path, skip=frozenset({f"{tmp_path}/experiments/runs"})) == set()


def test_of_checkpoints_the_trainer_state_alone_is_looked_at(tmp_path):
    put(tmp_path / "checkpoint-5/metrics.csv", TABLE)
    put(tmp_path / "checkpoint-5/deep/metrics.jsonl")
    put(tmp_path / "checkpoint-5/trainer_state.json", '{"log_history": []}')
    put(tmp_path / "global_step7/metrics.csv", TABLE)

    assert found(tmp_path) == {("trainer_state", ".")}


def test_it_looks_only_so_deep(tmp_path):
    put(tmp_path / "1/2/3/metrics.csv", TABLE)

    assert found(tmp_path, depth=2) == set()
    assert found(tmp_path, depth=3) == {("csv", "1/2/3/metrics.csv")}


def test_a_tree_of_ten_thousand_files_hides_no_metrics_that_the_run_wrote(tmp_path):
    for place in range(100):
        folder = tmp_path / f"data/train/class{place}"
        folder.mkdir(parents=True)
        for file in range(100):
            (folder / f"{file}.jpg").touch()
        os.utime(folder, (START - 10, START - 10))
    for folder in (tmp_path / "data/train", tmp_path / "data"):
        os.utime(folder, (START - 10, START - 10))
    put(tmp_path / "outputs/a/b/c/d/metrics.csv", TABLE)

    discovery = Discovery(Root(str(tmp_path), since=START, entries=500))
    discovery.look()

    assert [source.label for source in discovery.sources] == ["outputs/a/b/c/d/metrics.csv"]
    assert discovery.limited == f"{tmp_path}: not all of more than 500 files were looked at"


def test_what_a_run_has_unpacked_hides_no_outputs(tmp_path):
    for place in range(50):
        for file in range(20):
            put(tmp_path / f"a_data/train/class{place}/{file}.txt", "")
    put(tmp_path / "z/outputs/b/c/metrics.csv", TABLE)

    assert found(tmp_path, entries=200) == {("csv", "z/outputs/b/c/metrics.csv")}


def test_in_a_folder_of_too_many_files_the_usual_names_are_asked_for(tmp_path, monkeypatch):
    monkeypatch.setattr("orp_tui.metrics.discovery.LARGEST_FOLDER", 10)
    for place in range(50):
        (tmp_path / f"{place}.png").touch()
    put(tmp_path / "metrics.csv", TABLE)

    assert LARGEST_FOLDER > 10
    assert found(tmp_path) == {("csv", "metrics.csv")}


def test_a_slice_ends_in_time_and_the_next_one_goes_on(tmp_path):
    for place in range(20):
        put(tmp_path / f"{place}/metrics.csv", TABLE)
    moments = iter(range(1_000_000))
    discovery = Discovery(Root(str(tmp_path)), clock=lambda: next(moments))

    slices = 1
    while not discovery.look(until=next(moments) + 5):
        slices += 1

    assert slices > 2
    assert len(discovery.sources) == 20


def test_an_unchanged_folder_is_not_listed_again(tmp_path, monkeypatch):
    put(tmp_path / "a/metrics.csv", TABLE)
    for folder in (tmp_path / "a", tmp_path):
        os.utime(folder, (START, START))
    discovery = Discovery(Root(str(tmp_path)))
    discovery.look()
    listed: list[object] = []
    scan = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: (listed.append(path), scan(path))[1])

    discovery.look()
    nothing = list(listed)
    put(tmp_path / "a/results.csv", TABLE)
    discovery.look()

    assert nothing == []
    assert listed == [str(tmp_path / "a")]
    assert len(discovery.sources) == 2


def test_what_vanishes_between_two_looks_raises_nothing_and_what_was_found_stays(tmp_path, monkeypatch):
    put(tmp_path / "a/metrics.csv", TABLE)
    put(tmp_path / "b/metrics.csv", TABLE)
    discovery = Discovery(Root(str(tmp_path)))
    discovery.look()
    shutil.rmtree(tmp_path / "a")
    put(tmp_path / "c/metrics.csv", TABLE)
    put(tmp_path / "d/metrics.csv", TABLE)
    look = os.open

    def vanishing(path, *rest, **more):
        if str(path).startswith(str(tmp_path / "c")):
            shutil.rmtree(tmp_path / "c", ignore_errors=True)
        return look(path, *rest, **more)

    monkeypatch.setattr(os, "open", vanishing)
    discovery.look()

    assert [source.label for source in discovery.sources] == [
        "a/metrics.csv",
        "b/metrics.csv",
        "d/metrics.csv",
    ]


def test_a_root_that_is_not_there_yet_or_no_folder_has_nothing(tmp_path):
    later = tmp_path / "later"
    discovery = Discovery(Root(str(later)))
    assert discovery.look()
    put(later / "metrics.csv", TABLE)
    assert discovery.look()

    assert len(discovery.sources) == 1
    assert found(put(tmp_path / "file")) == set()


def test_versions_are_in_the_order_in_which_people_count(tmp_path):
    for version in (10, 2, 1):
        put(tmp_path / f"version_{version}/metrics.csv", TABLE)
    discovery = Discovery(Root(str(tmp_path)))
    discovery.look()

    assert [source.label.partition("/")[0] for source in discovery.sources] == [
        "version_1",
        "version_2",
        "version_10",
    ]


def test_more_sources_than_are_read_are_told(tmp_path):
    for place in range(5):
        put(tmp_path / f"{place}/metrics.csv", TABLE)
    discovery = Discovery(Root(str(tmp_path), sources=3))
    discovery.look()

    assert len(discovery.sources) == 3
    assert discovery.limited == f"{tmp_path}: more than 3 sources of metrics; the others are left out"


def test_each_run_in_a_database_is_a_source_and_new_ones_are_found(tmp_path):
    path = tmp_path / "mlflow.db"
    with sqlite3.connect(path) as database:
        database.execute(
            "CREATE TABLE runs (run_uuid TEXT, name TEXT, start_time INTEGER, lifecycle_stage TEXT)"
        )
        database.execute(
            "CREATE TABLE metrics (key TEXT, value REAL, timestamp INTEGER, run_uuid TEXT, step INTEGER, is_nan INTEGER)"
        )
        database.execute("INSERT INTO runs VALUES ('aa', 'first', 2000000000, 'active')")
    database.close()
    put(tmp_path / "other.db", b"")
    discovery = Discovery(Root(str(tmp_path), since=START, until=9e9))
    discovery.look()
    before = discovery.sources
    with sqlite3.connect(path) as database:
        database.execute("INSERT INTO runs VALUES ('bb', 'second', 3000000000, 'active')")
        database.execute("INSERT INTO runs VALUES ('cc', 'of long ago', 1000, 'active')")
        database.execute("INSERT INTO runs VALUES ('dd', 'of later', 99000000000000, 'active')")
    database.close()
    discovery.look()

    assert [(source.kind, source.words) for source in before] == [("mlflow", "mlflow.db first")]
    assert [source.run for source in discovery.sources] == ["aa", "bb"]


def test_names_that_are_no_text_are_no_obstacle(tmp_path):
    folder = os.fsencode(tmp_path) + b"/\xff\xfe"
    os.mkdir(folder)
    Path(os.fsdecode(folder), "metrics.csv").write_text(TABLE)
    put(tmp_path / "a\nb" / "metrics.csv", TABLE)

    labels = {label for _, label in found(tmp_path)}

    assert labels == {"a\nb/metrics.csv", os.fsdecode(b"\xff\xfe/metrics.csv")}
    assert all(isinstance(json.dumps(SourceSpec("csv", "/x", label).key), str) for label in labels)
