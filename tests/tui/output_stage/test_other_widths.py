"""Terminals that disagree with Textual on widths: what is certain stands where it should all the same."""

from __future__ import annotations

import random
import unicodedata

import pytest
from output_stage.emulator import Emulator, Widths
from output_stage.scenes import Scene
from rich.cells import get_character_cell_size

from orp_tui.tui.output_stage.clusters import is_certain
from orp_tui.tui.output_stage.frames import FrameReader
from orp_tui.tui.output_stage.screen import Screen
from orp_tui.tui.output_stage.stage import OutputStage


def old_widths(char: str) -> int:
    """Emoji are letters, and nothing is joined."""
    return get_character_cell_size(char) if is_certain(char) or unicodedata.combining(char) else 1


def eager_widths(char: str) -> int:
    """Everything that is rare is wide."""
    return get_character_cell_size(char) if is_certain(char) or unicodedata.combining(char) else 2


TERMINALS = {
    "old": Widths(old_widths, joins=False, widens=False),
    "eager": Widths(eager_widths, joins=True, widens=True),
    "no joining": Widths(joins=False, widens=False),
    "no widening": Widths(widens=False),
}


@pytest.mark.parametrize("terminal", TERMINALS)
@pytest.mark.parametrize("seed", range(2))
def test_a_doubtful_character_spoils_no_other(terminal, seed):
    columns, rows = 50, 10
    scene = Scene(columns, rows, random.Random(seed))
    agreeing, other = Emulator(columns, rows), Emulator(columns, rows, TERMINALS[terminal])
    stage = OutputStage(columns, rows)
    start = "\x1b[?1049h\x1b[?7l"

    for step, data in enumerate([start, scene.paint(), *(scene.step() for _ in range(80))]):
        if step and FrameReader(Screen(columns, rows)).read(data)[1] is not None:
            continue  # Textual miscounts a cut family now and then; such a write passes as it is.
        agreeing.feed(data)
        stage.write(data)
        other.feed(stage.take(0.0))

        for row, (should, does) in enumerate(zip(agreeing.cells, other.cells, strict=True)):
            wrong = [
                (column, should[column], does[column])
                for column in range(columns)
                if should[column] != does[column] and not beside_doubt(should, column)
            ]
            assert not wrong, f"step {step}, row {row}"
    assert stage.stats.passed_whole == 1


def beside_doubt(cells: list, column: int) -> bool:
    """Whether it is a doubtful character, or stands left of one: some mark what stands before them."""
    here = column - 1 if cells[column].text == "" else column
    after = here + 1
    while after < len(cells) and cells[after].text == "":
        after += 1
    near = [cells[here].text, cells[after].text if after < len(cells) else ""]
    return any(len(text) > 1 or not is_certain(text) for text in near)
