"""The reader of event files: it gives what TensorBoard gives, whatever happens to the files."""

from __future__ import annotations

import json
import math
import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from event_files import START, VERSION, event, field, record, scalar, single, start_at, steps, tensor, varint
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from read_whole import plain, told

from orp_tui.core.ports import MetricBatch
from orp_tui.metrics.readers import (
    tfevents_crc,
    tfevents_file,
    tfevents_known,
    tfevents_numpy,
    tfevents_scalars,
)
from orp_tui.metrics.readers.tfevents import TfEventsReader
from orp_tui.metrics.readers.tfevents_event import event_in
from orp_tui.metrics.readers.tfevents_spans import Spans
from orp_tui.metrics.table import MetricTable

SAMPLES = Path(__file__).parent / "samples" / "tfevents"
EXPECTED = json.loads((SAMPLES / "expected.json").read_text())
IN_TMP = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
NAME = "events.out.tfevents.1700000000.host.1.0"
LATER = "events.out.tfevents.1700000001.host.1.1"
LATEST = "events.out.tfevents.1700000002.host.1.2"


def expected(name):
    return {
        tag: [tuple(told(float(number)) for number in row) for row in rows]
        for tag, rows in EXPECTED[name].items()
    }


class Ways:
    """Which of the ways through payloads is taken, whatever their number."""

    def __init__(self, patched):
        self._patched = patched

    def long(self):
        """Field by field, all checksums byte by byte."""
        self._patched.setattr(tfevents_known.Known, "find", lambda *_: None)
        self._patched.setattr(tfevents_scalars, "MANY", 10**9)
        self._patched.setattr(tfevents_crc, "PLAIN_UP_TO", 10**9)

    def by_numpy(self):
        """Also where there are few."""
        self._patched.undo()
        self._patched.setattr(tfevents_scalars, "MANY", 1)
        self._patched.setattr(tfevents_numpy, "_FEW", 2)
        self._patched.setattr(tfevents_crc, "PLAIN_UP_TO", -1)


@pytest.fixture
def ways(monkeypatch):
    return Ways(monkeypatch)


def drain(reader, table, *, final=False):
    """Read until there is no more; the reasons for which it began anew."""
    why = []
    for _ in range(10_000):
        batch = reader.read(final=final)
        table.take(batch)
        why += [batch.restarted] if batch.restarted else []
        if not batch.more:
            return why
    raise AssertionError("there is always more")


def read(folder, *, final=True):
    table = MetricTable()
    drain(TfEventsReader(folder), table, final=final)
    return table


def of(tmp_path, data, *, final=True):
    (tmp_path / NAME).write_bytes(data)
    return read(tmp_path, final=final)


def values(table, tag="loss"):
    return [value for _, value, _ in plain(table).get(tag, [])]


def grow(path, data):
    with open(path, "ab") as file:
        file.write(data)


def records_of(data):
    """The records of a sound file."""
    found, at = [], 0
    while at < len(data):
        end = at + 16 + struct.unpack_from("<Q", data, at)[0]
        found.append(data[at:end])
        at = end
    return found


# What the libraries write


@pytest.mark.parametrize("name", EXPECTED)
def test_every_sample_gives_what_tensorboard_reads_from_it(name):
    table = read(SAMPLES / name)

    assert plain(table) == expected(name)
    assert (table.bad, table.first_bad) == (0, "")


@pytest.mark.parametrize("name", EXPECTED)
def test_the_long_way_the_quick_one_and_the_one_of_numpy_give_the_same(name, ways):
    ways.long()
    assert plain(read(SAMPLES / name)) == expected(name)
    ways.by_numpy()
    table = read(SAMPLES / name)
    assert plain(table) == expected(name)
    assert list(plain(table)) == list(plain(read(SAMPLES / name)))


@pytest.mark.parametrize("name", ["torch_writer", "tensorboardx_writer", "tf_summary", "keras_fit/train"])
def test_most_scalars_of_a_sample_are_known_again(name, monkeypatch):
    gone_through = []

    def counted(*payload):
        gone_through.append(payload)
        return event_in(*payload)

    monkeypatch.setattr(tfevents_scalars, "event_in", counted)

    table = read(SAMPLES / name)

    assert len(gone_through) < 0.6 * sum(map(len, table.series().values()))


