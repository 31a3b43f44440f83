"""The circuit breaker: a group whose runs fail one after the other for one reason is paused.

It judges by the store's history alone, so a queue processor that was killed goes on where it
was. What was seen before a group was last resumed counts no more (`store.groups.pause`).
"""

from __future__ import annotations

import re
import sqlite3

from orp_tui.core.states import RunState
from orp_tui.store import events, groups, history

QUICK_S = 60.0
"""A run that failed sooner than this has hardly begun: what ails it ails the next one too."""
USUAL = 3
_ADDRESS = re.compile(r"0x[0-9a-fA-F]+")
_PATH = re.compile(r"(?:~|\.{1,2})?(?:/[^\s:'\"(),]+)+/?")
_NUMBER = re.compile(r"\d+")


class Breaker:
    """Pauses groups; called on every turn of the queue processor, does something only after an end."""

    def __init__(self, connection: sqlite3.Connection, most: int) -> None:
        self._connection = connection
        self._most = most
        self._seen = -1

    def look(self) -> list[str]:
        """Pause what has to be paused; the names of those groups."""
        if self._most <= 0:
            return []
        newest = events.newest(self._connection)
        if newest == self._seen:
            return []
        tripped = []
        known = groups.read(self._connection)
        for name in history.groups_with_failures(self._connection, after=self._seen):
            if name in known and known[name].paused is not None:
                continue
            why = verdict(self._connection, name, self._most)
            if why is not None:
                groups.pause(self._connection, name, why)
                tripped.append(name)
        self._seen = newest
        return tripped


def verdict(connection: sqlite3.Connection, group: str, most: int) -> str | None:
    """Why a group should be paused; None if it should not.

    Automatic retries count neither way: one run that is tried again and again says nothing of the others.
    """
    after = groups.resumed_at(connection, group)
    ends = history.last_ends(connection, group, after=after, limit=most * 20)
    alike: list[history.End] = []
    for end in ends:
        if end.retry > 0 and end.state != RunState.SUCCEEDED.value:
            continue
        failed = end.state == RunState.FAILED.value and end.lasted_s < QUICK_S
        if not failed or (alike and signature(end) != signature(alike[0])):
            break
        alike.append(end)
        if len(alike) == most:
            names = ", ".join(item.run_id for item in reversed(alike[:3]))
            more = f" and {most - 3} more" if most > 3 else ""
            return f"{most} runs in a row failed alike within {QUICK_S:.0f} s ({names}{more}): {alike[0].detail or alike[0].reason}"
    return None


def signature(end: history.End) -> str:
    """Reason and evidence of a failure without what differs from run to run: addresses, paths, numbers."""
    text = _ADDRESS.sub("0x", end.detail)
    return f"{end.reason}: {_NUMBER.sub('#', _PATH.sub('/', text))}"
