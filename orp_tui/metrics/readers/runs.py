"""The runs that a tracking database holds, for those who look for sources."""

from __future__ import annotations

import dataclasses

MOST_RUNS = 1000


@dataclasses.dataclass(frozen=True, slots=True)
class RunInDatabase:
    """A run that somebody else tracked."""

    run: str
    """Its id: what the reader is given as `run`."""
    name: str
    """As people call it; text from outside."""
    started: float
    """Seconds since 1970; NaN if the database does not say."""
