"""The threads that look at things for the dashboard, and tell the app with messages.

They read and post, and touch nothing else. Each ends when it is told to. What they look with is
imported in their threads: the first paint needs none of it.
"""

from __future__ import annotations

import contextlib
import functools
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.message import Message

from orp_tui.core.errors import OrpError
from orp_tui.services.log_places import log_places
from orp_tui.tui.messages import (
    BoardChanged,
    ChartChanged,
    ConfigsChanged,
    FeedFailed,
    LogsFound,
    MachineChanged,
    SelectedChanged,
)

if TYPE_CHECKING:
    from orp_tui.services.board import Board, BoardReader
    from orp_tui.services.chart_lines import ChartReader
    from orp_tui.services.context import Context
    from orp_tui.services.log_places import LogPlaces
    from orp_tui.services.selected import SelectedReader
    from orp_tui.services.system import SystemReader
    from orp_tui.services.watch import Snapshot

Post = Callable[[Message], object]

_PULSE_S = 0.2
"""So often it is asked whether the database was written; that takes microseconds."""
_SELECTED_PERIOD_S = 1.0
_CARE_S = 5.0
_NOTHING_RUNS_S = 10.0
"""So often the machine is looked at while no run uses it: nothing is to be sent then."""
_AFTER_FAULT_S = 10.0


class Feed:
    """A loop in a thread of its own; `poke` makes it look at once."""

    SUBJECT: ClassVar[str] = "something"
    """What it looks at, in words."""

    def __init__(self, post: Post) -> None:
        self.post = post
        self._poked = threading.Event()
        self._ended = threading.Event()
        self._report = ""

    def poke(self) -> None:
        """Look at once: something was just changed."""
        self._poked.set()

    def end(self) -> None:
        """Let the loop end; it does so within one look."""
        self._ended.set()
        self._poked.set()

    def start(self) -> None:
        """Begin to look, in a thread that holds up nobody's exit: a file system may hang.

        Textual's workers share a pool of few threads, which loops like this one would fill for good.
        """
        threading.Thread(target=self._run, name=type(self).__name__, daemon=True).start()

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                self.look_on()
            except Exception as error:  # noqa: BLE001 - the border of a thread
                # One report tells it; a new one at every look would fill the disk.
                self._report = self._report or _report(error)
                self.post(FeedFailed(self.SUBJECT, error, self._report))
                self._ended.wait(_AFTER_FAULT_S)

    def look_on(self) -> None:
        """Look until `end`."""
        try:
            while not self._ended.is_set():
                poked = self._poked.is_set()
                self._poked.clear()
                wait_s = self.turn(poked=poked)
                self._poked.wait(wait_s)
        finally:
            self.close()

    def turn(self, *, poked: bool) -> float:
        """Look if it is time or `poked`; seconds until the next turn."""
        raise NotImplementedError

    def close(self) -> None:
        """Give back what the thread holds."""


def _report(error: Exception) -> str:
    """Where the traceback can be read; empty if it can't be written."""
    from orp_tui.tui.crash import write_report

    try:
        return str(write_report([error]))
    except OSError:
        return ""


class BoardFeed(Feed):
    """Queue and runs."""

    SUBJECT = "the runs"

    def __init__(self, context: Context, post: Post) -> None:
        super().__init__(post)
        self._context = context
        self._care_at = 0.0
        self._posted: Board | None = None

    @functools.cached_property
    def _reader(self) -> BoardReader:
        from orp_tui.services.board import BoardReader

        return BoardReader(self._context)

    def turn(self, *, poked: bool) -> float:
        if poked or self._reader.is_due():
            board = self._reader.look()
            if poked or self._posted is None or not board.is_like(self._posted):
                self._posted = board
                self.post(BoardChanged(board))
            self._care(board)
        return _PULSE_S

    def _care(self, board: Board) -> None:
        """Start a queue processor if there is work, none leads, and the settings allow it."""
        if not board.is_left_alone or time.monotonic() < self._care_at:
            return
        from orp_tui.services.control import ensure_leader

        self._care_at = time.monotonic() + _CARE_S
        with contextlib.suppress(OrpError, OSError):
            ensure_leader(self._context)

    def close(self) -> None:
        if "_reader" in self.__dict__:
            self._reader.close()


