"""Arguments of the hidden verbs: `--name value` pairs, one flag, a run id; no parser to import."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from orp_tui.core.layout import BasePaths

_FLAGS = frozenset({"allow-network"})


@dataclasses.dataclass(frozen=True)
class Words:
    """What a hidden verb was called with."""

    paths: BasePaths
    options: dict[str, str]
    run_id: str
    """Empty where the verb is about no single run."""


def parse(argv: Sequence[str]) -> Words:
    """The words in order; raises KeyError if a path is missing, which only our own mistake can cause."""
    options: dict[str, str] = {}
    run_id = ""
    rest = iter(argv)
    for word in rest:
        name = word.removeprefix("--")
        if name == word:
            run_id = word
        else:
            options[name] = "1" if name in _FLAGS else next(rest)
    paths = BasePaths(*(Path(options[name]) for name in ("base", "runs", "artifacts", "state")))
    return Words(paths, options, run_id)
