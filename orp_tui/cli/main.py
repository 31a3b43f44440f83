"""Parser and dispatch of `orp`; a command's module is imported when that command is called.

The hidden verbs (leader, observe, finalise, adopt, retries) are processes of the engine, not
commands for people; they go round click, because a finaliser starts often.
"""

from __future__ import annotations

import errno
import importlib
import io
import sys
from collections.abc import Sequence

from orp_tui.core.errors import OrpError

HIDDEN = frozenset({"leader", "observe", "finalise", "adopt", "retries"})

INTERRUPTED = 130
FAULT = 3

_OF_THE_MACHINE = frozenset(
    {
        errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EMFILE, errno.ENFILE,
        errno.ENOMEM, errno.ESTALE, errno.ENAMETOOLONG, errno.ELOOP, errno.EAGAIN,
    }
)  # fmt: skip
"""Errors that no program can prevent: they are told in a line, not as a bug."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code.

    0 good; 1 the experiment did not succeed; 2 usage or invalid file; 3 ORP itself could
    not; 130 interrupted.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    if words and words[0] in HIDDEN:
        return _hidden(words)
    debug = _take_debug(words)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A terminal of another encoding, or a file name that is no text, ends no command.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        code = _visible(words)
        _flush()
        return code
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the top of a process: told in a line, or kept in a file
        if debug:
            import traceback

            traceback.print_exc()
        if isinstance(error, OrpError):
            return _explain(str(error), error.exit_code)
        if isinstance(error, OSError) and error.errno in _OF_THE_MACHINE:
            place = f"{error.filename}: " if error.filename else ""
            return _explain(f"{place}{error.strerror}", FAULT)
        return FAULT if debug else _crash(error)


def _take_debug(words: list[str]) -> bool:
    """Whether `--debug` stands before `--`, wherever; it is taken out."""
    own = words[: words.index("--")] if "--" in words else words
    if "--debug" not in own:
        return False
    words.remove("--debug")
    return True


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


def _flush() -> None:
    """What is still buffered goes out while its failure can be told."""
    from orp_tui.cli.output import flush_all

    flush_all()


def _explain(text: str, code: int) -> int:
    from orp_tui.cli.output import say
    from orp_tui.core.sanitise import sanitise

    say(f"orp: {sanitise(text, keep_newlines=True)}")
    return code


def _crash(error: Exception) -> int:
    import traceback

    from orp_tui.cli.output import say, state_file
    from orp_tui.core.sanitise import one_line

    path = state_file("crash")
    with open(path, "w", encoding="utf-8", errors="backslashreplace") as file:
        traceback.print_exception(error, file=file)
    what = one_line(f"{type(error).__name__}: {error}", 300)
    say(f"orp: this is a bug in ORP: {what}\nthe traceback is in {path}")
    return FAULT
