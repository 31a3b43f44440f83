"""What a dashboard shows of queue and runs at one moment, and whether it is time to look again."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import sqlite3
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from orp_tui.core.errors import OrpError
from orp_tui.core.needs import Group
from orp_tui.core.sanitise import one_line
from orp_tui.core.states import Mark, RunState
from orp_tui.engine.alert_log import read_alerts
from orp_tui.engine.leadership import read_leader
from orp_tui.services.context import Context
from orp_tui.services.judged import Standing
from orp_tui.services.standing import Standings
from orp_tui.services.watch import RunView, Snapshot, killed_at, snapshot, view
from orp_tui.store import database, groups, runs

if TYPE_CHECKING:
    from orp_tui.services.remaking import Remaking

ENDED_SHOWN = 200
"""Ended runs that the board holds, the newest."""
ENDED_LAST = 20
"""Of these the alerts are known too: a run may be stopped by one between two looks."""
_SOON_MADE_S = 0.3
"""A database of few runs is made again within a look."""
LEAST_PERIOD_S = 1.0
"""Locks and folders change without the database telling; so often they are asked."""
_SHARE = 40
"""A look that takes long is taken the more seldom, so that looking takes at most a fortieth of a core."""


@dataclasses.dataclass(frozen=True)
class Board:
    """Everything that a dashboard shows of the runs."""

    at: float
    """Seconds since 1970, UTC."""
    seen: Snapshot | None
    """None: nothing was ever run here."""
    ended: tuple[RunView, ...] = ()
    """The newest ended runs, the last submission first."""
    groups: tuple[Group, ...] = ()
    """Those of which something is said, by name."""
    kill_at: Mapping[str, float] = dataclasses.field(default_factory=dict)
    """Run id → when a run that was asked to end is killed, seconds since 1970."""
    metrics: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Run id → how it stands by its primary metric, `test_acc 0.97`; a run that logged nothing is left out."""
    sparks: Mapping[str, tuple[int, ...]] = dataclasses.field(default_factory=dict)
    """Run id → heights of the newest values of that metric, as `core.sparkline` draws them."""
    alerts: Mapping[str, tuple[int, str]] = dataclasses.field(default_factory=dict)
    """Run id → how many alerts it has had and the newest of them in words: of active runs, and of those that ended last."""
    leader: str | None = None
    """Who leads, in words; None if nobody does."""
    has_unsettled: bool = False
    """A run has ended, and no queue processor has written it down yet."""
    is_read_only: bool = False
    """The store can be read and not written: nothing can be queued or changed from here."""
    problem: str | None = None
    """Why the store can't be used now, in one line; the runs are then what they last were."""
    making: str = ""
    """How far a database is that was gone and is made again; the runs are then what they last were. Empty: it is there."""
    remade: tuple[str, ...] = ()
    """What a person should know of a database that was just made again, one line each; in one board only."""

    def is_like(self, other: Board) -> bool:
        """Whether both say the same, each at its time."""
        if (self.seen is None) != (other.seen is None):
            return False
        seen = self.seen
        if seen is not None and other.seen is not None:
            seen = dataclasses.replace(seen, at=other.seen.at)
        return dataclasses.replace(self, at=other.at, seen=seen) == other

    def alerts_since(self, before: Board | None) -> list[str]:
        """Alerts that were not there at an earlier look, in words; none at the first look of all."""
        if before is None or before.seen is None:
            return []
        return [
            f"alert in {run_id}, {words}"
            for run_id, (number, words) in self.alerts.items()
            if number > before.alerts.get(run_id, (0, ""))[0]
        ]

    @property
    def rows(self) -> tuple[RunView, ...]:
        """Active runs, then waiting ones in their order, then ended ones."""
        if self.seen is None:
            return self.ended
        active = [item for item in self.seen.unfinished if item.state is not RunState.QUEUED]
        waiting = [item for item in self.seen.unfinished if item.state is RunState.QUEUED]
        return (*active, *waiting, *self.ended)

    @property
    def is_left_alone(self) -> bool:
        """Whether there is work that a queue processor should see to, and none leads."""
        return (
            self.leader is None
            and not self.is_read_only
            and self.problem is None
            and self.seen is not None
            and (bool(self.seen.unfinished) or self.has_unsettled)
        )

    @property
    def unstarted_without_leader(self) -> bool:
        """Whether runs wait that nobody will start."""
        return (
            self.leader is None
            and self.seen is not None
            and any(item.state is RunState.QUEUED for item in self.seen.unfinished)
        )


