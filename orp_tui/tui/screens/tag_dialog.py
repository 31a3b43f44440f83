"""Tags for runs, typed as words: `best paper -old`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from orp_tui.core.sanitise import one_line
from orp_tui.core.words import counted
from orp_tui.tui.bindings import bindings, bindings_above
from orp_tui.tui.widgets.filter_hint import listed
from orp_tui.tui.widgets.line_field import LineField
from orp_tui.tui.word_completion import fitting, word_at

if TYPE_CHECKING:
    from orp_tui.services.annotations import Tag  # noqa: F401 - named in a string below

_MOST_SHOWN = 12


class TagRuns(ModalScreen["Tag | None"]):
    """What to add and to take away; None if the person went back, or nothing was typed."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("tags"), *bindings_above()]

    def __init__(self, tags_of_runs: Sequence[Sequence[str]], count: int, known: Sequence[str] = ()) -> None:
        """`tags_of_runs`: the tags of each run that is known here; `count`: of how many runs in all it is about.

        `known`: tags that there are, to complete with.
        """
        super().__init__()
        self._count = count
        self._has = Counter(tag for tags in tags_of_runs for tag in dict.fromkeys(tags))
        self._known = tuple(known)
        self._base, self._start, self._end = "", 0, 0
        self._choices: tuple[str, ...] = ()
        self._chosen: int | None = None

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as box:
            box.border_title = Content(f"Tag {counted(self._count, 'run')}")
            yield Static(Content(self._words_of_tags()), classes="tags")
            yield LineField()
            yield Static("", classes="said")
            yield Static(
                Content("Enter  tag      Tab  completes      -word  takes away      Esc  back"),
                classes="answer",
            )

    def on_mount(self) -> None:
        self.query_one(LineField).focus()
        self._look()

    def put_known(self, known: Sequence[str]) -> None:
        """Complete with these tags from now on."""
        self._known = tuple(known)
        if self.is_mounted and self._chosen is None:
            self._look()

    def pane_of_focus(self) -> str:
        """The place whose keys the help shows first."""
        return "tags"

    def _words_of_tags(self) -> str:
        """`has best, paper (2 of 3)`."""
        if not self._has:
            return "no tags yet"
        words = [
            one_line(tag, 40) + (f" ({had} of {self._count})" if had < self._count else "")
            for tag, had in self._has.most_common(_MOST_SHOWN)
        ]
        more = len(self._has) - len(words)
        return "has " + ", ".join(words) + (f" and {more} more" if more else "")

    # Typing

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        self._chosen = None
        self._say("")
        self._look()

    def _look(self) -> None:
        """Find out what the word at the cursor may become."""
        field = self.query_one(LineField)
        self._base = field.value
        self._start, self._end = word_at(field.value, field.cursor_position)
        word = self._base[self._start : self._end]
        sign = word[:1] if word[:1] in ("-", "+") else ""
        # What is taken away is one of those that are there; what is added need not be known.
        pool = tuple(self._has) if sign == "-" else (*self._has, *self._known)
        typed = self._base[: self._start].split() + self._base[self._end :].split()
        known = dict.fromkeys(filter(str.isprintable, pool))
        have_all = [tag for tag, had in self._has.items() if had >= self._count]
        without = [each.lstrip("+-") for each in typed] + (have_all if sign != "-" else [])
        self._choices = tuple(f"{sign}{tag}" for tag in fitting(word.lstrip("+-"), known, without))
        self._show_choices()

    def action_complete(self, step: int) -> None:
        if not self._choices:
            return
        first = 0 if step > 0 else len(self._choices) - 1
        self._chosen = first if self._chosen is None else (self._chosen + step) % len(self._choices)
        choice = self._choices[self._chosen]
        field = self.query_one(LineField)
        with self.prevent(Input.Changed):
            field.value = self._base[: self._start] + choice + self._base[self._end :]
        field.cursor_position = self._start + len(choice)
        self._show_choices()

    def _show_choices(self) -> None:
        self._say(listed(self._choices, self._chosen, max(20, self.query_one(LineField).size.width)))

    def _say(self, words: str, *, is_bad: bool = False) -> None:
        said = self.query_one(".said", Static)
        said.set_class(is_bad, "-bad")
        said.update(Content(words))

    # The end

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_keep()

    def action_keep(self) -> None:
        from orp_tui.services.annotations import Tag

        words = self.query_one(LineField).value.replace(",", " ").split()
        wrong = next(_wrong(words), None)
        if wrong is not None:
            self._say(wrong, is_bad=True)
            return
        remove = tuple(word[1:] for word in words if word.startswith("-"))
        add = tuple(word.removeprefix("+") for word in words if not word.startswith("-"))
        self.dismiss(Tag(add, remove) if add or remove else None)

    def action_back(self) -> None:
        self.dismiss(None)


def _wrong(words: Sequence[str]) -> Iterator[str]:
    """Why words are no tags, one sentence each."""
    from orp_tui.services.annotations import why_no_tag

    for word in words:
        why = why_no_tag(word[1:] if word[0] in "+-" else word)
        if why is not None:
            yield f"{one_line(word, 30)} {why}"
