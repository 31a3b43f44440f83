"""The reader of CSV files: what the libraries write is read as they read it, whatever happens to the file."""

from __future__ import annotations

import csv
import io
import json
import math
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from read_whole import drain, plain, told

from orp_tui.core.ports import MetricBatch
from orp_tui.metrics.readers import csv_rows
from orp_tui.metrics.readers.csv_rows import CsvReader
from orp_tui.metrics.table import MetricTable

NAN = "nan"
IN_TMP = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

CELLS = st.one_of(
    st.floats(width=32).map(repr),
    st.integers(-10, 10**30).map(str),
    st.sampled_from(
        ["", "  ", " 1 ", "nan", "-inf", "Infinity", "1_0", "text", '"a ""b"" c"', '"1,5"', '"x\ny"', "2024-05-01",
         "loss", "step", '"', '5" disk', "#", "\r", "\0", "é\u0301", "\u2028", "True", "1e400", "0x10"]
    ),
)  # fmt: skip
ROWS = st.lists(CELLS, max_size=5).map(",".join)
HEADERS = st.sampled_from(
    [
        "step,loss,acc",
        " epoch, loss ,acc",
        "a;b;c",
        "#c\nstep,loss,loss",
        "time,loss",
        "metric,step,value",
        "1,2",
        "",
    ]
)
ENDS = st.sampled_from(["\n", "\r\n"])
LINES = st.lists(st.tuples(st.one_of(ROWS, HEADERS), ENDS).map("".join), max_size=12).map("".join)
TEXTS = st.tuples(HEADERS, ENDS, LINES).map("".join)


def read(path, *, final=False):
    table = MetricTable()
    drain(CsvReader(path), table, final=final)
    return table


def of(tmp_path, text, *, final=False):
    path = tmp_path / "one.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
    return read(path, final=final)


def values(table, name="loss"):
    return [(step, value) for step, value, _ in plain(table).get(name, [])]


def facts(table):
    return plain(table), table.bad, table.first_bad


# --- growing, torn, resumed


@IN_TMP
@given(text=TEXTS, cuts=st.lists(st.integers(0, 300), max_size=8))
def test_a_file_that_grew_in_pieces_gives_what_it_gives_at_once(tmp_path, text, cuts):
    data, path = text.encode("utf-8", "surrogatepass"), tmp_path / "m.csv"
    path.write_bytes(b"")
    reader, table = CsvReader(path), MetricTable()
    for start, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(data)], strict=True):
        with open(path, "ab") as file:
            file.write(data[start:end])
        drain(reader, table)

    assert facts(table) == facts(of(tmp_path, data))


@IN_TMP
@given(text=TEXTS, cuts=st.lists(st.integers(0, 300), max_size=4))
def test_a_reader_made_with_a_mark_goes_on_where_the_other_stood(tmp_path, text, cuts):
    data, path = text.encode("utf-8", "surrogatepass"), tmp_path / "m.csv"
    table, mark = MetricTable(), None
    for end in [*sorted(cuts), len(data)]:
        path.write_bytes(data[:end])
        reader = CsvReader(path, mark=mark)
        drain(reader, table)
        mark = json.loads(json.dumps(reader.mark))

    assert facts(table) == facts(of(tmp_path, data))


@IN_TMP
@given(data=st.binary(max_size=400), header=st.sampled_from([b"", b"step,loss\n", b"\xef\xbb\xbfa;b\n"]))
def test_garbage_ends_nothing(tmp_path, data, header):
    table = of(tmp_path, header + data, final=True)

    assert table.first_bad.isprintable()


CELL_TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), max_size=8)


