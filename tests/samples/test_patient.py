"""The patient sample delivers bit by bit, stops when asked, and breaks where it should."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import numpy as np
from sample_scripts import FOLDER, environment, read_yaml, train, words_of
from waiting import until

from orp_tui.config.loader import load_experiment_file
from orp_tui.deliverables.evaluate import evaluate, take_baseline


def words(name: str, **values: object) -> list[str]:
    return words_of(read_yaml(name)["training"]["config"] | values)


def test_it_delivers_everything_its_file_lists(tmp_path):
    deliverables = load_experiment_file(FOLDER / "patient.yaml").spec.deliverables
    baseline = take_baseline(deliverables, tmp_path)

    done = train("patient/train.py", tmp_path / "outputs", *words("patient.yaml", seconds=0))

    assert done.returncode == 0, done.stderr
    report = evaluate(deliverables, tmp_path, baseline=baseline, final=True)
    wrong = report.first_wrong
    assert report.complete, wrong and f"{wrong.path}: {wrong.detail}"
    steps = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [step["step"] for step in steps] == list(range(1, 61))
    assert steps[-1]["loss"] < steps[0]["loss"]


def test_the_deliverables_appear_one_after_the_other(tmp_path):
    out = tmp_path / "outputs"
    listed = [item.path for item in load_experiment_file(FOLDER / "patient.yaml").spec.deliverables]
    order = [path for path in listed if not path.endswith("history.csv")]  # there from the first epoch on
    seen: list[str] = []

    def look() -> bool:
        seen.extend(path for path in order if path not in seen and (tmp_path / path).exists())
        return len(seen) == len(order)

    argv = [sys.executable, str(FOLDER / "patient/train.py"), *words("patient.yaml", seconds=2)]
    with subprocess.Popen(
        argv, cwd=FOLDER, env=environment(out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        until(look)
        process.wait(30)
    assert seen == order


def test_it_saves_its_weights_when_it_is_asked_to_stop(tmp_path):
    out = tmp_path / "outputs"
    argv = [sys.executable, str(FOLDER / "patient/train.py"), "--seconds", "120"]
    with subprocess.Popen(
        argv, cwd=FOLDER, env=environment(out), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        until((out / "history.csv").exists)
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=30)

    assert process.returncode == 128 + signal.SIGTERM
    assert "asked to stop: weights of epoch" in said
    assert np.load(out / "weights.npz")["weights"].shape == (65, 10)


def test_the_one_with_the_bug_trains_and_then_breaks(tmp_path):
    done = train("patient/train.py", tmp_path / "outputs", *words("breaks.yaml", seconds=0))

    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("ValueError: matmul: Input operand 1 has a mismatch")
    assert (tmp_path / "outputs" / "checkpoint.npz").exists()
    assert not (tmp_path / "outputs" / "confusion.csv").exists()
