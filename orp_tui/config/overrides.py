"""`--set a.b=1`: values from the command line laid over those of the file.

A path that begins with the name of a section goes there (`queue.priority=high`), every
other into `training.config` (`optimizer.name=sgd`). Values are read as YAML 1.2 reads
them. In `training.config` only keys that the file has can be set, so that a misspelt one
is seen; `+key=value` adds one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from orp_tui.config.problems import Path, Problems, advised, nearest, shown
from orp_tui.config.scalars import BadScalar, resolve_plain
from orp_tui.config.secret_rule import secrets_in
from orp_tui.config.spec import SECTIONS, ExperimentSpec
from orp_tui.config.validate import validated
from orp_tui.config.yaml_source import decode, parse
from orp_tui.core.errors import ConfigError

Json = Any  # Any: a value as YAML gives it
CONFIG: Path = ("training", "config")


@dataclasses.dataclass(frozen=True)
class Override:
    """One value to set."""

    path: Path
    """From the top of the file."""
    value: Json
    """As YAML reads it."""
    written: str
    """As the command line has it."""
    adds: bool
    """A key of `training.config` that the file lacks is added."""


def overridden(
    tree: Json, written: dict[Path, str], overrides: Sequence[str], file: str
) -> tuple[ExperimentSpec, Json]:
    """The spec and the tree of a file with `overrides` laid over it.

    Raises ConfigError with all that is wrong; a value from the command line has no line.
    """
    problems = Problems(f"{file} with --set")
    words = dict(written)
    for text in overrides:
        found = read_override(text, problems)
        if found is None:
            continue
        for path, why in secrets_in(_nested(found.path, found.value)):
            problems.add(path, f"{why}; set it in the environment instead")
        tree = _set(tree, found, problems)
        words = {path: word for path, word in words.items() if path[: len(found.path)] != found.path}
        if isinstance(found.value, (bool, int, float)):
            words[found.path] = found.written
    problems.raise_any()
    spec = validated(tree, words, problems)
    if spec is None:
        raise ConfigError(problems.sorted())
    return spec, tree


def read_override(text: str, problems: Problems) -> Override | None:
    """What `a.b=1` sets; None, with a problem, if it is not of that form."""
    name, equals, value = text.partition("=")
    adds = name.startswith("+")
    parts = name.removeprefix("+").strip().split(".")
    if not equals or not all(parts):
        problems.add((), f"--set {shown(text)}: must be key=value, such as learning_rate=0.01")
        return None
    path: Path = tuple(int(part) if part.isdecimal() and place else part for place, part in enumerate(parts))
    path = path if parts[0] in SECTIONS else (*CONFIG, *path)
    return Override(path, _typed(value.strip(), problems, path), value.strip(), adds)


def _typed(text: str, problems: Problems, path: Path) -> Json:
    if text[:1] in ("[", "{", '"', "'"):
        inner = Problems("--set")
        try:
            return parse(decode(text.encode("utf-8", "surrogateescape"), inner), inner).value
        except ConfigError as error:
            problems.add(path, f"{shown(text)}: {error.problems[0].message}")
            return None
    try:
        return resolve_plain(text)
    except BadScalar as error:
        problems.add(path, str(error))
        return None


def _nested(path: Path, value: Json) -> Json:
    for part in reversed(path):
        value = {str(part): value}
    return value


def _set(value: Json, override: Override, problems: Problems) -> Json:
    in_config = override.path[:2] == CONFIG

    def put(value: Json, depth: int) -> Json:
        part = override.path[depth]
        last = depth == len(override.path) - 1
        if isinstance(value, list) or (value is None and isinstance(part, int)):
            value = value or []
            if not isinstance(part, int) or part >= len(value):
                problems.add(override.path, f"there is no item {shown(str(part))}; the list has {len(value)}")
                return value
            item = override.value if last else put(value[part], depth + 1)
            return [item if place == part else old for place, old in enumerate(value)]
        key = str(part)
        if value is not None and not isinstance(value, dict):
            problems.add(override.path, "stands beneath a value that is no mapping; set that one instead")
            return value
        inner = value or {}
        if in_config and depth >= len(CONFIG) and key not in inner and not override.adds:
            problems.add(override.path, _not_in_config(key, override, inner))
            return value
        return {**inner, key: override.value if last else put(inner.get(key), depth + 1)}

    return put(value, 0)


def _not_in_config(key: str, override: Override, config: dict[str, Json]) -> str:
    close = nearest(key, config)
    name = shown(".".join(str(part) for part in override.path[len(CONFIG) :]))
    return f"is not in training.config; {advised(close, f'write --set +{name}=… to add it')}"
