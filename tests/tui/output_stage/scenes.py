"""Random screens as Textual would paint them: real strips through the real compositor updates."""

from __future__ import annotations

import dataclasses
import itertools
import random
import re
from typing import Any

from rich.color import Color
from rich.console import Console
from rich.control import Control
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

WORDS = [
    "loss", "0.1234", "step 17", "│", "─", "━", "█▁▂", "⠿⣿", "✓ done", "✗", "○●◐", "…", "", "x", "ß ü é",
    "世界", "한글", "ｆｕｌｌ", "日", "e\u0301", "o\u0308\u0323", "🚀", "👍🏽", "👨\u200d👩\u200d👧", "☁\ufe0f", "❤\ufe0f", "🇩🇪", "▶", "⏳",
    "عربى", "नमस्ते", "\ue0b0", "\u200b", "ไทย",
]  # fmt: skip
"""What may stand in a cell; a text that begins with a mark, or selector, is made apart."""
TORN = re.compile("\u200d(?=[\x1b\n]|$)|(?<=[mH\\\\])\ufe0f")
"""Joiners and selectors parted from their characters, as a cut leaves them: there the plain driver's
bytes shift what follows on some terminals, and the stage's do not."""
PLAIN_WORDS = [word for word in WORDS if all(ord(char) < 0x2900 for char in word) and "\u0301" not in word]


