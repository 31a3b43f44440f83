"""Durations and sizes as people write them; no pydantic, since settings use them too."""

from __future__ import annotations

from orp_tui.core.durations import parse_duration
from orp_tui.core.sizes import parse_size

__all__ = ["parse_duration", "parse_size"]
