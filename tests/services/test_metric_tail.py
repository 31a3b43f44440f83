"""The observer's reading of metrics: told at once, kept soon, and never lost for good."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import sqlite3

import pytest
from cached import json_line, rows, value
from metric_desk import Desk

from orp_tui.core.states import RunState
from orp_tui.engine.finaliser import measured
from orp_tui.metrics.primary import PrimaryRule, PrimaryValue
from orp_tui.services import metric_tail
from orp_tui.services.metric_history import collection_of, history, summaries
from orp_tui.services.metric_keeper import AGAIN_S
from orp_tui.services.metric_source import find_metrics, read_metrics
from orp_tui.services.metric_tail import KEEP_EVERY_S
from orp_tui.services.run_metrics import RunMetrics
from orp_tui.services.standing import newest_kept


@pytest.fixture
def desk(tmp_path):
    made = Desk(tmp_path)
    yield made
    made.tail.close()


def test_what_is_logged_is_heard_at_once_and_kept_soon(desk):
    run = desk.run("a")
    desk.log(run, 30)
    desk.turn()
    assert desk.ears.steps[run.id, "loss"] == desk.all_of(run) == desk.kept(run)
    desk.log(run, 30)
    desk.turn()
    assert desk.ears.steps[run.id, "loss"] == desk.all_of(run)
    assert len(desk.kept(run)) == 30  # the next write is not due
    desk.turn(KEEP_EVERY_S)
    assert desk.kept(run) == desk.all_of(run)


def test_many_points_are_kept_without_waiting(desk, monkeypatch):
    monkeypatch.setattr(metric_tail, "MOST_PENDING", 50)
    run = desk.run("a")
    desk.log(run, 10)
    desk.turn()
    desk.log(run, 60)
    desk.turn()
    assert desk.kept(run) == desk.all_of(run)


def test_a_run_that_ended_is_read_for_the_last_time(desk):
    run = desk.run("a")
    desk.log(run, 10)
    desk.turn()
    desk.log(run, 5)
    with open(desk.paths.run(run.id).metrics, "a") as file:
        file.write(json_line(15).rstrip("\n"))  # a last line without its end
    desk.written[run.id] = 16
    desk.end(run)
    desk.turn()
    assert desk.kept(run) == desk.all_of(run)
    assert desk.is_complete(run)
    assert not desk.tail.is_catching_up


def test_a_run_that_ended_unseen_is_caught_up_and_only_once(desk):
    runs = [desk.run(name, live=False) for name in "abc"]
    for run in runs:
        desk.log(run, 20)
    desk.tail.take_ended(runs)
    assert desk.tail.is_catching_up
    desk.turn()
    assert all(desk.kept(run) == desk.all_of(run) and desk.is_complete(run) for run in runs)
    desk.tail.take_ended(runs)
    assert not desk.tail.is_catching_up
    desk.begin().take_ended(runs)
    assert not desk.tail.is_catching_up


def test_a_run_without_metrics_is_done_with_too(desk):
    run = desk.run("a", live=False)
    desk.tail.take_ended([run])
    desk.turn()
    assert not desk.tail.is_catching_up
    assert dict(history(desk.paths, run.id)) == {}


def test_a_run_whose_folder_is_gone_says_nothing_of_how_it_is_when_it_comes_back(desk):
    run = desk.run("a", live=False)
    desk.log(run, 3)
    folder = desk.paths.run(run.id).folder
    folder.rename(folder.with_name("away"))
    desk.tail.take_ended([run])
    desk.turn()
    assert not desk.tail.is_catching_up
    folder.with_name("away").rename(folder)
    assert len(history(desk.paths, run.id)["loss"]) == 3


def test_a_long_run_that_ended_is_read_in_slices(desk, monkeypatch):
    monkeypatch.setattr(metric_tail, "CATCH_UP_S", -1.0)  # over before it begins: one read of each source
    run = desk.run("a", live=False)
    desk.log(run, 20_000)
    desk.tail.take_ended([run])
    desk.turn()
    assert desk.kept(run) == []
    monkeypatch.setattr(metric_tail, "CATCH_UP_S", 1e-9)
    turns = 0
    while desk.tail.is_catching_up:
        desk.turn()
        desk.clock.now += 0.0
        turns += 1
        assert turns < 100
    assert desk.kept(run) == desk.all_of(run)


def test_an_observer_that_was_killed_tells_again_what_it_had_not_kept_and_keeps_it_once(desk):
    run = desk.run("a")
    desk.log(run, 10)
    desk.turn()
    desk.log(run, 10)
    desk.turn()  # heard and not kept
    desk.ears.steps.clear()
    desk.begin()  # as after kill -9: nothing of the other one is closed or asked
    desk.log(run, 5)
    desk.turn()
    assert desk.ears.steps[run.id, "loss"] == desk.all_of(run)[10:]
    assert desk.kept(run) == desk.all_of(run)


def test_while_the_disk_is_full_everything_is_heard_and_later_kept(desk, monkeypatch, capfd):
    run = desk.run("a")
    desk.log(run, 10)
    desk.turn()
    desk.refuse(monkeypatch)
    for _ in range(4):
        desk.log(run, 10)
        desk.turn(KEEP_EVERY_S)
    assert desk.ears.steps[run.id, "loss"] == desk.all_of(run)
    assert len(desk.kept(run)) == 10
    assert capfd.readouterr().err.count("can't be written") == 1
    monkeypatch.undo()
    desk.turn(AGAIN_S)
    assert desk.kept(run) == desk.all_of(run)
    desk.log(run, 10)
    desk.turn(KEEP_EVERY_S)
    assert desk.ears.steps[run.id, "loss"] == desk.kept(run) == desk.all_of(run)


def test_a_run_that_ends_while_the_disk_is_full_is_kept_when_there_is_room(desk, monkeypatch):
    run = desk.run("a")
    desk.log(run, 10)
    desk.refuse(monkeypatch)
    desk.turn()
    desk.end(run)
    desk.turn()
    assert desk.tail.is_catching_up
    monkeypatch.undo()
    desk.turn(AGAIN_S)
    assert desk.kept(run) == desk.all_of(run)
    assert desk.is_complete(run)


def test_a_cache_that_is_deleted_is_made_again_from_the_files(desk):
    live, ended = desk.run("a"), desk.run("b", live=False)
    for run in (live, ended):
        desk.log(run, 10)
    desk.tail.take_ended([ended])
    desk.turn()
    desk.paths.metric_cache.unlink()
    desk.log(live, 5)
    desk.turn(KEEP_EVERY_S)
    desk.turn(AGAIN_S)
    desk.tail.take_ended([ended])
    desk.turn()
    assert desk.kept(live) == desk.all_of(live)
    assert desk.kept(ended) == desk.all_of(ended)
    assert desk.ears.steps[live.id, "loss"] == desk.all_of(live)


def test_a_file_that_began_anew_is_kept_as_it_is_now(desk):
    run = desk.run("a")
    desk.log(run, 30)
    desk.turn()
    desk.paths.run(run.id).metrics.write_text("".join(map(json_line, range(100, 105))))
    desk.turn(KEEP_EVERY_S)
    assert desk.kept(run) == [100, 101, 102, 103, 104]


def test_a_run_that_begins_again_after_its_end_is_complete_after_its_last_end_only(desk):
    run = desk.run("a")
    desk.log(run, 3)
    desk.turn()
    desk.end(run)
    desk.turn()
    desk.active.append(run)
    desk.log(run, 3)
    desk.turn(KEEP_EVERY_S)
    assert not desk.is_complete(run)
    desk.end(run)
    desk.turn(KEEP_EVERY_S)
    assert desk.is_complete(run)
    assert desk.kept(run) == desk.all_of(run)


def test_a_run_that_is_finishing_is_read_and_heard(desk):
    run = desk.run("a")
    desk.active = [dataclasses.replace(run, state=RunState.FINISHING)]
    desk.log(run, 3)
    desk.turn()
    assert desk.ears.steps[run.id, "loss"] == desk.kept(run) == desk.all_of(run)


def test_what_a_run_logs_last_is_heard_though_nobody_has_seen_it_finish(desk):
    run = desk.run("a")
    desk.log(run, 3)
    desk.turn()
    desk.log(run, 2)
    desk.end(run)
    desk.turn()
    assert desk.ears.steps[run.id, "loss"] == desk.kept(run) == desk.all_of(run)


def test_runs_that_are_none_any_more_are_taken_out(desk):
    runs = [desk.run(name) for name in "ab"]
    for run in runs:
        desk.log(run)
    desk.turn()
    desk.begin().forget_others(lambda ids: [run_id for run_id in ids if run_id != runs[0].id])
    assert desk.kept(runs[0]) == []
    assert desk.kept(runs[1]) == desk.all_of(runs[1])


def test_a_run_that_logs_more_than_can_be_read_holds_up_no_other(desk):
    flood, other = desk.run("a"), desk.run("b")
    with open(desk.paths.run(flood.id).metrics, "w") as file:
        file.writelines(f'{{"step": {step}, "x": 1}}\n' for step in range(100_000))
    desk.clock.step = 0.02  # each look at the clock takes longer than a run may take
    desk.log(other, 10)
    desk.turn()
    assert desk.ears.steps[other.id, "loss"] == desk.all_of(other)
    assert 0 < len(desk.ears.steps[flood.id, "x"]) < 100_000


class Broken:
    """Points that no reader should give."""

    def __len__(self):
        return 1

    steps = values = times = ("one",)


def test_a_run_that_can_not_be_kept_keeps_no_other_out_and_is_told_of_once(desk, monkeypatch, capfd):
    bad, good = desk.run("a"), desk.run("b")
    whole = metric_tail._news

    def spoiled(gatherer, until):
        found = whole(gatherer, until)
        is_bad = any(bad.id in source.path for source in gatherer.sources)
        return [spoil(each) for each in found] if is_bad else found

    def spoil(news):
        return dataclasses.replace(news, batch=dataclasses.replace(news.batch, points={"loss": Broken()}))

    monkeypatch.setattr(metric_tail, "_news", spoiled)
    desk.ears.heard = lambda run, source, batch: None
    for _ in range(3):
        desk.log(bad)
        desk.log(good)
        desk.turn(KEEP_EVERY_S)
    assert desk.kept(good) == desk.all_of(good)
    assert desk.kept(bad) == []
    desk.end(bad)
    desk.turn()
    assert not desk.tail.is_catching_up
    assert capfd.readouterr().err.count("are not kept") == 1


def test_a_run_that_can_not_be_read_is_left_alone(desk, monkeypatch, capfd):
    bad, good = desk.run("a"), desk.run("b")
    whole = metric_tail.plan_of

    def refusing(folder, paths):
        if folder.run_id == bad.id:
            raise ValueError("what a file may hold")
        return whole(folder, paths)

    monkeypatch.setattr(metric_tail, "plan_of", refusing)
    for _ in range(3):
        desk.log(bad)
        desk.log(good)
        desk.turn(KEEP_EVERY_S)
    assert desk.kept(good) == desk.all_of(good)
    desk.tail.take_ended([bad])
    assert not desk.tail.is_catching_up
    assert capfd.readouterr().err.count("what a file may hold") == 1


# what others read


def test_the_history_of_a_run_is_the_cache_and_what_was_written_since(desk):
    run = desk.run("a")
    desk.log(run, 3000)
    desk.turn()
    desk.log(run, 7)
    series = history(desk.paths, run.id)["loss"]
    assert [step for step, _, _ in rows(series)] == desk.all_of(run)
    assert (len(series), series.summary.last_step) == (3007, 3006)


@pytest.mark.parametrize("damage", ["missing", "garbage", "of the future"])
def test_without_a_sound_cache_the_history_is_read_from_the_files(desk, damage):
    run = desk.run("a")
    desk.log(run, 3000)
    desk.turn()
    desk.tail.close()
    if damage == "missing":
        desk.paths.metric_cache.unlink()
    elif damage == "garbage":
        desk.paths.metric_cache.write_bytes(b"?" * 100_000)
    else:
        data = bytearray(desk.paths.metric_cache.read_bytes())
        data[60:64] = (99).to_bytes(4, "big")  # user_version
        desk.paths.metric_cache.write_bytes(data)
    assert [step for step, _ in history(desk.paths, run.id)["loss"]] == desk.all_of(run)


def damage(path):
    """Change one byte of the first points that are kept."""
    with contextlib.closing(sqlite3.connect(path)) as raw, raw:
        key, data = raw.execute("SELECT key, data FROM points ORDER BY key").fetchone()
        middle = len(data) // 2
        raw.execute(
            "UPDATE points SET data = ? WHERE key = ?", (data[:middle] + b"!" + data[middle + 1 :], key)
        )


def test_a_newest_value_that_is_damaged_is_not_told(desk):
    run = desk.run("a")
    desk.log(run, 30)
    desk.turn()
    assert newest_kept(desk.paths, run.id, None).value == value(29)
    damage(desk.paths.metric_cache)
    assert newest_kept(desk.paths, run.id, None) is None


def test_a_run_is_judged_by_its_files_where_the_kept_points_are_damaged(desk):
    run = desk.run("a")
    desk.log(run, 3000)
    desk.turn()
    damage(desk.paths.metric_cache)
    folder, rule = desk.paths.run(run.id), PrimaryRule("loss", step=1500.0)

    found = measured(folder, rule, None, lambda: history(desk.paths, run.id))

    assert (found.is_of_part, found.primary) == (False, PrimaryValue(value(1500), 1500.0))


def test_where_one_byte_of_the_kept_points_has_changed_all_points_come_from_the_files(desk):
    run = desk.run("a")
    desk.log(run, 3000)
    desk.turn()
    damage(desk.paths.metric_cache)
    place = find_metrics(str(desk.paths.run(run.id).folder), chain=False)
    found = read_metrics(place, every_point=True).series["loss"]
    assert list(found) == [(step, value(step)) for step in range(3000)]
    desk.log(run, 5)
    desk.turn(10)
    desk.turn(60)
    assert desk.kept(run) == desk.all_of(run)


def test_the_history_of_a_file_that_began_anew_holds_nothing_of_before(desk):
    run = desk.run("a")
    desk.log(run, 3000)
    desk.turn()
    desk.paths.run(run.id).metrics.write_text(json_line(7))
    assert list(history(desk.paths, run.id)["loss"]) == [
        (7, pytest.approx(float(json.loads(json_line(7))["loss"])))
    ]


def test_a_run_that_ended_is_shown_from_the_cache_alone(desk):
    run = desk.run("a")
    desk.log(run, 3000)
    desk.turn()
    desk.end(run)
    desk.turn()
    folder = desk.paths.run(run.id).folder
    folder.rename(folder.with_name("away"))
    series = history(desk.paths, run.id)["loss"]
    assert [step for step, _, _ in rows(series)] == desk.all_of(run)


def test_a_look_that_goes_on_takes_what_is_new(desk):
    run = desk.run("a")
    desk.log(run, 2000)
    desk.turn()
    metrics = collection_of(desk.paths, run.id)
    metrics.take()
    desk.log(run, 10)
    desk.turn(KEEP_EVERY_S)
    assert metrics.take()
    assert len(metrics.series()[0]["loss"]) == 2010
    assert not metrics.take()


def test_a_chart_begins_again_when_the_cache_it_began_with_is_gone(desk):
    run = desk.run("a")
    desk.log(run, 3000)
    desk.turn()
    metrics = RunMetrics(desk.paths.run(run.id), paths=desk.paths)
    assert len(metrics.look().series["loss"]) == 3000
    desk.paths.metric_cache.unlink()
    series = metrics.look().series["loss"]
    assert [step for step, _, _ in rows(series)] == desk.all_of(run)


def test_tables_have_a_row_for_each_metric_of_each_run_that_was_kept(desk):
    runs = [desk.run(name) for name in "ab"]
    for count, run in enumerate(runs, 5):
        desk.log(run, count)
    desk.turn()
    found = summaries(desk.paths, names=["loss"])
    assert {(row.run_id, row.length) for row in found} == {(runs[0].id, 5), (runs[1].id, 6)}
