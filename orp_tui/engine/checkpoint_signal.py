"""Ask a training for a checkpoint: the signal that its experiment names, to whoever handles it.

A signal without a handler ends a process. So the kernel is asked first who has installed one: the main
process, or below shells and launchers the processes nearest to it. Each is signalled through a descriptor
that is opened before it is asked who it is.
"""

from __future__ import annotations

import contextlib
import os

from orp_tui.core.layout import RunPaths
from orp_tui.core.run import Run
from orp_tui.core.verdict import SIGNAL_NAMES
from orp_tui.engine import facts, host
from orp_tui.engine.facts import MARKER

SENT = "for a checkpoint"
"""What is said of a signal that was sent ends so."""
DEEPEST = 8
MOST_PROCESSES = 512
_NUMBERS = {name: number for number, name in SIGNAL_NAMES.items()}


def ask_for_checkpoint(folder: RunPaths, run: Run, signal_name: str) -> str:
    """Send the signal; what became of that, in words."""
    number = _NUMBERS.get(signal_name)
    started = facts.read_started(folder, run.attempt)
    if number is None or started is None:
        return f"no checkpoint: {'the script has not begun' if number else f'{signal_name} is no signal'}"
    if not host.is_alive(started.pid, started.start_ticks, started.boot_id):
        return "no checkpoint: the script has ended"
    sent = []
    for pid, ticks in _handlers(started.pid, started.start_ticks, number, run.id):
        if host.signal_process(pid, ticks, started.boot_id, number):
            sent.append(str(pid))
    if sent:
        return f"{signal_name} sent to {', '.join(sent)} {SENT}"
    return f"no checkpoint: the script does not handle {signal_name}, which would have ended it"


def _handlers(main: int, ticks: int, number: int, run_id: str) -> list[tuple[int, int]]:
    """Pid and start of the processes nearest to the main one that handle a signal, all of one level."""
    level = [(main, ticks)]
    for _ in range(DEEPEST):
        found = [(pid, start) for pid, start in level if handles(pid, number)]
        if found or not level:
            return found
        below = [child for pid, _ in level for child in children_of(pid)]
        level = [
            (pid, start)
            for pid in below[:MOST_PROCESSES]
            if (start := host.start_ticks(pid)) and host.has_variable(pid, MARKER, run_id)
        ]
    return []


def handles(pid: int, number: int) -> bool:
    """Whether a process has installed a handler of its own for a signal."""
    try:
        with open(f"/proc/{pid}/status", encoding="utf-8", errors="replace") as file:
            caught = next((line.split()[1] for line in file if line.startswith("SigCgt:")), "0")
    except (OSError, IndexError):
        return False
    return bool(int(caught, 16) >> (number - 1) & 1)


def children_of(pid: int) -> list[int]:
    """The direct children of a process; [] if it is gone."""
    found: list[int] = []
    with contextlib.suppress(OSError):
        for task in os.listdir(f"/proc/{pid}/task"):
            with (
                contextlib.suppress(OSError),
                open(f"/proc/{pid}/task/{task}/children", encoding="ascii") as file,
            ):
                found += map(int, file.read().split())
    return found
