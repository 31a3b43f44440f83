"""A base directory with runs that log, and the observer's tail at them; for tests."""

from __future__ import annotations

from cached import json_line, rows
from run_folders import submitted

from orp_tui.core.layout import BasePaths
from orp_tui.core.needs import NO_NEEDS
from orp_tui.core.run import Run
from orp_tui.core.states import RunState
from orp_tui.metrics.cache import writer as writing
from orp_tui.metrics.cache.reader import MetricCache
from orp_tui.services.metric_tail import MetricTail


class Clock:
    """Time that passes when told."""

    def __init__(self):
        self.now = 1000.0
        self.step = 0.0
        """What each look at it takes."""

    def __call__(self):
        self.now += self.step
        return self.now


class Ears:
    """Hears what runs log."""

    def __init__(self):
        self.steps = {}

    def heard(self, run, source, batch):
        for name, points in batch.points.items():
            self.steps.setdefault((run.id, name), []).extend(points.steps)


class Desk:
    """A base directory, its runs, and a tail that looks at them."""

    def __init__(self, tmp_path):
        self.paths = BasePaths.under(tmp_path / "experiments")
        self.clock, self.ears = Clock(), Ears()
        self.active = []
        self.written = {}
        self.tail = self.begin()

    def begin(self):
        """A tail as a new observer has it."""
        self.tail = MetricTail(self.paths, listeners=[self.ears], clock=self.clock)
        return self.tail

    def run(self, name, *, live=True):
        folder = submitted(self.paths, name)
        made = Run(
            1, folder.run_id, name, RunState.RUNNING, 1, 0, False, 1.0, 2.0, None, None, None, None, None, None, None,
            "none", 0, None, "isolated", "/p", None, None, 0, 0, needs=NO_NEEDS,
        )  # fmt: skip
        if live:
            self.active.append(made)
        return made

    def log(self, run, count=10):
        start = self.written.get(run.id, 0)
        with open(self.paths.run(run.id).metrics, "a") as file:
            file.writelines(map(json_line, range(start, start + count)))
        self.written[run.id] = start + count

    def end(self, run):
        self.active.remove(run)

    def turn(self, seconds=1.0):
        self.clock.now += seconds
        self.tail.turn(self.active)

    def kept(self, run):
        series = MetricCache(self.paths.metric_cache).series(run.id, "loss")
        return [] if series is None else [step for step, _, _ in rows(series)]

    def all_of(self, run):
        return [float(step) for step in range(self.written.get(run.id, 0))]

    def is_complete(self, run):
        found = MetricCache(self.paths.metric_cache).run(run.id)
        return found is not None and found.complete

    def refuse(self, monkeypatch, point="cache.begun"):
        """From now on every write fails as on a full disk."""

        def fail(name):
            if name == point:
                raise OSError(28, "No space left on device")

        monkeypatch.setattr(writing, "hit", fail)
