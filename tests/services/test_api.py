"""The public Python API, as a notebook or a script uses it."""

from __future__ import annotations

import json
import os
import signal

import pytest

import orp_tui
from orp_tui import ExperimentResult, load_experiment, run_experiment
from orp_tui.core.errors import ConfigError, NotYet, SubmitRefused
from orp_tui.engine.leadership import read_leader
from orp_tui.logs.source import open_log
from orp_tui.services.context import open_context


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A project to stand in; its queue processor is ended afterwards."""
    home = tmp_path / "project"
    home.mkdir()
    (home / "orp.yaml").write_text("{}")
    monkeypatch.chdir(home)
    yield home
    leader = read_leader(open_context().paths)
    if leader is not None:
        os.kill(leader.pid, signal.SIGKILL)


def experiment(folder, script, **parts):
    path = folder / "experiment.yaml"
    path.write_text(
        json.dumps({"experiment": {"name": "of the API"}, "training": {"script": script}, **parts})
    )
    return path


def test_a_result_comes_back_with_a_zip_whose_logs_can_be_read(folder):
    path = experiment(
        folder,
        ["sh", "-c", "echo trained; echo '{\"accuracy\": 0.9}' > m.json"],
        deliverables=[
            {
                "type": "metrics",
                "path": "m.json",
                "validation": "contains_keys",
                "required_keys": ["accuracy"],
            }
        ],
    )

    result = run_experiment(path)

    assert isinstance(result, ExperimentResult)
    assert (result.status, result.exit_code, result.reason) == ("succeeded", 0, "ok")
    assert result.deliverables_status["m.json"]["status"] == "valid"
    assert result.artifacts_path == str(
        folder / "experiments" / "artifacts" / f"{result.experiment_id}_artifacts.zip"
    )
    log = open_log(result.training_stdout_path)
    assert log.tail_lines(1) == [b"trained"]
    log.close()


def test_a_loaded_experiment_runs_as_it_was_loaded(folder):
    path = experiment(folder, ["sh", "-c", "echo first"])
    loaded = load_experiment(path)
    experiment(folder, ["sh", "-c", "exit 4"])

    assert run_experiment(loaded).status == "succeeded"
    assert run_experiment(str(path)).exit_code == 4


def test_a_failed_training_is_a_result_and_no_exception(folder):
    result = run_experiment(experiment(folder, ["sh", "-c", "echo why >&2; exit 3"]))

    assert (result.status, result.exit_code, result.error_message) == ("failed", 3, "exit code 3: why")
    assert not result.succeeded


def test_base_dir_seed_overrides_and_key(folder, tmp_path):
    path = experiment(folder, ["sh", "-c", 'echo "$ORP_SEED"; cat "$ORP_CONFIG_FILE"'])
    data = json.loads(path.read_text())
    data["training"] |= {"config": {"rate": 1}, "pass_config": "none"}
    path.write_text(json.dumps(data))

    options = {"base_dir": tmp_path / "elsewhere", "seed": 7, "overrides": ("rate=2",), "key": "once"}
    first, second = run_experiment(path, **options), run_experiment(path, **options)

    assert first == second
    log = open_log(first.training_stdout_path)
    lines = log.tail_lines(10)
    log.close()
    assert lines[0] == b"7"
    assert json.loads(b"".join(lines[1:]))["rate"] == 2
    leader = read_leader(open_context(base_dir=str(tmp_path / "elsewhere")).paths)
    os.kill(leader.pid, signal.SIGKILL)


def test_what_is_wrong_raises_before_anything_is_queued(folder):
    bad = folder / "bad.yaml"
    bad.write_text("experiment: {name: x}\ntraining: {skript: y}\n")

    with pytest.raises(ConfigError, match="script"):
        run_experiment(bad)
    with pytest.raises(NotYet):
        run_experiment(experiment(folder, "true", sweep={"method": "grid", "parameters": {"a": [1, 2]}}))
    with pytest.raises(SubmitRefused, match="no-such-program"):
        run_experiment(experiment(folder, ["no-such-program"]))


def test_the_package_names_its_public_parts():
    assert orp_tui.__all__ == [
        "ExperimentResult",
        "RunRecord",
        "Runs",
        "__version__",
        "load_experiment",
        "log",
        "run_experiment",
        "runs",
    ]


def test_a_run_is_followed_to_its_end_though_the_database_is_deleted_meanwhile(folder):
    path = experiment(folder, ["sh", "-c", "rm -f ../../../state/orp.db*; sleep 2"])

    result = run_experiment(path)

    assert result.status == "succeeded"
