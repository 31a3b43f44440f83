"""Parser and dispatch of `orp`; a command's module is imported when that command is called.

The hidden verbs (leader, observe, finalise, adopt) are processes of the engine, not
commands for people; they go round click, because a finaliser starts often.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence

from orp_tui.core.errors import OrpError

HIDDEN = frozenset({"leader", "observe", "finalise", "adopt"})

INTERRUPTED = 130
FAULT = 3


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code.

    0 good; 1 the experiment did not succeed; 2 usage or invalid file; 3 ORP itself could
    not; 130 interrupted.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    if words and words[0] in HIDDEN:
        return _hidden(words)
    debug = "--debug" in words[: words.index("--") if "--" in words else None]
    try:
        return _visible(words)
    except OrpError as error:
        if debug:
            raise
        return _explain(error)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader has gone, as `| head` does; the flush at exit must not complain either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if debug:
            raise
        return _crash(error)


def _hidden(words: Sequence[str]) -> int:
    module = importlib.import_module(f"orp_tui.cli.commands.{words[0]}")
    code: int = module.main(words[1:])
    return code


def _visible(words: list[str]) -> int:
    import click

    from orp_tui.cli.group import orp

    try:
        result = orp.main(args=words, prog_name="orp", standalone_mode=False)
    except click.exceptions.Abort:
        return INTERRUPTED
    except click.exceptions.Exit as exit_:
        return exit_.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    return result if isinstance(result, int) else 0


def _explain(error: OrpError) -> int:
    from orp_tui.cli.output import say
    from orp_tui.core.sanitise import sanitise

    say(f"orp: {sanitise(str(error), keep_newlines=True)}")
    return error.exit_code


def _crash(error: Exception) -> int:
    import traceback

    from orp_tui.cli.output import say, state_file

    path = state_file("crash")
    with open(path, "w", encoding="utf-8", errors="backslashreplace") as file:
        traceback.print_exception(error, file=file)
    say(f"orp: this is a bug in ORP: {type(error).__name__}: {error}\nthe traceback is in {path}")
    return FAULT