@pytest.mark.parametrize("name", ["restarted", "purged", "tensors"])
def test_a_sample_grown_byte_by_byte_gives_what_it_gives_at_once(tmp_path, name):
    reader, table = TfEventsReader(tmp_path), MetricTable()
    for source in sorted((SAMPLES / name).iterdir()):
        data, path = source.read_bytes(), tmp_path / source.name
        for place in range(len(data)):
            grow(path, data[place : place + 1])
            batch = reader.read()
            table.take(batch)
            assert not batch.trouble

    drain(reader, table, final=True)
    assert plain(table) == expected(name)
    assert table.bad == 0


@pytest.mark.parametrize("name", ["restarted", "purged", "torch_writer"])
def test_a_reader_made_anew_from_every_mark_loses_and_doubles_nothing(name, monkeypatch):
    monkeypatch.setattr("orp_tui.metrics.readers.tfevents.WINDOW", 100)
    monkeypatch.setattr(tfevents_file, "WINDOW", 100)
    reader, table, more = TfEventsReader(SAMPLES / name), MetricTable(), True
    while more:
        batch = reader.read()
        table.take(batch)
        more = batch.more
        reader = TfEventsReader(SAMPLES / name, mark=json.loads(json.dumps(reader.mark)))

    assert plain(table) == expected(name)


# A file that ends, breaks or changes


def test_a_file_cut_at_every_byte_gives_its_whole_records_and_nothing_else(tmp_path):
    data = VERSION + steps("loss", 0, 12)
    ends = [sum(map(len, records_of(data)[: count + 1])) for count in range(13)]
    for size in range(len(data) + 1):
        table = of(tmp_path, data[:size])

        assert values(table) == list(range(sum(end <= size for end in ends[1:])))
        assert table.bad == 0


@pytest.mark.parametrize("final", [False, True])
def test_a_flipped_bit_costs_its_own_record_and_no_other(tmp_path, final):
    data = VERSION + steps("loss", 0, 4)
    begins = [sum(map(len, records_of(data)[:count])) for count in range(1, 6)]
    for place in range(len(VERSION), len(data)):
        broken = bytearray(data)
        broken[place] ^= 1 << place % 8
        table = of(tmp_path, bytes(broken), final=final)

        hit = sum(begin <= place for begin in begins) - 1
        assert values(table) == [step for step in range(4) if step != hit]
        if hit == 3 and not final:  # it may still be mended
            assert table.bad == 0
        else:
            assert table.bad == 1
            assert table.first_bad.startswith(f"{NAME}: byte {begins[hit]:,}: ")


def test_a_record_with_zeros_in_it_is_waited_for_until_a_sound_one_follows(tmp_path):
    """As over a network: the size is there before all of the bytes are."""
    whole = steps("loss", 0, 3)
    place = len(records_of(whole)[0]) + 30
    path = tmp_path / NAME
    path.write_bytes(whole[:place] + bytes(len(whole) - place))
    reader, table = TfEventsReader(tmp_path), MetricTable()
    drain(reader, table)
    assert (values(table), table.bad) == ([0.0], 0)

    path.write_bytes(whole)
    drain(reader, table)

    assert (values(table), table.bad) == ([0.0, 1.0, 2.0], 0)


def test_what_stays_broken_is_told_once_and_left_behind(tmp_path):
    path = tmp_path / NAME
    path.write_bytes(steps("loss", 0, 1) + b"garbage " * 10)
    reader, table = TfEventsReader(tmp_path), MetricTable()
    drain(reader, table)
    drain(reader, table, final=True)
    drain(reader, table, final=True)
    assert (values(table), table.bad) == ([0.0], 1)

    grow(path, b"more garbage " + steps("loss", 1, 2))
    drain(reader, table, final=True)

    assert (values(table), table.bad) == ([0.0, 1.0], 1)


@pytest.mark.parametrize("garbage", [b"\0", b"\xff", b"\1\0\0\0\0\0\0\0", b"events.out", bytes(range(256))])
def test_much_that_says_nothing_is_one_thing_passed_over(tmp_path, monkeypatch, garbage):
    monkeypatch.setattr(tfevents_file, "WINDOW", 4096)
    filling = (garbage * 50_000)[:50_000]

    table = of(tmp_path, VERSION + steps("loss", 0, 2) + filling + steps("loss", 2, 4))

    assert values(table) == [0.0, 1.0, 2.0, 3.0]
    assert table.bad == 1


