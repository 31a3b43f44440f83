"""One settings file → its values, from a cache as long as the file has not changed.

Reading YAML costs more than the rest of `orp status`; the cache is JSON, keyed by what
`stat` says of the file. A cache that is missing, wrong or cannot be written is ignored.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from orp_tui.config.problems import Path as KeyPath
from orp_tui.config.problems import Problems, unknown

Json = Any  # Any: a value as YAML or JSON gives it
CACHE_VERSION = 1
MAX_CACHE_BYTES = 4 * 1024 * 1024
MAX_KEPT = 64
"""Cache files; of more, the oldest are dropped when one is written."""
# A file that was changed a moment ago may change again without its time changing.
SETTLED_NS = 50_000_000


def read_file(path: Path, cache: Path) -> dict[str, Json]:
    """What a settings file sets, by dotted key; nothing if there is no such file.

    Raises ConfigError with everything that is wrong in it.
    """
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return {}
    except OSError as error:
        Problems(str(path)).stop((), f"cannot be read: {error.strerror}")
    key = _key(path, status)
    kept = cache / f"settings-{status.st_dev:x}-{status.st_ino:x}.json"
    values = _cached(kept, key)
    if values is None:
        values = parsed(path)
        if time.time_ns() - status.st_mtime_ns > SETTLED_NS and key == _key(path, os.stat(path)):
            _keep(kept, key, values)
    return values


def _key(path: Path, status: os.stat_result) -> list[Json]:
    from orp_tui.config.settings import KEYS

    return [
        CACHE_VERSION, sorted(KEYS), str(path), status.st_dev, status.st_ino, status.st_mtime_ns, status.st_ctime_ns,
        status.st_size,
    ]  # fmt: skip


def _cached(kept: Path, key: list[Json]) -> dict[str, Json] | None:
    """The kept values, if they are of the file as it is now."""
    try:
        descriptor = os.open(kept, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        status = os.fstat(descriptor)
        if (
            not stat.S_ISREG(status.st_mode)
            or status.st_uid != os.geteuid()
            or status.st_size > MAX_CACHE_BYTES
        ):
            return None
        data = json.loads(os.read(descriptor, status.st_size))
        found = data["values"] if data["key"] == key else None
    except (ValueError, KeyError, TypeError, OSError, RecursionError):
        return None
    finally:
        os.close(descriptor)
    return _reread(found) if isinstance(found, dict) else None


def _reread(values: dict[str, Json]) -> dict[str, Json] | None:
    """`values`, if each is one that the file could hold: a damaged cache must not become a setting."""
    from orp_tui.config.settings import KEYS

    try:
        return {key: KEYS[key][0](value) for key, value in values.items()}
    except (ValueError, KeyError):
        return None


def _keep(kept: Path, key: list[Json], values: dict[str, Json]) -> None:
    beside = kept.with_suffix(f".{os.getpid()}.tmp")
    with contextlib.suppress(OSError):
        kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with open(descriptor, "w", encoding="utf-8") as file:
            json.dump({"key": key, "values": values}, file)
        try:
            os.replace(beside, kept)
        except OSError:
            beside.unlink()
        _drop_oldest(kept.parent)


def _drop_oldest(folder: Path) -> None:
    """Projects go, and every change of a file by renaming gives it a new number: old ones are never read again."""
    ages: list[tuple[int, str]] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("settings-"):
                with contextlib.suppress(FileNotFoundError):
                    ages.append((entry.stat(follow_symlinks=False).st_mtime_ns, entry.path))
    for _, path in sorted(ages, reverse=True)[MAX_KEPT:]:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)


def parsed(path: Path) -> dict[str, Json]:
    """What a settings file sets, read from its text.

    Raises ConfigError with everything that is wrong in it.
    """
    from orp_tui.config.yaml_source import read_bytes

    return parsed_bytes(read_bytes(path, Problems(str(path))), str(path))


def parsed_bytes(data: bytes, name: str) -> dict[str, Json]:
    """As `parsed`, of the bytes of a file called `name`."""
    from orp_tui.config.settings import KEYS
    from orp_tui.config.yaml_source import decode, parse

    problems = Problems(name)
    document = parse(decode(data, problems), problems)
    problems.line_of = document.line_of
    if document.value is None:
        problems.raise_any()
        return {}
    if not isinstance(document.value, dict):
        problems.stop((), "must hold settings such as base_dir: experiments", line=1)
    values: dict[str, Json] = {}
    for where, value in _flat(document.value, problems):
        key = ".".join(str(part) for part in where)
        if value is None:
            continue
        try:
            values[key] = KEYS[key][0](value)
        except ValueError as error:
            problems.add(where, str(error))
    problems.raise_any()
    return values


def _flat(tree: dict[str, Json], problems: Problems) -> Iterator[tuple[KeyPath, Json]]:
    from orp_tui.config.settings import KEYS

    tops = list(dict.fromkeys(key.partition(".")[0] for key in KEYS))
    for top, value in tree.items():
        inner = [key.partition(".")[2] for key in KEYS if key.startswith(f"{top}.")]
        if top not in tops:
            problems.add((top,), unknown("setting", top, tops))
        elif not inner:
            yield (top,), value
        elif isinstance(value, dict):
            for name, item in value.items():
                if name in inner:
                    yield (top, name), item
                else:
                    problems.add((top, name), unknown("setting", name, inner))
        elif value is not None:
            problems.add((top,), f"must be a mapping with {', '.join(inner)}")
