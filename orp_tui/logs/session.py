"""One log being looked at: where the screen stands, what is searched, filtered and marked.

All of it belongs to one thread (`logs.reading`), which does acts at once and the long work
in slices between them, so that a key never waits for a gigabyte.
"""

from __future__ import annotations

from collections.abc import Iterator

from orp_tui.core.errors import UsageError
from orp_tui.core.sanitise import one_line
from orp_tui.logs.counting import LineCount
from orp_tui.logs.filtered import FilteredRows
from orp_tui.logs.hits import Hits
from orp_tui.logs.ink import Line, Measure, inks, marked, plain
from orp_tui.logs.match import AllOf, ErrorMatcher, Matcher, Searcher
from orp_tui.logs.page import Page, Place, Rows, ScreenLine
from orp_tui.logs.path_watch import News, Restarted
from orp_tui.logs.progress import LogRow
from orp_tui.logs.recent import LogTail
from orp_tui.logs.scrollback import Scrollback
from orp_tui.logs.seeking import Found, after, seek, seek_line, seek_share
from orp_tui.logs.source import OpenLog
from orp_tui.logs.status import FILLED_MOST, LogScreen, LogStatus


class LogSession:
    """A view of `log`, which stays the caller's to close. Acts are methods; `screen` is what comes of them."""

    def __init__(self, log: OpenLog, name: str, measure: Measure) -> None:
        self._log = log
        self._name = name
        self._page = Page(measure)
        self._scrollback = Scrollback(log)
        self._tail = LogTail(log, self._scrollback)
        self._count = LineCount(log)
        self._errors = ErrorMatcher()
        self._marks: dict[str, Place] = {}
        self._search: Hits | None = None
        self._filter: Hits | None = None
        self._filtered: FilteredRows | None = None
        self._seeking: Iterator[Found | None] | None = None
        self._following = True
        self._current = -1
        self._size = -1
        self._notice = ""
        self._state = ""
        self._filled = 0
        self._misses = 0
        self.changed = True
        """Whether there is a new screen to be had."""

    # What time brings

    def look(self) -> None:
        """See what became of the log: ten times a second."""
        for news in self._log.look():
            self._take_news(news)
        size = self._log.size()
        if self._following and self._filter is None:
            self.changed |= self._tail.look()
        elif size != self._size:
            self.changed = True
        self._size = size
        if size or self._log.exists:
            if self._state.startswith("not there yet"):
                self._state = ""
        elif not self._state:
            self._state = f"not there yet: {self._name}"
            self.changed = True

    def work(self) -> bool:
        """Go on with what takes long, one slice; False if nothing is left for now."""
        if self._log.unpack():
            return True
        if self._seeking is not None:
            found = next(self._seeking, Found(None))
            if found is not None:
                self._seeking = None
                self._arrive(found)
            return True
        busy = self._filter is not None and self._filter.step()
        busy = (self._search is not None and self._search.step()) or busy
        return (not self._following and self._count.step()) or busy

    # Acts

    def resize(self, width: int, height: int) -> None:
        """The screen's cells."""
        self._page.width, self._page.height = max(1, width), max(1, height)
        self._filled = 0
        self.changed = True

    def follow(self, *, on: bool | None = None) -> None:
        """Stay at the end as the log grows, or don't; None turns it round."""
        on = not self._following if on is None else on
        self._seeking = None
        self._current = -1
        if on:
            self._following, self._notice = True, ""
            self._tail.look()
        elif self._following:
            self._pause()
        self.changed = True

    def scroll(self, lines: int) -> None:
        """So many lines down, or up; beyond the end means to follow."""
        self._act()
        if self._following:
            if lines >= 0:
                return
            self._pause()
        moved = self._page.scroll(self._rows, lines)
        if lines > 0 and not moved and not self._log.ended:
            self.follow(on=True)

    def scroll_pages(self, pages: float) -> None:
        """So many screens down, or up; one line stays in sight."""
        self.scroll(int(pages * max(1, self._page.height - 1)) or (1 if pages > 0 else -1))

    def scroll_sideways(self, cells: int) -> None:
        """So many cells to the right, or left, where lines are not folded."""
        if not self._page.wrap:
            self._page.column = max(0, self._page.column + cells)
            self.changed = True

    def to_top(self) -> None:
        """To the first line."""
        self._act()
        self._pause()
        self._page.top = Place()

    def wrap(self) -> None:
        """Fold long lines or let them run on; the first line stays."""
        self._act()
        self._page.wrap = not self._page.wrap
        self._filled = 0
        self._page.column = 0
        self._page.top = self._page.top._replace(fold=0)

    def mark(self, letter: str) -> None:
        """Remember the place under a letter."""
        self._act()
        self._marks[letter] = Place(self._at) if self._current >= 0 else self._page.top
        self._notice = f"marked as {letter}"

    def to_mark(self, letter: str) -> None:
        """Go where the letter is."""
        self._act()
        place = self._marks.get(letter)
        if place is None:
            self._notice = f"no mark {one_line(letter)}"
            return
        self._pause()
        self._page.top = place

    def search(self, text: str) -> None:
        """Look for text and go to the next hit; from the end, to the last one. Empty: search no more."""
        self._act()
        self._search = None
        if not text:
            return
        try:
            matcher = Matcher(text)
        except UsageError as error:
            self._notice = one_line(str(error))
            return
        self._search = Hits(self._log, self._within_filter(matcher))
        self._go_on(self._search.matcher, text, forward=not self._following, here=True)

    def next_hit(self, direction: int) -> None:
        """Go to the next hit (1) or the one before (-1)."""
        if self._search is None:
            self._act()
            self._notice = "nothing is searched for"
            return
        self._go_on(self._search.matcher, self._search.matcher.text, forward=direction > 0)

    def next_error(self, direction: int) -> None:
        """Go to the next line that tells of an error (1), or the one before (-1)."""
        self._go_on(self._within_filter(self._errors), "errors", forward=direction > 0)

    def filter(self, text: str) -> None:
        """Show only matching lines; `!` first: only the others. Empty: show all again."""
        self._act()
        self._filled = 0
        place = self._page.top
        if text in ("", "!"):
            self._filter = self._filtered = None
        else:
            try:
                matcher = Matcher(text.removeprefix("!"), inverse=text.startswith("!"))
            except UsageError as error:
                self._notice = one_line(str(error))
                return
            self._filter = Hits(self._log, matcher)
            self._filtered = FilteredRows(self._log, self._filter)
        if self._search is not None:
            words = self._search.matcher
            self._search = Hits(
                self._log, self._within_filter(words.first if isinstance(words, AllOf) else words)
            )
        self._tail.look()
        self._page.top = place._replace(fold=0)

    def go_to(self, text: str) -> None:
        """Go to a line by its number, or to `50%`."""
        self._act()
        number = text.strip().replace(",", "").removesuffix("%")
        try:
            value = float(number)
        except ValueError:
            value = -1.0
        if not 0 <= value < 1e15:
            self._notice = f"{one_line(text)}: neither a line number nor a percentage"
        elif text.strip().endswith("%"):
            self._seeking = seek_share(self._log, value)
        else:
            self._seeking = seek_line(self._log, self._count, max(0, int(value) - 1))

    def cancel(self) -> None:
        """Stop looking for something."""
        self._act()

    # What is to be seen

    def screen(self) -> LogScreen:
        """The lines and what there is to say of them."""
        self.changed = False
        lines = self._lines()
        size = self._log.size()
        rows = self._rows.before(self._current + 1, 1) if self._current >= 0 else []
        current = rows[0] if rows else None
        row = plain(inks(current.text)) if current else ""
        if current is None and lines:
            row = plain((lines[-1] if self._following else lines[0]).inks)
        if self._filled < FILLED_MOST:
            rows = self._rows.before(1 << 62, FILLED_MOST)
            self._filled = min(FILLED_MOST, len(self._page.folded(rows, self._paint)))
        begin = current.begin if current else -1
        return LogScreen(
            tuple(lines), begin, row, size, self._filled, self._misses, self._status(lines, size)
        )

    def _lines(self) -> list[ScreenLine]:
        page = self._page
        if not self._following:
            return page.lines(self._rows, self._paint)
        if self._filter is None:
            rows = self._tail.rows(page.height)
        else:
            rows = self._rows.before(1 << 62, page.height)
        lines = page.folded(rows, self._paint)
        first = max(0, len(lines) - page.height)
        if lines:
            begin = lines[first].begin
            page.top = Place(begin, sum(line.begin == begin for line in lines[:first]))
        return lines[first:]

    def _paint(self, row: LogRow) -> Line:
        line = inks(row.text)
        hits = self._search or self._filter
        if hits is None:
            return line
        text = plain(line)
        if not self._page.wrap:
            text = text[: 2 * (self._page.column + self._page.width)]
        return marked(line, hits.matcher.spans(text))

    def _status(self, lines: list[ScreenLine], size: int) -> LogStatus:
        search, hits = self._search, None
        if search is not None and self._current >= 0 and search.complete:
            hits = search.rank(self._current + 1)
        number = None if self._following else self._count.line_at(self._page.top.begin)
        return LogStatus(
            name=self._name,
            following=self._following,
            line=None if number is None else number + 1,
            lines=self._count.lines if not self._following else None,
            percent=100 if self._following or not size else self._percent(lines, size),
            new_lines=0 if self._following else self._count.new,
            search=search.matcher.text if search else "",
            hit=hits or None,
            hits=None if search is None else search.total,
            searching=search is not None and not search.complete,
            filter=("!" * self._filter.matcher.inverse + self._filter.matcher.text) if self._filter else "",
            matching=None if self._filter is None else self._filter.total,
            wrap=self._page.wrap,
            notice=self._notice or self._log.progress or self._state,
        )

    def _percent(self, lines: list[ScreenLine], size: int) -> int:
        if not lines:
            return 100
        following = self._rows.after(lines[-1].begin + 1, 1)
        return 100 * following[0].begin // size if following else 100

    # Helpers

    def fail(self, text: str) -> None:
        """Say what went wrong; what was going on is given up."""
        self._seeking = self._search = self._filter = self._filtered = None
        self.changed = text != self._state
        self._state = text

    @property
    def _rows(self) -> Rows:
        return self._filtered or self._scrollback

    @property
    def _at(self) -> int:
        """Where acts begin that go on from somewhere."""
        return self._current if self._current >= 0 else self._page.top.begin

    def _act(self) -> None:
        """Every act ends what was going on and what was said."""
        self._seeking = None
        self._current = -1
        self._notice = ""
        self.changed = True

    def _pause(self) -> None:
        if self._following:
            self._following = False
            self._count.pause(self._log.size())
            self._count.begin()

    def _within_filter(self, searcher: Searcher) -> Searcher:
        return searcher if self._filter is None else AllOf(searcher, self._filter.matcher)

    def _go_on(self, searcher: Searcher, what: str, *, forward: bool, here: bool = False) -> None:
        """Look for the next matching line from the current one; `here`: which may be the one."""
        current, at = self._current, self._at
        self._act()
        self._current = current
        if self._following and current < 0:
            at = at if forward else self._log.size()
        elif forward and not here and current >= 0:
            at = after(self._log, at)
        self._seeking = seek(self._log, searcher, at, forward=forward, what=what)
        self._notice = f"looking for {one_line(what)} …"

    def _arrive(self, found: Found) -> None:
        self._notice = one_line(found.notice)
        self.changed = True
        if found.begin is None:
            self._misses += 1
            return
        self._pause()
        self._current = found.begin
        self._page.show(self._rows, found.begin)

    def _take_news(self, news: News) -> None:
        self.changed = True
        if not isinstance(news, Restarted):
            self._state = one_line(news.text)
            return
        self._state = f"{news.why}: shown from its new beginning"
        self._scrollback.clear()
        self._tail.clear()
        self._count.clear()
        self._marks.clear()
        self._seeking, self._current, self._filled = None, -1, 0
        self._page.top = Place()
        if self._filter is not None:
            self._filter = Hits(self._log, self._filter.matcher)
            self._filtered = FilteredRows(self._log, self._filter)
        if self._search is not None:
            self._search = Hits(self._log, self._search.matcher)
