"""What came of a run: the `ExperimentResult` that every front end hands out."""

from __future__ import annotations

import dataclasses
from typing import Any


@dataclasses.dataclass(frozen=True)
class ExperimentResult:
    """The end of a run, as the finaliser wrote it to `result.json`.

    A frozen dataclass and no pydantic model, so that the finaliser stays light.
    """

    experiment_id: str
    """Also called run id."""
    name: str
    """The experiment's name, as the file gives it; any text."""
    status: str
    """succeeded, incomplete, failed, cancelled or lost."""
    start_time: str | None
    """When the training's command was started, ISO 8601 in UTC; None if it never was."""
    end_time: str | None
    """When its end was recorded, ISO 8601 in UTC."""
    duration_s: float | None
    """From start to end by a clock that no change of the date moves; None if it never started."""
    exit_code: int | None
    """None if a signal ended it, or nobody saw how it ended."""
    signal: int | None
    """The signal that ended the main process; None if it ended by itself."""
    error_message: str | None
    """One sentence for a person; None for a success."""
    reason: str
    """A word from the closed list in `core.states.Reason`."""
    deliverables_status: dict[str, dict[str, Any]]  # Any: values found are whatever the file held
    """Path of each declared deliverable (with `#n` behind it where two share one) → its checks."""
    metrics: dict[str, float]
    """Last value of each metric that was logged."""
    artifacts_path: str | None
    """The zip; None if there is none (yet)."""
    training_stdout_path: str | None
    """`path/to.zip::training_stdout.txt`; None without a zip."""
    training_stderr_path: str | None
    """`path/to.zip::training_stderr.txt`; None without a zip."""

    @property
    def succeeded(self) -> bool:
        """Exit code 0 and every required deliverable valid."""
        return self.status == "succeeded"

    def to_json(self) -> dict[str, Any]:
        """A mapping of JSON types, fields in the order above."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> ExperimentResult:
        """The result in `data`; keys that this version does not know are left out.

        Raises KeyError if a field is missing.
        """
        return cls(**{field.name: data[field.name] for field in dataclasses.fields(cls)})
