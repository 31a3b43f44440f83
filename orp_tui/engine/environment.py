"""The training's environment, fixed at submit.

It is the submitter's shell, or what an activation made of it (`engine.activation`), and never the
queue processor's. Variables that look like secrets are kept by name only and looked up at the
start. What of it may be shown is `engine.envrecord`'s business.
"""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from orp_tui.core.errors import SubmitRefused
from orp_tui.core.secrets import is_secret_name, looks_like_secret
from orp_tui.engine.plan import FreezePlan
from orp_tui.files.atomic import write_bytes

SHIM = Path(__file__).resolve().parent.parent / "metrics" / "shim"
"""At the end of PYTHONPATH: `from orp_tui import log` where ORP is not installed."""

# Of the process that submits, not of the one that is started. Variables of an outer run are dropped
# by their prefix.
_DROPPED = frozenset({"_", "OLDPWD", "SHLVL", "PWD"})
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MAX_ENV_FILE = 1 << 20


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
        sources = ((entry.partition("=")[0], _source(entry)) for entry in self.late)
        return [name for name, source in sources if not any(source in names for names in known)]


def _source(entry: str) -> str:
    name, _, source = entry.partition("=")
    return source or name


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

    With the `plan`, what would write into a linked environment is held back. `code`: folders that PYTHONPATH starts with, see `engine.editable`. `explicit`: names set by
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


def write_private(path: Path, variables: Mapping[str, str]) -> None:
    """`NAME=value` ended by NUL, for the owner alone. Raises OSError."""
    data = b"".join(os.fsencode(f"{name}={value}") + b"\0" for name, value in variables.items())
    write_bytes(path, data, mode=0o600)


def read_private(path: Path) -> dict[str, str]:
    """What `write_private` wrote. Raises OSError."""
    entries = (os.fsdecode(entry).partition("=") for entry in path.read_bytes().split(b"\0") if entry)
    return {name: value for name, _, value in entries}


def late_secrets(
    names: Sequence[str],
    env_file: Path | None,
    leader: Mapping[str, str],
    *,
    fixed: Collection[str] = (),
) -> tuple[dict[str, str], list[str]]:
    """Variables to add at the start, and the names that nobody knows.

    All of the env_file is added, but for `fixed` names (those of `training.env`) and ORP's own;
    of the `leader`'s environment only `names` (as in `FixedEnvironment.late`). The file comes
    first. An env_file that is gone or can't be read counts as empty and is named as missing.
    """
    missing: list[str] = []
    given: dict[str, str] = {}
    if env_file is not None:
        try:
            given = read_env_file(env_file)
        except (OSError, SubmitRefused):
            missing.append(f"env_file {env_file}")
    found = {
        name: value for name, value in given.items() if name not in fixed and not name.startswith("ORP_")
    }
    for entry in names:
        name, source = entry.partition("=")[0], _source(entry)
        if source in given:
            found[name] = given[source]
        elif source in leader:
            found[name] = leader[source]
        else:
            missing.append(name)
    return found, missing


def read_env_file(path: Path) -> dict[str, str]:
    """Variables of a dotenv file: `export`, quotes, comments; `$` and backticks mean themselves.

    Double quotes know `\\n`, `\\t`, `\\"`, `\\\\` and `\\$`, and may span lines; single quotes know
    nothing.

    Raises OSError, and SubmitRefused (with the line's number, never its text) for a line that
    is none of these.
    """
    with open(path, "rb") as file:
        data = file.read(_MAX_ENV_FILE + 1)
    if len(data) > _MAX_ENV_FILE:
        raise SubmitRefused(f"{path}: over 1 MiB; an env_file holds NAME=value lines")
    text = os.fsdecode(data).replace("\r\n", "\n").removeprefix("\ufeff")
    found: dict[str, str] = {}
    at = 0
    while at < len(text):
        match = _ENTRY.match(text, at)
        if match is None or "\0" in match[0]:
            raise SubmitRefused(f"{path}:{text.count(chr(10), 0, at) + 1}: not NAME=value; remove the line, or close its quotes")  # fmt: skip
        if match["name"]:
            found[match["name"]] = _unquoted(match)
        at = match.end()
    return found


_ENTRY = re.compile(
    r"""[ \t]*
    (?:(?:export[ \t]+)?(?P<name>[A-Za-z_][A-Za-z0-9_.]*)[ \t]*=[ \t]*
        (?:"(?P<double>(?:[^"\\]|\\.)*)"|'(?P<single>[^']*)'|(?P<plain>[^"'\n#][^\n]*?)?)
    )?
    [ \t]*(?:(?<![^\s"'=])\#[^\n]*)?(?:\n|\Z)""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}


def _unquoted(match: re.Match[str]) -> str:
    if match["double"] is not None:
        return re.sub(
            r"\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), match["double"], flags=re.DOTALL
        )
    if match["single"] is not None:
        return match["single"]
    return match["plain"] or ""
