"""The reader of JSON lines: whatever happens to the file, no point is lost, doubled or made up."""

from __future__ import annotations

import json
import math
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from read_whole import drain, plain, whole

from orp_tui.metrics.readers import jsonl
from orp_tui.metrics.readers.jsonl import JsonlReader
from orp_tui.metrics.table import MetricTable

VALUES = st.one_of(
    st.floats(width=32),
    st.integers(-10, 10**30),
    st.sampled_from([True, None, "NaN", "-inf", "text", [], {"in": 2.5}, {"in": {"x": None}}, 10**400]),
)
ROWS = st.dictionaries(
    st.sampled_from(
        ["step", "epoch", "time", "timestamp", "loss", "val/loss", "acc", "rank", "é\u0301", '"\\\n', ""]
    ),
    VALUES,
    max_size=5,
)
LINES = st.one_of(
    ROWS.map(json.dumps),
    st.integers(0, 9).map(lambda step: json.dumps({"step": step, "time": 1.7e9 + step, "loss": 0.5})),
    st.sampled_from(
        [
            "",
            "  ",
            "{",
            "}",
            "{}",
            "[1]",
            "null",
            '{"a": 1',
            '{"a":1} {"b":2}',
            '"b": 2}',
            '{"a": 1}x',
            "\x00",
        ]
    ),
)
ENDS = st.sampled_from(["\n", "\r\n"])
TEXTS = st.lists(st.tuples(LINES, ENDS).map("".join), max_size=12).map("".join)
IN_TMP = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def write(path, *rows, end="\n"):
    path.write_text("\n".join(map(json.dumps, rows)) + end)


@IN_TMP
@given(text=TEXTS, cuts=st.lists(st.integers(0, 600), max_size=8))
def test_a_file_that_grew_in_pieces_gives_what_it_gives_at_once(tmp_path, text, cuts):
    data, path = text.encode("utf-8", "surrogatepass"), tmp_path / "m.jsonl"
    path.write_bytes(b"")
    reader, table = JsonlReader(path), MetricTable()
    for start, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(data)], strict=True):
        with open(path, "ab") as file:
            file.write(data[start:end])
        drain(reader, table)

    path.write_bytes(data)
    at_once = whole(path)
    assert plain(table) == plain(at_once)
    assert (table.bad, table.first_bad) == (at_once.bad, at_once.first_bad)


def test_a_file_grown_byte_by_byte_gives_what_it_gives_at_once(tmp_path):
    data = (
        b'{"step": 1, "time": 5.5, "loss": 0.5, "train": {"acc": 1}}\n\n{"step": 2, "loss": NaN}\r\nno json\n'
        b'{"step": 3, "loss": -Infinity, "note": "\xc3\xa9"}\n{"step": 4, "loss": 1}\n{"step": 5, "loss": 2}\n{"step": 6'
    )
    path = tmp_path / "m.jsonl"
    path.write_bytes(b"")
    reader, table = JsonlReader(path), MetricTable()
    for place in range(len(data)):
        with open(path, "ab") as file:
            file.write(data[place : place + 1])
        drain(reader, table)

    assert plain(table) == plain(whole(path))
    assert plain(table)["loss"] == [
        (1.0, 0.5, 5.5), (2.0, "nan", "nan"), (3.0, -math.inf, "nan"), (4.0, 1.0, "nan"), (5.0, 2.0, "nan"),
    ]  # fmt: skip
    assert table.bad == 1
    assert table.first_bad == "line 4: no JSON object: no json"


def test_a_file_cut_at_every_byte_gives_its_whole_lines_and_nothing_else(tmp_path):
    data = b'{"step": 1, "loss": 1}\n{"step": 2, "loss": 2}\n{"step": 3, "loss": 3}\n'
    path = tmp_path / "m.jsonl"
    for size in range(len(data) + 1):
        path.write_bytes(data[:size])

        points = plain(whole(path)).get("loss", [])

        assert [step for step, _, _ in points] == list(range(1, data[:size].count(b"\n") + 1))


@IN_TMP
@given(text=TEXTS, size=st.integers(1, 40))
def test_the_quick_ways_give_what_line_by_line_gives(tmp_path, monkeypatch, text, size):
    path = tmp_path / "m.jsonl"
    path.write_bytes((text * size).encode("utf-8", "surrogatepass"))

    quick = whole(path)
    with monkeypatch.context() as slow:
        slow.setattr(jsonl, "_quick", lambda data: None)
        slow.setattr(jsonl.JsonlReader, "_take_alike", lambda self, data: None)
        slow.setattr("orp_tui.metrics.rows._columns", lambda rows: None)
        line_by_line = whole(path)

    assert plain(quick) == plain(line_by_line)
    assert (quick.bad, quick.first_bad) == (line_by_line.bad, line_by_line.first_bad)


