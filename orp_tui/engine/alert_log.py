"""`alerts.jsonl` of a run: a line for each condition that has come true, and one for each thing done about it.

The observer appends; anybody reads, while it is written. The training may do to the file what it likes:
what is no such line is passed over, and what is no regular file is not opened.
"""

from __future__ import annotations

import contextlib
import dataclasses
import math
from collections.abc import Sequence
from typing import Any

from orp_tui.core.alert_rules import Fired
from orp_tui.core.layout import RunPaths
from orp_tui.files import json_lines
from orp_tui.files.failpoint import hit

Json = dict[str, Any]  # Any: values as JSON gives them

MOST_BYTES = 1 << 20
"""Of a larger file only so much of its end is read."""
LONGEST = 1_000
"""Characters of a text that are read."""
LATEST = 1e11
"""Seconds since 1970 that no clock shows."""
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
    for data in json_lines.read(folder.alerts, limit=MOST_BYTES):
        try:
            if "did" in data:
                before = records[data["of"]]
                records[before.id] = dataclasses.replace(
                    before, done=(*before.done, str(data["words"])[:LONGEST])
                )
            else:
                record = AlertRecord.from_json(data)
                records[record.id] = record
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
            continue  # not ours
    return tuple(records.values())


def acts_done(folder: RunPaths, number: int) -> frozenset[str]:
    """Which of the things to do about an alert are noted as done."""
    found = set()
    for data in json_lines.read(folder.alerts, limit=MOST_BYTES):
        with contextlib.suppress(KeyError, TypeError):
            if data["of"] == number:
                found.add(str(data["did"]))
    return frozenset(found)


def note_alert(folder: RunPaths, record: AlertRecord) -> None:
    """Append an alert. Raises OSError if that can't be done."""
    json_lines.append(folder.alerts, record.to_json())
    hit("alert.noted")


def note_act(folder: RunPaths, number: int, act: str, words: str, at: float) -> None:
    """Append what was done about an alert. Raises OSError if that can't be done."""
    json_lines.append(folder.alerts, {"of": number, "at": at, "did": act, "words": words})
    hit("alert.acted")


def newest_of(records: Sequence[AlertRecord]) -> str:
    """The newest alert for a table: `nan(loss): loss is NaN at step 12 (2 alerts)`; empty without one."""
    if not records:
        return ""
    count = f" ({len(records)} alerts)" if len(records) > 1 else ""
    return records[-1].line + count