@dataclasses.dataclass
class Scene:
    """What the app shows; each step changes it and answers the bytes that Textual would write."""

    columns: int
    rows: int
    random: random.Random
    colours: str = "truecolor"
    words: list[str] = dataclasses.field(default_factory=lambda: WORDS)

    def __post_init__(self) -> None:
        self.console = Console(color_system=self.colours, force_terminal=True, width=self.columns)
        self.styles = [None, *(self._style() for _ in range(12))]
        self.lay_out()

    def lay_out(self) -> None:
        """Other widgets in other places, and other content."""
        columns = self.columns
        inner = sorted(self.random.sample(range(1, columns), self.random.choice([0, 0, 1, 2, 3])))
        self.cuts = [
            [0, *inner, columns] if self.random.random() < 0.9 else [0, columns] for _ in range(self.rows)
        ]
        if self.random.random() < 0.5:
            self.cuts = [self.cuts[0]] * self.rows
        self.chops = [self._row(cuts) for cuts in self.cuts]
        self.cursor = self._place()

    def step(self) -> str:
        """One change, as bytes."""
        change = self.random.choice(
            [self.change_some, self.change_some, self.change_little, self.roll, self.paint, self.nothing]
        )
        return change()

    def paint(self) -> str:
        """The whole screen, now and then with other content."""
        if self.random.random() < 0.3:
            self.lay_out()
        update = LayoutUpdate(
            [list(row.values()) for row in self.chops], Region(0, 0, self.columns, self.rows)
        )
        return self._written(update)

    def nothing(self) -> str:
        """Some rows painted again as they were, up to a column that may be within a chop."""
        return self._partly({row: (0, self.random.randint(1, self.columns)) for row in self._some_rows()})

    def change_some(self) -> str:
        spans = {}
        for row in self._some_rows():
            begin, end = self._chop(row)
            self.chops[row][begin] = self._strip(end - begin)
            spans[row] = (begin, end)
        return self._partly(spans)

    def change_little(self) -> str:
        """A few cells of a chop: digits that go on; the update may cut it on the right."""
        spans = {}
        for row in self._some_rows():
            begin, end = self._chop(row)
            strip = self.chops[row][begin]
            at = self.random.randrange(end - begin)
            parts = [
                strip.crop(0, at),
                self._strip(min(3, end - begin - at)),
                strip.crop(at + 3, end - begin),
            ]
            self.chops[row][begin] = self._whole(
                Strip.join(parts).adjust_cell_length(end - begin), end - begin
            )
            spans[row] = (begin, end)
        return self._partly(spans)

    def roll(self) -> str:
        """Rows move up or down, new ones come in."""
        top = self.random.randrange(self.rows)
        bottom = self.random.randrange(top, self.rows)
        by = self.random.choice([1, 1, 2, 3, -1, -2])
        cuts = self.cuts[top]
        self.cuts[top : bottom + 1] = [cuts] * (bottom + 1 - top)
        before = [self.chops[row] for row in range(top, bottom + 1) if list(self.chops[row]) == cuts[:-1]]
        new = [self._row(cuts) for _ in range(bottom + 1 - top)]
        rolled = [*before[by:], *new] if by > 0 else [*new[:-by], *before, *new]
        self.chops[top : bottom + 1] = rolled[: bottom + 1 - top]
        return self._partly(dict.fromkeys(range(top, bottom + 1), (0, self.columns)))

    def resize(self, columns: int, rows: int) -> str:
        self.columns, self.rows = columns, rows
        self.lay_out()
        return self.paint()

    def _written(self, update: LayoutUpdate | ChopsUpdate) -> str:
        if self.random.random() < 0.3:
            self.cursor = self._place()
        painted = TORN.sub("", update.render_segments(self.console))
        return painted + Control.move_to(*self.cursor).segment.text

    def _partly(self, spans: dict[int, tuple[int, int]]) -> str:
        chops: list[Any] = [dict.fromkeys(cuts[:-1]) for cuts in self.cuts]
        for row, (begin, end) in spans.items():
            for column in chops[row]:
                if begin <= column <= end:
                    chops[row][column] = self.chops[row][column]
        ordered = [(row, *span) for row, span in sorted(spans.items())]
        return self._written(ChopsUpdate(chops, ordered, [cuts[1:] for cuts in self.cuts]))

    def _some_rows(self) -> list[int]:
        return self.random.sample(range(self.rows), self.random.randint(1, min(6, self.rows)))

    def _chop(self, row: int) -> tuple[int, int]:
        place = self.random.randrange(len(self.cuts[row]) - 1)
        return self.cuts[row][place], self.cuts[row][place + 1]

    def _place(self) -> tuple[int, int]:
        return self.random.randrange(self.columns), self.random.randrange(self.rows)

    def _row(self, cuts: list[int]) -> dict[int, Strip]:
        return {begin: self._strip(end - begin) for begin, end in itertools.pairwise(cuts)}

    def _strip(self, width: int) -> Strip:
        """Some words in some styles; often few, so that rows look alike."""
        segments = []
        while sum(segment.cell_length for segment in segments) < width and self.random.random() < 0.85:
            text = " ".join(self.random.choices(self.words, k=self.random.randint(1, 4))) + " "
            segments.append(Segment(text, self.random.choice(self.styles)))
        return self._whole(Strip(segments).adjust_cell_length(width, self.random.choice(self.styles)), width)

    def _whole(self, strip: Strip, width: int) -> Strip:
        """The strip, unless a joiner begins or ends a segment: terminals join over that edge, Textual does not."""
        if any("\u200d" in (segment.text[:1], segment.text[-1:]) for segment in strip):
            return Strip([Segment("torn" * width, self.styles[1])]).adjust_cell_length(width)
        return strip

    def _style(self) -> Style:
        pick = self.random.choice
        names = [
            "bold",
            "dim",
            "italic",
            "underline",
            "blink",
            "reverse",
            "conceal",
            "strike",
            "underline2",
            "frame",
            "overline",
        ]
        chosen = {name: True for name in names if self.random.random() < 0.12}
        return Style(
            color=pick(
                [None, Color.from_rgb(*(self.random.randrange(256) for _ in range(3))), Color.parse("red")]
            ),
            bgcolor=pick(
                [None, None, Color.from_rgb(9, 9, 9), Color.parse("color(200)"), Color.parse("bright_blue")]
            ),
            link=pick([None, None, None, None, None, "https://example.org/x"]),
            **chosen,
        )