def test_a_reader_made_with_a_mark_goes_on_where_the_other_stood(tmp_path):
    path = tmp_path / "m.jsonl"
    write(path, {"loss": 1}, {"loss": 2})
    first, table = JsonlReader(path), MetricTable()
    drain(first, table)
    mark = json.loads(json.dumps(first.mark))

    with open(path, "a") as file:
        file.write('{"loss": 3}\n{"loss')
    drain(JsonlReader(path, mark=mark), table)

    assert [(step, value) for step, value, _ in plain(table)["loss"]] == [(0.0, 1.0), (1.0, 2.0), (2.0, 3.0)]


@pytest.mark.parametrize("mark", [{}, {"offset": "x"}, {"offset": 3, "head": "zz", "before": "", "rows": 0}])
def test_a_damaged_mark_means_from_the_beginning(tmp_path, mark):
    path = tmp_path / "m.jsonl"
    write(path, {"loss": 1})
    table = MetricTable()

    drain(JsonlReader(path, mark=mark), table)

    assert len(plain(table)["loss"]) == 1


@pytest.mark.parametrize(
    ("new", "why"),
    [
        ('{"acc": 7}\n', "truncated"),
        ('{"acc": 1}\n{"acc": 2}\n{"acc": 3}\n', "rewritten"),
        ('{"acc": 5}\n{"acc": 6}\n', "rewritten"),
    ],
)
def test_a_file_that_is_another_one_now_is_read_anew(tmp_path, new, why):
    path = tmp_path / "m.jsonl"
    path.write_text('{"los": 5}\n{"los": 6}\n')
    reader, table = JsonlReader(path), MetricTable()
    drain(reader, table)

    path.write_text(new)
    batch = reader.read()
    table.take(batch)

    assert batch.restarted == why
    assert list(plain(table)) == ["acc"]
    assert [step for step, _, _ in plain(table)["acc"]] == list(range(new.count("\n")))


def test_a_last_line_without_its_end_waits_unless_it_is_final(tmp_path):
    path = tmp_path / "m.jsonl"
    write(path, {"loss": 1}, {"loss": 2}, end="")
    reader, table = JsonlReader(path), MetricTable()

    drain(reader, table)
    assert len(plain(table)["loss"]) == 1
    drain(reader, table, final=True)
    assert len(plain(table)["loss"]) == 2

    with open(path, "a") as file:
        file.write('\nbroken\n{"loss": 3}\n')
    drain(reader, table)
    assert len(plain(table)["loss"]) == 3
    assert table.first_bad.startswith("line 3: ")


def test_a_torn_last_line_is_no_point_even_if_it_is_final(tmp_path):
    path = tmp_path / "m.jsonl"
    path.write_text('{"loss": 1}\n{"loss": 2')

    assert len(plain(whole(path, final=True))["loss"]) == 1


def test_a_line_too_long_to_be_one_is_passed_over_and_named_once(tmp_path, monkeypatch):
    monkeypatch.setattr(jsonl, "WINDOW", 64)
    monkeypatch.setattr(jsonl, "LONGEST_LINE", 256)
    path = tmp_path / "m.jsonl"
    rows = [{"loss": 1}, {"loss": 2, "note": "x" * 200}, {"loss": 3, "note": "x" * 1000}, {"loss": 4}]
    write(path, *rows)

    table = whole(path)

    assert [value for _, value, _ in plain(table)["loss"]] == [1.0, 2.0, 4.0]
    assert table.bad == 1
    assert table.first_bad.startswith("line 3: longer than")


def test_garbage_is_counted_and_its_first_line_named_without_its_escapes(tmp_path):
    path = tmp_path / "m.jsonl"
    path.write_bytes(b'{"loss": 1}\n\x1b[2Jclear\n\xff\xfe\n[1, 2]\n{"loss": 2}\n')

    table = whole(path)

    assert len(plain(table)["loss"]) == 2
    assert table.bad == 3
    assert table.first_bad.startswith("line 2: ")
    assert table.first_bad.isprintable()


def test_what_is_no_regular_file_is_said_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/etc/passwd")
    (tmp_path / "folder").mkdir()

    troubles = [JsonlReader(tmp_path / name).read().trouble for name in ("pipe", "link", "folder")]

    assert troubles[0] == troubles[2] == "is no regular file"
    assert troubles[1].startswith("cannot be read")
    assert JsonlReader(tmp_path / "none").read() == jsonl.MetricBatch()


def test_a_link_that_the_user_named_is_followed(tmp_path):
    write(tmp_path / "real.jsonl", {"loss": 1})
    (tmp_path / "link").symlink_to("real.jsonl")

    assert JsonlReader(tmp_path / "link", follow_links=True).read().points


def test_a_file_that_has_not_changed_is_not_read_again(tmp_path):
    path = tmp_path / "m.jsonl"
    reader = JsonlReader(path)
    assert not reader.changed()
    write(path, {"loss": 1})
    assert reader.changed()

    reader.read()

    assert not reader.changed()


