"""How long the lists and mappings of an experiment file may be, checked before anything else looks at them.

What is free in content (`training.config`, `metadata`, the values of a sweep) is bounded by the size
of the file alone; the rest is held against rules, some of which compare every item with every other.
"""

from __future__ import annotations

from typing import Any

from orp_tui.config.problems import Path, Problems

Json = Any  # Any: a value as YAML gives it

MAX_ITEMS = 10_000
"""Of a list or mapping without a limit of its own."""
_OWN: dict[Path, int] = {
    ("training", "seeds"): 1000,
    ("stages",): 1000,
    ("deliverables",): 1000,
    ("stages", 0, "deliverables"): 1000,
    ("notify",): 1000,
    ("metrics", "alerts"): 200,
    ("stages", 0, "needs"): 100,
    ("sweep", "parameters", 0): 1000,
}
_MOST_KEYS: dict[Path, int] = {("sweep", "parameters"): 1000}
"""For a place that also takes a list, which may be longer."""
_COMMANDS = frozenset(
    {("training", "script"), ("training", "resume"), ("stages", 0, "script"), ("stages", 0, "resume")}
)
MAX_COMMAND = 128 * 1024
"""Characters of a command in one text: what Linux hands on as one argument."""
_FREE = frozenset({("training", "config"), ("stages", 0, "config")})


def check_lengths(value: Json, path: Path, problems: Problems) -> bool:
    """Whether nothing at or beneath `path` is too long; what is goes to `problems`."""
    return _check(value, path, tuple(0 if isinstance(part, int) else part for part in path), problems)


def _check(value: Json, path: Path, plain: Path, problems: Problems) -> bool:
    if isinstance(value, str) and plain in _COMMANDS and len(value) > MAX_COMMAND:
        problems.add(path, f"has {len(value):,} characters; at most {MAX_COMMAND:,} fit a command line")
        return False
    if not isinstance(value, (dict, list)) or _is_free(plain):
        return True
    most = _MOST_KEYS.get(plain) if isinstance(value, dict) else None
    most = most or _OWN.get(plain, MAX_ITEMS)
    if len(value) > most:
        what = "keys" if isinstance(value, dict) else "items"
        problems.add(path, f"has {len(value):,} {what}; at most {most:,} are read here")
        return False
    good = True
    for key, item in value.items() if isinstance(value, dict) else enumerate(value):
        inner = 0 if isinstance(key, int) else key
        good = _check(item, (*path, key), (*plain, inner), problems) and good
    return good


def _is_free(plain: Path) -> bool:
    if plain[0] == "metadata":
        return len(plain) > 1 and plain[1:] != ("tags",)
    if plain[:2] == ("sweep", "parameters"):  # a list of variants, or lists of values by their key
        return len(plain) > 2 and plain[2:] != (0,)
    return plain in _FREE
