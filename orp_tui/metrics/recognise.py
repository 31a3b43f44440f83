"""Whether a file holds metrics, by its name and its first bytes; neither alone is enough.

`promised` is about the name, which costs nothing and is asked of every file of a workspace. `keeps`
is about the first bytes, which are read only of the few files whose name promises something.
"""

from __future__ import annotations

import csv
import json
import os
import re
import stat
from typing import Any

HEAD = 4096
"""Bytes that are looked at."""

SQLITE = b"SQLite format 3\0"
_CHECKPOINT = re.compile(r"(?:checkpoint[-_]\d+|global_step\d+|iter_\d+|(?:epoch|step)=.*)", re.IGNORECASE)
_JSON_LINES = re.compile(
    r"(?:.*[-_.])?(?:metrics?|scalars?|history|(?:(?:train|training|eval|val)[-_])?logs?|progress)(?:[-_.].*)?\.(?:jsonl|ndjson)"
    r"|metrics\.json|scalars\.json",
    re.IGNORECASE,
)
_TABLES = re.compile(
    r"(?:.*[-_.])?(?:metrics|results|progress|monitor)\.csv|(?:(?:train|training|eval|val)[-_])?(?:log|logs|history)\.csv"
    r"|training\.log",
    re.IGNORECASE,
)
_DATABASES = (".db", ".sqlite", ".sqlite3")
_ANY_NAME = {
    ".csv": "csv", ".tsv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".log": "stdout", ".out": "stdout", ".txt": "stdout",
}  # fmt: skip
_SEPARATORS = (",", "\t", ";")


def is_checkpoint(name: str) -> bool:
    """Whether a folder of that name holds the state of a model, of which only `trainer_state.json` is asked."""
    return _CHECKPOINT.fullmatch(name) is not None


def promised(name: str, *, in_lightning: bool = False, any_name: bool = False) -> str | None:
    """The kind that a file of that name may be; `sqlite` for a database that may be one of two.

    `any_name`: a table, JSON lines and a log may be called as they like.
    """
    if ".tfevents." in name and not name.endswith(".profile-empty"):
        return "tfevents"
    if name == "trainer_state.json":
        return "trainer_state"
    if name.endswith(".wandb"):
        return "wandb"
    if _JSON_LINES.fullmatch(name):
        return "jsonl"
    if _TABLES.fullmatch(name) or (in_lightning and name.endswith(".csv")):
        return "csv"
    if name.endswith(_DATABASES):
        return "sqlite"
    return _ANY_NAME.get(os.path.splitext(name)[1].lower()) if any_name else None


def keeps(kind: str, head: bytes) -> bool | None:
    """Whether the first 4 KiB of a file are as its name promises; None while there are too few to tell."""
    if not head:
        return None
    if kind == "tfevents":
        return (
            b"brain.Event:" in head[:64]
            if len(head) >= 64
            else (None if b"brain.Event:" not in head else True)
        )
    if kind == "wandb":
        return head.startswith(b":W&B") if len(head) >= 4 else None
    if kind == "sqlite":
        return head.startswith(SQLITE)
    if kind == "trainer_state":
        return head.lstrip().startswith(b"{")
    if kind == "jsonl":
        return _has_rows(head)
    return b"\0" not in head if kind == "stdout" else _is_table(head, names_will_do=True)


def kind_of_file(path: str) -> str | None:
    """What reads a file that a user named, whatever it is called; None if nothing does. Raises OSError."""
    head = head_of(path, follow_links=True)
    named = promised(os.path.basename(path), in_lightning=True)
    if head.startswith(SQLITE):
        return "sqlite"
    if head.startswith(b":W&B"):
        return "wandb"
    if b"brain.Event:" in head[:64] or named in ("tfevents", "wandb"):
        return named if named == "wandb" else "tfevents"
    if b'"log_history"' in head and head.lstrip().startswith(b"{"):
        return "trainer_state"
    if b"\0" in head:
        return None
    if _has_rows(head) or path.endswith((".jsonl", ".ndjson")):
        return "jsonl"
    if named == "trainer_state":
        return named
    return "csv" if _is_table(head) or path.endswith((".csv", ".tsv")) else "stdout"


def head_of(path: str, *, follow_links: bool = False) -> bytes:
    """The first 4 KiB of a regular file; nothing of any other. Raises OSError."""
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
    if not stat.S_ISREG(os.stat(path, follow_symlinks=follow_links).st_mode):
        return b""  # to open a device is already to use it
    descriptor = os.open(path, flags if follow_links else flags | os.O_NOFOLLOW)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return b""
        return os.pread(descriptor, HEAD, 0)
    finally:
        os.close(descriptor)


def _has_rows(head: bytes) -> bool | None:
    """Whether the first line is a JSON object with a number."""
    line, end, _ = head.lstrip(b"\xef\xbb\xbf \t\r\n").partition(b"\n")
    if not line:
        return None
    if not line.startswith(b"{"):
        return False
    if not end:
        # A line that is not over, or one that is longer than was read.
        return len(head) >= HEAD or _row_with_number(line)
    return _row_with_number(line) or False


def _row_with_number(line: bytes) -> bool | None:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return isinstance(row, dict) and _has_number(row, 3)


def _has_number(value: Any, depth: int) -> bool:  # Any: as JSON gives it
    if isinstance(value, dict):
        return depth > 0 and any(_has_number(inner, depth - 1) for inner in value.values())
    if isinstance(value, str):
        return _is_number(value)
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_table(head: bytes, *, names_will_do: bool = False) -> bool | None:
    """Whether the lines are a header of names and rows of as many cells, some of them numbers.

    A training of a hundred metrics has names that fill the head alone: with `names_will_do` that is enough.
    """
    if b"\0" in head:
        return False
    text = head.decode("utf-8-sig", "replace")
    whole = text[: text.rfind("\n") + 1]
    names_will_do = names_will_do and len(head) >= HEAD
    lines = _told(whole)
    if not lines and names_will_do:
        lines = _told(text)
    if not lines:
        return None if len(head) < HEAD else False
    separator = max(_SEPARATORS, key=lines[0].count)
    try:
        names, *rows = csv.reader(lines[:2], delimiter=separator, skipinitialspace=True)
    except csv.Error:
        return False
    if len(names) < 2 or any(_is_number(name) for name in names) or not any(names):
        return False
    if not rows:
        return None if len(head) < HEAD else names_will_do
    return len(rows[0]) == len(names) and any(map(_is_number, rows[0]))


def _told(text: str) -> list[str]:
    """The lines that are neither empty nor comments."""
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
