"""`orp init`: a commented experiment file to start from."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import click

from orp_tui.cli import output
from orp_tui.core.errors import UsageError
from orp_tui.core.sanitise import sanitise
from orp_tui.services.context import current_folder

TEMPLATE = """\
# An ORP experiment. `orp validate {file}` checks it, `orp run {file}` runs it.
experiment:
  name: {name}
  description: What this run is to find out

training:
  script: ["python", "train.py"]
  # Passed as --learning_rate 0.001 --epochs 10; other ways: training.pass_config.
  config:
    learning_rate: 0.001
    epochs: 10
  # timeout: 12h            # stop signal, grace, then SIGKILL
  # inputs: ["data"]        # folders that are linked into the workspace, not copied

# What the run must leave behind; with one missing or invalid it is not a success.
deliverables:
  - type: metrics
    path: output/metrics.json
    validation: contains_keys
    required_keys: [accuracy, loss]
  # - {{type: evaluation, path: output/metrics.json, validation: threshold, metric: accuracy, operator: ">=", value: 0.9}}
  # - {{type: model_checkpoint, path: output/model.safetensors, validation: exists_and_loadable}}
"""


@click.command("init")
@click.argument("file", type=click.Path(), default="experiment.yaml")
def command(file: str) -> None:
    """Write a commented experiment file to start from; FILE is experiment.yaml by default."""
    path = Path(file)
    name = current_folder().name if path.stem == "experiment" else path.stem
    try:
        with open(path, "x", encoding="utf-8") as out:
            out.write(TEMPLATE.format(file=file, name=_quoted(name)))
    except FileExistsError:
        raise UsageError(f"{file}: is there already, and was left as it is; name another file") from None
    except OSError as error:
        raise UsageError(f"{file}: cannot be written: {error.strerror}") from error
    output.say(
        f"{sanitise(os.fspath(path))} written; name your script in it, then: orp run {shlex.quote(file)}"
    )


def _quoted(name: str) -> str:
    import json

    return json.dumps(name, ensure_ascii=False)
