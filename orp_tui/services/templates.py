"""Experiment files to start from: commented, valid, and as short as their subject allows."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import orp_tui
from orp_tui.config.yaml_text import quoted

_HEAD = """\
# An ORP experiment. `orp validate {file}` checks it, `orp run {file}` runs it.
experiment:
  name: {name}
  description: What this run is to find out
"""

_PYTHON = """
training:
  script: ["python", "train.py"]
  # Passed as --learning_rate 0.001 --epochs 10; other ways: training.pass_config.
  config:
    learning_rate: 0.001
    epochs: 10
  # timeout: 12h            # stop signal, grace, then SIGKILL
  # inputs: ["data"]        # folders that are linked into the workspace, not copied

# What the run must leave behind. With one missing or invalid it is not a success.
deliverables:
  - type: metrics
    path: output/metrics.json
    validation: contains_keys
    required_keys: [accuracy, loss]
  # - {type: evaluation, path: output/metrics.json, validation: threshold, metric: accuracy, operator: ">=", value: 0.9}
  # - {type: model_checkpoint, path: output/model.safetensors, validation: exists_and_loadable}
"""

_SEEDS = """
training:
  script: ["python", "train.py"]
  config:
    learning_rate: 0.001
  # One run for each, passed as --seed 1 and so on; seed_key names another key of config.
  seeds: [1, 2, 3, 4, 5]
  resources: {gpus: 1}      # each run waits until that is free

deliverables:
  - type: evaluation
    path: output/metrics.json
    validation: threshold
    metric: accuracy
    operator: ">="
    value: 0.9
"""

_LONG = """
training:
  script: ["python", "train.py"]
  config:
    learning_rate: 0.0003
    epochs: 100
  timeout: 2d
  stall_after: 1h           # stopped if its logs do not grow for so long
  # At a stop the training gets SIGTERM, has so long to save, and is then killed.
  stop: {signal: SIGTERM, grace: 5m}
  checkpoints: {path: "output/checkpoints/step-*", keep: 3}
  # `orp resume RUN` goes on from the newest checkpoint with these words added.
  resume: ["--resume_from_checkpoint", "{last_checkpoint}"]
  # Tried again by itself, after a minute, then two, then four.
  retries: {max: 3, on: [lost, disk_full]}

deliverables:
  - type: model_checkpoint
    path: output/model.safetensors
    validation: exists_and_loadable
  - type: metrics
    path: output/metrics.json
    validation: contains_keys
    required_keys: [accuracy, loss]
"""

_SHELL = """
training:
  # The text goes to `bash -c`. {output_dir} and {config_file} are filled in.
  shell: true
  script: |
    set -euo pipefail
    python prepare.py --out {output_dir}/data
    python train.py --data {output_dir}/data --config {config_file}
  pass_config: none         # the values are in {config_file}, as JSON
  config:
    learning_rate: 0.001

deliverables:
  - type: directory
    path: output/data
    validation: min_count
    min_count: 1
  - type: report
    path: output/report.md
    required: false
"""


@dataclasses.dataclass(frozen=True)
class Template:
    """Something to start from."""

    name: str
    title: str
    """One line for a list."""
    body: str
    """Everything below the experiment's name and description; for a sample the whole file."""
    is_whole: bool = False
    """The file is taken as it is, its name too."""

    def text(self, file: str, name: str) -> str:
        """The new file: `file` is what it will be called on a command line, `name` the experiment's."""
        if self.is_whole:
            return self.body
        # A comment ends with its line, and YAML holds no control characters.
        head = _HEAD.format(file=file if file.isprintable() else "FILE", name=quoted(name))
        return head + self.body


PYTHON = Template("python", "A Python script with values to pass and a file to deliver", _PYTHON)
OURS = (
    PYTHON,
    Template("seeds", "The same with several seeds, one run each, and a threshold to pass", _SEEDS),
    Template("long", "Days on a GPU: checkpoints, resume, retries, limits", _LONG),
    Template("shell", "Lines for bash", _SHELL),
)


def templates() -> tuple[Template, ...]:
    """Ours, then the experiment files of the samples."""
    return (*OURS, *_samples())


def samples_folder() -> Path | None:
    """The samples: inside the package once installed, beside it in a checkout; None if they were left out."""
    package = Path(orp_tui.__file__).parent
    for folder in (package / "samples", package.parent / "sample_experiments"):
        if (folder / "digits.yaml").is_file():
            return folder
    return None


def _samples() -> list[Template]:
    folder = samples_folder()
    if folder is None:
        return []
    found = []
    for path in sorted(folder.glob("*.yaml")):
        try:
            text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            continue
        if "\ntraining:" in text:
            first = text.partition("\n")[0].lstrip("# ")
            note = "# From the samples of ORP, whose script is not here: put your own in its place.\n#\n"
            found.append(Template(path.stem, f"Sample: {first}", note + text, is_whole=True))
    return found
