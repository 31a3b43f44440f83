"""The formats: what is in them, every digit where programs read, and nothing that acts where a name says so."""

from __future__ import annotations

import csv
import io
import json
import math
import re

import pytest
from compared import compared, facts, metrics
from run_folders import run_id

from orp_tui.core.errors import OrpError, UsageError
from orp_tui.core.past_run import MetricValues
from orp_tui.services.comparison.export import FORMATS, exported, format_of, write_sheet
from orp_tui.services.comparison.export_text import plain
from orp_tui.services.comparison.sheet import Sheet, sheet_of
from orp_tui.services.comparison.values import CONFIG, LAST

HOSTILE = [
    "=cmd|'/C calc'!A0", "@SUM(1)", "+1+1", "-2+3", "\t=1", "a|b", "**x** <script>alert(1)</script>",
    "[a](http://evil)", r"\input{/etc/passwd}", "100% $x_1^2$ & #1 {~}", "\x1b[2J\x1b]0;t\x07", "two\nlines\rthree",
    "\u202eabc", "\udc80", "`rm -rf`", "a\\", "@user",
]  # fmt: skip


def sheet(*every, **options) -> Sheet:
    return sheet_of(compared(*every, **options))


def two() -> Sheet:
    one = facts(
        "aaaa", config={"lr": 0.1, "opt": "adam"}, metrics={"acc": MetricValues(last=1 / 3, highest=1 / 3)}
    )
    other = facts(
        "bbbb",
        config={"lr": -1e-05, "opt": "adam"},
        metrics={"acc": MetricValues(last=0.25, highest=math.nan)},
    )
    return sheet(one, other)


def hostile(text: str) -> Sheet:
    return sheet(
        facts(
            "aaaa", name=text, config={text: text, "b": 1}, metrics={text: MetricValues(last=1.0)}, note=text
        ),
        facts("bbbb", problem=text, metrics={text: MetricValues(last=2.0)}),
    )


def rows_of(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


def test_csv_has_every_digit_and_the_whole_ids():
    head, *rows = rows_of(exported(two(), "csv"))

    assert head == ["section", "name", run_id("aaaa"), run_id("bbbb"), "delta", "percent"]
    assert [CONFIG, "lr", "0.1", "-1e-05", repr(-1e-05 - 0.1), repr((-1e-05 - 0.1) / 0.1 * 100)] in rows
    assert [LAST, "acc"] in [row[:2] for row in rows]
    assert next(row for row in rows if row[:2] == [LAST, "acc"])[2] == repr(1 / 3)


@pytest.mark.parametrize("text", HOSTILE)
def test_no_cell_of_the_csv_is_a_formula_and_no_line_breaks(text):
    rows = rows_of(exported(hostile(text), "csv"))

    assert len({len(row) for row in rows}) == 1
    for cell in (cell for row in rows for cell in row):
        assert not re.match(r"[=+\-@\t\r|%]", cell) or _is_number(cell), cell
        assert "\x1b" not in cell
        assert "\n" not in cell
        assert "\r" not in cell


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def test_json_holds_numbers_nothing_that_is_no_json_and_what_is_known():
    found = json.loads(exported(two(), "json"), parse_constant=pytest.fail)

    assert [run["id"] for run in found["runs"]] == [run_id("aaaa"), run_id("bbbb")]
    assert found["baseline"] == run_id("aaaa")
    lr = next(row for row in found["rows"] if row["name"] == "lr")
    assert lr["values"] == [0.1, -1e-05]
    assert lr["delta"] == -1e-05 - 0.1
    acc = next(row for row in found["rows"] if (row["section"], row["name"]) == (LAST, "acc"))
    assert (acc["best"], acc["goal"]) == ([True, False], "maximize")


@pytest.mark.parametrize("text", HOSTILE)
def test_json_takes_any_name(text):
    found = json.loads(exported(hostile(text), "json"))

    assert any(row["name"] == text for row in found["rows"])


@pytest.mark.parametrize("text", HOSTILE)
def test_markdown_stays_one_table_and_no_name_acts(text):
    written = exported(hostile(text), "md")
    table = written.partition("\n\n")[0].splitlines()

    assert {len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) for line in table} == {6}, table
    bare = re.sub(r"\\.", "", written)
    assert "<" not in bare
    assert "`" not in bare
    assert "[" not in bare
    assert "@" not in bare
    assert "\x1b" not in written