@IN_TMP
@given(
    rows=st.lists(st.tuples(CELL_TEXTS, st.floats(), CELL_TEXTS, st.integers(-9, 9)), max_size=20),
    delimiter=st.sampled_from(",;\t"),
    end=ENDS,
)
def test_what_csv_writes_is_read_as_csv_reads_it(tmp_path, rows, delimiter, end):
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator=end)
    writer.writerows([("note", "loss", "more", "acc"), *rows])

    found = of(tmp_path, text.getvalue())

    told_by_csv = list(csv.DictReader(io.StringIO(text.getvalue(), newline=""), delimiter=delimiter))
    places = [place for place, row in enumerate(told_by_csv) if not row["note"].startswith("#")]
    kept = [row for row in told_by_csv if not row["note"].startswith("#")]
    assert len(kept) == len(places)
    assert [value for _, value in values(found)] == [told(float(row["loss"])) for row in kept]
    assert [value for _, value in values(found, "acc")] == [float(row["acc"]) for row in kept]
    assert found.bad == 0


def test_a_file_cut_at_every_byte_gives_its_whole_rows_and_nothing_else(tmp_path):
    data = b'step,loss,note\r\n1,0.25,"a\r\nb"\r\n2,,x\r\n3,0.75,"\xc3\xa9"\r\n'
    steps = {data.index(b"2,,"): 1, len(data): 2}
    for size in range(len(data) + 1):
        whole_rows = max([count for end, count in steps.items() if end <= size], default=0)

        assert len(values(of(tmp_path, data[:size]))) == whole_rows


def test_a_last_row_without_its_end_waits_unless_it_is_final(tmp_path):
    path = tmp_path / "m.csv"
    path.write_text("step,loss\n1,0.5\n2,0.25")
    reader, table = CsvReader(path), MetricTable()

    drain(reader, table)
    assert values(table) == [(1, 0.5)]
    drain(reader, table, final=True)
    assert values(table) == [(1, 0.5), (2, 0.25)]

    with open(path, "a") as file:
        file.write("\n3,0.125\n4,1,2\n")
    drain(CsvReader(path, mark=json.loads(json.dumps(reader.mark))), table)
    assert values(table) == [(1, 0.5), (2, 0.25), (3, 0.125)]
    assert table.first_bad == "line 5: 3 cells under 2 names"


@pytest.mark.parametrize(
    "tail", ["2,", '2,"0.25', "2", "2,0.25" + "0" * (4096 - len("step,loss\n1,0.5\n2,0.25"))]
)
def test_a_torn_last_row_is_no_point_even_if_it_is_final(tmp_path, tail):
    assert values(of(tmp_path, "step,loss\n1,0.5\n" + tail, final=True)) == [(1, 0.5)]


# --- rewritten


def test_a_wider_header_is_read_anew_also_where_it_begins_as_the_narrow_one_did(tmp_path):
    names = [f"rollout/a_name_of_a_metric_{number}" for number in range(9)]
    path = tmp_path / "progress.csv"
    rows = "".join(",".join(["0.5"] * 9) + "\n" for _ in range(100))
    path.write_text(",".join(names) + "\n" + rows)
    reader, table = CsvReader(path), MetricTable()
    drain(reader, table)

    # As much longer as a row is: what stands before the place reached is what stood there.
    new = "train/" + "x" * 29
    path.write_text(",".join([*names, new]) + "\n" + rows + ",".join(["0.5"] * 10) + "\n")
    batch = reader.read()
    table.take(batch)

    assert batch.restarted == "rewritten"
    assert values(table, new) == [(100, 0.5)]
    assert len(values(table, names[0])) == 101


@pytest.mark.parametrize(
    ("new", "why"),
    [("step,acc\n", "truncated"), ("step,acc\n1,7\n2,8\n3,9\n", "rewritten"), ("", "truncated")],
)
def test_a_file_that_is_another_one_now_is_read_anew(tmp_path, new, why):
    path = tmp_path / "m.csv"
    path.write_text("step,loss\n1,5\n2,6\n")
    reader, table = CsvReader(path), MetricTable()
    drain(reader, table)

    path.write_text(new)
    batch = reader.read()
    table.take(batch)

    assert batch.restarted == why
    assert list(plain(table)) == (["acc"] if "7" in new else [])


def test_a_file_that_was_rewritten_while_nobody_looked_is_found_so_by_its_mark(tmp_path):
    path = tmp_path / "m.csv"
    path.write_text("step,loss\n1,5\n")
    reader = CsvReader(path)
    reader.read()
    path.write_text("epoch,step,loss\n0,1,5\n0,2,6\n")

    batch = CsvReader(path, mark=json.loads(json.dumps(reader.mark))).read()

    assert batch.restarted == "rewritten"
    assert list(batch.points["loss"].values) == [5, 6]


