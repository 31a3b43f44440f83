"""Programs that show a growing log: `orp-tui`, and those that everybody knows, where they are installed."""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from orp_tui.services.context import Context
from orp_tui.services.dashboard_state import write_state
from orp_tui.tui.place import Place
from tests.benchmarks import bare_app
from tests.benchmarks.ground import Ground
from tests.benchmarks.log_writer import FIRST
from tests.benchmarks.slow_line import SlowLine
from tests.benchmarks.terminal_probe import Probe, probing

BARE = [sys.executable, str(bare_app.__file__)]
ORP_TUI = str(Path(sys.executable).with_name("orp-tui"))
"""The installed command."""
SSH = {"SSH_TTY": "/dev/pts/0"}
"""What makes `orp-tui` take its manners of SSH, the output stage with them."""


@dataclasses.dataclass(frozen=True)
class Viewer:
    """A program with a log, at its end."""

    name: str
    command: Sequence[str]
    environ: Mapping[str, str]
    cwd: Path
    top: str = "g"
    """Key for the first line."""
    end: str = "G"
    """Key for the end, and to follow it."""

    @contextlib.contextmanager
    def shown(self, pattern: str, line: SlowLine | None = None) -> Iterator[Probe]:
        """It, once something on its screen matches."""
        with probing(self.command, self.environ, self.cwd, line) as probe:
            probe.until_shown(pattern)
            yield probe

    def start_ms(self, pattern: str) -> float:
        """From its start until something on its screen matches."""
        with probing(self.command, self.environ, self.cwd) as probe:
            return (probe.until_shown(pattern) - probe.started) * 1000

    def key_times(self, probe: Probe, presses: int, gap_s: float) -> list[float]:
        """Milliseconds from a key to what it shows: to the first line and back to the end, in turn."""
        at_top, times = probe.sight(FIRST), []
        for number in range(presses):
            if number % 2 == 0:
                times.append(probe.answer_ms(self.top, at_top, "the first line"))
            else:
                times.append(probe.answer_ms(self.end, lambda: not at_top(), "the end"))
            probe.rest(gap_s * (0.75 + 0.5 * (number % 7) / 6))  # never in step with what it does by itself
        return times


def dashboard(place: Ground, context: Context, *options: str, **variables: str) -> Viewer:
    """`orp-tui` as it was left: with the log of the newest run on the whole screen."""
    write_state(context.paths, Place(tab="log", panel="log", zoomed=True).to_json())
    command = [ORP_TUI, "--base-dir", str(context.paths.base), *options]
    return Viewer("orp-tui", command, {**place.environ, **variables}, place.project)


def less(place: Ground, log: Path) -> Viewer | None:
    return _installed(place, "less", ["-n", "+G", str(log)])


def lnav(place: Ground, log: Path) -> Viewer | None:
    return _installed(place, "lnav", [str(log)])


def toolong(place: Ground, log: Path) -> Viewer | None:
    found = _installed(place, "tl", [str(log)])
    return found and dataclasses.replace(found, name="toolong", top="\x1b[H", end="\x1b[F")


def _installed(place: Ground, name: str, words: list[str]) -> Viewer | None:
    """With settings of its own; None where it is not on the PATH."""
    path = shutil.which(name)
    environ = {**place.environ, "HOME": str(place.folder)}
    return None if path is None else Viewer(name, [path, *words], environ, place.project)