def test_markdown_marks_the_best_and_the_baseline():
    written = exported(two(), "md")

    assert "| acc | **0.33333** |" in written
    assert "aaaa aaaa (baseline) |" in written
    assert "Δ" in written.splitlines()[0]


@pytest.mark.parametrize("text", HOSTILE)
def test_latex_keeps_its_columns_and_no_name_acts(text):
    written = exported(hostile(text), "latex")
    lines = [
        line for line in written.splitlines() if line.endswith(r"\\") and not line.startswith(r"\multicolumn")
    ]

    assert {len(re.findall(r"(?<!\\)&", line)) for line in lines} <= {2, 4}
    bare = re.sub(r"\\[\\&%$#_{}]", "", written)
    assert bare.count("{") == bare.count("}")
    assert bare.count("$") % 2 == 0
    assert r"\input" not in written
    assert "\x1b" not in written
    assert all(line.startswith("%") or "%" not in re.sub(r"\\%", "", line) for line in written.splitlines())


def test_latex_is_a_booktabs_table_with_the_best_in_bold_and_numbers_as_they_are_printed():
    written = exported(two(), "latex")

    for words in (r"\toprule", r"\midrule", r"\bottomrule", r"\begin{tabular}{lrrrr}", r"\textbf{0.33333}"):
        assert words in written, words
    assert r"$-1 \times 10^{-5}$" in written


def test_a_negative_best_is_bold_too():
    runs = [facts(name, metrics=metrics(loss=value)) for name, value in (("aaaa", -2.0), ("bbbb", -3.0))]

    assert r"$\mathbf{-3}$" in exported(sheet(*runs), "latex")


def test_text_marks_the_best_and_tells_what_is_left_out():
    whole = compared(facts("aaaa", metrics=metrics(loss=0.2)), facts("bbbb", metrics=metrics(loss=0.3)))

    written = plain(sheet_of(whole.only_differing()))

    assert "0.2*" in written
    assert "* the best" in written
    assert "left out" in written
    assert "aaaa base" in written


def test_text_of_many_runs_goes_on_below_with_the_baseline_beside_them():
    runs = [facts(f"r{place:03}", config={"x": place}) for place in range(50)]

    written = plain(sheet(*runs), width=80)

    assert all(len(line) <= 80 for line in written.splitlines())
    heads = [line for line in written.splitlines() if "r000 base" in line]
    assert len(heads) > 5
    assert "r049" in written


def test_a_column_that_is_wider_than_the_terminal_is_still_shown():
    written = plain(sheet(facts("aaaa", note="x" * 90), facts("bbbb", note="y" * 90)), width=30)

    assert "y" * 20 in written


@pytest.mark.parametrize("kind", FORMATS)
def test_seeds_are_told_with_their_interval_in_every_format(kind):
    runs = [
        facts(f"s{seed}", seed=seed, variant="v", metrics=metrics(acc=0.9 + seed / 100)) for seed in range(3)
    ]

    written = exported(sheet(*runs, facts("other"), fold_seeds=True), kind)

    assert {"json": '"n": 3', "csv": ",3,", "latex": r"$\pm$"}.get(kind, "±") in written


@pytest.mark.parametrize("kind", FORMATS)
def test_a_comparison_of_nothing_is_written_too(kind):
    assert exported(sheet_of(compared()), kind)


def test_a_file_is_written_whole_by_the_end_of_its_name(tmp_path):
    for end, kind in ((".md", "md"), (".tex", "latex"), (".csv", "csv"), (".json", "json"), (".txt", "text")):
        path = write_sheet(two(), str(tmp_path / f"table{end}"))
        assert path.read_text() == exported(two(), kind)
        assert format_of(str(path)) == kind
    assert len(list(tmp_path.iterdir())) == 5


def test_a_name_that_means_no_format_and_a_file_that_is_there_are_refused(tmp_path):
    with pytest.raises(UsageError, match=r"\.tex"):
        write_sheet(two(), str(tmp_path / "table.xlsx"))
    (tmp_path / "there.csv").write_text("mine")
    with pytest.raises(UsageError, match="already"):
        write_sheet(two(), str(tmp_path / "there.csv"), over=False)
    assert (tmp_path / "there.csv").read_text() == "mine"
    with pytest.raises(OrpError, match="No such file"):
        write_sheet(two(), str(tmp_path / "no" / "table.csv"))
