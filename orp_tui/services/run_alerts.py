"""The alerts of one running run: judged, noted, and acted on.

What is to be done is written down before it is done: first the state with what has fired, then the
line in `alerts.jsonl`, then the act and a line about it. An observer killed anywhere in between is followed
by one that does the rest, and nothing twice but for a signal that was sent and not noted yet.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import sqlite3
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orp_tui.core.alert_rules import Moment, rules_of
from orp_tui.core.alerts import AlertWatch
from orp_tui.core.errors import OrpError
from orp_tui.core.layout import BasePaths, RunPaths
from orp_tui.core.request import RunRequest
from orp_tui.core.run import Run
from orp_tui.core.sanitise import one_line
from orp_tui.core.series import Points
from orp_tui.core.states import RunState
from orp_tui.engine.alert_log import AlertRecord, acts_done, note_act, note_alert, read_alerts
from orp_tui.engine.checkpoint_signal import SENT, ask_for_checkpoint
from orp_tui.engine.checkpoints import complete_checkpoints
from orp_tui.engine.request_file import read_request
from orp_tui.files.atomic import read_json
from orp_tui.files.failpoint import hit
from orp_tui.services.control import cancel

Json = dict[str, Any]  # Any: values as JSON gives them

ACTS = ("checkpoint", "stop")
"""What takes more than the line that tells of it, in this order: a training that is ending makes no checkpoint."""
COARSE_S = 0.1
"""File systems tell time less finely than clocks do."""
_LATER = (OSError, sqlite3.Error, OrpError)
"""A full disk, a busy database: tried again at the next look."""
_DAMAGED = (KeyError, TypeError, ValueError, AttributeError, OverflowError)


@dataclasses.dataclass
class _Pending:
    """An alert of which not all is done."""

    record: AlertRecord
    is_noted: bool = False
    did: dict[str, tuple[float, str]] = dataclasses.field(default_factory=dict)
    """What was done, when, and in words; some of it may not be noted yet."""
    noted: set[str] = dataclasses.field(default_factory=set)

    @property
    def left(self) -> list[str]:
        return [act for act in ACTS if act in self.record.do and act not in self.noted]

    def to_json(self) -> Json:
        return {"record": self.record.to_json(), "did": {act: list(what) for act, what in self.did.items()}}

    @classmethod
    def from_json(cls, data: Json) -> _Pending:
        did = {act: (float(at), str(words)) for act, (at, words) in data["did"].items()}
        return cls(AlertRecord.from_json(data["record"]), did=did)


class RunAlerts:
    """The alerts of one run."""

    def __init__(
        self, paths: BasePaths, connection: sqlite3.Connection, request: RunRequest, watch: AlertWatch
    ) -> None:
        self._paths = paths
        self._connection = connection
        self._request = request
        self._folder: RunPaths = paths.run(request.id)
        self._state_path = paths.alert_state(request.id)
        self._watch = watch
        self._pending: list[_Pending] = []
        self._number = 0
        self._log_bytes = -1
        self._has_ended = False

    @classmethod
    def open(
        cls, paths: BasePaths, connection: sqlite3.Connection, run: Run, *, clock: float
    ) -> RunAlerts | None:
        """None for a run without alerts. Raises OSError, ValueError or KeyError if its request can't be read."""
        request = read_request(paths.run(run.id))
        rules = rules_of(request.experiment)
        if not rules:
            return None
        state = _read_state(paths, run.id)
        found = cls(paths, connection, request, AlertWatch(rules, state.get("watch"), clock=clock))
        found._go_on(state)
        return found

    def _go_on(self, state: Json) -> None:
        """Take up what an earlier observer has left: its numbers, what it told, what it did not finish."""
        noted = read_alerts(self._folder)
        for record in noted:
            if record.step is not None and record.value is not None:
                self._watch.remember_told(record.rule, record.metric, record.step, record.value)
        there = {record.id for record in noted}
        with contextlib.suppress(*_DAMAGED):
            self._number = max([0, *there, int(state.get("number", 0))])
            for item in state.get("pending", ()):
                left = _Pending.from_json(item)
                left.is_noted = left.record.id in there
                left.noted = set(acts_done(self._folder, left.record.id))
                self._pending.append(left)
        self._number = max([self._number, *there])

    def look(self, run: Run, points: Mapping[str, Points], moment: Moment) -> list[AlertRecord]:
        """Judge what is new at this moment, note what has come true, and do what is left to be done."""
        seen = self._watch.look(points, moment)
        fired = [AlertRecord.of(number, item) for number, item in enumerate(seen, self._number + 1)]
        self._number += len(fired)
        self._pending += [_Pending(record) for record in fired]
        if self._pending or points or moment.log_bytes != self._log_bytes:
            self._log_bytes = moment.log_bytes
            self._save()
        if self._pending:
            hit("alert.fired")
            self._pending = [item for item in self._pending if not self._is_done(item, run)]
            self._save()
        return fired

    def _is_done(self, item: _Pending, run: Run) -> bool:
        """Note an alert and do what it asks for; False if something is left for later."""
        try:
            if not item.is_noted:
                note_alert(self._folder, item.record)
                item.is_noted = True
        except FileNotFoundError:
            return True  # the folder is gone: there is nobody to tell
        except OSError:
            pass  # no room for a line is no reason to let it run on
        try:
            return all([self._is_acted(item, act, run) for act in item.left]) and item.is_noted  # noqa: C419 - each is tried
        except _LATER:
            return False

    def _is_acted(self, item: _Pending, act: str, run: Run) -> bool:
        if act == "stop" and self._is_saving(item):
            return False
        if act not in item.did:
            began = time.time()
            words = self._stop(item.record, run) if act == "stop" else self._checkpoint(run)
            hit(f"alert.{act}")
            item.did[act] = (began, words)
        at, words = item.did[act]
        note_act(self._folder, item.record.id, act, words, at)
        item.noted.add(act)
        return True

    def _is_saving(self, item: _Pending) -> bool:
        """Whether a checkpoint that was asked for is still awaited: until it is complete, or for the grace of a stop."""
        asked_at, words = item.did.get("checkpoint", (0.0, ""))
        rule = self._request.checkpoints
        if not words.endswith(SENT) or rule is None or time.time() - asked_at > self._request.stop.grace_s:
            return False
        found = complete_checkpoints(rule, Path(self._request.cwd))
        return not any(checkpoint.changed >= asked_at - COARSE_S for checkpoint in found)

    def _stop(self, record: AlertRecord, run: Run) -> str:
        if run.state is not RunState.RUNNING:
            return "had ended already"
        # The supervisor reads the wish without a JSON parser, so nothing in it may need an escape.
        rule = one_line(record.rule, 80).replace('"', "'").replace("\\", "/")
        after = cancel(self._paths, self._connection, run, by=f"alert {rule}")
        if after.cancel_by == f"alert {rule}":
            return "asked to end"
        return "had ended already" if after.state.is_final else "was being ended already"

    def _checkpoint(self, run: Run) -> str:
        name = (self._request.checkpoints or {}).get("signal") or ""
        return ask_for_checkpoint(self._folder, run, str(name))

    def _save(self) -> None:
        """Renamed into place, but not flushed: a machine that goes down takes the run with it."""
        if self._has_ended:
            return
        state = {
            "number": self._number,
            "watch": self._watch.state,
            "pending": [item.to_json() for item in self._pending],
        }
        with contextlib.suppress(OSError):  # without room it is judged from the values again
            self._state_path.parent.mkdir(
                mode=0o700, exist_ok=True
            )  # not where the base directory was removed
            beside = self._state_path.with_suffix(".tmp")
            beside.write_text(json.dumps(state), "utf-8")
            os.replace(beside, self._state_path)

    def close(self) -> None:
        """The run has ended: nobody will go on from its state."""
        self._has_ended = True
        with contextlib.suppress(OSError):
            self._state_path.unlink(missing_ok=True)


def moment_of(folder: RunPaths, run: Run, now: float, clock: float) -> Moment:
    """What there is to see of a run beside its metrics; `now` in seconds since 1970, `clock` of one that nobody sets."""
    size, newest = 0, 0.0
    for path in (folder.stdout, folder.stderr):
        with contextlib.suppress(OSError):
            found = os.stat(path, follow_symlinks=False)
            size, newest = size + found.st_size, max(newest, found.st_mtime)
    age = max(0.0, now - (run.started_at or now))
    return Moment(now, clock, age, size, max(0.0, now - newest))


def _read_state(paths: BasePaths, run_id: str) -> Json:
    try:
        state = read_json(paths.alert_state(run_id))
    except (OSError, ValueError):
        return {}
    return state if isinstance(state, dict) else {}
