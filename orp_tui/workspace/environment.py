"""The training's environment, fixed at submit.

It is the submitter's shell, or what an activation made of it (`workspace.activation`), and never the
queue processor's. Variables that look like secrets are kept by name only and looked up at the
start. What of it may be shown is `engine.envrecord`'s business.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from orp_tui.core.secrets import is_secret_name, looks_like_secret
from orp_tui.workspace.plan import FreezePlan
from orp_tui.workspace.private_environment import source_of

SHIM = Path(__file__).resolve().parent.parent / "metrics" / "shim"
"""At the end of PYTHONPATH: `from orp_tui import log` where ORP is not installed."""

# Of the process that submits, not of the one that is started. Variables of an outer run are dropped
# by their prefix.
_DROPPED = frozenset({"_", "OLDPWD", "SHLVL", "PWD"})


@dataclasses.dataclass(frozen=True)
class FixedEnvironment:
    """What a training gets whenever it starts."""

    variables: dict[str, str]
    """Never a secret-shaped one."""
    late: tuple[str, ...]
    """Looked up at the start: `NAME`, or `NAME=SOURCE` for `{from_env: SOURCE}`."""

    @property
    def late_names(self) -> tuple[str, ...]:
        """Names of variables as the training sees them."""
        return tuple(entry.partition("=")[0] for entry in self.late)

    def missing(self, *known: Collection[str]) -> list[str]:
        """Names whose source is in none of `known` (names in an env_file, of the queue processor's environment)."""
        sources = ((entry.partition("=")[0], source_of(entry)) for entry in self.late)
        return [name for name, source in sources if not any(source in names for names in known)]


def capture(
    base: Mapping[str, str],
    training_env: Mapping[str, str | Mapping[str, str]],
    *,
    required: Collection[str] = (),
) -> FixedEnvironment:
    """`base` (the shell, or the outcome of `activation.activate`) with `training.env` over it.

    A value `{"from_env": NAME}` is looked up at the start; so are `required` names, and every
    variable of `base` whose name or value looks like a secret.
    """
    variables: dict[str, str] = {}
    late: dict[str, str] = dict.fromkeys(required, "")
    for name, value in base.items():
        if name.startswith("ORP_") or name in _DROPPED or name in late:
            continue
        if is_secret_variable(name, value):
            late[name] = ""
        else:
            variables[name] = value
    for name, given in training_env.items():
        if isinstance(given, str):
            variables[name] = given
            late.pop(name, None)
        else:
            variables.pop(name, None)
            late[name] = given["from_env"] if given["from_env"] != name else ""
    entries = (f"{name}={source}" if source else name for name, source in sorted(late.items()))
    return FixedEnvironment(variables, tuple(entries))


def is_secret_variable(name: str, value: str) -> bool:
    """By name or by value; the path of a file that exists is none, whatever its name."""
    if looks_like_secret(value):
        return True
    if not value or not is_secret_name(name):
        return False
    return not (value.startswith("/") and os.path.exists(value))


@dataclasses.dataclass(frozen=True)
class RunPlaces:
    """What a training is told about its run; absolute paths."""

    run_id: str
    run_dir: Path
    cwd: Path
    output_dir: Path
    config_file: Path
    metrics_file: Path
    seed: int | None


def for_run(
    fixed: FixedEnvironment,
    places: RunPlaces,
    *,
    code: Sequence[str] = (),
    explicit: Collection[str] = (),
    shim: Path | None = SHIM,
    plan: FreezePlan | None = None,
) -> dict[str, str]:
    """All variables of one run but those that are looked up at the start.

    With the `plan`, what would write into a linked environment is held back. `code`: folders that PYTHONPATH starts with, see `workspace.editable`. `explicit`: names set by
    `training.env`, which ORP's defaults leave alone.
    """
    variables = dict(fixed.variables)
    if "PYTHONUNBUFFERED" not in explicit:
        variables["PYTHONUNBUFFERED"] = "1"
    variables["PWD"] = str(places.cwd)
    variables["PYTHONPATH"] = python_path(variables.get("PYTHONPATH", ""), code, shim)
    variables |= {
        "ORP_RUN_ID": places.run_id,
        "ORP_RUN_DIR": str(places.run_dir),
        "ORP_OUTPUT_DIR": str(places.output_dir),
        "ORP_CONFIG_FILE": str(places.config_file),
        "ORP_METRICS_FILE": str(places.metrics_file),
    }
    if places.seed is not None:
        variables["ORP_SEED"] = str(places.seed)
    if plan is not None and any(item.software for item in plan.inputs):
        # `uv run` would install the workspace by reference into the environment that the project
        # and all other runs use.
        variables.setdefault("UV_NO_SYNC", "1")
    if not variables["PYTHONPATH"]:
        del variables["PYTHONPATH"]
    return variables


def python_path(existing: str, code: Sequence[str], shim: Path | None) -> str:
    """`code`, what was there (an empty entry means the working folder, and stays), the shim."""
    middle = existing.split(os.pathsep) if existing else []
    entries = [*code, *(entry for entry in middle if entry not in code), *([str(shim)] if shim else [])]
    return os.pathsep.join(entries)
