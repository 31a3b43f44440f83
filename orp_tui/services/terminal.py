"""Programs that take the terminal over for a while: the user's editor and pager.

For callers that have given the terminal back first. The pager gets a log as its file where it
is `less`, which shows escapes as text; any other gets what our sanitiser leaves of it.
"""

from __future__ import annotations

import codecs
import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from orp_tui.core.errors import UsageError
from orp_tui.core.sanitise import one_line, sanitise

if TYPE_CHECKING:
    from orp_tui.logs.reader import LogReader

_PIECE = 1 << 20
_MOST_TYPED = 1 << 20
"""Bytes that are read of what somebody wrote in an editor."""
_EDITORS = ("nano", "vi", "vim")
_PAGERS = ("less", "more")


def editor_command(path: Path, environ: Mapping[str, str] = os.environ) -> list[str]:
    """What opens `path` in the user's editor: $VISUAL, else $EDITOR, else nano or vi.

    Raises UsageError if there is none, or the one that is set can't be found.
    """
    return [*_chosen(("VISUAL", "EDITOR"), _EDITORS, "editor", environ), os.fspath(path)]


def pager_command(environ: Mapping[str, str] = os.environ) -> list[str]:
    """The user's pager without a file: $PAGER, else less or more. `less` is told to keep colours.

    Raises UsageError as `editor_command` does.
    """
    words = _chosen(("PAGER",), _PAGERS, "pager", environ)
    # As the last one it outranks -r there and in $LESS, which lets every escape through.
    return [*words, "-R"] if is_less(words[0], environ) else words


def is_less(program: str, environ: Mapping[str, str] = os.environ) -> bool:
    """Whether a pager is `less` itself, and not what busybox calls so."""
    found = shutil.which(program, path=environ.get("PATH")) or program
    return "less" in os.path.basename(program) and "busybox" not in os.path.realpath(found)


def _chosen(
    variables: Sequence[str], usual: Sequence[str], what: str, environ: Mapping[str, str]
) -> list[str]:
    for name in variables:
        if given := environ.get(name, "").strip():
            return _words(name, given, environ)
    for program in usual:
        if shutil.which(program, path=environ.get("PATH")):
            return [program]
    raise UsageError(f"no {what} found: set ${variables[-1]}")


def _words(variable: str, given: str, environ: Mapping[str, str]) -> list[str]:
    try:
        words = shlex.split(given)
    except ValueError as error:
        raise UsageError(f"${variable} is {one_line(given, 60)!r}: {str(error).lower()}") from error
    if not words or shutil.which(words[0], path=environ.get("PATH")) is None:
        program = one_line(words[0] if words else given, 60)
        raise UsageError(
            f"${variable} names {program!r}, which is not found; set it to a program that is there"
        )
    return words


def edit(path: Path, environ: Mapping[str, str] = os.environ) -> str | None:
    """Open a file in the editor and wait for its end; None, or in one line how it went wrong.

    Raises UsageError if there is no editor.
    """
    return _run(editor_command(path, environ), environ)


def edit_text(text: str, environ: Mapping[str, str] = os.environ) -> tuple[str, str | None]:
    """The text as it was left in the editor, and None, or in one line how it went wrong.

    Raises UsageError if there is no editor, OSError if no file can be made for it.
    """
    with tempfile.TemporaryDirectory(prefix="orp-note-") as folder:
        path = Path(folder, "note.md")
        # Editors add to a last line that has no end.
        path.write_text(text if not text or text.endswith("\n") else f"{text}\n", "utf-8")
        wrong = edit(path, environ)
        try:
            with path.open("rb") as file:
                return file.read(_MOST_TYPED).decode("utf-8", "replace"), wrong
        except OSError as error:  # it may have been deleted there
            return text, wrong or f"the note can't be read: {(error.strerror or str(error)).lower()}"


def page(reference: str, environ: Mapping[str, str] = os.environ, *, at_end: bool = False) -> str | None:
    """Show a file, or `path.zip::member`, in the pager and wait for its end; None, or what went wrong.

    `at_end` starts `less` at the last line, without counting lines. Raises UsageError if there is
    no pager or nothing to read there, UnsafePath and ArchiveError as `open_log` does.
    """
    from orp_tui.logs.source import open_log, split_reference

    words = pager_command(environ)
    less = is_less(words[0], environ)
    words += ["-n", "+G"] if less and at_end else []
    path, member = split_reference(reference)
    log = open_log(reference)
    try:
        if less and member is None:
            return _run([*words, "--", path], environ)
        return _run(words, environ, fed=_raw(log) if less else _readable(log))
    finally:
        log.close()


def page_text(text: str, environ: Mapping[str, str] = os.environ) -> str | None:
    """Show a text in the pager and wait for its end; None, or what went wrong.

    Raises UsageError if there is no pager.
    """
    return _run(pager_command(environ), environ, fed=iter([_cleaned(text)]))


def print_bare(lines: Sequence[str]) -> None:
    """Print the lines as they are, for the terminal's own selection, and wait for Enter."""
    sys.stdout.write("".join(f"{sanitise(line)}\n" for line in lines))
    sys.stdout.write("(Enter goes back to the dashboard)\n")
    sys.stdout.flush()
    with _patient():
        sys.stdin.readline()


def _raw(log: LogReader) -> Iterator[bytes]:
    offset = 0
    while data := log.read_from(offset, _PIECE):
        offset += len(data)
        yield data


def _readable(log: LogReader) -> Iterator[bytes]:
    """The log made harmless, in pieces of whole lines; a line longer than a piece is cut in pieces."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    rest = ""
    for data in _raw(log):
        whole, newline, rest = (rest + decoder.decode(data)).rpartition("\n")
        if len(rest) > _PIECE:
            whole, newline, rest = whole + newline + rest, "", ""
        yield _cleaned(whole + newline)
    yield _cleaned(rest + decoder.decode(b"", final=True))


def _cleaned(text: str) -> bytes:
    return sanitise(text, keep_colours=True, keep_newlines=True).encode("utf-8", "replace")


def _run(words: Sequence[str], environ: Mapping[str, str], fed: Iterator[bytes] | None = None) -> str | None:
    """Run a program in this terminal, to its end; None, or in one line how it went wrong."""
    try:
        with (
            _patient(),
            subprocess.Popen(
                words, env=dict(environ), stdin=None if fed is None else subprocess.PIPE
            ) as program,
        ):
            if program.stdin is not None and fed is not None:
                _feed(program, fed)
            code = program.wait()
    except OSError as error:
        return f"{words[0]}: {(error.strerror or str(error)).lower()}"
    if code < 0:
        return f"{words[0]} was ended by {signal.Signals(-code).name}"
    return f"{words[0]} ended with exit code {code}" if code else None


def _feed(program: subprocess.Popen[bytes], pieces: Iterator[bytes]) -> None:
    """Give it everything, or as much as it wants: a pager is often left in the middle."""
    assert program.stdin is not None
    with contextlib.suppress(BrokenPipeError):
        for piece in pieces:
            program.stdin.write(piece)
    with contextlib.suppress(BrokenPipeError):
        program.stdin.close()


@contextlib.contextmanager
def _patient() -> Iterator[None]:
    """Ctrl-C and Ctrl-\\ are for the program that has the terminal, not for us.

    Handlers that do nothing, because a program that is started inherits what is ignored.
    """
    numbers = (signal.SIGINT, signal.SIGQUIT)
    before = {number: signal.signal(number, lambda *_: None) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