@pytest.mark.parametrize(
    "mark",
    [
        {},
        {"offset": "x"},
        {"offset": -3, "head": "", "before": "", "rows": 0, "lines": 0, "skipping": 0, "headless": True, "names": None},
        {"offset": 0, "head": "", "before": "", "rows": math.inf},
        {"offset": 3, "head": "zz", "before": "", "rows": 0},
        {"offset": 3, "head": "", "before": "", "rows": 0, "lines": 0, "skipping": False, "headless": False, "names": None},
        {"offset": 4, "head": "312c320a", "before": "", "rows": 0, "lines": 0, "skipping": 0, "headless": 0, "names": None},
    ],
)  # fmt: skip
def test_a_damaged_mark_means_from_the_beginning(tmp_path, mark):
    path = tmp_path / "m.csv"
    path.write_text("step,loss\n1,0.5\n")
    table = MetricTable()

    drain(CsvReader(path, mark=mark), table)

    assert values(table) == [(1, 0.5)]


# --- headers


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_delimiter_line_end_and_byte_order_mark_are_told_by_the_file(tmp_path, delimiter, end, mark):
    lines = [["step", "loss", "note, or; not"], ["1", "0.5", "x"], ["2", "0.25", "y"]]
    cells = [[f'"{cell}"' if " " in cell else cell for cell in line] for line in lines]

    found = of(tmp_path, mark + "".join(delimiter.join(line) + end for line in cells))

    assert plain(found) == {"loss": [(1, 0.5, NAN), (2, 0.25, NAN)]}


@pytest.mark.parametrize(
    ("header", "step", "metrics"),
    [
        ("epoch,step,loss", 2, ["epoch", "loss"]),
        ("Step,epoch,loss", 1, ["epoch", "loss"]),
        ("epoch,loss,acc", 1, ["loss", "acc"]),
        ("EPOCH,loss,acc", 1, ["loss", "acc"]),
        ("rollout/ep_rew_mean,time/total_timesteps,epoch", 2, ["rollout/ep_rew_mean", "epoch"]),
        ("Global Step,loss,Epoch", 1, ["loss", "Epoch"]),
        ("STEP,step,loss", 2, ["STEP", "loss"]),
        ("loss,acc,f1", 0, ["loss", "acc", "f1"]),
    ],
)
def test_the_step_column_is_no_metric_and_is_found_in_any_case(tmp_path, header, step, metrics):
    found = of(tmp_path, f"{header}\n1,2,3\n")

    assert list(plain(found)) == metrics
    assert {points[0][0] for points in plain(found).values()} == {step}


@pytest.mark.parametrize(
    ("cell", "time"),
    [
        ("1700000000.5", 1700000000.5),
        ("1700000000500", 1700000000.5),
        ("2023-11-14T22:13:20.5+00:00", 1700000000.5),
        ("2023-11-14 22:13:20.500Z", 1700000000.5),
        ("yesterday", NAN),
        ("", NAN),
    ],
)
def test_a_time_is_a_number_or_a_date(tmp_path, cell, time):
    found = of(tmp_path, f"Timestamp,loss\n{cell},1\n")

    assert plain(found) == {"loss": [(0, 1, time)]}


def test_names_that_come_twice_and_columns_without_a_name(tmp_path):
    found = of(tmp_path, ",loss,loss,,loss.1,loss\n0,1,2,3,4,5\n")

    assert {name: points[0][1] for name, points in plain(found).items()} == {
        "loss": 1, "loss.2": 2, "loss.1": 4, "loss.3": 5,
    }  # fmt: skip


def test_a_header_alone_has_no_metrics_and_nothing_is_wrong_with_it(tmp_path):
    assert facts(of(tmp_path, "step,loss\n")) == ({}, 0, "")


