"""A run of a million points on the screen of `orp-tui`, and of `wandb leet`, W&B's own viewer in a terminal.

W&B's client keeps a run in a `.wandb` file, `orp_tui.log` in JSON lines; here both hold the same points.
Each program is started in a terminal and timed until some curve is there, and until all of the run is.
"""

from __future__ import annotations

import dataclasses
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from orp_tui.core.states import RunState
from orp_tui.engine.launch import engine_command
from orp_tui.services.context import Context
from orp_tui.services.dashboard_state import write_state
from orp_tui.services.metric_history import is_kept
from orp_tui.services.submit import submit
from orp_tui.tui.place import Place
from tests.benchmarks.ground import Ground, await_state, ground, until
from tests.benchmarks.measure import Budget, Row, Samples
from tests.benchmarks.terminal_probe import probing
from tests.benchmarks.viewers import ORP_TUI
from tests.benchmarks.wandb_run import RUN_ID, write_lines, write_wandb

A_CURVE = r"[\u2801-\u28ff]"
"""Braille dots: both draw with them."""
LONGEST_S = 900.0
LEET = "wandb leet"
HOW_TO_INSTALL = "wandb is not installed: pip install wandb in an environment whose bin is on the PATH"
OWN_FILE = "$ORP_METRICS_FILE"
COPIES = """
import os, shutil, sys
to = os.path.expandvars(sys.argv[2])
os.makedirs(os.path.dirname(os.path.abspath(to)), exist_ok=True)
shutil.copyfile(sys.argv[1], to)
"""
"""A training that has logged everything at once."""


@dataclasses.dataclass
class Shown:
    """One way to look at the points, and how long it took each time, in ms from the program's start."""

    command: Sequence[str]
    environ: dict[str, str]
    cwd: Path
    whole: str
    """What is on the screen once all of the run is."""
    first_ms: list[float] = dataclasses.field(default_factory=list)
    whole_ms: list[float] = dataclasses.field(default_factory=list)

    def warm_up(self) -> None:
        """Once as far as the first curve."""
        with probing(self.command, self.environ, self.cwd) as probe:
            probe.until_shown(A_CURVE)

    def time(self) -> None:
        with probing(self.command, self.environ, self.cwd) as probe:
            self.first_ms.append((probe.until_shown(A_CURVE) - probe.started) * 1000)
            self.whole_ms.append((probe.until_shown(self.whole, LONGEST_S) - probe.started) * 1000)


def rows(*, quick: bool) -> Iterator[Row]:
    """The same points from W&B's file, from JSON lines, and from the cache: all of them in turn."""
    count, rounds = (100_000, 1) if quick else (1_000_000, 3)
    with ground() as place:
        wandb_file, lines = _files(place, count)
        ours = _ours(place, wandb_file, lines, count)
        leet = _leet(place, wandb_file.parent, count)
        everyone = [*ours.values(), *([] if leet is None else [leet])]
        for each in everyone:
            each.warm_up()
        for _ in range(rounds):
            for each in everyone:
                each.time()
    for what, shown in ours.items():
        yield from _told(f"{count:,} points, {what}", shown, leet, None if quick else WHOLE[what])
    if leet is None:
        yield Row(f"{count:,} points: {LEET}", None, note=HOW_TO_INSTALL)


FROM_WANDB, COLD, CACHED = "the same .wandb file", "cold JSON lines", "cached"
WHOLE = {FROM_WANDB: 1.0, COLD: 0.1, CACHED: 0.06}
"""What the whole run may take against leet, which takes 18 s on a quiet machine: 1 s to read the lines, and 0.8 s to start."""


def _told(what: str, shown: Shown, leet: Shown | None, whole: float | None) -> Iterator[Row]:
    for words, name, limit in (("first curve", "first_ms", 1.0), ("all of it", "whole_ms", whole)):
        row = Row(f"{what}: {words}", Samples(tuple(getattr(shown, name)), "ms"))
        if leet is not None:
            budget = None if limit is None else Budget(limit, "ratio")
            beside = Samples(tuple(getattr(leet, name)), "ms")
            row = dataclasses.replace(row, anchor=LEET, beside=beside, budget=budget)
        yield row


def _files(place: Ground, count: int) -> tuple[Path, Path]:
    """A folder as W&B's client makes one, and JSON lines as `orp_tui.log` writes them."""
    folder = place.folder / "wandb" / f"offline-run-20260921_141320-{RUN_ID}"
    folder.mkdir(parents=True)
    wandb_file, lines = folder / f"run-{RUN_ID}.wandb", place.folder / "metrics.jsonl"
    write_wandb(wandb_file, count)
    write_lines(lines, count)
    return wandb_file, lines


def _leet(place: Ground, folder: Path, count: int) -> Shown | None:
    """With settings of its own; None if it is not on the PATH."""
    path = shutil.which("wandb")
    if path is None:
        return None
    environ = {**place.environ, "HOME": str(place.folder), "WANDB_ERROR_REPORTING": "false"}
    return Shown([path, "leet", str(folder)], environ, place.folder, rf"_step +{count - 1}\b")


def _ours(place: Ground, wandb_file: Path, lines: Path, count: int) -> dict[str, Shown]:
    """A base directory with one run each, so that `orp-tui` shows that run."""
    in_workspace = f"wandb/{wandb_file.parent.name}/{wandb_file.name}"
    whole = rf"n={count:,} as "
    shown = {}
    for what, source, target in (
        (FROM_WANDB, wandb_file, in_workspace),
        (COLD, lines, OWN_FILE),
        (CACHED, lines, OWN_FILE),
    ):
        context = place.context(what.replace(" ", "-"))
        _run(place, context, [str(source), target], keep=what == CACHED)
        write_state(context.paths, Place(tab="chart", panel="chart", zoomed=True).to_json())
        command = [ORP_TUI, "--base-dir", str(context.paths.base)]
        shown[what] = Shown(command, place.environ, place.project, whole)
    return shown


def _run(place: Ground, context: Context, words: list[str], *, keep: bool) -> None:
    """A real run that copies the file, as if it had logged it. It is too short for an observer."""
    script = place.folder / "copies.py"
    script.write_text(COPIES)
    nothing = {"type": "report", "path": "out.txt", "required": False, "validation": "exists"}
    source = place.source(context, [sys.executable, "-I", "-S", str(script), *words], nothing)
    with context.store() as connection:
        run_id = submit(context, connection, source)
    leader = place.leader(context, slots=1, idle_exit_s=1.0)
    await_state(context, run_id, RunState.SUCCEEDED)
    leader.wait()
    if keep:
        observer = place.start(engine_command(context.paths, "observe"))
        until(lambda: is_kept(context.paths, run_id), "the run to be in the cache", seconds=300)
        observer.terminate()
        observer.wait()
    assert context.paths.metric_cache.exists() is keep
