"""What is typed in the dialog means the same as the command line that it shows."""

from __future__ import annotations

import shlex

import click
import pytest

from orp_tui.cli.commands.run import command
from orp_tui.cli.queue_options import read_wishes
from orp_tui.services.add_choice import (
    FIELDS,
    NO_CHOICE,
    AddChoice,
    AddWords,
    BadField,
    command_line,
    read_choice,
)
from orp_tui.services.context import open_context
from orp_tui.services.wishes import Wishes

FULL = AddWords(
    gpus="2", memory="16GB", priority="high", group="nightly", start="in 2h", after="last:mnist:any k3fa",
    timeout="12h", retries="3 failed lost", seeds="1 2 5-7", overrides="lr=0.1 'note=two words' +new=1", held=True,
)  # fmt: skip


def test_every_field_is_read():
    assert read_choice(FULL) == AddChoice(
        Wishes(priority=10, group="nightly", after=("last:mnist:any", "k3fa"), start="+2h", held=True),
        (
            "training.resources.gpus=2", "training.resources.memory=16GB", "training.timeout=12h",
            "training.retries.max=3", "training.retries.on=[failed, lost]",
            "lr=0.1", "note=two words", "+new=1",
        ),
        (1, 2, 5, 6, 7),
    )  # fmt: skip


def test_nothing_typed_is_nothing_wished():
    assert read_choice(AddWords()) == NO_CHOICE
    assert NO_CHOICE.options() == []
    assert read_choice(AddWords(**dict.fromkeys(FIELDS, "   "))) == NO_CHOICE


@pytest.mark.parametrize(
    ("text", "start"),
    [("22:00", "22:00"), ("2h", "+2h"), ("+90m", "+90m"), ("in 1h 30m", "+1h30m"), ("2026-12-01 22:00", "2026-12-01 22:00")],
)  # fmt: skip
def test_a_start_is_a_time_or_a_while_from_now(text, start):
    assert read_choice(AddWords(start=text)).wishes.start == start


@pytest.mark.parametrize(
    ("field", "text", "words"),
    [
        ("gpus", "two", "no number of GPUs"), ("gpus", "-1", "no number"), ("gpus", "9999", "no number"),
        ("memory", "16", "write 16GB"), ("memory", "16G", "16GB (1000)"), ("memory", "much", "no size"),
        ("priority", "highest", "low, normal or high"), ("priority", "1.5", "whole number"),
        ("group", "two words", "no blanks"), ("group", "\x1b[31m", "no blanks"),
        ("start", "25:99", "no time"), ("start", "soon", "no time"), ("start", "2 weeks", "no time"),
        ("after", "'open", "close the quote"), ("timeout", "soon", "no duration"), ("timeout", "0", "leave it empty"),
        ("retries", "many", "no number of retries"), ("retries", "3 monday", "monday: no end"),
        ("seeds", "a", "no seed"), ("seeds", "5-1", "no seed"), ("seeds", "1 1", "twice"), ("seeds", "1-999999", "at most"),
        ("seeds", "-5", "no seed"), ("seeds", "0-999 1000-1999", "at most"),
        ("overrides", "lr", "KEY=VALUE"), ("overrides", "=1", "KEY=VALUE"), ("overrides", 'a="', "close the quote"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_told_with_its_field(field, text, words):
    with pytest.raises(BadField) as raised:
        read_choice(AddWords(**{field: text}))

    assert raised.value.field == field
    assert words in str(raised.value)


def test_no_retries_takes_those_of_the_file_back():
    assert read_choice(AddWords(retries="0")).overrides == ("training.retries=null",)


def parsed(line):
    """What `orp run` makes of the line: the choice, the files, and where its runs lie."""
    words = shlex.split(line)
    assert words[:2] == ["orp", "run"]
    with click.Context(command) as ctx:
        command.parse_args(ctx, words[2:])
    given = dict(ctx.params)
    assert given["detach"]
    queue = {
        name: given[name] for name in ("priority", "group", "after", "at", "within", "held", "unless_exists")
    }
    choice = AddChoice(read_wishes(**queue).wishes, given["overrides"], given["seeds"])
    return choice, given["files"], given["base_dir"]


@pytest.mark.parametrize("words", [FULL, AddWords(), AddWords(priority="-5", start="22:00", gpus="0")])
def test_the_command_line_says_the_same(tmp_path, monkeypatch, words):
    (tmp_path / "orp.yaml").touch()
    monkeypatch.chdir(tmp_path)
    context = open_context()
    paths = [tmp_path / "configs" / "a b.yaml", tmp_path / "-x.yaml", tmp_path.parent / "[/].yaml"]

    choice, files, base = parsed(command_line(context, paths, read_choice(words)))

    assert choice == read_choice(words)
    assert files == ("configs/a b.yaml", "./-x.yaml", str(paths[2]))
    assert base is None


def test_another_base_directory_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    context = open_context(base_dir=str(tmp_path / "else where"))

    *_, base = parsed(command_line(context, [tmp_path / "a.yaml"], NO_CHOICE))

    assert base == str(tmp_path / "else where")
