"""Deliverables of the file → `core.checklist.Deliverable`, each check with exactly its own options."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from orp_tui.config.problems import Path, Problems, advised, nearest, shown, unknown
from orp_tui.config.values import parse_duration, parse_size
from orp_tui.core.checklist import Check, Deliverable

if TYPE_CHECKING:
    from orp_tui.config.spec_deliverables import DeliverableItem

Json = Any  # Any: a value as YAML gives it
OPERATORS = (">=", ">", "<=", "<", "==", "!=")


def _size(value: Json) -> int:
    return parse_size(value)


def _count(value: Json) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError("must be a whole number from 1")
    return value


def _rows(value: Json) -> int:
    return 0 if value == 0 and not isinstance(value, bool) else _count(value)


def _text(value: Json) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("must be text")
    return value


def _texts(value: Json) -> list[str]:
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, (list, tuple)) or not items or not all(isinstance(i, str) and i for i in items):
        raise ValueError("must be a list of texts")
    return list(items)


def _number(value: Json) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) < float("inf"):
        raise ValueError("must be a number")
    return value


def _flag(value: Json) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def _operator(value: Json) -> str:
    if value not in OPERATORS:
        raise ValueError(f"must be one of {' '.join(OPERATORS)}, in quotes")
    return str(value)


def _schema(value: Json) -> Json:
    if isinstance(value, dict):
        return value
    if not isinstance(value, str):
        raise ValueError("must be a JSON Schema, or the path of one inside the workspace")
    if value.startswith(("/", "~")) or ".." in value.split("/") or "\0" in value:
        raise ValueError("must be a path inside the workspace")
    return value


def _regex(value: Json) -> str:
    try:
        re.compile(_text(value))
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"is no regular expression: {error}") from error
    return str(value)


def _digest(value: Json) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[0-9a-fA-F]{64}", value):
        raise ValueError("must be 64 hexadecimal digits")
    return value.lower()


def _command(value: Json) -> Json:
    words = [value] if isinstance(value, str) else value
    if not isinstance(words, (list, tuple)) or not words or not all(isinstance(w, str) and w for w in words):
        raise ValueError("must be a command: a string or a list of words")
    return value if isinstance(value, str) else list(words)


@dataclasses.dataclass(frozen=True)
class Option:
    """One option of a check."""

    key: str
    """As the experiment file writes it."""
    read: Callable[[Json], Json]
    """The value for the check; raises ValueError with what it must be."""
    required: bool = False
    name: str = ""
    """As the check takes it; empty for the same as `key`."""


CHECKS: dict[str, tuple[Option, ...]] = {
    "exists": (),
    "min_size": (Option("min_size", _size, True, "bytes"),),
    "max_size": (Option("max_size", _size, True, "bytes"),),
    "min_count": (Option("min_count", _count, True, "count"),),
    "contains_keys": (Option("required_keys", _texts, True),),
    "threshold": (
        Option("metric", _text, True),
        Option("operator", _operator, True),
        Option("value", _number, True),
    ),
    "json_schema": (Option("schema", _schema, True),),
    "csv": (Option("columns", _texts), Option("min_rows", _rows), Option("no_nan", _flag)),
    "regex": (Option("pattern", _regex, True), Option("min_matches", _count)),
    "contains_sections": (Option("sections", _texts, True),),
    "image": (Option("min_width", _count), Option("min_height", _count)),
    "loadable": (),
    "sha256": (Option("sha256", _digest, True),),
    "fresh": (),
    "stable": (Option("seconds", parse_duration),),
    "command": (Option("command", _command, True), Option("timeout", parse_duration, False, "timeout_s")),
    "synced": (),
}
"""Each check's options; the first one may stand for the whole: `min_size: 10MB`."""

WORDS = ("exists_and_loadable", "matches_expected")
IMPLIED = ("min_size", "max_size", "min_count", "sha256")
"""Options that are checks by themselves: beside an item they need no mention in `validation`."""


def plug_in_checks() -> tuple[str, ...]:
    """Names of checks that installed plug-ins bring."""
    from importlib.metadata import entry_points

    return tuple(sorted(entry_points(group="orp.validators").names))


def deliverables(
    items: Sequence[DeliverableItem | None], base: Path, problems: Problems
) -> list[Deliverable]:
    """The items as the finaliser takes them; what is wrong with their checks goes to `problems`.

    None stands for an item that could not be read, and is left out.
    """
    return [
        Deliverable(
            index, item.type, item.path, item.required, tuple(_Item(item, (*base, index), problems).checks())
        )
        for index, item in enumerate(items)
        if item is not None
    ]


