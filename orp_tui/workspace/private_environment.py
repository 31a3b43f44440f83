"""A run's environment on disk, and what is added to it at the start.

`environment.private` is for its owner alone and never in the zip. Secrets are in no file of
ORP: they come from the experiment's env_file or the queue processor's environment when the
training starts.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from orp_tui.core.errors import SubmitRefused

_MAX_ENV_FILE = 1 << 20


def encoded(variables: Mapping[str, str]) -> bytes:
    """`NAME=value`, each ended by NUL: what `environment.private` holds, for the owner alone."""
    return b"".join(os.fsencode(f"{name}={value}") + b"\0" for name, value in variables.items())


def read_private(path: Path) -> dict[str, str]:
    """The variables that `encoded` wrote to `path`. Raises OSError."""
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
        name, source = entry.partition("=")[0], source_of(entry)
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


def source_of(entry: str) -> str:
    """The variable that is looked up for an entry `NAME` or `NAME=SOURCE`."""
    name, _, source = entry.partition("=")
    return source or name
