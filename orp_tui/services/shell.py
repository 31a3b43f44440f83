"""What a shell in a run's workspace needs: folder, environment, secrets, GPUs, and what one should know."""

from __future__ import annotations

import dataclasses
import os
import shlex
import sqlite3
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from orp_tui.core.errors import UsageError
from orp_tui.core.needs import Card
from orp_tui.core.request import RunRequest
from orp_tui.core.run import Run
from orp_tui.core.states import RunState
from orp_tui.engine.capacity import gpu_settings
from orp_tui.engine.card_claims import booked, environment_for, take_cards
from orp_tui.engine.facts import MARKER
from orp_tui.engine.request_file import read_request
from orp_tui.services.context import Context
from orp_tui.services.imported import refuse_imported
from orp_tui.services.watch import view
from orp_tui.workspace import private_environment

MARK = "ORP_SHELL"
"""Holds the run's id in such a shell."""
LOOK_AGAIN_S = 0.5
_OF_THE_TERMINAL = (
    "TERM", "COLORTERM", "TERM_PROGRAM", "NO_COLOR", "DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "SSH_AUTH_SOCK", "SSH_TTY",
    "SSH_CONNECTION", "TMUX", "TMUX_PANE", "STY",
)  # fmt: skip
"""Of where one sits now, not of where the run was submitted."""
_KEPT_BY_RC = ("PATH", "LD_LIBRARY_PATH", "PYTHONPATH", "VIRTUAL_ENV", "CONDA_PREFIX", "CONDA_DEFAULT_ENV")
"""What a user's own start-up file may change, and what makes an environment."""


@dataclasses.dataclass(frozen=True)
class Inside:
    """Everything to start a shell or a command with."""

    run_id: str
    cwd: str
    """The run's working directory, links of a workspace that was taken over followed."""
    variables: dict[str, str]
    umask: int
    notes: tuple[str, ...]
    """What whoever goes in should know, one line each."""
    held: tuple[int, ...]
    """Descriptors that claim GPUs as long as they are open; to be inherited."""


def inside(
    context: Context,
    connection: sqlite3.Connection,
    run: Run,
    environ: Mapping[str, str],
    *,
    gpus: bool = True,
) -> Inside:
    """The way into a run; `environ` is the caller's, from which secrets and the terminal come.

    With `gpus` false no card is claimed, and none is seen. Raises UsageError if its workspace or its
    records are gone.
    """
    folder = context.paths.run(run.id)
    refuse_imported(folder, "entered")
    try:
        request = read_request(folder)
        variables = private_environment.read_private(folder.environment_private)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{run.id}: its folder is gone or damaged: {error}") from error
    state = view(context.paths, run).state
    notes = [*_of_state(run, state)]
    cwd, moved = _working_directory(context, request)
    notes += moved
    for name in _OF_THE_TERMINAL:
        variables.pop(name, None)
        if name in environ:
            variables[name] = environ[name]
    training = request.experiment.get("training") or {}
    env_file = Path(request.env_file) if request.env_file else None
    secrets, missing = private_environment.late_secrets(
        request.secret_names, env_file, environ, fixed=training.get("env") or {}
    )
    if missing:
        notes.append(f"not set, because nobody here knows them: {', '.join(missing)}")
    variables |= secrets
    seen, held, said = _cards(context, connection, run, request, state, gpus=gpus)
    variables |= seen
    notes += said
    if not state.is_final:
        # The queue knows a run's processes by it, and would end this shell with them.
        variables.pop(MARKER, None)
    variables["ORP_METRICS_FILE"] = os.devnull  # its curve is the run's own
    variables |= {MARK: run.id, "PWD": cwd}
    return Inside(run.id, cwd, variables, request.umask, tuple(notes), held)


def _of_state(run: Run, state: RunState) -> Sequence[str]:
    if state is RunState.QUEUED:
        return (f"{run.id} has not started yet: what you change here it will find",)
    if state is RunState.FINISHING:
        return (f"{run.id} is being finished: what you change here may end up in its zip",)
    if state.is_active:
        return (
            f"{run.id} is {state.value}: this is a second look inside, and its training sees what you change",
        )
    return ()


