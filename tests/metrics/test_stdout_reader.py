"""The reader of logs: however the bytes come, the same points; whatever they are, no exception."""

from __future__ import annotations

import itertools
import json
import os
import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from read_whole import drain, plain

from orp_tui.metrics.readers.stdout import StdoutReader
from orp_tui.metrics.table import MetricTable

SAMPLES = sorted((Path(__file__).parent / "samples" / "stdout").glob("*.txt"))
IN_TMP = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

LINES = st.one_of(
    st.sampled_from(
        [
            "iter 100: loss 2.3, time 12ms", "Epoch 1/2", "Epoch: [0][ 10/196] Loss 4.1 (4.5)", "Test: [1/4] Loss 1.5", " * Acc@1 45.3",
            "{'loss': 0.5, 'epoch': 1.5}", '{"loss": NaN, "step": 3}', "loss: nan", "-" * 20, "| a/ |  |", "|   loss | 3 |",
            "|   total_timesteps | 9 |", "train_loss: 0.5", "\x1b[1m3/9\x1b[0m ━━━━━ loss: 0.5", "9/9 ━━━━━ loss: 0.25", "step 3 loss 0.5 (",
            "\x1b]0;title\x07loss: 1.5", "x" * 5000, "loss: 0.5" + " " * 4100, "", "hello", "é: 1.5", "10%|█  | 1/10 [00:01<00:09, loss=0.5]",
            "20%|█  | 2/10 [00:01<00:09, loss=0.4]", "2026-11-24 12:00:01Z INFO step=4 loss=2.5", "port: 80",
        ]
    ),
    st.builds("step {}: loss {}".format, st.integers(0, 99), st.floats(width=32)),
    st.builds("Epoch [{}/5], Step [{}/9], Loss: 0.5".format, st.integers(1, 5), st.integers(1, 9)),
    st.text(max_size=20),
)  # fmt: skip
ENDS = st.sampled_from(["\n", "\r\n", "\r", "\r\r\n", "\n\n"])
TEXTS = st.lists(st.tuples(LINES, ENDS).map("".join), max_size=14).map("".join)


def at_once(path: Path, data: bytes, **options: object) -> MetricTable:
    path.write_bytes(data)
    table = MetricTable()
    drain(StdoutReader(path, **options), table)
    return table


def grown(path: Path, pieces: list[bytes], *, anew: bool = False) -> MetricTable:
    """Read after each piece; `anew` by another reader each time, made of the mark of the one before."""
    path.write_bytes(b"")
    reader, table = StdoutReader(path), MetricTable()
    for piece in pieces:
        with open(path, "ab") as file:
            file.write(piece)
        if anew:
            reader = StdoutReader(path, mark=json.loads(json.dumps(reader.mark)))
        drain(reader, table)
    return table


@IN_TMP
@given(text=TEXTS, cuts=st.lists(st.integers(0, 400), max_size=8), anew=st.booleans())
def test_a_log_that_grew_in_pieces_gives_what_it_gives_at_once(tmp_path, text, cuts, anew):
    data = text.encode("utf-8", "surrogatepass")
    places = [0, *sorted(cuts), len(data)]
    pieces = [data[start:end] for start, end in itertools.pairwise(places)]

    assert plain(grown(tmp_path / "log", pieces, anew=anew)) == plain(
        at_once(tmp_path / "whole", b"".join(pieces))
    )


@IN_TMP
@given(text=TEXTS)
def test_a_log_grown_byte_by_byte_gives_what_it_gives_at_once(tmp_path, text):
    data = text.encode("utf-8", "surrogatepass")[:1500]

    assert plain(grown(tmp_path / "log", [data[place : place + 1] for place in range(len(data))])) == plain(
        at_once(tmp_path / "whole", data)
    )


PLAIN = st.lists(
    st.sampled_from(
        ["step 1 [loss 0.5 0.6] acc 0.25 (0.3)", "{'loss': 0.5, 'epoch': 1.5}", "Epoch 2/3", "loss: 0.5%", "val loss 1.5 | acc 2.5 |", "hello", "| loss | 3 |"]
    ),
    max_size=6,
)  # fmt: skip


