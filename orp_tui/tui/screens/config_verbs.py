"""What a person does to experiment files: add, open, edit, copy, make new ones."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from textual import on, work
from textual.message import Message

from orp_tui.core.errors import OrpError
from orp_tui.core.sanitise import one_line
from orp_tui.core.words import counted
from orp_tui.services.configs_read import Kind
from orp_tui.tui.config_rows import first_problem
from orp_tui.tui.messages import ActDone
from orp_tui.tui.screens.dialogs import MANY, AskLine, Choose, Confirm
from orp_tui.tui.screens.outside import Outside
from orp_tui.tui.widgets.configs_tree import ConfigsTree

if TYPE_CHECKING:
    from orp_tui.services import configs_submit
    from orp_tui.services.add_choice import AddChoice
    from orp_tui.services.configs import ConfigFile
    from orp_tui.services.templates import Template

_INPUT, _OUTPUT = "input", "output"
_NAMED = 8
"""So many files a question names one by one."""


class ConfigVerbs(Outside):
    """A screen with a ConfigsTree."""

    @dataclasses.dataclass
    class Added(Message):
        """Files were queued, or refused."""

        paths: tuple[Path, ...]
        choice: AddChoice
        added: configs_submit.Added

    def action_add_config(self, options: bool) -> None:
        self._add_files(self._tree.chosen_files, options=options)

    def _add_files(self, files: Sequence[ConfigFile], *, options: bool) -> None:
        good = [file for file in files if file.kind is Kind.VALID]
        if not good:
            self.orp.say(_why_none(files), severity="warning")
            return
        paths = tuple(file.path for file in good)
        if not options:
            self._ask_if_many(good, lambda: self._add(paths, None))
            return
        from orp_tui.tui.screens.add_options import AddOptions

        def chosen(choice: AddChoice | None) -> None:
            if choice is not None:
                self._add(paths, choice)

        self.app.push_screen(AddOptions(self.orp.context, paths), chosen)

    def _ask_if_many(self, files: Sequence[ConfigFile], add: Callable[[], object]) -> None:
        """More than a few, as those of a whole folder, are named first."""
        number = sum(file.reading.runs for file in files)
        if number <= MANY:
            add()
            return
        lines = [f"{one_line(file.name, 60)}  {counted(file.reading.runs, 'run')}" for file in files[:_NAMED]]
        if len(files) > _NAMED:
            lines.append(f"… and {counted(len(files) - _NAMED, 'more file')}")

        def answered(yes: bool | None) -> None:
            if yes:
                add()

        title = f"Queue {counted(number, 'run')} of {counted(len(files), 'file')}?"
        self.app.push_screen(Confirm(title, lines, count=number), answered)

    @work(thread=True, exit_on_error=False, group="acts")
    def _add(self, paths: Sequence[Path], choice: AddChoice | None) -> None:
        from orp_tui.services.add_choice import NO_CHOICE
        from orp_tui.services.configs_submit import submit_configs

        choice = choice or NO_CHOICE
        self.post_message(self.Added(tuple(paths), choice, submit_configs(self.orp.context, paths, choice)))

    @on(Added)
    def _added(self, event: Added) -> None:
        event.stop()
        added = event.added
        if added.items:
            self.app.post_message(ActDone(added.outcome))
        if added.notes:
            self.orp.say("\n".join(added.notes))
        if added.questions:
            self._ask_questions(event, list(added.questions), [])
        elif added.refused:
            self.orp.say(added.refused, severity="error")

    def _ask_questions(
        self, event: Added, left: list[configs_submit.OpenQuestion], answers: list[tuple[Path, str, str]]
    ) -> None:
        """One question after the other; then the answers go to orp.yaml, and the files are added again."""
        if not left:
            self._answer(event.paths, event.choice, answers)
            return
        question, *others = left

        def chosen(kind: str | None) -> None:
            if kind is None:
                self.orp.say(event.added.refused, severity="warning")
            else:
                self._ask_questions(event, others, [*answers, (question.project, question.path, kind)])

        title = f"{question.path} ({question.why}): what is it to the training?"
        options = [
            ("i", _INPUT, "input: it reads it; each run gets a link"),
            ("o", _OUTPUT, "output: it writes it; each run gets an empty one of its own"),
        ]
        self.app.push_screen(Choose(title, options), chosen)

    @work(thread=True, exit_on_error=False, group="acts")
    def _answer(
        self, paths: tuple[Path, ...], choice: AddChoice, answers: list[tuple[Path, str, str]]
    ) -> None:
        from orp_tui.services import configs_submit

        context = self.orp.context
        try:
            for project in dict.fromkeys(project for project, _, _ in answers):
                given = [(path, kind) for where, path, kind in answers if where == project]
                context = configs_submit.answer(
                    context,
                    project,
                    inputs=[path for path, kind in given if kind == _INPUT],
                    outputs=[path for path, kind in given if kind == _OUTPUT],
                )
        except (OrpError, OSError) as error:
            self.app.call_from_thread(self.orp.say, str(error), severity="error")
            return
        self.orp.context = context
        added = configs_submit.submit_configs(context, paths, choice)
        self.post_message(self.Added(paths, choice, added))

    def action_open_config(self) -> None:
        if self._tree.toggle_folder():
            return
        file = self._tree.cursor_file
        if file is None:
            return
        from orp_tui.tui.screens.config_view import ConfigView

        def answered(act: str | None) -> None:
            if act == "edit":
                self._edit(file.path)
            elif act is not None:
                self._add_files([self._tree.file_of(file.path) or file], options=act == "options")

        self.app.push_screen(ConfigView(file.path), answered)

    def action_edit_config(self) -> None:
        file = self._file()
        if file is not None:
            self._edit(file.path)

    def action_copy_config(self) -> None:
        file = self._file()
        if file is not None:
            self._propose_copy(file.path)

    @work(thread=True, exit_on_error=False, group="files")
    def _propose_copy(self, path: Path) -> None:
        from orp_tui.services.configs_files import free_name

        try:
            name = free_name(path).name
        except OrpError as error:
            self.app.call_from_thread(self.orp.say, str(error), severity="error")
            return
        self.app.call_from_thread(self._ask_copy, path, name)

    def _ask_copy(self, path: Path, name: str) -> None:
        from orp_tui.services.configs_files import copy_file

        def named(typed: str | None) -> None:
            if typed is not None:
                self._make(lambda: copy_file(path, typed))

        self.app.push_screen(
            AskLine("Copy as", value=name, hint="Enter copies it and opens the editor"), named
        )

    def action_new_config(self) -> None:
        self._find_templates()

    @work(thread=True, exit_on_error=False, group="files")
    def _find_templates(self) -> None:
        from orp_tui.services.templates import templates

        self.app.call_from_thread(self._offer, templates())

    def _offer(self, templates: Sequence[Template]) -> None:
        known = {template.name: template for template in templates}
        options = [("", template.name, template.title) for template in templates]

        def chosen(name: str | None) -> None:
            if name is not None:
                self._name_new(known[name])

        self.app.push_screen(Choose("New experiment file from", options), chosen)

    def _name_new(self, template: Template) -> None:
        from orp_tui.services.configs_files import new_from_template

        folder = self.orp.configs_dir

        def named(typed: str | None) -> None:
            if typed is not None:
                self._make(lambda: new_from_template(template, folder, typed))

        value = f"{self._tree.cursor_folder or ''}{template.name}.yaml"
        hint = f"inside {folder}; Enter makes it and opens the editor"
        self.app.push_screen(AskLine("Name of the new file", value=value, hint=hint), named)

    @work(thread=True, exit_on_error=False, group="files")
    def _make(self, make: Callable[[], Path]) -> None:
        try:
            path = make()
        except (OrpError, OSError) as error:
            self.app.call_from_thread(self.orp.say, str(error), severity="error")
            return
        self.app.call_from_thread(self._made, path)

    def _made(self, path: Path) -> None:
        if path.is_relative_to(self.orp.configs_dir):
            self._tree.reveal(path.relative_to(self.orp.configs_dir).as_posix())
        self._edit(path)

    def _edit(self, path: Path) -> None:
        from orp_tui.services import terminal

        self.with_terminal(lambda: terminal.edit(path))
        self.orp.look_at_configs()

    def _file(self) -> ConfigFile | None:
        file = self._tree.cursor_file
        if file is None:
            self.orp.say("there is no file here", severity="warning")
        return file

    @property
    def _tree(self) -> ConfigsTree:
        return self.query_one(ConfigsTree)


def _why_none(files: Sequence[ConfigFile]) -> str:
    """Why nothing of these can be queued, and what to do."""
    if len(files) == 1 and files[0].problems:
        words, _ = first_problem(files[0].problems)
        name = one_line(files[0].name, 60)
        if files[0].kind is Kind.OTHER:
            return f"{name} is no experiment: {words}"
        return f"{name} can't be queued: {words}\nEnter shows it, e opens the editor"
    if not files:
        return "there is no experiment file here; n makes one"
    return "there is no valid experiment file among these"
