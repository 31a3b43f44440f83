"""A folder as a model: Hugging Face's layout with every shard, else the weights that lie in it."""

from __future__ import annotations

import posixpath
from typing import Any

from orp_tui.deliverables.context import Context, Target
from orp_tui.deliverables.documents import parse_json, read_bounded
from orp_tui.deliverables.findings import Broken, CannotTell, counted, shown
from orp_tui.deliverables.loadable import WEIGHTS, look_at_file

_CONFIGS = ("config.json", "adapter_config.json", "model_index.json")
_WHOLE = (
    "model.safetensors",
    "pytorch_model.bin",
    "adapter_model.safetensors",
    "adapter_model.bin",
    "tf_model.h5",
)
_NOT_WEIGHTS = ("training_args.bin", "optimizer.bin", "scheduler.bin", "random_states_0.pkl")
_TOKENIZER = (
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.txt",
    "vocab.json",
    "tokenizer.model",
    "spiece.model",
)


def look_at_folder(context: Context, target: Target) -> str:
    """A detail. Raises Broken if a shard, a weights file or config.json is missing or not whole."""
    names = {file.path.removeprefix(target.path.rstrip("/") + "/"): file.path for file in target.files}
    if target.path == ".":
        names = {file.path: file.path for file in target.files}
    if not names:
        raise Broken("an empty folder")
    config = next((name for name in _CONFIGS if name in names), None)
    if config is None or config == "model_index.json":
        return _loose_weights(context, names, config)
    if not isinstance(_json(context, names[config]), dict):
        raise Broken(f"{config} is no mapping")
    indexes = [
        name
        for name in names
        if name.endswith((".safetensors.index.json", ".bin.index.json")) and "/" not in name
    ]
    if indexes:
        return _sharded(context, names, indexes[0])
    whole = [name for name in _WHOLE if name in names]
    if not whole:
        return _loose_weights(context, names, config)
    detail = _named(context, names, whole[0])
    return f"Hugging Face folder, {whole[0]}: {detail}"


def _sharded(context: Context, names: dict[str, str], index: str) -> str:
    """Every shard that the index names is there and whole, and holds the tensors it is said to hold."""
    content = _json(context, names[index])
    weights = content.get("weight_map") if isinstance(content, dict) else None
    if not isinstance(weights, dict) or not weights:
        raise Broken(f"{index} has no weight_map")
    shards: dict[str, list[str]] = {}
    for tensor, shard in weights.items():
        shards.setdefault(str(shard), []).append(tensor)
    for shard in sorted(shards):
        if shard not in names:
            missing = sum(name not in names for name in shards)
            raise Broken(f"shard {shown(shard)} is missing ({missing:,} of {len(shards):,})")
        if shard.endswith(".safetensors"):
            _has_tensors(context, names[shard], shard, shards[shard])
        else:
            _named(context, names, shard)
    return f"Hugging Face folder, {counted(len(shards), 'shard')}, {counted(len(weights), 'tensor')}"


def _has_tensors(context: Context, path: str, shard: str, tensors: list[str]) -> None:
    from orp_tui.deliverables.formats.safetensors_file import look_at_safetensors

    try:
        with context.open(path) as file:
            held = look_at_safetensors(file).names
    except (Broken, CannotTell) as bad:
        raise type(bad)(f"{shown(shard)}: {bad}") from bad
    lacking = [name for name in tensors if name not in held]
    if lacking:
        raise Broken(f"{shown(shard)} lacks tensor {shown(lacking[0])}, which the index promises")


def _loose_weights(context: Context, names: dict[str, str], config: str | None) -> str:
    """Every file in the folder that has a known suffix of weights."""
    weights = sorted(
        name
        for name in names
        if name.lower().endswith(WEIGHTS) and posixpath.basename(name) not in _NOT_WEIGHTS
    )
    if not weights:
        if config is not None:
            raise Broken(f"{config}, but no weights beside it")
        tokenizer = next((name for name in _TOKENIZER if name in names), None)
        if tokenizer is None:
            raise CannotTell("don't know how to load this folder: no config.json and no weights in it")
        if tokenizer.endswith(".json"):
            _json(context, names[tokenizer])
        return f"tokenizer folder with {tokenizer}"
    for name in weights:
        detail = _named(context, names, name)
    return f"{name}: {detail}" if len(weights) == 1 else counted(len(weights), "weights file")


def _named(context: Context, names: dict[str, str], name: str) -> str:
    """As `look_at_file`, with the name in front of what is wrong."""
    try:
        return look_at_file(context, names[name])
    except (Broken, CannotTell) as bad:
        raise type(bad)(f"{shown(name)}: {bad}") from bad


def _json(context: Context, path: str) -> Any:  # Any: a value as JSON gives it
    try:
        with context.open(path) as file:
            return parse_json(read_bounded(file))
    except (Broken, CannotTell) as bad:
        raise type(bad)(f"{posixpath.basename(path)}: {bad}") from bad
