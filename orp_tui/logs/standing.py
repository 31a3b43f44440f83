"""Where the screen stands in a log: at its end as it grows, or at a place; all lines or a filter's."""

from __future__ import annotations

from orp_tui.logs.counting import LineCount
from orp_tui.logs.filtered import FilteredRows
from orp_tui.logs.hits import Hits
from orp_tui.logs.ink import Measure
from orp_tui.logs.match import Searcher
from orp_tui.logs.page import Page, Paint, Place, Rows, ScreenLine
from orp_tui.logs.recent import LogTail
from orp_tui.logs.scrollback import Scrollback
from orp_tui.logs.source import OpenLog
from orp_tui.logs.status import FILLED_MOST

_END = 1 << 62


class Standing:
    """The lines of `log` on the screen. Changes nothing by itself but what is new at the end."""

    def __init__(self, log: OpenLog, measure: Measure) -> None:
        self._log = log
        self._page = Page(measure)
        self._scrollback = Scrollback(log)
        self._tail = LogTail(log, self._scrollback)
        self._filtered: FilteredRows | None = None
        self._filled = 0
        self._size = -1
        self._shown = False
        self.count = LineCount(log)
        self.following = True
        self.filter: Hits | None = None

    # What is there

    @property
    def rows(self) -> Rows:
        """The rows that can be seen: all, or those of the filter."""
        return self._filtered or self._scrollback

    @property
    def top(self) -> Place:
        """The first line on the screen."""
        return self._page.top

    @property
    def wraps(self) -> bool:
        """Whether long lines are folded."""
        return self._page.wrap

    @property
    def seen(self) -> int | None:
        """Characters at the beginning of a row of which some may be seen; None if all may."""
        return None if self._page.wrap else 2 * (self._page.column + self._page.width)

    def lines(self, paint: Paint) -> list[ScreenLine]:
        """What is on the screen."""
        self._shown = True
        page = self._page
        if not self.following:
            return page.lines(self.rows, paint)
        if self.filter is None:
            self._tail.look()
            rows = self._tail.rows(page.height)
        else:
            rows = self.rows.before(_END, page.height)
        return page.last_lines(rows, paint)

    def filled(self, paint: Paint) -> int:
        """Lines of the screen that the whole log would fill, at most `FILLED_MOST`."""
        if self._filled < FILLED_MOST:
            rows = self.rows.before(_END, FILLED_MOST)
            self._filled = min(FILLED_MOST, sum(len(self._page.folded(row, paint)) for row in rows))
        return self._filled

    def percent(self, lines: list[ScreenLine]) -> int:
        """Share of the log's bytes that lie above the end of the screen."""
        size = self._log.size()
        if self.following or not lines or not size:
            return 100
        following = self.rows.after(lines[-1].begin + 1, 1)
        return 100 * following[0].begin // size if following else 100

    # What time brings

    def look(self) -> bool:
        """Whether something is new that may be seen."""
        size, before = self._log.size(), self._size
        self._size = size
        if self.following and self.filter is None:
            return self._tail.look()
        return size != before

    def work(self) -> bool:
        """Filter and count a slice; False if there is nothing to do for now."""
        busy = self.filter is not None and self.filter.step()
        return (not self.following and self.count.step()) or busy

    def begin_anew(self) -> None:
        """The log was truncated, or is another one."""
        self._scrollback.clear()
        self._tail.clear()
        self.count.clear()
        self._page.top = Place()
        self.restrict(None if self.filter is None else self.filter.matcher)

    # Where to

    def resize(self, width: int, height: int) -> None:
        """The screen's cells."""
        self._page.width, self._page.height = max(1, width), max(1, height)
        self._filled = 0

    def follow(self) -> None:
        """Go to the end and stay there."""
        self.following = True

    def pause(self) -> None:
        """Stay at what is on the screen, whatever comes."""
        if not self.following:
            return
        if not self._shown:
            self.lines(lambda _: ())
        self.following = False
        self.count.pause(self._log.size())
        self.count.begin()

    def scroll(self, lines: int) -> None:
        """So many lines of the screen down, or up; beyond the end means to follow."""
        if self.following and lines >= 0:
            return
        self.pause()
        whole = self.filter is None or self.filter.complete
        if not self._page.scroll(self.rows, lines) and lines > 0 and whole and not self._log.ended:
            self.follow()

    def scroll_pages(self, pages: float) -> None:
        """So many screens down, or up; one line stays in sight."""
        lines = int(pages * max(1, self._page.height - 1))
        self.scroll(lines or (1 if pages > 0 else -1))

    def scroll_sideways(self, cells: int) -> None:
        """So many cells to the right, or left, where lines are not folded."""
        if not self._page.wrap:
            self._page.column = max(0, self._page.column + cells)

    def go(self, place: Place) -> None:
        """Begin the screen with a line."""
        self.pause()
        self._page.top = place

    def show(self, begin: int) -> None:
        """Have the line of an offset on the screen, with some before it."""
        self.pause()
        self._page.show(self.rows, begin)

    def wrap(self) -> None:
        """Fold long lines or let them run on; the first line stays."""
        self._page.wrap = not self._page.wrap
        self._page.column = self._filled = 0
        self._page.top = self._page.top._replace(fold=0)

    def restrict(self, matcher: Searcher | None) -> None:
        """Show only matching lines, from about the same place on; None: all."""
        self._filled = 0
        self.filter = self._filtered = None
        if matcher is not None:
            self.filter = Hits(self._log, matcher)
            self._filtered = FilteredRows(self._log, self.filter)
        self._page.top = self._page.top._replace(fold=0)
