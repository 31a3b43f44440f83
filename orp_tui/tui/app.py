"""The dashboard as a program: its screens, its global keys, what it remembers while it runs."""

from __future__ import annotations

import asyncio
import collections
import contextlib
import dataclasses
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from textual import on, work
from textual.binding import BindingType
from textual.widget import Widget

from orp_tui.core.errors import OrpError
from orp_tui.core.ids import with_short_ids
from orp_tui.core.sanitise import sanitise
from orp_tui.tui.bindings import KEYS, PLACES, Key, bindings
from orp_tui.tui.feeds import BoardFeed, ConfigsFeed, MachineFeed
from orp_tui.tui.feeds_compare import Compared
from orp_tui.tui.keymap import apply_keymap
from orp_tui.tui.manners import Manners
from orp_tui.tui.messages import ActDone, BoardChanged, ConfigsChanged, FeedFailed, MachineChanged
from orp_tui.tui.place import Place
from orp_tui.tui.screens.dashboard import DashboardScreen
from orp_tui.tui.styles import style_files
from orp_tui.tui.themes import next_theme, register_themes, state_variables
from orp_tui.tui.typed_ahead import TypedAhead

if TYPE_CHECKING:
    from textual.command import Provider

    from orp_tui.services.acts import Outcome, Undo
    from orp_tui.services.board import Board
    from orp_tui.services.context import Context

Severity = Literal["information", "warning", "error"]
_TWICE_S = 0.8
_DRAWN_S = 0.5
"""A screen that was not drawn for so long lies under another."""
_MOST_THREADS = 64
_KEPT = 200
"""Messages that can be read again, and acts that can be undone."""


def _provider() -> type[Provider]:
    from orp_tui.tui.palette import KeyProvider

    return KeyProvider


