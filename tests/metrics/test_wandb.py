"""The reader of W&B's files: whatever happens to the file, no point is lost, doubled or made up."""

from __future__ import annotations

import json
import math
import os
import random
from datetime import datetime
from itertools import accumulate
from pathlib import Path

import pytest
import wandb_file as wb
from read_whole import drain, plain, told

from orp_tui.metrics.readers import wandb
from orp_tui.metrics.readers.wandb import WandbReader
from orp_tui.metrics.readers.wandb_blocks import cut
from orp_tui.metrics.table import MetricTable

SAMPLES = Path(__file__).parent / "samples" / "wandb"
NOTE = wb.field(5, b"config " * 3)
"""A record that holds no metrics."""


def whole(path, *, final=False):
    table = MetricTable()
    drain(WandbReader(path), table, final=final)
    return table


def many(count, note=300):
    """Rows with a long text each, so that few fit in a block."""
    return [wb.row(step, 1.7e9 + step, loss=step / 8, note="x" * note) for step in range(count)]


def points(first, after):
    return [(float(step), step / 8, 1.7e9 + step) for step in range(first, after)]


def test_numbers_are_metrics_and_what_is_w_and_bs_own_is_not(tmp_path):
    path = tmp_path / "run-x.wandb"
    path.write_bytes(
        wb.file_of(
            NOTE,
            wb.row(0, 5.5, loss=0.5, _runtime=1.5, _wandb={"runtime": 1}, train__acc=1, ok=True, note="text"),
            wb.row(3, 6.5, loss="NaN", deep={"a": {"b": 2}}, picture={"_type": "image-file", "width": 640}),
            wb.field(2, wb.field(1, wb.item("key.with.dots", 7)) + wb.field(2, wb.field(1, 4))),
            wb.field(2, wb.field(1, wb.item("lr", b"NaN")) + wb.field(2, b"")),
        )
    )

    assert plain(whole(path)) == {
        "loss": [(0.0, 0.5, 5.5), (3.0, "nan", 6.5)],
        "train/acc": [(0.0, 1.0, 5.5)],
        "deep/a/b": [(3.0, 2.0, 6.5)],
        "key.with.dots": [(4.0, 7.0, "nan")],
        "lr": [(0.0, "nan", "nan")],
    }


def test_samples_of_the_machine_are_counted_and_named_sys(tmp_path):
    path = tmp_path / "run-x.wandb"
    path.write_bytes(wb.file_of(wb.sample(100, cpu=1.5), wb.row(0, 5.5, loss=1), wb.sample(115, cpu=2.5)))

    assert plain(whole(path)) == {
        "sys/cpu": [(0.0, 1.5, 100.5), (1.0, 2.5, 115.5)],
        "loss": [(0.0, 1.0, 5.5)],
    }


@pytest.mark.parametrize("note", [0, 300, 40_000, 70_000])
def test_records_over_the_ends_of_blocks_are_whole(tmp_path, note):
    path = tmp_path / "run-x.wandb"
    count = 8 if note > 1000 else 400
    path.write_bytes(wb.file_of(*many(count, note)))

    assert plain(whole(path)) == {"loss": points(0, count)}


def test_every_place_of_a_block_end_is_read(tmp_path):
    path = tmp_path / "run-x.wandb"
    for filling in range(wb.BLOCK - 140, wb.BLOCK - 20):
        path.write_bytes(wb.file_of(wb.field(5, bytes(filling)), *many(3, 5)))
        table = whole(path)

        assert plain(table).get("loss") == points(0, 3)
        assert table.bad == 0


def test_a_file_grown_byte_by_byte_gives_what_it_gives_at_once(tmp_path):
    data = wb.file_of(*many(5, 20), wb.sample(100, cpu=1), b"\xff", *many(2, 20))
    path = tmp_path / "run-x.wandb"
    path.write_bytes(b"")
    reader, table = WandbReader(path), MetricTable()
    for place in range(len(data)):
        with open(path, "ab") as file:
            file.write(data[place : place + 1])
        drain(reader, table)

    at_once = whole(path)
    assert plain(table) == plain(at_once)
    assert len(plain(table)["loss"]) == 7
    assert (table.bad, at_once.bad) == (1, 1)


