"""New experiment files: from a template, or as a copy of another; nothing that is there is written over."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path
from typing import Any

from orp_tui.core.errors import ConfigError, UsageError
from orp_tui.services.templates import Template

_NUMBERED = re.compile(r"(.*?)-([0-9]{1,6})")
_MOST_TRIES = 100_000


def new_from_template(template: Template, folder: Path, name: str) -> Path:
    """The new file `name` in `folder`, which is made if it is missing; without a suffix it gets `.yaml`.

    Raises UsageError for a name that is taken, leaves the folder, or can't be written.
    """
    relative = file_name(name)
    path = folder / relative
    _create(path, template.text(shlex.quote(_as_typed(path)), path.stem).encode())
    return path


def _as_typed(path: Path) -> str:
    """The path as one would write it in the current folder."""
    try:
        here = os.getcwd()
    except OSError:
        return str(path)
    return os.path.relpath(path, here) if path.is_relative_to(here) else str(path)


def copy_file(path: Path, name: str | None = None) -> Path:
    """A copy of an experiment file beside it; without a name the next free one: `mnist-2.yaml`.

    The experiment's name becomes the new file's where that changes nothing else.

    Raises UsageError as `new_from_template` does, and ConfigError if the file can't be read.
    """
    from orp_tui.config.problems import Problems
    from orp_tui.config.yaml_source import read_bytes

    data = read_bytes(path, Problems(str(path)))
    new = free_name(path) if name is None else path.parent / file_name(name)
    _create(new, _renamed(data, new.stem))
    return new


def free_name(path: Path) -> Path:
    """The next name beside `path` that nothing has: `mnist.yaml` → `mnist-2.yaml` → `mnist-3.yaml`."""
    match = _NUMBERED.fullmatch(path.stem)
    stem, number = (match[1], int(match[2])) if match else (path.stem, 1)
    for next_number in range(number + 1, number + _MOST_TRIES):
        candidate = path.with_name(f"{stem}-{next_number}{path.suffix}")
        if not os.path.lexists(candidate):
            return candidate
    raise UsageError(f"{path}: every name behind it is taken")


def file_name(name: str) -> str:
    """A relative name for a new file, its suffix added. Raises UsageError if it leaves the folder, or is none."""
    name = name.strip()
    parts = name.split("/")
    if not name or name.startswith(("/", "~")) or any(part in ("", ".", "..") for part in parts):
        raise UsageError(f"{name!r}: write a name inside the folder, such as mnist.yaml or cifar/mnist.yaml")
    if not name.isprintable():
        raise UsageError("a file's name needs letters that can be seen")
    if any(part.startswith(".") for part in parts):
        raise UsageError(f"{name}: hidden files are not shown; take the dot at the beginning away")
    return name if name.endswith((".yaml", ".yml")) else f"{name}.yaml"


def _create(path: Path, data: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "xb") as file:
            file.write(data)
    except FileExistsError as error:
        taken = Path(error.filename or path)
        raise UsageError(f"{taken}: is there already, and was left as it is; take another name") from None
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {(error.strerror or str(error)).lower()}") from error


def _renamed(data: bytes, name: str) -> bytes:
    """The file with another name of the experiment; as it is, if that can't be done without doubt."""
    from orp_tui.config.yaml_text import quoted

    before = _tree_of(data)
    if before is None or not isinstance(before.get("experiment"), dict):
        return data
    lines = data.decode("utf-8").splitlines(keepends=True)
    for number, line in enumerate(lines):
        match = re.fullmatch(
            r"(\s+name:[ ]+)(\"[^\"\\]*\"|'[^']*'|[^\"'#\s&*!|>{\[][^#]*?)(\s*(?:#.*)?\s*)", line
        )
        if match:
            changed = "".join(
                [*lines[:number], match[1], quoted(name), match[3], *lines[number + 1 :]]
            ).encode()
            wanted = {**before, "experiment": {**before["experiment"], "name": name}}
            return changed if _tree_of(changed) == wanted else data
    return data


def _tree_of(data: bytes) -> dict[str, Any] | None:  # Any: YAML
    """What the YAML says; None if it is broken or no mapping."""
    from orp_tui.config.problems import Problems
    from orp_tui.config.yaml_source import decode, parse

    problems = Problems("")
    try:
        value = parse(decode(data, problems), problems).value
    except ConfigError:
        return None
    return value if isinstance(value, dict) and not problems.found else None