class _Item:
    """One deliverable's validation, on its way to checks."""

    def __init__(self, item: DeliverableItem, path: Path, problems: Problems) -> None:
        self.item, self.path, self.problems = item, path, problems
        given = item.model_dump(by_alias=True, exclude_unset=True)
        keys = {option.key for options in CHECKS.values() for option in options}
        self.beside = {key: value for key, value in given.items() if key in keys and value is not None}
        self.taken: set[str] = set()

    def checks(self) -> list[Check]:
        found: list[Check] = []
        for place, entry in enumerate(self.item.validation):
            where: Path = (*self.path, "validation")
            if len(self.item.validation) > 1:
                where = (*where, place)
            for name, own in _named(entry):
                for word in self.expanded(name, own, where):
                    check = self.check(word, own, where)
                    found += [check] if check else []
        names = {check.name for check in found}
        for name in IMPLIED:
            if name in self.beside and name not in self.taken and name not in names:
                implied = self.check(name, None, self.path)
                found += [implied] if implied else []
        for key in self.beside:
            if key not in self.taken:
                self.unused(key)
        if self.item.fresh and "fresh" not in names:
            found.append(Check("fresh"))
        return found

    def unused(self, key: str) -> None:
        takers = [name for name, options in CHECKS.items() if any(option.key == key for option in options)]
        self.problems.add(
            (*self.path, key),
            f"is taken by none of this item's checks; add {' or '.join(takers)} to validation, or take it out",
        )

    def expanded(self, name: str, own: Json, where: Path) -> list[str]:
        """The checks behind a word; unknown ones are a problem."""
        if name == "exists_and_loadable":
            return ["exists", "loadable"]
        if name == "matches_expected":
            given = {*self.beside, *(own if isinstance(own, dict) else {})}
            words = ["sha256"] if "sha256" in given else []
            if given & {"metric", "operator", "value"}:
                words.append("threshold")
            if not words:
                self.problems.add(
                    where,
                    "matches_expected needs sha256, or metric, operator and value; add what is expected",
                )
            return words
        if name not in CHECKS and name not in plug_in_checks():
            self.problems.add(
                where, f'"{shown(name)}" ' + unknown("check", name, [*CHECKS, *WORDS, *plug_in_checks()])
            )
            return []
        return [name]

    def check(self, name: str, own: Json, where: Path) -> Check | None:
        """The check with its options; None if a required one is missing or one is wrong."""
        if name not in CHECKS:
            return Check(name, dict(own) if isinstance(own, dict) else {} if own is None else {"value": own})
        options = CHECKS[name]
        given = self.options(name, options, own, where)
        if given is None:
            return None
        values: dict[str, Json] = {}
        good = True
        for option in options:
            if option.key in given:
                value, at = given[option.key], where
            elif option.key in self.beside:
                value, at = self.beside[option.key], (*self.path, option.key)
                self.taken.add(option.key)
            else:
                good = good and not option.required
                continue
            try:
                values[option.name or option.key] = option.read(value)
            except ValueError as error:
                self.problems.add(at, f"{name}: {option.key} {error}")
                good = False
        self.missing(name, options, given, where)
        return Check(name, values) if good else None

    def missing(self, name: str, options: tuple[Option, ...], given: dict[str, Json], where: Path) -> None:
        lacking = [o.key for o in options if o.required and o.key not in given and o.key not in self.beside]
        if lacking:
            self.problems.add(where, f"{name} needs {', '.join(lacking)}; write it beside `validation`")

    def options(
        self, name: str, options: tuple[Option, ...], own: Json, where: Path
    ) -> dict[str, Json] | None:
        """What stands under the check itself, by option key."""
        if own is None:
            return {}
        keys = [option.key for option in options]
        if name == "json_schema" and isinstance(own, dict) and "schema" not in own:
            return {"schema": own}
        if not isinstance(own, dict):
            if keys:
                return {keys[0]: own}
            self.problems.add(where, f"{name} takes no options; write its name alone")
            return None
        names = {option.name: option.key for option in options if option.name}
        for key in own:
            if key not in keys and key not in names and not self.word_takes(name, key):
                close = nearest(key, keys)
                known = ", ".join(keys) or "none"
                self.problems.add(
                    where, f'"{shown(key)}" is no option of {name}; {advised(close, f"its options: {known}")}'
                )
        return {str(names.get(key, key)): value for key, value in own.items() if value is not None}

    def word_takes(self, name: str, key: str) -> bool:
        """Options of `matches_expected` may belong to the other of its two checks."""
        both = {"sha256", "metric", "operator", "value"}
        words = [word for entry in self.item.validation for word, _ in _named(entry)]
        return "matches_expected" in words and name in ("sha256", "threshold") and key in both


def _named(entry: Json) -> list[tuple[str, Json]]:
    return [(entry, None)] if isinstance(entry, str) else list(entry.items())