class BoardReader:
    """Looks at one base directory from one thread, through a connection that it keeps."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._stack = contextlib.ExitStack()
        self._connection: database.Connection | None = None
        self._last = Board(0.0, None)
        self._standings = Standings(context.paths)
        self._ended: tuple[RunView, ...] = ()
        self._ended_stand: dict[str, Standing] = {}
        self._ended_alerts: dict[str, tuple[int, str]] = {}
        self._version = -1
        """Of the database when the ended runs were read; they are all in it, and seldom change."""
        self._due = 0.0
        self._remaking: Remaking | None = None
        self._remade: tuple[str, ...] = ()

    def is_due(self) -> bool:
        """Whether something was written since the last look, or it is long ago; costs microseconds."""
        if time.monotonic() >= self._due:
            return True
        return self._connection is not None and self._data_version() != self._version

    def look(self) -> Board:
        """Everything as it is now. A store that can't be used is said in `problem`."""
        began = time.monotonic()
        try:
            self._last = self._look()
        except sqlite3.Error as error:
            self._fail(database.explained(self._context.paths.database, error))
        except (OrpError, OSError) as error:
            self._fail(error)
        took = time.monotonic() - began
        self._due = time.monotonic() + max(LEAST_PERIOD_S, took * _SHARE)
        return self._last

    def close(self) -> None:
        """Give the connection back; the next look opens it again."""
        if self._remaking is not None:
            self._remaking.stop()
        self._remaking = None
        self._connection = None
        self._version = -1
        self._stack.close()

    def _fail(self, error: Exception) -> None:
        with contextlib.suppress(OrpError, OSError, sqlite3.Error):
            self.close()
        self._last = dataclasses.replace(self._last, at=time.time(), problem=str(error))

    def _look(self) -> Board:
        paths = self._context.paths
        if self._connection is not None and not self._connection.is_in_place():
            self.close()
        if self._connection is None:
            if not self._context.has_store:
                leader = read_leader(paths)
                return Board(time.time(), None, leader=str(leader) if leader else None)
            if not database.has_content(paths.database) and not self._is_remade():
                assert self._remaking is not None
                words = self._remaking.words
                return dataclasses.replace(self._last, at=time.time(), problem=None, making=words, remade=())
            self._connection = self._stack.enter_context(self._context.store())
        connection = self._connection
        version = self._data_version()
        seen = snapshot(paths, connection, slots=self._context.slots)
        has_news = self._standings.advance()
        if version != self._version or version < 0:
            self._read_ended(connection, seen.unfinished)
            self._version = version
        elif has_news:
            self._ended_stand = self._stand(self._ended)
        unsettled = self._unsettled(connection, seen)
        stand = self._stand(seen.unfinished) | self._ended_stand
        return Board(
            at=seen.at,
            seen=seen,
            ended=(*unsettled, *self._ended) if unsettled else self._ended,
            has_unsettled=bool(unsettled),
            metrics={run_id: found.words for run_id, found in stand.items()},
            sparks={run_id: found.heights for run_id, found in stand.items() if found.heights},
            alerts=self._alerts(seen.unfinished) | self._ended_alerts,
            is_read_only=not os.access(paths.state, os.W_OK) or not os.access(paths.database, os.W_OK),
            groups=tuple(group for _, group in sorted(groups.read(connection).items())),
            kill_at={
                item.run.id: at
                for item in seen.unfinished
                if Mark.CANCEL_REQUESTED in item.marks
                if (at := killed_at(paths, item.run)) is not None
            },
            leader=str(seen.leader) if seen.leader else None,
            remade=self._taken_remade(),
        )

    def _is_remade(self) -> bool:
        """Whether the database that was gone is there again; raises what hindered it."""
        if self._remaking is None:
            from orp_tui.services.remaking import Remaking

            allow_network = self._context.settings.allow_network_filesystem
            self._remaking = Remaking(self._context.paths, allow_network=allow_network)
        if not self._remaking.is_over(_SOON_MADE_S):
            return False
        over, self._remaking = self._remaking, None
        done = over.result()
        self._remade = tuple(done.words()) if done is not None else ()
        return True

    def _taken_remade(self) -> tuple[str, ...]:
        taken, self._remade = self._remade, ()
        return taken

    def _unsettled(self, connection: database.Connection, seen: Snapshot) -> list[RunView]:
        """Runs that have ended and of which no queue processor has written so: they are in neither list."""
        there = {item.run.id for item in seen.unfinished}
        views = [view(self._context.paths, run) for run in runs.unfinished(connection) if run.id not in there]
        return [item for item in views if item.state.is_final]

    def _read_ended(self, connection: database.Connection, others: Sequence[RunView]) -> None:
        paths = self._context.paths
        newest = runs.newest(connection, ENDED_SHOWN, final_only=True)
        self._ended = tuple(view(paths, run) for run in newest)
        self._standings.keep_only({item.run.id for item in (*self._ended, *others)})
        self._ended_stand = self._stand(self._ended)
        self._ended_alerts = self._alerts(self._ended[:ENDED_LAST])

    def _stand(self, views: Sequence[RunView]) -> dict[str, Standing]:
        found = {item.run.id: self._standings.of(item) for item in views}
        return {run_id: standing for run_id, standing in found.items() if standing is not None}

    def _alerts(self, views: Sequence[RunView]) -> dict[str, tuple[int, str]]:
        found = {}
        for item in views:
            records = (
                read_alerts(self._context.paths.run(item.run.id)) if item.state is not RunState.QUEUED else ()
            )
            if records:
                words = f"{one_line(item.run.name, 30)}: {one_line(records[-1].line, 160)}"
                found[item.run.id] = records[-1].id, words
        return found

    def _data_version(self) -> int:
        assert self._connection is not None
        try:
            return int(self._connection.execute("PRAGMA data_version").fetchone()[0])
        except sqlite3.Error:
            return -1
