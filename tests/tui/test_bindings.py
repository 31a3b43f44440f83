"""Every key is in the palette, the help and the docs, and has its twin on the command line or a reason."""

from __future__ import annotations

import shlex
from pathlib import Path

import click
import pytest
from textual.binding import Binding

from orp_tui.cli.group import orp
from orp_tui.tui.bindings import KEYS, PLACES, bindings, keys_of

DOCS = Path(__file__).parents[2] / "docs"


def test_ids_are_unique_and_name_their_place() -> None:
    ids = [key.id for key in KEYS]

    assert len(set(ids)) == len(ids)
    assert {key_id.partition(".")[0] for key_id in ids} <= PLACES.keys()


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.id)
def test_a_key_has_a_twin_or_a_reason_for_having_none(key) -> None:
    assert bool(key.twin) != bool(key.alone)
    assert key.tooltip.endswith(".")


@pytest.mark.parametrize("key", [key for key in KEYS if key.twin], ids=lambda key: key.id)
def test_the_twin_is_a_command_that_exists(key) -> None:
    words = shlex.split(key.twin.partition("|")[0])
    assert words[0] == "orp"
    found: click.Command = orp
    for word in words[1:]:
        if not isinstance(found, click.Group) or word.startswith("-"):
            break
        context = click.Context(found)
        assert word in found.list_commands(context) or found.get_command(context, word), key.twin
        found = found.get_command(context, word)
    options = {name for parameter in found.params for name in parameter.opts} | {"--help"}
    assert {word for word in words if word.startswith("-") and len(word) > 1} <= options, key.twin


@pytest.mark.parametrize("place", PLACES)
def test_no_two_acts_of_a_place_share_a_key(place) -> None:
    names = [name for key in keys_of(place) for name in key.keys.split(",")]

    assert len(set(names)) == len(names)


@pytest.mark.parametrize("place", PLACES)
def test_keys_that_terminals_take_for_themselves_are_not_used(place) -> None:
    taken = {"ctrl+s", "ctrl+q", "ctrl+b", "ctrl+a", "ctrl+backslash", "ctrl+j", "ctrl+m", "ctrl+i", "ctrl+h"}

    for binding in bindings(place):
        assert isinstance(binding, Binding)
        assert not taken & set(binding.key.split(","))
        assert "alt+" not in binding.key


def test_the_table_in_the_docs_is_that_of_the_program(monkeypatch) -> None:
    monkeypatch.syspath_prepend(str(DOCS))
    import keys

    assert (DOCS / "keys.md").read_text("utf-8") == keys.page(), "run `python docs/keys.py`"
