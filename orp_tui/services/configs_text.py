"""An experiment file as it is read by a person: its lines, and what is wrong in which of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path

from orp_tui.core.errors import ConfigError
from orp_tui.core.problem import Problem
from orp_tui.core.words import counted
from orp_tui.services.configs_read import Kind, Reading, read

MOST_LINES = 20_000
"""More than a mebibyte of sensible YAML has."""


@dataclasses.dataclass(frozen=True)
class ConfigText:
    """One file, read once."""

    path: Path
    lines: tuple[str, ...]
    """As they are in the file, less their ends: sanitise them. Empty if the file can't be read."""
    reading: Reading | None
    """What it says; None if it is gone."""

    @property
    def summary(self) -> str:
        """What it is, in a line."""
        if self.reading is None:
            return "the file is gone"
        if self.reading.kind is Kind.VALID:
            return f"valid: {counted(self.reading.runs, 'run')}"
        if self.reading.kind is Kind.INVALID:
            return counted(len(self.reading.problems), "problem")
        return str(self.reading.kind.value)

    def remarks(self) -> Mapping[int, tuple[Problem, ...]]:
        """Line from 1 → problems and warnings that stand there; under 0 those of the file as a whole.

        One that is found behind the last line, as a bracket that is never closed, stands at the last.
        """
        found: dict[int, list[Problem]] = {}
        reading = self.reading
        for problem in (*reading.problems, *reading.warnings) if reading is not None else ():
            found.setdefault(min(problem.line or 0, len(self.lines)), []).append(problem)
        return {line: tuple(problems) for line, problems in found.items()}


def read_text(path: Path) -> ConfigText:
    """The file as it is now. Raises nothing: what can't be read has no lines, and a reading that says why."""
    from orp_tui.config.problems import Problems
    from orp_tui.config.yaml_source import read_bytes

    reading = read(path)
    try:
        data = read_bytes(path, Problems(str(path)))
    except ConfigError:
        data = b""
    lines = data.decode("utf-8-sig", "replace").split("\n")
    if lines and not lines[-1]:
        lines.pop()
    return ConfigText(path, tuple(line.removesuffix("\r") for line in lines[:MOST_LINES]), reading)
