"""Refreezes among runs that are read from their folders: of each pair only one may start. Pure.

A refreeze queues a held run and then lets it have the place of the old one. The hold and the swap
are in the database alone; when that is gone both folders look as if they waited.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from orp_tui.core.run import REFROZEN, Run, refreeze_key_of
from orp_tui.core.states import Reason, RunState
from orp_tui.store.replacement import KnownRun


def settled(found: Sequence[KnownRun]) -> tuple[list[KnownRun], dict[str, str]]:
    """The runs with one of each pair cancelled, and the run that waits now → the one in whose place it is.

    `found` is in the order of submission. The new run stands if the old one waits or was
    refrozen as it; where that had started, or was cancelled by somebody, the new one is cancelled.
    Who waited for the old run waits for the new one.
    """
    rows = {item.run.id: item.run for item in found}
    stands_for: dict[str, str] = {}
    for old_id, new_ids in _pairs(found).items():
        chosen = _chosen(rows.get(old_id), new_ids)
        for new_id in new_ids:
            if new_id != chosen:
                rows[new_id] = _cancelled(
                    rows[new_id], f"cancelled before it started: it was to replace {old_id}"
                )
        if chosen is not None and old_id in rows:
            stands_for[chosen] = old_id
            if rows[old_id].state is RunState.QUEUED:
                rows[old_id] = _cancelled(rows[old_id], f"{REFROZEN}{chosen}")
    instead = {
        run.id: (run.detail or "").removeprefix(REFROZEN)
        for run in rows.values()
        if run.state is RunState.CANCELLED and (run.detail or "").startswith(REFROZEN)
    }
    return [
        dataclasses.replace(item, run=_waiting_for(rows[item.run.id], instead)) for item in found
    ], stands_for


def without_their_old_ones(lacking: Sequence[KnownRun], known: set[str]) -> list[KnownRun]:
    """Runs that a sound database lacks: one that was to replace a run that it knows never will."""
    return [
        dataclasses.replace(
            item, run=_cancelled(item.run, f"cancelled before it started: it was to replace {old}")
        )
        if item.run.state is RunState.QUEUED and (old := refreeze_key_of(item.key)) in known
        else item
        for item in lacking
    ]


def _pairs(found: Sequence[KnownRun]) -> dict[str, list[str]]:
    """Old run → the runs that wait and were to take its place, in the order of their submission."""
    pairs: dict[str, list[str]] = {}
    for item in found:
        old_id = refreeze_key_of(item.key)
        if old_id is not None and item.run.state is RunState.QUEUED:
            pairs.setdefault(old_id, []).append(item.run.id)
    return pairs


def _chosen(old: Run | None, new_ids: Sequence[str]) -> str | None:
    if old is None or old.state is RunState.QUEUED:
        return new_ids[-1]
    named = (old.detail or "").removeprefix(REFROZEN)
    return named if named in new_ids else None


def _cancelled(run: Run, detail: str) -> Run:
    return dataclasses.replace(
        run, state=RunState.CANCELLED, reason=Reason.CANCELLED.value, ended_at=run.submitted_at, detail=detail
    )


def _waiting_for(run: Run, instead: dict[str, str]) -> Run:
    if run.state is not RunState.QUEUED:
        return run
    after = tuple(
        dataclasses.replace(item, run_id=_last(item.run_id, instead)) if item.run_id in instead else item
        for item in run.after
    )
    return dataclasses.replace(run, after=after)


def _last(run_id: str, instead: dict[str, str]) -> str:
    """The end of a chain of refreezes; a circle, which only damaged files can make, is left as it is."""
    for _ in instead:
        run_id = instead.get(run_id, run_id)
    return run_id
