"""A line with a round trip and a speed, as the pace sees it; and what a key waits for on it."""

from __future__ import annotations

import random

import pytest

from orp_tui.tui.output_stage.link import Link
from orp_tui.tui.output_stage.pacing import Pace


class Line:
    """Carries bytes at a speed, and answers; `jitter_s` is added to each answer, at most."""

    def __init__(self, bytes_per_s: float, round_trip_s: float, jitter_s: float = 0.0) -> None:
        self.bytes_per_s, self.round_trip_s, self.jitter_s = bytes_per_s, round_trip_s, jitter_s
        self.free_at = 0.0
        self.answers: list[float] = []
        self.random = random.Random(1)

    def send(self, size: int, now: float, *, asked: tuple[bool, bool]) -> float:
        """When it has arrived; `asked`: whether there is a question before it, and one behind."""
        before, behind = asked
        self.free_at = max(self.free_at, now)
        if before:
            self._answer()
        self.free_at += size / self.bytes_per_s
        if behind:
            self._answer()
        return self.free_at + self.round_trip_s / 2

    def _answer(self) -> None:
        when = self.free_at + self.round_trip_s + self.random.uniform(0, self.jitter_s)
        self.answers.append(max([when, *self.answers[-1:]]))


def waits(line: Line, *, frame: int, period_s: float, seconds: float = 60.0) -> tuple[list[float], int]:
    """What a key may wait that is pressed when a frame has just gone: until the next has arrived; and bytes."""
    pace = Pace()
    pace.start()
    now, tick, before, total = 0.0, 0.0, 0.0, 0
    found: list[float] = []
    while now < seconds:
        while line.answers and line.answers[0] <= now:
            pace.answered(line.answers.pop(0))
        if tick <= now and pace.may_send(now):
            arrival = line.send(frame, now, asked=pace.questions(frame, now))
            found.append(arrival - before)
            before = now
            total += frame
            tick = now - now % period_s + period_s
        now += 0.002
    assert pace.misses == 0
    return found[10:], total


@pytest.mark.parametrize("jitter_s", [0.0, 0.02])
@pytest.mark.parametrize("round_trip_s", [0.002, 0.08, 0.4])
@pytest.mark.parametrize("bytes_per_s", [32_000, 125_000, 2_000_000])
def test_a_busy_line_is_used_and_never_piles_up(bytes_per_s, round_trip_s, jitter_s):
    """The app would paint 15 times a second 4 kB: too much for the slowest line."""
    found, total = waits(Line(bytes_per_s, round_trip_s, jitter_s), frame=4000, period_s=1 / 15)

    one = 4000 / bytes_per_s
    # A tick, the frame that is on the line, its own way, and not more than the wait for one answer.
    assert max(found) <= 1 / 15 + 2 * one + 1.5 * round_trip_s + jitter_s + 0.05
    assert total / 60 >= 0.6 * min(bytes_per_s, 60_000)


def test_small_frames_do_not_wait_on_a_line_with_a_long_round_trip():
    found, _ = waits(Line(32_000, 0.3), frame=200, period_s=0.2)

    assert max(found) < 0.2 + 0.15 + 0.02


def test_speed_and_round_trip_are_found():
    link = Link()
    assert link.round_trip_s == 0.0
    assert link.s_per_byte is None
    for number in range(1, 20):
        link.went_round(0.08 + number % 3 / 100)
        link.carried(1000 * number, 1000 * number / 32_000)

    assert link.round_trip_s == 0.08
    assert round(1 / link.s_per_byte) == 32_000
