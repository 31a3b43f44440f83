"""`orp logs`: what a training printed, from the run, from its zip, or from any file."""

from __future__ import annotations

import os
import sqlite3
import sys
import time

import click

from orp_tui.cli import output
from orp_tui.cli.context_option import base_dir
from orp_tui.cli.run_argument import run_argument
from orp_tui.core.errors import OrpError, RunNotFound
from orp_tui.core.layout import STDERR_NAME, STDOUT_NAME
from orp_tui.core.sanitise import sanitise
from orp_tui.logs.path_watch import Notice, Restarted
from orp_tui.logs.reader import LogReader
from orp_tui.logs.source import open_log, split_reference
from orp_tui.logs.tail import Chunk, Follower
from orp_tui.services.context import Context, open_context
from orp_tui.services.reference import find_run, store_of
from orp_tui.services.watch import view
from orp_tui.store import runs

STEP = 1 << 20
POLL_S = 0.1


@click.command("logs")
@run_argument("reference", metavar="RUN|FILE|ZIP::MEMBER", files=True)
@click.option("-f", "--follow", is_flag=True, help="Go on until the run ends.")
@click.option("--stderr", "stderr", is_flag=True, help="The error output instead of the standard output.")
@click.option("-n", "--lines", type=click.IntRange(0), help="Only the last so many lines.")
@click.option("--raw", is_flag=True, help="The very bytes, terminal sequences included.")
@base_dir
def command(
    reference: str, follow: bool, stderr: bool, lines: int | None, raw: bool, base_dir: str | None
) -> None:
    """Show what a training printed.

    RUN is a run (also one that has long ended), FILE any log, ZIP::MEMBER a file inside a zip.
    To a terminal, sequences that could act on it are not passed on; piped, bytes go through
    as they are.
    """
    sink = Sink(raw=raw or not sys.stdout.isatty())
    context = open_context(base_dir=base_dir)
    path, run_id = _resolve(context, reference, STDERR_NAME if stderr else STDOUT_NAME)
    if follow and run_id is not None:
        _follow(context, path, run_id, sink, lines)
        return
    if follow and split_reference(path)[1] is None:
        _follow_file(path, sink, lines)
        return
    if run_id is not None and not os.path.lexists(path):
        output.say(f"{run_id} has not started yet; `orp logs -f {run_id}` waits for it")
        return
    reader = open_log(path)
    try:
        _show(reader, sink, lines)
    finally:
        reader.close()


def _resolve(context: Context, reference: str, name: str) -> tuple[str, str | None]:
    """Where the log lies, and whose it is; None if it is no run's."""
    from pathlib import Path

    if split_reference(reference)[1] is not None:
        return reference, None
    if Path(reference).is_file():
        return (f"{reference}::{name}", None) if reference.endswith(".zip") else (reference, None)
    with store_of(context, reference) as connection:
        run = find_run(connection, reference, context.paths)
    folder = context.paths.run(run.id)
    path = folder.folder / name
    packed = context.paths.artifact(run.id)
    if not path.exists() and packed.exists():
        return f"{packed}::{name}", None
    if not path.exists() and run.state.is_final:
        raise RunNotFound(run.id, f"has no {name}: {run.detail or 'it never started'}")
    return str(path), run.id


class Sink:
    """Writes to stdout, harmlessly if that is a terminal."""

    def __init__(self, *, raw: bool) -> None:
        import codecs

        self._raw = raw
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def write(self, data: bytes) -> None:
        """Show bytes; colours stay, other sequences do not reach a terminal."""
        if self._raw:
            sys.stdout.buffer.write(data)
        else:
            text = self._decoder.decode(data).replace("\r\n", "\n").replace("\r", "\n")
            sys.stdout.write(sanitise(text, keep_colours=output.has_colours(sys.stdout), keep_newlines=True))

    def flush(self) -> None:
        """To the reader, now."""
        sys.stdout.flush()


def _show(reader: LogReader, sink: Sink, lines: int | None) -> None:
    if lines is not None:
        for line in reader.tail_lines(lines) if lines else []:
            sink.write(line + b"\n")
        sink.flush()
        return
    offset = 0
    while data := reader.read_from(offset, STEP):
        sink.write(data)
        offset += len(data)
    sink.flush()


def _start(path: str, sink: Sink, lines: int | None) -> int:
    """Show what is there already; the offset to go on from."""
    try:
        reader = open_log(path)
    except OrpError:  # it may not be there yet; the follower says what is wrong with it
        return 0
    try:
        size = reader.size()
        if lines is not None:
            _show(reader, sink, lines)
            return size
        return 0
    finally:
        reader.close()


def _follow(context: Context, path: str, run_id: str, sink: Sink, lines: int | None) -> None:
    with Follower(path, offset=_start(path, sink, lines)) as follower, context.store() as connection:
        while True:
            ended = _has_ended(context, connection, run_id)
            more = _pass_on(follower, sink)
            if ended and not more:
                return
            if not more:
                time.sleep(POLL_S)


def _follow_file(path: str, sink: Sink, lines: int | None) -> None:
    with Follower(path, offset=_start(path, sink, lines), follow_links=True) as follower:
        while True:
            if not _pass_on(follower, sink):
                time.sleep(POLL_S)


def _has_ended(context: Context, connection: sqlite3.Connection, run_id: str) -> bool:
    run = runs.get(connection, run_id)
    return run is None or view(context.paths, run).state.is_final


def _pass_on(follower: Follower, sink: Sink) -> bool:
    """Whether there was anything new."""
    events = follower.look()
    for event in events:
        if isinstance(event, Chunk):
            sink.write(event.data)
        elif isinstance(event, Restarted):
            output.say(f"-- {event.why}, from the beginning --")
        elif isinstance(event, Notice):
            output.say(f"-- {event.text} --")
    sink.flush()
    return any(isinstance(event, Chunk) for event in events)
