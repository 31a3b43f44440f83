"""Letters typed right behind the key that opens a field go into that field.

Textual hands a key to the widget that has the focus when the key is read. Of keys that come at
once, as over a slow link or from a fast hand, all but the first would be lost on the list beneath,
or would act there: `q` behind `/` would leave.
"""

from __future__ import annotations

from weakref import WeakKeyDictionary

from textual import events
from textual.app import App, ReturnType
from textual.widget import Widget
from textual.widgets import Input, TextArea


class TypedAhead(App[ReturnType]):
    """An app whose fields get what was typed ahead for them."""

    def __init__(self) -> None:
        super().__init__()
        self._read_by: WeakKeyDictionary[events.Key, Widget | None] = WeakKeyDictionary()
        """Which widget had the focus when a key was read."""

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.Key) and not event.is_forwarded:
            self._read_by[event] = self.focused
        await super().on_event(event)

    async def _on_key(self, event: events.Key) -> None:
        """A key that no widget has taken. Textual runs this beside the method of its own class."""
        field = self.focused
        if (
            isinstance(field, Input | TextArea)
            and event in self._read_by
            and self._read_by[event] is not field
        ):
            event.prevent_default()
            again = events.Key(event.key, event.character)
            self._read_by[again] = field
            field._forward_event(again)
