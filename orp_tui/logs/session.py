"""One log being looked at: where the screen stands, what is searched, filtered and marked.

All of it belongs to one thread (`logs.reading`), which does acts at once and the long work
in slices between them, so that a key never waits for a gigabyte.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from orp_tui.core.errors import UsageError
from orp_tui.core.sanitise import one_line
from orp_tui.logs.hits import Hits
from orp_tui.logs.ink import Line, Measure, inks, marked, plain
from orp_tui.logs.match import AllOf, Matcher, Searcher
from orp_tui.logs.match_errors import ErrorMatcher
from orp_tui.logs.page import Place, ScreenLine
from orp_tui.logs.path_watch import News, Restarted
from orp_tui.logs.progress import LogRow
from orp_tui.logs.seeking import Found, after, seek, seek_line, seek_share
from orp_tui.logs.source import OpenLog
from orp_tui.logs.standing import Standing
from orp_tui.logs.status import LogScreen, LogStatus
from orp_tui.logs.step_lines import seek_step, step_words

_WAITING = "not there yet"


class LogSession:
    """A view of `log`, which stays the caller's to close. Acts are methods; `screen` is what comes of them."""

    def __init__(self, log: OpenLog, name: str, measure: Measure) -> None:
        self._log = log
        self._name = name
        self._standing = Standing(log, measure)
        self._errors = ErrorMatcher()
        self._marks: dict[str, Place] = {}
        self._search: Hits | None = None
        self._seeking: Iterator[Found | None] | None = None
        self._then: list[Callable[[], None]] = []
        """What a fast hand asked for while something was looked for."""
        self._current = -1
        """Offset of the line that a jump went to; -1 if none."""
        self._notice = ""
        self._state = ""
        self._misses = 0
        self.changed = True
        """Whether there is a new screen to be had."""

    # What time brings

    def look(self) -> None:
        """See what became of the log: ten times a second."""
        for news in self._log.look():
            self._take_news(news)
        self.changed |= self._standing.look()
        if self._log.exists:
            if self._state.startswith(_WAITING):
                self._state = ""
        elif not self._state:
            self._state = f"{_WAITING}: {self._name}"
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
        busy = self._search is not None and self._search.step()
        return self._standing.work() or busy

    def fail(self, text: str) -> None:
        """Say what went wrong; what was going on is given up."""
        self._seeking = self._search = None
        self._standing.restrict(None)
        self.changed = True
        self._state = text

    # Where to

    def resize(self, width: int, height: int) -> None:
        """The screen's cells."""
        self._standing.resize(width, height)
        self.changed = True

    def follow(self, *, on: bool | None = None) -> None:
        """Stay at the end as the log grows, or don't; None turns it round."""
        self._act()
        if on is None:
            on = not self._standing.following
        if on:
            self._standing.follow()
        else:
            self._standing.pause()

    def scroll(self, lines: int) -> None:
        """So many lines down, or up; beyond the end means to follow."""
        self._act()
        self._standing.scroll(lines)

    def scroll_pages(self, pages: float) -> None:
        """So many screens down, or up."""
        self._act()
        self._standing.scroll_pages(pages)

    def scroll_sideways(self, cells: int) -> None:
        """So many cells to the right, or left, where lines are not folded."""
        self._standing.scroll_sideways(cells)
        self.changed = True

    def to_top(self) -> None:
        """To the first line."""
        self._act()
        self._standing.go(Place())

    def wrap(self) -> None:
        """Fold long lines or let them run on; the first line stays."""
        self._standing.wrap()
        self.changed = True

    def mark(self, letter: str) -> None:
        """Remember the place under a letter."""
        at = self._at
        self._act()
        self._marks[letter] = at
        self._notice = f"marked as {one_line(letter)}"

    def to_mark(self, letter: str) -> None:
        """Go where the letter is."""
        self._act()
        place = self._marks.get(letter)
        if place is None:
            self._notice = f"no mark {one_line(letter)}"
        else:
            self._standing.go(place)

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
        self._go_on(self._search.matcher, text, forward=not self._standing.following, here=True)

    def search_beyond(self, text: str, direction: int) -> None:
        """Go on here with what was looked for in another log: from the beginning (1), or from the end (-1)."""
        self._act()
        matcher = self._within_filter(Matcher(text))
        if self._search is None or self._search.matcher.text != text:
            self._search = Hits(self._log, matcher)
        self._begin_beyond(matcher, text, direction)

    def error_beyond(self, direction: int) -> None:
        """Go on here with looking for errors: from the beginning (1), or from the end (-1)."""
        self._act()
        self._begin_beyond(self._within_filter(self._errors), "errors", direction)

    def next_hit(self, direction: int, *, around: bool = True) -> None:
        """Go to the next hit (1) or the one before (-1); `around`: at the end begin again."""
        if self._search is None:
            self._act()
            self._notice = "nothing is searched for"
        elif self._seeking is not None:
            self._then.append(lambda: self.next_hit(direction, around=around))
        else:
            matcher = self._search.matcher
            self._go_on(matcher, matcher.text, forward=direction > 0, around=around)

    def next_error(self, direction: int, *, around: bool = True) -> None:
        """Go to the next line that tells of an error (1), or the one before (-1)."""
        if self._seeking is not None:
            self._then.append(lambda: self.next_error(direction, around=around))
        else:
            errors = self._within_filter(self._errors)
            self._go_on(errors, "errors", forward=direction > 0, around=around)

    def filter(self, text: str) -> None:
        """Show only matching lines; `!` first: only the others. Empty: show all again."""
        self._act()
        inverse = text.startswith("!")
        words = text.removeprefix("!")
        try:
            self._standing.restrict(Matcher(words, inverse=inverse) if words else None)
        except UsageError as error:
            self._notice = one_line(str(error))
        if self._search is not None:
            matcher = self._search.matcher
            plain_search = matcher.first if isinstance(matcher, AllOf) else matcher
            self._search = Hits(self._log, self._within_filter(plain_search))

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
            self._notice = "counting lines …"
            self._seeking = seek_line(self._log, self._standing.count, max(0, int(value) - 1))

    def to_step(self, step: float, epoch: float | None = None) -> None:
        """Go to the line that tells of a step of the training, or as near to it as there is one."""
        self._act()
        self._seeking = seek_step(self._log, step, epoch)
        self._notice = f"looking for step {step_words(step)} …"

    def cancel(self) -> None:
        """Stop looking for something."""
        self._act()

    # What is to be seen

    def screen(self) -> LogScreen:
        """The lines and what there is to say of them."""
        self.changed = False
        standing = self._standing
        lines = standing.lines(self._paint)
        rows = standing.rows.before(self._current + 1, 1) if self._current >= 0 else []
        if rows:
            row = plain(inks(rows[0].text))
        else:
            row = plain(lines[-1 if standing.following else 0].inks) if lines else ""
        return LogScreen(
            lines=tuple(lines),
            current=rows[0].begin if rows else -1,
            row=row,
            size=self._log.size(),
            filled=standing.filled(self._paint),
            misses=self._misses,
            status=self._status(lines),
        )

    def _paint(self, row: LogRow) -> Line:
        line = inks(row.text)
        hits = self._search or self._standing.filter
        if hits is None:
            return line
        return marked(line, hits.matcher.spans(plain(line)[: self._standing.seen]))

    def _status(self, lines: list[ScreenLine]) -> LogStatus:
        standing, search = self._standing, self._search
        count, filtered = standing.count, standing.filter
        line = None if standing.following else count.line_at(standing.top.begin)
        hit = None
        if search is not None and self._current >= 0 and search.complete:
            hit = search.rank(self._current + 1)
        return LogStatus(
            name=self._name,
            following=standing.following,
            line=None if line is None else line + 1,
            lines=None if standing.following else count.lines,
            percent=standing.percent(lines),
            new_lines=0 if standing.following else count.new,
            search=search.matcher.text if search else "",
            hit=hit or None,
            hits=None if search is None else search.total,
            searching=search is not None and not search.complete,
            filter=("!" * filtered.matcher.inverse + filtered.matcher.text) if filtered else "",
            matching=None if filtered is None else filtered.total,
            looking=self.looking,
            wrap=standing.wraps,
            is_awaited=not (self._notice or self._log.progress) and self._state.startswith(_WAITING),
            notice=self._notice or self._log.progress or self._state,
        )

    # Helpers

    @property
    def looking(self) -> bool:
        """Whether something is being looked for."""
        return self._seeking is not None

    @property
    def _at(self) -> Place:
        """Where acts begin that go on from somewhere."""
        return Place(self._current) if self._current >= 0 else self._standing.top

    def _act(self) -> None:
        """Most acts end what was going on and what was said."""
        self._seeking = None
        self._then.clear()
        self._current = -1
        self._notice = ""
        self.changed = True

    def _within_filter(self, searcher: Searcher) -> Searcher:
        filtered = self._standing.filter
        return searcher if filtered is None else AllOf(searcher, filtered.matcher)

    def _begin_beyond(self, searcher: Searcher, what: str, direction: int) -> None:
        forward = direction > 0
        begin = 0 if forward else self._log.size()
        self._seeking = seek(self._log, searcher, begin, forward=forward, what=what, around=False)
        self._notice = f"looking for {one_line(what)} …"

    def _go_on(
        self, searcher: Searcher, what: str, *, forward: bool, here: bool = False, around: bool = True
    ) -> None:
        """Look for the next matching line from the current one; `here`: which may be the one."""
        current, at = self._current, self._at.begin
        self._act()
        self._current = current
        if self._standing.following and current < 0:
            at = at if forward else self._log.size()
        elif forward and not here and current >= 0:
            at = after(self._log, at)
        self._seeking = seek(self._log, searcher, at, forward=forward, what=what, around=around)
        self._notice = f"looking for {one_line(what)} …"

    def _arrive(self, found: Found) -> None:
        self._notice = one_line(found.notice)
        self.changed = True
        if found.begin is None:
            self._misses += 1
            self._then.clear()
            return
        self._current = found.begin
        self._standing.show(found.begin)
        if self._then:
            first, *then = self._then
            self._then = []
            first()
            self._then = then

    def _take_news(self, news: News) -> None:
        self.changed = True
        if not isinstance(news, Restarted):
            self._state = one_line(news.text)
            return
        self._act()
        self._state = f"{news.why}: shown from its new beginning"
        self._marks.clear()
        self._standing.begin_anew()
        if self._search is not None:
            self._search = Hits(self._log, self._search.matcher)
