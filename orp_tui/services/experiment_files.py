"""The experiment files that folders and names mean, and the runs that they describe."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path

from orp_tui.config.settings import PROJECT_FILE
from orp_tui.core.errors import ConfigError, UsageError
from orp_tui.core.problem import Problem
from orp_tui.services.context import Context
from orp_tui.services.submission import Source
from orp_tui.services.submit import sources_of_file

YAML = (".yaml", ".yml")


@dataclasses.dataclass(frozen=True)
class Found:
    """What there is to submit in folders and files."""

    files: tuple[Path, ...]
    """In the order given, a folder's by name; each once."""
    skipped: tuple[tuple[Path, str], ...]
    """Files of the folders that are no experiments, and why not."""


def experiment_files(places: Sequence[Path]) -> Found:
    """The experiment files that are named, and those of the folders that are named.

    Raises UsageError for a folder without any, or one that can't be read.
    """
    files: dict[str, Path] = {}
    skipped: list[tuple[Path, str]] = []
    for place in places:
        if not place.is_dir():
            files.setdefault(os.path.realpath(place), place)
            continue
        try:
            inside = sorted(path for path in place.iterdir() if path.suffix in YAML and not path.is_dir())
        except OSError as error:
            raise UsageError(f"{place}: {error.strerror}") from error
        why = {path: no_experiment(path) for path in inside}
        skipped += [(path, reason) for path, reason in why.items() if reason is not None]
        good = [path for path, reason in why.items() if reason is None]
        if not good:
            raise UsageError(
                f"{place}: no experiment file in it; an experiment has the key experiment or training"
            )
        for path in good:
            files.setdefault(os.path.realpath(path), path)
    return Found(tuple(files.values()), tuple(skipped))


def no_experiment(path: Path) -> str | None:
    """Why a YAML file is no experiment; None if it is one, or was meant to be."""
    from orp_tui.config.problems import Problems
    from orp_tui.config.yaml_source import decode, parse, read_bytes

    if path.name == PROJECT_FILE:
        return "the settings of a project"
    try:
        problems = Problems(str(path))
        text = decode(read_bytes(path, problems), problems)
    except ConfigError:
        return None  # unreadable: the loader says how
    try:
        value = parse(text, problems).value
    except ConfigError:
        lines = text.splitlines()
        meant = any(line.startswith(("experiment:", "training:")) for line in lines)
        return None if meant else "no YAML that ORP reads, and without the key experiment or training"
    if isinstance(value, dict) and ("experiment" in value or "training" in value):
        return None
    return "without the key experiment or training"


def sources_of_files(
    context: Context, files: Sequence[Path], *, seed: Sequence[int] = (), overrides: tuple[str, ...] = ()
) -> list[Source]:
    """The runs of all files; `seed` and `overrides` are those of `plan_runs`.

    Raises ConfigError with every problem of every file.
    """
    found: list[Source] = []
    problems: list[Problem] = []
    for path in files:
        try:
            described = sources_of_file(context, path, seed=seed, overrides=overrides)
        except ConfigError as error:
            problems += error.problems
            continue
        for key in dict.fromkeys(key for source in described for key in source.plan.not_yet):
            problems.append(Problem(str(path), None, key, "not yet: this version can't do it"))
        found += described
    if problems:
        raise ConfigError(problems)
    return found
