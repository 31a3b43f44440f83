"""`alerts.jsonl` of a run: a line for each condition that has come true, and one for each thing done about it.

The observer appends; anybody reads, while it is written. The training may do to the file what it likes:
what is no such line is passed over, and what is no regular file is not opened.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import math
import os
import stat
from collections.abc import Sequence
from typing import Any

from orp_tui.core.alert_rules import Fired
from orp_tui.core.layout import RunPaths
from orp_tui.files.failpoint import hit

Json = dict[str, Any]  # Any: values as JSON gives them

MOST_BYTES = 1 << 20
"""Of a larger file only so much of its end is read."""
LONGEST = 1_000
"""Characters of a text that are read."""
LATEST = 1e11
"""Seconds since 1970 that no clock shows."""
_READ = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_NOCTTY
_APPEND = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_NOCTTY
_ODD = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


@dataclasses.dataclass(frozen=True)
class AlertRecord:
    """One alert of one run."""

    id: int
    """Counts up within the run."""
    at: float
    """When it was seen, seconds since 1970, UTC."""
    rule: str
    """The condition as the experiment file has it; text from outside."""
    metric: str
    """As the run logs it; empty if it is not about one."""
    step: float | None
    value: float | None
    words: str
    """What was seen, one line; names in it are text from outside."""
    do: tuple[str, ...]
    """What was to be done: notify, stop, checkpoint."""
    done: tuple[str, ...] = ()
    """What was done, in words."""

    @classmethod
    def of(cls, number: int, fired: Fired) -> AlertRecord:
        """The record of a condition that has just come true."""
        return cls(
            number,
            fired.at,
            fired.rule.text,
            fired.metric,
            fired.step,
            fired.value,
            fired.words,
            fired.rule.do,
        )

    def to_json(self) -> Json:
        """As a line holds it; numbers that JSON lacks are words."""
        data = dataclasses.asdict(self)
        del data["done"]
        return data | {"step": _plain(self.step), "value": _plain(self.value)}

    @classmethod
    def from_json(cls, data: Json) -> AlertRecord:
        """Raises KeyError, TypeError, ValueError or AttributeError for what is no alert."""
        number, at, rule, words = data["id"], float(data["at"]), data["rule"], data["words"]
        if not isinstance(number, int) or not isinstance(rule, str) or not isinstance(words, str):
            raise TypeError("no alert")
        if not 0.0 <= at < LATEST:
            raise ValueError("no time")
        do = tuple(str(item)[:20] for item in (data.get("do") or ())[:10])
        metric, step, value = (
            str(data.get("metric") or ""),
            _number(data.get("step")),
            _number(data.get("value")),
        )
        return cls(number, at, rule[:LONGEST], metric[:LONGEST], step, value, words[:LONGEST], do)

    @property
    def line(self) -> str:
        """All of it in one line: `nan(loss): loss is NaN at step 12; asked to end`."""
        return "; ".join([f"{self.rule}: {self.words}", *self.done])


def _plain(value: float | None) -> float | str | None:
    return value if value is None or math.isfinite(value) else str(value)


def _number(value: object) -> float | None:
    if isinstance(value, str):
        return _ODD.get(value)
    return float(value) if isinstance(value, int | float) else None


def read_alerts(folder: RunPaths) -> tuple[AlertRecord, ...]:
    """The alerts of a run, oldest first; () if it had none, or they can't be read."""
    records: dict[int, AlertRecord] = {}
    for line in _tail(folder).split(b"\n"):
        try:
            data = json.loads(line)
            if "did" in data:
                before = records[data["of"]]
                records[before.id] = dataclasses.replace(
                    before, done=(*before.done, str(data["words"])[:LONGEST])
                )
            else:
                record = AlertRecord.from_json(data)
                records[record.id] = record
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError):
            continue  # torn, or not ours
    return tuple(records.values())


def acts_done(folder: RunPaths, number: int) -> frozenset[str]:
    """Which of the things to do about an alert are noted as done."""
    found = set()
    for line in _tail(folder).split(b"\n"):
        with contextlib.suppress(ValueError, KeyError, TypeError, RecursionError):
            data = json.loads(line)
            if data["of"] == number:
                found.add(str(data["did"]))
    return frozenset(found)


def _tail(folder: RunPaths) -> bytes:
    try:
        descriptor = os.open(folder.alerts, _READ)
    except OSError:
        return b""
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            return b""
        return os.pread(descriptor, MOST_BYTES, max(0, found.st_size - MOST_BYTES))
    except OSError:
        return b""
    finally:
        os.close(descriptor)


def note_alert(folder: RunPaths, record: AlertRecord) -> None:
    """Append an alert. Raises OSError if that can't be done."""
    _append(folder, record.to_json())
    hit("alert.noted")


def note_act(folder: RunPaths, number: int, act: str, words: str, at: float) -> None:
    """Append what was done about an alert. Raises OSError if that can't be done."""
    _append(folder, {"of": number, "at": at, "did": act, "words": words})
    hit("alert.acted")


def _append(folder: RunPaths, data: Json) -> None:
    descriptor = os.open(folder.alerts, _APPEND, 0o600)
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(f"{folder.alerts} is no regular file")
        torn = found.st_size > 0 and os.pread(descriptor, 1, found.st_size - 1) != b"\n"
        line = json.dumps(data, ensure_ascii=False).encode("utf-8", "backslashreplace")
        whole = b"\n" * torn + line + b"\n"
        if os.write(descriptor, whole) != len(whole):
            raise OSError(f"{folder.alerts} could not be written whole")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def newest_of(records: Sequence[AlertRecord]) -> str:
    """The newest alert for a table: `nan(loss): loss is NaN at step 12 (2 alerts)`; empty without one."""
    if not records:
        return ""
    count = f" ({len(records)} alerts)" if len(records) > 1 else ""
    return records[-1].line + count
