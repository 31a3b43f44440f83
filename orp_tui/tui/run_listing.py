"""What the Runs screen asks its thread, and what it is answered: plain values, no rows yet."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
from array import array
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

from textual.message import Message

from orp_tui.core.columns import USUAL, Column, parse_column, scalar_text
from orp_tui.core.filters.expression import EVERYTHING, Expression
from orp_tui.core.past_run import PastRun, Scalar
from orp_tui.core.sanitise import one_line

if TYPE_CHECKING:
    from orp_tui.core.filters.vocabulary import Vocabulary
    from orp_tui.services.catalog import Group, SortKey

GroupPath: TypeAlias = tuple[Scalar, ...]
"""The values of the first keys of a tree: one group of it."""

USUAL_COLUMNS = tuple(parse_column(name) for name in USUAL)
MOST_COLUMNS = 40


@dataclasses.dataclass(frozen=True)
class Question:
    """Which runs are listed, in what order, in which groups."""

    filter: Expression = EVERYTHING
    sort: tuple[SortKey, ...] = ()
    """Empty: the newest first."""
    group_by: tuple[Column, ...] = ()
    """Empty: no tree."""
    metrics: tuple[Column, ...] = ()
    """Whose means the groups show."""
    opened: frozenset[GroupPath] = frozenset()
    """The groups whose members, or next groups, are listed."""


@dataclasses.dataclass(frozen=True)
class GroupRow:
    """A row that stands for the runs of a group."""

    path: GroupPath
    keys: tuple[Column, ...]
    """All keys of the tree."""
    metrics: tuple[Column, ...]
    """Whose means it shows."""
    group: Group
    is_open: bool

    @property
    def level(self) -> int:
        """0 for the outermost."""
        return len(self.path) - 1

    @property
    def label(self) -> str:
        """`lr = 0.001`: the key of its level with its value, one harmless line."""
        key = self.keys[self.level]
        name = key.key or key.kind
        return f"{one_line(name, 40)} = {one_line(scalar_text(self.path[-1]), 60)}"

    def mean(self, column: Column) -> str:
        """`0.913 ± 0.004 (n=5)`: what the group says of a metric; empty for other columns, `-` if no run has it."""
        if column not in self.metrics:
            return ""
        interval = self.group.metrics.get(str(column))
        return str(interval) if interval is not None and interval.n else "-"


@dataclasses.dataclass(frozen=True, eq=False)
class Listing:
    """The answer to a question."""

    question: Question
    keys: array[int]
    """A row each: the number of a run in the catalogue, or `-1 - place` of one of `groups`."""
    groups: tuple[GroupRow, ...]
    found: int
    """Runs that the filter finds, those of closed groups as well."""
    total: int
    """All runs there are, archived ones too."""
    trouble: str = ""
    """Why there is nothing to list, in words; empty if all is well."""

    def group(self, key: int) -> GroupRow | None:
        """The group of a row; None for a run."""
        return self.groups[-1 - key] if key < 0 else None


@dataclasses.dataclass
class RunsListed(Message, bubble=False):
    """A question was answered, or its answer is another by now."""

    listing: Listing
    first: Mapping[int, PastRun | None] = dataclasses.field(default_factory=dict)
    """The first rows, which are likely to be seen."""

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, RunsListed)


@dataclasses.dataclass
class RowsRead(Message, bubble=False):
    """Rows that were asked for; None for a run that is gone."""

    rows: Mapping[int, PastRun | None]
    listing: Listing
    """The list that was newest when they were read."""


@dataclasses.dataclass
class MembersFound(Message, bubble=False):
    """The runs of a group that is to be marked."""

    numbers: array[int]


@dataclasses.dataclass
class NumbersFound(Message, bubble=False):
    """The numbers of runs that were asked for by their ids."""

    numbers: tuple[int, ...]


@dataclasses.dataclass
class VocabularyRead(Message, bubble=False):
    """Which keys, metrics, tags and values there are."""

    vocabulary: Vocabulary

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, VocabularyRead)


@dataclasses.dataclass
class CatalogueRead(Message, bubble=False):
    """How far the catalogue is behind the runs."""

    read: int
    """Runs that were read so far in this go."""
    left: int
    """0: it has caught up."""
    is_busy: bool = False
    """Another process is at it."""
    trouble: str = ""
    """Why it can't go on, in words."""

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, CatalogueRead)


def text_of(names: Sequence[str]) -> str:
    """Names in one text, commas between."""
    return ",".join(name.replace("%", "%25").replace(",", "%2C") for name in names)


def names_of(text: str) -> tuple[str, ...]:
    """What `text_of` was given."""
    return tuple(name.replace("%2C", ",").replace("%25", "%") for name in text.split(",") if name)


def columns_of(names: Iterable[str]) -> tuple[Column, ...]:
    """The columns of these names; a name that means none is left out."""
    found: dict[Column, None] = {}
    for name in itertools.islice(names, MOST_COLUMNS):
        with contextlib.suppress(ValueError):
            found[parse_column(name)] = None
    return tuple(found)


def sort_names(sort: Sequence[SortKey]) -> tuple[str, ...]:
    """An order in names of columns, a `-` before one that goes from high to low."""
    return tuple(f"{'-' if key.descending else ''}{key.column}" for key in sort)


def sort_of(names: Iterable[str]) -> tuple[SortKey, ...]:
    """What `sort_names` was given; a name that means no column is left out."""
    from orp_tui.services.catalog import SortKey

    return tuple(
        SortKey(column, name.startswith("-"))
        for name in names
        for column in columns_of([name.removeprefix("-")])
    )
