"""What a look at the machine and the base directory has found: one line, and what to do about it."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable, Iterable, Sequence

from orp_tui.core.errors import OrpError


class Level(enum.Enum):
    """How much a finding matters. Stored by value."""

    OK = "ok"
    NOTE = "note"
    """Worth knowing; nothing has to be done."""
    WARNING = "warning"
    """Something will go wrong some day."""
    PROBLEM = "problem"
    """Something does not work, or is about to lose data."""


@dataclasses.dataclass(frozen=True)
class Finding:
    """One line of `orp doctor`."""

    level: Level
    about: str
    """One word for what was looked at."""
    what: str
    """What is so, one line."""
    do: str | None = None
    """What to do about it, one line; None if nothing has to be done."""


def ok(about: str, what: str) -> Finding:
    """A finding that asks for nothing."""
    return Finding(Level.OK, about, what)


def note(about: str, what: str, do: str | None = None) -> Finding:
    """A finding that is worth knowing."""
    return Finding(Level.NOTE, about, what, do)


def warning(about: str, what: str, do: str | None = None) -> Finding:
    """A finding that may cost something later."""
    return Finding(Level.WARNING, about, what, do)


def problem(about: str, what: str, do: str | None = None) -> Finding:
    """A finding that costs something now."""
    return Finding(Level.PROBLEM, about, what, do)


def looked_at(about: str, check: Callable[[], Iterable[Finding]]) -> list[Finding]:
    """The findings of one check; a check that can't be made is a finding itself and hides no other."""
    found: list[Finding] = []
    try:
        found.extend(check())
    except (OSError, ValueError, KeyError, TypeError, OrpError) as error:
        found.append(warning(about, f"could not be looked at: {type(error).__name__}: {error}"))
    return found


def listed(names: Sequence[str], most: int = 3) -> str:
    """`a, b, c and 4 more`."""
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown
