"""What a filter means, once its text is read: a tree of plain values."""

from __future__ import annotations

import dataclasses
from typing import TypeAlias


@dataclasses.dataclass(frozen=True)
class Everything:
    """The empty filter: every run answers to it."""


@dataclasses.dataclass(frozen=True)
class Word:
    """A bare word: the text is in the run's id, its name, its tags or its notes, upper and lower case alike."""

    text: str
    """As `folding.folded` gives it; with `*` and `?` a pattern that may stand anywhere, see `folding.unanchored`."""


@dataclasses.dataclass(frozen=True)
class Compare:
    """A field compared with a value, as `cfg.lr>=1e-3` or `state:failed`."""

    field: str
    """The name of one of `fields.FIELDS`."""
    key: str
    """What stands behind the dot in `cfg.KEY` and `metric.KEY`; empty for other fields."""
    op: str
    """`:`, `=`, `!=`, `<`, `<=`, `>` or `>=`."""
    text: str
    """The value as it was written, without quotes; a word of a closed list in lower case."""
    number: float | None
    """The value where it is a number, a time span in seconds, a size in bytes, a share or a count.

    None for texts, a config's value in quotes among them, for dates (`dates.span`) and for `2/3` (`fields.share_target`).
    """


@dataclasses.dataclass(frozen=True)
class Not:
    """What the part does not find; where a run has no such value, it is found."""

    part: Expression


@dataclasses.dataclass(frozen=True)
class And:
    """What every part finds; two parts or more."""

    parts: tuple[Expression, ...]


@dataclasses.dataclass(frozen=True)
class Or:
    """What any part finds; two parts or more."""

    parts: tuple[Expression, ...]


Expression: TypeAlias = Everything | Word | Compare | Not | And | Or

EVERYTHING = Everything()
