"""Other programs that run things in turn, measured beside where they are installed.

Each function gives None where its program is not installed. What they do is less than ORP does: task-spooler
and nq record an exit code and check nothing, task-spooler keeps its queue in memory; DVC and Guild keep records.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.benchmarks.ground import Ground, until
from tests.benchmarks.measure import milliseconds_of

GIT = ["git", "-c", "user.name=bench", "-c", "user.email=bench@localhost"]
STAGE = "stages:\n  noop:\n    cmd: 'true'\n    params: [n]\n"


class TaskSpooler:
    """task-spooler with a queue of its own."""

    name = "tsp"

    def __init__(self, command: str, place: Ground, slots: int) -> None:
        socket = str(place.folder / f"ts-{slots}.socket")
        self._command = command
        self._environ = {**place.environ, "TS_SOCKET": socket, "TS_SLOTS": str(slots)}

    def submit(self, *words: str) -> None:
        self._call("-n", *words)

    def wait(self) -> None:
        """Until the last one has ended; its exit code is the call's."""
        self._call("-w", check=False)

    def close(self) -> None:
        self._call("-K")

    def _call(self, *words: str, check: bool = True) -> None:
        subprocess.run([self._command, *words], env=self._environ, check=check, stdout=subprocess.DEVNULL)


class Nq:
    """nq, one at a time: a folder of its log files is the queue."""

    name = "nq"

    def __init__(self, command: str, place: Ground) -> None:
        self._folder = place.folder / "nq"
        self._command = command
        self._environ = {**place.environ, "NQDIR": str(self._folder)}

    def submit(self, *words: str) -> None:
        subprocess.run([self._command, "-q", *words], env=self._environ, check=True)

    def wait(self) -> None:
        subprocess.run([self._command, "-w"], env=self._environ, check=True)

    def close(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)


Spooler = TaskSpooler | Nq


def spoolers(place: Ground, *, slots: int) -> list[Spooler]:
    """Those of the two small ones that are installed."""
    found: list[Spooler] = []
    if tsp := shutil.which("tsp") or shutil.which("ts-tsp"):
        found.append(TaskSpooler(tsp, place, slots))
    if nq := shutil.which("nq"):
        found.append(Nq(nq, place))
    return found


def no_ops(spooler: Spooler, number: int) -> Callable[[], float]:
    """Milliseconds a no-op, from the first submit to the last end."""

    def action() -> float:
        begin = time.perf_counter()
        for _ in range(number):
            spooler.submit("true")
        spooler.wait()
        took = (time.perf_counter() - begin) * 1000 / number
        spooler.close()
        return took

    return action


def submits(spooler: Spooler, number: int) -> Callable[[], float]:
    """Submits a second, while the first of them runs."""

    def action() -> float:
        begin = time.perf_counter()
        for _ in range(number):
            spooler.submit("true")
        took = time.perf_counter() - begin
        spooler.wait()
        spooler.close()
        return number / took

    return action


def latency(spooler: Spooler, place: Ground) -> Callable[[], float]:
    """Milliseconds from the submit to the first instruction, the queue being there and empty."""
    said = place.folder / f"{spooler.name}.txt"

    def action() -> float:
        said.unlink(missing_ok=True)
        called = time.time()
        spooler.submit("sh", "-c", f"date +%s%N > {said}.new && mv {said}.new {said}")
        until(said.exists, f"the word of {spooler.name}")
        return (int(said.read_text()) / 1e9 - called) * 1000

    return action


def guild_run(place: Ground) -> Callable[[], float] | None:
    """Milliseconds of a no-op by Guild AI in the foreground."""
    command = _guild(place, "run")
    return command and milliseconds_of(
        [*command, "run", "noop", "-y"], cwd=_folder_of(place, "run"), env=place.environ
    )


def guild_queue(place: Ground, number: int) -> Callable[[], float] | None:
    """Milliseconds a no-op, staged and then run by a queue of Guild AI."""
    command = _guild(place, "queue")
    if command is None:
        return None
    folder = _folder_of(place, "queue")
    stage = [*command, "run", "noop", "--stage", "-y"]
    queue = [*command, "run", "queue", "run-once=yes", "-y"]
    return _together([stage] * number + [queue], number, folder, place)


def _guild(place: Ground, kind: str) -> list[str] | None:
    if shutil.which("guild") is None:
        return None
    folder = _folder_of(place, kind)
    (folder / "home").mkdir(parents=True)  # it must be there
    (folder / "guild.yml").write_text("noop:\n  exec: 'true'\n")
    return ["guild", "-H", str(folder / "home")]


def _folder_of(place: Ground, kind: str) -> Path:
    return place.folder / f"guild-{kind}"


def dvc_queue(place: Ground, number: int, *, slots: int) -> Callable[[], float] | None:
    """Milliseconds a no-op, queued by `dvc exp run --queue` and run by as many workers as there are slots."""
    if shutil.which("dvc") is None or shutil.which("git") is None:
        return None
    folder = place.folder / "dvc"
    folder.mkdir()
    environ = {**place.environ, "HOME": str(folder), "DVC_NO_ANALYTICS": "1"}
    (folder / "params.yaml").write_text("n: 0\n")
    (folder / "dvc.yaml").write_text(STAGE)
    for words in (
        [*GIT, "init", "-q"],
        ["dvc", "init", "-q"],
        [*GIT, "add", "-A"],
        [*GIT, "commit", "-qm", "All"],
    ):
        subprocess.run(words, cwd=folder, env=environ, check=True, stdout=subprocess.DEVNULL)
    used = 0

    def states() -> str:
        done = subprocess.run(
            ["dvc", "queue", "status"], cwd=folder, env=environ, check=True, capture_output=True, text=True
        )
        return done.stdout

    def action() -> float:
        nonlocal used
        begin = time.perf_counter()
        for _ in range(number):
            used += 1  # each needs values of its own
            command = ["dvc", "exp", "run", "--queue", "-q", "-S", f"n={used}"]
            subprocess.run(command, cwd=folder, env=environ, check=True, stdout=subprocess.DEVNULL)
        subprocess.run(
            ["dvc", "queue", "start", "-j", str(slots)],
            cwd=folder,
            env=environ,
            check=True,
            capture_output=True,
        )
        until(lambda: states().count("Success") == used, "the end of DVC's queue", seconds=300)
        return (time.perf_counter() - begin) * 1000 / number

    return action


def _together(
    commands: Sequence[Sequence[str]], number: int, folder: Path, place: Ground
) -> Callable[[], float]:
    actions = [milliseconds_of(command, cwd=folder, env=place.environ) for command in commands]
    return lambda: sum(action() for action in actions) / number
