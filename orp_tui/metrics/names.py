"""In which order the metrics of a run are shown."""

from __future__ import annotations

import re
from collections.abc import Iterable

_FIRST = ("loss", "accuracy", "acc", "f1", "auc", "reward", "perplexity")
"""What a run is usually judged by; the part of a name that is looked at is its last."""
_LAST = re.compile(
    r"lr|learning_rate|epoch|epochs|.*(?:per_second|_per_sec|/s|_time|_seconds|seconds|runtime)",
    re.IGNORECASE,
)
_SYSTEM = ("sys/", "system/", "_")


def in_order(names: Iterable[str], primary: str | None = None) -> list[str]:
    """`primary` first, then losses and scores, training before validation, then the rest as it came."""
    return sorted(names, key=lambda name: (name != primary, _rank(name)))


def _rank(name: str) -> int:
    """Smaller is shown earlier."""
    words = re.split(r"[/._\-\s:]+", name.lower().strip("_"))
    if name.startswith(_SYSTEM):
        return 300
    if _LAST.fullmatch(name.rpartition("/")[2]):
        return 200
    place = next((place for place, word in enumerate(_FIRST) if word in words), None)
    if place is None:
        return 100
    side = 1 if {"val", "valid", "validation", "eval", "dev"} & set(words) else 2 if "test" in words else 0
    return 10 * min(place, 3) + side