@pytest.mark.parametrize("at", [2, 30])
@pytest.mark.parametrize("breaks", [1, 3, 256])
def test_where_each_second_record_is_broken_the_others_are_read(tmp_path, monkeypatch, at, breaks):
    monkeypatch.setattr(tfevents_file, "_MOST_BREAKS", breaks)
    monkeypatch.setattr(tfevents_file, "_AFTER_A_BREAK", 1)
    records = [bytearray(each) for each in records_of(steps("loss", 0, 40))]
    for each in records[1::2]:
        each[at] ^= 1
    (tmp_path / NAME).write_bytes(b"".join(records))
    reader, table = TfEventsReader(tmp_path), MetricTable()
    drain(reader, table)
    assert values(table) == [float(step) for step in range(0, 40, 2)]
    assert table.bad == 19

    drain(reader, table, final=True)

    assert table.bad == 20
    assert table.first_bad.startswith(f"{NAME}: byte {len(records[0])}: ")


def test_after_many_broken_ones_many_sound_ones_are_read(tmp_path, monkeypatch):
    monkeypatch.setattr(tfevents_file, "_AFTER_A_BREAK", 1)
    data = steps("loss", 0, 50)
    table = of(tmp_path, b"\x09" + data + record(event(50, scalar("loss", 1.0)))[:-1] + data)

    assert values(table) == [*range(50), *range(50)]
    assert table.bad == 2


DAMAGED = st.lists(
    st.one_of(
        st.integers(0, 400).map(lambda step: record(event(step, scalar("loss", step)))),
        st.integers(0, 400).map(lambda step: record(event(step, scalar("acc", step)))[:-1]),
        st.binary(max_size=40),
        st.binary(max_size=60).map(record),
        st.sampled_from(
            [VERSION, bytes(100), record(b""), record(start_at(200)), record(b"\x2a\xff\xff\xff\x0f")]
        ),
    ),
    max_size=12,
).map(b"".join)


@IN_TMP
@given(data=DAMAGED, cuts=st.lists(st.integers(0, 700), max_size=8))
def test_whatever_is_in_a_file_it_gives_the_same_in_pieces_as_at_once(tmp_path, data, cuts):
    path = tmp_path / NAME
    path.write_bytes(b"")
    reader, table = TfEventsReader(tmp_path), MetricTable()
    for start, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(data)], strict=True):
        grow(path, data[start:end])
        drain(reader, table)
    drain(reader, table, final=True)

    at_once = of(tmp_path, data)
    assert plain(table) == plain(at_once)
    assert (table.bad, table.first_bad) == (at_once.bad, at_once.first_bad)


@IN_TMP
@given(data=st.binary(max_size=300), sizes=st.lists(st.integers(1, 300), max_size=5))
def test_garbage_with_right_checksums_ends_nothing(tmp_path, data, sizes):
    parts, at = [], 0
    for size in sizes:
        parts.append(record(data[at : at + size]))
        at += size

    table = of(tmp_path, b"".join(parts) + steps("loss", 0, 3))

    assert values(table)[-3:] == [0.0, 1.0, 2.0]


@pytest.mark.parametrize(
    ("new", "why"),
    [
        (VERSION + steps("loss", 7, 8), "truncated"),
        (VERSION + steps("acc", 0, 20), "rewritten"),
        (VERSION + steps("loss", 5, 15), "rewritten"),
    ],
)
def test_a_file_that_is_another_one_now_has_the_whole_folder_read_anew(tmp_path, new, why):
    (tmp_path / NAME).write_bytes(VERSION + steps("first", 0, 3))
    (tmp_path / LATER).write_bytes(VERSION + steps("loss", 0, 10))
    reader, table = TfEventsReader(tmp_path), MetricTable()
    drain(reader, table)

    (tmp_path / LATER).write_bytes(new)

    assert drain(reader, table) == [why]
    assert plain(table) == plain(read(tmp_path))
    assert values(table, "first") == [0.0, 1.0, 2.0]


