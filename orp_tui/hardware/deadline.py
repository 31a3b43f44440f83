"""Ask for the GPUs, and never wait longer than one wants to: the driver is asked by a process apart.

A call into a sick driver may block for ever, even past SIGKILL. That is then the trouble
of one child, and a state with a word: the GPU that was being asked `does not answer`, it
is left alone for a while, and another child asks the rest.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Mapping
from typing import Any

from orp_tui.hardware import fake
from orp_tui.hardware.gpus import DOES_NOT_ANSWER, WHOLE_DRIVER, GpuReport, GpuSample

DEADLINE_S = 5.0
AGAIN_S = 60.0
"""How long a GPU or a driver that failed is left alone."""
MOST_STUCK = 4
"""So many children that not even SIGKILL ends are enough."""
COMMAND = (sys.executable, "-P", "-m", "orp_tui.hardware.sampler")


class GpuWatch:
    """Reports on the GPUs of this machine, each within its deadline.

    `sample` waits. For a loop that may not wait: `ask`, and then `answer` on every turn.
    """

    def __init__(
        self,
        *,
        again_s: float = AGAIN_S,
        host_pids: bool | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """`host_pids`: whether the driver's pids are those seen here; None: found out.

        `environment` is that of the child; None: this process's own.
        """
        where = {True: "here", False: "elsewhere", None: "ask"}[host_pids]
        self._command = [*COMMAND, where]
        self._environment = dict(os.environ if environment is None else environment)
        self._again_s = again_s
        self._child: subprocess.Popen[bytes] | None = None
        self._dying: list[subprocess.Popen[bytes]] = []
        self._buffer = b""
        self._looking = WHOLE_DRIVER
        self._deadline: float | None = None
        self._seconds = DEADLINE_S
        self._last = GpuReport(0.0)
        self._avoided: dict[int, float] = {}
        self._rest_until = 0.0

    def sample(self, seconds: float = DEADLINE_S) -> GpuReport:
        """What there is to say within `seconds`."""
        self.ask(seconds)
        while True:
            report = self.answer(wait=True)
            if report is not None:
                return report

    def ask(self, seconds: float = DEADLINE_S) -> None:
        """Ask for a report that is answered within `seconds`; does nothing while one is under way."""
        if self._deadline is not None:
            return
        self._seconds = seconds
        self._deadline = time.monotonic() + seconds
        self._looking = WHOLE_DRIVER
        if not fake.is_wanted(self._environment) and not self._is_resting():
            self._send()

    def answer(self, *, wait: bool = False) -> GpuReport | None:
        """The report that was asked for; None while there is none yet, or nothing was asked.

        `wait` blocks until there is news or the deadline has come.
        """
        if self._deadline is None:
            return None
        if fake.is_wanted(self._environment):
            return self._done(fake.sample(self._environment))
        if self._child is None:
            return self._done(dataclasses.replace(self._last, at=time.time()))
        left = self._deadline - time.monotonic()
        assert self._child.stdout is not None
        if select.select([self._child.stdout], [], [], max(0.0, left) if wait else 0.0)[0]:
            return self._read(self._child.stdout.fileno())
        return self._overdue() if left <= 0 else None

    def close(self) -> None:
        """End the child, without waiting for one that can't end."""
        self._deadline = None
        self._end_child()

    def __enter__(self) -> GpuWatch:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _is_resting(self) -> bool:
        """Whether the driver is left alone: it failed just now, or too many children are stuck in it."""
        self._dying = [child for child in self._dying if child.poll() is None]
        return len(self._dying) >= MOST_STUCK or time.monotonic() < self._rest_until

    def _send(self) -> None:
        try:
            if self._child is not None and self._child.poll() is not None:
                self._end_child()  # killed since its last answer, which says nothing of the driver
            if self._child is None:
                self._child = self._start()
            assert self._child.stdin is not None
            skip = [dataclasses.asdict(gpu) for gpu in self._skipped()]
            os.write(self._child.stdin.fileno(), json.dumps({"skip": skip}).encode() + b"\n")
        except OSError as error:
            self._fail(f"the GPU driver can't be asked: {error}")

    def _start(self) -> subprocess.Popen[bytes]:
        self._buffer = b""
        return subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=self._environment,
            cwd="/",
            bufsize=0,
            start_new_session=True,
        )

    def _skipped(self) -> list[GpuSample]:
        now = time.monotonic()
        if not self._dying:  # or each try could cost one more child that can't end
            self._avoided = {place: until for place, until in self._avoided.items() if now < until}
        known = {gpu.place for gpu in self._last.gpus}
        unknown = [GpuSample(place, "", place=place) for place in self._avoided if place not in known]
        return [gpu for gpu in self._last.gpus if gpu.place in self._avoided] + unknown

    def _read(self, descriptor: int) -> GpuReport | None:
        data = os.read(descriptor, 1 << 20)
        if not data:
            return self._died()
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        for line in lines:
            try:
                value: dict[str, Any] = json.loads(line)  # Any: values as JSON gives them
                if "looking" not in value:
                    return self._arrived(GpuReport.from_json(value))
                self._looking = int(value["looking"])
            except (ValueError, KeyError, TypeError):
                return self._done(self._fail("what asks the GPU driver answers nonsense"))
        return None

    def _arrived(self, report: GpuReport) -> GpuReport:
        if not report.gpus:  # a machine without a GPU needs no process that says so
            self._end_child()
            self._rest_until = time.monotonic() + self._again_s
        return self._done(report)

    def _died(self) -> GpuReport:
        child = self._child
        assert child is not None
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(1.0)
        return self._done(self._fail(f"the driver ended what asked it ({_end_in_words(child.returncode)})"))

    def _overdue(self) -> GpuReport:
        """Nothing came in time: say so of the GPU that was being asked, and of all others this once."""
        if self._looking == WHOLE_DRIVER:
            return self._done(self._fail(f"the GPU driver {DOES_NOT_ANSWER}"))
        self._end_child()
        self._avoided[self._looking] = time.monotonic() + self._again_s
        words = f"the GPU driver did not answer within {self._seconds:g} s"
        return self._done(self._with_trouble(words))

    def _fail(self, words: str) -> GpuReport:
        self._end_child()
        self._rest_until = time.monotonic() + self._again_s
        self._last = self._with_trouble(words)
        return self._last

    def _with_trouble(self, words: str) -> GpuReport:
        gpus = tuple(
            dataclasses.replace(gpu, trouble=gpu.trouble or DOES_NOT_ANSWER) for gpu in self._last.gpus
        )
        return GpuReport(time.time(), gpus, words, self._last.source)

    def _done(self, report: GpuReport) -> GpuReport:
        self._deadline = None
        self._last = report
        return report

    def _end_child(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        for pipe in (child.stdin, child.stdout):
            assert pipe is not None
            pipe.close()
        child.kill()
        try:
            child.wait(0.2)
        except subprocess.TimeoutExpired:
            self._dying.append(child)


def _end_in_words(status: int | None) -> str:
    if status is None:
        return "no status"
    return f"signal {-status}" if status < 0 else f"status {status}"
