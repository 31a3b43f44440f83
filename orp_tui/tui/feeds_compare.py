"""The threads behind the comparison: one looks at the runs each second, one reads code and histories when asked.

They read and post, and touch nothing else.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import TYPE_CHECKING

from textual.message import Message

from orp_tui.tui.feeds import Feed, Post

if TYPE_CHECKING:
    from orp_tui.services.comparison.axis import Along
    from orp_tui.services.comparison.code import CodeComparison
    from orp_tui.services.comparison.code_lines import CodeLine
    from orp_tui.services.comparison.reader import ComparisonReader
    from orp_tui.services.comparison.steps import Aligned
    from orp_tui.services.comparison.values import Comparison
    from orp_tui.services.context import Context

_PERIOD_S, _QUIET_PERIOD_S = 1.0, 2.0
"""So often the runs are looked at: while one goes on, and once all have ended."""
_STEPS_PERIOD_S = 5.0
"""So often the steps of runs that go on are aligned again."""


@dataclasses.dataclass(frozen=True)
class Compared:
    """Which runs are compared, and how."""

    run_ids: tuple[str, ...] = ()
    baseline: str | None = None
    """None: the first."""
    fold_seeds: bool = False


@dataclasses.dataclass(frozen=True)
class Steps:
    """What is wanted step by step."""

    metric: str
    along: Along = "step"
    rows: int = 50


@dataclasses.dataclass
class ComparisonChanged(Message, bubble=False):
    """The runs were looked at, and something is another than it was."""

    wanted: Compared
    comparison: Comparison
    """All rows included."""

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, ComparisonChanged)


@dataclasses.dataclass
class CodeCompared(Message, bubble=False):
    """The code of the runs was compared."""

    wanted: Compared
    found: CodeComparison
    lines: list[CodeLine]
    width: int
    """Cells of the longest line."""


@dataclasses.dataclass
class StepsAligned(Message, bubble=False):
    """A metric was put step by step; None: something else is wrong than that a run lacks it, in words."""

    wanted: Compared
    steps: Steps
    aligned: Aligned | None
    trouble: str = ""

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, StepsAligned)


class CompareFeed(Feed):
    """The runs that are compared, their folders included; looked at once a second, told when something has changed."""

    SUBJECT = "the compared runs"

    def __init__(self, context: Context, post: Post) -> None:
        super().__init__(post)
        self._context = context
        self._wanted = Compared()
        self._told: tuple[Compared, Comparison] | None = None

    @functools.cached_property
    def _reader(self) -> ComparisonReader:
        from orp_tui.services.comparison.reader import ComparisonReader

        return ComparisonReader(self._context)

    def select(self, wanted: Compared) -> None:
        """Look at these from now on."""
        if wanted != self._wanted:
            self._wanted = wanted
            self.poke()

    def turn(self, *, poked: bool) -> float:
        wanted = self._wanted
        if wanted.run_ids and (poked or self._told is None or self._reader.has_changed(wanted.run_ids)):
            found = self._reader.look(wanted.run_ids, baseline=wanted.baseline, fold_seeds=wanted.fold_seeds)
            if (wanted, found) != self._told and wanted == self._wanted:
                self._told = wanted, found
                self.post(ComparisonChanged(wanted, found))
        is_live = self._told is None or self._told[1].is_live
        return _PERIOD_S if is_live else _QUIET_PERIOD_S

    def close(self) -> None:
        if "_reader" in self.__dict__:
            self._reader.close()
            del self.__dict__["_reader"]


class CompareDetailFeed(Feed):
    """Code and histories of the compared runs, read when they are asked for: of many long runs that takes a while."""

    SUBJECT = "the code and the steps of the compared runs"

    def __init__(self, context: Context, post: Post) -> None:
        super().__init__(post)
        self._context = context
        self._wanted: tuple[Compared, Comparison] | None = None
        self._code = False
        self._steps: Steps | None = None
        self._done_code: Compared | None = None
        self._done_steps: tuple[Compared, Steps] | None = None

    def select(self, wanted: Compared, comparison: Comparison, *, code: bool, steps: Steps | None) -> None:
        """Read these from now on; what has been read and is the same is not read again."""
        before = self._wanted, self._code, self._steps
        self._wanted, self._code, self._steps = (wanted, comparison), code, steps
        if before != (self._wanted, code, steps):
            self.poke()

    def read_again(self) -> None:
        """Read what is wanted anew."""
        self._done_code = self._done_steps = None
        self.poke()

    def turn(self, *, poked: bool) -> float:
        del poked
        if self._wanted is None:
            return _STEPS_PERIOD_S
        wanted, comparison = self._wanted
        if self._code and self._done_code != wanted:
            self._compare_code(wanted)
            self._done_code = wanted
        steps = self._steps
        if steps is not None and (comparison.is_live or self._done_steps != (wanted, steps)):
            self._align(wanted, comparison, steps)
            self._done_steps = wanted, steps
        return _STEPS_PERIOD_S

    def _compare_code(self, wanted: Compared) -> None:
        from orp_tui.core.sanitise import cell_width
        from orp_tui.services.comparison.code import compare_codes
        from orp_tui.services.comparison.code_lines import code_lines
        from orp_tui.services.comparison.reader import ComparisonReader

        with ComparisonReader(self._context) as reader:
            runs = reader.runs(wanted.run_ids)
        found = compare_codes(self._context, runs, wanted.baseline)
        lines = code_lines(found)
        self.post(
            CodeCompared(wanted, found, lines, max((cell_width(line.text) for line in lines), default=0))
        )

    def _align(self, wanted: Compared, comparison: Comparison, steps: Steps) -> None:
        from orp_tui.core.errors import OrpError
        from orp_tui.services.comparison.steps import align

        def cancelled() -> bool:
            return (
                self._ended.is_set()
                or self._steps != steps
                or self._wanted is None
                or self._wanted[0] != wanted
            )

        try:
            found = align(
                self._context,
                comparison,
                steps.metric,
                rows=steps.rows,
                along=steps.along,
                cancelled=cancelled,
            )
        except (OrpError, OSError) as error:
            self.post(StepsAligned(wanted, steps, None, str(error)))
            return
        if not cancelled():
            self.post(StepsAligned(wanted, steps, found))
