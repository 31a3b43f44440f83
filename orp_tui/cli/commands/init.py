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
from orp_tui.services.templates import PYTHON


@click.command("init")
@click.argument("file", type=click.Path(), default="experiment.yaml")
def command(file: str) -> None:
    """Write a commented experiment file to start from; FILE is experiment.yaml by default."""
    path = Path(file)
    name = current_folder().name if path.stem == "experiment" else path.stem
    try:
        with open(path, "x", encoding="utf-8") as out:
            out.write(PYTHON.text(file, name))
    except FileExistsError:
        raise UsageError(f"{file}: is there already, and was left as it is; name another file") from None
    except OSError as error:
        raise UsageError(f"{file}: cannot be written: {error.strerror}") from error
    output.say(
        f"{sanitise(os.fspath(path))} written; name your script in it, then: orp run {shlex.quote(file)}"
    )
