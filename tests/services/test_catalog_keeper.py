"""The observer keeps the catalogue, a little at a time, and never fails for it."""

from __future__ import annotations

import os
import shutil
import sqlite3

import pytest
from many_runs import make_runs
from project import Project
from waiting import until

from orp_tui.files import locks
from orp_tui.services import catalog_catch_up, catalog_keeper
from orp_tui.services.catalog import Catalog, Query
from orp_tui.services.catalog_keeper import CatalogKeeper
from orp_tui.services.context import open_context

COUNT = 30


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    base = tmp_path_factory.mktemp("many") / "experiments"
    make_runs(base, COUNT)
    return base


@pytest.fixture
def paths(made, tmp_path):
    shutil.copytree(made, tmp_path / "experiments")
    return open_context(start=tmp_path, base_dir=str(tmp_path / "experiments")).paths


@pytest.fixture
def keeper(paths):
    found = CatalogKeeper(paths)
    yield found
    found.close()


def count(paths) -> int:
    """How many runs the file holds."""
    if not paths.catalog.exists():
        return 0
    connection = sqlite3.connect(paths.catalog)
    try:
        return connection.execute("SELECT COUNT(*) FROM entry").fetchone()[0]
    finally:
        connection.close()


def test_a_look_reads_what_has_changed(paths, keeper):
    keeper.turn()
    assert count(paths) == COUNT


def test_what_a_look_has_no_time_for_comes_with_the_next(paths, keeper, monkeypatch):
    monkeypatch.setattr(catalog_catch_up, "BATCH", 10)
    monkeypatch.setattr(catalog_keeper, "MOST_S", 0.0)
    counts = []
    for _ in range(3):
        keeper.turn()
        counts.append(count(paths))
    assert counts == [10, 20, 30]


def test_between_looks_nothing_is_done(paths, keeper):
    keeper.turn()
    paths.catalog.unlink()
    keeper.turn()
    assert not paths.catalog.exists()


def test_while_somebody_else_writes_nothing_is_done(paths, keeper):
    lock = locks.take(paths.catalog_lock)
    assert lock is not None
    keeper.turn()
    assert not paths.catalog.exists()
    os.close(lock)


@pytest.mark.parametrize("harm", ["garbage", "folder", "gone"])
def test_a_catalogue_that_is_of_no_use_is_made_again(paths, keeper, monkeypatch, harm):
    monkeypatch.setattr(catalog_keeper, "EVERY_S", 0.0)
    monkeypatch.setattr(catalog_keeper, "AGAIN_S", 0.0)
    keeper.turn()
    if harm == "garbage":
        with paths.catalog.open("r+b") as file:
            file.write(os.urandom(40_000))
    else:
        paths.catalog.unlink()
    if harm == "folder":
        paths.catalog.mkdir()
    for _ in range(3):
        keeper.turn()
        monkeypatch.setattr(catalog_catch_up, "FRESH_S", 0.0)
        os.utime(paths.runs)  # so that there is something to be looked at
    assert count(paths) == COUNT


def test_an_error_is_told_once_and_tried_again_later(paths, keeper, monkeypatch, capsys):
    paths.catalog_lock.mkdir()
    keeper.turn()
    keeper.turn()
    assert capsys.readouterr().err.count("catalogue:") == 1
    paths.catalog_lock.rmdir()
    monkeypatch.setattr(keeper, "_next", 0.0)
    keeper.turn()
    assert count(paths) == COUNT


@pytest.mark.slow
def test_an_ended_run_is_in_the_catalogue_before_anybody_asks(project: Project):
    assert (
        project.orp("queue", "submit", str(project.file('echo \'{"step": 1, "loss": 0.5}\'; sleep 3'))).wait(
            20
        )
        == 0
    )
    project.orp("queue", "start")
    until(lambda: count(project.paths) == 1, 30)
    until(lambda: not _states(project) - {"succeeded"} and bool(_states(project)), 40)


def _states(project: Project) -> set[str]:
    connection = sqlite3.connect(project.paths.catalog)
    try:
        return {state for (state,) in connection.execute("SELECT state FROM entry")}
    finally:
        connection.close()


def test_front_ends_ask_what_the_observer_has_kept(paths, keeper, tmp_path):
    keeper.turn()
    catalog = Catalog(open_context(start=tmp_path, base_dir=str(paths.base)))
    assert catalog.catch_up().read == 0
    assert catalog.find(Query()).total == COUNT
    catalog.close()
