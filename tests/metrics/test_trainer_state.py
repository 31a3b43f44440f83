"""The reader of Hugging Face's trainer states: each logged row once, whatever happens to the checkpoints."""

from __future__ import annotations

import json
import math
import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from read_whole import drain, plain, told

from orp_tui.core.ports import MetricBatch
from orp_tui.metrics.readers import trainer_state
from orp_tui.metrics.readers.trainer_state import TrainerStateReader
from orp_tui.metrics.table import MetricTable

IN_TMP = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


SAMPLES = Path(__file__).parent / "samples" / "trainer_state"
"""Made by `make_samples.py` there: a training, gone on with, then gone on with from an earlier checkpoint."""
EXPECTED = [(state[0]["last"], state[1:]) for state in json.loads((SAMPLES / "expected.json").read_text())]


def rows(first, last, scale=1.0):
    return [{"epoch": step / 10, "loss": scale / step, "step": step} for step in range(first, last + 1)]


def text_of(history):
    return json.dumps({"best_metric": None, "global_step": len(history), "log_history": history}, indent=2)


def save(folder, history, *, at=None):
    """Write a state as the Trainer does; `at` is when, in seconds, where the order is to be certain."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "trainer_state.json"
    path.write_text(text_of(history))
    if at is not None:
        os.utime(path, (at, at))
    return path


def losses(table):
    return [(step, value) for step, value, _ in plain(table).get("loss", [])]


def expected(history):
    return [(row["step"], row["loss"]) for row in history]


@pytest.fixture
def out(tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


def as_in(state, out):
    """Make the folder what it was at that moment of the real training, by content and by time."""
    last, _ = EXPECTED[state]
    shutil.rmtree(out)
    shutil.copytree(SAMPLES / str(state), out)
    for path in out.rglob("trainer_state.json"):
        at = 100 * state + (50 if path.relative_to(out).as_posix() == last else 1)
        os.utime(path, (at, at))


def as_transformers_reads(state):
    found = {}
    for row in EXPECTED[state][1]:
        for name, value in row.items():
            if name != "step":
                found.setdefault(name, []).append((float(row["step"]), told(float(value)), "nan"))
    return found


@pytest.mark.parametrize("state", range(len(EXPECTED)))
def test_a_folder_is_read_as_transformers_reads_it(out, state):
    as_in(state, out)
    table = MetricTable()

    drain(TrainerStateReader(out), table)

    assert plain(table) == as_transformers_reads(state)


def test_a_real_training_that_went_on_twice_is_followed_without_loss_or_double(out):
    reader, table, resumed, mark, restarts = TrainerStateReader(out), MetricTable(), MetricTable(), None, []
    for state in range(len(EXPECTED)):
        as_in(state, out)
        batch = reader.read()
        table.take(batch)
        restarts.append(batch.restarted)
        later = TrainerStateReader(out, mark=mark)
        drain(later, resumed)
        mark = json.loads(json.dumps(later.mark))

        assert plain(table) == plain(resumed) == as_transformers_reads(state)
    # When it went on the first time, the row that ended it was not in the checkpoint; then it was another training.
    assert restarts == ["", "", "rewritten"]


def test_each_checkpoint_tells_only_what_is_new(out):
    reader, table = TrainerStateReader(out), MetricTable()
    assert reader.read() == MetricBatch()

    save(out / "checkpoint-3", rows(1, 3), at=100)
    first = reader.read()
    save(out / "checkpoint-5", rows(1, 5), at=200)
    second = reader.read()
    save(out, rows(1, 6), at=300)
    third = reader.read()
    for batch in (first, second, third):
        table.take(batch)

    assert [len(batch.points["loss"]) for batch in (first, second, third)] == [3, 2, 1]
    assert not any(batch.restarted for batch in (first, second, third))
    assert losses(table) == expected(rows(1, 6))
    assert list(plain(table)) == ["epoch", "loss"]


def test_the_state_written_last_counts_and_not_the_one_of_the_highest_step(out):
    save(out / "checkpoint-9", rows(1, 9, scale=5), at=100)
    save(out / "checkpoint-4", rows(1, 4), at=200)
    table = MetricTable()

    drain(TrainerStateReader(out), table)

    assert losses(table) == expected(rows(1, 4))


def test_states_of_one_moment_are_taken_in_the_order_of_their_steps(out):
    for number in (2, 10, 9):
        save(out / f"checkpoint-{number}", rows(1, number), at=100)
    table = MetricTable()

    drain(TrainerStateReader(out), table)

    assert losses(table) == expected(rows(1, 10))


@pytest.mark.parametrize(
    ("history", "why"),
    [
        (rows(1, 2) + rows(3, 4, scale=7), "rewritten"),
        (rows(1, 2) + rows(3, 3, scale=7), "truncated"),
        (rows(1, 3), "truncated"),
        ([], "truncated"),
        (rows(1, 9, scale=3), "rewritten"),
    ],
)
def test_a_training_that_went_on_from_an_earlier_checkpoint_is_told_anew(out, history, why):
    save(out / "checkpoint-4", rows(1, 4), at=100)
    reader, table = TrainerStateReader(out), MetricTable()
    drain(reader, table)

    save(out / "checkpoint-3", history, at=200)
    batch = reader.read()
    table.take(batch)

    assert batch.restarted == why
    assert losses(table) == expected(history)


def test_old_checkpoints_and_also_the_last_one_may_be_deleted(out):
    for number in (2, 4):
        save(out / f"checkpoint-{number}", rows(1, number), at=100 + number)
    reader, table = TrainerStateReader(out), MetricTable()
    drain(reader, table)

    shutil.rmtree(out / "checkpoint-4")
    assert reader.read() == MetricBatch()
    shutil.rmtree(out / "checkpoint-2")
    assert reader.read() == MetricBatch()
    save(out / "checkpoint-6", rows(1, 6), at=200)
    drain(reader, table)

    assert losses(table) == expected(rows(1, 6))


def test_a_reader_made_with_a_mark_goes_on_where_the_other_stood(out):
    table, mark = MetricTable(), None
    for number in (2, 2, 4, 6):
        save(out / f"checkpoint-{number}", rows(1, number), at=100 + number)
        reader = TrainerStateReader(out, mark=mark)
        drain(reader, table)
        mark = json.loads(json.dumps(reader.mark))

    assert losses(table) == expected(rows(1, 6))


@pytest.mark.parametrize("mark", [{}, {"stamp": 1}, {"stamp": ["x"], "count": 1, "digest": ""}])
def test_a_damaged_mark_means_from_the_beginning(out, mark):
    save(out / "checkpoint-2", rows(1, 2))

    assert len(TrainerStateReader(out, mark=mark).read().points["loss"]) == 2


def test_a_state_grown_byte_by_byte_waits_until_it_is_whole(out):
    save(out / "checkpoint-1", rows(1, 1), at=100)
    reader, table = TrainerStateReader(out), MetricTable()
    drain(reader, table)
    (out / "checkpoint-3").mkdir()
    whole = text_of(rows(1, 3)).encode()
    path = out / "checkpoint-3" / "trainer_state.json"

    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        assert reader.changed()
        assert reader.read() == MetricBatch()
    path.write_bytes(whole)
    drain(reader, table)

    assert losses(table) == expected(rows(1, 3))


def test_a_state_that_stayed_torn_leaves_the_one_before_it_and_is_named_in_the_end(out):
    save(out / "checkpoint-2", rows(1, 2), at=100)
    save(out / "checkpoint-3", [], at=200).write_text('{"log_history": [{"loss"')
    os.utime(out / "checkpoint-3" / "trainer_state.json", (200, 200))
    reader, table = TrainerStateReader(out), MetricTable()

    drain(reader, table)
    assert losses(table) == expected(rows(1, 2))
    assert table.bad == 0
    for _ in range(2):
        drain(reader, table, final=True)

    assert table.bad == 1
    assert table.first_bad == "checkpoint-3/trainer_state.json: is no whole state of a trainer"


def test_nothing_that_did_not_change_is_read_again(out):
    save(out / "checkpoint-2", rows(1, 2), at=100)
    os.utime(out, (50, 50))
    reader = TrainerStateReader(out)
    assert reader.changed()
    reader.read()

    assert not reader.changed()
    save(out / "checkpoint-2", rows(1, 3), at=101)
    assert reader.changed()
    assert len(reader.read().points["loss"]) == 1


def test_a_folder_that_changed_just_now_is_looked_at_again(out):
    reader = TrainerStateReader(out)
    save(out / "checkpoint-2", rows(1, 2))

    reader.read()

    assert reader.changed()


def test_a_checkpoint_and_the_file_itself_will_do_as_well(out):
    path = save(out / "checkpoint-2", rows(1, 2))

    for source in (path.parent, path):
        table = MetricTable()
        drain(TrainerStateReader(source), table)
        assert losses(table) == expected(rows(1, 2))


def test_values_that_are_not_finite_are_events(out):
    save(out, [{"step": 1, "loss": math.nan}, {"step": 2, "loss": math.inf}, {"step": 3, "eval_loss": 1}])
    table = MetricTable()

    drain(TrainerStateReader(out), table)

    assert losses(table) == [(1, "nan"), (2, math.inf)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        '{"log_history": 5}',
        '{"log_history": {}}',
        '{"other": []}',
        "[" * 100_000,
        '{"log_history": [' + '{"a":' * 900 + "1" + "}" * 900 + "]}",
        '{"log_history": [' + "9" * 5000 + "]}",
        '{"log_history": [1, "x", null, {"loss": "text"}, {"loss": {"a": [1]}}, {"\\ud800": 1}]}',
    ],
)
def test_hostile_states_end_nothing(out, text):
    (out / "trainer_state.json").write_text(text)
    reader, table = TrainerStateReader(out), MetricTable()

    drain(reader, table)
    drain(reader, table, final=True)
    drain(TrainerStateReader(out, mark=json.loads(json.dumps(reader.mark))), table)

    assert losses(table) == []
    assert table.first_bad.isprintable()


def test_rows_that_are_none_are_counted(out):
    save(out, [{"step": 1, "loss": 1}, 7, None])

    batch = TrainerStateReader(out).read()

    assert (batch.bad, batch.first_bad) == (2, "trainer_state.json: 2 in log_history that are no rows")


@IN_TMP
@given(data=st.binary(max_size=200), place=st.integers(0, 400))
def test_garbage_in_a_state_ends_nothing(tmp_path, data, place):
    whole = bytearray(text_of(rows(1, 4)).encode())
    whole[place : place + len(data)] = data
    (tmp_path / "trainer_state.json").write_bytes(whole)

    batch = TrainerStateReader(tmp_path).read(final=True)

    assert batch.first_bad.isprintable()


def test_a_state_too_large_to_be_one_is_said_so_and_not_read(out, monkeypatch):
    monkeypatch.setattr(trainer_state, "LARGEST", 1 << 20)
    path = save(out / "checkpoint-2", rows(1, 2))
    with open(path, "a") as file:
        file.truncate(5 << 20)

    assert (
        TrainerStateReader(out).read().trouble
        == "checkpoint-2/trainer_state.json has 5 MiB; more than 1 MiB are not read"
    )


def test_links_lead_nowhere_unless_the_user_named_the_folder(out, tmp_path):
    save(tmp_path / "elsewhere", rows(1, 2))
    (out / "checkpoint-2").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "link").symlink_to(out)
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / "trainer_state.json").symlink_to(tmp_path / "elsewhere" / "trainer_state.json")

    assert TrainerStateReader(out).read() == MetricBatch()
    assert (
        TrainerStateReader(tmp_path / "link").read().trouble.startswith("trainer_state.json cannot be read")
    )
    assert (
        TrainerStateReader(tmp_path / "linked").read().trouble.startswith("trainer_state.json cannot be read")
    )
    assert TrainerStateReader(tmp_path / "link", follow_links=True).read().points


def test_what_is_no_regular_file_is_not_waited_for(out):
    os.mkfifo(out / "trainer_state.json")
    (out / "checkpoint-2" / "trainer_state.json").mkdir(parents=True)

    assert TrainerStateReader(out).read().trouble == "checkpoint-2/trainer_state.json is no regular file"


def test_a_folder_that_is_not_there_yet_is_waited_for(tmp_path):
    reader = TrainerStateReader(tmp_path / "later")
    assert reader.read() == MetricBatch()
    assert not reader.changed()

    save(tmp_path / "later" / "checkpoint-1", rows(1, 1))

    assert reader.changed()
    assert len(reader.read().points["loss"]) == 1
