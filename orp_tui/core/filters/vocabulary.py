"""What the runs at hand are called: the words that a filter may be completed with."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping


@dataclasses.dataclass(frozen=True)
class Vocabulary:
    """Each sorted, or with what is most used first. All of it is text from outside."""

    config_keys: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    projects: tuple[str, ...] = ()
    values: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    """Config key → its values as text, of keys that have few."""
    people: tuple[str, ...] = ()
    """Who has submitted."""
    hosts: tuple[str, ...] = ()


NO_VOCABULARY = Vocabulary()
