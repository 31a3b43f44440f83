"""`orp metrics`: of each metric what a person or a program wants to know, from a run, a file, a folder or a zip."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import shutil
from pathlib import Path

import pytest
from desk import Desk
from waiting import until

LOGS = """python3 - <<'END'
import json, os
with open(os.environ["ORP_METRICS_FILE"], "a") as file:
    for step in range(50):
        file.write(json.dumps({"step": step, "loss": 1 / (step + 1), "val/acc": step / 50}) + "\\n")
END
echo here"""


def rows_of(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


@pytest.fixture
def file(desk: Desk) -> Path:
    path = desk.folder / "m.jsonl"
    rows = [{"step": step, "loss": 5.0 - step, "lr": 0.1} for step in range(5)]
    rows += [{"step": 5, "loss": math.nan}, {"step": 6, "loss": 2.5}]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_the_table_has_steps_last_value_extremes_and_what_is_not_finite(desk: Desk, file: Path) -> None:
    done = desk.call("metrics", file.name)

    assert done.code == 0, done.err
    assert [line.split() for line in done.out.splitlines()] == [
        ["METRIC", "POINTS", "STEPS", "LAST", "MIN", "AT", "MAX", "AT", "NOT", "FINITE"],
        ["loss", "7", "0–6", "2.5", "1", "4", "5", "0", "1,", "first", "at", "5"],
        ["lr", "5", "0–4", "0.1", "0.1", "0", "0.1", "0", "-"],
    ]


def test_json_and_csv_say_the_same_as_the_table(desk: Desk, file: Path) -> None:
    found = desk.call("metrics", file.name, "--json").json
    heading, loss, lr = rows_of(desk.call("metrics", file.name, "--csv").out)

    assert found["metrics"][0] == {
        "metric": "loss", "count": 7, "first_step": 0.0, "last_step": 6.0, "last": 2.5, "min": 1.0, "min_step": 4.0,
        "max": 5.0, "max_step": 0.0, "non_finite": 1, "first_non_finite_step": 5.0, "source": "m.jsonl", "kind": "jsonl",
    }  # fmt: skip
    assert heading == list(found["metrics"][0])
    assert loss == [
        "loss",
        "7",
        "0.0",
        "6.0",
        "2.5",
        "1.0",
        "4.0",
        "5.0",
        "0.0",
        "1",
        "5.0",
        "m.jsonl",
        "jsonl",
    ]
    assert lr[-3] == ""


def test_points_are_given_one_a_line_with_nan_by_its_name(desk: Desk, file: Path) -> None:
    heading, *points = rows_of(desk.call("metrics", file.name, "--csv", "--points", "-m", "loss").out)

    assert heading == ["metric", "step", "time", "value"]
    assert points[5:] == [["loss", "5.0", "", "nan"], ["loss", "6.0", "", "2.5"]]
    assert desk.call("metrics", file.name, "--json", "--points").json["metrics"][0]["values"][5] is None


def test_metrics_are_chosen_by_name_or_pattern(desk: Desk, file: Path) -> None:
    assert desk.call("metrics", file.name, "-m", "l?", "--csv").out.count("\n") == 2
    done = desk.call("metrics", file.name, "-m", "acc")

    assert done.code == 2
    assert "no metric 'acc'; there are: loss, lr" in done.err


def test_a_plot_shows_each_metric_or_all_together(desk: Desk, file: Path) -> None:
    apart = desk.call("metrics", file.name, "--plot").out
    together = desk.call("metrics", file.name, "--plot", "--together").out

    assert "loss  2.5  n=7" in apart
    assert "lr  0.1  n=5" in apart
    assert "NaN or infinite: 1, first at step 5" in apart
    assert together.splitlines()[0] == "● loss 2.5  ▲ lr 0.1"
    assert "\x1b" not in apart + together


def test_of_many_metrics_the_first_are_drawn_and_the_others_counted(desk: Desk) -> None:
    (desk.folder / "m.jsonl").write_text(json.dumps({f"m{place}": 1 for place in range(9)}) + "\n")

    done = desk.call("metrics", "m.jsonl", "--plot")

    assert done.out.count("n=1") == 4
    assert "5 more metrics" in done.err


def test_a_run_is_named_as_everywhere_and_read_from_its_zip_when_its_folder_is_gone(desk: Desk) -> None:
    primary = {"primary": {"name": "val/acc"}}
    desk.write("a.yaml", LOGS, metrics=primary)
    done = desk.finish("run", "a.yaml")
    assert done.code == 0, done.err
    run_id = desk.call("runs", "--json").json[0]["id"]

    by_name = desk.call("metrics", "last")
    assert [line.split()[0] for line in by_name.out.splitlines()] == ["METRIC", "val/acc", "loss"]
    folder = desk.paths.run(run_id).folder
    assert desk.call("metrics", str(folder)).out == by_name.out

    packed = desk.paths.artifact(run_id)
    (folder / "metrics.jsonl").unlink()
    assert desk.call("metrics", run_id).out == by_name.out
    assert desk.call("metrics", str(packed), "-m", "loss").code == 0
    assert desk.call("metrics", f"{packed}::metrics.jsonl", "-m", "loss").code == 0


def test_a_run_without_metrics_is_told_how_to_log_them(desk: Desk) -> None:
    desk.write("a.yaml", "echo nothing")
    assert desk.finish("run", "a.yaml").code == 0

    done = desk.call("metrics", "last")

    assert (done.code, done.out) == (0, "")
    assert "from orp_tui import log" in done.err
    assert desk.call("metrics", "last", "--json").json["metrics"] == []


def test_what_holds_no_metrics_is_an_error_with_its_reason(desk: Desk, file: Path) -> None:
    (desk.folder / "notes.jsonl").write_text("hello\n")
    (desk.folder / "model.bin").write_bytes(bytes(range(256)))
    (desk.folder / "empty" / "deep").mkdir(parents=True)
    shutil.copy(file, desk.folder / "empty" / "deep" / "other.jsonl")
    (desk.folder / "empty" / "README.txt").write_text("version 3 of 2024\n")

    answers = {name: desk.call("metrics", name) for name in ("notes.jsonl", "model.bin", "empty", "nothing")}

    assert {done.code for done in answers.values()} == {2}
    assert "line 1: no JSON object: hello" in answers["notes.jsonl"].err
    assert "it is no text, and of no known format" in answers["model.bin"].err
    assert "empty: holds no metrics" in answers["empty"].err


def test_what_is_no_file_is_refused_and_not_opened(desk: Desk) -> None:
    os.mkfifo(desk.folder / "fifo")
    (desk.folder / "broken").symlink_to("nowhere")
    (desk.folder / "bad.zip").write_bytes(b"PK garbage")

    answers = [desk.call("metrics", name) for name in ("fifo", "broken", "/dev/zero", "bad.zip")]

    assert [done.code for done in answers] == [2, 2, 2, 3]
    assert all("is neither a file nor a folder" in done.err for done in answers[:3])
    assert "not a zip" in answers[3].err


def test_lines_that_are_none_are_passed_over_and_said(desk: Desk, file: Path) -> None:
    with open(file, "a") as more:
        more.write("\x1b[31mbroken\nalso broken\n")

    done = desk.call("metrics", file.name)

    assert done.code == 0
    assert "passed over: m.jsonl, line 8:" in done.err
    assert "; 1 more bad record" in done.err
    assert "\x1b" not in done.err


def test_hostile_names_reach_no_terminal_and_stay_whole_for_programs(desk: Desk) -> None:
    name = "\x1b]0;owned\x07loss[/]"
    (desk.folder / "m.jsonl").write_text(json.dumps({name: 1}) + "\n")

    texts = [desk.call("metrics", "m.jsonl", *words).out for words in ([], ["--plot"], ["--json"])]

    assert all("\x1b" not in text for text in texts)
    assert json.loads(texts[2])["metrics"][0]["metric"] == name
    assert rows_of(desk.call("metrics", "m.jsonl", "--csv").out)[1][0] == name


def test_a_metric_without_a_name_is_called_so(desk: Desk) -> None:
    (desk.folder / "nameless.jsonl").write_text('{"step": 1, "": 2.5}\n')
    assert "(no name)" in desk.call("metrics", "nameless.jsonl").out


def test_two_answers_at_once_are_a_mistake(desk: Desk, file: Path) -> None:
    assert desk.call("metrics", file.name, "--plot", "--csv").code == 2
    assert desk.call("metrics", file.name, "--points").code == 2


def test_a_folder_that_no_run_made_shows_all_that_is_in_it_with_its_source(desk: Desk, file: Path) -> None:
    folder = desk.folder / "results"
    (folder / "runs/a").mkdir(parents=True)
    (folder / "runs/b").mkdir()
    for name in ("mine.jsonl", "runs/a/metrics.jsonl", "runs/b/metrics.jsonl"):
        shutil.copy(file, folder / name)
    (folder / "keras.csv").write_text("epoch,accuracy\n0,0.5\n1,0.75\n")
    (folder / "train.log").write_text("step 1, loss: 9, recall: 0.5\nstep 2, loss: 8, recall: 0.6\n")

    found = desk.call("metrics", "results", "--json", "-m", "loss*", "-m", "acc*", "-m", "recall").json
    table = desk.call("metrics", "results", "-m", "acc*", "-m", "recall").out.splitlines()
    one = desk.call("metrics", "results/keras.csv").out

    assert [(item["metric"], item["kind"], item["source"]) for item in found["metrics"]] == [
        ("loss [mine.jsonl]", "jsonl", "mine.jsonl"),
        ("loss [runs/a/metrics.jsonl]", "jsonl", "runs/a/metrics.jsonl"),
        ("loss [runs/b/metrics.jsonl]", "jsonl", "runs/b/metrics.jsonl"),
        ("accuracy", "csv", "keras.csv"),
        ("recall", "stdout", "train.log"),
    ]
    assert [item["kind"] for item in found["sources"]].count("jsonl") == 3
    assert [line.split()[-1] for line in table] == ["SOURCE", "keras.csv", "train.log"]
    assert "SOURCE" not in one


def test_any_file_is_read_by_what_it_holds_whatever_it_is_called(desk: Desk, file: Path) -> None:
    samples = Path(__file__).parent.parent / "metrics" / "samples"
    events = next((samples / "tfevents" / "restarted").iterdir())
    (desk.folder / "table").write_text("step;loss\n1;0.5\n")
    (desk.folder / "log").write_text("Epoch 1/3, loss: 0.5\n")
    (desk.folder / "lines").write_text(file.read_text())
    (desk.folder / "events").write_bytes(events.read_bytes())
    (desk.folder / "link").symlink_to("table")
    state = {"log_history": [{"loss": 1.5, "step": 10}], "global_step": 10}
    (desk.folder / "trainer_state.json").write_text(json.dumps(state))

    kinds = {}
    for name in (
        "table",
        "log",
        "lines",
        "events",
        "link",
        "trainer_state.json",
        str(samples / "mlflow/mlflow.db"),
    ):
        done = desk.call("metrics", name, "--json")
        assert done.code == 0, (name, done.err)
        kinds[Path(name).name] = {item["kind"] for item in done.json["metrics"] if "loss" in item["metric"]}

    assert kinds == {
        "table": {"csv"}, "log": {"stdout"}, "lines": {"jsonl"}, "events": {"tfevents"}, "link": {"csv"},
        "trainer_state.json": {"trainer_state"}, "mlflow.db": {"mlflow"},
    }  # fmt: skip


def test_what_a_training_writes_without_knowing_orp_is_shown_live_and_from_the_zip(desk: Desk) -> None:
    script = """mkdir -p lightning_logs/version_0
    printf 'step,val_loss\\n1,0.5\\n2,0.25\\n' > lightning_logs/version_0/metrics.csv
    echo step 1 val_loss 9 acc 0.5; echo step 2 val_loss 8 acc 0.75"""
    desk.write("a.yaml", script, artifacts={"include": ["lightning_logs/**"]})
    done = desk.finish("run", "a.yaml")
    assert done.code == 0, done.err
    run_id = desk.call("runs", "--json").json[0]["id"]

    def told(*words: str) -> dict[str, tuple[float, str]]:
        found = desk.call("metrics", *words, "--json").json["metrics"]
        return {
            item["metric"]: (item["last"], item["kind"])
            for item in found
            if not item["metric"].startswith("sys/")
        }

    expected = {"val_loss": (0.25, "csv"), "acc": (0.75, "stdout")}
    assert told("last") == expected
    assert told(str(desk.paths.artifact(run_id))) == expected
    (desk.paths.state / "metrics.db").unlink(missing_ok=True)
    shutil.rmtree(desk.paths.run(run_id).workspace)
    assert told("last") == expected
    member = f"{desk.paths.artifact(run_id)}::lightning_logs/version_0/metrics.csv"
    assert told(member) == {"val_loss": (0.25, "csv")}


RESUMED = """n=$(ls -d ckpt-* 2>/dev/null | wc -l)
for step in 1 2 3; do echo '{"step": '$((n * 2 + step))', "loss": '$n'}' >> $ORP_METRICS_FILE; done
mkdir ckpt-$n; echo x > ckpt-$n/w
test $n -gt 0"""


def test_a_resumed_run_is_one_curve_unless_it_is_asked_for_alone(desk: Desk) -> None:
    more = {"checkpoints": {"path": "ckpt-*"}, "resume": ["--from", "{last_checkpoint}"]}
    desk.finish("run", desk.write("a.yaml", RESUMED, training=more))
    first = desk.call("runs", "--json").json[0]["id"]
    second = desk.call("resume", first).out.strip()
    until(lambda: desk.view(second).state.is_final, what=f"{second} has ended")

    chain = desk.call("metrics", second, "--json", "--points")
    alone = desk.call("metrics", second, "--json", "--points", "--no-chain")
    losses = [
        dict(zip(item["steps"], item["values"], strict=True))
        for done in (chain, alone)
        for item in done.json["metrics"]
        if item["metric"] == "loss"
    ]

    assert losses == [{1: 0, 2: 0, 3: 1, 4: 1, 5: 1}, {3: 1, 4: 1, 5: 1}]
    assert chain.json["runs"] == [first, second]
    assert f"one curve of 2 runs: {first}, {second}; --no-chain shows the last alone" in chain.err
    assert "one curve" not in alone.err


def test_bytes_are_sizes_for_people_and_numbers_for_programs(desk: Desk) -> None:
    (desk.folder / "m.jsonl").write_text(json.dumps({"sys/memory": 9_326_600, "sys/read": 1200.0}) + "\n")

    table = desk.call("metrics", "m.jsonl").out

    assert "9.33 MB " in table
    assert "1.2 kB/s" in table
    assert {item["last"] for item in desk.call("metrics", "m.jsonl", "--json").json["metrics"]} == {
        9_326_600,
        1200,
    }
