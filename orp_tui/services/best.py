"""The best runs of each experiment name, by the metric that its experiment names and the way it goes."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterable, Sequence

from orp_tui.core.layout import BasePaths
from orp_tui.core.run import Run
from orp_tui.metrics.primary import MAXIMIZE
from orp_tui.services.judged import Standing, ended_standing
from orp_tui.services.metric_plan import chain_of
from orp_tui.store import runs

Ranked = list[tuple[Run, Standing]]


def best_first(paths: BasePaths, ended: Iterable[Run]) -> dict[str, Ranked]:
    """Experiment name → its runs of which the value is known, the best first, the earlier of equals first.

    `ended` is newest first. The newest of them that has a primary metric says which one counts and which way;
    values of another are not compared with it, and NaN stands in no order.
    """
    found: dict[str, Ranked] = {}
    for run in ended:
        stand = ended_standing(paths.run(run.id))
        if stand is None:
            continue
        known = found.setdefault(run.name, [])
        if not known or _is_like(stand, known[0][1]):
            known.append((run, stand))
    return {name: _sorted(known) for name, known in found.items()}


def best_among(
    paths: BasePaths, connection: sqlite3.Connection, chosen: Sequence[Run], count: int
) -> tuple[tuple[Run, Standing], ...]:
    """Those of the chosen runs that are of the best `count` of their experiment, of all that have ended.

    A run and those that it goes on from are one: they share workspace and curve, and stay together.
    """
    if not count:
        return ()
    names, ids = {run.name for run in chosen}, {run.id for run in chosen}
    ended = [run for run in runs.newest(connection, -1, final_only=True) if run.name in names]
    ranked = best_first(paths, ended)
    kept = [item for name in sorted(ranked) for item in _best_chains(paths, ranked[name], count)]
    return tuple(item for item in kept if item[0].id in ids)


def _best_chains(paths: BasePaths, ranked: Ranked, count: int) -> Ranked:
    """The runs of the first `count` chains."""
    first = {run.id: chain_of(paths, run.id)[0] for run, _ in ranked}
    best = list(dict.fromkeys(first.values()))[:count]
    return [item for item in ranked if first[item[0].id] in best]


def _is_like(one: Standing, other: Standing) -> bool:
    """Whether two values say the same thing of two runs."""
    return (one.name, one.goal, one.at) == (other.name, other.goal, other.at)


def _sorted(known: Sequence[tuple[Run, Standing]]) -> Ranked:
    finite = [item for item in known if math.isfinite(item[1].value)]
    sign = -1.0 if known and known[0][1].goal == MAXIMIZE else 1.0
    return sorted(finite, key=lambda item: (sign * item[1].value, item[0].seq))
