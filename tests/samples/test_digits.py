"""The digits scripts deliver what their experiment files promise."""

from __future__ import annotations

import csv
import hashlib
import json
import math
import os
import pathlib
import signal
import struct
import subprocess
import sys
import time
import zlib

import numpy as np
import pytest
from sample_scripts import FOLDER, environment, read_yaml, train, words_of

TINY = ("--epochs", 2, "--hidden", 16, "--learning_rate", 0.01)


@pytest.fixture(scope="module")
def main_run(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """The outputs of digits.yaml's own settings."""
    out = tmp_path_factory.mktemp("digits") / "outputs"
    done = train("digits/train.py", out, *words_of(read_yaml("digits.yaml")["training"]["config"]))
    assert done.returncode == 0, done.stderr
    return out


def test_the_main_config_reads_95_percent_of_unseen_digits(main_run):
    metrics = json.loads((main_run / "metrics.json").read_text())
    assert metrics["test_accuracy"] >= 0.95
    assert metrics["accuracy"] == metrics["test_accuracy"]
    assert metrics["loss"] == metrics["test_loss"] < 0.3


def test_the_delivered_weights_give_the_accuracy_that_is_claimed(main_run):
    weights = np.load(main_run / "model.npz")
    table = np.loadtxt(FOLDER / "data" / "digits.csv.gz", delimiter=",")
    test = table[np.arange(len(table)) % 7 == 6]
    values = test[:, :-1] / 16
    for layer in range(3):
        values = values @ weights[f"layers.{layer}.weight"] + weights[f"layers.{layer}.bias"]
        values = np.where(values > 0, values, 0.1 * values) if layer < 2 else values

    accuracy = (values.argmax(axis=1) == test[:, -1]).mean()

    assert accuracy == json.loads((main_run / "metrics.json").read_text())["test_accuracy"]


def test_the_safetensors_file_holds_the_same_weights(main_run):
    data = (main_run / "model.safetensors").read_bytes()
    (length,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8 : 8 + length])
    del header["__metadata__"]
    weights = np.load(main_run / "model.npz")

    assert set(header) == set(weights.files)
    ends = []
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        ends.append((begin, end))
        found = np.frombuffer(data[8 + length + begin : 8 + length + end], "<f4").reshape(entry["shape"])
        assert np.array_equal(found, weights[name])
    assert length % 8 == 0
    assert max(end for _, end in ends) == len(data) - 8 - length


def test_the_confusion_matrix_counts_every_test_picture(main_run):
    with (main_run / "confusion_matrix.csv").open() as file:
        rows = list(csv.reader(file))
    counts = np.array(rows[1:], int)[:, 1:]
    metrics = json.loads((main_run / "metrics.json").read_text())

    assert rows[0][:2] == ["digit", "predicted_0"]
    assert counts.shape == (10, 10)
    assert counts.sum() == metrics["data"]["test"] == 256
    assert np.trace(counts) / 256 == metrics["test_accuracy"]


def test_the_chart_is_a_picture_with_both_curves(main_run):
    data = (main_run / "loss_curve.png").read_bytes()
    width, height = struct.unpack_from(">II", data, 16)
    start = data.index(b"IDAT")
    (length,) = struct.unpack_from(">I", data, start - 4)
    rows = np.frombuffer(zlib.decompress(data[start + 4 : start + 4 + length]), np.uint8)
    colours = {tuple(pixel) for pixel in rows.reshape(height, 1 + width * 3)[:, 1:].reshape(-1, 3).tolist()}

    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    assert (width, height) == (640, 400)
    assert {(31, 119, 180), (214, 39, 40)} <= colours


def test_the_report_has_its_sections_and_the_accuracy_of_the_metrics(main_run):
    text = (main_run / "report.md").read_text()
    accuracy = json.loads((main_run / "metrics.json").read_text())["test_accuracy"]
    for section in ("Setup", "Results", "Digit by digit"):
        assert f"\n## {section}\n" in text
    assert f"Test accuracy: {accuracy:.4f}" in text


def test_the_split_is_the_one_whose_digest_the_experiment_file_names(main_run):
    (item,) = (each for each in read_yaml("digits.yaml")["deliverables"] if each["type"] == "dataset")
    found = hashlib.sha256((main_run / "split.csv").read_bytes()).hexdigest()
    assert found == item["sha256"]


def test_every_promised_path_is_written(main_run):
    for item in read_yaml("digits.yaml")["deliverables"]:
        if item.get("required", True):
            hits = list(main_run.parent.glob(item["path"]))
            assert len(hits) >= item.get("count", 1), item["path"]


def test_metrics_are_logged_at_every_step_and_after_every_epoch(main_run):
    lines = [json.loads(line) for line in (main_run.parent / "metrics.jsonl").read_text().splitlines()]
    epochs = read_yaml("digits.yaml")["training"]["config"]["epochs"]
    steps = [line["step"] for line in lines if "loss" in line]
    assert steps == list(range(epochs * 41))
    assert [line["epoch"] for line in lines if "val_accuracy" in line] == list(range(1, epochs + 1))


