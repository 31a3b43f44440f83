"""Sources and summaries as the rows of the cache hold them."""

from __future__ import annotations

import dataclasses
import json
import math
import os
from typing import Any, NamedTuple

from orp_tui.core.series import Summary
from orp_tui.metrics.header import Header
from orp_tui.metrics.sources import SourceSpec, Trust

Json = dict[str, Any]  # Any: values as JSON gives them


class Unsound(Exception):
    """The cache holds something that nobody wrote there."""


class Damaged(Unsound):
    """A checksum says so: bytes have changed since they were written."""


class TagSummary(NamedTuple):
    """One metric of one run, as tables and statistics want it. None stands for NaN, and for what is not there."""

    run_id: str
    name: str
    """As it is shown, after merging; text from outside."""
    length: int
    """Points, those that are no finite number included."""
    first_step: float | None
    last_step: float | None
    last: float | None
    """The value logged last."""
    lowest: float | None
    lowest_step: float | None
    highest: float | None
    highest_step: float | None
    non_finite: int
    first_non_finite_step: float | None
    mean: float | None
    """Of the finite values; None if there are none."""
    squares: float | None
    """Sum of their squared distances from the mean (M2): divided by `finite - 1` it is the variance."""

    @property
    def finite(self) -> int:
        """How many values are finite."""
        return self.length - self.non_finite

    def best(self, goal: str) -> tuple[float, float] | None:
        """Value and step of the best finite value: `minimize` or `maximize`; None if there is none."""
        down = goal == "minimize"
        value, step = (self.lowest, self.lowest_step) if down else (self.highest, self.highest_step)
        return None if value is None else (value, _number(step))

    @property
    def summary(self) -> Summary:
        """As a series gives it."""
        return Summary(
            count=self.length,
            first_step=_number(self.first_step),
            last_step=_number(self.last_step),
            last=_number(self.last),
            lowest=_number(self.lowest),
            lowest_step=_number(self.lowest_step),
            highest=_number(self.highest),
            highest_step=_number(self.highest_step),
            non_finite=self.non_finite,
            first_non_finite_step=_number(self.first_non_finite_step),
        )


COLUMNS = TagSummary._fields[2:]
"""Of the table `metric`."""


def columns_of(header: Header) -> tuple[float | None, ...]:
    """What a row says of all points of a metric, in the order of `COLUMNS`."""
    told = dataclasses.asdict(header.summary)
    told["length"] = told.pop("count")
    told["mean"] = header.mean if header.finite else math.nan
    told["squares"] = header.squares
    return tuple(None if math.isnan(told[name]) else told[name] for name in COLUMNS)


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def spec_to_json(spec: SourceSpec) -> str:
    return json.dumps(dataclasses.asdict(spec))


def spec_from_json(text: str) -> SourceSpec:
    """Raises Unsound if that is no source."""
    data = decoded(text)
    try:
        return SourceSpec(**{**data, "trust": Trust(data["trust"]), "patterns": tuple(data["patterns"])})
    except (ValueError, KeyError, TypeError) as error:
        raise Unsound(f"no source: {error}") from error


def decoded(text: str) -> Json:
    """The mapping in a text; raises Unsound if it is none."""
    try:
        data = json.loads(text)
    except (ValueError, TypeError) as error:
        raise Unsound(f"no JSON: {error}") from error
    if not isinstance(data, dict):
        raise Unsound("no mapping")
    return data


def encoded(mark: object) -> str | None:
    """A mark as text; None if that is none that JSON can hold, as a plug-in's may be."""
    try:
        return json.dumps(mark) if isinstance(mark, dict) else None
    except (TypeError, ValueError, RecursionError):
        return None


def escaped(key: str) -> str:
    """The key of a source, which may hold bytes of a path that are no text."""
    return json.dumps(key)


def unescaped(text: str) -> str:
    """What was escaped; raises Unsound if nothing was."""
    try:
        key = json.loads(text)
    except (ValueError, TypeError) as error:
        raise Unsound(f"no key: {error}") from error
    if not isinstance(key, str):
        raise Unsound("no key")
    return key


def as_text(words: str) -> str:
    """Without halves of surrogate pairs."""
    return words.encode("utf-8", "replace").decode()


def identity(path: str) -> str:
    """Changes whenever the file does; "" for a folder, and where there is nothing."""
    try:
        found = os.stat(path)
    except OSError:
        return ""
    if not os.path.isfile(path):
        return ""
    return f"{found.st_dev}:{found.st_ino}:{found.st_size}:{found.st_mtime_ns}"


def can_be_stored(tag: str) -> bool:
    """Half a surrogate pair, as JSON may name it, is no text."""
    try:
        tag.encode()
    except UnicodeEncodeError:
        return False
    return True