@pytest.mark.parametrize("text", ["1,0.5\n2,0.25\n", "0.5\n0.25\n", "nan,x\n", "\0\0\n1,2\n", "epoch,0.5\n"])
def test_a_file_without_names_has_no_metrics_and_that_is_said_once(tmp_path, text):
    path = tmp_path / "m.csv"
    path.write_text(text)
    reader, table = CsvReader(path), MetricTable()
    drain(reader, table)
    with open(path, "a") as file:
        file.write("3,0.125\n")
    drain(reader, table)
    drain(CsvReader(path, mark=json.loads(json.dumps(reader.mark))), table)

    assert plain(table) == {}
    assert table.bad == 1
    assert table.first_bad.startswith("line 1: no names of metrics")


def test_names_may_stand_in_a_comment_as_numpy_writes_them(tmp_path):
    path = tmp_path / "m.csv"
    path.write_text("# made by hand\n# epoch,loss\n0,0.5\n")
    reader, table = CsvReader(path), MetricTable()
    drain(reader, table)
    with open(path, "a") as file:
        file.write("# note, here\n1,0.25\n")
    drain(CsvReader(path, mark=json.loads(json.dumps(reader.mark))), table)

    assert plain(table) == {"loss": [(0, 0.5, NAN), (1, 0.25, NAN)]}
    assert table.bad == 0


def test_a_header_written_again_is_no_row_and_another_one_holds_from_there_on(tmp_path):
    path = tmp_path / "m.csv"
    path.write_text("epoch,loss,acc\n0,1,2\nepoch,loss,acc\n1,3,4\nepoch,acc,loss,f1\n2,5,6,7\n")
    reader, table = CsvReader(path), MetricTable()
    drain(reader, table)
    with open(path, "a") as file:
        file.write("3,8,9,10\n")
    drain(CsvReader(path, mark=json.loads(json.dumps(reader.mark))), table)

    assert values(table) == [(0, 1), (1, 3), (2, 6), (3, 9)]
    assert values(table, "acc") == [(0, 2), (1, 4), (2, 5), (3, 8)]
    assert values(table, "f1") == [(2, 7), (3, 10)]
    assert table.bad == 0


def test_one_value_a_row_is_a_metric_for_each_name(tmp_path):
    found = of(tmp_path, "metric,step,value,time\nloss,1,0.5,7\nacc,1,0.25,8\nloss,2,,9\nloss,3,0.125,10\n")

    assert plain(found) == {"loss": [(1, 0.5, 7), (3, 0.125, 10)], "acc": [(1, 0.25, 8)]}


# --- rows


def test_cells_that_are_missing_empty_or_text_are_no_points(tmp_path):
    found = of(
        tmp_path, "step,loss,note,acc\n1,0.5,start,\n2,,,0.25\n3\n\n , \n4,1_0,1_0,True\n5,nan,,inf,,\n"
    )

    assert plain(found) == {
        "loss": [(1, 0.5, NAN), (5, "nan", NAN)],
        "acc": [(2, 0.25, NAN), (5, math.inf, NAN)],
    }
    assert found.bad == 0


def test_a_row_much_shorter_than_a_long_header_is_torn(tmp_path):
    names = [f"m{number}" for number in range(40)]

    found = of(tmp_path, ",".join(names) + "\n1\n" + ",".join("2" * 25) + "\n")

    assert values(found, "m0") == [(0, 2)]
    assert found.first_bad == "line 2: 1 cell under 40 names"


def test_a_comma_within_a_number_is_its_point_where_semicolons_delimit(tmp_path):
    assert values(of(tmp_path, "step;loss\n1;0,5\n2;1.234,5\n3;0.25\n")) == [(1, 0.5), (3, 0.25)]
    assert values(of(tmp_path, 'step,loss\n1,"0,5"\n')) == []


def test_headers_that_change_with_each_row_cost_no_more_than_other_rows(tmp_path):
    text = "".join(f"step,loss,n{number},m\n{number},2,3,4\n" for number in range(5000))

    found = of(tmp_path, text)

    assert len(values(found)) == len(values(found, "m")) == 5000
    assert values(found, "n4999") == [(4999, 3)]


