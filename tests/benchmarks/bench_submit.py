"""Durable submits a second from one process: a project of 100 files, the same tree each time.

Every run gets its own copy of the files, so nobody can be faster than a plain copy of them, flushed:
that is the anchor. Where many files have just been deleted, ext4 makes new ones several times slower
for some seconds (it avoids their inodes); both feel it, and a low number of copies a second shows it.
"""

from __future__ import annotations

import itertools
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from orp_tui.services.submit import submit
from orp_tui.workspace.sources import sync_file_system
from tests.benchmarks.ground import Ground, ground
from tests.benchmarks.measure import Budget, Row, Samples, interleaved
from tests.benchmarks.rivals import spoolers, submits

FILES = 100
SETTLED_S = 2.5
"""Files that were changed in the last two seconds are read again by each submit, as git does."""
IDENTITY = ["-c", "user.name=bench", "-c", "user.email=bench@localhost"]


def rows(*, quick: bool) -> Iterator[Row]:
    """Without and with git, which a submit asks what is tracked and changed."""
    each, rounds = (5, 3) if quick else (25, 7)
    yield from measured("submits, 100 files, no git", each, rounds, git=False)
    if shutil.which("git"):
        yield from measured("submits, 100 files, git", each, rounds, git=True)
    else:
        yield Row("submits, 100 files, git", None, note="git is not installed")


def measured(what: str, each: int, rounds: int, *, git: bool) -> Iterator[Row]:
    """Submits against plain copies; without git also what the disk gives in durable commits."""
    with ground() as place:
        make_project(place, git=git)
        time.sleep(SETTLED_S)
        rivals = [] if git else spoolers(place, slots=2)
        ours, copies, commits, *others = interleaved(
            rounds,
            submitting(place, each),
            copying(place, each),
            committing(place.folder / "anchor.db", each * 5),
            *(submits(item, each) for item in rivals),
        )
    budget = Budget(50, "median", at_least=True)
    yield Row(what, Samples(ours, "/s"), "plain copies, flushed", Samples(copies, "/s"), budget)
    if not git:
        yield Row(
            "  beside durable commits", Samples(ours, "/s"), "SQLite, TRUNCATE+FULL", Samples(commits, "/s")
        )
    for item, took in zip(rivals, others, strict=True):
        yield Row(
            f"  beside {item.name}", Samples(ours, "/s"), f"{item.name}, which copies and flushes nothing", Samples(took, "/s")
        )  # fmt: skip


def make_project(place: Ground, *, git: bool) -> None:
    for number in range(FILES):
        folder = place.project / f"package_{number % 10}"
        folder.mkdir(exist_ok=True)
        (folder / f"module_{number}.py").write_text(f"VALUE = {number}\n" * 100)
    (place.project / "train.py").write_text("print('trained')\n")
    if git:
        for words in (["init", "-q"], ["add", "-A"], [*IDENTITY, "commit", "-q", "-m", "All"]):
            subprocess.run(["git", *words], cwd=place.project, check=True)


def submitting(place: Ground, number: int) -> Callable[[], float]:
    """Submits a second; no queue processor is there to take them."""
    context = place.context("experiments")
    source = place.source(context, ["python3", "train.py"])

    def action() -> float:
        with context.store() as connection:
            begin = time.perf_counter()
            for _ in range(number):
                submit(context, connection, source)
            return number / (time.perf_counter() - begin)

    return action


def copying(place: Ground, number: int) -> Callable[[], float]:
    """Copies a second of the project's files, each flushed to the disk; the copies stay."""
    names = (place.folder / f"copy-{number}" for number in itertools.count())

    def action() -> float:
        begin = time.perf_counter()
        for _ in range(number):
            target = next(names)
            shutil.copytree(
                place.project, target, ignore=shutil.ignore_patterns(".git"), copy_function=shutil.copyfile
            )
            sync_file_system(target)
        return number / (time.perf_counter() - begin)

    return action


def committing(path: Path, number: int) -> Callable[[], float]:
    """Commits a second of one small row each, flushed to the disk."""

    def action() -> float:
        connection = sqlite3.connect(path, isolation_level=None)
        try:
            connection.execute("PRAGMA journal_mode = TRUNCATE")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("CREATE TABLE IF NOT EXISTS row (value TEXT)")
            begin = time.perf_counter()
            for _ in range(number):
                connection.execute("INSERT INTO row VALUES ('of a queue')")
            return number / (time.perf_counter() - begin)
        finally:
            connection.close()

    return action
