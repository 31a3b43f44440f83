"""The database, the queue processor, and whether rows and folders tell the same. Reads only."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
import urllib.parse
from collections.abc import Iterator

import orp_tui
from orp_tui.core.ids import is_run_id
from orp_tui.core.layout import BasePaths
from orp_tui.core.states import Mark
from orp_tui.engine import host
from orp_tui.engine.leadership import read_leader
from orp_tui.files import locks
from orp_tui.files.locks import LockState
from orp_tui.services.control import log_tail
from orp_tui.services.findings import Finding, listed, note, ok, problem, warning
from orp_tui.services.rebuild import has_runs
from orp_tui.services.watch import Snapshot, snapshot
from orp_tui.store import database, replacement
from orp_tui.store.migrations import MIGRATIONS

JUST_SUBMITTED_S = 60.0


def leader(paths: BasePaths) -> Iterator[Finding]:
    """Whether a queue processor leads, and its last word."""
    found = read_leader(paths)
    last = log_tail(paths.leader_log) if paths.leader_log.exists() else None
    said = f"; its log ends: {last}" if last else ""
    if found is None and locks.ask(paths.leader_lock) is LockState.HELD:
        yield warning("queue", f"somebody leads {paths.base}, and has not said who{said}")
    elif found is None:
        yield ok("queue", f"no queue processor leads{said}")
    else:
        yield ok("queue", f"led by {found}{said}")
        if found.version != orp_tui.__version__:
            yield note(
                "queue",
                f"the queue processor is ORP {found.version}, this is {orp_tui.__version__}",
                "`orp queue stop` and `orp queue start` change over; runs go on",
            )


def store(paths: BasePaths, *, slots: int) -> Iterator[Finding]:
    """Whether the database can be used and is sound, and what its rows say."""
    if not database.has_content(paths.database):
        if has_runs(paths):
            yield problem("store", f"{paths.database} is gone", "orp doctor --rebuild; `orp run` does it too")
        else:
            yield ok("store", "nothing was run here yet")
        return
    if _has_hot_journal(paths):
        yield note(
            "store", "a writer was killed in the middle; the next command brings the database in order"
        )
    try:
        connection = _read_only(paths)
    except sqlite3.Error as error:
        yield problem("store", f"{paths.database} cannot be opened: {error}")
        return
    try:
        yield from _looked_into(paths, connection, slots)
    except sqlite3.Error as error:
        yield problem("store", str(database.explained(paths.database, error)), "orp doctor --rebuild")
    finally:
        connection.close()


def _read_only(paths: BasePaths) -> sqlite3.Connection:
    name = urllib.parse.quote(os.fsencode(paths.database))
    connection = sqlite3.connect(f"file:{name}?mode=ro", uri=True, timeout=2.0, isolation_level=None)
    connection.row_factory = sqlite3.Row
    return connection


def _has_hot_journal(paths: BasePaths) -> bool:
    """Whether a journal waits to be rolled back; while a transaction goes on there is one too."""
    with contextlib.suppress(OSError):
        journal = paths.database.with_name(paths.database.name + "-journal")
        return journal.stat().st_size > 0 and time.time() - journal.stat().st_mtime > 1.0
    return False


def _looked_into(paths: BasePaths, connection: sqlite3.Connection, slots: int) -> Iterator[Finding]:
    schema = connection.execute("PRAGMA user_version").fetchone()[0]
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    if application != database.APPLICATION_ID:
        yield problem("store", f"{paths.database} is no database of ORP's", "move it away; the next command makes a new one")  # fmt: skip
        return
    if schema > len(MIGRATIONS):
        yield problem(
            "store", f"written by a newer ORP (schema {schema}, known here: {len(MIGRATIONS)})", "upgrade ORP"
        )
        return
    wrong = replacement.check(connection)
    if wrong is not None:
        yield problem(
            "store", f"{paths.database} is damaged ({wrong}); no run is lost", "orp doctor --rebuild"
        )
        return
    if schema < len(MIGRATIONS):
        yield note("store", "the database is older than this ORP; the next command brings it up to date")
        return
    seen = snapshot(paths, connection, slots=slots)
    total = sum(seen.counts.values())
    yield ok(
        "store", f"sound; {total} runs" + (f", {len(seen.unfinished)} unfinished" if seen.unfinished else "")
    )
    yield from _host(connection, seen)
    yield from _queue(seen)
    yield from _runs(seen)
    yield from _folders(paths, connection)
    yield from _zips(connection)


def _host(connection: sqlite3.Connection, seen: Snapshot) -> Iterator[Finding]:
    row = connection.execute("SELECT host_id FROM store").fetchone()
    if row is None or row[0] == host.host_id():
        return
    other = row[0].split(":")[0]
    rows = [item.run.id for item in seen.unfinished if item.run.state.is_active]
    if rows:
        yield problem(
            "host",
            f"led on {other} before, where {listed(rows)} may be alive",
            f"start the queue processor on {other}",
        )
    else:
        yield note("host", f"led on {other} before; the next queue processor here takes over")


def _queue(seen: Snapshot) -> Iterator[Finding]:
    if seen.paused is not None:
        yield note("queue", f"paused: {seen.paused}", "orp queue resume")
    if seen.unfinished and seen.leader is None:
        yield note("queue", f"{len(seen.unfinished)} runs wait for a queue processor", "orp queue start")


def _runs(seen: Snapshot) -> Iterator[Finding]:
    words = {
        Mark.UNSUPERVISED: ("have no supervisor", "orp queue start: the queue processor takes them over"),
        Mark.UNKILLABLE: (
            "hold processes that SIGKILL does not end",
            "look at them with `ps`: they wait for a device",
        ),
        Mark.DISK_FULL: ("can't write their end", "make room"),
        Mark.FOLDER_MISSING: ("run without their folder", "cancel them, or let them end"),
    }
    for mark, (what, do) in words.items():
        found = [item.run.id for item in seen.unfinished if mark in item.marks]
        if found:
            yield warning("runs", f"{what}: {listed(found)}", do)


def _folders(paths: BasePaths, connection: sqlite3.Connection) -> Iterator[Finding]:
    known = {row[0]: row[1] for row in connection.execute("SELECT id, state FROM run")}
    now = time.time()
    there = set()
    unknown = []
    with contextlib.suppress(FileNotFoundError):
        for entry in os.scandir(paths.runs):
            there.add(entry.name)
            if is_run_id(entry.name) and entry.name not in known:
                changed = entry.stat(follow_symlinks=False).st_mtime
                unknown += [entry.name] if now - changed > JUST_SUBMITTED_S else []
    if unknown:
        yield warning("folders", f"run folders that the database does not know: {listed(sorted(unknown))}", "orp doctor --rebuild puts them back, stopped")  # fmt: skip
    gone = [run_id for run_id in known if run_id not in there]
    if gone:
        yield note("folders", f"the folder is gone of {listed(sorted(gone))}")


def _zips(connection: sqlite3.Connection) -> Iterator[Finding]:
    rows = connection.execute(
        "SELECT id, artifacts FROM run WHERE artifacts LIKE 'pending%' OR artifacts LIKE 'error%' ORDER BY seq DESC"
    ).fetchall()
    if rows:
        why = rows[0][1].replace(": ", " (", 1) + (")" if ": " in rows[0][1] else "")
        yield warning("zips", f"{len(rows)} runs without their zip; {rows[0][0]}: {why}", f"orp artifacts bundle {rows[0][0]}")  # fmt: skip
