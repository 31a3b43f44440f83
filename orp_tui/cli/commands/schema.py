"""`orp schema`: the JSON Schema of experiment files."""

from __future__ import annotations

import click

from orp_tui.cli import output
from orp_tui.config.schema import json_schema


@click.command("schema")
def command() -> None:
    """Print the JSON Schema of experiment files.

    Editors with a YAML language server check and complete with it: save it, and name it in the
    first line of a file as `# yaml-language-server: $schema=FILE`.
    """
    output.emit_json(json_schema())
