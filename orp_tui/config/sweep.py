"""The variants of a sweep, as far as they can be named before a run: grid and list."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from orp_tui.config.problems import Path, Problems, shown, unknown

if TYPE_CHECKING:
    from orp_tui.config.spec_stages import Sweep

Json = Any  # Any: a value as YAML gives it
MAX_VARIANTS = 10_000
_RANGE_KEYS = ("min", "max", "scale", "type")


def variants(sweep: Sweep) -> list[dict[str, Json]]:
    """What each variant sets, by dotted key of `training.config`, in the order of the file.

    Empty for random and optuna, whose variants are drawn when the sweep runs. `sweep` has
    passed `check_sweep`.
    """
    if sweep.method == "list":
        return [dict(item) for item in sweep.parameters]
    if sweep.method != "grid":
        return []
    keys = list(sweep.parameters)
    return [dict(zip(keys, values, strict=True)) for values in itertools.product(*sweep.parameters.values())]


def check_sweep(sweep: Sweep, problems: Problems) -> bool:
    """Whether the parameters fit the method; what is wrong goes to `problems`."""
    before = len(problems.found)
    path: Path = ("sweep", "parameters")
    if sweep.method == "list":
        if not isinstance(sweep.parameters, list) or not all(
            isinstance(i, dict) and i for i in sweep.parameters
        ):
            problems.add(path, "must be a list of mappings for `method: list`, one for each variant")
    elif not isinstance(sweep.parameters, dict):
        problems.add(path, f"must map each key to its values for `method: {sweep.method}`")
    else:
        for key, values in sweep.parameters.items():
            _check_values(sweep.method, values, (*path, key), problems)
    if sweep.method in ("random", "optuna") and sweep.samples is None:
        problems.add(("sweep",), f"`method: {sweep.method}` needs `samples`: how many variants")
    if sweep.method in ("grid", "list") and sweep.samples is not None:
        problems.add(("sweep", "samples"), f"has no meaning for `method: {sweep.method}`; take it out")
    if len(problems.found) == before and _count(sweep) > MAX_VARIANTS:
        problems.add(path, f"make {_count(sweep):,} variants; at most {MAX_VARIANTS:,} are allowed")
    return len(problems.found) == before


def _count(sweep: Sweep) -> int:
    if sweep.method == "list":
        return len(sweep.parameters)
    if sweep.method != "grid":
        return sweep.samples or 0
    count = 1
    for values in sweep.parameters.values():
        count *= len(values)
    return count


def _check_values(method: str, values: Json, path: Path, problems: Problems) -> None:
    if isinstance(values, list):
        if not values:
            problems.add(path, "has no values; write at least one, or take the key out")
    elif isinstance(values, dict) and method != "grid":
        _check_range(values, path, problems)
    else:
        more = "" if method == "grid" else ", or {min: …, max: …}"
        problems.add(path, f"must be a list of values{more}")


def _check_range(values: dict[str, Json], path: Path, problems: Problems) -> None:
    for key in values:
        if key not in _RANGE_KEYS:
            problems.add((*path, key), unknown("key", key, _RANGE_KEYS))
    low: Json = values.get("min")
    high: Json = values.get("max")
    if not _is_number(low) or not _is_number(high) or not low < high:
        problems.add(path, "needs numbers min and max, with min below max")
    elif values.get("scale") == "log" and low <= 0:
        problems.add((*path, "min"), "must be above 0 on a log scale")
    for key, allowed in (("scale", ("linear", "log")), ("type", ("float", "int"))):
        if values.get(key, allowed[0]) not in allowed:
            problems.add((*path, key), f"must be {' or '.join(allowed)}")


def _is_number(value: Json) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < float("inf")


def with_values(config: dict[str, Json], values: dict[str, Json]) -> dict[str, Json]:
    """`config` with each dotted key of `values` set; neither is changed.

    A key that `config` holds with its dots is taken as it stands. Raises ValueError if a
    dotted key leads through something that is no mapping.
    """
    result = config
    for key, value in values.items():
        result = _with_value(result, [key] if key in config else key.split("."), value)
    return result


def _with_value(config: dict[str, Json], parts: list[str], value: Json) -> dict[str, Json]:
    first, *rest = parts
    if not rest:
        return {**config, first: value}
    inner = config.get(first, {})
    if not isinstance(inner, dict):
        raise ValueError(
            f"{shown(first)} holds a value, so {shown('.'.join(parts))} cannot be set beneath it"
        )
    return {**config, first: _with_value(inner, rest, value)}


def value_at(config: dict[str, Json], key: str) -> Json:
    """What `config` holds under a dotted key; None if nothing."""
    if key in config:
        return config[key]
    value: Json = config
    for part in key.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value
