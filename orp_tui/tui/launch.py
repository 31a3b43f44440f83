"""`orp-tui`: from the command line to the dashboard, and back to the shell.

The order is what makes it quick: options, a line on the screen, and only then Textual. Whatever
happens, the terminal is given back as it was, and what was shown is remembered.
"""

from __future__ import annotations

import gc
import io
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from orp_tui.core.errors import OrpError, UsageError
from orp_tui.tui.endings import Endings
from orp_tui.tui.manners import Manners, manners_of
from orp_tui.tui.options import Options, is_served, options_of, refusal
from orp_tui.tui.skeleton import Skeleton

if TYPE_CHECKING:
    from orp_tui.tui.session import Session

INTERRUPTED = 130
FAULT = 3


def main(argv: Sequence[str] | None = None) -> int:
    """Show the dashboard until it is left.

    Returns 0, 2 for a request that makes no sense, 3 if ORP itself could not, 130 if interrupted
    before it was there. A signal that ends it does so in the end.
    """
    words = sys.argv[1:] if argv is None else argv
    try:
        options = options_of(words)
        if options.end_demo:
            return _end_demo()
        why_not = refusal(os.environ, _no_terminals())
        if why_not is not None:
            raise UsageError(why_not)
        return _show(options)
    except SystemExit as end:  # --help and --version have been answered
        return end.code if isinstance(end.code, int) else 0
    except OrpError as error:
        _say(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED


def _show(options: Options) -> int:
    manners = manners_of(
        os.environ,
        ascii_only=options.ascii,
        colours=options.colours,
        theme=options.theme,
        mouse=options.mouse,
        output_stage=options.output_stage,
    )
    if isinstance(sys.__stderr__, io.TextIOWrapper):
        # Textual writes there: a sign that the terminal's encoding lacks takes one cell all the same.
        sys.__stderr__.reconfigure(errors="replace")
    skeleton = Skeleton()
    session: Session | None = None
    with Endings(skeleton) as endings:
        try:
            if not is_served(os.environ):
                skeleton.show("ORP ", os.uname().nodename, "loading", _here())
            session = _loaded(options, manners, skeleton)
            endings.app = session.app
            session.run()
        except Exception as error:
            skeleton.take_down()
            if isinstance(error, OrpError):
                raise
            return _crashed(error, options)
        finally:
            skeleton.take_down()
            skeleton.set_modes_again()
        return _left(session, options)


def _loaded(options: Options, manners: Manners, skeleton: Skeleton) -> Session:
    """Everything imported and the app made; the collector would only walk over what stays for good."""
    gc.disable()
    try:
        from orp_tui.tui.session import new_session

        return new_session(options, manners, skeleton)
    finally:
        gc.freeze()
        gc.enable()


def _left(session: Session, options: Options) -> int:
    """Say what there is to say now that the shell has its terminal; the exit code."""
    lines, errors = session.farewell()
    for line in lines:
        _say(line, named=False)
    if not errors:
        return 0
    return _crashed(errors[0], options, report=session.report)


def _crashed(error: BaseException, options: Options, report: object = None) -> int:
    from orp_tui.core.sanitise import one_line
    from orp_tui.tui.crash import write_report

    if options.debug:
        import traceback

        traceback.print_exception(error)
    try:
        path = report or write_report([error])
        where = f"the report is in {path}"
    except OSError as unwritten:
        where = f"no report could be written: {unwritten.strerror}"
    what = one_line(f"{type(error).__name__}: {error}", 300)
    _say(f"this is a bug in ORP: {what}\n{where}\nwhat runs goes on: `orp status` shows it")
    return FAULT


def _end_demo() -> int:
    from orp_tui.services.demo import end_demo

    _say(end_demo(), named=False)
    return 0


def _no_terminals() -> list[str]:
    streams = {"stdin": 0, "stdout": 1, "stderr": 2}
    return [name for name, descriptor in streams.items() if not os.isatty(descriptor)]


def _here() -> str:
    """The current folder as people write it, safe for a terminal; empty if it was deleted."""
    try:
        folder = os.getcwd()
    except OSError:
        return ""
    home = os.environ.get("HOME", "")
    if home and (folder + "/").startswith(home.rstrip("/") + "/"):
        folder = "~" + folder[len(home.rstrip("/")) :]
    return folder if folder.isprintable() and folder.isascii() else ""


def _say(text: str, *, named: bool = True) -> None:
    from orp_tui.core.sanitise import sanitise

    prefix = "orp-tui: " if named else ""
    print(f"{prefix}{sanitise(text, keep_newlines=True)}", file=sys.stderr)  # noqa: T201 - the dashboard has gone
