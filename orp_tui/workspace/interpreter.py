"""What the training's own Python says of itself, asked once and remembered."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orp_tui.core.errors import SubmitRefused
from orp_tui.core.secrets import mask
from orp_tui.files.atomic import to_json

TIMEOUT_S = 60.0
_QUERY = Path(__file__).with_name("interpreter_query.py")
_RELEVANT = (
    "PYTHONHOME",
    "PYTHONNOUSERSITE",
    "PYTHONUSERBASE",
    "HOME",
    "LD_LIBRARY_PATH",
    "VIRTUAL_ENV",
    "CONDA_PREFIX",
)


@dataclasses.dataclass(frozen=True)
class InterpreterFacts:
    """A Python and what is installed for it."""

    path: str
    """As it will be started; a link of a virtual environment stays one."""
    version: str
    """`sys.version`."""
    version_info: tuple[int, int, int]
    implementation: str
    prefix: str
    base_prefix: str
    import_path: tuple[str, ...]
    """`sys.path` without PYTHONPATH and the script's folder; folders that exist."""
    packages: dict[str, str]
    """Distribution → version, as their folders are named."""
    mappings: dict[str, str]
    """Top-level name → folder or file, of editable installs that use a finder."""
    editables: tuple[EditableInstall, ...]


@dataclasses.dataclass(frozen=True)
class EditableInstall:
    """A distribution that is installed by reference."""

    name: str
    folder: str
    """Absolute; empty if its record names no local folder."""
    top_level: tuple[str, ...]
    """Names that can be imported, where the distribution lists them."""


def query(python: str, variables: Mapping[str, str], cache: Path | None = None) -> InterpreterFacts:
    """The facts of `python`, started with `variables` less PYTHONPATH.

    `cache` is a folder; an answer in it counts while the program, its site folders and the files
    in them that name other folders are unchanged.

    Raises SubmitRefused with its own words if it can't be started.
    """
    kept = None if cache is None else cache / f"python-{_key(python, variables)}.json"
    if kept is not None:
        known = _read_cached(kept, python)
        if known is not None:
            return known
    data = _ask(python, variables)
    if kept is not None:
        _remember(kept, data, python)
    return _facts(python, data)


def _key(python: str, variables: Mapping[str, str]) -> str:
    facts = [python, *(variables.get(name, "") for name in _RELEVANT)]
    return hashlib.sha256("\0".join(facts).encode("utf-8", "surrogateescape")).hexdigest()[:24]


def _ask(python: str, variables: Mapping[str, str]) -> dict[str, Any]:  # Any: values as JSON gives them
    environment = {name: value for name, value in variables.items() if name != "PYTHONPATH"}
    try:
        done = subprocess.run(
            [python, "-c", _QUERY.read_text(encoding="utf-8")],
            env=environment | {"PYTHONIOENCODING": "utf-8"},
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise SubmitRefused(f"{python} did not answer within {TIMEOUT_S:g} s") from None
    except OSError as error:
        raise SubmitRefused(f"{python} cannot be started: {error.strerror}") from error
    # A `sitecustomize` may print before the answer.
    line = done.stdout[done.stdout.rfind(b'{"version":') :]
    try:
        data = json.loads(line)
    except ValueError:
        data = None
    if done.returncode != 0 or not isinstance(data, dict):
        said = mask(done.stderr.decode("utf-8", "replace").strip()[-2000:])
        raise SubmitRefused(
            f"{python} cannot say which packages it has (exit code {done.returncode}):\n{said}"
        )
    return data


def _stamps(paths: list[str]) -> list[list[Any]]:  # Any: path and numbers
    stamps: list[list[Any]] = []
    for path in paths:
        try:
            status = os.stat(path)
        except OSError:
            stamps.append([path, None])
        else:
            stamps.append([path, status.st_mtime_ns, status.st_size, status.st_ino])
    return stamps


def _read_cached(kept: Path, python: str) -> InterpreterFacts | None:
    try:
        saved = json.loads(kept.read_bytes())
        data, stamps = saved["facts"], saved["stamps"]
        if stamps != _stamps([stamp[0] for stamp in stamps]):
            return None
        return _facts(python, data)
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        return None


def _remember(kept: Path, data: dict[str, Any], python: str) -> None:  # Any: values as JSON gives them
    kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    real = os.path.realpath(python)
    config = os.path.join(data["prefix"], "pyvenv.cfg")
    stamps = _stamps([python, real, config, *data["stamped"]])
    beside = kept.with_name(f".{kept.name}.{os.getpid()}")
    beside.write_bytes(to_json({"facts": data, "stamps": stamps}))
    os.replace(beside, kept)


def _facts(python: str, data: dict[str, Any]) -> InterpreterFacts:  # Any: values as JSON gives them
    major, minor, micro = data["version_info"]
    return InterpreterFacts(
        path=python,
        version=data["version"],
        version_info=(major, minor, micro),
        implementation=data["implementation"],
        prefix=data["prefix"],
        base_prefix=data["base_prefix"],
        import_path=tuple(data["path"]),
        packages=dict(data["packages"]),
        mappings={str(name): str(path) for name, path in data["mappings"].items()},
        editables=tuple(
            EditableInstall(item["name"], _local(item["url"]), tuple(item["top_level"]))
            for item in data["editables"]
        ),
    )


def _local(url: str) -> str:
    from urllib.parse import unquote, urlsplit

    parts = urlsplit(url)
    return unquote(parts.path).rstrip("/") if parts.scheme == "file" else ""
