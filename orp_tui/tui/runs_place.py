"""What somebody had made of the Runs screen: kept in the dashboard's place, taken from a saved view."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from orp_tui.core.columns import Column
from orp_tui.tui.place import MAX_TEXT, Choice, Place
from orp_tui.tui.run_listing import USUAL_COLUMNS, columns_of, names_of, sort_names, sort_of, text_of

if TYPE_CHECKING:
    from orp_tui.services.catalog import SortKey
    from orp_tui.services.views import View

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
    history: tuple[str, ...] = ()
    """Filters that were kept, the oldest first."""

    @classmethod
    def of(cls, place: Place) -> RunsPlace:
        """What is remembered; what makes no sense in it is as if it were not there."""
        found = {
            name: place.choices.get(_AT + name)
            for name in ("filter", "columns", "sort", "group", "run", "history")
        }
        text = {name: value if isinstance(value, str) else "" for name, value in found.items()}
        return cls(
            filter=text["filter"],
            columns=columns_of(names_of(text["columns"])) or USUAL_COLUMNS,
            sort=sort_of(names_of(text["sort"])),
            group_by=columns_of(names_of(text["group"])),
            run_id=text["run"],
            has_preview=place.choices.get(f"{_AT}preview") is not False,
            history=tuple(filter(None, text["history"].split("\n"))),
        )

    def kept_in(self, place: Place) -> Place:
        """The place with this in it. A text that is too long to be kept is left out."""
        texts = {
            "filter": self.filter,
            "columns": "" if self.columns == USUAL_COLUMNS else text_of(self._names(self.columns)),
            "sort": text_of(sort_names(self.sort)),
            "group": text_of(self._names(self.group_by)),
            "run": self.run_id,
            "history": _newest(self.history),
        }
        mine: dict[str, Choice] = {
            _AT + name: text for name, text in texts.items() if text and len(text) <= MAX_TEXT
        }
        if not self.has_preview:
            mine[f"{_AT}preview"] = False
        return dataclasses.replace(place, screen="runs", choices=_without_ours(place.choices) | mine)

    # Saved views

    def shown_as(self, view: View) -> RunsPlace:
        """The same, with what a view shows."""
        return dataclasses.replace(
            self,
            filter=view.filter,
            columns=columns_of(view.columns) or USUAL_COLUMNS,
            sort=sort_of(view.sort),
            group_by=columns_of(view.group_by),
        )

    def to_view(self, name: str) -> View:
        """What is shown, as a view of that name."""
        from orp_tui.services.views import View

        columns = () if self.columns == USUAL_COLUMNS else self._names(self.columns)
        return View(name, self.filter, columns, sort_names(self.sort), self._names(self.group_by))

    @staticmethod
    def _names(columns: Sequence[Column]) -> tuple[str, ...]:
        return tuple(map(str, columns))


def _without_ours(choices: Mapping[str, Choice]) -> dict[str, Choice]:
    return {name: value for name, value in choices.items() if not name.startswith(_AT)}


def _newest(history: Sequence[str]) -> str:
    """The newest of them, a line each, as many as can be kept."""
    kept: list[str] = []
    room = MAX_TEXT
    for text in reversed(history):
        room -= len(text) + 1
        if room < 0:
            break
        kept.insert(0, text)
    return "\n".join(kept)