class OrpApp(TypedAhead[str]):
    """The dashboard. Its return value is what to say once the terminal is the shell's again."""

    TITLE = "Open Research Pipeline"
    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar[list[BindingType]] = bindings("app")
    COMMANDS = {_provider}
    CSS_PATH = style_files()

    def __init__(
        self,
        context: Context,
        manners: Manners,
        *,
        configs_dir: Path,
        place: Place | None = None,
        board: Board | None = None,
    ) -> None:
        super().__init__()
        self.context = context
        self.manners = manners
        self.configs_dir = configs_dir
        self.place = place or Place()
        self._wanted_screen = self.place.screen
        self.board = board
        """The newest look at the runs; None before the first."""
        self._has_looked = False
        """Whether this app itself has looked: what it was given may be of a moment ago."""
        self.said: collections.deque[str] = collections.deque(maxlen=_KEPT)
        self._undos: collections.deque[Undo] = collections.deque(maxlen=_KEPT)
        self._redos: collections.deque[Undo] = collections.deque(maxlen=_KEPT)
        self._feed = BoardFeed(context, self.post_message)
        self._machine = MachineFeed(
            context,
            self.post_message,
            period_s=manners.strip_period_s,
            seen=lambda: self.board.seen if self.board is not None else None,
            full=lambda: self._is_on("system"),
        )
        self._configs = ConfigsFeed(context, configs_dir, self.post_message)
        self.compared = Compared()
        """What was compared last."""
        self._redrawn_at = -_TWICE_S
        self._has_mouse = manners.mouse
        if manners.ascii:
            from orp_tui.tui.ascii_filter import AsciiFilter

            self._filters.append(AsciiFilter())
        register_themes(self, manners, self.place.theme)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return state_variables(self.current_theme)

    def get_default_screen(self) -> DashboardScreen:
        """The dashboard is the bottom of the stack: an empty screen beneath it would be drawn with it."""
        return DashboardScreen(id="dashboard")

    def on_mount(self) -> None:
        self._allow_threads()
        complaints = apply_keymap(self)
        # After the first paint: it imports what the dashboard itself does not need.
        self._once_drawn(self._feed.start)
        if self._wanted_screen:
            self._once_drawn(lambda: self.action_place(self._wanted_screen))
        for words in complaints:
            self.say(words, severity="warning")

    @staticmethod
    def _allow_threads() -> None:
        """Room for all that looks: each feed keeps a thread, and the usual pool has six on two CPUs.

        Once they are taken, a worker waits for ever, and with it every act.
        """

        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(_MOST_THREADS, "orp"))

    def on_unmount(self) -> None:
        for feed in (self._feed, self._machine, self._configs):
            feed.end()

    def _start_others(self) -> None:
        self._machine.start()
        self._configs.start()

    def _once_drawn(self, start: Callable[[], None]) -> None:
        """Call it after the next paint, once.

        The screen that would be painted may lie under another by then, put there by a fast hand:
        it does nothing more until it comes to light again, so a timer sees to it as well.
        """
        pending = [start]

        def once() -> None:
            if pending:
                pending.pop()()

        self.call_after_refresh(once)
        self.set_timer(_DRAWN_S, once)

    @on(FeedFailed)
    def _feed_failed(self, event: FeedFailed) -> None:
        where = f"; the report is in {event.report}" if event.report else ""
        what = f"{type(event.error).__name__}: {event.error}"
        self.say(f"looking at {event.subject} failed and is tried again: {what}{where}", severity="error")

    @on(BoardChanged)
    def _keep_board(self, event: BoardChanged) -> None:
        problem = event.board.problem
        if problem is not None and (self.board is None or problem != self.board.problem):
            self.say(problem, severity="error")
        for words in event.board.remade:
            self.say(words, severity="warning")
        for words in event.board.alerts_since(self.board):
            self.say(words, severity="warning")
        if not self._has_looked:
            # Only now: what they import would hold up the first runs on the screen.
            self._has_looked = True
            self._once_drawn(self._start_others)
        self.board = event.board

    @on(BoardChanged)
    @on(ConfigsChanged)
    @on(MachineChanged)
    def _pass_on(self, event: BoardChanged | ConfigsChanged | MachineChanged) -> None:
        for screen in self.screen_stack:
            screen.post_message(dataclasses.replace(event))

    # Acts

    def act(self, act: Callable[[Context], Outcome]) -> None:
        """Carry out an act on runs in a thread; what came of it is said, and kept for undo."""
        self._carry_out(act)

    def undo(self) -> None:
        """Take back the last act that can be taken back."""
        self._replay(self._undos, "there is nothing to undo", is_undo=True)

    def redo(self) -> None:
        """Do again what was undone last."""
        self._replay(self._redos, "there is nothing to do again", is_redo=True)

    def _replay(self, kept: collections.deque[Undo], if_empty: str, **which: bool) -> None:
        """Put things back as the last one of these says; one that fails stays there."""
        if not kept:
            self.say(if_empty, severity="warning")
            return
        from orp_tui.services import acts

        before = kept.pop()
        self._carry_out(
            lambda context: acts.undo(context, before), failed=lambda: kept.append(before), **which
        )

    @work(thread=True, exit_on_error=False, group="acts")
    def _carry_out(
        self,
        act: Callable[[Context], Outcome],
        *,
        failed: Callable[[], None] = lambda: None,
        is_undo: bool = False,
        is_redo: bool = False,
    ) -> None:
        try:
            outcome = act(self.context)
        except (OrpError, OSError) as error:
            self.call_from_thread(failed)
            self.call_from_thread(self.say, str(error), severity="error")
            return
        except Exception as error:  # noqa: BLE001 - the border of a thread: a key that does nothing must say why
            self.call_from_thread(failed)
            self.call_from_thread(self.say_fault, "this act", error)
            return
        self.post_message(ActDone(outcome, is_undo=is_undo, is_redo=is_redo))

    def on_act_done(self, event: ActDone) -> None:
        event.stop()
        outcome = event.outcome
        self.say(outcome.words, severity="warning" if outcome.is_refused else "information")
        if outcome.undo is not None:
            (self._redos if event.is_undo else self._undos).append(outcome.undo)
            if not (event.is_undo or event.is_redo):
                self._redos.clear()
        self.show_new(outcome.made)
        self.look_again()

    def show_new(self, run_ids: Sequence[str]) -> None:
        """Let the dashboard's cursor go to the first of the runs that were just made."""
        for screen in self.screen_stack:
            if run_ids and isinstance(screen, DashboardScreen):
                screen.want_run(run_ids[0])

    def look_again(self) -> None:
        """Look at queue and runs at once: something was changed."""
        self._feed.poke()

    def look_at_configs(self) -> None:
        """Look at the experiment files at once."""
        self._configs.poke()

    def say_fault(self, what: str, error: BaseException) -> None:
        """Say that something of ours broke in a thread, and where the report is."""
        from orp_tui.tui.crash import write_report

        try:
            where = f"; the report is in {write_report([error], said=self.said)}"
        except OSError:
            where = ""
        self.say(f"{what} failed: {type(error).__name__}: {error}{where}", severity="error")

    def say(self, words: str, *, severity: Severity = "information") -> None:
        """Show a toast, and keep it to be read again."""
        words = sanitise(words, keep_newlines=True)
        self.said.appendleft(f"{time.strftime('%H:%M:%S')}  {words}")
        shown = with_short_ids(words)
        self._drop_toasts(shown)
        self.notify(shown, severity=severity, markup=False, timeout=8 if severity == "error" else 4)

    def _drop_toasts(self, words: str) -> None:
        """Take away what the next toast replaces: those of act after act would hide half the screen."""
        for toast in list(self._notifications):
            if toast.severity == "information" or toast.message == words:
                self._unnotify(toast, refresh=False)

    # Keys

    def run_key(self, key_id: str) -> None:
        """Do what a key does, in its place: a key of the log goes to the log first."""
        key = next((item for item in KEYS if item.id == key_id), None)
        if key is None:
            return
        place = key_id.partition(".")[0]
        target = self._place_of(place)
        self.call_later(self._run_key, key, target)

    async def _run_key(self, key: Key, target: Widget | None) -> None:
        if target is not None:
            target.focus()
        if not await self.run_action(key.action, default_namespace=target or self.screen):
            place = PLACES[key.id.partition(".")[0]]
            self.say(f"{place}: {key.label} does nothing here", severity="warning")

    def _place_of(self, place: str) -> Widget | None:
        if place in ("app", "list"):
            return self.focused
        find = getattr(self.screen, "place_widget", None)
        return find(place) if find is not None else None

    def written(self, key: Key) -> str:
        """How a key is written now, the user's keymap included."""
        mapped = self._keymap.get(key.id)
        if key.display and not mapped:
            return key.display
        name = (mapped or key.keys).partition(",")[0].strip()
        return name.replace("ctrl+", "^").replace("shift+", "⇧")

    def action_keys_here(self) -> None:
        from orp_tui.tui.screens.keys import Keys

        here = getattr(self.screen, "pane_of_focus", lambda: "app")()
        places = dict.fromkeys(place for place in (here, "list", "app", *PLACES) if place in PLACES)
        self.push_screen(Keys(list(places), self.written), self._run_answer)

    def action_messages(self) -> None:
        from orp_tui.tui.screens.dialogs import Said

        self.push_screen(Said(list(self.said)))

    def _run_answer(self, key_id: str | None) -> None:
        if key_id is not None:
            self.run_key(key_id)

    def action_leave(self) -> None:
        self.exit("")

    def action_interrupt(self) -> None:
        selected = self.screen.get_selected_text()
        if selected:
            self.copy_to_clipboard(selected)
            self.say("copied")
        else:
            self.say("Ctrl-C copies a selection here; q leaves, x cancels a run")

    def action_next_theme(self) -> None:
        self.theme = next_theme(self.theme, self.manners)
        self.say(f"theme {self.theme}")

    def action_redraw(self) -> None:
        """Draw all again; the second time within a moment, leave the bare text to the terminal."""
        again = time.monotonic() - self._redrawn_at < _TWICE_S
        self._redrawn_at = time.monotonic()
        if again:
            self._print_bare()
        else:
            self.screen.refresh(layout=True)

    def _print_bare(self) -> None:
        from orp_tui.services import terminal

        lines = [strip.text.rstrip() for strip in self.screen._compositor.render_strips()]
        with self.suspend(), contextlib.suppress(OSError):
            terminal.print_bare(lines)

    def action_toggle_mouse(self) -> None:
        """Give the mouse to the terminal, for its own selection, or take it back."""
        driver = self._driver
        if driver is None or not driver._mouse:
            self.say("the mouse was left to the terminal at the start (--no-mouse)", severity="warning")
            return
        self._has_mouse = not self._has_mouse
        switch = "_enable_mouse_support" if self._has_mouse else "_disable_mouse_support"
        getattr(driver, switch, lambda: None)()
        self.say(
            "the mouse is the dashboard's"
            if self._has_mouse
            else "the mouse is the terminal's; F2 takes it back"
        )

    def action_place(self, name: str) -> None:
        """Go to a screen by its name; what lies above the dashboard is left."""
        if self._is_on(name):
            return
        while len(self.screen_stack) > 1:
            self.pop_screen()
        if name == "system":
            from orp_tui.tui.screens.system import SystemScreen

            self.push_screen(SystemScreen(ascii_only=self.manners.ascii, id="system"))
            self.place = dataclasses.replace(self.place, screen=name)
            self._machine.poke()
        elif name == "compare":
            from orp_tui.tui.screens.compare import CompareScreen

            last = self.compared
            self.push_screen(
                CompareScreen(last.run_ids, baseline=last.baseline, fold_seeds=last.fold_seeds, id="compare")
            )
        elif name == "runs":
            from orp_tui.tui.screens.runs import RunsScreen

            self.push_screen(RunsScreen(id="runs"))

    def _is_on(self, name: str) -> bool:
        return self.screen.id == name