@pytest.mark.parametrize("seed", range(4))
def test_a_file_grown_in_pieces_and_resumed_from_every_mark_gives_what_it_gives_at_once(tmp_path, seed):
    dice = random.Random(seed)
    data, path = wb.file_of(*many(500)), tmp_path / "run-x.wandb"
    path.write_bytes(b"")
    table, mark, place = MetricTable(), None, 0
    while place < len(data):
        size = dice.choice((1, 6, 500, 33_000))
        with open(path, "ab") as file:
            file.write(data[place : place + size])
        place += size
        reader = WandbReader(path, mark=mark)
        drain(reader, table)
        mark = json.loads(json.dumps(reader.mark))

    assert plain(table) == {"loss": points(0, 500)}


def test_a_file_cut_at_every_byte_gives_its_whole_records_and_nothing_else(tmp_path):
    records, path = many(4, 10), tmp_path / "run-x.wandb"
    ends = [len(wb.file_of(*records[:count])) for count in range(5)]
    for size in range(ends[-1] + 1):
        path.write_bytes(wb.file_of(*records)[:size])
        table = whole(path, final=True)

        assert plain(table).get("loss", []) == points(0, sum(size >= end for end in ends[1:]))
        assert table.bad == 0


def test_a_damaged_block_is_passed_over_and_the_next_one_read(tmp_path):
    records, path = many(300), tmp_path / "run-x.wandb"
    data, hit = bytearray(wb.file_of(*records)), wb.BLOCK + 1000
    data[hit] ^= 1
    path.write_bytes(data)

    table = whole(path)

    steps = [step for step, _, _ in plain(table)["loss"]]
    assert len(steps) > 200
    assert steps == sorted(set(steps))
    assert not set(range(300)) <= set(steps)
    assert table.bad == 1
    starts = accumulate(records, lambda start, record: start + len(wb.chunks(record, start)), initial=7)
    assert table.first_bad == f"at byte {max(start for start in starts if start <= hit)}: damaged"


def test_damage_in_a_block_that_is_not_full_waits_until_it_is_or_until_the_end(tmp_path):
    records = many(300)
    data, path = wb.file_of(*records), tmp_path / "run-x.wandb"
    torn = bytearray(data[: len(wb.file_of(*records[:5]))])
    torn[len(wb.file_of(*records[:3])) + 2] ^= 1
    path.write_bytes(torn)
    reader, table = WandbReader(path), MetricTable()
    drain(reader, table)
    assert (len(plain(table)["loss"]), table.bad) == (3, 0)

    path.write_bytes(data)  # it was in the making
    drain(reader, table)
    assert plain(table) == {"loss": points(0, 300)}

    path.write_bytes(torn)
    final = whole(path, final=True)
    assert (len(plain(final)["loss"]), final.bad) == (3, 1)


def test_a_reader_that_took_a_damaged_end_goes_on_with_the_next_block(tmp_path):
    records = many(300)
    data, path = bytearray(wb.file_of(*records)), tmp_path / "run-x.wandb"
    data[len(wb.file_of(*records[:3])) + 2] ^= 1
    path.write_bytes(data[: len(wb.file_of(*records[:5]))])
    reader, table = WandbReader(path), MetricTable()
    drain(reader, table, final=True)

    mark = json.loads(json.dumps(reader.mark))
    path.write_bytes(data)
    drain(WandbReader(path, mark=mark), table)

    at_once = whole(path)
    assert plain(table) == plain(at_once)
    assert (table.bad, at_once.bad) == (1, 1)
    assert plain(table)["loss"][-1] == points(0, 300)[-1]


def test_a_record_that_is_too_long_is_passed_over_and_named_once(tmp_path, monkeypatch):
    monkeypatch.setattr(wandb, "WINDOW", 40_000)
    monkeypatch.setattr(wandb, "LONGEST_RECORD", 100_000)
    path = tmp_path / "run-x.wandb"
    path.write_bytes(wb.file_of(*many(2, 20), wb.row(2, loss=9, note="x" * 300_000), *many(2, 90_000)))

    table = whole(path)

    assert plain(table) == {"loss": points(0, 2) * 2}
    assert table.bad == 1
    assert "a record of more than" in table.first_bad


