"""What the names of metrics tell: in which order they are shown, and in which unit."""

from __future__ import annotations

import re
from collections.abc import Iterable

from orp_tui.core.words import byte_number, number

_FIRST = ("loss", "accuracy", "acc", "f1", "auc", "reward", "perplexity")
"""What a run is usually judged by; the part of a name that is looked at is its last."""
_LAST = re.compile(
    r"lr|learning_rate|epoch|epochs|.*(?:per_second|_per_sec|/s|_time|_seconds|seconds|runtime)",
    re.IGNORECASE,
)
_BYTES = re.compile(r"sys/(?:(?:gpu\d+/)?memory|(?P<rate>read|write))(?: \[.*)?", re.DOTALL)
"""Of the samples of the machine; the name of the source may stand behind."""
_SYSTEM = ("sys/", "system/", "_")


def in_order(names: Iterable[str], primary: str | None = None) -> list[str]:
    """`primary` first, then losses and scores, training before validation, then the rest as it came."""
    return sorted(names, key=lambda name: (name != primary, _rank(name)))


def _rank(name: str) -> int:
    """Smaller is shown earlier."""
    words = re.split(r"[/._\-\s:]+", name.lower().strip("_"))
    if is_system(name):
        return 300
    if is_schedule(name):
        return 200
    place = next((place for place, word in enumerate(_FIRST) if word in words), None)
    if place is None:
        return 100
    side = 1 if {"val", "valid", "validation", "eval", "dev"} & set(words) else 2 if "test" in words else 0
    return 10 * min(place, 3) + side


def is_system(name: str) -> bool:
    """Whether it tells of the machine, not of the training."""
    return name.startswith(_SYSTEM)


def is_schedule(name: str) -> bool:
    """Whether it tells how the training goes on, as learning rate, epoch and speed do: no run is judged by it."""
    return _LAST.fullmatch(name.rpartition("/")[2]) is not None


def bytes_in(name: str) -> str | None:
    """`""` for a metric that counts bytes, `"/s"` for bytes a second, None for any other."""
    found = _BYTES.fullmatch(name)
    if found is None:
        return None
    return "/s" if found["rate"] else ""


def measured(name: str, value: float) -> str:
    """The value of a metric as people read it: `0.31`, `9.33 MB`, `1.2 kB/s`."""
    per = bytes_in(name)
    return number(value) if per is None else f"{byte_number(value)}{per}"
