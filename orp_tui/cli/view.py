"""What `orp run` shows runs with while they go on."""

from __future__ import annotations

from collections.abc import Sequence

from orp_tui.services.watch import RunView


class View:
    """What shows the runs while they go on."""

    def show(self, views: Sequence[RunView]) -> None:
        """Show how they stand now."""

    def pause(self) -> None:
        """Leave the terminal free for a question; the next `show` draws again."""

    def close(self) -> None:
        """Leave the terminal as it was."""
