"""Ask for things to happen: cancel a run, start or stop the queue processor."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import subprocess
import time
from pathlib import Path

from orp_tui.core.errors import LeaderError
from orp_tui.core.layout import BasePaths, RunPaths
from orp_tui.core.run import CancelRequest, Run
from orp_tui.core.states import RunState
from orp_tui.engine import facts, host
from orp_tui.engine.facts import MARKER
from orp_tui.engine.launch import engine_command
from orp_tui.engine.leadership import LeaderIdentity, read_leader
from orp_tui.engine.request_file import read_request
from orp_tui.engine.waking import wake_supervisor
from orp_tui.files import locks
from orp_tui.files.atomic import create_once, to_json, write_bytes
from orp_tui.files.failpoint import hit
from orp_tui.files.locks import LockState
from orp_tui.services.context import Context, writing_to
from orp_tui.store import runs

START_WITHIN_S = 10.0


def cancel(
    paths: BasePaths, connection: sqlite3.Connection, run: Run, *, by: str, grace_s: float | None = None
) -> Run:
    """The run after the wish to end it; a second wish can only shorten the grace of the first.

    A queued run is cancelled at once. For an active one `cancel.json` is created, and its
    supervisor is woken to look at it; that needs no queue processor. `grace_s` is the time
    until SIGKILL, None for the experiment's own.
    """
    now = time.time()
    changed = runs.request_cancel(connection, run.id, at=now, by=by)
    hit("cancel.requested")
    if changed is None or (changed.state.is_final and run.state is not RunState.QUEUED):
        return changed or run
    # Written for a queued run too: a database that is made again must know that it is not to start.
    folder = paths.run(run.id)
    request = CancelRequest(by, now, grace_s)
    try:
        if not create_once(folder.cancel, to_json(request.to_json())) and changed.state.is_active:
            _hasten(folder, request)
    except FileNotFoundError:
        return changed  # the folder is gone; there is nothing to tell anybody
    hit("cancel.written")
    if changed.state.is_active:
        wake_supervisor(paths, run.id, changed.attempt)
    return changed


def _hasten(folder: RunPaths, wish: CancelRequest) -> None:
    """Put a wish in the place of an earlier one, if the run has to end sooner by it."""
    before = facts.read_cancel(folder)
    if wish.grace_s is None or before is None:
        return
    own = before.grace_s
    if own is None:
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            own = read_request(folder).stop.grace_s
    if own is None or wish.at + wish.grace_s < before.at + own:
        write_bytes(folder.cancel, to_json(wish.to_json()))


def ensure_leader(context: Context) -> bool:
    """Start a queue processor in the background if none leads; whether this call started one.

    It ends by itself after a while without work. It may be that another client starts
    one at the same moment: all but one of them find the lead taken and go.
    """
    if not context.settings.queue.autostart or is_led(context.paths):
        return False
    start_leader(context, idle_exit_s=context.settings.queue.idle_exit_s)
    return True


def is_led(paths: BasePaths) -> bool:
    """Whether a queue processor leads this base directory."""
    return locks.ask(paths.leader_lock) is LockState.HELD


def start_leader(context: Context, *, idle_exit_s: float | None) -> int:
    """The pid of a detached queue processor; its words go to `state/queue.log`.

    A shell starts it and ends at once, so that it is the init process's child and not the
    caller's, who may be a notebook that lives for days and would never reap it.
    """
    paths = context.paths
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    with writing_to(paths):
        paths.state.mkdir(mode=0o700, parents=True, exist_ok=True)
        log = os.open(paths.leader_log, flags, 0o600)
    # The marker of a surrounding run would make the queue processor count as part of its tree.
    variables = {name: value for name, value in os.environ.items() if name != MARKER}
    command = leader_command(context, idle_exit_s=idle_exit_s)
    try:
        done = subprocess.run(
            ["/bin/sh", "-c", 'exec 3>&1 >&2; "$@" 3>&- & echo $! >&3', "orp", *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            env=variables,
            cwd="/",
            start_new_session=True,
            check=True,
        )
    finally:
        os.close(log)
    return int(done.stdout)


def lead_here(context: Context) -> None:
    """Become the queue processor: this process is replaced and stays in its terminal.

    Raises LeaderError if somebody else leads.
    """
    leader = read_leader(context.paths)
    if leader is not None:
        raise LeaderError(f"{context.paths.base} already has a queue processor: {leader}")
    command = leader_command(context, idle_exit_s=None)
    os.execv(command[0], command)  # noqa: S606 - our own command, and no shell is wanted


def leader_command(context: Context, *, idle_exit_s: float | None) -> list[str]:
    """The command line of a queue processor for this context."""
    command = [*engine_command(context.paths, "leader"), "--slots", str(context.slots)]
    if idle_exit_s is not None:
        command += ["--idle-exit", str(idle_exit_s)]
    queue = context.settings.queue
    command += ["--breaker", str(queue.breaker)]
    if queue.min_free is not None:
        command += ["--min-free", str(queue.min_free)]
    if context.settings.allow_network_filesystem:
        command += ["--allow-network"]
    return command


def await_leader(paths: BasePaths, pid: int) -> LeaderIdentity:
    """Who leads, once somebody does; `pid` is the one that was started for it.

    Raises LeaderError with the end of its log if it has gone and nobody leads.
    """
    deadline = time.monotonic() + START_WITHIN_S
    ticks, boot = host.start_ticks(pid), host.boot_id()
    while time.monotonic() < deadline:
        has_gone = not host.is_alive(pid, ticks, boot)
        leader = read_leader(paths)
        # Until the one that was started has written its name, that of one that was killed stands there.
        if leader is not None and (leader.pid == pid or has_gone):
            return leader
        if has_gone and not is_led(paths):
            raise LeaderError(f"the queue processor did not start: {log_tail(paths.leader_log)}")
        time.sleep(0.02)
    raise LeaderError(
        f"the queue processor did not answer within {START_WITHIN_S:.0f} s; see {paths.leader_log}"
    )


def stop_leader(paths: BasePaths) -> LeaderIdentity | None:
    """Ask the queue processor to end, and wait until it has; runs go on. None if none leads.

    Raises LeaderError if it leads on another machine, or does not end.
    """
    leader = read_leader(paths)
    if leader is None:
        return None
    if leader.host != os.uname().nodename:
        raise LeaderError(f"the queue processor is {leader}; stop it there")
    host.signal_process(leader.pid, leader.start_ticks, leader.boot_id, signal.SIGTERM)
    deadline = time.monotonic() + START_WITHIN_S
    while read_leader(paths) == leader:
        if time.monotonic() >= deadline:
            raise LeaderError(f"the queue processor ({leader}) does not end; see {paths.leader_log}")
        time.sleep(0.02)
    return leader


def log_tail(path: Path) -> str:
    """The last line of a log, or a word that there is none."""
    try:
        lines = path.read_text("utf-8", "replace").strip().splitlines()
    except OSError:
        lines = []
    return lines[-1] if lines else f"{path} is empty"
