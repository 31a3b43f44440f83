"""What the metric reader makes of a log, line by line: for whoever wonders why a curve is not there."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from orp_tui.core.errors import UsageError
from orp_tui.core.layout import STDERR_NAME, STDOUT_NAME
from orp_tui.files.atomic import read_json
from orp_tui.logs.source import split_reference
from orp_tui.metrics.readers.stdout import StdoutReader
from orp_tui.metrics.stdout.parser import Record
from orp_tui.metrics.stdout.pieces import Piece
from orp_tui.metrics.stdout.text import plain
from orp_tui.services.context import open_context
from orp_tui.services.log_places import log_places
from orp_tui.services.reference import find_run, store_of
from orp_tui.services.unpacked_metrics import unpacked

MOST_MISSES = 20
Progress = Callable[[int, int], None]
"""Is told bytes read and bytes in all."""


@dataclasses.dataclass(frozen=True)
class Rules:
    """What an experiment file says of reading logs."""

    patterns: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    def __add__(self, more: Rules) -> Rules:
        return Rules(self.patterns + more.patterns, self.include + more.include, self.exclude + more.exclude)


@dataclasses.dataclass(frozen=True)
class Log:
    """A log to look at."""

    reference: str
    """A path, or `path.zip::member`."""
    run_id: str | None = None
    rules: Rules = Rules()
    """Those of its run."""


@dataclasses.dataclass(frozen=True)
class Match:
    """A line that was read as metrics."""

    line: int
    """Counted from 1; of a table the last."""
    text: str
    """The line, text from outside."""
    record: Record


@dataclasses.dataclass(frozen=True)
class NearMiss:
    """A line with names and numbers that was not."""

    line: int
    text: str
    reason: str


@dataclasses.dataclass(frozen=True)
class Ending:
    """What is known when all of a log was read."""

    lines: int
    matched: int
    """Lines that something was read from."""
    misses: Sequence[NearMiss]
    """The first 20."""
    missed: int
    """How many there were."""
    too_long: int
    """Lines of more than 4 KiB, which are not looked at."""
    trouble: str
    """Which patterns can't be used, in words; empty if all can."""


def find_log(reference: str, *, stderr: bool = False, base_dir: str | None = None) -> Log:
    """What `reference` means: a file, a member of a zip, or what a run printed to stdout, or to stderr.

    Raises RunNotFound if nothing answers.
    """
    name = STDERR_NAME if stderr else STDOUT_NAME
    if split_reference(reference)[1] is not None:
        return Log(reference)
    path = Path(reference)
    if path.is_file():
        return Log(f"{reference}::{name}" if reference.endswith(".zip") else reference)
    if path.is_dir() and (path / name).is_file():
        return Log(str(path / name), rules=_rules_of(path / "request.json"))
    context = open_context(base_dir=base_dir)
    with store_of(context, reference) as connection:
        run = find_run(connection, reference, context.paths)
    places = log_places(context, run.id)
    return Log(
        places.stderr if stderr else places.stdout, run.id, _rules_of(context.paths.run(run.id).request)
    )


def rules_of_file(path: Path) -> Rules:
    """What an experiment file says. Raises ConfigError if it is invalid."""
    from orp_tui.config.loader import load_experiment_file

    metrics = load_experiment_file(path).spec.metrics
    return Rules() if metrics is None else Rules(metrics.patterns, metrics.include, metrics.exclude)


def checked(patterns: Sequence[str]) -> tuple[str, ...]:
    """Patterns of a command line, by the rules of the experiment file; raises UsageError for one that breaks them."""
    import re

    for pattern in patterns:
        if "(?P<" not in pattern:
            raise UsageError(f"{pattern}: names no value; write (?P<loss>…) around each number")
        try:
            re.compile(pattern)
        except (re.error, OverflowError, RecursionError) as error:
            raise UsageError(f"{pattern}: is no regular expression: {error}") from error
    return tuple(patterns)


def read_log(
    log: Log, rules: Rules, matched: Callable[[Match], None], progress: Progress | None = None
) -> Ending:
    """Read all of it; `matched` is called for each line that counts, in the order in which they come to count.

    Raises UsageError if it can't be read.
    """
    if "::" not in log.reference or os.path.lexists(log.reference):
        return _Reading(log, rules, matched).through(log.reference, progress)
    with unpacked(log.reference) as path:
        if path is None:
            raise UsageError(f"{log.reference}: is not there, or holds nothing that can be read")
        return _Reading(log, rules, matched).through(path, progress)


class _Reading:
    """One log, once."""

    def __init__(self, log: Log, rules: Rules, matched: Callable[[Match], None]) -> None:
        self._log, self._rules, self._matched = log, rules, matched
        self._misses: list[NearMiss] = []
        self._missed = 0
        self._lines: set[int] = set()

    def through(self, path: str, progress: Progress | None) -> Ending:
        rules = self._rules
        reader = StdoutReader(
            path,
            follow_links=self._log.run_id is None,
            patterns=rules.patterns,
            include=rules.include,
            exclude=rules.exclude,
            missed=self._miss,
        )
        size = os.path.getsize(path) if os.path.exists(path) else 0
        while True:
            news = reader.look(final=True)
            if news.trouble:
                raise UsageError(f"{self._log.reference}: {news.trouble}")
            for record in news.records:
                self._lines.add(record.line)
                self._matched(Match(record.line, plain(record.raw), record))
            if progress is not None and size:
                progress(min(reader.mark["offset"], size), size)
            if not news.more:
                break
        if reader.unfinished:
            self._missed += 1
            self._add_miss(
                reader.lines + 1,
                plain(reader.unfinished),
                "the line has no end: its last number may be cut off",
            )
        return Ending(
            reader.lines + bool(reader.unfinished),
            len(self._lines),
            self._misses,
            self._missed,
            reader.skipped,
            reader.trouble,
        )

    def _miss(self, piece: Piece, reason: str) -> None:
        self._missed += 1
        self._add_miss(piece.line, plain(piece.raw), reason)

    def _add_miss(self, line: int, text: str, reason: str) -> None:
        if len(self._misses) < MOST_MISSES:
            self._misses.append(NearMiss(line, text, reason))


def _rules_of(request: Path) -> Rules:
    """What the run's own experiment says; nothing if it can't be read."""
    try:
        found: Mapping[str, Any] = read_json(request)["experiment"]["metrics"]  # type: ignore[index]
        return Rules(*(tuple(map(str, found.get(key) or ())) for key in ("patterns", "include", "exclude")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Rules()
