"""The last line: the keys of what has the focus."""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Input

from orp_tui.core.sanitise import cell_width

_ALWAYS = ("app.palette", "app.help", "app.leave")
"""These stand at the end of the line, whatever else has to go."""


_TYPING = [("enter", "Go"), ("esc", "Back")]
"""While words are typed no letter is a key."""


class KeyLine(Widget):
    """One line of `key Label`; what does not fit is left out, the last three never."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"keys--key", "keys--label"}
    DEFAULT_CSS = """
    KeyLine { dock: bottom; height: 1; width: 1fr; }
    """

    def on_mount(self) -> None:
        self._pairs: list[tuple[str, str]] = []
        self._last: list[tuple[str, str]] = []
        self.screen.bindings_updated_signal.subscribe(self, lambda _screen: self.take())
        self.call_after_refresh(self.take)

    def take(self) -> None:
        """Find out again which keys there are; nothing is drawn if they are the same."""
        pairs, last = (_TYPING, []) if isinstance(self.screen.focused, Input) else self._offered()
        if (pairs, last) != (self._pairs, self._last):
            self._pairs, self._last = pairs, last
            self.refresh()

    def _offered(self) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
        """The keys of the place, and those that always stand at the end."""
        offers = getattr(self.screen, "offers", lambda _action: True)
        pairs: list[tuple[str, str]] = []
        last: dict[str, tuple[str, str]] = {}
        for active in self.screen.active_bindings.values():
            binding = active.binding
            if not binding.show or not active.enabled or not offers(binding.action):
                continue
            pair = (self.app.get_key_display(binding), binding.description)
            if binding.id in _ALWAYS:
                last[binding.id] = pair
            elif pair not in pairs:
                pairs.append(pair)
        return pairs, [last[name] for name in _ALWAYS if name in last]

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        key, label = (self.get_component_rich_style(f"keys--{part}") for part in ("key", "label"))
        room = width - sum(_cells(pair) for pair in self._last)
        shown = []
        for pair in self._pairs:
            room -= _cells(pair)
            if room < 0:
                break
            shown.append(pair)
        segments = []
        for name, words in (*shown, *self._last):
            segments += [Segment(f" {name}", key), Segment(f" {words}", label)]
        return Strip(segments).adjust_cell_length(width, label)


def _cells(pair: tuple[str, str]) -> int:
    return cell_width(pair[0]) + cell_width(pair[1]) + 2
