"""A look into a file above the screen one is on: what it is, what is wrong with it, what it holds."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, cast

from rich.segment import Segment
from rich.style import Style
from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.widget import Widget

from orp_tui.core.checklist import ChecklistItem, CheckOutcome
from orp_tui.core.sanitise import one_line
from orp_tui.core.words import size
from orp_tui.services.preview import Entry, Place, Preview, look, look_at_all
from orp_tui.tui.bindings import bindings, bindings_above
from orp_tui.tui.widgets.key_line import KeyLine
from orp_tui.tui.widgets.lines import LineList, cell
from orp_tui.tui.widgets.page_view import Line, PageView, line, widest
from orp_tui.tui.widgets.wrapping import wrapped

if TYPE_CHECKING:
    from orp_tui.tui.app import OrpApp

_SIZE = 10
_MOST_FACTS = 6


class EntryList(LineList):
    """What one can go on to: files and folders with their sizes."""

    def show(self, entries: Sequence[Entry]) -> None:
        """Show these, the cursor on the first."""
        self.put_rows([])
        self.put_rows([(str(place), entry) for place, entry in enumerate(entries)])

    @property
    def entry(self) -> Entry | None:
        """The one under the cursor."""
        return self._rows.get(self.cursor_key) if self.cursor_key is not None else None

    def row_segments(self, key: str, row: Entry, width: int, *, cursor: bool) -> list[Segment]:
        quiet = self.get_component_rich_style("lines--dim", partial=True)
        known = "" if row.size is None else size(row.size)
        name = max(1, width - _SIZE - 2)
        said = f"{row.name}  {row.note}" if row.note else row.name
        return [
            cell(">" if cursor else "", 2, Style()),
            cell(said, name, quiet if row.note else Style()),
            cell(known, _SIZE, Style(), right=True),
        ]


@dataclasses.dataclass(frozen=True)
class Wish:
    """What is to be looked at: a place, or all that a deliverable of it matched."""

    place: Place
    item: ChecklistItem | None = None


class PreviewScreen(ModalScreen[None]):
    """Looks in a thread and shows what was found; Enter goes into a folder or zip, Esc comes back."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("preview"), *bindings_above()]

    @dataclasses.dataclass
    class Found(Message):
        """A look has come to its end."""

        wish: Wish
        preview: Preview
        lines: tuple[Line, ...]
        """The body, ready to be drawn."""
        width: int
        """Of the widest of them."""

    def __init__(
        self, place: Place, item: ChecklistItem | None = None, **options: Any
    ) -> None:  # Any: as Screen takes them
        super().__init__(**options)
        self._wishes = [Wish(place, item)]
        self._shown: Preview | None = None

    def compose(self) -> ComposeResult:
        with Vertical(id="preview-box") as box:
            box.border_title = Content(one_line(self._wishes[-1].place.name))
            yield PageView(id="preview-facts")
            yield PageView(id="preview-body")
            yield EntryList(id="preview-entries")
        yield KeyLine()

    def on_mount(self) -> None:
        self.query_one("#preview-facts").can_focus = False
        self.query_one(EntryList).display = False
        self.query_one("#preview-body", PageView).focus()
        self.look_again()

    def pane_of_focus(self) -> str:
        """The place whose keys the help shows first."""
        return "preview"

    def place_widget(self, place: str) -> Widget | None:
        """The page, for the keys of a text."""
        return self.query_one("#preview-body") if place == "page" else None

    @property
    def shown(self) -> Preview | None:
        """What the last look found; None while the first is under way."""
        return self._shown

    def look_again(self) -> None:
        """Look at the same place: the file may have changed."""
        wish = self._wishes[-1]
        self._box.border_title = Content(one_line((wish.item.path if wish.item else None) or wish.place.name))
        self._box.border_subtitle = Content("looking")
        self._look(wish)

    @work(thread=True, exclusive=True, exit_on_error=False, group="preview")
    def _look(self, wish: Wish) -> None:
        found = look(wish.place) if wish.item is None else look_at_all(wish.place, wish.item)
        lines = tuple(line(text) for text in found.body)
        self.post_message(self.Found(wish, found, lines, widest(lines)))

    @on(Found)
    def _found(self, event: Found) -> None:
        event.stop()
        if event.wish is not self._wishes[-1]:
            return
        found, before = event.preview, self._shown
        self._shown = found
        self._box.border_title = Content(found.name)
        self._box.border_subtitle = Content(", ".join(_in_short(found)))
        self._show_facts(found)
        body, entries = self.query_one("#preview-body", PageView), self.query_one(EntryList)
        entries.display, body.display = bool(found.entries), not found.entries
        if found.entries:
            entries.show(found.entries)
        is_same = before is not None and before.name == found.name
        body.put_lines(event.lines, from_top=not is_same, width=event.width)
        (entries if found.entries else body).focus()
        self.refresh_bindings()

    def on_resize(self) -> None:
        if self._shown is not None:
            self.call_after_refresh(self._show_facts, self._shown)

    def _show_facts(self, found: Preview) -> None:
        facts = self.query_one("#preview-facts", PageView)
        item = self._wishes[-1].item
        width = max(10, self._box.content_size.width)
        lines = [*(_check_lines(item, width) if item is not None else ()), *_fact_lines(found, width)]
        most = max(2, self._box.content_size.height // 2)
        if found.body or found.entries:
            lines = [*lines[: most - 1], line()]
        facts.styles.height = min(len(lines), self._box.content_size.height)
        facts.put_lines(lines, from_top=True)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action != "open_entry" or (self._shown is not None and bool(self._shown.entries))

    def action_open_entry(self) -> None:
        entry = self.query_one(EntryList).entry
        if entry is not None and self.query_one(EntryList).display:
            wish = self._wishes[-1]
            self._wishes.append(Wish(wish.place.inside(entry.path)))
            self.look_again()

    def action_back(self) -> None:
        self._wishes.pop()
        if self._wishes:
            self.look_again()
        else:
            self.dismiss(None)

    def action_look_again(self) -> None:
        self.look_again()

    def action_copy_path(self) -> None:
        wish = self._wishes[-1]
        files = wish.item.files or (wish.item.path,) if wish.item is not None else ()
        place = wish.place.inside(files[0].rstrip("/")) if len(files) == 1 else wish.place
        self._copy(place.full)

    @work(thread=True, exit_on_error=False, group="copy")
    def _copy(self, text: str) -> None:
        from orp_tui.services.clipboard import Clipboard

        app = cast("OrpApp", self.app)
        said = Clipboard(lambda words: app.call_from_thread(app.copy_to_clipboard, words)).copy(text)
        app.call_from_thread(app.say, said)

    @property
    def _box(self) -> Vertical:
        return self.query_one("#preview-box", Vertical)


def _in_short(found: Preview) -> Iterator[str]:
    if found.kind:
        yield found.kind
    if found.size is not None:
        yield size(found.size)


def _check_lines(item: ChecklistItem, width: int) -> Iterator[Line]:
    """What each check of the deliverable said."""
    for result in item.results:
        is_good = result.outcome is CheckOutcome.PASS
        box = "[x]" if is_good else "[?]" if result.outcome is CheckOutcome.ERROR else "[!]"
        text = one_line(f"{box} {result.check}: {result.detail}")
        yield from (line(part, "good" if is_good else "bad") for part in wrapped(text, width))


def _fact_lines(found: Preview, width: int) -> Iterator[Line]:
    texts = [(text, "text") for text in found.facts[:_MOST_FACTS]]
    texts += [(found.wrong, "bad")] if found.wrong else []
    texts += [(found.cut, "quiet")] if found.cut else []
    for text, style in texts:
        yield from (line(part, style) for part in wrapped(text, width))
