"""Deliverables: what was promised, and what a check found.

`Deliverable` is what `request.json` holds of each declared item, already resolved
from the experiment file; `ChecklistReport` is what an evaluation returns. Both are
plain data: the finaliser uses them without pydantic.

Check names and their options (those marked * are required):

    exists
    min_size      bytes*                     max_size  bytes*
    min_count     count*                     (files a glob must match)
    contains_keys required_keys* (dotted)    JSON, YAML, TOML
    threshold     metric* (dotted key), operator* (>= > <= < == !=), value*
    json_schema   schema* (mapping, or path of a file inside the workspace)
    csv           columns, min_rows, no_nan
    regex         pattern*, min_matches (1)
    contains_sections  sections* (Markdown headings)
    image         min_width, min_height
    loadable
    sha256        sha256*
    fresh
    stable        seconds (2)
    command       command* (list or string), timeout_s (60)
    plug-in names any
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Iterable
from typing import Any

Json = Any  # Any: a value as JSON gives it


@dataclasses.dataclass(frozen=True)
class Check:
    """One validation of a deliverable."""

    name: str
    options: dict[str, Json] = dataclasses.field(default_factory=dict)

    def to_json(self) -> dict[str, Json]:
        return {"check": self.name, **self.options}

    @classmethod
    def from_json(cls, data: dict[str, Json]) -> Check:
        options = dict(data)
        return cls(options.pop("check"), options)


@dataclasses.dataclass(frozen=True)
class Deliverable:
    """A declared output with its validations."""

    index: int
    """Its place in the file, from 0; results are keyed by it."""
    type: str
    path: str
    """Inside the workspace, as written; may be a glob."""
    required: bool
    checks: tuple[Check, ...]

    @property
    def is_glob(self) -> bool:
        return any(char in self.path for char in "*?[")

    def to_json(self) -> dict[str, Json]:
        return {
            "index": self.index,
            "type": self.type,
            "path": self.path,
            "required": self.required,
            "checks": [check.to_json() for check in self.checks],
        }

    @classmethod
    def from_json(cls, data: dict[str, Json]) -> Deliverable:
        checks = tuple(Check.from_json(item) for item in data["checks"])
        return cls(data["index"], data["type"], data["path"], data["required"], checks)


class CheckOutcome(enum.Enum):
    """What a check said. Stored by value."""

    PASS = "pass"  # noqa: S105 - a word, no password
    FAIL = "fail"
    ERROR = "error"
    """It could not be checked; the reason says why, and names the pip command if a package is missing."""


class DeliverableStatus(enum.Enum):
    """Where a deliverable stands; each with a glyph in `core.words`. Stored by value."""

    MISSING = "missing"
    GROWING = "growing"
    """There, but still written to (live checks only)."""
    INVALID = "invalid"
    """There, and at least one check failed or could not be made."""
    VALID = "valid"


_BOXES = {
    DeliverableStatus.VALID: "[x]",
    DeliverableStatus.GROWING: "[~]",
    DeliverableStatus.MISSING: "[ ]",
    DeliverableStatus.INVALID: "[!]",
}


@dataclasses.dataclass(frozen=True)
class CheckResult:
    """What one check found."""

    check: str
    outcome: CheckOutcome
    detail: str
    """For a person, with the value found: `accuracy 0.87 < 0.90`."""
    value: Json = None
    """The value found, where there is one: a number, a count, a digest; NaN and infinities as strings."""

    def to_json(self) -> dict[str, Json]:
        return {
            "check": self.check,
            "outcome": self.outcome.value,
            "detail": self.detail,
            "value": self.value,
        }

    @classmethod
    def from_json(cls, data: dict[str, Json]) -> CheckResult:
        return cls(data["check"], CheckOutcome(data["outcome"]), data["detail"], data["value"])


@dataclasses.dataclass(frozen=True)
class ChecklistItem:
    """A deliverable and what its checks found."""

    index: int
    type: str
    path: str
    required: bool
    status: DeliverableStatus
    results: tuple[CheckResult, ...]
    files: tuple[str, ...]
    """What matched, relative to the workspace, sorted; at most 10,000."""
    size_bytes: int
    """Of the matched files together; of everything beneath a matched folder."""
    truncated: bool = False
    """More than 10,000 files matched and the rest was not looked at."""

    @property
    def detail(self) -> str:
        """One line: the first thing that is wrong, else the most telling value found."""
        wrong = [result for result in self.results if result.outcome is not CheckOutcome.PASS]
        telling = wrong or [item for item in self.results if item.check not in ("exists", "fresh")]
        return (telling or list(self.results))[0].detail if self.results else ""

    @property
    def box(self) -> str:
        """`[x]` valid, `[~]` growing, `[ ]` missing, `[!]` wrong, `[?]` could not be checked."""
        wrong = next((result for result in self.results if result.outcome is not CheckOutcome.PASS), None)
        if self.status is DeliverableStatus.INVALID and wrong and wrong.outcome is CheckOutcome.ERROR:
            return "[?]"
        return _BOXES[self.status]

    def to_json(self) -> dict[str, Json]:
        return {
            "index": self.index,
            "type": self.type,
            "path": self.path,
            "required": self.required,
            "status": self.status.value,
            "detail": self.detail,
            "results": [result.to_json() for result in self.results],
            "files": list(self.files),
            "size_bytes": self.size_bytes,
            "truncated": self.truncated,
        }

    @classmethod
    def from_json(cls, data: dict[str, Json]) -> ChecklistItem:
        return cls(
            index=data["index"],
            type=data["type"],
            path=data["path"],
            required=data["required"],
            status=DeliverableStatus(data["status"]),
            results=tuple(CheckResult.from_json(item) for item in data["results"]),
            files=tuple(data["files"]),
            size_bytes=data["size_bytes"],
            truncated=data["truncated"],
        )


@dataclasses.dataclass(frozen=True)
class ChecklistReport:
    """All deliverables of a run, in the order of the file."""

    items: tuple[ChecklistItem, ...]
    final: bool
    """Made by the finaliser; only that counts."""

    @classmethod
    def unseen(cls, deliverables: Iterable[Deliverable]) -> ChecklistReport:
        """The list before anybody has looked: everything is missing."""
        missing = DeliverableStatus.MISSING
        items = (
            ChecklistItem(index, item.type, item.path, item.required, missing, (), (), 0)
            for index, item in enumerate(deliverables)
        )
        return cls(tuple(items), final=False)

    @property
    def valid(self) -> int:
        return sum(item.status is DeliverableStatus.VALID for item in self.items)

    @property
    def complete(self) -> bool:
        """Every required deliverable is valid; true when none is declared."""
        return all(item.status is DeliverableStatus.VALID for item in self.items if item.required)

    @property
    def first_wrong(self) -> ChecklistItem | None:
        """The first required deliverable that is not valid."""
        for item in self.items:
            if item.required and item.status is not DeliverableStatus.VALID:
                return item
        return None

    def keys(self) -> list[str]:
        """A distinct key for each item: its path, with `#index` behind it where two share one."""
        paths = [item.path for item in self.items]
        return [
            path if paths.count(path) == 1 else f"{path}#{item.index}"
            for path, item in zip(paths, self.items, strict=True)
        ]

    def by_path(self) -> dict[str, dict[str, Json]]:
        """What `ExperimentResult.deliverables_status` holds: two items never share a key."""
        return {key: item.to_json() for key, item in zip(self.keys(), self.items, strict=True)}

    def to_json(self) -> dict[str, Json]:
        return {"schema": 1, "final": self.final, "items": [item.to_json() for item in self.items]}

    @classmethod
    def from_json(cls, data: dict[str, Json]) -> ChecklistReport:
        return cls(tuple(ChecklistItem.from_json(item) for item in data["items"]), data["final"])