@IN_TMP
@given(lines=PLAIN, cuts=st.lists(st.integers(0, 160), max_size=6))
def test_looks_at_unfinished_lines_lose_and_double_nothing(tmp_path, lines, cuts):
    data = "".join(f"{line}\n" for line in lines).encode()
    path = tmp_path / "log"
    path.write_bytes(b"")
    reader, table = StdoutReader(path), MetricTable()
    places = [0, *sorted(cuts), len(data)]
    for start, end in itertools.pairwise(places):
        with open(path, "ab") as file:
            file.write(data[start:end])
        drain(reader, table, final=True)
        reader = StdoutReader(path, mark=json.loads(json.dumps(reader.mark)))

    assert plain(table) == plain(at_once(tmp_path / "whole", data))


@IN_TMP
@given(data=st.binary(max_size=3000), final=st.booleans())
def test_random_bytes_never_raise(tmp_path, data, final):
    path = tmp_path / "log"
    path.write_bytes(data)
    reader = StdoutReader(path)

    drain(reader, MetricTable(), final=final)
    drain(StdoutReader(path, mark=json.loads(json.dumps(reader.mark))), MetricTable(), final=final)


@pytest.mark.parametrize("seed", range(3))
def test_flipped_bytes_of_real_logs_never_raise(tmp_path, seed):
    chance = random.Random(seed)
    data = bytearray(b"".join(path.read_bytes()[:4000] for path in SAMPLES))
    for _ in range(len(data) // 20):
        data[chance.randrange(len(data))] = chance.randrange(256)
    path = tmp_path / "log"
    path.write_bytes(data)

    drain(StdoutReader(path), MetricTable(), final=True)


def test_a_log_that_was_cut_or_written_anew_is_read_from_the_beginning(tmp_path):
    path = tmp_path / "log"
    path.write_text("step 1 loss 0.5\nstep 2 loss 0.4\n")
    reader, table = StdoutReader(path), MetricTable()
    drain(reader, table)

    path.write_text("step 7 loss 3.5\n")
    batch = reader.read()

    assert batch.restarted == "truncated"
    assert list(batch.points["loss"].steps) == [7.0]

    path.write_text("step 8 loss 3.5\nstep 9 loss 2.5\n")
    batch = reader.read()
    assert batch.restarted == "rewritten"
    assert list(batch.points["loss"].steps) == [8.0, 9.0]


@pytest.mark.parametrize("damage", [{}, {"parser": None}, {"parser": {}}, {"offset": "x"}, {"lines": []}])
def test_a_damaged_mark_means_from_the_beginning(tmp_path, damage):
    path = tmp_path / "log"
    path.write_text("step 1 loss 0.5\n")
    reader = StdoutReader(path)
    reader.read()
    mark = {**reader.mark, **damage} if damage else {}

    assert list(StdoutReader(path, mark=mark).read().points["loss"].values) == [0.5]


def test_a_log_that_is_not_there_yet_is_no_trouble_and_a_pipe_is(tmp_path):
    assert StdoutReader(tmp_path / "none").read().trouble == ""
    os.mkfifo(tmp_path / "pipe")
    assert StdoutReader(tmp_path / "pipe").read().trouble == "is no regular file"


def test_a_link_is_followed_only_if_the_user_named_it(tmp_path):
    (tmp_path / "log").write_text("step 1 loss 0.5\n")
    (tmp_path / "link").symlink_to("log")

    assert StdoutReader(tmp_path / "link").read().trouble
    assert StdoutReader(tmp_path / "link", follow_links=True).read().points


def test_an_unfinished_line_waits_for_its_end_since_its_last_number_may_be_cut(tmp_path):
    path = tmp_path / "log"
    path.write_text("step 1 loss 0.5")
    reader = StdoutReader(path)

    assert not reader.read(final=True).points
    assert reader.unfinished == b"step 1 loss 0.5"

    with open(path, "a") as file:
        file.write("31\n")
    assert list(reader.read().points["loss"].values) == [0.531]


def test_an_unfinished_line_that_ends_in_a_bracket_is_taken_once(tmp_path):
    path = tmp_path / "log"
    path.write_text("{'loss': 0.5, 'epoch': 1}")
    reader, table = StdoutReader(path), MetricTable()
    drain(reader, table, final=True)
    drain(reader, table, final=True)
    with open(path, "a") as file:
        file.write("\n{'loss': 0.4, 'epoch': 2}\n")
    drain(reader, table)

    assert plain(table)["loss"] == [(1.0, 0.5, "nan"), (2.0, 0.4, "nan")]


def test_what_comes_behind_the_part_that_was_taken_is_not_lost(tmp_path):
    path = tmp_path / "log"
    path.write_text("step 3 [loss 4.1]")
    reader, table = StdoutReader(path), MetricTable()
    drain(reader, table, final=True)
    with open(path, "a") as file:
        file.write(" acc 0.25\n")
    drain(reader, table)

    assert plain(table) == {"loss": [(3.0, 4.1, "nan")], "acc": [(3.0, 0.25, "nan")]}


def test_a_line_of_more_than_4_kib_is_passed_over_however_it_comes(tmp_path):
    long = b"step 1 loss 0.5 " + b"x" * 6000 + b"\nstep 2 loss 0.4\n"
    path = tmp_path / "log"

    for pieces in ([long], [long[:10], long[10:5000], long[5000:]]):
        assert [step for step, _, _ in plain(grown(path, pieces))["loss"]] == [2.0]


def test_one_read_takes_a_bounded_part_of_a_large_log(tmp_path):
    path = tmp_path / "log"
    path.write_text("step 1 loss 0.5\n" * 50_000)
    reader = StdoutReader(path)

    batch = reader.read()

    assert batch.more
    assert 0 < len(batch.points["loss"]) < 20_000


@pytest.mark.parametrize(
    "data", [b"\r" + b"x" * 200_000, b"\n" + b"\r" * 100_000 + b"1" * 4000, b"1 " * 2000 + b"\r\n" * 9]
)
def test_no_flood_takes_long(tmp_path, data):
    """What is looked at again from each of its bytes would take minutes, which no test would wait for."""
    (tmp_path / "log").write_bytes(data)

    drain(StdoutReader(tmp_path / "log"), MetricTable(), final=True)


def test_a_log_without_any_line_end_is_passed_by_in_parts(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(b"loss 1.5 " * 100_000)
    reader = StdoutReader(path)

    for _ in range(20):
        if not reader.read(final=True).more:
            break
    assert reader.mark["offset"] == path.stat().st_size
    assert not reader.read(final=True).more


def test_a_full_bar_counts_before_the_line_behind_it(tmp_path: Path) -> None:
    """The last epoch is not held back until the log ends, and what comes later does not stand before it."""
    bar = "10/10 [=====] - 3s 2ms/step - loss: 0.{} - accuracy: 0.9"
    path = tmp_path / "log.txt"
    path.write_text(f"Epoch 1/2\n{bar.format(5)}\nEpoch 2/2\n{bar.format(25)}\nEvaluating\nTest loss: 0.31\n")
    reader, table = StdoutReader(path), MetricTable()
    table.take(reader.read())
    assert {name: [row[:2] for row in rows] for name, rows in plain(table).items()} == {
        "loss": [(1, 0.5), (2, 0.25)],
        "accuracy": [(1, 0.9), (2, 0.9)],
        "Test_loss": [(2, 0.31)],
    }


def test_a_full_bar_that_is_drawn_again_with_more_is_told_once(tmp_path: Path) -> None:
    bar = "4/4 [=====] loss: 0.5"
    table = at_once(
        tmp_path / "log.txt",
        f"Epoch 1/2\n{bar}\nlr: 0.1 step 4 grad_norm: 2\n{bar} - val_loss: 0.4\nEpoch 2/2\n".encode(),
    )
    assert [row[1] for row in plain(table)["loss"]] == [0.5]
    assert [row[1] for row in plain(table)["val_loss"]] == [0.4]


SUMMARY = "{'train_runtime': 2.47, 'train_samples_per_second': 77.7, 'train_loss': 0.64, 'epoch': 3}"


@pytest.mark.parametrize(
    ("before", "step"),
    [
        ("{'loss': 0.5, 'step': 100, 'epoch': 1}\n{'loss': 0.4, 'step': 300, 'epoch': 3}\n", 300),
        ("step 100: loss 0.5\nstep 300: loss 0.4\n", 300),
        ("{'loss': 0.5, 'epoch': 1}\n{'loss': 0.4, 'epoch': 2.5}\n", 3),
    ],
    ids=["dicts with steps", "lines with steps", "epochs alone"],
)
def test_the_summary_of_a_training_stands_at_its_last_step_or_else_at_its_epoch(tmp_path, before, step):
    series = at_once(tmp_path / "log", f"{before}{SUMMARY}\n".encode()).series()

    names = ("train_runtime", "train_samples_per_second", "train_loss")
    assert {name: [at for at, _ in series[name]] for name in names} == {name: [step] for name in names}