def test_names_that_nest_deep_and_numbers_that_are_huge_end_nothing(tmp_path):
    path = tmp_path / "m.jsonl"
    deep = '{"a":' * 3000 + "1" + "}" * 3000
    path.write_text(f'{deep}\n{{"big": {"9" * 4000}, "bigger": 1e999, "loss": 1}}\n{{"{"n" * 500}": 1}}\n')

    table = whole(path)

    assert [value for _, value, _ in plain(table)["loss"]] == [1.0]
    assert all(len(name) <= 300 for name in plain(table))


@pytest.mark.parametrize("name", ['a"b', "a\\b", "a\x1b[2J", "\ud800", "", "é", "f0", "step "])
def test_any_name_is_read_also_where_many_lines_are_alike(tmp_path, name):
    path = tmp_path / "m.jsonl"
    write(path, *({"step": step, name: step} for step in range(10)))
    reader, table = JsonlReader(path), MetricTable()
    drain(reader, table)
    with open(path, "a") as file:
        file.write(json.dumps({"step": 10, name: 10}) + "\n")
    drain(reader, table)

    assert [value for _, value, _ in plain(table)[name]] == list(range(11))


def test_a_diverged_run_is_read_as_well_as_any_other(tmp_path, monkeypatch):
    path = tmp_path / "m.jsonl"
    rows = [{"step": step, "loss": math.nan if step > 5 else 1.0, "acc": -math.inf} for step in range(5000)]
    write(path, *rows)
    monkeypatch.setattr(jsonl.JsonlReader, "_line_by_line", lambda self, data: pytest.fail("the slow way"))

    table = whole(path)

    assert table.bad == 0
    assert table.series()["loss"].summary.non_finite == 4994
    assert table.series()["acc"].summary.non_finite == 5000


@pytest.mark.parametrize(
    "text",
    [
        '{"a": NaN}\n{"a": [{}\n{}]}\n{"b": 1},{"c": 2}\n',
        '{"a": NaN} {"b": 1}\n{"c": 1,\n"d": 2}\n',
        '{"a": NaN}\n{"b": Nan}\n',
        '{"a": NaN}\n{"a": {}\n{"b": 1}}\n',
    ],
)
def test_values_that_share_lines_are_garbage_line_by_line_beside_nan_too(tmp_path, monkeypatch, text):
    path = tmp_path / "m.jsonl"
    path.write_text(text)
    quick = whole(path)
    monkeypatch.setattr(jsonl, "_quick", lambda data: None)
    slow = whole(path)

    assert (plain(quick), quick.bad, quick.first_bad) == (plain(slow), slow.bad, slow.first_bad)


def test_lines_of_another_shape_among_many_alike_are_not_lost(tmp_path, monkeypatch):
    monkeypatch.setattr(jsonl, "WINDOW", 200)
    path = tmp_path / "m.jsonl"
    rows = [
        {"step": step, "loss": step / 2} | ({"val": step} if step % 7 == 0 else {}) for step in range(300)
    ]
    rows[150]["note"] = "halfway"
    rows[151]["loss"] = None
    write(path, *rows)

    found = plain(whole(path))

    assert [step for step, _, _ in found["val"]] == list(range(0, 300, 7))
    assert [step for step, _, _ in found["loss"]] == [step for step in range(300) if step != 151]


LONG = "x" * 301


def lines_with(name, count):
    return "".join(json.dumps({"step": step, "loss": step / 2, name: step}) + "\n" for step in range(count))


def test_a_name_that_is_too_long_is_left_out_and_said_once(tmp_path):
    path = tmp_path / "m.jsonl"
    path.write_text(lines_with(LONG, 2000))
    reader, table = JsonlReader(path), MetricTable()
    drain(reader, table)
    for _ in range(2):
        reader = JsonlReader(path, mark=json.loads(json.dumps(reader.mark)))
        with open(path, "a") as file:
            file.write(lines_with("y" * 400, 10))
        drain(reader, table)

    assert (table.bad, len(plain(table)["loss"])) == (1, 2020)
    assert table.first_bad.startswith("a name of 301 characters is left out, more than 300: xxx")
    assert len(table.first_bad) < 120


@pytest.mark.parametrize(
    ("row", "bad"),
    [
        ({"a": {LONG: 1}}, 1),
        ({LONG: {"a": 1}}, 1),
        ({"a": {"b": {"y" * 297: 1}}}, 1),
        ({"y" * 300: 1, "a": {"y" * 298: 1}}, 0),
        ({LONG: "text", "loss": 1}, 0),
        ({LONG: None, "loss": 1}, 0),
    ],
)
def test_only_a_name_of_numbers_can_be_too_long(tmp_path, row, bad):
    (tmp_path / "m.jsonl").write_text(json.dumps(row) + "\n")
    assert whole(tmp_path / "m.jsonl").bad == bad


def test_a_long_name_around_many_costs_no_more_than_one(tmp_path):
    path = tmp_path / "m.jsonl"
    path.write_text(
        json.dumps({"x" * 100_000: {str(number): number for number in range(9000)}, "a": {"b": 1}}) + "\n"
    )
    table = whole(path)
    assert (table.bad, list(plain(table))) == (1, ["a/b"])
