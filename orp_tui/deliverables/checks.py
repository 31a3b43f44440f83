"""The checks by name: which function, when it may run, and whether in a process of its own.

A name that is not here is looked for among the plug-ins (`deliverables.plugins`).
"""

from __future__ import annotations

import enum
from typing import NamedTuple

from orp_tui.deliverables.context import Check, Context


class Live(enum.Enum):
    """Whether a check runs while the run goes on."""

    ALWAYS = "always"
    SMALL = "small"
    """If every file has at most 1 MiB."""
    NEVER = "never"


class Apart(enum.Enum):
    """Whether the final check runs in a process of its own, with limits of time and memory."""

    NEVER = "never"
    LARGE = "large"
    """If any file has more than 8 MiB: as values or in tiny pieces it may take long, or much memory."""
    ALWAYS = "always"


class Kind(NamedTuple):
    """Where a check is and how it may run."""

    module: str
    """Imported when the check is first wanted."""
    function: str
    live: Live = Live.NEVER
    apart: Apart = Apart.NEVER

    def load(self) -> Check:
        import importlib

        check: Check = getattr(importlib.import_module(f"orp_tui.deliverables.{self.module}"), self.function)
        return check


KINDS: dict[str, Kind] = {
    "exists": Kind("checks_files", "check_exists", Live.ALWAYS),
    "min_size": Kind("checks_files", "check_min_size", Live.ALWAYS),
    "max_size": Kind("checks_files", "check_max_size", Live.ALWAYS),
    "min_count": Kind("checks_files", "check_min_count", Live.ALWAYS),
    "fresh": Kind("baseline", "check_fresh", Live.ALWAYS),
    "stable": Kind("checks_files", "check_stable"),
    "sha256": Kind("checks_files", "check_sha256"),
    "contains_keys": Kind("checks_data", "check_contains_keys", Live.SMALL, Apart.LARGE),
    "threshold": Kind("checks_data", "check_threshold", Live.SMALL, Apart.LARGE),
    "json_schema": Kind("checks_data", "check_json_schema", Live.NEVER, Apart.ALWAYS),
    "csv": Kind("checks_csv", "check_csv", Live.SMALL),
    "regex": Kind("checks_text", "check_regex", Live.NEVER, Apart.ALWAYS),
    "contains_sections": Kind("checks_text", "check_contains_sections", Live.SMALL, Apart.LARGE),
    "image": Kind("checks_image", "check_image", Live.ALWAYS, Apart.LARGE),
    "loadable": Kind("loadable", "check_loadable", Live.SMALL, Apart.LARGE),
    "command": Kind("checks_command", "check_command"),
}

_LIVE_BYTES = 1024 * 1024
_LIVE_FILES = 20
_APART_BYTES = 8 * 1024 * 1024


def runs_now(kind: Kind | None, context: Context) -> bool:
    """Whether a check is made at this moment; plug-ins (`kind` None) only at the end."""
    if context.final:
        return True
    if kind is None or kind.live is Live.NEVER:
        return False
    return kind.live is Live.ALWAYS or (
        _largest(context) <= _LIVE_BYTES
        and sum(len(target.files) for target in context.targets) <= _LIVE_FILES
    )


def runs_apart(kind: Kind | None, context: Context) -> bool:
    """Whether a final check is made in a process of its own; plug-ins always are."""
    if kind is None or kind.apart is Apart.ALWAYS:
        return True
    return context.final and kind.apart is Apart.LARGE and _largest(context) > _APART_BYTES


def _largest(context: Context) -> int:
    return max((file.size for target in context.targets for file in target.files), default=0)
