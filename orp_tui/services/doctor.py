"""What would go wrong on this machine, in this base directory, and why. Changes nothing."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable

from orp_tui.engine.leadership import read_leader
from orp_tui.services import doctor_logout, doctor_machine, doctor_places, doctor_store
from orp_tui.services.context import Context
from orp_tui.services.findings import Finding, Level, looked_at

__all__ = ["Finding", "Level", "examine"]


def examine(context: Context) -> list[Finding]:
    """Everything that was looked at, in the order in which it should be read.

    A check that can't be made is a finding; nothing is raised.
    """
    paths = context.paths
    allow_network = context.settings.allow_network_filesystem
    checks: list[tuple[str, Callable[[], Iterable[Finding]]]] = [
        ("logout", lambda: [doctor_logout.logout(doctor_logout.session(_home_of_work(context)))]),
        ("kernel", doctor_machine.kernel),
        ("versions", lambda: doctor_machine.versions(paths)),
        ("limits", doctor_machine.limits),
        ("clock", lambda: doctor_machine.clock(paths)),
        ("claims", doctor_machine.machine_locks),
        ("gpus", doctor_machine.gpus),
        ("commands", doctor_machine.commands),
        ("places", lambda: doctor_places.file_systems(paths, allow_network=allow_network)),
        ("space", lambda: doctor_places.room(paths)),
        ("owner", lambda: doctor_places.owners(paths)),
        ("queue", lambda: doctor_store.leader(paths)),
        ("store", lambda: doctor_store.store(paths, slots=context.slots)),
        ("names", lambda: doctor_places.names(paths)),
        ("leftovers", lambda: doctor_places.leftovers(paths)),
    ]
    return [finding for about, check in checks for finding in looked_at(about, check)]


def _home_of_work(context: Context) -> int:
    """The process whose cgroup running work inherits."""
    try:
        leader = read_leader(context.paths)
    except OSError:
        leader = None
    return leader.pid if leader is not None and leader.host == os.uname().nodename else os.getpid()
