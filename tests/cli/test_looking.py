"""`orp status`, `orp runs`, `orp info`: the same truth for people and for scripts."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from desk import GOOD, METRICS, Desk, Ended
from waiting import until

from orp_tui.core.states import RunState

FIELDS = {
    "id",
    "name",
    "state",
    "marks",
    "reason",
    "detail",
    "exit_code",
    "signal",
    "submitted_at",
    "started_at",
    "ended_at",
    "elapsed_s",
}


def test_the_list_of_runs_is_newest_first_with_state_and_reason(ended: Ended) -> None:
    done = ended.desk.call("runs")

    heading, *lines = done.out.splitlines()
    assert heading.split()[:3] == ["RUN", "NAME", "STATE"]
    assert [line.split()[0] for line in lines] == [ended.failed, ended.incomplete, ended.good]
    assert "FAILED" in lines[0]
    assert "exit code 7: RuntimeError: broken" in lines[0]
    assert "0/1" in lines[1]
    assert "1/1" in lines[2]
    assert "\x1b" not in done.out


def test_the_list_as_json_has_id_name_state_reason_and_times(ended: Ended) -> None:
    items = ended.desk.call("runs", "--json").json

    assert [set(item) >= FIELDS for item in items] == [True] * 3
    failed, incomplete, good = items
    assert (failed["id"], failed["state"], failed["reason"], failed["exit_code"]) == (
        ended.failed,
        "failed",
        "exit_code",
        7,
    )
    assert (incomplete["state"], incomplete["reason"]) == ("incomplete", "deliverable")
    assert (good["name"], good["state"], good["reason"]) == ("good one", "succeeded", "ok")
    assert good["submitted_at"] <= good["started_at"] <= good["ended_at"]
    assert good["started_at"].endswith("Z")


def test_the_list_shows_the_code_that_was_frozen_with_each_run(desk: Desk) -> None:
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b"]
    path = desk.write("e.yaml", "true")
    (desk.folder / "train.py").write_text("one\n")
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "first"]):
        subprocess.run([*git, *words], cwd=desk.folder, check=True)
    commit = subprocess.run(
        [*git, "rev-parse", "HEAD"], cwd=desk.folder, check=True, capture_output=True, text=True
    ).stdout[:7]
    (desk.folder / "train.py").write_text("one\ntwo\nthree\n")
    (desk.folder / "notes.txt").write_text("of nobody\n")
    desk.call("queue", "submit", path)

    summary = f"{commit} +2 −0, 1 untracked"
    heading, line = desk.call("runs").out.splitlines()
    assert line[heading.index("CODE") :].startswith(summary)
    assert [item["code"] for item in desk.call("runs", "--json").json] == [summary]


def test_a_run_whose_folder_is_gone_is_listed_without_its_code(desk: Desk) -> None:
    run_id = desk.call("queue", "submit", "--held", desk.write("e.yaml", "true")).out.strip()
    shutil.rmtree(desk.folder / "experiments" / "runs" / run_id)

    assert [item["code"] for item in desk.call("runs", "--json").json] == [None]
    assert desk.call("runs").code == 0


def test_a_run_that_goes_on_says_which_process_and_which_gpus_it_has(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORP_FAKE_GPUS", "6")  # claims are machine-wide: others may have some of them
    needs = {"resources": {"gpus": 2, "cpus": 1}}
    run_id = desk.begin("e.yaml", "echo $CUDA_VISIBLE_DEVICES; echo here; sleep 60", training=needs)

    info, status = desk.call("info", run_id), desk.call("status")
    (item,) = desk.call("status", "--json").json["runs"]

    first, second = item["gpus"]
    assert desk.stdout(run_id).startswith(f"{first},{second}\n")
    assert re.search(r"^process +pid [0-9]+$", info.out, re.MULTILINE)
    assert re.search(r"^needs +2 GPUs, 1 CPU$", info.out, re.MULTILINE)
    assert re.search(rf"^GPUs +{first}, {second}$", info.out, re.MULTILINE)
    assert f"on GPU{first}, GPU{second}" in status.out
    assert (item["group"], item["priority"]) == ("default", 0)


def test_a_limit_cuts_the_list(ended: Ended) -> None:
    assert [item["id"] for item in ended.desk.call("runs", "-n", "1", "--json").json] == [ended.failed]
    assert len(ended.desk.call("runs", "-n", "0", "--json").json) == 3
    assert ended.desk.call("runs", "-n", "-1").code == 2


def test_info_tells_everything_about_a_run(ended: Ended) -> None:
    out = ended.desk.call("info", ended.failed).out
    data = ended.desk.call("info", "--json", ended.failed).json

    for word in ("FAILED", "exit_code", "exit code 7", "command", "folder", "zip", "history"):
        assert word in out
    assert set(data) >= FIELDS
    assert data["request"]["argv"][1] == "-c"
    assert data["result"]["experiment_id"] == ended.failed
    assert data["history"][0]["kind"] == "submit"


def test_status_shows_what_runs_and_why_the_next_waits(desk: Desk) -> None:
    (desk.folder / "orp.yaml").write_text("queue: {idle_exit: 2s, slots: 1}\n")
    run_id = desk.begin()
    waiting = desk.call("run", "--detach", desk.write("next.yaml")).out.strip()

    done, data = desk.call("status"), desk.call("status", "--json").json

    assert [item["id"] for item in data["runs"]] == [run_id, waiting]
    assert [item["state"] for item in data["runs"]] == ["running", "queued"]
    assert data["counts"] == {"running": 1, "queued": 1}
    assert isinstance(data["leader"]["pid"], int)
    assert data["slots"] == 1
    assert data["runs"][1]["detail"]
    assert data["runs"][1]["detail"] in done.out
    assert desk.call("info", waiting).out.count("waits") == 1


def test_status_is_true_after_the_queue_processor_and_everything_else_was_killed(desk: Desk) -> None:
    run_id = desk.begin()
    leader = desk.call("status", "--json").json["leader"]["pid"]
    os.kill(leader, signal.SIGKILL)
    for pid in desk.processes():
        os.kill(pid, signal.SIGKILL)

    seen = until(lambda: desk.call("runs", "--json").json[0]["state"] == "lost" and desk.call("runs").out)

    assert "LOST" in seen
    assert run_id in seen


def test_status_without_a_queue_processor_says_how_to_start_one(desk: Desk) -> None:
    (desk.folder / "orp.yaml").write_text("queue: {autostart: false}\n")
    desk.call("run", "--detach", desk.write("e.yaml"))

    done = desk.call("status")

    assert "no queue processor" in done.err
    assert "orp queue start" in done.err


@pytest.mark.parametrize("words", [["status"], ["runs"], ["queue", "status"], ["queue", "stop"]])
def test_an_empty_project_is_told_what_to_do_and_stays_empty(desk: Desk, words: list[str]) -> None:
    before = desk.files()

    done = desk.call(*words)

    assert done.code == 0
    assert done.out == ""
    assert done.err
    assert desk.files() == before


@pytest.mark.parametrize(
    "words",
    [
        ["info", "last"],
        ["logs", "last"],
        ["cancel", "last"],
        ["artifacts", "bundle", "last"],
        ["artifacts", "verify", "last"],
    ],
)
def test_asking_for_a_run_of_an_empty_project_makes_nothing(desk: Desk, words: list[str]) -> None:
    before = desk.files()

    done = desk.call(*words)

    assert done.code == 2
    assert done.err == f"orp: last: nothing was run in {desk.paths.base} yet; `orp run FILE` does\n"
    assert desk.files() == before


def test_json_of_an_empty_project_is_empty_and_not_nothing(desk: Desk) -> None:
    assert desk.call("runs", "--json").json == []
    assert desk.call("status", "--json").json["runs"] == []


def test_hostile_and_wide_names_keep_the_columns_straight(desk: Desk) -> None:
    (desk.folder / "orp.yaml").write_text("queue: {autostart: false}\n")
    names = ["[/] \x1b]52;c;aGk=\x07\x1b[2J", "実験" * 30, "e" + "\u0301" * 10_000, "a\nb", "x" * 300]
    for number, name in enumerate(names):
        desk.call("run", "--detach", desk.write(f"{number}.yaml", experiment=name))

    out = desk.call("runs").out
    items = desk.call("runs", "--json").json

    from orp_tui.core.sanitise import cell_width

    assert "\x1b" not in out
    assert "\x07" not in out
    assert len(out.splitlines()) == 1 + len(names)
    starts = {cell_width(line[: line.index("queued")]) for line in out.splitlines()[1:]}
    assert len(starts) == 1, out
    assert sorted(item["name"] for item in items) == sorted(names)


def test_json_survives_odd_text(desk: Desk) -> None:
    (desk.folder / "orp.yaml").write_text("queue: {autostart: false}\n")
    desk.call("run", "--detach", desk.write("e.yaml", experiment="ü 実 \u2028 \x1b"))

    done = desk.finish("runs", "--json", env=desk.variables(PYTHONIOENCODING="ascii"))

    assert json.loads(done.out)[0]["name"] == "ü 実 \u2028 \x1b"


def test_the_states_of_looking_verbs_agree(ended: Ended) -> None:
    for run_id, state in (
        (ended.good, RunState.SUCCEEDED),
        (ended.incomplete, RunState.INCOMPLETE),
        (ended.failed, RunState.FAILED),
    ):
        assert ended.desk.call("info", "--json", run_id).json["state"] == state.value


def test_info_says_how_long_a_run_runs_and_ends_nothing_before_its_end(desk: Desk) -> None:
    out = desk.call("info", desk.begin()).out

    assert re.search(r"^running +for \d", out, re.MULTILINE)
    assert "ended" not in out


@pytest.mark.slow
def test_processes_that_outlived_their_training_are_told(desk: Desk) -> None:
    done = desk.call("run", desk.write("e.yaml", GOOD + "; sleep 50 & sleep 51 &", deliverables=[METRICS]))

    info = desk.call("info", "e").out

    assert "2 processes outlived it and were ended" in done.out
    assert re.search(r"^leftovers +2 processes outlived it and were ended$", info, re.MULTILINE)


def test_info_of_a_zip_from_elsewhere_shows_what_it_says_itself(ended: Ended, tmp_path: Path) -> None:
    shutil.copy(ended.desk.paths.artifact(ended.failed), tmp_path / "a.zip")
    (tmp_path / "b.zip").write_bytes(b"no zip")

    done = ended.desk.call("info", "a.zip", at=tmp_path)
    data = ended.desk.call("info", "--json", "a.zip", at=tmp_path).json

    assert done.code == 0
    assert re.search(rf"^run +{ended.failed}$", done.out, re.MULTILINE)
    assert re.search(r"^state +failed$", done.out, re.MULTILINE)
    assert re.search(r"^command +\S*sh -c", done.out, re.MULTILINE)
    assert data["result"]["experiment_id"] == data["request"]["id"] == ended.failed
    assert "not a zip" in ended.desk.call("info", "b.zip", at=tmp_path).err
