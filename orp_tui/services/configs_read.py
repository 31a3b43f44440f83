"""One YAML file → what the tree shows of it: an experiment, something broken, or something else."""

from __future__ import annotations

import dataclasses
import enum
import os
import re
from pathlib import Path

from orp_tui.core.errors import ConfigError
from orp_tui.core.problem import Problem


class Kind(enum.Enum):
    """What a YAML file is; the value is the word for it."""

    UNREAD = "reading"
    """Found, and not looked into yet."""
    VALID = "valid"
    INVALID = "invalid"
    """An experiment, or meant to be one, that can't be run as it is."""
    NOT_YET = "not yet"
    """A valid experiment that asks for what this version can't do."""
    OTHER = "other YAML"
    """YAML of somebody else."""


@dataclasses.dataclass(frozen=True)
class Reading:
    """What a file says."""

    kind: Kind
    experiment: str = ""
    """Its name; empty if it can't be told."""
    problems: tuple[Problem, ...] = ()
    """Everything that is wrong, in the order of the file; for OTHER why it is none."""
    warnings: tuple[Problem, ...] = ()
    """What is allowed and probably not meant."""
    runs: int = 0
    """How many runs it describes; 0 unless it is valid."""
    seeds: int = 0
    """How many seeds it names."""


UNREAD = Reading(Kind.UNREAD)


def read(path: Path) -> Reading | None:
    """What the file says; None if it is gone.

    Whatever the file is, it is neither waited for nor read beyond 1 MiB.
    """
    from orp_tui.config.loader import load_experiment_file
    from orp_tui.config.not_yet import not_yet
    from orp_tui.config.plan import plan_runs

    try:
        loaded = load_experiment_file(path)
        name = loaded.spec.experiment.name
        if missing := not_yet(loaded.spec):
            problems = tuple(_not_yet(path, key, loaded.lines) for key in missing)
            return Reading(Kind.NOT_YET, name, problems, loaded.warnings)
        plans = plan_runs(loaded)
    except ConfigError as error:
        return _not_valid(path, error.problems)
    except RecursionError:
        return Reading(Kind.INVALID, problems=(Problem(str(path), None, "", "is nested too deeply"),))
    seeds = len(loaded.spec.training.seeds or ())
    return Reading(Kind.VALID, name, (), loaded.warnings, len(plans), seeds)


def _not_valid(path: Path, problems: tuple[Problem, ...]) -> Reading | None:
    from orp_tui.services.experiment_files import no_experiment

    if not os.path.lexists(path):
        return None
    why = no_experiment(path)
    if why is None:
        return Reading(Kind.INVALID, problems=problems)
    return Reading(Kind.OTHER, problems=(Problem(str(path), None, "", why),))


def _not_yet(path: Path, key: str, lines: dict[tuple[str | int, ...], int]) -> Problem:
    """`key` may say the value too, as `training.resources.executor: slurm`."""
    name, _, value = key.partition(": ")
    parts = tuple(int(part) if part.isdecimal() else part for part in re.split(r"[.\[\]]+", name) if part)
    while parts and parts not in lines:
        parts = parts[:-1]
    words = f"{value}: not yet; this version can't do it" if value else "not yet; this version can't do it"
    return Problem(str(path), lines.get(parts), name, words)
