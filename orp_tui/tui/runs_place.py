"""What somebody had made of the Runs screen: kept in the dashboard's place, taken from a saved view."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING

from orp_tui.core.columns import Column
from orp_tui.tui.place import MAX_TEXT, Choice, Place
from orp_tui.tui.run_listing import USUAL_COLUMNS, columns_of, columns_text, sort_of, sort_text

if TYPE_CHECKING:
    from orp_tui.services.catalog import SortKey

_AT = "runs."
"""Before the names of its choices in `Place.choices`."""


@dataclasses.dataclass(frozen=True)
class RunsPlace:
    """Filter, columns, order, groups, and where the cursor was."""

    filter: str = ""
    """As it was typed."""
    columns: tuple[Column, ...] = USUAL_COLUMNS
    sort: tuple[SortKey, ...] = ()
    """Empty: the newest first."""
    group_by: tuple[Column, ...] = ()
    run_id: str = ""
    """The run under the cursor; empty: the first."""
    has_preview: bool = True

    @classmethod
    def of(cls, place: Place) -> RunsPlace:
        """What is remembered; what makes no sense in it is as if it were not there."""
        found = {
            name: place.choices.get(_AT + name) for name in ("filter", "columns", "sort", "group", "run")
        }
        text = {name: value if isinstance(value, str) else "" for name, value in found.items()}
        return cls(
            filter=text["filter"],
            columns=columns_of(text["columns"]) or USUAL_COLUMNS,
            sort=sort_of(text["sort"]),
            group_by=columns_of(text["group"]),
            run_id=text["run"],
            has_preview=place.choices.get(f"{_AT}preview") is not False,
        )

    def kept_in(self, place: Place) -> Place:
        """The place with this in it. A text that is too long to be kept is left out."""
        texts = {
            "filter": self.filter,
            "columns": "" if self.columns == USUAL_COLUMNS else columns_text(self.columns),
            "sort": sort_text(self.sort),
            "group": columns_text(self.group_by),
            "run": self.run_id,
        }
        mine: dict[str, Choice] = {
            _AT + name: text for name, text in texts.items() if text and len(text) <= MAX_TEXT
        }
        if not self.has_preview:
            mine[f"{_AT}preview"] = False
        return dataclasses.replace(place, screen="runs", choices=_without_ours(place.choices) | mine)


def _without_ours(choices: Mapping[str, Choice]) -> dict[str, Choice]:
    return {name: value for name, value in choices.items() if not name.startswith(_AT)}
