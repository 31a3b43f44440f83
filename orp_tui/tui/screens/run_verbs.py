"""What a person does to runs: the acts behind the keys of the queue, for every screen that lists runs.

A screen says which runs are meant; the app carries the act out in a thread and keeps its undo.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING, cast

from textual import on, work
from textual.screen import Screen
from textual.worker import Worker, WorkerState

from orp_tui.core.sanitise import one_line
from orp_tui.core.states import RunState
from orp_tui.core.words import counted, duration, state_word
from orp_tui.tui.screens.dialogs import Confirm

if TYPE_CHECKING:
    from orp_tui.services.acts import Outcome
    from orp_tui.services.context import Context
    from orp_tui.services.watch import RunView
    from orp_tui.tui.app import OrpApp

_OF_THE_WAITING = ("hold_runs", "move_runs", "change_priority", "drop_runs", "refreeze_runs")
_OF_THE_ENDED = ("retry_runs", "resume_runs", "bundle_runs")
_NAMED = 8
"""So many runs a question names one by one."""


class RunVerbs(Screen[None]):
    """A screen with runs to act on."""

    @on(Worker.StateChanged)
    def _worker_changed(self, event: Worker.StateChanged) -> None:
        """A thread of this screen that broke would otherwise end unseen."""
        if event.state is WorkerState.ERROR and event.worker.error is not None:
            self.orp.say_fault(event.worker.name.strip("_").replace("_", " "), event.worker.error)

    def chosen_runs(self) -> list[RunView]:
        """The marked runs, else the one under the cursor."""
        raise NotImplementedError

    @property
    def orp(self) -> OrpApp:
        """The app, as what it is."""
        return cast("OrpApp", self.app)

    def offers(self, action: str) -> bool:
        """Whether an act would do something to the chosen runs; the footer leaves the others out."""
        verb = action.removeprefix("screen.").partition("(")[0]
        if verb in _OF_THE_WAITING:
            return any(item.state is RunState.QUEUED for item in self.chosen_runs())
        if verb in _OF_THE_ENDED:
            return any(item.state.is_final for item in self.chosen_runs())
        if verb == "cancel_runs":
            return any(not item.state.is_final for item in self.chosen_runs())
        return True

    def action_cancel_runs(self, kill: bool) -> None:
        runs = self._fitting(lambda item: not item.state.is_final, "nothing of this goes on or waits")
        if not runs:
            return
        active = [item for item in runs if item.state is not RunState.QUEUED]
        grace = 0.0 if kill else None
        act = _each_of(runs, lambda context, ids: _acts().cancel(context, ids, grace_s=grace))
        if not active:
            act = _each_of(runs, lambda context, ids: _acts().drop(context, ids))
            self.orp.act(act)
            return
        if kill:
            self._ask("Kill", runs, "SIGKILL at once: what is not on disk already is lost.", act)
        else:
            self._ask_with_signals(runs, act)

    def action_hold_runs(self) -> None:
        self._on_waiting(lambda context, ids: _acts().hold(context, ids))

    def action_move_runs(self, where: str) -> None:
        self._on_waiting(lambda context, ids: _acts().move(context, ids, where))

    def action_change_priority(self, by: int) -> None:
        self._on_waiting(lambda context, ids: _acts().change_priority(context, ids, by))

    def action_drop_runs(self) -> None:
        self._on_waiting(lambda context, ids: _acts().drop(context, ids))

    def action_refreeze_runs(self) -> None:
        self._on_waiting(lambda context, ids: _acts().refreeze(context, ids))

    def action_retry_runs(self) -> None:
        self._on_ended(lambda context, ids: _acts().retry(context, ids))

    def action_resume_runs(self) -> None:
        self._on_ended(lambda context, ids: _acts().resume(context, ids))

    def action_bundle_runs(self) -> None:
        self._on_ended(lambda context, ids: _acts().bundle(context, ids))

    def action_pause_group(self) -> None:
        runs = self._some()
        if runs:
            group = runs[0].run.group
            self.orp.act(lambda context: _acts().pause(context, group))

    def action_pause_queue(self) -> None:
        self.orp.act(lambda context: _acts().pause(context, None))

    def action_undo(self) -> None:
        self.orp.undo()

    def action_redo(self) -> None:
        self.orp.redo()

    def _some(self) -> list[RunView]:
        runs = self.chosen_runs()
        if not runs:
            self._none_fits("there is no run here")
        return runs

    def _fitting(self, fits: Callable[[RunView], bool], if_none: str) -> list[RunView]:
        """Those of the chosen runs that an act is for; if there are none, why is said once."""
        chosen = self._some()
        runs = [item for item in chosen if fits(item)]
        if chosen and not runs:
            self._none_fits(if_none)
        return runs

    def _on_waiting(self, act: Callable[[Context, list[str]], Outcome]) -> None:
        waits = "only a run that waits takes this"
        if runs := self._fitting(lambda item: item.state is RunState.QUEUED, waits):
            self.orp.act(_each_of(runs, act))

    def _on_ended(self, act: Callable[[Context, list[str]], Outcome]) -> None:
        ended = "only a run that has ended takes this"
        if runs := self._fitting(lambda item: item.state.is_final, ended):
            self.orp.act(_each_of(runs, act))

    def _none_fits(self, why: str) -> None:
        self.orp.say(why, severity="warning")

    @work(thread=True, exclusive=True, exit_on_error=False, group="ask")
    def _ask_with_signals(self, runs: list[RunView], act: Callable[[Context], Outcome]) -> None:
        """Ask, once it is known which signals would be sent."""
        active = [item.run.id for item in runs if item.state is not RunState.QUEUED]
        how = _acts().stop_words(self.orp.context, active)
        self.app.call_from_thread(self._ask, "Cancel", runs, f"{how}.", act)

    def _ask(self, verb: str, runs: list[RunView], how: str, act: Callable[[Context], Outcome]) -> None:
        lines = [*(_named(item) for item in runs[:_NAMED])]
        if len(runs) > _NAMED:
            lines.append(f"… and {len(runs) - _NAMED} more")
        words = "RUN" if len(runs) > 1 else runs[0].run.id
        grace = " --grace 0" if verb == "Kill" else ""
        lines += ["", how, f"orp cancel{grace} {words}"]

        def answered(yes: bool | None) -> None:
            if yes:
                self.orp.act(act)

        self.app.push_screen(
            Confirm(f"{verb} {counted(len(runs), 'run')}?", lines, count=len(runs)), answered
        )


def _acts() -> ModuleType:
    """The acts, imported when one is wished: the first paint needs none."""
    from orp_tui.services import acts

    return acts


def _each_of(
    runs: list[RunView], act: Callable[[Context, list[str]], Outcome]
) -> Callable[[Context], Outcome]:
    ids = [item.run.id for item in runs]
    return lambda context: act(context, ids)


def _named(item: RunView) -> str:
    elapsed = item.elapsed_s(time.time())
    age = f" for {duration(elapsed)}" if elapsed is not None else ""
    return f"{one_line(item.run.name, 40)}  {item.run.id}  {state_word(item.state)}{age}"