def test_records_that_are_none_are_counted(tmp_path):
    path = tmp_path / "run-x.wandb"
    bad = [b"\xff\xff", wb.field(2, b"\x0a\xff"), wb.field(2, wb.field(1, wb.item("x", b"{")))]
    path.write_bytes(wb.file_of(*many(1), *bad, *many(1)))

    table = whole(path)

    assert plain(table) == {"loss": points(0, 1) * 2}
    assert table.bad == 3
    assert table.first_bad.startswith("a record: ")


def test_records_with_sound_checksums_and_anything_in_them_never_raise(tmp_path):
    dice, path = random.Random(13), tmp_path / "run-x.wandb"
    data = (SAMPLES / "train.wandb").read_bytes()
    sound = cut(data, 0, longest=1 << 20).records
    for _ in range(30):
        records = []
        for record in dice.sample(sound, 60):
            changed = bytearray(record)
            for _ in range(dice.choice((0, 1, 3))):
                changed[dice.randrange(len(changed))] = dice.choice((0, 1, 2, 10, 18, 127, 128, 130, 255))
            records.append(bytes(changed[: dice.choice((len(changed), dice.randrange(len(changed) + 1)))]))
        path.write_bytes(wb.file_of(*records))

        assert whole(path).bad < 60


def test_a_row_without_a_step_is_counted_and_a_step_of_zero_is_one(tmp_path):
    path = tmp_path / "run-x.wandb"
    loss = wb.field(1, wb.item(("loss",), 0.5))
    path.write_bytes(wb.file_of(wb.field(2, loss), wb.field(2, loss + wb.field(2, b""))))

    table = whole(path)

    assert plain(table) == {"loss": [(0.0, 0.5, "nan")]}
    assert (table.bad, table.first_bad) == (1, "a record: a row without a step")


def test_names_that_no_metric_can_have_are_left_out(tmp_path):
    path = tmp_path / "run-x.wandb"
    path.write_bytes(
        wb.file_of(wb.row(0, **{"x" * 301: 1, "y" * 300: 2}), wb.row(1, **{"x" * 301: 1, "y" * 300: 2}))
    )

    assert plain(whole(path)) == {"y" * 300: [(0.0, 2.0, "nan"), (1.0, 2.0, "nan")]}


def test_keys_that_look_like_the_beginning_of_a_value_are_read(tmp_path):
    path = tmp_path / "run-x.wandb"
    names = ["a\u0082\x01\x03b", "a", "a\u0082\x01", "\u0082\x01\x01"]
    rows = [wb.row(step, **dict.fromkeys(names, step)) for step in range(3)]
    path.write_bytes(wb.file_of(*rows))

    table = whole(path)

    assert plain(table) == {name: [(step, step, "nan") for step in range(3)] for name in names}
    assert table.bad == 0


@pytest.mark.parametrize(("count", "why"), [(2, "truncated"), (9, "rewritten")])
def test_a_file_that_is_another_one_now_is_read_anew(tmp_path, count, why):
    path = tmp_path / "run-x.wandb"
    path.write_bytes(wb.file_of(wb.sample(1, cpu=1), *many(3, 30)))
    reader, table = WandbReader(path), MetricTable()
    drain(reader, table)

    path.write_bytes(wb.file_of(wb.sample(5, cpu=1), *many(count, 31)))
    batch = reader.read()
    table.take(batch)

    assert batch.restarted == why
    assert plain(table) == {"sys/cpu": [(0.0, 1.0, 5.5)], "loss": points(0, count)}


@pytest.mark.parametrize(
    "mark", [{}, {"offset": "x"}, {"offset": 9, "head": "", "before": "", "skipping": "?"}]
)
def test_a_damaged_mark_means_from_the_beginning(tmp_path, mark):
    path = tmp_path / "run-x.wandb"
    path.write_bytes(wb.file_of(*many(3)))
    table = MetricTable()

    drain(WandbReader(path, mark=mark), table)

    assert plain(table) == {"loss": points(0, 3)}


def test_a_file_with_its_header_alone_is_no_trouble(tmp_path):
    path = tmp_path / "run-x.wandb"
    path.write_bytes(wb.HEADER)
    reader = WandbReader(path)

    assert reader.read() == wandb.MetricBatch()
    assert not reader.changed()


def test_a_file_of_something_else_is_said(tmp_path):
    path = tmp_path / "run-x.wandb"
    path.write_bytes(b"loss: 3\n" * 9)
    os.mkfifo(tmp_path / "pipe.wandb")

    assert WandbReader(path).read().trouble == "is no file of W&B"
    assert WandbReader(tmp_path / "pipe.wandb").read().trouble == "is no regular file"
    assert WandbReader(tmp_path / "none.wandb").read() == wandb.MetricBatch()


