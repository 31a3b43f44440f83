"""News that more than one part of the dashboard hears."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from orp_tui.services.acts import Outcome
    from orp_tui.services.board import Board
    from orp_tui.services.chart_lines import ChartLook
    from orp_tui.services.configs import ConfigsView
    from orp_tui.services.log_places import LogPlaces
    from orp_tui.services.selected import SelectedRun
    from orp_tui.services.system import SystemLook


@dataclasses.dataclass
class BoardChanged(Message, bubble=False):
    """Queue and runs were looked at."""

    board: Board

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, BoardChanged)


@dataclasses.dataclass
class LogsFound(Message):
    """Where the logs of the selected run are, now that it is another run, or now that they are elsewhere."""

    places: LogPlaces

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, LogsFound)


@dataclasses.dataclass
class SelectedChanged(Message):
    """The selected run was looked at."""

    selected: SelectedRun

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, SelectedChanged)


@dataclasses.dataclass
class ChartChanged(Message):
    """A run that is drawn has logged something, or others are to be drawn."""

    look: ChartLook

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, ChartChanged)


@dataclasses.dataclass
class ConfigsChanged(Message, bubble=False):
    """The folder of experiment files, or the runs of its files, are others."""

    view: ConfigsView

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, ConfigsChanged)


@dataclasses.dataclass
class MachineChanged(Message, bubble=False):
    """GPUs and host were looked at."""

    look: SystemLook

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, MachineChanged)


@dataclasses.dataclass
class FeedFailed(Message, bubble=False):
    """A thread that looks at something met with a fault of ours; it tries again in a while."""

    subject: str
    """What it looks at, in words."""
    error: Exception
    report: str
    """Path of a file with the traceback; empty if there is none."""


@dataclasses.dataclass
class ActDone(Message):
    """An act on runs has come to its end."""

    outcome: Outcome
    is_undo: bool = False
    is_redo: bool = False
