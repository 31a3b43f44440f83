"""Experiment files for tests of what shows them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from textual.app import App, ComposeResult
from textual.screen import Screen

from orp_tui.core.problem import Problem
from orp_tui.core.states import RunState
from orp_tui.services.configs import ConfigFile, ConfigsView
from orp_tui.services.configs_read import Kind, Reading
from orp_tui.services.configs_runs import ConfigRun
from orp_tui.tui.manners import Manners
from orp_tui.tui.styles import style_files
from orp_tui.tui.themes import register_themes, state_variables
from orp_tui.tui.widgets.configs_tree import ConfigsTree

FOLDER = Path("/home/me/project/configs")


def file(name, kind=Kind.VALID, experiment="", *, state=None, held=False, problem=None):
    """A file; `problem` is line, key and message; with `state` it has the run `k3fa`."""
    path = FOLDER / name
    run = None if state is None else ConfigRun("exp_20261124_093000_k3fa", RunState(state), held)
    problems = () if problem is None else (Problem(str(path), *problem),)
    return ConfigFile(path, name, Reading(kind, experiment, problems), run)


def view(*files, notes=(), exists=True):
    """The folder with these files, which are named in the order of a tree."""
    return ConfigsView(FOLDER, exists, tuple(files), tuple(notes))


class StyledApp(App[None]):
    """An empty screen in our styles; `answers` holds what the screens above it were dismissed with."""

    CSS_PATH = style_files()

    def __init__(self) -> None:
        super().__init__()
        self.answers: list[object] = []

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return state_variables(self.current_theme)

    def on_mount(self) -> None:
        register_themes(self, Manners())

    async def put(self, screen: Screen[Any]) -> None:
        """Show a screen and keep its answer."""
        await self.push_screen(screen, self.answers.append)


class TreeApp(StyledApp):
    """Nothing but the tree."""

    def __init__(self, *, ascii_only: bool = False) -> None:
        super().__init__()
        self.highlighted: list[str | None] = []
        self._ascii = ascii_only

    def compose(self) -> ComposeResult:
        yield ConfigsTree(ascii_only=self._ascii)

    def on_mount(self) -> None:
        super().on_mount()
        self.tree_shown.focus()

    @property
    def tree_shown(self) -> ConfigsTree:
        """The tree."""
        return self.query_one(ConfigsTree)

    def on_configs_tree_config_highlighted(self, event: ConfigsTree.ConfigHighlighted) -> None:
        self.highlighted.append(event.file.name if event.file is not None else None)
