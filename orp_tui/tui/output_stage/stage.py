"""The stage: what the app writes goes in, what the terminal is sent comes out.

It knows no thread, no terminal and no Textual; `writer` brings it to life.
"""

from __future__ import annotations

import dataclasses

from orp_tui.tui.output_stage.frames import SYNC_BEGIN, SYNC_END, FrameReader
from orp_tui.tui.output_stage.pacing import QUESTION, Pace
from orp_tui.tui.output_stage.patches import patch
from orp_tui.tui.output_stage.pencil import Place
from orp_tui.tui.output_stage.pens import PLAIN, RESET, turn
from orp_tui.tui.output_stage.screen import UNKNOWN, Screen

LEAVE_SCREEN = "\x1b[?1049l"
"""The alternate screen is left: what was to be seen on it is not worth sending."""

REPAINT_S = 0.5
"""So soon after a change of size the app should have painted everything."""
SYNC_BYTES = 512
"""A smaller patch arrives at once anyway."""


@dataclasses.dataclass(frozen=True)
class Stats:
    """What went in and what came out since the driver was made."""

    frames: int = 0
    """Writes of the app that drew something."""
    frames_sent: int = 0
    """Patches that went out; the difference was merged, or changed nothing."""
    bytes_written: int = 0
    """What the plain driver would have sent."""
    bytes_sent: int = 0
    """Questions and what only passed included."""
    scrolls: int = 0
    passed_whole: int = 0
    """Writes that could not be followed and were sent as they came."""
    answers: int = 0
    answers_missed: int = 0
    paced: bool = False
    """Whether frames wait for the terminal now."""
    answer_delay_s: float | None = None
    """From the last frame to the terminal's answer; None: it never answered."""
    failure: str = ""
    """Why everything is sent as it comes; empty: nothing failed."""


class OutputStage:
    """What a terminal shows, what it should show, and what else is to be sent."""

    def __init__(self, columns: int, rows: int) -> None:
        self.pace = Pace()
        self.failure = ""
        self._reader = FrameReader(Screen(columns, rows))
        self._shown = Screen(columns, rows)
        self._repaint_due: float | None = None
        """When the app should have painted everything anew; None: nothing is due."""
        self._untouched = True
        """Whether nothing was drawn since the size changed."""
        self._all_stale = True
        """Whether rows may differ that no frame touched."""
        self._cursor: Place | None = None
        """Where the terminal's cursor is; None: not known."""
        self._pen_known = False
        self._outgoing: list[str] = []
        """What goes out in any case, frame or not."""
        self.backlog = 0
        """Characters of it."""
        self._stats = Stats()

    @property
    def stats(self) -> Stats:
        """The counters now."""
        pace = self.pace
        return dataclasses.replace(
            self._stats,
            answers=pace.answers,
            answers_missed=pace.misses,
            paced=pace.live,
            answer_delay_s=pace.last_delay_s,
            failure=self.failure,
        )

    def write(self, data: str) -> None:
        """Take what the app writes."""
        self._count(bytes_written=len(_encoded(data)))
        if self.failure:
            self._add(data)
            return
        drawn = self._reader.drawn
        passing, whole = self._reader.read(data)
        self._add(passing)
        if whole is not None:
            self._pass_whole(whole)
        elif self._reader.drawn != drawn:
            self._count(frames=1)
            self._untouched = False

    def resize(self, columns: int, rows: int, now: float) -> None:
        """The terminal has this size now, and may show anything."""
        wanted = self._reader.screen
        if (columns, rows) != (wanted.columns, len(wanted.rows)):
            # The app paints everything anew; what waits, and what it may still write, is of the old layout.
            wanted.fit(columns, rows)
            self._reader.cursor = None
            self._reader.touched.clear()
            self._reader.clips, self._reader.clipped = True, False
            self._untouched = True
            self._repaint_due = now + REPAINT_S
        else:
            self._reader.touched.update(range(rows))
        self._lose_track()

    def misses_paint(self, now: float) -> bool:
        """Whether the app should have painted everything for a new size, and perhaps has not; says so once.

        It has not if the size came and went before it looked: the terminal has lost cells then. And of
        sizes that follow each other closely Textual may take the last but one.
        """
        if self._repaint_due is None or now < self._repaint_due:
            return False
        self._repaint_due = None
        self._reader.clips = False
        return (
            self._untouched
            or self._reader.clipped
            or any(UNKNOWN in row.texts for row in self._reader.screen.rows)
        )

    def fail(self, why: str) -> None:
        """Give up: from now on everything is sent as it comes."""
        self.failure = why
        self._add(RESET)

    def take(self, now: float) -> bytes:
        """What is to be sent now; the caller sends all of it before it asks again."""
        if self._has_frame and self.pace.may_send(now):
            self._add(self._frame())
        text = "".join(self._outgoing)
        self._outgoing.clear()
        self.backlog = 0
        data = _encoded(text)
        if data:
            before, behind = self.pace.questions(len(data), now)
            data = before * _encoded(QUESTION) + data + behind * _encoded(QUESTION)
        self._count(bytes_sent=len(data))
        return data

    def wait_s(self, now: float) -> float | None:
        """After how long there is something to take, or to miss, though nothing happens; None: never."""
        frame = self.pace.wait_s(now) if self._has_frame else None
        paint = None if self._repaint_due is None else max(0.0, self._repaint_due - now)
        return min((wait for wait in (frame, paint) if wait is not None), default=None)

    @property
    def _has_frame(self) -> bool:
        reader = self._reader
        moved = reader.cursor is not None and reader.cursor != self._cursor
        return not self.failure and (bool(reader.touched) or moved)

    def _frame(self) -> str:
        """What makes the terminal show what is wanted."""
        reader = self._reader
        rows = range(len(reader.screen.rows)) if self._all_stale else reader.touched
        done = patch(
            self._shown.rows,
            reader.screen.rows,
            rows,
            cursor=(self._cursor, reader.cursor),
            pen_known=self._pen_known,
        )
        self._shown.rows, self._cursor = done.rows, done.cursor
        self._pen_known, self._all_stale = True, False
        reader.touched.clear()
        self._count(frames_sent=bool(done.text), scrolls=done.scrolled)
        whole_at_once = reader.sync and len(done.text) >= SYNC_BYTES
        return f"{SYNC_BEGIN}{done.text}{SYNC_END}" if whole_at_once else done.text

    def _pass_whole(self, data: str) -> None:
        """Send what could not be followed, after all that came before it."""
        self._count(passed_whole=1)
        if self._has_frame and LEAVE_SCREEN not in data:
            self._add(self._frame())
        if self._reader.pen is not None:
            self._add(turn(PLAIN, self._reader.pen))
        self._add(data)
        self._reader.start_anew(data)
        self._lose_track()

    def _lose_track(self) -> None:
        """Nobody knows what the terminal shows."""
        self._shown = Screen(self._reader.screen.columns, len(self._reader.screen.rows))
        self._cursor, self._pen_known, self._all_stale = None, False, True

    def _add(self, text: str) -> None:
        if text:
            self._outgoing.append(text)
            self.backlog += len(text)

    def _count(self, **more: int) -> None:
        counted = {name: getattr(self._stats, name) + count for name, count in more.items()}
        self._stats = dataclasses.replace(self._stats, **counted)


def _encoded(text: str) -> bytes:
    # As the plain driver does through stderr, should there be half of a character in it.
    return text.encode("utf-8", "backslashreplace")
