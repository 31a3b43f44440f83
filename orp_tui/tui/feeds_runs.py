"""The threads behind the Runs screen: one answers questions, one brings the catalogue up to date.

Two, so that a list that is being indexed for the first time can be read and filtered meanwhile.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import threading
import time
from array import array
from collections.abc import Callable
from typing import TYPE_CHECKING

from orp_tui.core.errors import OrpError
from orp_tui.tui.feeds import Feed, Post
from orp_tui.tui.run_listing import (
    CatalogueRead,
    GroupPath,
    GroupRow,
    Listing,
    MembersFound,
    NumbersFound,
    Question,
    RowsRead,
    RunsListed,
    VocabularyRead,
)

if TYPE_CHECKING:
    from orp_tui.core.filters.expression import Expression
    from orp_tui.core.filters.vocabulary import Vocabulary
    from orp_tui.core.past_run import PastRun
    from orp_tui.services.catalog import Catalog
    from orp_tui.services.context import Context

_LOOK_S = 0.5
"""So often it is asked whether the catalogue is another."""
_CATCH_UP_S = 1.5
_IDLE_S = 60.0
_FIRST = 60
"""Rows: a screen full."""
_TOLD_S = 0.1
"""Progress is told no oftener."""


class RunsFeed(Feed):
    """Answers questions; the newest replaces those before it that are not answered yet."""

    SUBJECT = "the list of runs"

    def __init__(self, context: Context, post: Post) -> None:
        super().__init__(post)
        self._context = context
        self._lock = threading.Lock()
        self._question: Question | None = None
        self._wanted: tuple[int, ...] = ()
        self._marking: Expression | None = None
        self._run_ids: tuple[str, ...] = ()
        self._listing: Listing | None = None
        self._version: object = None

    @functools.cached_property
    def _catalog(self) -> Catalog:
        from orp_tui.services.catalog import Catalog

        return Catalog(self._context)

    # What the screen says

    def ask(self, question: Question) -> None:
        """List the runs of this question from now on."""
        with self._lock:
            self._question = question
        self.poke()

    def read_rows(self, keys: tuple[int, ...]) -> None:
        """Read these rows; they replace those that are not read yet, which may be far away by now."""
        with self._lock:
            self._wanted = keys
        self.poke()

    def find_members(self, members: Expression) -> None:
        """Find the runs of a group."""
        with self._lock:
            self._marking = members
        self.poke()

    def find_numbers(self, run_ids: tuple[str, ...]) -> None:
        """Find runs by their ids; those that are not in the catalogue are left out."""
        with self._lock:
            self._run_ids = run_ids
        self.poke()

    # What the thread does

    def turn(self, *, poked: bool) -> float:
        try:
            self._look()
        except (OrpError, OSError) as error:
            self._tell_trouble(str(error))
        return _LOOK_S

    def _tell_trouble(self, words: str) -> None:
        question, self._version = self._question, None
        if question is not None and (self._listing is None or self._listing.trouble != words):
            self._listing = Listing(question, array("q"), (), 0, 0, words)
            self.post(RunsListed(self._listing))

    def _look(self) -> None:
        if self._version is None:
            # Where there is no catalogue, or one of no use, a question would wait until all runs are read.
            self._catalog.catch_up(cancelled=lambda: True)
        with self._lock:
            question, wanted, self._wanted = self._question, self._wanted, ()
            members, self._marking = self._marking, None
            run_ids, self._run_ids = self._run_ids, ()
        version = self._catalog.version()
        if question is not None and (
            self._listing is None or question != self._listing.question or version != self._version
        ):
            self._version = version
            self._listing = list_runs(self._catalog, question, self._is_asked_anew)
            self.post(RunsListed(self._listing, self._first_rows(self._listing)))
        if wanted and self._listing is not None:
            rows = dict(zip(wanted, self._catalog.rows(wanted), strict=True))
            self.post(RowsRead(rows, self._listing))
        if run_ids:
            self.post(NumbersFound(tuple(self._catalog.numbers_of(run_ids))))
        if members is not None:
            from orp_tui.services.catalog import Query

            self.post(MembersFound(self._catalog.find(Query(members)).numbers))

    def _first_rows(self, listing: Listing) -> dict[int, PastRun | None]:
        """What the screen would ask for next, if the cursor is at the top."""
        keys = [key for key in listing.keys[:_FIRST] if key >= 0]
        return dict(zip(keys, self._catalog.rows(keys), strict=True))

    def _is_asked_anew(self) -> bool:
        return self._poked.is_set() or self._ended.is_set()

    def close(self) -> None:
        if "_catalog" in self.__dict__:
            self._catalog.close()
            del self._catalog


def list_runs(catalog: Catalog, question: Question, is_asked_anew: Callable[[], bool]) -> Listing:
    """The answer to a question. Of a tree no more groups are looked into once something else is asked."""
    from orp_tui.services.catalog import Query

    if not question.group_by:
        found = catalog.find(Query(question.filter, question.sort))
        return Listing(question, found.numbers, (), len(found.numbers), found.total)
    tree = _Tree(catalog, question, is_asked_anew)
    tree.add((), question.filter)
    everything = catalog.find(Query(question.filter))
    return Listing(question, tree.keys, tuple(tree.groups), len(everything.numbers), everything.total)


@dataclasses.dataclass
class _Tree:
    """The rows of a tree, the open groups with what is in them."""

    catalog: Catalog
    question: Question
    is_asked_anew: Callable[[], bool]
    keys: array[int] = dataclasses.field(default_factory=lambda: array("q"))
    groups: list[GroupRow] = dataclasses.field(default_factory=list)

    def add(self, path: GroupPath, members: Expression) -> None:
        """Add what is in a group: the groups of the next key, or its runs."""
        from orp_tui.services.catalog import Query

        question = self.question
        if len(path) == len(question.group_by):
            self.keys.extend(self.catalog.find(Query(members, question.sort)).numbers)
            return
        key = question.group_by[len(path)]
        for group in self.catalog.groups(Query(members, question.sort), (key,), question.metrics):
            inside = (*path, *group.values)
            is_open = inside in question.opened
            self.groups.append(GroupRow(inside, question.group_by, question.metrics, group, is_open))
            self.keys.append(-len(self.groups))
            if is_open and not self.is_asked_anew():
                self.add(inside, group.filter)


class CatalogueFeed(Feed):
    """Brings the catalogue up to date, again and again; `stop_reading` leaves the rest for another time."""

    SUBJECT = "the runs' folders"

    def __init__(self, context: Context, post: Post) -> None:
        super().__init__(post)
        self._context = context
        self._is_stopped = False
        self._told_at = 0.0
        self._told: CatalogueRead | None = None

    @functools.cached_property
    def _catalog(self) -> Catalog:
        from orp_tui.services.catalog import Catalog

        return Catalog(self._context)

    @property
    def is_stopped(self) -> bool:
        """Whether the rest is left until `poke`."""
        return self._is_stopped

    def stop_reading(self) -> None:
        """Read no more runs for now."""
        self._is_stopped = True

    def poke(self) -> None:
        self._is_stopped = False
        super().poke()

    def turn(self, *, poked: bool) -> float:
        if not self._is_stopped:
            try:
                done = self._catalog.catch_up(self._progress, self._is_cancelled)
                self._tell(CatalogueRead(done.read, done.left, done.is_busy, done.problem))
            except (OrpError, OSError) as error:
                self._tell(CatalogueRead(0, 0, trouble=str(error)))
        return _CATCH_UP_S

    def _progress(self, read: int, total: int) -> None:
        if time.monotonic() - self._told_at >= _TOLD_S:
            self._tell(CatalogueRead(read, max(0, total - read)))

    def _is_cancelled(self) -> bool:
        return self._is_stopped or self._ended.is_set()

    def _tell(self, news: CatalogueRead) -> None:
        """Tell it, unless that would be nothing new."""
        quiet = dataclasses.replace(news, read=0) if not news.left else news
        if quiet != self._told:
            self._told, self._told_at = quiet, time.monotonic()
            self.post(quiet)

    def close(self) -> None:
        if "_catalog" in self.__dict__:
            self._catalog.close()
            del self._catalog


class WordsFeed(Feed):
    """Reads which keys, metrics, tags and values there are, each time it is poked; that takes a while of many runs."""

    SUBJECT = "the words of filters"

    def __init__(self, context: Context, post: Post) -> None:
        super().__init__(post)
        self._context = context
        self._known: tuple[object, Vocabulary] | None = None

    def turn(self, *, poked: bool) -> float:
        if poked:
            # One that is not there yet is told of by the list itself.
            with contextlib.suppress(OrpError, OSError):
                self._read()
        return _IDLE_S

    def _read(self) -> None:
        from orp_tui.services.catalog import Catalog

        # Not kept open: it is asked for seldom, and an open one holds some megabytes.
        catalog = Catalog(self._context)
        try:
            version = catalog.version()
            if self._known is None or self._known[0] != version:
                self._known = version, catalog.vocabulary()
        finally:
            catalog.close()
        self.post(VocabularyRead(self._known[1]))
