"""Which parts of a valid experiment this version of ORP cannot execute."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orp_tui.config.spec import ExperimentSpec


def not_yet(spec: ExperimentSpec) -> tuple[str, ...]:
    """The keys that submit must refuse, in the order of the reference; empty if all can be done."""
    return (*_of_training(spec), *_of_sections(spec))


def _of_training(spec: ExperimentSpec) -> Iterator[str]:
    resources = spec.training.resources
    if resources.executor != "local":
        yield f"training.resources.executor: {resources.executor}"


def _of_sections(spec: ExperimentSpec) -> Iterator[str]:
    for item in spec.deliverables:
        if any(check.name == "synced" for check in item.checks):
            yield f"deliverables[{item.index}].validation: synced"
    if spec.sweep:
        yield "sweep"
    if spec.stages:
        yield "stages"
    if spec.artifacts and spec.artifacts.upload:
        yield "artifacts.upload"
    if spec.integrations:
        yield "integrations"
    if spec.notify:
        yield "notify"
