"""From all past runs to the one that matters, in a real terminal, by less than ten keys."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from many_runs import make_runs
from tmux_screen import Screen, need_tmux

from orp_tui.core.columns import parse_column
from orp_tui.core.filters.parse import parse
from orp_tui.services.artifacts import bundle_again
from orp_tui.services.catalog import Catalog, Query, SortKey
from orp_tui.services.context import Context, open_context
from orp_tui.services.views import View, save_view
from orp_tui.store import runs

need_tmux()

FILTER = "name:*resnet* cfg.lr<1e-3 age<1y has:parent"
"""The calendar would decide how many of few runs are of the last month."""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> tuple[Context, str, str]:
    """A base directory with a saved view, and the ids of the run that is sought and of its parent; its zip is whole."""
    base = tmp_path_factory.mktemp("lab") / "experiments"
    make_runs(base, 800)
    context = open_context(base_dir=str(base))
    catalog = Catalog(context)
    catalog.catch_up()
    best = SortKey(parse_column("best.val_acc"), descending=True)
    (sought, *_) = catalog.rows(catalog.find(Query(parse(FILTER), (best,))).numbers[:1])
    catalog.close()
    assert sought is not None
    assert sought.parent is not None
    with context.store() as connection:
        run = runs.get(connection, sought.id)
        assert run is not None
        bundle_again(context, connection, run)
    save_view(context, View("good resnets", FILTER, sort=("-best.val_acc",)))
    return context, sought.id, sought.parent


@pytest.fixture
def screen(lab: tuple[Context, str, str], tmp_path: Path) -> Iterator[Screen]:
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    made = Screen(tmp_path, {**kept, "HOME": str(tmp_path)}, tmp_path / "tmux", columns=100, rows=30)
    made.wait("$")
    made.type(f"{sys.executable} -P -m orp_tui --base-dir {lab[0].paths.base}")
    made.wait("Command")
    yield made
    made.close()


def short(run_id: str) -> str:
    return run_id.rpartition("_")[2]


def test_the_best_run_against_its_parent_with_its_zip_verified_takes_six_keys(lab, screen):
    _context, sought, parent = lab
    screen.key("2")
    screen.wait("Runs  ")
    screen.key("w")
    screen.wait("good resnets")
    screen.key("1")
    screen.wait("filter: name:*resnet*", short(sought))
    screen.key("d")
    screen.wait(short(sought), short(parent), "[3]")
    screen.key("Escape")
    screen.wait("[2]Runs", "filter: name:*resnet*")
    screen.key("V")

    screen.wait("zip sound")


def test_a_fast_hand_compares_the_run_that_the_view_brings_and_not_the_one_before(lab, screen):
    _context, sought, parent = lab
    screen.key("2")
    screen.wait("Runs  ")
    screen.key("w", "1", "d")

    screen.wait(short(sought), short(parent), "[3]")


def test_a_filter_may_be_typed_in_one_go_with_the_key_that_opens_its_line(lab, screen):
    screen.key("2")
    screen.wait("Runs  ")
    screen.type_ahead("/", "state:failed quick")

    screen.wait("filter: state:failed quick", "no run answers to this filter")
