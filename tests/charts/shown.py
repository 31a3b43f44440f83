"""Charts for tests: made of runs, and seen as lines of text."""

from __future__ import annotations

from collections.abc import Iterable

from orp_tui.charts.drawing import Drawing
from orp_tui.charts.lines import Chart, Guide, RunSeries
from orp_tui.charts.look import Look
from orp_tui.charts.picture import Picture
from orp_tui.charts.render import draw
from orp_tui.core.series import Series


def run(
    name: str, values: Iterable[float], *, metric: str = "loss", seeds: str | None = None, start: float = 0.0,
    epochs: Iterable[float] | None = None, group: str = "",
) -> RunSeries:  # fmt: skip
    """A run that logged one metric at steps 0, 1, 2, …, a second each from `start` on."""
    values = list(values)
    times = [1.7e9 + start + step for step in range(len(values))]
    series = {metric: Series.of(metric, range(len(values)), values, times)}
    if epochs is not None:
        numbers = list(epochs)
        series["epoch"] = Series.of("epoch", range(len(numbers)), numbers)
    return RunSeries(name, series, seeds, group)


def drawn(
    *runs: RunSeries, width: int = 80, height: int = 18, look: Look | None = None, metric: str = "loss",
    guides: Iterable[Guide] = (), apart: bool = False,
) -> Drawing:  # fmt: skip
    return draw(Chart.of_runs(metric, runs, guides, apart=apart), width, height, look)


def lines_of(picture: Picture) -> list[str]:
    return picture.plain().split("\n")


def text_of(*runs: RunSeries, **how: object) -> str:
    return drawn(*runs, **how).picture.plain()  # type: ignore[arg-type]