def test_the_same_seed_gives_the_same_files_and_another_seed_others(tmp_path):
    outs = {name: tmp_path / name / "outputs" for name in ("one", "same", "other")}
    for name, out in outs.items():
        out.parent.mkdir()
        assert train("digits/train.py", out, *TINY, "--seed", 1 if name == "other" else 0).returncode == 0

    for file in ("metrics.json", "model.safetensors", "loss_curve.png", "confusion_matrix.csv"):
        assert (outs["one"] / file).read_bytes() == (outs["same"] / file).read_bytes()
    assert (outs["one"] / "model.safetensors").read_bytes() != (
        outs["other"] / "model.safetensors"
    ).read_bytes()


def test_the_seed_of_the_run_is_taken_where_no_argument_gives_one(tmp_path):
    train("digits/train.py", tmp_path / "outputs", *TINY, ORP_SEED="7")
    assert json.loads((tmp_path / "outputs" / "metrics.json").read_text())["seed"] == 7


def test_without_orp_metrics_still_reach_the_file_that_is_named(tmp_path):
    # -I and -S leave only the standard library; numpy's folder is put back by hand.
    code = (
        "import sys, runpy; sys.path[:0] = sys.argv.pop(1).split(':'); "
        "sys.modules['orp_tui'] = None; sys.argv.pop(0); runpy.run_path(sys.argv[0], run_name='__main__')"
    )
    paths = f"{FOLDER / 'digits'}:{pathlib.Path(np.__file__).parents[1]}"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, paths, str(FOLDER / "digits/train.py"), *map(str, TINY)],
        cwd=FOLDER,
        env=environment(tmp_path / "outputs"),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    first = json.loads((tmp_path / "metrics.jsonl").read_text().splitlines()[0])
    assert first["step"] == 0
    assert first["loss"] > 0


def test_sigterm_leaves_a_last_checkpoint_and_ends_with_143_at_once(tmp_path):
    out = tmp_path / "outputs"
    process = subprocess.Popen(
        [sys.executable, str(FOLDER / "digits/train.py"), "--epochs", "100000"],
        cwd=FOLDER,
        env=environment(out),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        process.stdout.readline()
        assert process.stdout.readline().startswith("epoch   1/")
        process.send_signal(signal.SIGTERM)
        told = time.monotonic()
        _, errors = process.communicate(timeout=20)
    finally:
        process.kill()
    assert process.returncode == 143
    assert time.monotonic() - told < 3
    assert "stopped by SIGTERM" in errors
    assert os.listdir(out / "checkpoints") == ["last.safetensors"]
    assert _check_model(out / "checkpoints" / "last.safetensors").returncode == 0


def test_a_diverging_run_ends_well_and_delivers_nan(tmp_path):
    config = read_yaml("diverges.yaml")["training"]["config"]
    done = train("digits/train.py", tmp_path / "outputs", *words_of(config))

    assert done.returncode == 0, done.stderr
    assert math.isnan(json.loads((tmp_path / "outputs" / "metrics.json").read_text())["test_loss"])
    losses = [json.loads(line).get("loss") for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    losses = [loss if isinstance(loss, float) else float(loss) for loss in losses if loss is not None]
    assert min(losses[:100]) < 0.5  # it learned something first
    assert math.isnan(losses[-1])
    broken = _check_model(tmp_path / "outputs" / "model.safetensors")
    assert broken.returncode == 1
    assert "not finite" in broken.stdout


def test_a_diverging_run_that_may_stop_says_why_and_fails(tmp_path):
    config = read_yaml("diverges.yaml")["training"]["config"] | {"on_nan": "stop"}
    done = train("digits/train.py", tmp_path / "outputs", *words_of(config))

    assert done.returncode == 1
    assert "try a lower learning rate than 0.8" in done.stderr
    assert not (tmp_path / "outputs" / "metrics.json").exists()


def test_the_strict_sample_learns_well_and_still_misses_its_threshold(tmp_path):
    experiment = read_yaml("digits-too-strict.yaml")
    done = train("digits/train.py", tmp_path / "outputs", *words_of(experiment["training"]["config"]))

    assert done.returncode == 0, done.stderr
    accuracy = json.loads((tmp_path / "outputs" / "metrics.json").read_text())["test_accuracy"]
    thresholds = {
        item.get("required", True): item["value"]
        for item in experiment["deliverables"]
        if item["validation"] == "threshold"
    }
    assert thresholds[False] <= accuracy < thresholds[True]


def _check_model(path: pathlib.Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(FOLDER / "digits/check_model.py"), str(path)],
        capture_output=True,
        text=True,
        timeout=30,
    )
