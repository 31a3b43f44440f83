"""`orp compare`: every format, steps, code, filter, files, and what it refuses; `orp diff` with metrics."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from desk import Desk, desks
from many_runs import make_runs


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with desks(tmp_path_factory.mktemp("compare") / "desk", settings="queue: {autostart: false}\n") as made:
        make_runs(made.paths.base, 16)
        yield made


@pytest.fixture(scope="module")
def ids(shared: Desk) -> list[str]:
    return sorted(path.name for path in shared.paths.runs.iterdir())


def test_what_differs_is_shown_and_what_is_left_out_is_counted(shared: Desk, ids: list[str]) -> None:
    short, whole = shared.call("compare", *ids[:3]), shared.call("compare", *ids[:3], "--all")

    assert short.code == whole.code == 0
    assert "METRICS, LAST" in short.out
    assert f"{ids[0][-4:]} base" in short.out
    assert "left out" in short.out
    assert "left out" not in whole.out
    assert len(whole.out.splitlines()) > len(short.out.splitlines())


def test_json_csv_markdown_and_latex_tell_the_same_numbers(shared: Desk, ids: list[str]) -> None:
    pair = ids[:2]
    data = shared.call("compare", *pair, "--json").json
    rows = list(csv.reader(io.StringIO(shared.call("compare", *pair, "--format", "csv").out)))

    acc = next(row for row in data["rows"] if (row["section"], row["name"]) == ("metrics, last", "val_acc"))
    line = next(row for row in rows if row[:2] == ["metrics, last", "val_acc"])
    assert [float(cell) for cell in line[2:5]] == [*acc["values"], acc["delta"]]
    assert rows[0][2:4] == pair
    assert "| val_acc |" in shared.call("compare", *pair, "--format", "md").out.replace("\\", "")
    assert r"\toprule" in shared.call("compare", *pair, "--format", "latex").out


def test_a_baseline_and_a_choice_of_metrics(shared: Desk, ids: list[str]) -> None:
    data = shared.call("compare", *ids[:3], "--baseline", ids[2], "-m", "val_*", "--json").json

    assert data["baseline"] == ids[2]
    assert {row["name"] for row in data["rows"] if row["section"] == "metrics, last"} == {
        "val_acc",
        "val_loss",
    }
    refused = shared.call("compare", *ids[:2], "-m", "nope")
    assert refused.code == 2
    assert "val_acc" in refused.err


def test_a_metric_step_by_step(shared: Desk, ids: list[str]) -> None:
    done = shared.call("compare", *ids[:3], "--steps", "val_acc", "--rows", "5", "--json")

    rows = done.json["rows"]
    assert 2 <= len(rows) <= 5
    assert all(isinstance(row["step"], float) for row in rows)
    relative = shared.call(
        "compare", *ids[:3], "--steps", "val_acc", "--rows", "5", "--relative", "--json"
    ).json
    assert relative["rows"][0]["values"][1] == pytest.approx(rows[0]["values"][1] - rows[0]["values"][0])
    unknown = shared.call("compare", *ids[:3], "--steps", "nope")
    assert unknown.code == 2
    assert "val_acc" in unknown.err


def test_runs_that_a_filter_finds_and_seeds_in_one_column(shared: Desk) -> None:
    done = shared.call("compare", "--filter", "state:succeeded", "--fold-seeds", "--json")

    assert done.code == 0
    assert any(len(run["ids"]) > 1 for run in done.json["runs"])
    assert any("intervals" in row for row in done.json["rows"])
    wrong = shared.call("compare", "--filter", "stat:x (")
    assert wrong.code == 2
    assert "^" in wrong.err


def test_code_as_text_and_as_json(shared: Desk, ids: list[str]) -> None:
    done = shared.call("compare", *ids[:3], "--code")

    assert done.code == 0
    assert "runs" in done.out or "run:" in done.out
    assert json.loads(shared.call("compare", *ids[:3], "--code", "--json").out)["groups"]


def test_charts_are_drawn_and_written(shared: Desk, ids: list[str], tmp_path: Path) -> None:
    done = shared.call("compare", *ids[:3], "--plot")

    assert done.code == 0
    assert "val_acc" in done.out
    svg = tmp_path / "chart.svg"
    assert shared.call("compare", *ids[:3], "--plot", "-o", str(svg)).code == 0
    assert "<svg" in svg.read_text()


def test_a_file_is_written_by_the_end_of_its_name(shared: Desk, ids: list[str], tmp_path: Path) -> None:
    for end in ("md", "tex", "csv", "json", "txt"):
        done = shared.call("compare", *ids[:2], "-o", str(tmp_path / f"t.{end}"))
        assert (done.code, done.out) == (0, "")
        assert "wrote" in done.err
    assert r"\bottomrule" in (tmp_path / "t.tex").read_text()
    assert json.loads((tmp_path / "t.json").read_text())["runs"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "two runs"),
        (("ONE",), "two runs"),
        (("ONE", "ONE"), "two runs"),
        (("ONE", "no-such-run"), "no such run"),
        (("ONE", "TWO", "--steps", "a", "--code"), "ask for one"),
        (("ONE", "TWO", "--json", "--format", "csv"), "ask for one"),
        (("ONE", "TWO", "-o", "table.xlsx"), ".tex"),
        (("ONE", "TWO", "--code", "--format", "latex"), "no table"),
        (("ONE", "TWO", "--plot", "-m", "nope"), "no"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_line(
    shared: Desk, ids: list[str], words: tuple[str, ...], said: str
) -> None:
    done = shared.call("compare", *({"ONE": ids[0], "TWO": ids[1]}.get(word, word) for word in words))

    assert done.code == 2
    assert said in done.err
    assert "Traceback" not in done.err


def test_diff_tells_how_metrics_differ(shared: Desk, ids: list[str]) -> None:
    pair = [ids[0], ids[5]]
    data = shared.call("diff", *pair, "--json").json

    change = next(item for item in data["metrics"] if (item["name"], item["value"]) == ("val_acc", "last"))
    assert change["delta"] == pytest.approx(change["after"] - change["before"])
    assert change["is_better"] is (change["after"] > change["before"])
    shown = shared.call("diff", *pair, "--metrics").out
    assert "~ val_acc last" in shown
    assert ("better" in shown) or ("worse" in shown)
    alone = shared.call("diff", ids[0], "--metrics")
    assert alone.code == 2
    assert "two runs" in alone.err
