"""`log` writes one line a step, from any Python, and never stops a training."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from orp_tui.metrics import writer

SHIM = Path(writer.__file__).parent / "shim"
RANKS = ("RANK", "OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK", "SLURM_PROCID", "LOCAL_RANK")


@pytest.fixture
def metrics(tmp_path, monkeypatch):
    for name in RANKS:
        monkeypatch.delenv(name, raising=False)
    path = tmp_path / "metrics.jsonl"
    monkeypatch.setenv("ORP_METRICS_FILE", str(path))
    monkeypatch.setattr(writer, "_writer", writer._Writer())
    yield path
    if writer._writer.descriptor >= 0:
        os.close(writer._writer.descriptor)


def rows(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_each_call_adds_one_line_with_step_time_and_values(metrics):
    writer.log(1, loss=0.5)
    writer.log(step=2, **{"train/acc": 1})
    writer.log(3, {"a b": 2.0}, c=True)

    first, second, third = rows(metrics)
    assert (first["step"], first["loss"]) == (1, 0.5)
    assert first["time"] > 1.7e9
    assert second["train/acc"] == 1
    assert (third["a b"], third["c"]) == (2.0, 1)
    assert metrics.stat().st_mode & 0o077 == 0


def test_numbers_of_numpy_are_taken_by_their_item(metrics):
    writer.log(np.int64(4), a=np.float32(0.5), b=np.array(2.0), c=np.bool_(True), d=np.array([7]))

    (row,) = rows(metrics)
    assert {name: row[name] for name in ("step", "a", "b", "c", "d")} == {
        "step": 4,
        "a": 0.5,
        "b": 2.0,
        "c": 1,
        "d": 7,
    }


def test_nan_and_infinities_are_written_as_json_of_python_does(metrics):
    writer.log(1, a=math.nan, b=math.inf, c=-np.float64("inf"), d=10**400, e=1 << 70)

    assert '"a": NaN, "b": Infinity, "c": -Infinity, "d": Infinity' in metrics.read_text()
    assert rows(metrics)[0]["e"] == float(1 << 70)


def test_what_is_no_number_is_dropped_with_one_warning_and_the_rest_is_written(metrics, capfd):
    class Broken:
        def item(self):
            raise RuntimeError("device lost")

    for step in range(3):
        writer.log(step, loss="0.5", many=np.arange(3), none=None, broken=Broken(), step_=1, time=3, good=1)
    writer.log("x", loss=1)
    writer.log(math.nan, loss=1)
    writer.log(4, [1, 2])

    assert [sorted(row) for row in rows(metrics)] == [["good", "step", "step_", "time"]] * 3
    warnings = capfd.readouterr().err.splitlines()
    assert sum("loss=" in line for line in warnings) == 1
    assert all(line.startswith("orp: log: ") for line in warnings)
    assert "0.5" not in "".join(warnings)


def test_outside_a_run_nothing_happens(monkeypatch, capfd, tmp_path):
    monkeypatch.delenv("ORP_METRICS_FILE", raising=False)
    monkeypatch.chdir(tmp_path)

    writer.log(1, loss=1)

    assert os.listdir(tmp_path) == []
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("name", RANKS)
def test_ranks_other_than_the_first_are_dropped(metrics, monkeypatch, name):
    monkeypatch.setenv(name, "1")
    writer.log(1, loss=1)
    assert not metrics.exists()

    monkeypatch.setenv(name, "0")
    writer.log(1, loss=1)
    assert len(rows(metrics)) == 1


def test_the_global_rank_outranks_the_local_one(metrics, monkeypatch):
    monkeypatch.setenv("LOCAL_RANK", "0")
    monkeypatch.setenv("RANK", "8")

    writer.log(1, loss=1)

    assert not metrics.exists()


def test_a_file_that_can_not_be_written_is_said_once_and_the_training_goes_on(metrics, monkeypatch, capfd):
    monkeypatch.setenv("ORP_METRICS_FILE", str(metrics / "no" / "folder"))

    writer.log(1, loss=1)
    writer.log(2, loss=1)

    assert capfd.readouterr().err.count("the training goes on") == 1


def test_on_a_full_disk_nothing_is_raised(monkeypatch, metrics, capfd):
    monkeypatch.setenv("ORP_METRICS_FILE", "/dev/full")

    writer.log(1, loss=1)

    assert "No space left" in capfd.readouterr().err


def test_after_a_line_that_was_cut_the_next_one_stands_alone(metrics):
    program = (
        "import resource, signal; from orp_tui.metrics.writer import log\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (30, hard)); log(1, loss=1)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard)); log(2, loss=2)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)

    lines = metrics.read_bytes().split(b"\n")
    assert len(lines[0]) == 30
    assert json.loads(lines[1])["step"] == 2


def test_lines_of_threads_and_processes_never_mix(metrics):
    program = (
        "from orp_tui.metrics.writer import log\nfor step in range(300): log(step, **{'name' * 20: step})"
    )
    workers = [subprocess.Popen([sys.executable, "-c", program]) for _ in range(2)]
    threads = [
        threading.Thread(target=lambda: [writer.log(step, loss=step) for step in range(300)])
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [worker.wait() for worker in workers] == [0, 0]

    assert len(rows(metrics)) == 5 * 300


PROGRAM = "import orp_tui; from orp_tui import log; log(1, loss=0.5); print(orp_tui.__file__)"


@pytest.mark.parametrize("version", ["3.8.18", "3.9.18", "3.12.1", "3.13.0"])
def test_the_shim_serves_a_python_without_orp(metrics, version):
    python = f"/root/.pyenv/versions/{version}/bin/python"
    if not os.access(python, os.X_OK):
        pytest.skip(f"no Python {version} here")

    done = subprocess.run(
        [python, "-W", "error", "-c", PROGRAM], env={**os.environ, "PYTHONPATH": str(SHIM)}, cwd="/", capture_output=True, text=True, check=True
    )  # fmt: skip

    assert done.stdout.strip() == str(SHIM / "orp_tui" / "__init__.py")
    assert rows(metrics)[0]["loss"] == 0.5


def test_an_installed_orp_is_preferred_though_the_shim_comes_first(metrics):
    done = subprocess.run(
        [sys.executable, "-c", "import orp_tui; print(orp_tui.__version__)\n" + PROGRAM.replace("; ", "\n")],
        env={**os.environ, "PYTHONPATH": str(SHIM)}, cwd="/", capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert str(SHIM) not in done.stdout
    assert rows(metrics)[0]["loss"] == 0.5


def test_without_orp_other_names_are_explained(metrics, tmp_path):
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "venv")], check=True)

    done = subprocess.run(
        [str(tmp_path / "venv/bin/python"), "-c", "from orp_tui import log; import orp_tui; orp_tui.load_experiment"],
        env={"PYTHONPATH": str(SHIM)}, cwd="/", capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert "is not installed in" in done.stderr


def test_a_line_costs_microseconds(metrics):
    import time

    started = time.process_time()
    for step in range(2000):
        writer.log(step, loss=0.5, accuracy=0.9)
    assert (time.process_time() - started) / 2000 < 500e-6
