"""All that a run which has ended logged anywhere, for its finaliser."""

from __future__ import annotations

import dataclasses
import os
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
    plan = plan_of(folder, paths)
    # What reads an empty log takes longer to be imported than the rest of it all.
    fixed = tuple(each for each in plan.fixed if each.path != str(folder.system) and _has_bytes(each.path))
    for news in Gatherer(dataclasses.replace(plan, fixed=fixed, is_final=True)).batches():
        yield news.source, news.batch


def _has_bytes(path: str) -> bool:
    try:
        return os.stat(path, follow_symlinks=False).st_size > 0
    except OSError:
        return False
