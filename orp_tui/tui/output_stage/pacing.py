"""When the next frame may go: when the terminal has taken the last.

Behind a frame goes a question that every terminal answers, and an answer means that it has taken
all that was sent before. The question is DSR, `CSI 5 n`: it is as old as the VT100 and its answer
four bytes; mode queries print a letter on some terminals. What the terminal was never seen to
answer is not waited for, and neither is an answer that does not come in time.
"""

from __future__ import annotations

import collections
import dataclasses

QUESTION = "\x1b[5n"

FREE_BYTES = 512
"""So much may be on its way and the next frame go too: an answer to a key should not wait for a tick."""
ASK_BYTES = 128
"""So much must be on its way for a question to be worth its bytes."""
PATIENCE_S = 1.0
"""How long an answer is waited for, beside the time that the bytes themselves may take."""
MOST_PATIENCE_S = 8.0
SLOWEST_BYTES_PER_S = 8000.0
"""What a link carries at least; 64 kbit/s."""
MOST_MISSES = 3
"""After so many answers in a row that did not come the terminal is no longer waited for."""
RETRY_S = 5.0
"""A terminal that does not answer is asked again that seldom."""


@dataclasses.dataclass
class _Asked:
    at: float
    size: int
    """Bytes that the answer is for."""


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
        self._asked: collections.deque[_Asked] = collections.deque()
        self._unasked = 0
        self._patience_s = PATIENCE_S
        self._missed_in_row = 0
        self._last_question = -RETRY_S

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
        if not self.live or self.on_its_way < FREE_BYTES or not self._asked:
            return True
        if now < self._asked[0].at + self._limit_s():
            return False
        self._give_up_waiting()
        return True

    def wait_s(self, now: float) -> float | None:
        """How long until a frame may go though no answer came; None: it may go now."""
        if self.may_send(now):
            return None
        return max(0.0, self._asked[0].at + self._limit_s() - now)

    def sent(self, size: int, now: float) -> bool:
        """So many bytes go out now; whether the question must go behind them."""
        self._unasked += size
        if not self.asking:
            self._unasked = 0
            return False
        due = self._unasked >= ASK_BYTES if self.live else now >= self._last_question + RETRY_S
        if due:
            if not self.live:
                self._asked.clear()
            self._asked.append(_Asked(now, self._unasked + len(QUESTION)))
            self._last_question = now
            self._unasked = 0
        return due

    def answered(self, now: float) -> None:
        """An answer came."""
        self.answers += 1
        # After a miss it may be late, not lost: the link is slower than was thought.
        factor = 2 if self._missed_in_row else 0.9
        self._patience_s = min(max(factor * self._patience_s, PATIENCE_S), MOST_PATIENCE_S)
        self._missed_in_row = 0
        self.live = self.asking
        if self._asked:
            self.last_delay_s = now - self._asked.popleft().at

    def start(self) -> None:
        """Questions may be asked from now on."""
        self.asking = True

    def stop(self, now: float) -> float:
        """Ask no more, frames go as they come; how many seconds the last answer is worth waiting for."""
        self.asking = self.live = False
        self._unasked = 0
        if not self._asked:
            return 0.0
        return max(0.0, self._asked[-1].at + self._limit_s() - now)

    def _limit_s(self) -> float:
        return self._patience_s + self.on_its_way / SLOWEST_BYTES_PER_S

    def _give_up_waiting(self) -> None:
        self.misses += 1
        self._missed_in_row += 1
        self._asked.clear()
        self._unasked = 0
        if self._missed_in_row >= MOST_MISSES:
            self.live = False