class SelectedFeed(Feed):
    """The one run whose log and checklist are shown."""

    SUBJECT = "the selected run"

    def __init__(self, context: Context, post: Post) -> None:
        super().__init__(post)
        self._context = context
        self._run_id: str | None = None
        self._is_final = False
        self._logs: LogPlaces | None = None

    @functools.cached_property
    def _reader(self) -> SelectedReader:
        from orp_tui.services.selected import SelectedReader

        return SelectedReader(self._context)

    def select(self, run_id: str | None, *, is_final: bool) -> None:
        """Look at this run from now on; one that has ended is looked at once."""
        if (run_id, is_final) != (self._run_id, self._is_final):
            self._run_id, self._is_final = run_id, is_final
            self.poke()

    def turn(self, *, poked: bool) -> float:
        run_id = self._run_id
        if run_id is None:
            return _SELECTED_PERIOD_S
        # First: the last lines are what is looked at, and all else takes ten times as long.
        logs = log_places(self._context, run_id)
        if logs != self._logs:
            self._logs = logs
            self.post(LogsFound(logs))
        if poked or not self._is_final:
            self.post(SelectedChanged(self._reader.look(run_id)))
        return _SELECTED_PERIOD_S


class ChartFeed(Feed):
    """The runs whose metrics are drawn."""

    SUBJECT = "the metrics"

    def __init__(self, context: Context, post: Post) -> None:
        super().__init__(post)
        self._context = context
        self._run_ids: tuple[str, ...] = ()

    @functools.cached_property
    def _reader(self) -> ChartReader:
        from orp_tui.services.chart_lines import ChartReader

        return ChartReader(self._context)

    def select(self, run_ids: tuple[str, ...]) -> None:
        """Look at these runs from now on."""
        if run_ids != self._run_ids:
            self._run_ids = run_ids
            self.poke()

    def turn(self, *, poked: bool) -> float:
        run_ids = self._run_ids
        if not run_ids:
            return _SELECTED_PERIOD_S
        look = self._reader.look(run_ids)
        if look is not None and run_ids == self._run_ids:
            self.post(ChartChanged(look))
            return _SELECTED_PERIOD_S if look.complete else 0.0
        return _SELECTED_PERIOD_S


class ConfigsFeed(Feed):
    """The folder of experiment files."""

    SUBJECT = "the experiment files"

    def __init__(self, context: Context, folder: Path, post: Post) -> None:
        super().__init__(post)
        self._context = context
        self._folder = folder

    def look_on(self) -> None:
        from orp_tui.services import configs_watch
        from orp_tui.services.configs import ConfigsFolder

        folder = ConfigsFolder(self._context, self._folder)
        for view in configs_watch.watch(folder, self._ended, self._poked):
            self.post(ConfigsChanged(view))


class MachineFeed(Feed):
    """GPUs and host; `seen` gives the newest look at the queue, `full` whether the System screen asks for all."""

    SUBJECT = "the machine"

    def __init__(
        self,
        context: Context,
        post: Post,
        *,
        period_s: float,
        seen: Callable[[], Snapshot | None],
        full: Callable[[], bool],
    ) -> None:
        super().__init__(post)
        self._context = context
        self._period_s = period_s
        self._seen = seen
        self._full = full
        self._due = 0.0

    @functools.cached_property
    def _reader(self) -> SystemReader:
        from orp_tui.services.system import SystemReader

        return SystemReader(self._context)

    def turn(self, *, poked: bool) -> float:
        seen, full = self._seen(), self._full()
        in_use = full or (seen is not None and bool(seen.unfinished))
        if poked or in_use or time.monotonic() >= self._due:
            self._due = time.monotonic() + _NOTHING_RUNS_S
            self.post(MachineChanged(self._reader.look(seen, full=full)))
        return self._period_s

    def close(self) -> None:
        if "_reader" in self.__dict__:
            self._reader.close()
