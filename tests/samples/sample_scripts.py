"""Where the samples are, and how the tests run one of their scripts."""

from __future__ import annotations

import os
import pathlib
import shlex
import subprocess
import sys

import yaml

FOLDER = pathlib.Path(__file__).parents[2] / "sample_experiments"
FILES = sorted([*FOLDER.glob("*.yaml"), *FOLDER.glob("quick-start/*.yaml")])
EXPERIMENTS = [path for path in FILES if path.name != "orp.yaml"]


def environment(out: pathlib.Path, **more: str) -> dict[str, str]:
    """What a run would get: the folder for outputs, the file for metrics, one thread."""
    base = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return {
        **base,
        "ORP_OUTPUT_DIR": str(out),
        "ORP_METRICS_FILE": str(out.parent / "metrics.jsonl"),
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        **more,
    }


def train(script: str, out: pathlib.Path, *words: object, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a sample's script from the sample folder to its end, outputs to `out`."""
    return subprocess.run(
        [sys.executable, str(FOLDER / script), *map(str, words)],
        cwd=FOLDER,
        env=environment(out, **env),
        capture_output=True,
        text=True,
        timeout=60,
    )


def read_yaml(name: str) -> dict:
    return yaml.safe_load((FOLDER / name).read_text())


def command_of(script: object) -> list[str]:
    """The words of `training.script`, whether the file has a list or a string."""
    return shlex.split(script) if isinstance(script, str) else list(script)


def words_of(config: dict, prefix: str = "") -> list[str]:
    """A config as `pass_config: args` writes it."""
    words = []
    for key, value in config.items():
        if isinstance(value, dict):
            words += words_of(value, f"{prefix}{key}.")
        elif value is True:
            words.append(f"--{prefix}{key}")
        elif value is not False:
            each = value if isinstance(value, list) else [value]
            words += [f"--{prefix}{key}", *map(str, each)]
    return words
