"""A chart that was drawn: its rows, and what lies where in them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

from orp_tui.charts.picture import Picture

if TYPE_CHECKING:  # the dashboard's first paint needs none of it
    from orp_tui.charts.curve import Curve
    from orp_tui.charts.frame import Frame
    from orp_tui.charts.lines import Chart
    from orp_tui.charts.look import Look
    from orp_tui.metrics.downsample import Ends


@dataclasses.dataclass(frozen=True, slots=True)
class Plot:
    """Where the lines lie in a picture, and what they are."""

    chart: Chart
    curves: Sequence[Curve]
    frame: Frame
    look: Look
    """As far as the lines allow it."""
    notes: tuple[str, ...]
    extent: Ends
    """From where to where all lines reach, the window or not."""
    head: int
    """Rows of title and legend above it."""


@dataclasses.dataclass(frozen=True, slots=True)
class Drawing:
    """A picture, and what there is to point at in it."""

    picture: Picture
    plot: Plot | None
    """None where no line could be drawn."""