def test_garbage_and_flipped_bits_never_raise_make_up_nothing_and_end(tmp_path):
    dice, path = random.Random(11), tmp_path / "run-x.wandb"
    records = [*many(150), wb.sample(100, cpu=1)]
    good, truth = wb.file_of(*records), set(points(0, 150))
    for turn in range(120):
        data = bytearray(good) if turn % 2 else bytearray(wb.HEADER + dice.randbytes(9000))
        for _ in range(turn // 4):
            data[dice.randrange(7, len(data))] ^= 1 << dice.randrange(8)
        path.write_bytes(data)
        table = whole(path, final=turn % 3 == 0)

        assert set(plain(table).get("loss", [])) <= truth


def test_values_deep_or_huge_are_read_without_harm(tmp_path):
    path = tmp_path / "run-x.wandb"
    path.write_bytes(
        wb.file_of(
            wb.row(0, deep=b"[" * 50_000),
            wb.row(1, huge=b"1" * 5000, big=10**400, small=b"-1e999"),
            wb.row(2, loss=1),
        )
    )

    table = whole(path)

    assert plain(table)["loss"] == [(2.0, 1.0, "nan")]
    assert plain(table)["small"] == [(1.0, -math.inf, "nan")]
    assert plain(table)["big"] == [(1.0, math.inf, "nan")]
    assert table.bad == 1


def as_wandb_reads_it(records):
    """Metric, parts of its name joined by dots → its points, of the samples that W&B's own reader gave."""
    found, samples = {}, 0
    for record in records:
        row = record["item"]
        pictures = tuple(name.removesuffix("_type") for name in row if name.endswith("._type"))
        if record["type"] == "history":
            step, time, prefix = row.pop("_step"), row.pop("_timestamp"), ""
            row.pop("_runtime")
        else:
            step, time, prefix = samples, datetime.fromisoformat(record["timestamp"]).timestamp(), "sys."
            samples += 1
        for name, value in row.items():
            number = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}.get(str(value), value)
            is_shown = not pictures or not name.startswith(pictures)
            if type(number) in (int, float) and is_shown:
                point = (step, told(float(number)), pytest.approx(time, abs=1e-6))
                found.setdefault(prefix + name, []).append(point)
    return found


@pytest.mark.parametrize("name", ["train.wandb", "killed.wandb"])
def test_a_file_of_w_and_bs_own_holds_what_w_and_b_reads_in_it(name):
    expected = as_wandb_reads_it(json.loads((SAMPLES / "expected.json").read_text())[name])

    table = whole(SAMPLES / name, final=True)

    assert {name.replace("/", "."): rows for name, rows in plain(table).items()} == {
        name.replace("/", "."): rows for name, rows in expected.items()
    }
    assert table.bad == 0


def test_the_sample_holds_what_its_script_logged():
    table = plain(whole(SAMPLES / "train.wandb"))

    assert set(table) >= {
        "loss",
        "train/lr",
        "val/acc",
        "val/deep/er",
        "dots.in.name",
        "näme with spaces",
        "big",
    }
    assert set(table) >= {"of two calls", "the second", "late", "beside", "sys/cpu"}
    assert not any(name.startswith(("weights", "page", "_", "note", "list", "flag")) for name in table)
    assert [value for step, value, _ in table["loss"] if 49 < step < 53] == ["nan", math.inf, -math.inf]
    assert [step for step, _, _ in table["loss"]] == list(range(90))
    assert [step for step, _, _ in table["epoch"]] == list(range(0, 90, 10))


def test_the_sample_grown_in_pieces_and_resumed_gives_what_it_gives_at_once(tmp_path):
    data, path = (SAMPLES / "train.wandb").read_bytes(), tmp_path / "run-x.wandb"
    path.write_bytes(b"")
    table, mark = MetricTable(), None
    for place in range(0, len(data), 37):
        with open(path, "ab") as file:
            file.write(data[place : place + 37])
        reader = WandbReader(path, mark=mark)
        drain(reader, table)
        mark = reader.mark

    assert plain(table) == plain(whole(SAMPLES / "train.wandb"))
