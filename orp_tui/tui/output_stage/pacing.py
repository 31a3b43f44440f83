"""When the next frame may go: when the line has carried the last, and the terminal keeps up.

Behind a frame goes a question that every terminal answers, and an answer means that it has taken
all that was sent before. The question is DSR, `CSI 5 n`: it is as old as the VT100 and its answer
four bytes; mode queries print a letter on some terminals. The answers also tell how fast the line
is: a frame goes as soon as the line should be free, without waiting for the word that the one
before has arrived, as long as the answers come when they should. What the terminal was never seen
to answer is not waited for, and neither is an answer that does not come in time.
"""

from __future__ import annotations

import collections
import dataclasses

from orp_tui.tui.output_stage.link import Link

QUESTION = "\x1b[5n"

FREE_BYTES = 512
"""So much may be on its way and the next frame go too: an answer to a key should not wait for a tick."""
ASK_BYTES = 128
"""So much must be on its way for a question to be worth its bytes."""
PATIENCE_S = 1.0
"""How long an answer is waited for, beside the time that the bytes themselves may take."""
MOST_PATIENCE_S = 8.0
SLOWEST_BYTES_PER_S = 8000.0
"""What a line carries at least; 64 kbit/s."""
MEASURED_BYTES = 1000
"""A frame of so many bytes has a question before it too."""
LATE_S = 0.03
"""How far behind its time an answer may be before the line counts as congested."""
FAREWELL_S = 3.0
"""How long the last answer is waited for at most when the app ends."""
FIRST_FAREWELL_S = 0.5
"""The same for a terminal that has never answered."""
MOST_MISSES = 3
"""After so many answers in a row that did not come the terminal is no longer waited for."""
RETRY_S = 5.0
"""A terminal that does not answer is asked again that seldom."""


@dataclasses.dataclass
class _Asked:
    at: float
    size: int
    """Bytes between this question and the one before it."""
    line_was_empty: bool
    begins_frame: bool
    """Whether the next question is the one behind the same frame."""
    off_at: float = 0.0
    """When the line should have taken it."""


class Pace:
    """What is on its way to the terminal. All times are seconds of one monotonic clock."""

    def __init__(self) -> None:
        self.asking = False
        """Whether questions may be asked: somebody reads the answers, and the terminal is one."""
        self.answers = 0
        self.misses = 0
        """Answers that did not come in time."""
        self.last_delay_s: float | None = None
        """From the last answered frame to its answer."""
        self.live = False
        """Whether the terminal is known to answer, so that frames wait for it."""
        self._link = Link()
        self._frame_began: float | None = None
        """When the question before the frame was answered whose end is still on its way."""
        self._asked: collections.deque[_Asked] = collections.deque()
        self._unasked = 0
        self._patience_s = PATIENCE_S
        self._missed_in_row = 0
        self._last_question = -RETRY_S
        self._doubtful = 0
        """So many answers may still come to questions that were given up."""

    @property
    def waiting(self) -> bool:
        """Whether an answer is still to come."""
        return bool(self._asked)

    @property
    def on_its_way(self) -> int:
        """Bytes that the terminal is not known to have taken."""
        return sum(asked.size for asked in self._asked) + self._unasked

    def may_send(self, now: float) -> bool:
        """Whether the next frame may go now; an answer that is overdue is waited for no longer."""
        if self.wait_s(now) is not None:
            return False
        if self.live and self._asked and now >= self._asked[0].at + self._limit_s():
            self._give_up_waiting()
        return True

    def wait_s(self, now: float) -> float | None:
        """How long until a frame may go though no answer comes; None: it may go now."""
        if not self.live or not self._asked or self.on_its_way < FREE_BYTES:
            return None
        oldest = self._asked[0]
        until = oldest.at + self._limit_s()
        if self._link.s_per_byte is not None and now <= oldest.off_at + self._link.round_trip_s + LATE_S:
            until = min(until, self._free_at(now))
        return until - now if now < until else None

    def questions(self, size: int, now: float) -> tuple[bool, bool]:
        """So many bytes go out now; whether the question must go before them, and whether behind."""
        if not self.asking:
            return False, False
        empty = not self.on_its_way
        self._unasked += size
        due = self._unasked >= ASK_BYTES if self.live else now >= self._last_question + RETRY_S
        if not due:
            return False, False
        if not self.live:
            self._asked.clear()
        before = size >= MEASURED_BYTES
        if before:
            self._ask(self._unasked - size, now, line_was_empty=empty, begins_frame=True)
        self._ask(self._unasked, now, line_was_empty=empty and not before, begins_frame=False)
        self._last_question = now
        return before, True

    def answered(self, now: float) -> None:
        """An answer came."""
        self.answers += 1
        # After a miss it may be late, not lost: the line is slower than was thought.
        factor = 2 if self._missed_in_row else 0.9
        self._patience_s = min(max(factor * self._patience_s, PATIENCE_S), MOST_PATIENCE_S)
        self._missed_in_row = 0
        self.live = self.asking
        if self._asked:
            self._learn(self._asked.popleft(), now)
            self._foresee(now)

    def start(self) -> None:
        """Questions may be asked from now on."""
        self.asking = True

    def stop(self, now: float) -> float:
        """Ask no more, frames go as they come; how many seconds the last answer is worth waiting for."""
        self.asking = self.live = False
        self._unasked = 0
        if not self._asked:
            return 0.0
        patience = min(self._limit_s(), FAREWELL_S if self.answers else FIRST_FAREWELL_S)
        return max(0.0, self._asked[-1].at + patience - now)

    def _ask(self, size: int, now: float, *, line_was_empty: bool, begins_frame: bool) -> None:
        asked = _Asked(now, size + len(QUESTION), line_was_empty, begins_frame)
        asked.off_at = max(now, self._asked[-1].off_at if self._asked else now) + self._busy_s(asked.size)
        self._asked.append(asked)
        self._unasked -= size

    def _learn(self, asked: _Asked, now: float) -> None:
        """What the answer says about the line."""
        self.last_delay_s = now - asked.at
        began, self._frame_began = self._frame_began, now if asked.begins_frame else None
        if self._doubtful:
            self._doubtful -= 1
            return
        if asked.line_was_empty and asked.size < MEASURED_BYTES:
            self._link.went_round(now - asked.at)
        if began is not None:
            self._link.carried(asked.size, now - began)

    def _foresee(self, now: float) -> None:
        """When the rest should be off the line, now that it is known when a part was."""
        off_at = now - self._link.round_trip_s
        for asked in self._asked:
            off_at = max(asked.at, off_at) + self._busy_s(asked.size)
            asked.off_at = off_at

    def _free_at(self, now: float) -> float:
        """When the line should have taken everything."""
        return (self._asked[-1].off_at if self._asked else now) + self._busy_s(self._unasked)

    def _busy_s(self, size: int) -> float:
        return size * (self._link.s_per_byte or 0.0)

    def _limit_s(self) -> float:
        return self._patience_s + self.on_its_way / SLOWEST_BYTES_PER_S

    def _give_up_waiting(self) -> None:
        self.misses += 1
        self._missed_in_row += 1
        self._link = Link()
        self._frame_began = None
        self._doubtful += len(self._asked)
        self._asked.clear()
        self._unasked = 0
        if self._missed_in_row >= MOST_MISSES:
            self.live = False