def test_a_folder_that_was_made_anew_is_read_anew(tmp_path):
    (tmp_path / NAME).write_bytes(steps("loss", 0, 3))
    reader, table = TfEventsReader(tmp_path), MetricTable()
    drain(reader, table)

    (tmp_path / NAME).unlink()
    assert drain(reader, table) == []
    assert values(table) == [0.0, 1.0, 2.0]

    (tmp_path / LATER).write_bytes(steps("loss", 5, 6))
    reader = TfEventsReader(tmp_path, mark=json.loads(json.dumps(reader.mark)))
    assert drain(reader, table) == ["rewritten"]
    assert values(table) == [5.0]


# Several files


def test_a_training_that_started_again_is_one_source_in_the_order_of_its_files(tmp_path):
    (tmp_path / LATER).write_bytes(steps("loss", 5, 8, add=100, wall=START + 1000))
    (tmp_path / NAME).write_bytes(steps("loss", 0, 10))

    assert [(step, value) for step, value, _ in plain(read(tmp_path))["loss"]] == [
        *((step, step) for step in range(10)),
        *((step, step + 100) for step in range(5, 8)),
    ]


@pytest.mark.parametrize("order", [(NAME, LATER), (LATER, NAME)])
def test_of_a_step_that_two_files_have_the_later_time_counts_in_whatever_order_they_grew(tmp_path, order):
    data = {NAME: steps("loss", 0, 10), LATER: steps("loss", 5, 8, add=100, wall=START + 1000)}
    reader, table = TfEventsReader(tmp_path), MetricTable(by_step=True)
    for name in order:
        (tmp_path / name).write_bytes(data[name])
        drain(reader, table)

    assert values(table) == [0, 1, 2, 3, 4, 105, 106, 107, 8, 9]


def test_two_files_that_grow_at_once_are_both_followed(tmp_path):
    reader, table = TfEventsReader(tmp_path), MetricTable()
    for step in range(5):
        grow(tmp_path / LATER, steps("b", step, step + 1))
        grow(tmp_path / NAME, steps("a", step, step + 1))
        drain(reader, table)

    assert values(table, "a") == values(table, "b") == [0.0, 1.0, 2.0, 3.0, 4.0]


def test_what_a_training_declares_void_is_taken_back(tmp_path):
    (tmp_path / NAME).write_bytes(VERSION + steps("loss", 0, 10) + steps("val", 8, 10))
    reader, table = TfEventsReader(tmp_path), MetricTable()
    drain(reader, table)

    (tmp_path / LATER).write_bytes(VERSION + record(start_at(6)) + steps("loss", 6, 8, add=100))
    assert drain(reader, table) == ["rewritten"]
    assert values(table) == [0, 1, 2, 3, 4, 5, 106, 107]
    assert values(table, "val") == []

    reader = TfEventsReader(tmp_path, mark=json.loads(json.dumps(reader.mark)))
    (tmp_path / LATEST).write_bytes(VERSION + record(start_at(8)) + steps("loss", 8, 9))
    assert drain(reader, table) == []
    assert values(table) == [0, 1, 2, 3, 4, 5, 106, 107, 8]


def test_many_that_declare_void_what_they_like_end_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr("orp_tui.metrics.readers.tfevents_voids.MOST", 4)
    for number in range(10):
        data = steps("loss", 0, 20 - number) + record(start_at(10 - number)) + record(start_at(9 - number))
        (tmp_path / f"events.out.tfevents.{number}").write_bytes(data)
    table = MetricTable()

    why = drain(TfEventsReader(tmp_path), table)

    assert set(why) == {"rewritten"}
    assert len(why) < 4
    assert values(table)[-11:] == list(range(11))


def test_the_start_of_the_first_file_voids_nothing(tmp_path):
    assert values(of(tmp_path, steps("loss", 0, 3) + record(start_at(0)) + steps("loss", 3, 5))) == [
        0,
        1,
        2,
        3,
        4,
    ]


def test_of_many_files_the_first_thousand_are_read_and_the_rest_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr("orp_tui.metrics.readers.tfevents_folder.MOST_FILES", 3)
    for number in range(5):
        (tmp_path / f"events.out.tfevents.{number}").write_bytes(steps("loss", number, number + 1))

    table = read(tmp_path)

    assert values(table) == [0.0, 1.0, 2.0]
    assert table.bad == 1
    assert table.first_bad.startswith("2 event files beyond the first ")


