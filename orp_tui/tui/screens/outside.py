"""What leaves the screen for a while: the editor, the pager, and text that is copied."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from orp_tui.core.errors import OrpError
from orp_tui.tui.screens.copying import Copying
from orp_tui.tui.screens.run_verbs import RunVerbs

if TYPE_CHECKING:
    from orp_tui.services.run_page import RunPage
    from orp_tui.services.watch import RunView


class Outside(RunVerbs, Copying):
    """A screen whose runs and files can be edited, paged and copied."""

    def with_terminal(self, work: Callable[[], str | None]) -> bool:
        """Give the terminal to `work`, which says in a line how it went wrong; whether it went well."""
        with self.app.suspend():
            # Within: an error that passed `suspend` would leave the screen with the shell.
            try:
                wrong = work()
            except (OrpError, OSError) as error:
                wrong = str(error)
        if wrong is not None:
            self.orp.say(wrong, severity="error")
        return wrong is None

    def action_clone_run(self) -> None:
        runs = self.chosen_runs()
        if len(runs) != 1:
            self.orp.say("one run at a time can be edited", severity="warning")
            return
        self._edit_copy(runs[0])

    def action_show_lineage(self) -> None:
        runs = self.chosen_runs()
        if len(runs) != 1:
            self.orp.say(
                "one run at a time has a lineage" if runs else "there is no run here", severity="warning"
            )
            return
        from orp_tui.tui.screens.lineage import LineageScreen

        self.app.push_screen(LineageScreen(runs[0].run.id))

    def action_page_log(self) -> None:
        place = self.log_place()
        if place is None:
            self.orp.say("there is no log here", severity="warning")
        else:
            from orp_tui.services import terminal

            self.with_terminal(lambda: terminal.page(place, at_end=True))

    def log_place(self) -> str | None:
        """The log that is shown, as `terminal.page` takes it; None if there is none."""
        raise NotImplementedError

    def copy_choices(self) -> dict[str, tuple[str, str]]:
        """What can be copied here: its name → its letter, and the text."""
        runs = self.chosen_runs()
        paths = self.orp.context.paths
        choices: dict[str, tuple[str, str]] = {}
        if runs:
            choices["id"] = ("i", "\n".join(item.run.id for item in runs))
            choices["name"] = ("n", "\n".join(item.run.name for item in runs))
            choices["path of the run folder"] = (
                "p",
                "\n".join(str(paths.run(item.run.id).folder) for item in runs),
            )
        return choices | super().copy_choices()

    def _edit_copy(self, item: RunView) -> None:
        from orp_tui.services import drafts, terminal

        context, run_id = self.orp.context, item.run.id
        try:
            draft = drafts.draft_of(context, run_id)
        except (OrpError, OSError) as error:
            self.orp.say(str(error), severity="error")
            return
        if not self.with_terminal(lambda: terminal.edit(draft)):
            return
        if drafts.is_edited(context, run_id, draft):
            self.orp.act(lambda context: drafts.queue_draft(context, run_id, draft))
        else:
            drafts.drop_draft(draft)
            self.orp.say("nothing was changed, so nothing was queued")


def command_of(page: RunPage) -> str | None:
    """The command line of a run, to be pasted into a shell; None if its request does not tell."""
    argv = (page.detail.request or {}).get("argv") if page.detail is not None else None
    return shlex.join(map(str, argv)) if isinstance(argv, list) else None


def short_path(path: Path) -> str:
    """A path as people write it, from their home."""
    home = str(Path.home())
    text = str(path)
    return "~" + text[len(home) :] if text == home or text.startswith(home + "/") else text
