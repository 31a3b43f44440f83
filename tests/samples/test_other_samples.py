"""The talkative, the PyTorch and the quick-start sample."""

from __future__ import annotations

import importlib.util
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest
from sample_scripts import FOLDER, environment, read_yaml, train, words_of


def test_the_talkative_one_writes_colours_and_thousands_of_lines_and_redraws_its_bars(tmp_path):
    done = train("talkative/train.py", tmp_path / "outputs", "--seconds", 0)

    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") > 4000
    assert "\x1b[33mWARNING" in done.stdout
    # 600 steps, each both bars, the upper one after the cursor went back up.
    assert done.stderr.count("\x1b[A") == 600
    assert "UserWarning: this line comes between two bars" in done.stderr
    assert json.loads((tmp_path / "outputs" / "metrics.json").read_text())["test_accuracy"] >= 0.9


def test_the_talkative_one_lasts_as_long_as_it_is_told(tmp_path):
    config = read_yaml("talkative.yaml")["training"]["config"]
    assert 10 <= config["seconds"] < 20

    words = words_of(config | {"seconds": 1.0, "epochs": 1})
    done = train("talkative/train.py", tmp_path / "outputs", *words)

    (rate,) = re.findall(r"40/40 \[([\d.]+) it/s\]", done.stderr)
    assert float(rate) <= 41


def test_the_pytorch_one_says_that_it_is_skipped_where_torch_is_missing(tmp_path):
    # A folder first on the path whose torch can't be imported stands for a missing one.
    (tmp_path / "torch.py").write_text("raise ImportError('no torch here')\n")
    done = train("torch_digits/train.py", tmp_path / "outputs", PYTHONPATH=str(tmp_path))

    assert done.returncode == 77
    assert done.stderr == "skipped: PyTorch is not installed (pip install torch)\n"
    assert not (tmp_path / "outputs").exists()


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="PyTorch is not installed")
def test_the_pytorch_one_reads_95_percent_of_unseen_digits(tmp_path):
    config = read_yaml("torch-digits.yaml")["training"]["config"]
    done = train("torch_digits/train.py", tmp_path / "outputs", *words_of(config))

    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "outputs" / "metrics.json").read_text())["test_accuracy"] >= 0.95


@pytest.fixture
def quick_start(tmp_path: pathlib.Path) -> pathlib.Path:
    """A copy of the quick start somewhere else, all alone."""
    return pathlib.Path(shutil.copytree(FOLDER / "quick-start", tmp_path / "elsewhere"))


def _quick(folder: pathlib.Path, *words: str, **env: str) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "train.py", *words],
        cwd=folder,
        env=environment(folder / "unused", **env),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return json.loads((folder / "output" / "metrics.json").read_text())


def test_the_quick_start_learns_and_delivers_what_its_file_lists(quick_start):
    metrics = _quick(quick_start, "--learning_rate", "0.001", "--epochs", "10")

    assert metrics["accuracy"] > 0.75
    assert metrics["loss"] < 0.8
    assert (quick_start / "output" / "model" / "weights.json").stat().st_size > 0


def test_the_quick_start_takes_its_settings_from_the_config_file_too(quick_start):
    (quick_start / "config.json").write_text('{"learning_rate": 0.1, "epochs": 20}')
    by_file = _quick(quick_start, ORP_CONFIG_FILE=str(quick_start / "config.json"))
    by_words = _quick(quick_start, "--learning_rate", "0.1", "--epochs", "20")

    assert by_file == by_words
    assert by_file["accuracy"] >= 0.9


def test_the_quick_start_needs_the_standard_library_alone(quick_start):
    code = "import runpy, sys; sys.path.insert(0, '.'); runpy.run_path('train.py', run_name='__main__')"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code],
        cwd=quick_start,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "epoch 10/10  test accuracy 0." in done.stdout
