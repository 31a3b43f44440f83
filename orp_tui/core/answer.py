"""What came of an act on one of many runs."""

from __future__ import annotations

import dataclasses

from orp_tui.core.states import RunState


@dataclasses.dataclass(frozen=True)
class Answer:
    """What came of an act on one run."""

    run_id: str
    state: RunState
    word: str
    """What was done, or why it could not be."""
    done: bool = True
