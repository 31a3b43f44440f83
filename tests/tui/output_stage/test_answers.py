from __future__ import annotations

import pytest
from textual import events
from textual.message import Message

from orp_tui.tui.output_stage.answers import AnswerParser


class Typed:
    """What comes of what is read."""

    def __init__(self) -> None:
        self.answers = 0
        self.parser = AnswerParser(False, self._answered)

    def _answered(self) -> None:
        self.answers += 1

    def read(self, *pieces: str) -> list[Message]:
        return [message for piece in pieces for message in self.parser.feed(piece)]

    def keys(self, *pieces: str) -> list[str]:
        return [message.key for message in self.read(*pieces) if isinstance(message, events.Key)]


@pytest.fixture
def typed() -> Typed:
    return Typed()


def test_an_answer_is_no_key(typed):
    assert typed.keys("\x1b[0n") == []
    assert typed.keys("a\x1b[0nb\x1b[3n\x1b[0n\x1b[A") == ["a", "b", "up"]
    assert typed.answers == 4


@pytest.mark.parametrize("cut", [1, 2, 3])
def test_an_answer_in_two_pieces_is_no_key_either(typed, cut):
    answer = "\x1b[0n"

    assert typed.keys(f"a{answer[:cut]}", f"{answer[cut:]}b") == ["a", "b"]
    assert typed.answers == 1


@pytest.mark.parametrize("cut", range(5))
def test_an_answer_within_a_paste_spoils_it_not(typed, cut):
    answer = "\x1b[0n"
    pieces = ["\x1b[200~rm -rf x", f" one{answer[:cut]}", f"{answer[cut:]} two\n", "three\x1b[201~", "k"]

    messages = typed.read(*pieces)

    pastes = [message.text for message in messages if isinstance(message, events.Paste)]
    assert pastes == ["rm -rf x one two\nthree"]
    assert [message.key for message in messages if isinstance(message, events.Key)] == ["k"]
    assert typed.answers == 1


def test_a_paste_that_looks_like_an_answer_at_its_end_arrives_whole(typed):
    messages = typed.read("\x1b[200~x", "\x1b", "[201~y")

    assert [message.text for message in messages if isinstance(message, events.Paste)] == ["x"]
    assert [message.key for message in messages if isinstance(message, events.Key)] == ["y"]
    assert typed.answers == 0


def test_other_keys_and_answers_are_as_ever(typed):
    messages = typed.read("\x1b[?2026;2$y", "\x1b[<0;3;4M", "\x1b[13;1u", "n", "0")

    assert [type(message).__name__ for message in messages] == [
        "TerminalSupportsSynchronizedOutput", "MouseDown", "Key", "Key", "Key",
    ]  # fmt: skip
    assert typed.answers == 0
