"""What may run at once on this machine, and what of it is taken: read afresh, for leader and clients alike."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from orp_tui.core.decide import Facts
from orp_tui.core.layout import BasePaths
from orp_tui.core.needs import Capacity, Card, Occupant
from orp_tui.core.run import Run
from orp_tui.core.states import RunState
from orp_tui.engine import guards
from orp_tui.store import groups, runs, settings

if TYPE_CHECKING:
    from orp_tui.hardware.foreign import GpuSettings


def occupants(
    rows: Sequence[Run], found: Mapping[str, Facts], left: Mapping[str, float] | None = None
) -> list[Occupant]:
    """The active runs that still own what they were given; `left` is run id → seconds until its likely end."""
    return [
        Occupant(
            run.id, run.workspace, run.project, run.group, run.needs, run.cards, run.locks,
            None if left is None else left.get(run.id),
        )
        for run in rows
        if run.state.is_active and found[run.id].owns_slot
    ]  # fmt: skip


def capacity(
    paths: BasePaths,
    connection: sqlite3.Connection,
    queued: Sequence[Run],
    taken: Sequence[Occupant],
    *,
    slots: int,
    now: float,
) -> Capacity:
    """The room of this machine; what no queued run asks for is not looked at.

    `slots` is what the settings say; the queue's own number comes before it.
    """
    own = settings.read(connection, "slots")
    wants = [run.needs for run in queued]
    found: tuple[Card, ...] = ()
    none = ""
    if any(needs.gpus for needs in wants):
        from orp_tui.engine.cards import cards_now

        found, none = cards_now(paths, taken, gpu_settings(connection), now=now)
    return Capacity(
        slots=int(own) if own is not None and own.isdigit() else slots,
        cpus=len(os.sched_getaffinity(0)) if any(needs.cpus for needs in wants) else None,
        memory=_memory() if any(needs.memory for needs in wants) else None,
        disk_free=_disk_free(paths) if any(needs.disk for needs in wants) else None,
        cards=found,
        no_cards=none,
        groups=groups.read(connection),
        paused=settings.read(connection, "paused"),
        guard=guards.low_disk(paths, guards.least(connection)) if queued else None,
        ends=_ends(paths, connection, queued),
    )


def gpu_settings(connection: sqlite3.Connection) -> GpuSettings:
    """What of the GPUs this queue may use, as it was told when it was started."""
    import json

    from orp_tui.hardware.foreign import GpuSettings

    text = settings.read(connection, "gpus")
    values = json.loads(text) if text else {}
    return GpuSettings(
        allowed=frozenset(values["allowed"]) if values.get("allowed") is not None else None,
        leave_free=values.get("leave_free", 0),
        allow_below=values.get("allow_below"),
        ignore_users=frozenset(values.get("ignore_users", ())),
    )


def _memory() -> int:
    """Bytes of the machine."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _disk_free(paths: BasePaths) -> int | None:
    try:
        found = os.statvfs(paths.runs)
    except OSError:
        return None
    return found.f_bavail * found.f_frsize


def _ends(paths: BasePaths, connection: sqlite3.Connection, queued: Sequence[Run]) -> dict[str, RunState]:
    ids = sorted({item.run_id for run in queued for item in run.after})
    if not ids:
        return {}
    from orp_tui.engine.retried import state_of_chain

    found = runs.states(connection, ids)
    return {run_id: state_of_chain(paths, connection, run_id, state) for run_id, state in found.items()}