def test_a_row_with_more_cells_than_names_is_bad_and_the_first_is_named(tmp_path):
    found = of(tmp_path, 'step,loss,note\n1,0.5,"two\nlines"\n2,0.25,a,b\n3,4,5,6\n7,8,9\n')

    assert values(found) == [(1, 0.5), (7, 8)]
    assert (found.bad, found.first_bad) == (2, "line 4: 4 cells under 3 names")


def test_a_quote_that_never_ends_costs_its_own_line_once_nothing_can_end_it(tmp_path):
    text = 'step,loss\n1,0.5\n2,"0.25\n3,0.125\n'

    assert values(of(tmp_path, text)) == [(1, 0.5)]
    found = of(tmp_path, text, final=True)

    assert values(found) == [(1, 0.5), (3, 0.125)]
    assert (found.bad, found.first_bad) == (1, "line 3: can't be split into cells")


def test_a_quote_that_never_ends_is_not_waited_for_without_end(tmp_path):
    rows = "".join(f"{step},0.5\n" for step in range(40_000))

    found = of(tmp_path, f'step,loss\n"{rows}')

    assert len(values(found)) == 39_999
    assert found.bad == 1


def test_quotes_that_open_anew_in_each_line_cost_no_more_than_other_garbage(tmp_path):
    found = of(tmp_path, 'step,loss\n1,"a\n' + 'x"y,"z\n' * 200_000 + "2,0.5\n", final=True)

    assert found.bad > 100_000
    assert values(found) == [(2, 0.5)]


def test_a_row_too_long_to_be_one_is_passed_over_and_named_once(tmp_path, monkeypatch):
    monkeypatch.setattr(csv_rows, "WINDOW", 64)
    monkeypatch.setattr(csv_rows, "LONGEST_ROW", 256)

    found = of(tmp_path, f"step,loss,note\n1,0.5,{'x' * 200}\n2,0.25,{'y' * 1000}\n3,0.125,z\n")

    assert values(found) == [(1, 0.5), (3, 0.125)]
    assert found.bad == 1
    assert found.first_bad.startswith("line 3: longer than")


def test_other_ranks_are_lines_of_their_own(tmp_path):
    found = of(tmp_path, "step,rank,loss\n1,0,0.5\n1,1,0.25\n")

    assert plain(found) == {"loss": [(1, 0.5, NAN)], "rank1/loss": [(1, 0.25, NAN)]}


def test_hostile_names_and_numbers_end_nothing(tmp_path):
    header = ",".join(["step", "\x1b[2Jloss", "n" * 500, "\u202e"])

    found = of(tmp_path, f"{header}\n1,{'9' * 5000},1,2\n2,1e999,1,2\nx,1,2,3,4\x1b[2J\n")

    assert {name: len(points) for name, points in plain(found).items()} == {"\x1b[2Jloss": 2, "\u202e": 2}
    assert found.first_bad.isprintable()


def test_a_table_of_more_names_than_any_training_has_is_refused(tmp_path):
    found = of(tmp_path, ",".join(f"n{number}" for number in range(11_000)) + "\n")

    assert (plain(found), found.bad) == ({}, 1)


# --- the file


def test_what_is_no_regular_file_is_said_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/etc/passwd")

    assert CsvReader(tmp_path / "pipe").read().trouble == "is no regular file"
    assert CsvReader(tmp_path / "link").read().trouble.startswith("cannot be read")
    assert CsvReader(tmp_path / "none").read() == MetricBatch()


def test_a_file_that_has_not_changed_is_not_read_again(tmp_path):
    path = tmp_path / "m.csv"
    reader = CsvReader(path)
    assert not reader.changed()
    path.write_text("step,loss\n1,2\n")
    assert reader.changed()

    reader.read()

    assert not reader.changed()


def test_a_large_file_is_read_a_piece_at_a_time(tmp_path):
    path = tmp_path / "m.csv"
    path.write_text("step,loss\n" + "".join(f"{step},{step / 4}\n" for step in range(60_000)))
    reader = CsvReader(path)

    first = reader.read()
    table = MetricTable()
    table.take(first)
    drain(reader, table)

    assert first.more
    assert values(table) == [(step, step / 4) for step in range(60_000)]
