"""Durable submits a second from one process: a project of 100 files, the same tree each time."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from orp_tui.services.submit import submit
from tests.benchmarks.ground import Ground, ground
from tests.benchmarks.measure import Budget, Row, Samples, interleaved

FILES = 100
IDENTITY = ["-c", "user.name=bench", "-c", "user.email=bench@localhost"]


def rows(*, quick: bool) -> Iterator[Row]:
    """Without and with git, which a submit asks what is tracked and changed."""
    each, rounds = (5, 2) if quick else (25, 5)
    yield measured("submits, 100 files, no git", each, rounds, git=False)
    if shutil.which("git"):
        yield measured("submits, 100 files, git", each, rounds, git=True)
    else:
        yield Row("submits, 100 files, git", None, note="git is not installed")


def measured(what: str, each: int, rounds: int, *, git: bool) -> Row:
    """One row; the anchor is what the file system gives in durable commits."""
    with ground() as place:
        make_project(place, git=git)
        ours, commits = interleaved(
            rounds, submitting(place, each), committing(place.folder / "anchor.db", each * 5)
        )
    return Row(
        what,
        Samples(ours, "/s"),
        "SQLite commits, TRUNCATE+FULL",
        Samples(commits, "/s"),
        Budget(50, "median", at_least=True),
    )


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