def test_a_file_that_cannot_be_read_is_told_once_beside_those_that_can(tmp_path, monkeypatch):
    (tmp_path / NAME).write_bytes(steps("loss", 0, 3))
    (tmp_path / LATER).write_bytes(steps("loss", 3, 5))
    opened = os.open

    def refusing(path, flags, *more, **named):
        if os.fspath(path).endswith(LATER):
            raise PermissionError(13, "Permission denied")
        return opened(path, flags, *more, **named)

    monkeypatch.setattr(os, "open", refusing)
    reader, table = TfEventsReader(tmp_path), MetricTable()
    drain(reader, table)
    drain(reader, table)

    assert values(table) == [0.0, 1.0, 2.0]
    assert table.bad == 1
    assert table.first_bad == f"{LATER}: cannot be read: Permission denied"
    (tmp_path / NAME).unlink()
    assert TfEventsReader(tmp_path).read().trouble == f"{LATER}: cannot be read: Permission denied"


# What is a source


def test_sub_folders_and_other_files_are_not_of_a_folder(tmp_path):
    (tmp_path / NAME).write_bytes(steps("loss", 0, 1))
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / NAME).write_bytes(steps("sub", 0, 1))
    (tmp_path / "model.pt").write_bytes(steps("model", 0, 1))
    (tmp_path / "1.profile.tfevents.1.profile-empty").write_bytes(steps("profile", 0, 1))
    (tmp_path / LATER).mkdir()
    os.mkfifo(tmp_path / LATEST)
    (tmp_path / f"{NAME}.link").symlink_to(tmp_path / "sub" / NAME)

    assert list(plain(read(tmp_path))) == ["loss"]


def test_a_path_that_is_a_file_is_read_alone(tmp_path):
    (tmp_path / NAME).write_bytes(steps("loss", 0, 1))
    (tmp_path / LATER).write_bytes(steps("loss", 1, 2))
    reader, table = TfEventsReader(tmp_path / NAME), MetricTable()
    drain(reader, table)
    assert values(table) == [0.0]

    grow(tmp_path / NAME, steps("loss", 2, 3))
    assert reader.changed()
    drain(TfEventsReader(tmp_path / NAME, mark=json.loads(json.dumps(reader.mark))), table)

    assert values(table) == [0.0, 2.0]


def test_links_are_followed_only_where_the_user_named_them(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / NAME).write_bytes(steps("loss", 0, 1))
    (tmp_path / "folder").symlink_to("real")
    (tmp_path / "file").symlink_to(f"real/{NAME}")

    for name, why in (("folder", "is a link"), ("file", "Too many levels of symbolic links")):
        assert TfEventsReader(tmp_path / name).read().trouble.endswith(why)
        assert TfEventsReader(tmp_path / name, follow_links=True).read().points


def test_what_is_no_file_or_not_there_is_said_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")

    assert TfEventsReader(tmp_path / "pipe").read().trouble.endswith("is no regular file")
    assert TfEventsReader(tmp_path / "none").read() == MetricBatch()
    assert not TfEventsReader(tmp_path / "none").changed()
    assert TfEventsReader(tmp_path).read() == MetricBatch()


def test_files_of_others_are_left_out_until_they_are_written_to(tmp_path):
    (tmp_path / NAME).write_bytes(steps("loss", 0, 1))
    os.utime(tmp_path / NAME, (1000, 1000))
    (tmp_path / LATER).write_bytes(steps("loss", 1, 2))
    os.utime(tmp_path / LATER, (3000, 3000))
    reader, table = TfEventsReader(tmp_path, since=2000.0), MetricTable()
    drain(reader, table)
    assert values(table) == [1.0]

    grow(tmp_path / NAME, steps("loss", 2, 3))
    assert reader.changed()
    drain(reader, table)

    assert values(table) == [1.0, 0.0, 2.0]


def test_a_folder_that_has_not_changed_is_not_read_again(tmp_path):
    reader = TfEventsReader(tmp_path)
    assert reader.changed()
    (tmp_path / NAME).write_bytes(steps("loss", 0, 1))
    os.utime(tmp_path, (1000, 1000))
    reader.read()
    assert not reader.changed()

    grow(tmp_path / NAME, steps("loss", 1, 2))
    assert reader.changed()
    reader.read()
    assert not reader.changed()

    (tmp_path / LATER).write_bytes(b"")
    assert reader.changed()


