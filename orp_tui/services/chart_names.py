"""What the runs of one chart are called, and which of them differ by their seed only."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from typing import Any

from orp_tui.core.ids import with_short_ids
from orp_tui.core.words import number

Json = dict[str, Any]  # Any: values as JSON gives them

_MOST_VALUES = 2
"""Config values in a name; more would leave no room for the line."""


def names_of(requests: Mapping[str, Json]) -> list[str]:
    """A name for each run, by its id: as short as tells it from the others.

    The experiment's name, then the config values in which runs of that name differ, then the
    short id.
    """
    firsts = [str(request.get("name", "")) for request in requests.values()]
    configs = [_flat(request.get("config")) for request in requests.values()]
    names = []
    for place, run_id in enumerate(requests):
        alike = [other for other, name in enumerate(firsts) if name == firsts[place]]
        words = _differing(configs, place, alike) if len(alike) > 1 else []
        names.append(" ".join([firsts[place] or run_id, *words]))
    return [
        name if names.count(name) == 1 else f"{name} {with_short_ids(run_id)}"
        for name, run_id in zip(names, requests, strict=True)
    ]


def seeds_of(request: Json) -> str | None:
    """The same text for runs of one batch that differ by nothing but their seed; None for others."""
    whole = copy.deepcopy(request.get("experiment"))
    training = whole.get("training") if isinstance(whole, dict) else None
    if request.get("seed") is None or request.get("batch") is None or not isinstance(training, dict):
        return None
    training.pop("seeds", None)
    config = training.get("config")
    if isinstance(config, dict):
        config.pop(str(training.get("seed_key", "seed")), None)
    return json.dumps([request["batch"], request.get("name"), request.get("tree"), whole], sort_keys=True)


def group_names(requests: Sequence[Json]) -> list[str]:
    """What a group of seeds is called, for each of its runs: the name, and how it differs from other groups."""
    groups: dict[str, int] = {}
    for place, request in enumerate(requests):
        seeds = seeds_of(request)
        if seeds is not None:
            groups.setdefault(seeds, place)
    bare = {str(place): _without_seed(requests[place]) for place in groups.values()}
    called = dict(zip(groups, names_of(bare), strict=True)) if bare else {}
    return [called.get(seeds_of(request) or "", "") for request in requests]


def _without_seed(request: Json) -> Json:
    key = str(
        request["experiment"]["training"].get("seed_key", "seed")
    )  # `seeds_of` has seen that it is there
    config = request.get("config")
    kept = {name: value for name, value in config.items() if name != key} if isinstance(config, dict) else {}
    return {"name": request.get("name", ""), "config": kept}


def _differing(configs: Sequence[Mapping[str, str]], place: int, alike: Sequence[int]) -> list[str]:
    """`lr=0.1`, for the values of which runs of that name have different ones."""
    mine = configs[place]
    keys = [key for key in mine if any(configs[other].get(key) != mine[key] for other in alike)]
    return [f"{key}={mine[key]}" for key in keys[:_MOST_VALUES]]


def _flat(config: Any, before: str = "") -> dict[str, str]:  # Any: as JSON
    """Dotted key → value in words."""
    if not isinstance(config, dict):
        return {}
    found: dict[str, str] = {}
    for key, value in config.items():
        if isinstance(value, dict):
            found |= _flat(value, f"{before}{key}.")
        else:
            found[f"{before}{key}"] = number(value) if isinstance(value, float) else str(value)
    return found
