"""How a chart is drawn: what somebody chose."""

from __future__ import annotations

import dataclasses
from typing import Literal

Markers = Literal["braille", "block", "ascii"]
Axis = Literal["step", "epoch", "since", "wall"]
"""What stands below: steps, epochs, time since the start of each run, time of day."""

DOTS: dict[Markers, int] = {"braille": 2, "block": 2, "ascii": 1}
"""Dots that one terminal cell is wide."""
DOTS_HIGH: dict[Markers, int] = {"braille": 4, "block": 2, "ascii": 1}


@dataclasses.dataclass(frozen=True, slots=True)
class Look:
    """How a chart is drawn."""

    markers: Markers = "braille"
    log: bool = False
    smoothing: float = 0.0
    """0 is none; below 1. Weight of what came before, as TensorBoard counts it, over the columns of the chart."""
    axis: Axis = "step"
    window: tuple[float, float] | None = None
    """The stretch of the axis that is shown, in its unit; None: all."""
    reading: bool = False
    """Room is left above for the values under a cursor, which are longer than the last ones."""