def _working_directory(context: Context, request: RunRequest) -> tuple[str, list[str]]:
    workspace = context.paths.run(request.id).workspace
    notes = []
    if request.workspace != "isolated":
        notes.append(f"its workspace is the project itself ({request.workspace}), as it is now")
    elif workspace.is_symlink():
        real = os.path.realpath(workspace)
        owner = os.path.basename(os.path.dirname(real))
        if os.path.isdir(real):
            notes.append(f"its workspace was taken over by {owner}")
    if os.path.isdir(request.cwd):
        return os.path.realpath(request.cwd), notes
    if request.resume_of is not None and not os.path.lexists(workspace):
        raise UsageError(
            f"{request.id}: takes over the workspace of {request.resume_of} when it starts; look there"
        )
    raise UsageError(
        f"{request.id}: its workspace is gone ({request.cwd}); if it was cleaned, `orp clean --restore {request.id}`"
    )


def _cards(
    context: Context,
    connection: sqlite3.Connection,
    run: Run,
    request: RunRequest,
    state: RunState,
    *,
    gpus: bool,
) -> tuple[dict[str, str], tuple[int, ...], list[str]]:
    """Variables, claims and words about the GPUs."""
    if state.is_active and run.cards:
        cards = [Card(index, "", 0, 0, whole=True) for index in run.cards]
        names = ", ".join(f"GPU{index}" for index in run.cards)
        return environment_for(cards, request), (), [f"shares {names} with the run"]
    wanted = run.needs.gpus
    if not wanted:
        return environment_for((), request), (), []
    if not gpus:
        return _none(), (), []
    found, why = _look(context, connection)
    memory = run.needs.gpu_memory
    fitting = [
        card for card in found if not card.shut and (card.whole if memory is None else card.free >= memory)
    ]
    if len(fitting) >= wanted:
        chosen = fitting[:wanted]
        held = take_cards(chosen, memory)
        if held is not None:
            names = ", ".join(f"GPU{card.index}" for card in chosen)
            return environment_for(chosen, request), tuple(held), [f"{names} claimed until you leave"]
        why = "somebody was faster"
    number = "1 GPU" if wanted == 1 else f"{wanted} GPUs"
    others = [f"GPU{card.index} {card.why or 'is not free'}" for card in found if card not in fitting]
    reason = ", ".join(others) or why
    return _none(), (), [f"the run asks for {number}; none is visible here: {reason}"]


def _none() -> dict[str, str]:
    return {"ORP_GPUS": "", "CUDA_VISIBLE_DEVICES": "", "HIP_VISIBLE_DEVICES": ""}


def _look(context: Context, connection: sqlite3.Connection) -> tuple[tuple[Card, ...], str]:
    """The cards as they are now, after as many looks as the queue takes before it gives one away."""
    from orp_tui.engine.cards import read_reports
    from orp_tui.hardware.deadline import GpuWatch
    from orp_tui.hardware.foreign import cards, no_cards

    settings = gpu_settings(connection)
    reports = read_reports(context.paths)
    with GpuWatch() as watch:
        for number in range(settings.samples):
            if number:
                time.sleep(LOOK_AGAIN_S)
            reports.append(watch.sample())
            if reports[-1].source == "fake" or not reports[-1].gpus:
                break
    newest = reports[-1]
    taken = {
        gpu.index: booked(Card(gpu.index, gpu.uuid, gpu.total_bytes, gpu.total_bytes, whole=True))
        for gpu in newest.gpus
    }
    return cards(reports, booked=taken, settings=settings, now=time.time()), no_cards([newest])


def bash_start(run_id: str, variables: Mapping[str, str]) -> str:
    """What an interactive bash reads at its start: the user's own file, then the run's environment and prompt again."""
    kept = [f"export {name}={shlex.quote(variables[name])}" for name in _KEPT_BY_RC if name in variables]
    gone = [f"unset {name}" for name in _KEPT_BY_RC if name not in variables and name != "PATH"]
    short = run_id.rpartition("_")[2]
    lines = [
        "[ -f ~/.bashrc ] && . ~/.bashrc",
        *kept,
        *gone,
        f'PS1="(orp {short}) ${{PS1:-\\w\\$ }}"',
        "unset PROMPT_COMMAND",
    ]
    return "\n".join(lines) + "\n"
