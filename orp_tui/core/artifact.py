"""Where the zip of a run stands."""

from __future__ import annotations

import dataclasses
from typing import Any


@dataclasses.dataclass(frozen=True)
class ArtifactState:
    """The key `artifact` of `result.json`."""

    state: str
    """ok, pending (`orp artifacts bundle` can finish it) or error."""
    bytes: int | None = None
    sha256: str | None = None
    why: str | None = None
    """What is missing for it; None when it is there."""

    def to_json(self) -> dict[str, Any]:  # Any: JSON
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any] | None) -> ArtifactState:  # Any: JSON
        """The state in `data`; `none` if a result says nothing of a zip."""
        if data is None:
            return cls("none")
        return cls(data["state"], data.get("bytes"), data.get("sha256"), data.get("why"))

    def for_row(self) -> str:
        """`ok`, or `pending: needs 3.1 GB, 0.4 free`."""
        return f"{self.state}: {self.why}" if self.why else self.state
