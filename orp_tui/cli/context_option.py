"""The options that many commands share."""

from __future__ import annotations

import click

base_dir = click.option(
    "--base-dir", metavar="DIR", help="Base directory; by default what orp.yaml says, else experiments/."
)
as_json = click.option("--json", "as_json", is_flag=True, help="JSON on stdout and nothing else.")
