"""What can be copied from a screen: asked for in a list, carried to the clipboard in a thread."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual import work
from textual.actions import SkipAction
from textual.screen import Screen

from orp_tui.core.sanitise import sanitise

if TYPE_CHECKING:
    from orp_tui.tui.app import OrpApp


class Copying(Screen[None]):
    """A screen from which text can be taken."""

    def copy_choices(self) -> dict[str, tuple[str, str]]:
        """What can be copied here: its name → its letter, and the text."""
        return {"screen": ("s", self._bare_screen())}

    def action_copy(self) -> None:
        from orp_tui.tui.screens.dialogs import Choose

        choices = self.copy_choices()

        def chosen(name: str | None) -> None:
            if name is not None:
                self._copy(choices[name][1])

        options = [(letter, name, name) for name, (letter, _text) in choices.items()]
        self.app.push_screen(Choose("Copy", options), chosen)

    def action_copy_text(self) -> None:
        """Copy what is selected with the mouse as `y` copies: a terminal in between may drop what Textual sends."""
        selected = self.get_selected_text()
        if not selected:
            raise SkipAction
        self._copy(selected)

    @work(thread=True, exit_on_error=False, group="copy")
    def _copy(self, text: str) -> None:
        from orp_tui.services.clipboard import Clipboard

        app = cast("OrpApp", self.app)
        # What is pasted into a shell may act there as it may here.
        text = sanitise(text, keep_newlines=True)
        said = Clipboard(lambda words: app.call_from_thread(app.copy_to_clipboard, words)).copy(text)
        app.call_from_thread(app.say, said)

    def _bare_screen(self) -> str:
        strips = self._compositor.render_strips()
        return "\n".join(strip.text.rstrip() for strip in strips) + "\n"
