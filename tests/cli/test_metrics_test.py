"""`orp metrics test`: what is read from a log, what nearly is, and why."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from desk import Desk

LOG = """\
Namespace(lr=0.1, batch_size=64)
Epoch 1/2
loss: 0.5 - acc: 70%
throughput: 12.5
price 2.5 at it 7
done in 3 minutes
"""


@pytest.fixture
def log(desk: Desk) -> Path:
    path = desk.folder / "train.log"
    path.write_text(LOG)
    return path


def test_each_line_that_counts_is_shown_with_what_it_was_read_as(desk: Desk, log: Path) -> None:
    done = desk.call("metrics", "test", log.name)

    assert done.code == 0, done.err
    lines = done.out.splitlines()
    assert lines[0].split() == ["3", "loss:", "0.5", "-", "acc:", "70%"]
    assert lines[1].strip() == "→ step 1: loss=0.5 acc=70  (pairs)"
    assert "6 lines: 1 read as metrics, 2 nearly, 3 passed over" in done.err


def test_lines_that_are_nearly_metrics_are_shown_with_the_reason(desk: Desk, log: Path) -> None:
    out = desk.call("metrics", "test", log.name).out

    _, _, missed = out.partition("not taken:")
    assert [line.strip() for line in missed.splitlines() if line] == [
        "1 Namespace(lr=0.1, batch_size=64)", "lr is not known as a metric", "4 throughput: 12.5",
        "throughput is not known as a metric",
    ]  # fmt: skip


def test_of_many_near_misses_the_first_20_are_shown_and_all_counted(desk: Desk) -> None:
    (desk.folder / "a.log").write_text("".join(f"thing{place}: {place}.5\n" for place in range(50)))

    done = desk.call("metrics", "test", "a.log")

    assert "not taken (the first 20 of 50):" in done.out
    assert done.out.count("is not known as a metric") == 20
    assert "0 read as metrics, 50 nearly" in done.err


def test_a_pattern_reads_what_nothing_else_does(desk: Desk, log: Path) -> None:
    done = desk.call("metrics", "test", log.name, "--pattern", r"price (?P<price>[\d.]+) at it (?P<step>\d+)")

    assert "→ step 7: price=2.5  (pattern)" in done.out


@pytest.mark.parametrize(
    ("pattern", "why"), [(r"price (\d+)", "names no value"), ("(?P<a>(", "is no regular expression")]
)
def test_a_pattern_that_is_none_is_refused(desk: Desk, log: Path, pattern: str, why: str) -> None:
    done = desk.call("metrics", "test", log.name, "--pattern", pattern)

    assert done.code == 2
    assert why in done.err


def test_the_rules_of_an_experiment_file_are_used(desk: Desk, log: Path) -> None:
    desk.write("a.yaml", metrics={"patterns": r"price (?P<cost>[\d.]+)", "include": ["cost", "through*"]})

    found = desk.call("metrics", "test", log.name, "--file", "a.yaml", "--json").json

    assert [(each["line"], each["values"], each["as"]) for each in found["matched"]] == [
        (4, {"throughput": 12.5}, "pairs"), (5, {"cost": 2.5}, "pattern"),
    ]  # fmt: skip
    assert found["lines"] == 6


def test_a_run_is_read_by_the_rules_of_its_own_experiment_from_its_zip_too(desk: Desk) -> None:
    desk.write(
        "a.yaml",
        "echo 'cost 2.5'; echo 'loss: 0.5'; echo 'acc: 0.5' >&2",
        metrics={"patterns": r"cost (?P<cost>[\d.]+)"},
    )
    done = desk.finish("run", "a.yaml")
    assert done.code == 0, done.err
    run_id = desk.call("runs", "--json").json[0]["id"]

    by_name = desk.call("metrics", "test", "last", "--json").json["matched"]
    assert [each["values"] for each in by_name] == [{"cost": 2.5}, {"loss": 0.5}]
    assert (
        desk.call("metrics", "test", str(desk.paths.run(run_id).folder), "--json").json["matched"] == by_name
    )

    on_stderr = desk.call("metrics", "test", "last", "--stderr", "--json").json["matched"]
    assert [each["values"] for each in on_stderr] == [{"acc": 0.5}]

    packed = desk.paths.artifact(run_id)
    desk.paths.run(run_id).stdout.unlink()
    assert desk.call("metrics", "test", run_id, "--json").json["matched"] == by_name
    from_zip = desk.call("metrics", "test", f"{packed}::training_stdout.txt", "--json").json["matched"]
    assert [each["values"] for each in from_zip] == [{"loss": 0.5}]


def test_a_run_called_test_is_still_to_be_had(desk: Desk) -> None:
    desk.write("test.yaml", 'echo \'{"step": 1, "loss": 0.5}\' >> "$ORP_METRICS_FILE"')
    assert desk.finish("run", "test.yaml").code == 0

    assert desk.call("metrics", "last:test").out.splitlines()[1].startswith("loss")
    assert desk.call("metrics", "test").code == 2  # the verb, which wants a log


def test_a_zip_that_no_run_made_is_read_at_its_member(desk: Desk) -> None:
    with zipfile.ZipFile(desk.folder / "a.zip", "w") as file:
        file.writestr("out/log.txt", "loss: 0.5\n")

    assert "loss=0.5" in desk.call("metrics", "test", "a.zip::out/log.txt").out
    assert desk.call("metrics", "test", "a.zip::none").code == 2


@pytest.mark.parametrize("name", ["nothing", "/dev/null"])
def test_what_is_no_log_is_an_error(desk: Desk, name: str) -> None:
    assert desk.call("metrics", "test", name).code == 2


def test_hostile_lines_and_names_reach_no_terminal(desk: Desk) -> None:
    (desk.folder / "a.log").write_bytes(
        b"{'\x1b[2Jloss': 0.5}\n\x1b]0;x\x07\x1b[31mloss: 1.5\x1b[0m\n\x9b2Jport: 80\n"
    )

    done = desk.call("metrics", "test", "a.log")

    assert not {"\x1b", "\x9b", "\x07"} & set(done.out + done.err)


def test_the_help_of_metrics_names_its_verb_and_the_verb_has_its_own(desk: Desk) -> None:
    assert "Verbs:" in desk.call("metrics", "--help").out
    assert "Usage: orp metrics test [OPTIONS] LOG" in desk.call("metrics", "test", "--help").out
    assert "Usage: orp metrics test [OPTIONS] LOG" in desk.call("help", "metrics", "test").out
