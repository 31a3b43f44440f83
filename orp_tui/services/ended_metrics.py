"""All that a run which has ended logged anywhere, for its finaliser."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import TYPE_CHECKING

from orp_tui.core.layout import BasePaths

if TYPE_CHECKING:
    from orp_tui.metrics.outcome import News


def ended_metrics(paths: BasePaths, run_id: str) -> Iterator[News]:
    """Source and values, read by read, from the beginning; without what the observer sampled of the machine."""
    # Most runs log to their own file, and their finaliser is to start without all of this.
    from orp_tui.metrics.gathering import Gatherer
    from orp_tui.services.metric_plan import plan_of

    folder = paths.run(run_id)
    gatherer = Gatherer(dataclasses.replace(plan_of(folder, paths), is_final=True))
    for news in gatherer.batches():
        if news.source.path != str(folder.system):
            yield news.source, news.batch
