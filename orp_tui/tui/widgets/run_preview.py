"""The run under the cursor of a list, in short: shown at once as the list knows it, then as its files tell."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from orp_tui.core.past_run import PastRun
from orp_tui.core.sanitise import one_line
from orp_tui.tui.widgets.page_view import PageView, line

if TYPE_CHECKING:
    from orp_tui.services.run_preview import RunPreview
    from orp_tui.tui.run_listing import GroupRow


class RunPreviewPane(PageView):
    """Lines that scroll; nothing is drawn if they are those it has."""

    def __init__(self, *, ascii_only: bool = False, **options: Any) -> None:  # Any: as Widget takes them
        super().__init__(**options)
        self._ascii_only = ascii_only
        self._run: PastRun | None = None
        self._found: RunPreview | None = None
        self._group: GroupRow | None = None
        self._early: RunPreview | None = None
        """Of a run that is about to be shown."""

    @property
    def run(self) -> PastRun | None:
        """The run that is shown."""
        return self._run

    @property
    def title(self) -> str:
        """What the border says: the run's name, or the group's value."""
        if self._group is not None:
            return self._group.label
        return "Preview" if self._run is None else one_line(self._run.name, 60) or "Preview"

    def show(self, run: PastRun | None) -> None:
        """Show this run as the list knows it; what was read of the same one stays."""
        if run == self._run and self._group is None:
            return
        is_same = run is not None and self._run is not None and run.id == self._run.id
        self._run, self._group = run, None
        if not is_same:
            is_early = run is not None and self._early is not None and self._early.run_id == run.id
            self._found = self._early if is_early else None
            self._early = None
        self._lay_out(from_top=not is_same)

    def show_group(self, group: GroupRow) -> None:
        """Show what a group of runs stands for."""
        if group != self._group:
            self._run, self._found, self._group = None, None, group
            self._lay_out(from_top=True)

    def add(self, found: RunPreview) -> None:
        """Show too what the files of the run told; that of another run waits until that is shown."""
        if self._run is not None and found.run_id == self._run.id:
            self._found = found
            self._lay_out()
        else:
            self._early = found

    def on_resize(self) -> None:
        self._lay_out()

    def _lay_out(self, *, from_top: bool = False) -> None:
        width, height = self.room
        if width <= 0:
            return
        if self._group is not None:
            from orp_tui.tui.preview_lines import group_lines

            self.put_lines(group_lines(self._group, width), from_top=from_top)
            return
        if self._run is None:
            self.put_lines([line("no run under the cursor", "quiet")], from_top=True)
            return
        from orp_tui.tui.preview_lines import preview_lines

        lines = preview_lines(
            self._run,
            self._found,
            width=width,
            height=height,
            now=time.time(),
            ascii_only=self._ascii_only,
        )
        self.put_lines(lines, from_top=from_top)
