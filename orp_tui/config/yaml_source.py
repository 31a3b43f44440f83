"""A file → YAML text → plain values and the line of every key, whatever the file is.

Only regular files of at most 1 MiB of UTF-8 are read; what the text says is built by
`yaml_events`, since PyYAML's own loaders recurse, expand and crash.
"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path as FilePath
from typing import Any

from orp_tui.config.problems import Problems
from orp_tui.config.yaml_events import TOO_DEEP, Builder, Document

MAX_BYTES = 1024 * 1024

# What YAML calls printable; tab, line feed and carriage return are the only controls.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x84\x86-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")
_HINTS = (
    ("cannot start any token", "put the value in quotes"),
    ("mapping values are not allowed", "check the indentation, or put a value that holds `: ` in quotes"),
    ("could not find expected ':'", "check the indentation and the `:` behind the key"),
    ("did not find expected key", "check the indentation and the quotes above this line"),
    ("did not find expected ',' or", "check that every bracket is closed"),
    ("found unexpected end of stream", "check that every quote is closed"),
)


def read_bytes(path: FilePath, problems: Problems) -> bytes:
    """The content of a regular file of at most 1 MiB; anything else is a problem and raised.

    A FIFO, a device or a folder is refused without being read. A link to a regular
    file is followed.

    Raises ConfigError.
    """
    try:
        # O_NONBLOCK: opening a FIFO that nobody writes to would wait for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except (OSError, ValueError) as error:
        problems.stop((), f"cannot be read: {getattr(error, 'strerror', None) or error}")
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            problems.stop((), f"is {_kind(status.st_mode)}, not a file; give the path of a YAML file")
        if status.st_size > MAX_BYTES:
            problems.stop((), f"has {status.st_size:,} bytes; at most {MAX_BYTES:,} are read as YAML")
        return _read_all(descriptor, problems)
    except OSError as error:
        problems.stop((), f"cannot be read: {error.strerror}")
    finally:
        os.close(descriptor)


def _read_all(descriptor: int, problems: Problems) -> bytes:
    chunks: list[bytes] = []
    room = MAX_BYTES + 1
    while room > 0 and (chunk := os.read(descriptor, room)):
        chunks.append(chunk)
        room -= len(chunk)
    if room <= 0:
        problems.stop((), f"has more than {MAX_BYTES:,} bytes; that much is not read as YAML")
    return b"".join(chunks)


def _kind(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return "a folder"
    if stat.S_ISFIFO(mode):
        return "a FIFO"
    return "a socket" if stat.S_ISSOCK(mode) else "a device"


def decode(data: bytes, problems: Problems) -> str:
    """UTF-8 text, a byte order mark taken off.

    Raises ConfigError for other encodings and for control characters.
    """
    if len(data) > MAX_BYTES:
        problems.stop((), f"has {len(data):,} bytes; at most {MAX_BYTES:,} are read as YAML")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        problems.stop((), "is UTF-16; save it as UTF-8")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        problems.stop((), f"is not UTF-8: byte 0x{data[error.start]:02x}; save it as UTF-8", line=line)
    if found := _UNPRINTABLE.search(text):
        line = text.count("\n", 0, found.start()) + 1
        name = "NUL" if found[0] == "\0" else f"U+{ord(found[0]):04X}"
        problems.stop(
            (), f'control character {name}; take it out, or write it as an escape in "…"', line=line
        )
    return text


def parse(text: str, problems: Problems) -> Document:
    """What `text` says; everything that is wrong with it goes to `problems`.

    Duplicate keys, foreign tags and impossible numbers are collected; a text that is
    no YAML, or too deep or too large when written out, raises ConfigError at once.
    """
    import yaml

    # Only their parsers are used: both loaders' composers recurse. Any: the C one has no types.
    parser: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text)
    try:
        return Builder(parser, problems).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = error.problem or error.context or "cannot be read"
        line = mark.line + 1 if mark else None
        if "maximum nesting depth" in problem:
            # PyYAML from 6.0.4 on reads ahead of our own count, and has a limit of its own above it.
            problems.stop((), TOO_DEEP, line=line)
        hint = next((hint for sign, hint in _HINTS if sign in problem), "")
        if mark and "cannot start any token" in problem and text[mark.index : mark.index + 1] == "\t":
            hint = "indent with spaces; YAML knows no tabs there"
        message = f"not valid YAML: {problem}" + (f"; {hint}" if hint else "")
        problems.stop((), message, line=line)
    except yaml.YAMLError as error:
        problems.stop((), f"not valid YAML: {' '.join(str(error).split())[:200]}")
    finally:
        dispose = getattr(parser, "dispose", None)
        if dispose is not None:
            dispose()
