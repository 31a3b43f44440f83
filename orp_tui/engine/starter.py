"""Start one queued run: lock, claims, the commit that says so, and then the supervisor."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from orp_tui.core.layout import BasePaths, RunPaths
from orp_tui.core.needs import Card
from orp_tui.core.ports import Busy, Clock, Executor, Launch, Rejected
from orp_tui.core.request import RunRequest
from orp_tui.core.run import Run
from orp_tui.deliverables.baseline import take_baseline
from orp_tui.engine import claims
from orp_tui.engine.card_claims import environment_for, take_cards
from orp_tui.engine.checkpoints import last_checkpoint
from orp_tui.engine.local import PASSING
from orp_tui.engine.request_file import read_request
from orp_tui.engine.settle import Settler
from orp_tui.engine.takeover import InUse, take_over
from orp_tui.files import locks
from orp_tui.files.atomic import write_json
from orp_tui.files.failpoint import hit
from orp_tui.store import runs
from orp_tui.workspace import private_environment

CLAIM_RETRY_S = 2.0
PASSING_RETRY_S = 5.0


class Starter:
    """Takes queued runs to their supervisors."""

    def __init__(
        self,
        paths: BasePaths,
        connection: sqlite3.Connection,
        executor: Executor,
        settler: Settler,
        clock: Clock,
    ) -> None:
        self._paths = paths
        self._connection = connection
        self._executor = executor
        self._settler = settler
        self._clock = clock
        self._without: dict[str, str] = {}
        """Run id → the secrets that a run is about to start without, in words."""

    async def start(self, run: Run, cards: Sequence[Card] = ()) -> None:
        """Start a run on these GPUs, or leave it queued, or end it if that can't ever be done."""
        folder = self._paths.run(run.id)
        try:
            lock = locks.take(folder.supervisor_lock)
        except FileNotFoundError:
            self._settler.settle(run)
            return
        if lock is None:
            self._settler.settle(run)  # where the database is older than the folder, it is under way
            return
        held = [lock]
        try:
            await self._start_locked(run, cards, folder, lock, held)
        finally:
            for descriptor in held:
                os.close(descriptor)

    async def _start_locked(
        self, run: Run, cards: Sequence[Card], folder: RunPaths, lock: int, held: list[int]
    ) -> None:
        if folder.attempt(run.attempt + 1).exists():  # the database is older than the folder
            self._settler.settle(run, os.dup(lock))
            return
        try:
            request = read_request(folder)
            why = take_over(self._paths, request)
            if why is not None:
                self._fail(run, why, lock)
                return
            if run.workspace != "isolated":
                write_json(folder.baseline, take_baseline(request.deliverables, Path(request.cwd)))
            launch = self._launch(run, request, cards, lock, held)
        except InUse as error:
            self._wait(run, CLAIM_RETRY_S, str(error))
            return
        except (OSError, ValueError, KeyError, TypeError) as error:
            if isinstance(error, OSError) and error.errno in PASSING:
                self._wait(run, PASSING_RETRY_S, f"cannot be prepared now: {error.strerror}")
                return
            self._fail(run, f"cannot be prepared: {type(error).__name__}: {error}", lock)
            return
        if launch is None:
            return
        without = self._without.pop(run.id, None)
        claimed = runs.claim(
            self._connection,
            run,
            at=self._clock.now(),
            cards=tuple(card.index for card in cards),
            detail=without,
        )
        self._settler.wrote = True
        hit("leader.claimed")
        if claimed is None:
            return
        answer = (await self._executor.submit([launch]))[0]
        hit("leader.submitted")
        if isinstance(answer, Busy):
            self._back_to_queue(claimed, answer.retry_after_s, answer.why)
        elif isinstance(answer, Rejected):
            self._settler.fail_start(claimed, answer.why)

    def _launch(
        self, run: Run, request: RunRequest, cards: Sequence[Card], lock: int, held: list[int]
    ) -> Launch | None:
        """What to start; None while the project folder is in use by somebody outside this queue."""
        if request.workspace == "in_place":
            project = claims.take(claims.project_claim(request.project))
            if project is None:
                self._wait(run, CLAIM_RETRY_S, "the project folder is in use by another queue")
                return None
            held.append(project)
        if cards:
            taken = take_cards(cards, run.needs.gpu_memory)
            if taken is None:
                self._wait(run, CLAIM_RETRY_S, "another queue was faster with its GPUs")
                return None
            held += taken
        training = request.experiment.get("training", {})
        fixed = training.get("env", {})
        port, claim = claims.take_port(run.seq)
        held.append(claim)
        values = {"gpus": str(len(cards)), "port": str(port)}
        variables = {"MASTER_PORT": str(port), "PET_MASTER_PORT": str(port)}
        variables |= environment_for(cards, request)
        checkpoint = last_checkpoint(request.checkpoints, Path(request.cwd))
        if checkpoint is not None:
            values["last_checkpoint"] = checkpoint
        env_file = Path(request.env_file) if request.env_file else None
        secrets, missing = private_environment.late_secrets(
            request.secret_names, env_file, os.environ, fixed=fixed
        )
        variables |= secrets
        if missing:
            self._without[run.id] = f"started without {', '.join(missing)}, which nobody knew"
        inherited = tuple(descriptor for descriptor in held if descriptor != lock)
        return Launch(request, run.attempt + 1, lock, inherited, variables, values)

    def _wait(self, run: Run, seconds: float, why: str) -> None:
        """Leave it queued; nothing was claimed."""
        runs.note(self._connection, run, not_before=self._clock.now() + seconds, detail=why)
        self._settler.wrote = True

    def _back_to_queue(self, run: Run, seconds: float, why: str) -> None:
        """Nothing was started: fence the attempt and try again later."""
        if self._settler.fence(run, run.attempt):
            now = self._clock.now()
            runs.move(self._connection, run, "requeue", at=now, detail=why, not_before=now + seconds)

    def _fail(self, run: Run, why: str, lock: int) -> None:
        """The run can't ever start: claim it, and end it with the reason."""
        claimed = runs.claim(self._connection, run, at=self._clock.now())
        self._settler.wrote = True
        if claimed is not None:
            self._settler.fail_start(claimed, why)
            self._settler.settle(claimed, os.dup(lock))
