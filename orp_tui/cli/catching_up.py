"""The index of runs brought up to date for a command: shown in a terminal, stopped by Ctrl-C, never waited for long."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from orp_tui.cli import output
from orp_tui.cli.progress import counting_bar, stopped_by_ctrl_c
from orp_tui.core.sanitise import sanitise
from orp_tui.services.catalog import Catalog
from orp_tui.services.context import Context

if TYPE_CHECKING:
    from orp_tui.services.catalog import CaughtUp

_BUSY_S = 3.0
"""So long another process that writes the index is waited for; the observer takes less."""
_POLL_S = 0.05


@contextmanager
def current_catalog(context: Context) -> Iterator[Catalog]:
    """The index as it stands now; what keeps it from being whole is said.

    Raises click.Abort after Ctrl-C: what was read until then is kept.
    """
    catalog = Catalog(context)
    try:
        _say(_caught_up(catalog))
        yield catalog
    finally:
        catalog.close()


def _caught_up(catalog: Catalog) -> CaughtUp:
    deadline = time.monotonic() + _BUSY_S
    with counting_bar("indexing runs") as progress, stopped_by_ctrl_c() as is_stopped:
        done = catalog.catch_up(progress, is_stopped)
        while done.is_busy and time.monotonic() < deadline and not is_stopped():
            time.sleep(_POLL_S)
            done = catalog.catch_up(progress, is_stopped)
        stopped = is_stopped()
    if stopped:
        left = f"; {done.left:,} are left" if done.left else ""
        output.say(f"stopped; {done.read:,} runs were indexed and are kept{left}; the same again goes on")
        raise click.Abort
    return done


def _say(done: CaughtUp) -> None:
    if done.problem:
        output.say(f"warning: {sanitise(done.problem)}")
    elif done.is_busy:
        output.say("warning: another process is indexing runs; what it has so far is shown")
    elif done.left:
        output.say(f"warning: {done.left:,} runs are not indexed yet")
