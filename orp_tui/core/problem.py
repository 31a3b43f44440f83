"""One thing that is wrong in a file, and where."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Problem:
    """One line for the user: `file:line: key: what; what to do`."""

    file: str
    """As the user named it."""
    line: int | None
    """Counted from 1; None when the file as a whole is meant."""
    key: str
    """Dotted, as `deliverables[2].pattern`; empty when the file as a whole is meant."""
    message: str
    """What is wrong; what to do."""

    def __str__(self) -> str:
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{where}: {self.key}: {self.message}" if self.key else f"{where}: {self.message}"
