"""The cache gives back what was put in, whole or not at all, and is never a reason to fail."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import os
import random
import sqlite3

import pytest
from cached import OWN, expected, news, points, rows, value

from orp_tui.core.errors import StoreError
from orp_tui.core.ports import MetricBatch
from orp_tui.core.series import Points, Series, summary_of
from orp_tui.metrics.cache import database
from orp_tui.metrics.cache import writer as writing
from orp_tui.metrics.cache.reader import MetricCache
from orp_tui.metrics.cache.rows import identity
from orp_tui.metrics.cache.writer import CacheLost, CacheNotWritten, CacheWriter, RunNews
from orp_tui.metrics.downsample import reduce
from orp_tui.metrics.gathering import SourceNews
from orp_tui.metrics.sources import SourceSpec, Trust


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state" / "metrics.db"


@pytest.fixture
def writer(path):
    made = CacheWriter(path)
    yield made
    made.close()


@pytest.fixture
def cache(path):
    return MetricCache(path)


def test_points_come_back_in_any_portions_with_their_mark_and_summary(writer, cache):
    rng, at = random.Random(5), 0
    while at < 5_000:
        end = at + rng.choice([1, 2, 30, 1023, 1024, 1025, 2100])
        writer.write([news("a", {"loss": points(at, end)}, end)])
        at = end
        if rng.random() < 0.3:
            writer._rows.forget_memory()  # as another observer begins

    series = cache.series("a", "loss")

    assert rows(series) == expected(at)
    assert cache.marks("a") == {OWN.key: {"at": at}}
    assert series.summary == summary_of(points(0, at)) or repr(series.summary) == repr(
        summary_of(points(0, at))
    )
    assert [header.length for header in cache.headers("a", "loss")] == [1024.0] * (at // 1024) + [
        at % 1024
    ] * (at % 1024 > 0)


def test_a_window_reads_the_stretches_that_reach_into_it(writer, cache):
    writer.write([news("a", {"loss": points(0, 5000)})])
    found = cache.blocks("a", "loss", 1500, 2100)
    assert [(block.steps[0], block.steps[-1]) for block in found] == [(1024, 2047), (2048, 3071)]
    assert cache.blocks("a", "loss", 9000, 9100) == []
    assert cache.blocks("a", "other", 0, 1) == []


def test_a_cached_series_is_drawn_as_one_in_memory_is(writer, cache):
    writer.write([news("a", {"loss": points(0, 30_000)})])
    found = reduce(cache.series("a", "loss"), 40)
    wanted = reduce(Series.of("loss", range(30_000), map(value, range(30_000))), 40)
    assert (found.xs, found.ys, found.count) == (wanted.xs, wanted.ys, wanted.count)


def test_the_ends_of_a_series_are_known_without_reading(writer, cache, path):
    writer.write([news("a", {"loss": points(3, 1500), "bare": Points.of([1], [1.0])})])
    series, bare = cache.series("a", "loss"), cache.series("a", "bare")
    writer.close()
    path.unlink()
    assert series.end_times == (1.7e9 + 3, 1.7e9 + 1499)
    assert series.has_times
    assert not bare.has_times


def test_a_series_stays_what_it_was_while_its_metric_grows(writer, cache):
    writer.write([news("a", {"loss": points(0, 1500)})])
    series = cache.series("a", "loss")
    writer.write([news("a", {"loss": points(1500, 9000)})])
    assert rows(series) == expected(1500)
    assert len(series.blocks) == 1


def test_a_series_whose_file_began_anew_says_so_and_can_still_be_drawn(writer, cache):
    writer.write([news("a", {"loss": points(0, 30_000)})])
    series = cache.series("a", "loss")
    writer.write([news("a", {"loss": points(50_000, 90_000)}, restarted="rewritten")])
    with pytest.raises(StoreError, match="made anew"):
        list(series)
    drawn = reduce(series, 7)
    assert max(drawn.ys) == series.summary.highest
    assert rows(cache.series("a", "loss")) == expected(90_000, 50_000)


def test_only_what_came_from_a_source_that_began_anew_is_forgotten(writer, cache):
    other = SourceSpec("csv", "/run/log.csv", "log.csv")
    writer.write([news("a", {"loss": points(0, 2000)}, 1)])
    writer.write([news("a", {"accuracy": points(0, 10)}, 2, source=other)])
    writer.write([news("a", {"loss": points(7, 9)}, 3, restarted="truncated")])
    assert rows(cache.series("a", "loss")) == expected(9, 7)
    assert rows(cache.series("a", "accuracy")) == expected(10)
    assert cache.marks("a") == {OWN.key: {"at": 3}, other.key: {"at": 2}}


def test_what_was_read_before_a_restart_in_one_write_is_not_there(writer, cache):
    batches = [MetricBatch({"loss": points(0, 50)}), MetricBatch({"lr": points(0, 3)}, restarted="rewritten")]
    writer.write([RunNews("a", [SourceNews(OWN, batch) for batch in batches], {OWN.key: {}})])
    assert cache.series("a", "loss") is None
    assert rows(cache.series("a", "lr")) == expected(3)


def test_columns_that_a_reader_shares_are_not_changed(writer, cache):
    shared = points(0, 10)
    batches = [
        MetricBatch({"a": shared, "b": Points(shared.steps, shared.steps, shared.times)}),
        MetricBatch({"a": points(10, 12)}),
    ]
    writer.write([RunNews("r", [SourceNews(OWN, batch) for batch in batches], {OWN.key: {}})])
    assert len(shared) == 10
    assert rows(cache.series("r", "a")) == expected(12)
    assert len(cache.series("r", "b")) == 10


def test_numbers_that_are_none_come_back_and_are_counted(writer, cache):
    odd = [1.0, math.nan, math.inf, -math.inf, 2.0, -0.0, 3.0]
    writer.write([news("a", {"loss": Points.of(range(7), odd)})])
    series = cache.series("a", "loss")
    assert repr([number for _, number in series]) == repr(odd)
    assert (series.summary.non_finite, series.summary.first_non_finite_step) == (3, 1)
    (row,) = cache.summaries(["a"])
    assert (row.lowest, row.lowest_step, row.highest, row.non_finite, row.finite) == (0.0, 5, 3.0, 3, 4)
    assert row.mean == 1.5
    assert row.squares == pytest.approx(5.0)
    assert row.summary == series.summary


def test_a_metric_of_no_number_at_all_has_no_best_one(writer, cache):
    writer.write([news("a", {"loss": Points.of([3], [math.nan])})])
    (row,) = cache.summaries()
    assert (row.last, row.lowest, row.mean, row.best("minimize")) == (None, None, None, None)
    assert math.isnan(row.summary.last)


def test_the_best_value_is_that_of_the_goal(writer, cache):
    writer.write([news("a", {"score": Points.of([5, 6, 7], [3.0, 1.0, 2.0])})])
    (row,) = cache.summaries(["a"], ["score"])
    assert (row.best("minimize"), row.best("maximize")) == ((1.0, 6.0), (3.0, 5.0))


def test_tables_ask_for_some_runs_and_some_names(writer, cache):
    for run_id in ("a", "b", "c"):
        writer.write([news(run_id, {"loss": points(0, 5), "lr": points(0, 2)})])
    told = {(row.run_id, row.name, row.length) for row in cache.summaries(["a", "c", "x"], ["loss", "y"])}
    assert told == {("a", "loss", 5), ("c", "loss", 5)}
    assert len(cache.summaries()) == 6
    assert len(cache.summaries(names=["lr"])) == 3
    assert cache.summaries([], None) == []


def test_a_name_of_two_sources_stands_for_the_one_that_is_trusted_more(writer, cache):
    log = SourceSpec("stdout", "/run/out", "out", trust=Trust.LOG)
    folders = [SourceSpec("tfevents", f"/run/{name}", name) for name in ("one", "two")]
    writer.write([news("a", {"loss": points(0, 5), "only": points(0, 1)}, source=log)])
    assert {row.name for row in cache.summaries()} == {"loss", "only"}
    writer.write([news("a", {"loss": points(0, 9)})])
    writer.write([news("a", {"acc": points(0, end)}, source=each) for end, each in enumerate(folders, 1)])
    told = {row.name: row.length for row in cache.summaries()}
    assert told == {"loss": 9, "only": 1, "acc [one]": 1, "acc [two]": 2}


def test_event_files_are_put_in_order_and_a_later_word_counts(writer, cache):
    folder = SourceSpec("tfevents", "/run/tb", "tb")
    writer.write([news("a", {"loss": Points.of([0, 1, 2], [0.0, 1.0, 2.0], [10, 11, 12])}, source=folder)])
    before = cache.series("a", "loss")
    writer.write([news("a", {"loss": Points.of([1, 2, 3], [10.0, 20.0, 30.0], [21, 2, 23])}, source=folder)])
    assert list(cache.series("a", "loss")) == [(0, 0.0), (1, 10.0), (2, 2.0), (3, 30.0)]
    assert [row.name for row in cache.summaries()] == ["loss"]
    with pytest.raises(StoreError):
        list(before)
    writer.write([news("a", {"loss": Points.of([4, 5], [4.0, 5.0], [30, 31])}, source=folder)])
    assert [step for step, _ in cache.series("a", "loss")] == [0, 1, 2, 3, 4, 5]


def test_names_that_are_no_text_are_left_out_and_spoil_nothing(writer, cache):
    odd = "\udc80", "a\0b", "'; DROP TABLE run; --", "\u202e", "x" * 5000
    writer.write([news("a", {name: points(0, 3) for name in (*odd, "loss")})])
    assert {row.name for row in cache.summaries()} == {*odd[1:], "loss"}
    assert cache.series("a", "\udc80") is None
    assert cache.summaries(names=["\udc80"]) == []
    assert rows(cache.series("a", "a\0b")) == expected(3)


def test_a_file_whose_name_is_no_text_is_a_source_like_any_other(writer, cache):
    odd = SourceSpec("csv", "/run/\udcff.csv", "\udcff.csv")
    for start in (0, 5):
        batch = news("a", {"loss": points(start, start + 5)}, start + 5, source=odd)
        writer.write([dataclasses.replace(batch, identities={odd.key: "1"}, complete=True)])
    assert cache.marks("a") == writer.marks("a") == {odd.key: {"at": 10}}
    (source,) = cache.run("a").sources
    assert (source.spec, source.identity) == (odd, "1")
    assert rows(source.series["loss"]) == expected(10)


@pytest.mark.parametrize("mark", [{"at": object()}, {"at": {1, 2}}, None, 7])
def test_a_source_behind_whose_mark_nobody_could_go_on_is_not_kept(writer, cache, mark):
    batch = news("a", {"loss": points(0, 5)})
    writer.write([dataclasses.replace(batch, marks={OWN.key: mark}), news("b", {"loss": points(0, 5)})])
    assert cache.series("a", "loss") is None
    assert rows(cache.series("b", "loss")) == expected(5)


def test_more_than_ten_thousand_names_are_not_kept(writer, cache, monkeypatch):
    monkeypatch.setattr("orp_tui.metrics.cache.metric_rows.MOST_METRICS", 5)
    writer.write([news("a", {f"m{number}": points(0, 1) for number in range(8)})])
    writer.write([news("a", {"m1": points(1, 2), "m7": points(0, 1)})])
    assert {row.name: row.length for row in cache.summaries()} == {
        "m0": 1,
        "m1": 2,
        "m2": 1,
        "m3": 1,
        "m4": 1,
    }


def test_bad_records_are_counted_and_the_first_one_is_named(writer, cache):
    for bad, first in ((2, "line 3: no JSON"), (1, "line 9: no JSON")):
        batch = MetricBatch({}, bad=bad, first_bad=first)
        writer.write([RunNews("a", [SourceNews(OWN, batch)], {OWN.key: {}})])
    (source,) = cache.run("a").sources
    assert (source.bad, source.first_bad) == (3, "line 3: no JSON")


def test_a_run_is_up_to_date_while_its_files_are_as_they_were(writer, cache, tmp_path):
    file = tmp_path / "metrics.jsonl"
    file.write_text("x\n")
    own = dataclasses.replace(OWN, path=str(file))
    identities = {own.key: identity(str(file))}
    writer.write([news("a", {"loss": points(0, 5)}, source=own, complete=True, identities=identities)])
    assert cache.run("a").is_up_to_date
    file.write_text("x\ny\n")
    assert not cache.run("a").is_up_to_date
    file.unlink()
    assert cache.run("a").is_up_to_date  # there is nothing else to be had
    writer.write([news("a", {"loss": points(5, 6)}, source=own)])
    assert not cache.run("a").complete


def test_a_run_that_is_forgotten_leaves_nothing(writer, cache, path):
    writer.write([news("a", {"loss": points(0, 3000)}), news("b", {"loss": points(0, 5)})])
    writer.forget(["a", "unknown"])
    assert cache.run("a") is None
    assert cache.marks("a") == {}
    with sqlite3.connect(path) as raw:
        counts = [raw.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0] for table in TABLES]
    assert counts == [1, 1, 1, 1, 1]


TABLES = ("run", "source", "metric", "block", "points")


# what can be wrong with the file


def nothing(cache):
    return (
        cache.run("a"),
        cache.series("a", "loss"),
        cache.summaries(),
        cache.marks("a"),
        cache.headers("a", "x"),
    )


NOTHING = (None, None, [], {}, ())


def test_where_there_is_no_cache_nothing_is_known_and_none_is_made(cache, path):
    assert nothing(cache) == NOTHING
    assert not path.parent.exists()


@pytest.mark.parametrize("data", [b"", b"no database at all" * 400, b"SQLite format 3\0" + b"\xff" * 5000])
def test_another_file_in_its_place_is_set_aside(cache, path, data):
    path.parent.mkdir()
    path.write_bytes(data)
    assert nothing(cache) == NOTHING
    writer = CacheWriter(path)
    writer.write([news("a", {"loss": points(0, 5)})])
    writer.close()
    assert rows(cache.series("a", "loss")) == expected(5)
    assert path.with_name("metrics.db.aside").read_bytes() == data


@pytest.mark.parametrize("pragma", ["user_version = 1", "user_version = 9", "application_id = 7"])
def test_a_cache_of_another_version_is_set_aside_and_made_anew(writer, cache, path, pragma):
    writer.write([news("a", {"loss": points(0, 5)})])
    writer.close()
    with sqlite3.connect(path) as raw:
        raw.execute(f"PRAGMA {pragma}")
    assert nothing(cache) == NOTHING
    CacheWriter(path).close()
    assert nothing(cache) == NOTHING
    assert path.with_name("metrics.db.aside").exists()


def test_any_page_that_was_overwritten_is_an_answer_or_none(writer, cache, path):
    for number in range(40):
        writer.write([news("a", {f"m{number}": points(0, 60)})])
    writer.close()
    whole = path.read_bytes()
    told = {row.name: row for row in cache.summaries()}
    rng = random.Random(11)
    for _ in range(60):
        at = rng.randrange(len(whole) // 4096) * 4096
        path.write_bytes(whole[:at] + rng.randbytes(4096) + whole[at + 4096 :])
        nothing(cache)
        for row in cache.summaries():
            assert row.name not in told or isinstance(row.length, int)
        path.with_name("metrics.db-journal").unlink(missing_ok=True)


def test_a_writer_that_meets_damage_begins_anew_and_says_so(path, cache):
    writer = CacheWriter(path)
    for number in range(60):
        writer.write([news("a", {f"m{number}": points(0, 60)}, number)])
    writer.close()
    with open(path, "r+b") as file:
        file.seek(3 * 4096)
        file.write(b"\xa5" * (os.path.getsize(path) - 3 * 4096))
    writer = CacheWriter(path)
    with pytest.raises(CacheLost):
        writer.write([news("a", {f"m{number}": points(60, 70) for number in range(60)})])
    assert writer.marks("a") == {}
    writer.write([news("a", {"m1": points(0, 70)})])
    writer.close()
    assert rows(cache.series("a", "m1")) == expected(70)


def flip(path, table, column, key_end=0):
    """Change one byte in the middle of a blob, as a bad disk does: to SQLite the file is sound."""
    with contextlib.closing(sqlite3.connect(path)) as raw, raw:
        key, data = raw.execute(
            f"SELECT rowid, {column} FROM {table} ORDER BY rowid LIMIT 1 OFFSET {key_end}"
        ).fetchone()
        middle = len(data) // 2
        changed = data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]
        raw.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (changed, key))


def test_points_with_one_other_byte_are_never_given(writer, cache, path):
    writer.write([news("a", {"loss": points(0, 30_000)})])
    series = cache.series("a", "loss")
    flip(path, "points", "data", 20)

    with pytest.raises(StoreError, match="damaged"):
        list(series)

    assert nothing(cache) == NOTHING
    assert path.with_name("metrics.db.aside").exists()
    with pytest.raises(CacheLost):
        writer.write([news("a", {"loss": points(30_000, 30_010)})])
    writer.write([news("a", {"loss": points(0, 30_010)})])
    assert rows(cache.series("a", "loss")) == expected(30_010)


def test_a_chart_of_damaged_points_shows_their_extremes_until_the_files_are_read(writer, cache, path):
    writer.write([news("a", {"loss": points(0, 30_000)})])
    series = cache.series("a", "loss")
    flip(path, "points", "data", 4)
    drawn = reduce(series, 7)
    assert (min(drawn.ys), max(drawn.ys)) == (series.summary.lowest, series.summary.highest)
    assert cache.series("a", "loss") is None


def test_the_last_stretch_may_grow_after_it_was_looked_up(writer, cache):
    writer.write([news("a", {"loss": points(0, 1100)})])
    series = cache.series("a", "loss")
    writer.write([news("a", {"loss": points(1100, 1500)})])
    assert rows(series) == expected(1100)


@pytest.mark.parametrize("table", ["block", "metric"])
def test_a_header_with_one_other_byte_makes_the_cache_none(writer, cache, path, table):
    writer.write([news("a", {"loss": points(0, 3000)})])
    flip(path, table, "header")
    assert cache.run("a") is None
    assert path.with_name("metrics.db.aside").exists()


@pytest.mark.parametrize("place", ["points that go on", "header of points that go on", "points put in order"])
def test_a_writer_adds_nothing_to_what_is_damaged(writer, path, place):
    folder = SourceSpec("tfevents", "/run/tb", "tb")
    writer.write([news("a", {"loss": points(0, 1500)}, source=folder)])
    writer._rows.forget_memory()
    table, column = ("block", "header") if "header" in place else ("points", "data")
    in_order = "order" in place
    flip(path, table, column, 0 if in_order else 1)
    with pytest.raises(CacheLost, match="damaged"):
        writer.write([news("a", {"loss": points(7 if in_order else 1500, 1510)}, source=folder)])
    assert writer.marks("a") == {}


def test_a_damaged_cache_that_can_not_be_set_aside_is_not_asked_again(writer, cache, path, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied")

    writer.write([news("a", {"loss": points(0, 3000)})])
    series = cache.series("a", "loss")
    flip(path, "points", "data")
    monkeypatch.setattr(database, "set_aside", refuse)
    with pytest.raises(StoreError):
        list(series)
    assert path.exists()
    assert nothing(cache) == NOTHING


def test_a_writer_whose_file_was_deleted_begins_anew_and_says_so(writer, cache, path):
    writer.write([news("a", {"loss": points(0, 5)}, 5)])
    path.unlink()
    with pytest.raises(CacheLost):
        writer.write([news("a", {"loss": points(5, 9)}, 9)])
    assert writer.marks("a") == {}
    writer.write([news("a", {"loss": points(0, 9)}, 9)])
    assert rows(cache.series("a", "loss")) == expected(9)


def test_a_series_of_a_cache_that_was_made_anew_is_not_mixed_up_with_another(writer, cache, path):
    writer.write([news("a", {"loss": points(0, 3000)})])
    series = cache.series("a", "loss")
    writer.close()
    path.unlink()
    other = CacheWriter(path)
    other.write([news("b", {"other": points(10_000, 13_000)})])
    other.close()
    with pytest.raises(StoreError):
        list(series)


def test_a_write_that_a_reader_holds_up_changes_nothing_and_says_so(writer, cache, path, monkeypatch):
    writer.write([news("a", {"loss": points(0, 5)}, 5)])
    writer._connection.execute("PRAGMA busy_timeout = 10")
    reader = sqlite3.connect(path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT COUNT(*) FROM points").fetchone()
    with pytest.raises(CacheNotWritten):
        writer.write([news("a", {"loss": points(5, 9)}, 9)])
    reader.close()
    assert writer.marks("a") == {OWN.key: {"at": 5}}
    writer.write([news("a", {"loss": points(5, 9)}, 9)])
    assert rows(cache.series("a", "loss")) == expected(9)


@pytest.mark.parametrize("point", ["cache.begun", "cache.points", "cache.written"])
def test_a_write_that_fails_half_way_changes_nothing(writer, cache, monkeypatch, point):
    writer.write([news("a", {"loss": points(0, 1500)}, 5)])

    def fail(name):
        if name == point:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(writing, "hit", fail)
    with pytest.raises(CacheNotWritten, match="No space"):
        writer.write([news("a", {"loss": points(1500, 9000), "new": points(0, 1)}, 9)])
    monkeypatch.undo()
    assert rows(cache.series("a", "loss")) == expected(1500)
    assert cache.marks("a") == {OWN.key: {"at": 5}}
    writer.write([news("a", {"loss": points(1500, 1600)}, 9)])
    assert rows(cache.series("a", "loss")) == expected(1600)


def test_a_cache_on_a_place_that_can_not_be_written_is_an_error_of_the_writer_alone(tmp_path):
    folder = tmp_path / "state"
    folder.write_text("a file where the folder should be")
    with pytest.raises(OSError, match=r"exists|directory"):
        CacheWriter(folder / "metrics.db")
    assert nothing(MetricCache(folder / "metrics.db")) == NOTHING
