"""What pydantic found wrong → a sentence that says what to write instead."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from orp_tui.config.problems import Path, Problems, advised, nearest, shown, unknown
from orp_tui.config.spec import known_keys, model_at
from orp_tui.config.spec_types import kind_of

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError
    from pydantic_core import ErrorDetails

_EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "dict_type": "a mapping (key: value)",
    "model_type": "a mapping (key: value)",
    "model_attributes_type": "a mapping (key: value)",
    "tuple_type": "a list",
    "list_type": "a list",
}
_BOUNDS = {
    "greater_than_equal": ("at least", "ge"),
    "greater_than": ("more than", "gt"),
    "less_than_equal": ("at most", "le"),
    "less_than": ("less than", "lt"),
}


def report(
    error: ValidationError, model: type[BaseModel], base: Path, value: Any, problems: Problems
) -> None:  # Any: what the file holds at `base`
    """Add all of `error`, found in the section at `base`, to `problems`."""
    details = error.errors(include_url=False)
    for detail in details:
        where = tuple(detail["loc"])
        if detail["type"] == "too_short" and any(_beneath(other["loc"], where) for other in details):
            continue  # The list is only short because its items are wrong.
        problems.add((*base, *_existing(where, value)), _message(detail, model, where))


def _beneath(path: Path, above: Path) -> bool:
    return len(path) > len(above) and path[: len(above)] == above


def _existing(path: Path, value: Any) -> Path:
    """`path` without the places that a single value has when it stands for a list."""
    kept: list[str | int] = []
    for part in path:
        if isinstance(part, int):
            if not isinstance(value, list):
                continue
            value = value[part] if part < len(value) else None
        else:
            value = value.get(part) if isinstance(value, dict) else None
        kept.append(part)
    return tuple(kept)


def _message(detail: ErrorDetails, model: type[BaseModel], where: Path) -> str:
    kind, found = detail["type"], detail["input"]
    context: dict[str, Any] = detail.get("ctx", {})
    if kind == "extra_forbidden":
        return unknown("key", str(where[-1]), known_keys(model_at(model, where[:-1])))
    if kind == "missing":
        return "is missing; it is needed here"
    if kind == "value_error":
        return str(context["error"])
    if kind == "literal_error":
        return _not_allowed(found, re.findall(r"'([^']*)'", str(context["expected"])))
    if kind in _EXPECTED:
        return f"must be {_EXPECTED[kind]}, not {kind_of(found)}" + _hint(kind, found)
    if kind in _BOUNDS:
        word, bound = _BOUNDS[kind]
        return f"must be {word} {context[bound]}, not {shown(str(found), 30)}"
    if kind in ("string_too_short", "too_short"):
        return "is empty; write at least one value, or take the key out"
    if kind == "string_pattern_mismatch":
        return f"{shown(str(found), 40)!r} does not have the form {context['pattern']}"
    return f"{detail['msg'][:200]}"


def _not_allowed(found: Any, allowed: list[str]) -> str:
    what = f'"{shown(found, 40)}"' if isinstance(found, str) else kind_of(found)
    close = nearest(found, allowed) if isinstance(found, str) else None
    return f"{what} is not allowed; {advised(close, 'allowed: ' + ', '.join(allowed))}"


def _hint(kind: str, found: Any) -> str:
    if kind == "string_type" and isinstance(found, (bool, int, float)):
        return "; put it in quotes"
    if (
        kind == "bool_type"
        and isinstance(found, str)
        and found.lower() in ("yes", "no", "on", "off", "y", "n")
    ):
        return "; YAML 1.2 knows only true and false"
    if kind in ("int_type", "float_type") and isinstance(found, str):
        return "; take the quotes off" if re.fullmatch(r"[-+0-9.eE]+", found) else ""
    return ""
