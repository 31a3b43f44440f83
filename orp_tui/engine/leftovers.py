"""End what is left of a run's tree when the supervisor that should have done so was killed.

It was killed between the exit record and its own sweep (`supervisor/stopping.py`), so the
processes are no descendants of ours: they are known by the variable ORP_RUN_ID in their
environment, and each is signalled through a descriptor that is opened before it is asked again.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time

from orp_tui.core.layout import BasePaths, RunPaths
from orp_tui.core.states import Mark
from orp_tui.engine import facts, host
from orp_tui.engine.request_file import read_request_or_less
from orp_tui.files.atomic import write_json

WAIT_S = 10.0
GRACE_S = 10.0
UNKILLABLE_AFTER_S = 30.0
PAUSE_S = 0.05


def end_leftovers(paths: BasePaths, run_id: str, attempt: int) -> int:
    """Return when no process of the run is left; how many had to be asked to end.

    They have the time that the supervisor would have given them. Where the experiment keeps
    what outlives a successful command, nothing is touched.
    """
    folder = paths.run(run_id)
    request, _ = read_request_or_less(folder)
    record = facts.read_exit(folder.exit(attempt))
    well = record is not None and record.exit_code == 0 and record.stop is None
    if well and request.leftovers == "keep":
        return 0
    begin = time.monotonic()
    ask = begin + (WAIT_S if well else 0.0)
    kill = ask + min(GRACE_S, request.stop.grace_s)
    asked, said = 0, False
    while members := members_of(run_id):
        now = time.monotonic()
        if not asked and (now >= ask or folder.cancel.exists()):
            send(run_id, members, signal.SIGTERM)
            asked, kill = len(members), min(kill, now + request.stop.grace_s)
        elif asked and now >= kill:
            send(run_id, members, signal.SIGKILL)
            if now >= kill + UNKILLABLE_AFTER_S and not said:
                said = True
                say_unkillable(folder, members)
        time.sleep(1.0 if said else PAUSE_S)
    if said:
        with contextlib.suppress(OSError):
            folder.attention.unlink()
    return asked


def say_unkillable(folder: RunPaths, pids: list[int]) -> None:
    """What clients show of a run whose processes take no SIGKILL."""
    with contextlib.suppress(OSError):  # a full disk: the lock still says that it goes on
        write_json(folder.attention, {"mark": Mark.UNKILLABLE.value, "pids": pids})


def members_of(run_id: str) -> list[int]:
    """The processes of a run, the asker apart."""
    return [pid for pid in host.processes_with(facts.MARKER, run_id) if pid != os.getpid()]


def send(run_id: str, pids: list[int], number: int) -> list[int]:
    """Signal those that still are members of the run; the ones that were signalled."""
    sent = []
    for pid in pids:
        with contextlib.suppress(OSError):
            descriptor = os.pidfd_open(pid)
            try:
                if host.has_variable(pid, facts.MARKER, run_id):
                    signal.pidfd_send_signal(descriptor, number)
                    sent.append(pid)
            finally:
                os.close(descriptor)
    return sent
