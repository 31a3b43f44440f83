"""News that more than one part of the dashboard hears."""

from __future__ import annotations

import dataclasses

from textual.message import Message

from orp_tui.services.acts import Outcome
from orp_tui.services.board import Board
from orp_tui.services.selected import SelectedRun


@dataclasses.dataclass
class BoardChanged(Message):
    """Queue and runs were looked at."""

    board: Board

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, BoardChanged)


@dataclasses.dataclass
class SelectedChanged(Message):
    """The selected run was looked at."""

    selected: SelectedRun

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, SelectedChanged)


@dataclasses.dataclass
class ActDone(Message):
    """An act on runs has come to its end."""

    outcome: Outcome
    is_undo: bool = False
    is_redo: bool = False
