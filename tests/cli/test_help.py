"""`orp help`: commands and topics."""

from __future__ import annotations

import re

import pytest
from desk import Desk

from orp_tui.cli.topics import TOPICS


def test_help_lists_commands_and_topics(desk: Desk) -> None:
    done = desk.call("help")

    assert done.code == 0
    assert all(topic in done.out for topic in TOPICS)
    assert "artifacts" in done.out


@pytest.mark.parametrize("topic", TOPICS)
def test_each_topic_fits_a_page_of_100_columns(desk: Desk, topic: str) -> None:
    done = desk.call("help", topic)

    assert done.code == 0
    assert max(map(len, done.out.splitlines())) <= 110
    assert len(done.out.splitlines()) <= 24


@pytest.mark.parametrize("words", [["run"], ["queue", "start"], ["artifacts", "verify"]])
def test_help_on_a_command_is_its_own_help(desk: Desk, words: list[str]) -> None:
    assert desk.call("help", *words).out == desk.call(*words, "--help").out


@pytest.mark.parametrize("words", [["nope"], ["queue", "nope"], ["run", "nope"]])
def test_no_such_topic_is_said(desk: Desk, words: list[str]) -> None:
    done = desk.call("help", *words)

    assert done.code == 2
    assert "nope: no such" in done.err


def test_commands_that_topics_name_exist(desk: Desk) -> None:
    from orp_tui.cli.group import COMMANDS

    for text in TOPICS.values():
        for verb in re.findall(r"`orp ([a-z]+)", text):
            assert verb in COMMANDS, verb
