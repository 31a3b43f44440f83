"""The playground of `orp-tui --demo`: made, found again, ended, and never in a real project."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest
from waiting import until

from orp_tui.config.loader import load_experiment_file
from orp_tui.core.errors import OrpError
from orp_tui.core.states import RunState
from orp_tui.services import demo
from orp_tui.services.context import open_context
from orp_tui.services.control import is_led
from orp_tui.services.watch import snapshot
from orp_tui.store import runs


@pytest.fixture
def user(tmp_path, monkeypatch):
    """A user of its own, with settings that lead elsewhere; their environment."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.setenv("ORP_BASE_DIR", str(tmp_path / "real" / "experiments"))
    monkeypatch.setenv("ORP_SLOTS", "1")
    monkeypatch.setenv("PATH", os.environ["PATH"])  # both are changed, and put back after the test
    monkeypatch.setenv("ORP_FAKE_GPUS", "7")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    config = tmp_path / ".config" / "orp" / "config.yaml"
    config.parent.mkdir(parents=True)
    config.write_text(f"state_dir: {tmp_path}/real/state\nruns_dir: {tmp_path}/real/runs\n")
    yield os.environ
    if demo.known_demo() is not None:
        demo.end_demo()


@pytest.fixture
def nothing_queued(monkeypatch):
    """A playground whose first runs are left out."""
    monkeypatch.setattr(demo, "_queue_first_runs", lambda folder, environ: None)


def test_every_file_of_a_playground_is_a_good_experiment_and_uses_no_torch_by_itself(user, nothing_queued):
    folder = demo.open_demo(user).folder

    files = sorted(path for path in folder.rglob("*.yaml") if path.name != "orp.yaml")
    assert {str(path.relative_to(folder)) for path in files} >= {
        "digits.yaml",
        "demo/long.yaml",
        *demo.FIRST_RUNS,
    }
    for path in files:
        assert load_experiment_file(path).warnings == ()
    assert not any((folder / name).exists() for name in ("experiments", "outputs"))


def test_a_playground_is_all_by_itself_whatever_the_users_settings_say(user, nothing_queued, tmp_path):
    made = demo.open_demo(user)

    context = open_context(start=made.folder)

    paths = context.paths
    assert all(
        path.is_relative_to(made.folder) for path in (paths.base, paths.runs, paths.state, paths.artifacts)
    )
    assert context.settings.configs_dir == made.folder
    assert context.slots == 4
    assert user["ORP_FAKE_GPUS"] == demo.GPUS
    assert made.folder.stat().st_mode & 0o777 == 0o700
    assert not (tmp_path / "real").exists()


def test_one_returns_to_the_same_playground_until_it_is_ended(user, nothing_queued):
    first = demo.open_demo(user)
    again = demo.open_demo(user)

    assert (first.is_new, again.is_new) == (True, False)
    assert again.folder == first.folder
    assert str(first.folder) in first.words()[0]
    assert demo.end_demo(user) == f"0 runs ended; {first.folder} is removed"
    assert not first.folder.exists()
    assert demo.end_demo(user) == "there is no demo to end"
    assert demo.open_demo(user).folder != first.folder


def test_demos_that_are_opened_at_once_are_one(user, nothing_queued):
    opened = []
    threads = [threading.Thread(target=lambda: opened.append(demo.open_demo(dict(user)))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len({found.folder for found in opened}) == 1
    assert [found.is_new for found in opened].count(True) == 1
    assert [path.name for path in Path(user["HOME"], "tmp").iterdir()] == [opened[0].folder.name]


def test_a_folder_that_is_gone_or_somebody_elses_is_not_taken_for_the_playground(
    user, nothing_queued, tmp_path
):
    made = demo.open_demo(user).folder
    moved = made.rename(tmp_path / "moved")
    assert demo.known_demo() is None
    made.symlink_to(moved)
    assert demo.known_demo() is None
    made.unlink()
    made.mkdir()
    assert demo.known_demo() is None


def test_a_note_that_is_garbage_is_none(user, nothing_queued):
    demo.open_demo(user)
    note = next(Path(user["HOME"]).rglob("demo.json"))
    for garbage in ("", "[]", '{"folder": 3}', '{"folder": "\\u0000", "version": "x"}'):
        note.write_text(garbage)
        assert demo.known_demo() is None


def test_a_temporary_folder_that_cannot_be_written_is_told(user, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", "/proc")
    with pytest.raises(OrpError, match="no playground could be made"):
        demo.open_demo(user)


def commands_that_name(folder):
    commands = [process.info["cmdline"] or [] for process in psutil.process_iter(["cmdline"])]
    return [words for words in commands if any(str(folder) in word for word in words)]


def unfinished(context):
    with context.store() as connection:
        return snapshot(context.paths, connection, slots=4).unfinished


def test_the_first_runs_appear_run_fail_and_wait_and_all_ends_with_the_demo(user):
    folder = demo.open_demo(user).folder
    context = open_context(start=folder)

    until(
        lambda: context.has_store and len(unfinished(context)) == 3,
        what=(folder / ".orp-demo.log").read_text(),
    )
    until(lambda: any(view.state.is_active for view in unfinished(context)))
    delivering, *_, waiting = unfinished(context)
    assert delivering.run.name == "one-gpu"
    assert (waiting.run.name, waiting.state) == ("both-gpus", RunState.QUEUED)
    until(lambda: "GPU0 held by" in (unfinished(context)[-1].detail or ""), what="why it waits")
    # What the running ones have brought into the playground is nothing that has to be asked about.
    orp = (sys.executable, "-m", "orp_tui.cli", "queue", "submit", "demo/seeds.yaml")
    added = subprocess.run(
        orp, cwd=folder, env=dict(user), stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    assert added.returncode == 0, added.stderr

    assert "ended" in demo.end_demo(user)
    assert not folder.exists()
    assert not is_led(context.paths)
    until(lambda: not commands_that_name(folder), what="processes that outlive it")
    assert not folder.exists()


@pytest.mark.slow
def test_the_first_runs_end_as_their_files_say(user):
    folder = demo.open_demo(user).folder
    context = open_context(start=folder)
    until(lambda: context.has_store and unfinished(context), 60)
    until(lambda: not unfinished(context), 180, period=0.5)

    with context.store() as connection:
        ended = {run.name: run for run in runs.newest(connection, 10)}
    assert {name: run.state for name, run in ended.items()} == {
        "one-gpu": RunState.SUCCEEDED,
        "breaks": RunState.FAILED,
        "both-gpus": RunState.SUCCEEDED,
    }
    assert "mismatch in its core dimension" in (ended["breaks"].detail or "")


def test_python_is_the_one_that_has_numpy(user, nothing_queued):
    demo.open_demo(user)
    found = subprocess.run(
        ["python", "-c", "import numpy, sys; print(sys.prefix)"],
        env=dict(user),
        capture_output=True,
        text=True,
    )
    assert found.stdout.strip() == sys.prefix
