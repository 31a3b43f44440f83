"""The one run that a dashboard shows in full: looked at again and again while it is selected."""

from __future__ import annotations

import dataclasses

from orp_tui.services.context import Context
from orp_tui.services.run_page import RunPage, RunPageReader


@dataclasses.dataclass(frozen=True)
class SelectedRun:
    """What the panes of a run show."""

    run_id: str
    page: RunPage


class SelectedReader:
    """Looks at one run after the other, from one thread."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._run_id = ""
        self._page = RunPageReader(context, "")

    def look(self, run_id: str) -> SelectedRun:
        """The run as it is now."""
        self._take(run_id)
        return SelectedRun(run_id, self._page.look())

    def _take(self, run_id: str) -> None:
        if run_id != self._run_id:
            self._run_id = run_id
            self._page = RunPageReader(self._context, run_id)
