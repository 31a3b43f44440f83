"""Where somebody was in the dashboard, so that `orp-tui` shows the same place again.

A plain value. `from_json` takes whatever a file holds and keeps what makes sense of it: the
file may be damaged, or of another version.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

Json = Any  # Any: a value as JSON gives it

MAX_TEXT = 500
MAX_ITEMS = 50

Choice = str | int | float | bool


@dataclasses.dataclass(frozen=True)
class Place:
    """What was selected and shown. Empty or None: as the dashboard likes."""

    run_id: str | None = None
    """The run under the cursor; it may be gone."""
    config: str | None = None
    """The experiment file under the cursor, relative to the folder; it may be gone."""
    screen: str = ""
    """The screen, as in the action `app.place('system')`."""
    tab: str = ""
    """The tab of the run."""
    panel: str = ""
    """The panel that had the focus, by its place in `bindings.PLACES`."""
    zoomed: bool = False
    """Whether that panel had the whole screen."""
    filter: str = ""
    sort: str = ""
    reverse: bool = False
    theme: str | None = None
    splits: Mapping[str, float] = dataclasses.field(default_factory=dict)
    """What shares of the layout were changed to, each between 0 and 1."""
    choices: Mapping[str, Choice] = dataclasses.field(default_factory=dict)
    """Small choices of panels, as `log.wrap` or `chart.metric`."""

    def to_json(self) -> dict[str, Json]:
        """What `from_json` reads."""
        return {
            "schema": 1,
            **{
                key: dict(value) if isinstance(value, Mapping) else value for key, value in vars(self).items()
            },
        }

    @classmethod
    def from_json(cls, data: Json) -> Place:
        """The place that `data` tells of; what makes no sense in it is as if it were not there."""
        if not isinstance(data, dict):
            return cls()
        values: dict[str, Json] = {}
        for field in dataclasses.fields(cls):
            found = data.get(field.name)
            if field.name in ("splits", "choices"):
                values[field.name] = _items(found, _share if field.name == "splits" else _choice)
            elif field.name in ("zoomed", "reverse"):
                values[field.name] = found is True
            elif isinstance(found, str) and len(found) <= MAX_TEXT and "\0" not in found:
                values[field.name] = found
        return cls(**values)


def _items(found: Json, read: Any) -> dict[str, Json]:  # Any: one of the two readers below
    if not isinstance(found, dict):
        return {}
    pairs = list(found.items())[:MAX_ITEMS]
    return {
        key: value
        for key, item in pairs
        if isinstance(key, str) and len(key) <= MAX_TEXT and (value := read(item)) is not None
    }


def _share(item: Json) -> float | None:
    if isinstance(item, bool) or not isinstance(item, int | float):
        return None
    return float(item) if 0 < item < 1 else None


def _choice(item: Json) -> Choice | None:
    if isinstance(item, str):
        return item if len(item) <= MAX_TEXT else None
    if isinstance(item, float):
        return item if math.isfinite(item) else None
    return item if isinstance(item, int) else None
