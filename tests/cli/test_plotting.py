"""`orp metrics --plot`: several runs, a stretch of the axis, goals, files."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from desk import Desk


def write(desk: Desk, name: str, **curves: list[float]) -> None:
    rows = [
        json.dumps({"step": step} | {metric: values[step] for metric, values in curves.items()})
        for step in range(len(next(iter(curves.values()))))
    ]
    (desk.folder / name).write_text("\n".join(rows) + "\n")


@pytest.fixture
def files(desk: Desk) -> Desk:
    write(desk, "a.jsonl", loss=[9.0, 8.0, 7.0, 6.0], epoch=[0.0, 0.5, 1.0, 1.5])
    write(desk, "b.jsonl", loss=[5.0, 4.0], acc=[0.1, 0.2])
    return desk


def test_several_files_are_drawn_together_metric_by_metric(files: Desk) -> None:
    done = files.call("metrics", "a.jsonl", "b.jsonl", "--plot")

    assert done.code == 0, done.err
    assert "● a.jsonl 6  ▲ b.jsonl 4" in done.out
    assert "acc  b.jsonl  0.2" in done.out


def test_the_same_file_twice_is_two_lines(files: Desk) -> None:
    assert (
        "● a.jsonl (1) 6  ▲ a.jsonl (2) 6"
        in files.call("metrics", "a.jsonl", "a.jsonl", "--plot", "-m", "loss").out
    )


def test_without_a_plot_several_are_an_error_that_says_so(files: Desk) -> None:
    done = files.call("metrics", "a.jsonl", "b.jsonl")

    assert done.code == 2
    assert "--plot" in done.err


def test_a_metric_that_none_has_is_an_error_and_one_that_some_have_is_drawn(files: Desk) -> None:
    assert files.call("metrics", "a.jsonl", "b.jsonl", "--plot", "-m", "acc").out.startswith("acc  b.jsonl")
    done = files.call("metrics", "a.jsonl", "b.jsonl", "--plot", "-m", "nope")
    assert done.code == 2
    assert "no metric 'nope'" in done.err


def test_a_stretch_of_the_axis_is_shown_alone(files: Desk) -> None:
    done = files.call("metrics", "a.jsonl", "--plot", "-m", "loss", "--from", "1", "--to", "2")
    assert "n=2  only step 1–2" in done.out

    done = files.call("metrics", "a.jsonl", "--plot", "-m", "loss", "--by", "epoch", "--from", "1")
    assert "n=2  only epoch 1" in done.out


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--from", "x"), "x: is no step"),
        (("--from", "3", "--to", "2"), "--from must lie before --to"),
        (("--from", "99"), "the points lie from 0 to 3"),
        (("--by", "clock", "--to", "5"), "not with --by clock"),
        (("--by", "since", "--to", "soon"), "soon"),
        (("--goal", "loss=much"), "is no goal"),
        (("--export", "a.pdf"), ".svg, .png, .csv"),
    ],
)
def test_what_makes_no_sense_is_said_before_anything_is_drawn(
    files: Desk, options: tuple[str, ...], said: str
) -> None:
    done = files.call("metrics", "a.jsonl", "--plot", "-m", "loss", *options)

    assert (done.code, done.out) == (2, "")
    assert said in done.err


def test_a_goal_is_drawn_in_all_charts_or_in_that_of_its_metric(files: Desk) -> None:
    every = files.call("metrics", "b.jsonl", "--plot", "--goal", "4.5").out
    one = files.call("metrics", "b.jsonl", "--plot", "--goal", "loss=4.5").out

    assert every.count("╌ goal 4.5") == 2
    assert one.count("╌ goal 4.5") == 1


def test_charts_are_written_to_the_file_that_is_named(files: Desk) -> None:
    done = files.call("metrics", "a.jsonl", "b.jsonl", "--plot", "-m", "loss", "--export", "out.svg")

    assert (done.code, done.out) == (0, "")
    assert f"wrote {files.folder / 'out.svg'}" in done.err
    root = ET.fromstring((files.folder / "out.svg").read_text())
    assert len(list(root.iter("{http://www.w3.org/2000/svg}polyline"))) == 2

    assert (
        files.call("metrics", "a.jsonl", "--plot", "-m", "loss", "--to", "1", "--export", "out.csv").code == 0
    )
    rows = list(csv.reader(io.StringIO((files.folder / "out.csv").read_text())))
    assert rows == [["metric", "run", "step", "time", "value"], ["loss", "", "0", "", "9.0"], ["loss", "", "1", "", "8.0"]]  # fmt: skip


def test_a_file_goes_with_a_plot(files: Desk) -> None:
    done = files.call("metrics", "a.jsonl", "--export", "out.svg")

    assert done.code == 2
    assert not Path(files.folder / "out.svg").exists()


def test_seeds_of_a_batch_are_one_line_with_a_band_unless_they_are_wanted_apart(desk: Desk) -> None:
    script = 'for n in 1 2 3; do echo "{\\"step\\": $n, \\"loss\\": $n}" >> "$ORP_METRICS_FILE"; done'
    desk.write("s.yaml", script, experiment="s", training={"seeds": [0, 1, 2]})
    assert desk.finish("run", "s.yaml").code == 0
    ids = [run["id"] for run in desk.call("runs", "--json").json]

    together = desk.call("metrics", *ids, "--plot")
    apart = desk.call("metrics", *ids, "--plot", "--apart")

    assert "● s median of 3 seeds 3" in together.out
    assert all(f"s seed={seed} 3" in apart.out for seed in range(3))
