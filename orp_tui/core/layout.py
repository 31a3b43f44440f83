"""Every path inside a base directory and a run folder, by name; nothing is touched here.

experiments/                    base directory
    state/                      orp.db, locks, what can be made again
    runs/<id>/                  the facts about a run
    artifacts/<id>_artifacts.zip
    sources/<sha256>/           frozen trees, each once
    trash/<time>/               what `orp clean` took away, until the trash is emptied
"""

from __future__ import annotations

import dataclasses
from pathlib import Path, PurePath

STDOUT_NAME = "training_stdout.txt"
STDERR_NAME = "training_stderr.txt"


@dataclasses.dataclass(frozen=True)
class BasePaths:
    """A base directory, whose parts may lie on different file systems."""

    base: Path
    runs: Path
    artifacts: Path
    state: Path

    @classmethod
    def under(cls, base: Path) -> BasePaths:
        """The usual layout: everything beneath `base`."""
        return cls(base, base / "runs", base / "artifacts", base / "state")

    @property
    def sources(self) -> Path:
        return self.base / "sources"

    @property
    def trash(self) -> Path:
        """What was cleaned away and can be put back."""
        return self.base / "trash"

    @property
    def database(self) -> Path:
        return self.state / "orp.db"

    @property
    def leader_lock(self) -> Path:
        return self.state / "queue.lock"

    @property
    def leader_log(self) -> Path:
        return self.state / "queue.log"

    @property
    def observer_lock(self) -> Path:
        return self.state / "observer.lock"

    @property
    def live(self) -> Path:
        """What the observer last saw of each run; can be made again."""
        return self.state / "live"

    @property
    def orphans(self) -> Path:
        """Exit records of runs whose folder went away while they ran."""
        return self.state / "orphans"

    @property
    def gpu_reports(self) -> Path:
        """The observer's last looks at the GPUs; can be made again."""
        return self.state / "gpus.json"

    @property
    def metric_cache(self) -> Path:
        """What the observer has read of the metrics of all runs; can be made again."""
        return self.state / "metrics.db"

    @property
    def catalog(self) -> Path:
        """What lists of runs ask for; can be made again."""
        return self.state / "catalog.db"

    @property
    def catalog_lock(self) -> Path:
        """Whoever writes the catalogue holds it."""
        return self.state / "catalog.lock"

    def alert_state(self, run_id: str) -> Path:
        """What the observer remembers of a run's alerts while it runs."""
        return self.state / "alerts" / f"{run_id}.json"

    def packing_lock(self, slot: int) -> Path:
        return self.state / f"packing-{slot}.lock"

    def run(self, run_id: str) -> RunPaths:
        return RunPaths(self.runs / run_id)

    def artifact(self, run_id: str) -> Path:
        return self.artifacts / f"{run_id}_artifacts.zip"


@dataclasses.dataclass(frozen=True)
class RunPaths:
    """The files of one run. See DESIGN for who writes which."""

    folder: Path

    @property
    def run_id(self) -> str:
        return self.folder.name

    @property
    def request(self) -> Path:
        return self.folder / "request.json"

    @property
    def experiment(self) -> Path:
        return self.folder / "experiment.yaml"

    @property
    def source(self) -> Path:
        return self.folder / "source.json"

    @property
    def config_file(self) -> Path:
        """The resolved `training.config`, as $ORP_CONFIG_FILE names it."""
        return self.folder / "config.json"

    @property
    def environment(self) -> Path:
        return self.folder / "environment.json"

    @property
    def environment_private(self) -> Path:
        return self.folder / "environment.private"

    def attempt(self, number: int) -> Path:
        return self.folder / f"attempt-{number}.json"

    def started(self, number: int) -> Path:
        return self.folder / f"started-{number}.json"

    def exit(self, number: int) -> Path:
        return self.folder / f"exit-{number}.json"

    def reserve(self, number: int) -> Path:
        """Space set aside at the start, so that the exit record fits on a full disk."""
        return self.folder / f".reserve-{number}"

    @property
    def supervisor_lock(self) -> Path:
        return self.folder / "supervisor.lock"

    @property
    def tree_lock(self) -> Path:
        return self.folder / "tree.lock"

    @property
    def stdout(self) -> Path:
        return self.folder / STDOUT_NAME

    @property
    def stderr(self) -> Path:
        return self.folder / STDERR_NAME

    @property
    def metrics(self) -> Path:
        return self.folder / "metrics.jsonl"

    @property
    def system(self) -> Path:
        """What the run took of the machine, sampled by the observer; read as metrics."""
        return self.folder / "system.jsonl"

    @property
    def alerts(self) -> Path:
        """Conditions that have come true, and what was done about them; written by the observer."""
        return self.folder / "alerts.jsonl"

    @property
    def cancel(self) -> Path:
        return self.folder / "cancel.json"

    @property
    def attention(self) -> Path:
        """What a supervisor says of a run that it can't bring to its end; only while that is so."""
        return self.folder / "attention.json"

    @property
    def workspace(self) -> Path:
        return self.folder / "workspace"

    @property
    def baseline(self) -> Path:
        """Deliverable paths that existed before the start, with their ctime; for the `fresh` check."""
        return self.folder / "baseline.json"

    @property
    def deliverables(self) -> Path:
        return self.folder / "deliverables.json"

    @property
    def manifest(self) -> Path:
        return self.folder / "manifest.json"

    @property
    def result(self) -> Path:
        return self.folder / "result.json"

    @property
    def notes(self) -> Path:
        return self.folder / "notes.jsonl"

    @property
    def imported(self) -> Path:
        """Where it came from, for a run of another machine whose zip was imported; it is never started here."""
        return self.folder / "imported.json"

    @property
    def supervisor_log(self) -> Path:
        return self.folder / "supervisor.log"


def is_inside(path: PurePath) -> bool:
    """Whether a relative path as written stays inside its folder: not absolute, no `..`, no `~`."""
    return not path.is_absolute() and ".." not in path.parts and not str(path).startswith("~")
