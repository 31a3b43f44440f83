"""Other programs that run things in turn, measured beside where they are installed."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable

from tests.benchmarks.ground import Ground
from tests.benchmarks.measure import milliseconds_of


def guild_run(place: Ground) -> Callable[[], float] | None:
    """The same by Guild AI; None if it is not installed."""
    if shutil.which("guild") is None:
        return None
    folder = place.folder / "guild"
    (folder / "home").mkdir(parents=True)  # it must be there
    (folder / "guild.yml").write_text("noop:\n  exec: 'true'\n")
    return milliseconds_of(
        ["guild", "-H", str(folder / "home"), "run", "noop", "-y"], cwd=folder, env=place.environ
    )


def task_spooler(place: Ground, number: int, *, slots: int) -> Callable[[], float] | None:
    """The same number of no-ops by task-spooler, which records and checks nothing; None without it."""
    command = shutil.which("tsp") or shutil.which("ts-tsp")
    if command is None:
        return None
    environ = {**place.environ, "TS_SOCKET": str(place.folder / "ts.socket"), "TS_SLOTS": str(slots)}

    def action() -> float:
        begin = time.perf_counter()
        for _ in range(number):
            subprocess.run([command, "-n", "true"], env=environ, check=True, stdout=subprocess.DEVNULL)
        subprocess.run([command, "-w"], env=environ, check=False, stdout=subprocess.DEVNULL)
        took = (time.perf_counter() - begin) * 1000 / number
        subprocess.run([command, "-K"], env=environ, check=True)
        return took

    return action
