"""What is left when the dashboard breaks: a report in a file, and the terminal in order.

Textual would print the traceback with all local variables, which hold text of logs and
perhaps secrets. The report holds neither: versions, terminal, traceback, what was said last.
What only a report needs is imported when one is written.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import threading
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orp_tui
from orp_tui.core.sanitise import one_line, sanitise
from orp_tui.core.secrets import mask
from orp_tui.services.dashboard_state import user_state_folder

if TYPE_CHECKING:
    from textual.app import App

MOST_FAULTS = 5
MOST_BYTES = 256 * 1024
_TERMINAL = ("TERM", "COLORTERM", "TERM_PROGRAM", "TERM_PROGRAM_VERSION", "TMUX", "STY", "SSH_TTY", "LANG", "LC_ALL", "NO_COLOR")  # fmt: skip
"""Variables that matter to the screen; nothing else of the environment is told."""


class Faults:
    """Errors that nobody expected, the first of them first."""

    def __init__(self) -> None:
        self.errors: list[BaseException] = []
        self.is_fatal = False
        """Whether the dashboard ended by one; else they were in threads, and it went on."""

    def add(self, error: BaseException, *, is_fatal: bool) -> None:
        """Remember an error."""
        self.is_fatal = self.is_fatal or is_fatal
        if len(self.errors) < MOST_FAULTS:
            self.errors.append(error)


def watch_for_faults(app: App[Any], faults: Faults) -> None:
    """An error that would end `app` with a traceback on the screen ends it quietly, and is in `faults`.

    So is one that ends a thread.
    """

    def end_quietly(error: Exception) -> None:
        faults.add(error, is_fatal=True)
        app._return_code = 1
        app._close_messages_no_wait()

    def note(args: threading.ExceptHookArgs) -> None:
        error = args.exc_value
        # Writing to a terminal that was closed is nobody's fault.
        has_gone = isinstance(error, OSError) and error.errno == errno.EIO
        if error is not None and not has_gone and not isinstance(error, SystemExit):
            faults.add(error, is_fatal=False)

    # Of this one app, and not in its class: in tests errors are raised as always.
    setattr(app, "_handle_exception", end_quietly)  # noqa: B010 - assigning a method is what is meant
    threading.excepthook = note


def write_report(
    errors: Iterable[BaseException],
    *,
    said: Iterable[str] = (),
    facts: Mapping[str, str] | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Path:
    """A new file that tells what happened, in the user's state folder, else in the temporary one.

    `said` is what the dashboard said last, the newest first. Raises OSError if no file can be written.
    """
    text = "\n".join(_lines(errors, said, facts or {}, environ))[:MOST_BYTES]
    name = f"crash-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.txt"
    folder = user_state_folder(environ)
    with contextlib.suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return _written(folder / name, text)
    import tempfile

    return _written(Path(tempfile.mkdtemp(prefix="orp-")) / name, text)


def _written(path: Path, text: str) -> Path:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with open(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(text + "\n")
    return path


def _lines(
    errors: Iterable[BaseException], said: Iterable[str], facts: Mapping[str, str], environ: Mapping[str, str]
) -> Iterable[str]:
    import platform

    yield "The dashboard of Open Research Pipeline ended by an error of its own."
    yield time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    yield f"orp {orp_tui.__version__}, textual {_version('textual')}, rich {_version('rich')}"
    yield f"Python {platform.python_version()}, {platform.system()} {platform.release()}"
    for name in _TERMINAL:
        if name in environ:
            yield f"{name}={_safe_line(environ[name])}"
    for name, value in facts.items():
        yield f"{name}: {_safe_line(value)}"
    for error in errors:
        yield ""
        for line in _traceback(error):
            yield sanitise(mask(line))
    yield ""
    yield "Said last, the newest first:"
    for words in list(said)[:50]:
        yield f"  {_safe_line(words)}"


def _traceback(error: BaseException) -> list[str]:
    """The lines of a traceback, without local variables."""
    import traceback

    return "".join(traceback.format_exception(error)).splitlines()


def _safe_line(text: str) -> str:
    return one_line(mask(text), 500)


def _version(package: str) -> str:
    module = sys.modules.get(package)
    if module is None:
        return "not loaded"
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"
