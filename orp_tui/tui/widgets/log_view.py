"""The log of a run: its standard output, its error output, or both, one above the other.

In which order lines of the two were written nobody knows, so they are never mixed.
"""

from __future__ import annotations

import dataclasses
import time
from typing import Any, Self

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Label

from orp_tui.core.sanitise import one_line
from orp_tui.logs.reading import Act
from orp_tui.logs.status import LogStatus
from orp_tui.tui.bindings import bindings
from orp_tui.tui.widgets.log_prompt import LogPrompt
from orp_tui.tui.widgets.log_text import LogText

_COUNTS_S = 0.5
_STREAMS = ("both", "stdout", "stderr")


@dataclasses.dataclass(frozen=True, slots=True)
class LogSources:
    """The logs of one run: paths, or `path.zip::member`. A file need not be there yet."""

    name: str
    stdout: str | None = None
    stderr: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class _Elsewhere:
    """What is to be looked for in the other half if it is not in this one."""

    acts: tuple[Act, ...]
    """For the other half; then, if it has none either, for this one again; and so on."""
    missing: LogText
    misses: int
    """Of this half when it was asked."""


class LogView(Vertical, can_focus=False):
    """A run's log. Focus and keys belong to the half that was last in use (`focus` goes there)."""

    BINDINGS = bindings("log")
    DEFAULT_CSS = """
    LogView > .log--between, LogView > .log--notice {
        height: 1; width: 1fr; display: none; text-wrap: nowrap; text-overflow: ellipsis;
    }
    LogView.-two > .log--between { display: block; }
    LogView > LogText { display: none; }
    LogView.-stdout > #log-stdout, LogView.-stderr > #log-stderr { display: block; }
    """

    @dataclasses.dataclass
    class StatusChanged(Message):
        """Something about the log that is worth a title."""

        view: LogView
        status: LogStatus

        @property
        def control(self) -> LogView:
            return self.view

    def __init__(self, ticks_per_s: float = 10.0, **options: Any) -> None:  # Any: as Widget takes them
        super().__init__(**options)
        self.ticks_per_s = ticks_per_s
        self.sources: LogSources | None = None
        self.status = LogStatus()
        self._err_height: int | str = "1fr"
        self._stream = "both"
        self._active = "stdout"
        self._awaiting = ""
        self._noticed = ""
        self._why_none = ""
        self._elsewhere: _Elsewhere | None = None
        self._left: str | None = None
        """The half that was in use before it had nothing to show; None if that is the one in use."""
        self._searched = ""
        """What was searched for last; empty once that was left."""
        self._telling: Timer | None = None
        self._told_at = 0.0

    def compose(self) -> ComposeResult:
        yield LogText(id="log-stdout")
        yield Label(Content("── stderr "), classes="log--between")
        yield LogText(id="log-stderr")
        yield Label("", classes="log--notice")
        yield LogPrompt()

    # For the screen

    def show(self, sources: LogSources | None) -> None:
        """Show the logs of a run from their end; nothing with None. The same again changes nothing."""
        if sources == self.sources:
            return
        self.sources = sources
        self._elsewhere = None
        self._left = None
        self._searched = ""
        self._active = "stdout" if sources is None or sources.stdout is not None else "stderr"
        self._stream = "both"
        for stream in ("stdout", "stderr"):
            reference = None if sources is None else getattr(sources, stream)
            if reference is None:
                self._text(stream).shut()
            else:
                self._text(stream).open(reference, _name_of(reference), self.ticks_per_s)
        self._arrange()
        self._tell_status()

    def explain(self, why_none: str) -> None:
        """What to say while the log is not there; empty: that it is not there yet."""
        if why_none != self._why_none:
            self._why_none = why_none
            self._tell_status()

    def current_line(self) -> str:
        """The line a jump went to, else the first on the screen, or the last while following."""
        return self._text(self._active).shown.row

    def go_to_step(self, step: float, epoch: float | None) -> None:
        """Go to the line that tells of a step of the training; what was done, or that there is none, is said."""
        look = lambda session: session.to_step(step, epoch)  # noqa: E731 - the same for both halves
        self._look_for(look, look)

    def focus(self, scroll_visible: bool = True) -> Self:
        if self.is_attached:  # at once, not when the queue comes to it: keys follow on each other
            self.screen.set_focus(self._text(self._active), scroll_visible)
        return self

    @property
    def log_reference(self) -> str | None:
        """What the pager should open: the log of the half in use; None without one."""
        return None if self.sources is None else getattr(self.sources, self._active)

    # Keys

    def action_follow(self) -> None:
        self._tell(lambda session: session.follow())

    def action_bottom(self) -> None:
        self._tell(lambda session: session.follow(on=True))

    def action_top(self) -> None:
        self._tell(lambda session: session.to_top())

    def action_scroll_lines(self, lines: int) -> None:
        self._tell(lambda session: session.scroll(lines))

    def action_scroll_pages(self, pages: float) -> None:
        self._tell(lambda session: session.scroll_pages(pages))

    def action_sideways(self, direction: int) -> None:
        cells = direction * max(1, self._text(self._active).size.width // 2)
        self._tell(lambda session: session.scroll_sideways(cells))

    def action_wrap(self) -> None:
        for stream in ("stdout", "stderr"):
            self._text(stream).tell(lambda session: session.wrap())

    def action_search(self) -> None:
        self._ask("search", "/", "")

    def action_filter(self) -> None:
        self._ask("filter", "&", self._text(self._active).shown.status.filter)

    def action_go_to(self) -> None:
        self._ask("go_to", "line or %: ", "")

    def action_next_hit(self, direction: int) -> None:
        text = self._searched
        if not text:
            self._tell(lambda session: session.next_hit(direction))
            return
        alone = not self.has_class("-two")
        self._look_for(
            lambda session: session.next_hit(direction, around=alone),
            lambda session: session.search_beyond(text, direction),
            lambda session: session.next_hit(direction),
        )

    def action_next_error(self, direction: int) -> None:
        alone = not self.has_class("-two")
        self._look_for(
            lambda session: session.next_error(direction, around=alone),
            lambda session: session.error_beyond(direction),
            lambda session: session.next_error(direction),
        )

    def action_mark_line(self) -> None:
        self._await("mark", "mark this line with a letter")

    def action_go_to_mark(self) -> None:
        self._await("to_mark", "go to the line of a letter")

    def action_stream(self) -> None:
        """Show the next of both, stdout, stderr; a stream that is not there is passed over."""
        there = [stream for stream in _STREAMS if stream == "both" or self._has(stream)]
        if len(there) < len(_STREAMS):
            return
        self._stream = there[(there.index(self._stream) + 1) % len(there)]
        self._arrange()
        self._tell_status()

    def leave(self) -> bool:
        """One level back: out of the prompt, what is being looked for, the search, the filter. False if none was."""
        status = self._text(self._active).shown.status
        if self._awaiting:
            self._await("", "")
        elif self.query_one(LogPrompt).display:
            self.query_one(LogPrompt).action_close()
        elif status.looking:
            self._tell(lambda session: session.cancel())
        elif status.search:
            self._searched = ""
            for stream in ("stdout", "stderr"):
                self._text(stream).tell(lambda session: session.search(""))
        elif status.filter:
            self._tell(lambda session: session.filter(""))
        else:
            return False
        return True

    def take_letter(self, event: events.Key) -> None:
        """The letter after `m` or `'`."""
        awaiting, letter = self._awaiting, event.character or ""
        self._await("", "")
        if not event.is_printable:
            return
        if awaiting == "mark":
            self._tell(lambda session: session.mark(letter))
        else:
            self._tell(lambda session: session.to_mark(letter))

    @property
    def awaits_letter(self) -> bool:
        """Whether the next key is a letter for a mark."""
        return bool(self._awaiting)

    # What comes of it

    @on(LogText.Drawn)
    def _drawn(self, event: LogText.Drawn) -> None:
        event.stop()
        self._arrange()
        elsewhere = self._elsewhere
        if (
            elsewhere is not None
            and event.text is elsewhere.missing
            and event.screen.misses > elsewhere.misses
        ):
            self._go_elsewhere(*elsewhere.acts)
        self._tell_status()

    def on_resize(self) -> None:
        self._arrange()

    @on(LogPrompt.Answered)
    def _answered(self, event: LogPrompt.Answered) -> None:
        event.stop()
        text = event.text
        if event.prompt.has_focus_within or text is not None:
            self.focus()
        if text is None:
            return
        if event.what == "search":
            self._searched = text
            self._look_for(lambda session: session.search(text), lambda session: session.search(text))
        elif event.what == "filter":
            self._tell(lambda session: session.filter(text))
        elif text:
            self._tell(lambda session: session.go_to(text))

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        # The message may be late: the focus has gone on since, and with it what is in use.
        is_there = self.screen.focused is event.widget
        if is_there and isinstance(event.widget, LogText) and event.widget.id:
            self._active = event.widget.id.removeprefix("log-")
            self._tell_status()

    # Helpers

    def _text(self, stream: str) -> LogText:
        return self.query_one(f"#log-{stream}", LogText)

    def _tell(self, act: Act) -> None:
        self._text(self._active).tell(act)

    def _has(self, stream: str) -> bool:
        return self.sources is not None and getattr(self.sources, stream) is not None

    def _arrange(self) -> None:
        """Which halves are there: of `both`, those in which something stands; stderr no larger than that."""
        filled = self._text("stderr").shown.filled
        if self._stream == "both":
            err = self._has("stderr") and (filled > 0 or not self._has("stdout"))
            out = self._has("stdout") and (self._text("stdout").shown.filled > 0 or not err)
        else:
            out, err = self._stream == "stdout", self._stream == "stderr"
        self.set_class(out, "-stdout")
        self.set_class(err, "-stderr")
        self.set_class(out and err, "-two")
        if out != err and self._active != (stream := "stdout" if out else "stderr"):
            self._left = self._active
            self._use(stream)
        elif out and err and self._left is not None:
            # It only had nothing to show yet: where one was is where one goes on.
            stream, self._left = self._left, None
            self._use(stream)
        height: int | str = max(1, min(filled, (self.size.height - 1) // 2)) if out else "1fr"
        if self._err_height != height:
            self._err_height = height
            self._text("stderr").styles.height = height

    @property
    def _other(self) -> str:
        return "stderr" if self._active == "stdout" else "stdout"

    def _use(self, stream: str) -> None:
        """Let keys go to that half, and the focus if it is in the other one."""
        had_focus = self.has_focus_within
        self._active = stream
        if had_focus:
            self.focus()

    def _look_for(self, act: Act, *others: Act) -> None:
        """Look in the half in use, then in the other one, and so on: a traceback is on stderr, mostly."""
        text = self._text(self._active)
        is_last = not others or not self.has_class("-two")
        self._elsewhere = None if is_last else _Elsewhere(others, text, text.shown.misses)
        text.tell(act)

    def _go_elsewhere(self, act: Act, *others: Act) -> None:
        self._active = self._other
        self.focus()
        self._look_for(act, *others)

    def _ask(self, what: str, sign: str, value: str) -> None:
        self.query_one(LogPrompt).ask(what, sign, value)

    def _await(self, what: str, notice: str) -> None:
        self._awaiting = what
        self._notice(notice or self.status.notice)

    def _tell_status(self) -> None:
        """Tell what changed: at once, but twice a second where it is only that numbers go up."""
        screen = self._text(self._active).shown
        status = dataclasses.replace(screen.status, stream=self._stream_shown())
        if status.is_awaited and self._why_none:
            status = dataclasses.replace(status, notice=self._why_none)
        if status == self.status:
            return
        if _without_counts(status) == _without_counts(self.status):
            wait = self._told_at + _COUNTS_S - time.monotonic()
            if wait > 0:
                if self._telling is None:
                    self._telling = self.set_timer(wait, self._tell_later)
                return
        self._told_at = time.monotonic()
        self.status = status
        if not self._awaiting:
            self._notice(status.notice)
        self.post_message(self.StatusChanged(self, status))

    def _tell_later(self) -> None:
        self._telling = None
        self._tell_status()

    def _stream_shown(self) -> str:
        if self.has_class("-two"):
            return "both"
        return "stdout" if self.has_class("-stdout") else "stderr"

    def _notice(self, text: str) -> None:
        if text == self._noticed:
            return
        self._noticed = text
        label = self.query_one(".log--notice", Label)
        label.update(Content(text), layout=False)
        label.display = bool(text)


def _without_counts(status: LogStatus) -> LogStatus:
    return dataclasses.replace(status, new_lines=0, lines=None, hits=None, matching=None, percent=0)


def _name_of(reference: str) -> str:
    """The last part of a path or of a zip's member."""
    return one_line(reference.rpartition("::")[2].rpartition("/")[2])
