"""What was asked for: `request.json`, written at submit and never changed.

Read by the queue processor, the supervisor's launcher and the finaliser, none of which
knows the experiment file's models.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from orp_tui.core.checklist import Deliverable
from orp_tui.core.needs import NO_NEEDS, Dependency, Needs

Json = dict[str, Any]  # Any: values as JSON gives them


@dataclasses.dataclass(frozen=True)
class StopRule:
    """How a training is asked to end."""

    signal: int = 15
    to: str = "root"
    """root, ranks or tree."""
    grace_s: float = 120.0
    """Seconds until SIGKILL."""


@dataclasses.dataclass(frozen=True)
class ArtifactRule:
    """What goes into the zip beside logs, metadata and deliverables."""

    include: tuple[str, ...] = ()
    """Globs inside the workspace."""
    exclude: tuple[str, ...] = ()
    pack: str = "auto"
    """auto, always or reference."""


@dataclasses.dataclass(frozen=True)
class RunRequest:
    """A run as submitted."""

    id: str
    name: str
    description: str
    submitted_at: float
    """Seconds since 1970, UTC."""
    submitted_by: str
    """`user@host`."""
    project: str
    """Absolute path of the project folder."""
    workspace: str
    """isolated, in_place or shared."""
    cwd: str
    """Absolute path of the training's working directory."""
    argv: tuple[str, ...]
    """The command, its program resolved; `{port}` and `{gpus}` are filled in at the start."""
    shell: bool
    """The command is `bash -c` with the text of the experiment file."""
    seed: int | None
    config: Json
    """`training.config`, resolved."""
    stop: StopRule
    timeout_s: float | None
    """None: no limit."""
    stall_s: float | None
    """None: no limit."""
    leftovers: str
    """kill or keep."""
    deliverables: tuple[Deliverable, ...]
    artifacts: ArtifactRule
    env_file: str | None
    """Absolute path; read at the start, never stored."""
    secret_names: tuple[str, ...]
    """Variables that are kept by name only and looked up at the start."""
    tree: str | None
    """sha256 of the frozen source tree; None if nothing was frozen."""
    priority: int
    umask: int
    """The submitter's."""
    experiment: Json
    """The whole resolved experiment."""
    experiment_sha256: str
    """Of the bytes of the experiment file."""
    config_sha256: str
    """Of everything that makes two runs the same experiment."""
    key: str | None = None
    """Idempotency key."""
    retry_of: str | None = None
    parent: str | None = None
    live_code: bool = False
    """`--allow-live-code`: what ran may differ from what was submitted."""
    notes: tuple[str, ...] = ()
    """What the submitter was told: links, left-out files, missing secrets."""
    group: str = "default"
    """The part of the queue it belongs to."""
    needs: Needs = NO_NEEDS
    locks: tuple[str, ...] = ()
    """Named locks: such runs never overlap on this machine."""
    after: tuple[Dependency, ...] = ()
    """Runs that have to end first."""
    starts_at: float | None = None
    """Not before this time; seconds since 1970, UTC."""
    batch: str | None = None
    """The submission it came with, if that had several runs."""
    retry: int = 0
    """How often its experiment was tried again before it."""
    resume_of: str | None = None
    """The run whose workspace it takes over when it starts."""
    checkpoints: Json | None = None
    """`training.checkpoints`: path, complete, keep; None if the experiment says nothing of them."""
    retries: Json | None = None
    """`training.retries`: max, on, delay (seconds), with; None if it is not tried again by itself."""
    experiment_file: str | None = None
    """Absolute path of the file that described it; None for a command, or if nobody noted it."""

    def to_json(self) -> Json:
        data = {"schema": 1, **dataclasses.asdict(self)}
        data["deliverables"] = [item.to_json() for item in self.deliverables]
        data["needs"] = self.needs.to_json()
        data["after"] = [item.to_json() for item in self.after]
        return data

    @classmethod
    def from_json(cls, data: Json) -> RunRequest:
        """The request in `data`. Raises KeyError if a field is missing."""
        values = {field.name: data[field.name] for field in dataclasses.fields(cls) if field.name in data}
        for name in ("argv", "secret_names", "notes", "locks"):
            values[name] = tuple(values.get(name, ()))
        values["needs"] = Needs.from_json(values.get("needs", {}))
        values["after"] = tuple(Dependency.from_json(item) for item in values.get("after", ()))
        values["stop"] = StopRule(**values["stop"])
        artifacts = values["artifacts"]
        values["artifacts"] = ArtifactRule(
            tuple(artifacts["include"]), tuple(artifacts["exclude"]), artifacts["pack"]
        )
        values["deliverables"] = tuple(Deliverable.from_json(item) for item in values["deliverables"])
        return cls(**values)

    @property
    def frozen(self) -> bool:
        """What runs is what was submitted (promise P5)."""
        return self.workspace == "isolated" and not self.live_code
