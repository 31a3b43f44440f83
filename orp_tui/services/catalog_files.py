"""The small files of a run folder as plain values, read fast; what is in them is from outside."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

import msgspec

Json = dict[str, Any]  # Any: values as JSON gives them

LONGEST = 2_000
"""Characters of a text that are kept."""
_MOST_SOURCE_BYTES = 64 << 20
_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW


class Missing(Exception):
    """There is no such file."""


class Damaged(Exception):
    """It is none that ORP wrote; says why in words."""


class _Git(msgspec.Struct):
    commit: str | None = None


class _Source(msgspec.Struct):
    git: _Git | None = None


_decode = msgspec.json.Decoder().decode
_decode_source = msgspec.json.Decoder(_Source).decode


def read_bytes(path: Path, limit: int) -> bytes:
    """All of a regular file. Raises Missing or Damaged, the latter also for more than `limit` bytes."""
    try:
        descriptor = os.open(path, _FLAGS)
    except (FileNotFoundError, NotADirectoryError):
        raise Missing from None
    except OSError as error:
        raise Damaged((error.strerror or str(error)).lower()) from None
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise Damaged("it is no regular file")
        if found.st_size > limit:
            raise Damaged(f"{found.st_size} bytes are too many")
        # One byte more than it has: mostly one call tells that this was all. A longer buffer costs more than the file.
        data = os.read(descriptor, found.st_size + 1)
        while len(data) > found.st_size:  # it has grown
            part = os.read(descriptor, 1 << 16)
            if not part or len(data) > limit:
                break
            data += part
        return data
    except OSError as error:
        raise Damaged((error.strerror or str(error)).lower()) from None
    finally:
        os.close(descriptor)


def read_mapping(path: Path, limit: int) -> Json:
    """The JSON object in a file. Raises Missing or Damaged."""
    data = read_bytes(path, limit)
    try:
        value = parsed(data)
    except (ValueError, RecursionError) as error:
        raise Damaged(f"it is no JSON ({error})" if data.strip() else "it is empty") from None
    if not isinstance(value, dict):
        raise Damaged("it holds no object")
    return value


def parsed(data: bytes) -> Any:  # Any: JSON
    """JSON as Python reads it. Raises ValueError or RecursionError."""
    try:
        return _decode(data)
    except (msgspec.DecodeError, ValueError):
        # NaN, lone surrogates and numbers of any size are Python's own.
        return json.loads(data)


def read_commit(path: Path) -> str:
    """The commit in a `source.json`; empty if there is none, or nobody can tell."""
    try:
        source = _decode_source(read_bytes(path, _MOST_SOURCE_BYTES))
    except (Missing, Damaged, msgspec.DecodeError, ValueError, RecursionError):
        return ""
    return text_of(source.git.commit) if source.git is not None else ""


def text_of(value: object) -> str:
    """A text that can be stored anywhere: no halves of surrogate pairs, no NUL, not too long; empty for all else."""
    if not isinstance(value, str):
        return ""
    if len(value) > LONGEST:
        value = value[: LONGEST - 1] + "…"
    if value.isascii():
        return value.replace("\0", "\ufffd")
    return value.encode("utf-8", "replace").decode("utf-8").replace("\0", "\ufffd")
