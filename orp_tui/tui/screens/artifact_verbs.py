"""What a person does with the zip of the run that is shown: look into it, verify it, take a file out of it."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from pathlib import Path

from textual import on, work
from textual.message import Message
from textual.worker import get_current_worker

from orp_tui.core.errors import OrpError
from orp_tui.core.sanitise import one_line
from orp_tui.services.preview import Place
from orp_tui.services.run_page import RunPage, verify_zip
from orp_tui.tui.screens.outside import Outside
from orp_tui.tui.screens.preview import PreviewScreen
from orp_tui.tui.widgets.artifact_list import ArtifactList
from orp_tui.tui.widgets.prompt_line import PromptLine
from orp_tui.tui.widgets.run_panes import RunPanes


class ArtifactVerbs(Outside):
    """A screen with RunPanes and a PromptLine."""

    @dataclasses.dataclass
    class Verified(Message):
        """The zip was compared with its manifest, or is being (`is_done` False)."""

        words: str
        is_done: bool

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, ArtifactVerbs.Verified) and not message.is_done

    @property
    def page(self) -> RunPage | None:
        """What was last found; None before the first look has come to its end."""
        raise NotImplementedError

    @on(ArtifactList.OpenRequested)
    def _open_artifact(self, event: ArtifactList.OpenRequested) -> None:
        event.stop()
        self.app.push_screen(PreviewScreen(event.place))

    def action_filter_artifacts(self) -> None:
        files = self.query_one(ArtifactList)
        self.query_one(PromptLine).ask(
            "files:", files.filter_words, lambda words: setattr(files, "filter_words", words)
        )

    @on(ArtifactList.TitleChanged)
    def _files_changed(self, event: ArtifactList.TitleChanged) -> None:
        event.stop()
        self.query_one(RunPanes).show_titles()

    # Verifying

    @on(ArtifactList.VerifyRequested)
    def _verify(self, event: ArtifactList.VerifyRequested) -> None:
        event.stop()
        page = self.page
        if page is None or page.files.zip_path is None:
            self.orp.say("there is no zip to verify", severity="warning")
            return
        workspace = page.workspace
        root = None if workspace is None or workspace.in_zip else workspace.root
        self._verify_in_thread(page.files.zip_path, root)

    @work(thread=True, exclusive=True, exit_on_error=False, group="verify")
    def _verify_in_thread(self, archive: Path, workspace: Path | None) -> None:
        words = verify_zip(archive, workspace, self._told("verifying"))
        self.post_message(self.Verified(one_line(words, 300), is_done=True))

    def _told(self, what: str) -> Callable[[int, int], None]:
        """Tells of each tenth that is done."""
        worker, said = get_current_worker(), -1

        def progress(done: int, total: int) -> None:
            nonlocal said
            share = done * 10 // max(1, total)
            if share != said and not worker.is_cancelled:
                said = share
                self.post_message(self.Verified(f"{what} {share * 10} %", is_done=False))

        return progress

    @on(Verified)
    def _show_verified(self, event: Verified) -> None:
        event.stop()
        self.query_one(RunPanes).show_verified(one_line(event.words, 60))
        if event.is_done:
            is_bad = event.words.startswith("DAMAGED")
            self.orp.say(f"zip {event.words}", severity="error" if is_bad else "information")

    # Taking a file out

    def action_extract_artifact(self) -> None:
        from orp_tui.tui.screens.dialogs import AskLine

        file = self.query_one(ArtifactList).file
        if file is None or file.place is None or not file.place.in_zip:
            self.orp.say(_why_not(file.where if file is not None else "", file is None), severity="warning")
            return
        place = file.place

        def typed(text: str | None) -> None:
            if text is not None:
                self._ask_over(place, text)

        self.app.push_screen(
            AskLine(
                f"Extract {one_line(place.path, 60)} into",
                value=os.getcwd(),
                hint="Enter writes it there under its own path; Esc leaves it.",
            ),
            typed,
        )

    def _ask_over(self, place: Place, text: str) -> None:
        """Write it, after a yes if something is there."""
        from orp_tui.services.extraction import is_there, target_of
        from orp_tui.tui.screens.dialogs import Confirm

        try:
            folder = target_of(text)
            meets = is_there(place, folder)
        except (OrpError, OSError, ValueError) as error:
            self.orp.say(str(error), severity="error")
            return
        if not meets:
            self._extract_in_thread(place, folder, overwrite=False)
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self._extract_in_thread(place, folder, overwrite=True)

        target = one_line(str(folder / place.path), 200)
        self.app.push_screen(Confirm("Write over it?", [f"{target} is there already."]), answered)

    @work(thread=True, exit_on_error=False, group="extract")
    def _extract_in_thread(self, place: Place, folder: Path, *, overwrite: bool) -> None:
        from orp_tui.services.extraction import extract_one

        try:
            said = extract_one(place, folder, overwrite=overwrite, progress=self._told("extracting"))
        except (OrpError, OSError) as error:
            self.app.call_from_thread(self.orp.say, str(error), severity="error")
        else:
            self.app.call_from_thread(self.orp.say, said)
        self.post_message(self.Verified("", is_done=False))


def _why_not(where: str, is_nothing: bool) -> str:
    if is_nothing:
        return "there is no file here"
    if where == "left out":
        return "it was left out of the zip"
    return "it lies in a folder, not in a zip: y copies its path"
