"""The config of a run as flat values without secrets, and what makes runs that differ by their seed alone the same."""

from __future__ import annotations

import functools
import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from orp_tui.core.past_run import Scalar
from orp_tui.core.secrets import MASK, is_secret_name, mask
from orp_tui.services.catalog_files import text_of
from orp_tui.store.catalog.entries import fits

Json = dict[str, Any]  # Any: values as JSON gives them

MOST_KEYS = 1_000
_DEEPEST = 16
_TRAINING = (
    "script", "shell", "pass_config", "booleans", "config_format", "env", "env_file", "environment", "workspace", "inputs",
    "seed_key",
)  # fmt: skip
"""What decides the outcome, as `config.plan.experiment_hash` has it, but for config and seed."""

_is_secret = functools.lru_cache(4096)(is_secret_name)
_masked_text = functools.lru_cache(4096)(mask)


def flat_config(config: object) -> dict[str, Scalar]:
    """Dotted key → value; lists, and mappings without keys, as JSON text. At most MOST_KEYS of them."""
    found: dict[str, Scalar] = {}
    for key, value in _leaves(config, "", 0):
        if len(found) >= MOST_KEYS:
            break
        found[text_of(key)] = value
    return found


def _leaves(value: object, key: str, depth: int) -> Iterator[tuple[str, Scalar]]:
    if isinstance(value, Mapping) and (value or not key) and depth < _DEEPEST:
        for name, inner in value.items():
            yield from _leaves(inner, f"{key}.{name}" if key else str(name), depth + 1)
    elif key:
        yield key, _scalar(key, value)


def _scalar(key: str, value: object) -> Scalar:
    if value is None or isinstance(value, bool):
        return value
    if _is_secret(key):
        return MASK
    if isinstance(value, str):
        return text_of(_masked_text(value) if len(value) < 200 else mask(value[:10_000]))
    if isinstance(value, int):
        return fits(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    try:
        return text_of(mask(json.dumps(_masked(value, 0), ensure_ascii=False)[:10_000]))
    except (TypeError, ValueError, RecursionError):
        return "…"


def _masked(value: object, depth: int) -> object:
    """A list or mapping without what stands under secret names."""
    if depth > _DEEPEST:
        return "…"
    if isinstance(value, Mapping):
        return {
            str(name): MASK
            if _is_secret(str(name)) and inner not in (None, "")
            else _masked(inner, depth + 1)
            for name, inner in value.items()
        }
    return [_masked(inner, depth + 1) for inner in value] if isinstance(value, list) else value


def variant_of(request: Json) -> str:
    """The same for runs whose requests differ by the seed alone; 16 hexadecimal digits.

    Made from the resolved experiment, whose command has no path of a run in it yet. Names, limits, resources
    and the queue change nothing in what is computed, and are not in it; the code has a hash of its own.
    """
    experiment = request.get("experiment")
    training = experiment.get("training") if isinstance(experiment, dict) else None
    decides: Json
    if isinstance(training, dict):
        seed_key = training.get("seed_key", "seed")
        decides = {key: training.get(key) for key in _TRAINING}
        decides["config"] = _unseeded(
            request.get("config"), seed_key if isinstance(seed_key, str) else "seed"
        )
    else:
        decides = {"argv": _placeless(request), "config": _unseeded(request.get("config"), "seed")}
    decides["deliverables"] = request.get("deliverables")
    try:
        data = msgspec.json.encode(decides, order="deterministic")
    except (msgspec.EncodeError, TypeError, ValueError, OverflowError, RecursionError):
        data = repr(decides).encode("utf-8", "replace")
    return hashlib.sha256(data).hexdigest()[:16]


def _unseeded(config: object, key: str) -> object:
    """The config without the seed in it."""
    if not isinstance(config, dict):
        return config
    if key in config:
        return {name: value for name, value in config.items() if name != key}
    first, dot, rest = key.partition(".")
    return {**config, first: _unseeded(config[first], rest)} if dot and first in config else config


def _placeless(request: Json) -> list[str]:
    """The command of a request without the name of its run's folder."""
    words = request.get("argv")
    run_id = str(request.get("id"))
    return [str(word).replace(run_id, "{run}") for word in words] if isinstance(words, list) else []
