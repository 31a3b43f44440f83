"""The two lines at the bottom in which a filter is typed: what may come next, or what is wrong, above the text."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Input, Label, Static

from orp_tui.core.filters.complete import Completion, complete
from orp_tui.core.filters.errors import FilterError
from orp_tui.core.filters.expression import Expression
from orp_tui.core.filters.parse import parse
from orp_tui.core.filters.vocabulary import NO_VOCABULARY, Vocabulary
from orp_tui.core.sanitise import cell_width
from orp_tui.tui.bindings import bindings
from orp_tui.tui.widgets.filter_hint import listed, pointed
from orp_tui.tui.widgets.line_field import LineField

TYPING_S = 0.02
"""So long after the last key the runs are looked for."""
WRONG_S = 0.5
"""So long after the last key it is said what is wrong: nobody has finished a word at each of its letters."""
MOST_KEPT = 100
_LABEL = "filter: "
_HINT = "Tab completes, Up brings back, Enter keeps, Esc takes back: state:failed cfg.lr>=1e-3 age<2d"
_NARROW = 50


class FilterPrompt(Widget):
    """Hidden until `ask`. Good filters are told while they are typed; a wrong one changes nothing."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("filter_prompt")
    DEFAULT_CSS = """
    FilterPrompt { dock: bottom; height: 2; width: 1fr; display: none; layout: vertical; }
    FilterPrompt Horizontal { height: 1; width: 1fr; }
    FilterPrompt Static { height: 1; width: 1fr; text-wrap: nowrap; text-overflow: ellipsis; }
    FilterPrompt Label { width: auto; }
    FilterPrompt Input { width: 1fr; border: none; height: 1; padding: 0; }
    """

    @dataclasses.dataclass
    class Typed(Message):
        """A filter that makes sense stands there now: a moment after the last key, and once it is kept or taken back."""

        prompt: FilterPrompt
        text: str
        expression: Expression

        @property
        def control(self) -> FilterPrompt:
            return self.prompt

    @dataclasses.dataclass
    class Closed(Message):
        """The prompt is gone; what holds now was told by `Typed`."""

        prompt: FilterPrompt
        text: str
        is_kept: bool
        """False: the person took it back."""

        @property
        def control(self) -> FilterPrompt:
            return self.prompt

    def __init__(self, *, history: Sequence[str] = ()) -> None:
        """`history`: filters that were kept, the oldest first."""
        super().__init__()
        self.history = list(history)
        self._vocabulary = NO_VOCABULARY
        self._before = self._told = self._draft = ""
        self._place = 0
        self._from: Widget | None = None
        self._error: FilterError | None = None
        self._completion = Completion(0, 0)
        self._base = ""
        """The text that the completion is of."""
        self._chosen: int | None = None
        self._counts: tuple[int, int] | None = None
        self._waits: list[Timer] = []

    def compose(self) -> ComposeResult:
        yield Static("", classes="hint")
        with Horizontal():
            yield Label(Content(_LABEL))
            yield LineField()
            yield Label("", classes="count")

    # What a screen says

    def ask(self, value: str) -> None:
        """Let a person go on typing at this filter, which holds now."""
        self._before = self._told = value
        self._place, self._draft = len(self.history), value
        self._from = self.screen.focused
        field = self._field
        field.cursor_blink = getattr(getattr(self.app, "manners", None), "cursor_blink", True)
        with self.prevent(Input.Changed):
            field.value = value
        field.cursor_position = len(value)
        self.display = True
        self.screen.add_class("-asking")
        # At once: keys that are typed ahead are meant for the field.
        self.screen.set_focus(field)
        self._look()
        self._show_count()

    @property
    def is_asking(self) -> bool:
        """Whether a filter is being typed."""
        return bool(self.display)

    def tell(self, found: int, total: int) -> None:
        """How many runs the filter finds that was told last, and of how many."""
        self._counts = found, total
        self._show_count()

    def put_vocabulary(self, vocabulary: Vocabulary) -> None:
        """Complete with these words from now on."""
        self._vocabulary = vocabulary
        if self.is_asking and self._chosen is None:
            self._look()

    # Typing

    @property
    def _field(self) -> LineField:
        return self.query_one(LineField)

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        if not self.is_asking:
            return
        self._chosen = None
        self._end_waits()
        self._error = None
        self._field.mark(None)
        self._waits = [self.set_timer(TYPING_S, self._rested), self.set_timer(WRONG_S, self._show_wrong)]

    def _rested(self) -> None:
        self._tell_typed()
        self._look()

    def _tell_typed(self) -> None:
        """Tell the filter if it makes sense; else keep in mind what is wrong."""
        text = self._field.value
        try:
            expression = parse(text)
        except FilterError as error:
            self._error = error
            self._show_count()
            return
        self._error = None
        if text != self._told:
            self._told = text
            self._counts = None
            self.post_message(self.Typed(self, text, expression))
        self._show_count()

    def _end_waits(self) -> None:
        for timer in self._waits:
            timer.stop()
        self._waits = []

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_keep()

    def action_keep(self) -> None:
        if not self.is_asking:
            return
        self._end_waits()
        self._tell_typed()
        if self._error is not None:
            self._show_wrong()
            return
        text = self._field.value.strip()
        if text:
            self.history = [*[kept for kept in self.history if kept != text][-MOST_KEPT + 1 :], text]
        self._close(is_kept=True)

    def action_give_up(self) -> None:
        if not self.is_asking:
            return
        self._end_waits()
        with self.prevent(Input.Changed):
            self._field.value = self._before
        if self._told != self._before:
            self._tell_typed()
        self._close(is_kept=False)

    def _close(self, *, is_kept: bool) -> None:
        self._error = None
        self._field.mark(None)
        self.display = False
        self.screen.remove_class("-asking")
        if self._from is not None and self._from.is_attached:
            self._from.focus()
        self.post_message(self.Closed(self, self._told, is_kept))

    def on_descendant_blur(self) -> None:
        """The focus went elsewhere, as by a click: what holds stays, and nothing is typed any more."""
        if self.is_asking and self.app.app_focus:
            self._end_waits()
            self._tell_typed()
            self._from = None
            self._close(is_kept=True)

    def action_recall(self, step: int) -> None:
        if self._place == len(self.history):
            self._draft = self._field.value
        self._place = max(0, min(len(self.history), self._place + step))
        text = self.history[self._place] if self._place < len(self.history) else self._draft
        self._field.value = text
        self._field.cursor_position = len(text)

    # Completing

    def _look(self) -> None:
        """Find out what may come next, and show it."""
        field = self._field
        self._base = field.value
        self._completion = complete(field.value, field.cursor_position, self._vocabulary)
        shown = tuple(filter(str.isprintable, self._completion.choices))
        self._completion = dataclasses.replace(self._completion, choices=shown)
        self._show_hint()

    def action_complete(self, step: int) -> None:
        if self._chosen is None:
            self._look()
        choices = self._completion.choices
        if not choices:
            self._show_wrong()
            return
        first = 0 if step > 0 else len(choices) - 1
        self._chosen = first if self._chosen is None else (self._chosen + step) % len(choices)
        text, cursor = self._completion.applied(self._base, choices[self._chosen])
        field = self._field
        with self.prevent(Input.Changed):
            field.value = text
        field.cursor_position = cursor
        self._end_waits()
        self._waits = [self.set_timer(TYPING_S, self._tell_typed)]
        if len(choices) == 1:
            # There is nothing to cycle through: the next Tab goes on behind it.
            self._chosen = None
            self._look()
        else:
            self._show_hint()

    # Showing

    def on_resize(self) -> None:
        if self.is_asking:
            self._show_hint()
            self._show_count()

    def _show_wrong(self) -> None:
        self._end_waits()
        self._tell_typed()
        if self._error is None:
            return
        error = self._error
        self._field.mark((error.position, error.position + error.length))
        place = cell_width(_LABEL) + self._field.column_of(error.position)
        self._put_hint(pointed(error.words, place, self.size.width), is_wrong=True)

    def _show_hint(self) -> None:
        if self._field.value and not self._completion.choices:
            self._put_hint("")
        elif not self._field.value and self._chosen is None and self._vocabulary is NO_VOCABULARY:
            self._put_hint(_HINT)
        else:
            self._put_hint(listed(self._completion.choices, self._chosen, self.size.width))

    def _put_hint(self, words: str, *, is_wrong: bool = False) -> None:
        hint = self.query_one(".hint", Static)
        hint.set_class(is_wrong, "-wrong")
        # Its size is fixed: that the words are others moves nothing else.
        hint.update(Content(words), layout=False)

    def _show_count(self) -> None:
        self.query_one(".count", Label).update(Content(self._count_words()))

    def _count_words(self) -> str:
        if self._counts is None:
            return "  looking"
        found, total = self._counts
        words = f"{found:,}" if self.size.width < _NARROW else f"{found:,} of {total:,}"
        # What is on the screen is still that of the last good one.
        return f"  ! {words}" if self._error is not None else f"  {words}"