def test_a_file_that_came_within_the_tick_of_the_last_look_is_found(tmp_path):
    (tmp_path / NAME).write_bytes(steps("loss", 0, 1))
    reader, before = TfEventsReader(tmp_path), os.stat(tmp_path)
    reader.read()

    (tmp_path / LATER).write_bytes(steps("loss", 1, 2))
    os.utime(tmp_path, ns=(before.st_atime_ns, before.st_mtime_ns))

    assert reader.changed()
    assert reader.read().points


@pytest.mark.parametrize(
    "mark",
    [
        {},
        {"files": {NAME: {}}, "voids": {"starts": {}, "furthest": {}}},
        {"files": {NAME: 3}, "voids": {}},
        {"files": [], "voids": {"starts": {}, "furthest": {}}},
        {"files": {}, "voids": {"starts": {"a": "x"}, "furthest": {}}},
        {"files": {NAME: {"offset": 9, "head": "zz", "before": "", "skip": 0, "lost": False}}, "voids": None},
    ],
)
def test_a_damaged_mark_means_from_the_beginning(tmp_path, mark):
    (tmp_path / NAME).write_bytes(steps("loss", 0, 3))
    table = MetricTable()

    drain(TfEventsReader(tmp_path, mark=mark), table)

    assert values(table) == [0.0, 1.0, 2.0]


# What is a scalar


def packed(*numbers):
    return b"".join(map(varint, numbers))


@pytest.mark.parametrize(
    ("made", "value"),
    [
        (tensor("t", 1, field(4, struct.pack("<f", 2.5))), 2.5),
        (tensor("t", 1, single(5, 2.5)), 2.5),
        (tensor("t", 1, field(5, struct.pack("<f", 2.5))), 2.5),
        (tensor("t", 2, field(6, 2.5)), 2.5),
        (tensor("t", 2, field(6, struct.pack("<d", 2.5))), 2.5),
        (tensor("t", 3, field(7, -3)), -3),
        (tensor("t", 3, field(7, packed(-3))), -3),
        (tensor("t", 9, field(10, packed(2**40))), 2**40),
        (tensor("t", 9, field(4, struct.pack("<q", -5))), -5),
        (tensor("t", 14, field(13, packed(0x3FC0))), 1.5),
        (tensor("t", 14, field(13, 0xBFC0)), -1.5),
        (tensor("t", 14, field(4, b"\xc0\x3f")), 1.5),
        (tensor("t", 19, field(13, packed(0x3E00))), 1.5),
        (tensor("t", 19, field(4, b"\x00\x3e")), 1.5),
        (tensor("t", 22, field(16, packed(2**32 - 1))), 2**32 - 1),
        (tensor("t", 23, field(17, packed(2**64 - 1))), float(2**64 - 1)),
        (tensor("t", 1, single(5, 2.5), shape=field(2, field(1, 1)) * 3), 2.5),
        (tensor("t", 1, single(5, math.nan)), "nan"),
        (field(7, b"t") + single(2, 2.5), 2.5),
        (single(2, 1.5) + field(1, b"other") + single(2, 2.5) + field(1, b"t"), 2.5),
        (field(1, b"t") + field(99, 7) + field(98, b"new") + single(2, 2.5), 2.5),
    ],
)
def test_a_number_is_read_in_whatever_form_it_is_written(tmp_path, made, value):
    table = of(tmp_path, record(event(3, made)) * 2 + record(event(4, made)))

    assert plain(table) == {"t": [(3.0, value, START), (3.0, value, START), (4.0, value, START)]}
    assert table.bad == 0


