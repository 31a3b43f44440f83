"""All that a run which has ended logged anywhere, for its finaliser."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from orp_tui.core.layout import BasePaths

if TYPE_CHECKING:
    from orp_tui.core.series import Series

LIMIT_S = 10.0
"""What the observer has read already is there at once; the rest is read for so long at most."""


def ended_metrics(paths: BasePaths, run_id: str) -> Mapping[str, Series]:
    """Each metric by the name under which it is shown, without what the observer sampled of the machine.

    {} if there is more than can be read in time: values that are not the last ones would be wrong.
    """
    # Most runs log to their own file, and their finaliser is to start without all of this.
    from orp_tui.services.metric_history import collection_of
    from orp_tui.services.metric_plan import plan_of

    folder = paths.run(run_id)
    plan = plan_of(folder, paths)
    # What reads an empty log takes longer to be imported than the rest of it all.
    fixed = tuple(each for each in plan.fixed if each.path != str(folder.system) and _has_bytes(each.path))
    found = collection_of(paths, run_id, dataclasses.replace(plan, fixed=fixed, is_final=True))
    found.take(time.monotonic() + LIMIT_S)
    if not found.is_complete:
        return {}
    return {name: series for name, series in found.series()[0].items() if not name.startswith("sys/")}


def ended_chain(paths: BasePaths, run_id: str) -> Mapping[str, Series]:
    """As `ended_metrics`, of a resumed run and all those that it goes on from: the curves that a chart shows.

    {} if there is more than can be read in time.
    """
    from orp_tui.services.curves import Curves
    from orp_tui.services.metric_plan import chain_of
    from orp_tui.services.run_metrics import collection_of

    with contextlib.ExitStack() as unpacked:
        curves = Curves(
            [
                collection_of(paths.run(each), paths.artifact(each), paths, unpacked, is_final=True)
                for each in chain_of(paths, run_id)
            ]
        )
        curves.take(time.monotonic() + LIMIT_S)
        if not curves.is_complete:
            return {}
        series = curves.shown().series
    return {name: each for name, each in series.items() if not name.startswith("sys/")}


def _has_bytes(path: str) -> bool:
    try:
        return os.stat(path, follow_symlinks=False).st_size > 0
    except OSError:
        return False
