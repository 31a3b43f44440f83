"""The promise of the stage: a terminal shows with it what it shows with the plain driver, cell by cell."""

from __future__ import annotations

import random

import pytest
from output_stage.emulator import Emulator
from output_stage.scenes import PLAIN_WORDS, WORDS, Scene

from orp_tui.tui.output_stage.stage import OutputStage

RAW = [
    "\x1b[2J",  # cleared
    "\x1b[3;5H\x1b[41m\x1b[K",  # erased in red, and the pen left red
    "\x1b[0m\x1b[1;4r\x1b[2S\x1b[r",  # scrolled in a region
    "\x1b[2;2Htab\there\b\b!",
    "\x1b[1;1Hfar" + "right" * 60,
    "\x1b[999;999Hcorner\nthen",
    "\x1b[?1049l\x1b[?1049h",
    "\x1b[5;5Hbefore\x1bcafter",
]
"""What no stage follows; the last of them resets the terminal."""
PASSING = [
    "\x07",
    "\x1b]52;c;aGVsbG8=\x07",
    "\x1b]22;pointer\x1b\\",
    "\x1b]0;title\x07",
    "\x1b[?1003l",
    "\x1b[?2026$p",
]


class Pair:
    """One app's bytes to two terminals: as they are, and through the stage."""

    def __init__(self, seed: int, *, colours: str = "truecolor", words: list[str] | None = None) -> None:
        self.random = random.Random(seed)
        columns, rows = self.random.choice([(20, 6), (40, 12), (60, 10), (80, 24)])
        self.scene = Scene(columns, rows, self.random, colours, words or WORDS)
        self.plain, self.staged = Emulator(columns, rows), Emulator(columns, rows)
        self.stage = OutputStage(columns, rows)
        self.stage.pace.start()
        self.now = 0.0
        self.taken = 0
        self.write("\x1b[?1049h\x1b[?7l\x1b[H")
        self.write(self.scene.paint())

    def write(self, data: str) -> None:
        sync = self.random.random() < 0.5
        for part in ("\x1b[?2026h", data, "\x1b[?2026l") if sync else (data,):
            self.plain.feed(part)
            self.stage.write(part)

    def resize(self) -> None:
        columns, rows = self.random.randint(8, 90), self.random.randint(3, 30)
        for terminal in (self.plain, self.staged):
            terminal.resize(columns, rows)
        self.stage.resize(columns, rows, self.now)
        self.write(self.scene.resize(columns, rows))
        # From then on what lies outside of the screen is no longer taken for the old layout.
        self.now += 1.0
        self.stage.misses_paint(self.now)

    def take(self) -> None:
        """What the stage sends now, if it may; the terminal's answers come back now or later."""
        self.now += self.random.choice([0.0, 0.01, 3.0])
        data = self.stage.take(self.now)
        self.taken += len(data)
        self.staged.feed(data)
        for _ in self.staged.answers:
            self.stage.pace.answered(self.now)
        self.staged.answers.clear()

    def step(self) -> None:
        what = self.random.random()
        if what < 0.04:
            self.resize()
        elif what < 0.08:
            self.write(self.random.choice(RAW))
        elif what < 0.14:
            self.write(self.random.choice(PASSING))
        else:
            self.write(self.scene.step())

    def compare(self) -> None:
        """The same in every cell; what only passes arrived in the same order."""
        while self.stage.wait_s(self.now) is not None:
            self.now += 1.0
            self.take()
        self.take()
        for row, (plain, staged) in enumerate(zip(self.plain.cells, self.staged.cells, strict=True)):
            assert staged == plain, f"row {row}"
        assert self.staged.passed == self.plain.passed
        if self.stage._reader.cursor is not None:
            assert self.staged.cursor == self.plain.cursor


def check(seed: int, steps: int, **options: object) -> Pair:
    pair = Pair(seed, **options)  # type: ignore[arg-type]
    for number in range(steps):
        pair.step()
        if pair.random.random() < 0.7:
            try:
                pair.take()
                pair.compare()
            except AssertionError as error:
                raise AssertionError(f"seed {seed}, step {number}") from error
    pair.compare()
    assert not pair.stage.failure
    return pair


@pytest.mark.parametrize("seed", range(12))
def test_every_cell_is_the_same_after_random_updates(seed):
    check(seed, steps=50)


@pytest.mark.parametrize("colours", ["standard", "256", None])
def test_in_every_colour_system_and_without_colours(colours):
    for seed in range(4):
        check(seed, steps=40, colours=colours)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1000, 1160))
def test_every_cell_is_the_same_after_thousands_of_random_updates(seed):
    check(seed, steps=150, words=random.Random(seed).choice([WORDS, WORDS, PLAIN_WORDS]))