@pytest.mark.parametrize(
    "made",
    [
        field(1, b"t"),
        field(1, b"t") + field(5, b"a histogram"),
        tensor("t", 7, field(8, b"0.5")),
        tensor("t", 10, field(11, 1)),
        tensor("t", 8, field(9, struct.pack("<ff", 1, 2))),
        tensor("t", 1),
        tensor("t", 3, field(7, b"")),
        tensor("t", 1, single(5, 1), single(5, 2)),
        tensor("t", 3, field(7, packed(1, 2))),
        tensor("t", 1, field(4, struct.pack("<ff", 1, 2)), shape=field(2, field(1, 2))),
        tensor("t", 1, single(5, 1), shape=field(2, field(1, 3))),
        tensor("t", 1, single(5, 1), shape=field(2, field(1, -1))),
        tensor("t", 1, single(5, 1), shape=field(3, 1)),
        tensor("t", 1, field(5, struct.pack("<f", 1)), field(4, struct.pack("<d", 1))),
        scalar("t" * 301, 1.0),
    ],
)
def test_what_is_no_number_is_passed_over_in_silence(tmp_path, made):
    table = of(tmp_path, record(event(3, made)) + steps("loss", 0, 2))

    assert list(plain(table)) == ["loss"]
    assert table.bad == 0


def test_an_event_without_a_time_has_none_and_one_without_a_step_is_at_0(tmp_path):
    data = record(event(None, scalar("loss", 1.0), wall=None)) + record(
        event(2, scalar("loss", 2.0), wall=None)
    )

    assert plain(of(tmp_path, data)) == {"loss": [(0.0, 1.0, "nan"), (2.0, 2.0, "nan")]}


@pytest.mark.parametrize("step", [0, 1, 127, 128, 2**14 - 1, 2**31, 2**53, 2**62, -1, -(2**40), -(2**63)])
def test_a_step_is_what_it_was_however_long_its_number_is(tmp_path, step):
    data = b"".join(record(event(each, scalar("loss", 0.5))) for each in (5, step, 6))

    assert [row[0] for row in plain(of(tmp_path, data))["loss"]] == [5.0, float(step), 6.0]


def test_events_that_look_alike_but_are_not_are_told_apart(tmp_path):
    head, tag = field(1, START), field(1, b"loss")
    summary = field(5, field(1, tag + single(2, 1.5)))
    data = [
        head + summary,
        head + summary + field(2, 9),
        head + field(2, 4) + summary,
        head + field(2, 4) + summary + summary,
        head + field(2, 4) + field(5, field(1, field(1, b"loss") + single(3, 1.5))),
        head
        + field(2, 4)
        + field(5, field(1, tag + single(2, 1.5)) + field(1, field(1, b"acc") + single(2, 7))),
        head + field(2, 4) + field(5, field(1, field(1, b"los\x15") + single(2, 2.5))),
    ]

    table = of(tmp_path, b"".join(map(record, data * 3)))

    once = [(0.0, 1.5), (9.0, 1.5), (4.0, 1.5), (4.0, 1.5), (4.0, 1.5), (4.0, 1.5)]
    assert [(step, value) for step, value, _ in plain(table)["loss"]] == once * 3
    assert values(table, "acc") == [7.0] * 3
    assert values(table, "los\x15") == [2.5] * 3


TAGS = st.sampled_from(["loss", "acc", "a", "*", "\x15", "é", "", "loss/" * 20])
NUMBERS = st.floats(width=32)
VALUES = st.one_of(
    st.tuples(TAGS, NUMBERS).map(lambda made: scalar(*made)),
    st.tuples(TAGS, NUMBERS).map(lambda made: tensor(made[0], 1, field(4, struct.pack("<f", made[1])))),
    st.tuples(TAGS, NUMBERS).map(lambda made: tensor(made[0], 2, field(6, float(made[1])))),
    st.tuples(TAGS, st.integers(-9, 9)).map(lambda made: tensor(made[0], 3, field(7, packed(made[1])))),
)
EVENTS = st.builds(
    lambda step, made, wall: event(step, *made, wall=wall),
    st.integers(-5, 2**62),
    st.lists(VALUES, min_size=1, max_size=2),
    st.sampled_from([START, START + 1, None]),
)


@IN_TMP
@given(payloads=st.lists(st.one_of(EVENTS, st.just(start_at(3)), st.binary(max_size=30)), max_size=12))
def test_all_ways_give_the_same_of_any_events(tmp_path, payloads):
    data = b"".join(map(record, payloads * 3))
    quick = of(tmp_path, data)
    with pytest.MonkeyPatch.context() as patched:
        Ways(patched).long()
        long = of(tmp_path, data)
        Ways(patched).by_numpy()
        by_numpy = of(tmp_path, data)

    for other in (long, by_numpy):
        assert plain(other) == plain(quick)
        assert list(plain(other)) == list(plain(quick))
        assert (other.bad, other.first_bad) == (quick.bad, quick.first_bad)


