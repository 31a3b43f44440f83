"""An experiment file → a checked `ExperimentSpec`, or all that is wrong with it at once."""

from __future__ import annotations

import dataclasses
import hashlib
import pathlib
from typing import Any

from orp_tui.config.doubts import doubts
from orp_tui.config.problems import Path, Problems, dotted
from orp_tui.config.secret_rule import check_secrets
from orp_tui.config.spec import ExperimentSpec
from orp_tui.config.validate import validated
from orp_tui.config.yaml_source import decode, parse, read_bytes
from orp_tui.core.errors import ConfigError
from orp_tui.core.problem import Problem

Json = Any  # Any: a value as YAML gives it


@dataclasses.dataclass(frozen=True)
class LoadedExperiment:
    """A valid experiment file, and exactly the bytes that were checked."""

    path: pathlib.Path
    """As the caller named it."""
    spec: ExperimentSpec
    """What the file says."""
    data: bytes
    """The file as it was read; later changes of the file do not matter."""
    sha256: str
    """Of `data`."""
    lines: dict[Path, int]
    """Key path → line, counted from 1."""
    warnings: tuple[Problem, ...]
    """What is allowed and probably not meant."""
    tree: Json = dataclasses.field(repr=False)
    """The plain values of the file, before defaults."""
    written: dict[Path, str] = dataclasses.field(repr=False)
    """Key path → characters of a number or boolean, as the file has them."""


def load_experiment_file(path: pathlib.Path) -> LoadedExperiment:
    """The experiment that `path` describes.

    Raises ConfigError with everything that is wrong, in the order of the file; also when
    the file is missing, unreadable, too large or no regular file.
    """
    return load_experiment_bytes(read_bytes(path, Problems(str(path))), path)


def load_experiment_bytes(data: bytes, path: pathlib.Path) -> LoadedExperiment:
    """The experiment in `data`; `path` is what messages call it.

    Raises ConfigError as `load_experiment_file` does.
    """
    problems = Problems(str(path))
    text = decode(data, problems)
    document = parse(text, problems)
    problems.line_of = document.line_of
    check_secrets(document.value, text, problems)
    spec = validated(document.value, document.written, problems)
    if spec is None:
        raise ConfigError(problems.sorted())
    return LoadedExperiment(
        path=path,
        spec=spec,
        data=data,
        sha256=hashlib.sha256(data).hexdigest(),
        lines=document.lines,
        warnings=tuple(
            Problem(str(path), document.line_of(where), dotted(where), message)
            for where, message in doubts(spec)
        ),
        tree=document.value,
        written=document.written,
    )
