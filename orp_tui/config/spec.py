"""The experiment file as a whole: its sections, and the models they are read by.

A section's models are imported only when a file has it, since building them costs more
than reading the file.
"""

from __future__ import annotations

import dataclasses
import importlib
from typing import TYPE_CHECKING, Any, get_args

from pydantic import BaseModel

from orp_tui.config.spec_types import Section, known_keys
from orp_tui.core.checklist import Deliverable

if TYPE_CHECKING:
    from orp_tui.config.spec_deliverables import DeliverableItem
    from orp_tui.config.spec_rest import (
        Analysis,
        Artifacts,
        Integrations,
        Metadata,
        Metrics,
        Notification,
        Queue,
    )
    from orp_tui.config.spec_stages import Stage, Sweep
    from orp_tui.config.spec_training import Experiment, Training


@dataclasses.dataclass(frozen=True)
class SectionOf:
    """Which model reads a section."""

    module: str
    model: str
    is_list: bool = False
    """The section is a list of what the model reads."""

    def load(self) -> type[Section]:
        found: type[Section] = getattr(importlib.import_module(f"orp_tui.config.{self.module}"), self.model)
        return found


SECTIONS: dict[str, SectionOf] = {
    "experiment": SectionOf("spec_training", "Experiment"),
    "training": SectionOf("spec_training", "Training"),
    "metrics": SectionOf("spec_rest", "Metrics"),
    "deliverables": SectionOf("spec_deliverables", "DeliverableItem", is_list=True),
    "sweep": SectionOf("spec_stages", "Sweep"),
    "queue": SectionOf("spec_rest", "Queue"),
    "stages": SectionOf("spec_stages", "Stage", is_list=True),
    "analysis": SectionOf("spec_rest", "Analysis"),
    "artifacts": SectionOf("spec_rest", "Artifacts"),
    "integrations": SectionOf("spec_rest", "Integrations"),
    "notify": SectionOf("spec_rest", "Notification", is_list=True),
    "metadata": SectionOf("spec_rest", "Metadata"),
}
"""In the order of the reference."""


@dataclasses.dataclass(frozen=True)
class ExperimentSpec:
    """A valid experiment file. A section that the file lacks is None, or empty for the lists."""

    experiment: Experiment
    """Name and purpose."""
    training: Training
    """The command and how its run is treated; without `script` only when there are stages."""
    items: tuple[DeliverableItem, ...]
    """Deliverables as the file has them."""
    deliverables: tuple[Deliverable, ...]
    """The same, resolved to checks."""
    metrics: Metrics | None
    """Which metric counts, where metrics are found."""
    sweep: Sweep | None
    """Variants."""
    queue: Queue | None
    """Where and when it waits."""
    stages: tuple[Stage, ...]
    """Steps of a pipeline."""
    analysis: Analysis | None
    """What is analysed at the end."""
    artifacts: Artifacts | None
    """What the zip holds."""
    integrations: Integrations | None
    """Services that are told."""
    notify: tuple[Notification, ...]
    """Who is told."""
    metadata: Metadata | None
    """Anything, with tags and priority."""

    def to_json(self) -> dict[str, Any]:  # Any: JSON values
        """The sections as the file could write them, defaults written out, in plain JSON types.

        Durations are seconds and sizes are bytes.
        """
        whole: dict[str, Any] = {}
        for name in SECTIONS:
            value = self.items if name == "deliverables" else getattr(self, name)
            if value is None or value == ():
                continue
            whole[name] = [_dump(item) for item in value] if isinstance(value, tuple) else _dump(value)
        return whole


def _dump(model: BaseModel) -> Any:
    return plain(model.model_dump(by_alias=True, exclude_none=True))


def plain(value: Any) -> Any:
    """`value` with tuples as lists, as JSON would give it back."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def model_at(model: type[BaseModel], path: tuple[str | int, ...]) -> type[BaseModel]:
    """The model that reads what stands at `path` beneath a mapping that `model` reads."""
    for part in path:
        for name, field in model.model_fields.items():
            if part in (name, field.alias):
                model = _inner_model(field.annotation) or model
    return model


def _inner_model(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for part in get_args(annotation):
        if (found := _inner_model(part)) is not None:
            return found
    return None


__all__ = ["SECTIONS", "ExperimentSpec", "SectionOf", "known_keys", "model_at", "plain"]