def test_new_names_at_every_step_end_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(tfevents_known, "_MOST_NAMES", 3)
    data = b"".join(record(event(step, scalar(f"m{step}", step))) for step in range(8))

    table = of(tmp_path, data + steps("m4", 8, 10))

    assert list(plain(table)) == [f"m{step}" for step in range(8)]
    assert values(table, "m4") == [4.0, 8.0, 9.0]


def test_an_event_of_very_many_scalars_is_passed_over(tmp_path):
    many = field(5, field(1, scalar("loss", 7.0)) * 10_001)

    table = of(tmp_path, record(event(1, more=many)) + steps("loss", 2, 4))

    assert values(table) == [2.0, 3.0]
    assert table.first_bad == f"{NAME}: byte 0: no event: more than 10,000 scalars"


# What is long


def test_a_record_longer_than_what_is_read_at_once_is_read_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(tfevents_file, "WINDOW", 256)
    long = event(1, field(1, b"picture") + field(4, bytes(1000)), scalar("loss", 1.0))
    path = tmp_path / NAME
    path.write_bytes(steps("loss", 0, 1) + record(long)[:600])
    reader, table = TfEventsReader(tmp_path), MetricTable()
    drain(reader, table)
    assert values(table) == [0.0]

    grow(path, record(long)[600:] + steps("loss", 2, 3))
    drain(reader, table)

    assert values(table) == [0.0, 1.0, 2.0]


@pytest.mark.parametrize(("holds", "bad"), [(5, 1), (4, 0)])
def test_a_record_too_long_to_be_looked_at_is_passed_over_and_told_if_metrics_may_be_in_it(
    tmp_path, monkeypatch, holds, bad
):
    monkeypatch.setattr(tfevents_file, "WINDOW", 256)
    monkeypatch.setattr(tfevents_file, "LARGEST", 1 << 10)
    monkeypatch.setattr("orp_tui.metrics.readers.tfevents.WINDOW", 256)
    data = steps("loss", 0, 3) + record(event(3, more=field(holds, bytes(5000)))) + steps("loss", 3, 9)
    path = tmp_path / NAME
    path.write_bytes(b"")
    reader, table = TfEventsReader(tmp_path), MetricTable()
    for start in range(0, len(data), 90):
        grow(path, data[start : start + 90])
        table.take(reader.read())
        reader = TfEventsReader(tmp_path, mark=json.loads(json.dumps(reader.mark)))
    drain(reader, table)

    assert values(table) == [0, 1, 2, 3, 4, 5, 6, 7, 8]
    assert table.bad == bad
    assert values(of(tmp_path, data)) == values(table)


# Checksums


def test_the_checksum_is_that_of_the_standard():
    crc = 0xE3069283  # of CRC-32C's own check value
    assert tfevents_crc.masked_crc(b"123456789") == ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


@settings(deadline=None)
@given(
    sizes=st.lists(
        st.one_of(st.integers(0, 200), st.sampled_from([63, 64, 65, 128, 5000])), min_size=1, max_size=8
    ),
    seed=st.binary(min_size=7, max_size=31),
    hit=st.integers(0),
)
def test_many_checksums_at_once_find_the_wrong_payload(sizes, seed, hit):
    data, spans = b"", Spans()
    for number, size in enumerate(sizes):
        payload = (seed * (size // len(seed) + 1))[number % 7 :][:size]
        spans.begins.append(len(data) + 12)
        spans.ends.append(len(data) + 12 + len(payload))
        data += record(payload)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(tfevents_crc, "PLAIN_UP_TO", -1)
        assert tfevents_crc.wrong_ones(data, spans) == []
        place = hit % len(spans)
        begin, end = list(spans)[place]
        broken = bytearray(data)
        broken[begin + hit % (end + 4 - begin)] ^= 1 << hit % 8

        assert tfevents_crc.wrong_ones(bytes(broken), spans) == [place]


def test_a_small_file_is_read_without_numpy():
    code = (
        "import sys; from orp_tui.metrics.readers.tfevents import TfEventsReader;"
        "batch = TfEventsReader(sys.argv[1]).read(final=True);"
        "assert batch.points and 'numpy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, SAMPLES / "restarted"], check=True, timeout=60)
