"""Which of the metrics a chart pane shows: the chosen one, and those behind it."""

from __future__ import annotations

from collections.abc import Sequence

from orp_tui.charts.grid import LAYOUTS
from orp_tui.charts.lines import Chart, Guides, RunSeries, plain_name
from orp_tui.core.sanitise import one_line
from orp_tui.metrics.names import in_order
from orp_tui.tui.widgets.filtered import matches


class Choice:
    """The metrics of some runs, and which of them somebody wants to see."""

    def __init__(self) -> None:
        self.runs: Sequence[RunSeries] = ()
        self.guides: Guides = {}
        self.filter = ""
        self.layout = LAYOUTS[0]
        """How many charts there are to be, if there is room."""
        self.apart = False
        """Whether runs that differ by their seed are lines of their own."""
        self.metric: str | None = None
        """The one that is drawn, or the first of them; None if there is none."""
        self._wish: str | None = None
        self._primary: str | None = None
        self._all: list[str] = []

    def take(self, runs: Sequence[RunSeries], primary: str | None, guides: Guides) -> None:
        """Choose among the metrics of these runs; what was chosen stays wherever there is one of its name."""
        self.runs, self.guides, self._primary = runs, guides, primary
        names = dict.fromkeys(name for run in runs for name in run.series)
        # One run brings them in order.
        self._all = list(names) if len(runs) < 2 else in_order(names, primary)
        self._settle()

    @property
    def names(self) -> list[str]:
        """The metrics that the filter leaves, in the order in which they are gone through; all if it leaves none."""
        return [name for name in self._all if matches(name.lower(), self.filter)] or self._all

    def restrict(self, words: str) -> None:
        """Go through those metrics only whose name holds these words."""
        self.filter = words.strip()
        self._settle()

    def release(self) -> None:
        """Go through all metrics again, from the one that is shown."""
        self._wish, self.filter = self.metric, ""
        self._settle()

    def step(self, by: int) -> bool:
        """To the next metric (1) or the one before (-1); whether there is another."""
        names = self.names
        if len(names) < 2 or self.metric is None:
            return False
        self.metric = self._wish = names[(names.index(self.metric) + by) % len(names)]
        return True

    def charts(self, most: int) -> tuple[Chart, ...]:
        """The charts to be drawn, at most `most`: the chosen metric and those behind it."""
        if self.metric is None:
            return ()
        names = self.names
        place = names.index(self.metric)
        shown = (names[place:] + names[:place])[: min(self.layout, most)]
        return tuple(self._chart(name) for name in shown)

    def title(self) -> str:
        """`loss 1/7  3 runs  filter: val`; empty without a metric."""
        if self.metric is None:
            return ""
        names = self.names
        name = one_line(self.metric, 40).strip() or "(no name)"
        words = [f"{name} {names.index(self.metric) + 1}/{len(names)}"]
        if len(self.runs) > 1:
            words.append(f"{len(self.runs)} runs")
        if self.filter:
            words.append(f"filter: {one_line(self.filter, 20)}")
        return "  ".join(words)

    @property
    def has_seeds(self) -> bool:
        """Whether there are runs that differ by their seed only."""
        seeds = [run.seeds for run in self.runs if run.seeds is not None]
        return len(set(seeds)) < len(seeds)

    def _chart(self, name: str) -> Chart:
        return Chart.of_runs(name, self.runs, self.guides.get(plain_name(name), ()), apart=self.apart)

    def _settle(self) -> None:
        names = self.names
        first = self._primary if self._primary in names else next(iter(names), None)
        self.metric = self._wish if self._wish in names else first
