"""The thread that reads the run under the cursor of a list, once the cursor rests on it."""

from __future__ import annotations

import dataclasses
import functools
import time
from typing import TYPE_CHECKING

from textual.message import Message

from orp_tui.tui.feeds import Feed, Post

if TYPE_CHECKING:
    from orp_tui.core.past_run import PastRun
    from orp_tui.services.context import Context
    from orp_tui.services.run_preview import RunPreview, RunPreviewReader

REST_S = 0.1
"""A cursor that stays for so long is meant to; until then nothing is read."""
_ACTIVE_S = 1.0
_IDLE_S = 60.0


@dataclasses.dataclass
class PreviewRead(Message):
    """The files of the run under the cursor were looked at."""

    preview: RunPreview

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, PreviewRead)


class PreviewFeed(Feed):
    """One run at a time; of one that goes on the newest, of one that has ended what is there when it is selected."""

    SUBJECT = "the run under the cursor"

    def __init__(self, context: Context, post: Post) -> None:
        super().__init__(post)
        self._context = context
        self._wanted: tuple[PastRun | None, float] = (None, 0.0)
        """What is to be looked at, and since when; put and taken whole."""
        self._posted: RunPreview | None = None

    @functools.cached_property
    def _reader(self) -> RunPreviewReader:
        from orp_tui.services.run_preview import RunPreviewReader

        return RunPreviewReader(self._context)

    def select(self, run: PastRun | None) -> None:
        """Look at this run from now on, after a moment; the same one as it has changed, at once."""
        before, since = self._wanted
        if run == before:
            return
        is_same = run is not None and before is not None and run.id == before.id
        if not is_same:
            # Whoever shows it has dropped what was posted: the same is news again.
            self._posted = None
        self._wanted = (run, since if is_same else time.monotonic())
        self.poke()

    def turn(self, *, poked: bool) -> float:
        run, since = self._wanted
        if run is None:
            return _IDLE_S
        rest = since + REST_S - time.monotonic()
        if rest > 0:
            return rest
        found = self._reader.look(run)
        if self._wanted[0] is run:
            self._post(found)
        if not found.is_complete:
            return 0.0
        return _IDLE_S if run.state.is_final else _ACTIVE_S

    def _post(self, found: RunPreview) -> None:
        if found != self._posted:
            self._posted = found
            self.post(PreviewRead(found))
