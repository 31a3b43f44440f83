"""The command line of `orp-tui`, and what is refused before anything is drawn."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, NoReturn

import orp_tui
from orp_tui.core.errors import UsageError
from orp_tui.tui.manners import THEMES, Colours

_PLAIN = "`orp status --watch` shows the queue in any terminal, `orp status` also without one"


@dataclasses.dataclass(frozen=True)
class Options:
    """What was asked for."""

    configs_dir: Path | None = None
    """As given; None: what the settings say."""
    base_dir: str | None = None
    demo: bool = False
    end_demo: bool = False
    ascii: bool = False
    colours: Colours = "auto"
    theme: str | None = None
    mouse: bool = True
    output_stage: Literal["auto", "on", "off"] = "auto"
    debug: bool = False
    """Tracebacks on the screen that is left, beside the report."""


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, as `orp` does."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; `orp-tui --help` lists the options")


def options_of(words: Sequence[str]) -> Options:
    """The options that the words of the command line stand for.

    Raises UsageError; SystemExit with 0 after `--help` and `--version`.
    """
    found = _parser().parse_args(list(words))
    values = {name: value for name, value in vars(found).items() if value is not None}
    options = Options(**values)
    if (options.demo or options.end_demo) and (options.configs_dir is not None or options.base_dir):
        raise UsageError("--demo has its own folder: give it alone, or leave it out")
    if options.configs_dir is not None and not options.configs_dir.is_dir():
        what = "is no folder" if options.configs_dir.exists() else "there is no such folder"
        raise UsageError(f"{options.configs_dir}: {what}; name a folder with experiment files, or none")
    return options


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="orp-tui",
        description="The dashboard of Open Research Pipeline: experiments, queue, logs, charts.",
        epilog="Inside: ? shows the keys of the place, : finds any command, q leaves; what runs goes on.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("configs_dir", metavar="CONFIGS_DIR", nargs="?", type=Path, help="folder with experiment files; by default what orp.yaml says")  # fmt: skip
    add("--base-dir", metavar="D", help="base directory; by default what orp.yaml says, else experiments/")
    add("--demo", action="store_true", help="a playground with samples in a temporary folder; again: the same one")  # fmt: skip
    add("--end-demo", action="store_true", help="end what runs in the playground, and remove it")
    add("--ascii", action="store_true", help="signs of ASCII only")
    add("--colors", "--colours", dest="colours", choices=("auto", "16", "256", "true", "none"), help="how many colours")  # fmt: skip
    add("--theme", metavar="NAME", choices=THEMES, help=f"one of {', '.join(THEMES)}")
    add("--no-mouse", dest="mouse", action="store_false", help="leave the mouse to the terminal (F2 changes it)")  # fmt: skip
    add("--output-stage", choices=("auto", "on", "off"), help="send only what changed; auto is on")
    add("--debug", action="store_true", help=argparse.SUPPRESS)
    add("-V", "--version", action="version", version=f"orp-tui {orp_tui.__version__}")
    return parser


def is_served(environ: Mapping[str, str]) -> bool:
    """Whether a browser and no terminal shows the dashboard: whoever serves it names a driver."""
    return bool(environ.get("TEXTUAL_DRIVER"))


def refusal(environ: Mapping[str, str], missing: Sequence[str]) -> str | None:
    """Why the dashboard can't be shown here, with advice; None if it can.

    `missing` are those of stdin, stdout and stderr that are no terminal.
    """
    if is_served(environ):
        return None
    if missing:
        return f"the dashboard needs a terminal, and {' and '.join(missing)} is none; {_PLAIN}"
    if environ.get("TERM", "") in ("", "dumb", "unknown"):
        named = f"TERM is {environ['TERM']}" if environ.get("TERM") else "TERM is not set"
        return f"{named}, so this terminal can't place text; {_PLAIN}. If it can: TERM=xterm-256color orp-tui"
    return None
