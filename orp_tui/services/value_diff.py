"""What differs in config and environment between two runs, or between a run and its Python of now."""

from __future__ import annotations

import contextlib
import dataclasses
import json
from collections.abc import Mapping
from typing import Any

from orp_tui.core.run import Run
from orp_tui.core.secrets import mask_named
from orp_tui.services.code_diff import HasId, read_record, request_of
from orp_tui.services.context import Context
from orp_tui.workspace import private_environment

Json = dict[str, Any]  # Any: values as JSON gives them


@dataclasses.dataclass(frozen=True)
class ValueChange:
    """A value that differs, as text that may be shown."""

    name: str
    before: str | None
    """None: was not there."""
    after: str | None
    """None: is not there any more."""


def compare_config(context: Context, before: HasId, after: HasId) -> list[ValueChange]:
    """The values of two experiments that differ, by dotted key: those of `training.config` first, by their own."""
    old, new = (request_of(context, run) for run in (before, after))
    changes = _changes(_flat(old.config), _flat(new.config))
    rest = _changes(_flat(_without_config(old.experiment)), _flat(_without_config(new.experiment)))
    if old.seed != new.seed and not any(item.name == "seed" for item in changes):
        changes.append(ValueChange("seed", _word(old.seed), _word(new.seed)))
    return [*changes, *rest]


def _without_config(experiment: Json) -> Json:
    training = {name: value for name, value in (experiment.get("training") or {}).items() if name != "config"}
    return {**experiment, "training": training}


def _flat(value: object, prefix: str = "") -> dict[str, object]:
    """Dotted key → value; lists are values, empty mappings too."""
    if isinstance(value, dict) and (value or not prefix):
        found: dict[str, object] = {}
        for name, inner in value.items():
            found |= _flat(inner, f"{prefix}.{name}" if prefix else str(name))
        return found
    return {prefix: value}


def _changes(old: Mapping[str, object], new: Mapping[str, object]) -> list[ValueChange]:
    names = [*old, *(name for name in new if name not in old)]
    return [
        ValueChange(name, _shown(name, old), _shown(name, new))
        for name in names
        if (name in old, old.get(name)) != (name in new, new.get(name))
    ]


def _shown(name: str, values: Mapping[str, object]) -> str | None:
    """A value as it may be shown; None if there is none of that name."""
    if name not in values:
        return None
    return mask_named(name.rpartition(".")[2], _word(values[name]) or "null")


def _word(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


_OF_ONE_RUN = frozenset(
    {
        "ORP_RUN_ID", "ORP_RUN_DIR", "ORP_OUTPUT_DIR", "ORP_CONFIG_FILE", "ORP_METRICS_FILE", "ORP_SEED", "PWD",
        "MASTER_PORT", "PET_MASTER_PORT",
    }
)  # fmt: skip
"""Variables that are never the same in two runs, and say nothing of either."""


def compare_environment(before: Json, after: Json) -> dict[str, list[ValueChange]]:
    """What differs between two `environment.json`, by subject: python, packages, variables, host."""
    old, new = (environment_parts(record) for record in (before, after))
    return {name: found for name in old if (found := _changes(old[name], new[name]))}


def environment_parts(record: Json) -> dict[str, Mapping[str, object]]:
    """What an `environment.json` holds, by subject: python, packages, variables, host. Nothing of it is masked;
    what ORP gives each run anew is left out."""
    python = dict(record.get("python") or {})
    packages, editable = python.pop("packages", None) or {}, python.pop("editable", None) or {}
    shown = record.get("values") or {}
    return {
        "python": python,
        "packages": {**packages, **{f"{name} (editable)": folder for name, folder in editable.items()}},
        "variables": {
            name: shown.get(name, "(set)") for name in record.get("names") or () if name not in _OF_ONE_RUN
        },
        "host": record.get("host") or {},
    }


def environment_now(context: Context, run: Run, record: Json) -> Json:
    """The record as it would be now: its interpreter asked again; variables and host as they were.

    Raises SubmitRefused if the interpreter can't be asked any more.
    """
    from orp_tui.workspace import interpreter

    python = record.get("python")
    if not python:
        return record
    variables: dict[str, str] = {}
    with contextlib.suppress(OSError):  # it says little about an interpreter
        variables = private_environment.read_private(context.paths.run(run.id).environment_private)
    found = interpreter.query(python["path"], variables, context.paths.state / "interpreters")
    now = {
        **python,
        "version": found.version,
        "prefix": found.prefix,
        "base_prefix": found.base_prefix,
        "packages": dict(found.packages),
        "editable": {item.name: item.folder for item in found.editables},
    }
    return {**record, "python": now}


def environment_of(context: Context, run: HasId) -> Json:
    """`environment.json` of a run; empty if it can't be read."""
    return read_record(context.paths.run(run.id).environment) or {}
