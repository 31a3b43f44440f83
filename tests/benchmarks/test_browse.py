"""That the benchmark of past runs measures what it says, with few runs; never its times."""

from __future__ import annotations

import sqlite3

import pytest

from tests.benchmarks import bench_browse, mlflow_runs
from tests.benchmarks.ground import ground

SCREEN = [
    "key to paint in the list",
    "  a page down, with its rows",
    "  to the last run and back",
    "filter, last letter to its number",
    "the order turned round",
    "Runs screen, 150 runs: ready",
    "  memory of the whole process",
]


@pytest.mark.slow
def test_the_screen_is_driven_and_every_key_answered():
    with ground() as place:
        context, count = bench_browse._filled(place, 150, None)
        rows = list(bench_browse.screen(place, context, count, 1, 12))

    assert [row.what for row in rows] == SCREEN
    for row in rows:
        assert row.measured is not None
        if row.measured.unit == "ms":
            assert max(row.measured.values) < 5000, f"{row.what}: a key was not answered"


@pytest.mark.slow
def test_the_command_line_is_timed_beside_a_bare_python():
    with ground() as place:
        context, count = bench_browse._filled(place, 50, None)
        rows = list(bench_browse.command_line(place, context, count, 1))

    assert [row.what for row in rows] == ["orp runs, the newest 50 of 50", "  with a filter, the best first"]
    assert all(row.anchor == "python -c pass" for row in rows)


def test_index_and_rebuild_are_timed_and_every_run_is_back():
    with ground() as place:
        context, count = bench_browse._filled(place, 50, None)
        rows = [*bench_browse.index(context, count), *bench_browse.again(place, context, count)]

    assert [row.what for row in rows] == [
        "index of 50 runs, made once",
        "  to see that nothing has changed",
        "rebuild from 50 folders",
        "  most memory of its process",
        "  of a sound database: nothing to do",
    ]


def test_a_base_directory_that_was_made_once_is_only_read(tmp_path):
    bench_browse.make_runs(tmp_path / "made", 20)
    before = sorted(path.name for path in (tmp_path / "made" / "state").iterdir())

    with ground() as place:
        context, count = bench_browse._filled(place, 7, str(tmp_path / "made"))
        list(bench_browse.index(context, count))

    assert count == 20
    assert sorted(path.name for path in (tmp_path / "made" / "state").iterdir()) == before


def test_without_mlflow_its_rows_say_what_is_missing():
    with ground() as place:
        rows = list(bench_browse.beside_mlflow(place, 10, None))

    assert [row.verdict for row in rows] == ["skipped", "skipped"]
    assert all("ORP_BENCH_MLFLOW" in row.note for row in rows)


def test_each_run_for_mlflow_fits_its_tables():
    connection = sqlite3.connect(":memory:")
    for table, names in mlflow_runs._ROWS.items():
        connection.execute(f"CREATE TABLE {table} ({', '.join(names)})")

    for table, row in mlflow_runs._rows(3):
        connection.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)

    assert connection.execute("SELECT COUNT(*) FROM metrics").fetchone()[0] == 5
    assert connection.execute("SELECT COUNT(*) FROM params").fetchone()[0] == 14
