"""What a submit promises: own folders, frozen code and environment, no secret anywhere."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile

import pytest
from waiting import until

from orp_tui.core.errors import NotYet, SubmitRefused
from orp_tui.core.states import RunState
from orp_tui.files.atomic import read_json
from orp_tui.services.submit import sources_of_file, submit


def output_of(project, run_id):
    return project.run(run_id).stdout.read_text()


def test_parallel_runs_of_one_script_have_folders_and_deliverables_of_their_own(project):
    script = 'mkdir -p out && echo "$ORP_RUN_ID" > out/id.txt && sleep 0.3 && cat out/id.txt'
    deliverables = [{"type": "report", "path": "out/id.txt", "validation": "exists"}]
    ids = [project.submit(script, deliverables=deliverables) for _ in range(3)]

    project.settle(slots=3)

    for run_id in ids:
        assert project.state(run_id) is RunState.SUCCEEDED
        assert output_of(project, run_id).strip() == run_id
        with zipfile.ZipFile(project.paths.artifact(run_id)) as archive:
            assert archive.read("out/id.txt").decode().strip() == run_id
    assert not (project.folder / "out").exists()


def test_editing_the_script_between_submit_and_start_changes_nothing(project):
    script = project.folder / "train.sh"
    script.write_text("echo as submitted\n")
    run_id = project.submit(["sh", "train.sh"])

    script.write_text("echo edited\n")
    project.settle()

    assert output_of(project, run_id) == "as submitted\n"


def test_a_leader_from_another_environment_changes_nothing_in_the_run(project, monkeypatch):
    monkeypatch.setenv("FLAVOUR", "of the submitter")
    run_id = project.submit('echo "$FLAVOUR"; command -v sh')
    monkeypatch.setenv("FLAVOUR", "of the leader")
    monkeypatch.setenv("PATH", "/nonexistent")

    project.settle()

    assert output_of(project, run_id).splitlines()[0] == "of the submitter"


def test_a_secret_reaches_the_training_and_no_file_of_ours(project, monkeypatch):
    canary = "sk-canary0123456789abcdefABCDEF0123456789abcdefABCDEF"
    monkeypatch.setenv("OPENAI_API_KEY", canary)
    # Its length is proof enough that the training had it; what a training prints is its own business.
    run_id = project.submit('echo "${#OPENAI_API_KEY}"')

    project.settle()

    assert output_of(project, run_id).strip() == str(len(canary))
    searched = 0
    for folder, _, names in os.walk(project.root):
        for name in names:
            with open(os.path.join(folder, name), "rb") as file:
                assert canary.encode() not in file.read(), name
            searched += 1
    assert searched > 20
    with zipfile.ZipFile(project.paths.artifact(run_id)) as archive:
        assert not any(canary.encode() in archive.read(name) for name in archive.namelist())
        assert "environment.private" not in archive.namelist()
    assert "OPENAI_API_KEY" in read_json(project.run(run_id).environment)["names"]


def test_the_run_folder_is_for_its_owner_alone_whatever_the_umask(project):
    old = os.umask(0)
    try:
        run_id = project.submit("umask")
    finally:
        os.umask(old)

    project.settle()

    folder = project.run(run_id).folder
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "environment.private").stat().st_mode & 0o777 == 0o600
    assert (folder / "request.json").stat().st_mode & 0o077 == 0
    assert int(output_of(project, run_id), 8) == 0  # the training keeps the submitter's


def test_in_place_runs_never_overlap_and_see_the_project_itself(project):
    script = "test ! -e busy || exit 9; touch busy; sleep 0.3; rm busy; echo x >> trail"
    ids = [project.submit(script, workspace="in_place") for _ in range(2)]

    project.settle(slots=4)

    assert [project.state(run_id) for run_id in ids] == [RunState.SUCCEEDED] * 2
    assert (project.folder / "trail").read_text() == "x\nx\n"


def test_shared_runs_use_the_project_folder_in_parallel(project):
    ids = [project.submit(f"touch here-{n}; for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do ls here-0 here-1 && exit 0; sleep 0.2; done; exit 1", workspace="shared") for n in range(2)]  # fmt: skip

    project.settle(slots=2)

    assert [project.state(run_id) for run_id in ids] == [RunState.SUCCEEDED] * 2


def test_a_left_over_deliverable_of_the_project_is_no_success(project):
    (project.folder / "result.json").write_text('{"accuracy": 1}')
    run_id = project.submit(
        "true",
        workspace="in_place",
        deliverables=[{"type": "metrics", "path": "result.json", "validation": "exists"}],
    )

    project.settle()

    assert project.state(run_id) is RunState.INCOMPLETE
    assert "from before the start" in project.row(run_id).detail


def test_two_deliverables_of_one_type_keep_their_own_results(project):
    run_id = project.submit(
        "echo '{\"a\": 1}' > one.json; echo '{\"a\": 2}' > two.json",
        deliverables=[
            {"type": "metrics", "path": "one.json", "validation": "threshold", "metric": "a", "operator": ">=", "value": 1},
            {"type": "metrics", "path": "two.json", "validation": "threshold", "metric": "a", "operator": ">=", "value": 5},
            {"type": "metrics", "path": "one.json", "validation": "contains_keys", "required_keys": ["b"], "required": False},
        ],
    )  # fmt: skip

    project.settle()

    status = read_json(project.run(run_id).result)["deliverables_status"]
    assert {key: item["status"] for key, item in status.items()} == {
        "one.json#0": "valid",
        "two.json": "invalid",
        "one.json#2": "invalid",
    }
    assert "2 >= 5" in project.row(run_id).detail or "2 < 5" in project.row(run_id).detail


def test_what_cannot_be_executed_yet_is_refused_by_its_name_and_leaves_nothing(project):
    with pytest.raises(NotYet, match=r"not yet: training\.resources\.executor: lab"):
        project.submit("true", resources={"executor": "lab"})

    assert list(project.paths.runs.iterdir()) == []


def test_a_refused_submit_leaves_no_folder_and_no_row(project):
    (project.folder / "huge.bin").write_bytes(b"\0" * (11 << 20))
    subprocess.run(["git", "init", "-q"], cwd=project.folder, check=True)

    with pytest.raises(SubmitRefused, match=r"huge\.bin"):
        project.submit("true")

    assert list(project.paths.runs.iterdir()) == []


def test_ports_differ_between_runs_at_the_same_time_and_reach_command_and_environment(project):
    ids = [project.submit(["sh", "-c", 'echo "$0 $MASTER_PORT"; sleep 0.4', "{port}"]) for _ in range(2)]

    project.settle(slots=2)

    ports = [output_of(project, run_id).split() for run_id in ids]
    assert all(len(pair) == 2 and pair[0] == pair[1] for pair in ports)
    assert ports[0] != ports[1]


def test_the_placeholders_of_a_submit_are_filled(project):
    run_id = project.submit(["sh", "-c", 'echo "$0"; cat "$1"', "{output_dir}", "{config_file}"], config={"a": 1}, pass_config="none")  # fmt: skip

    project.settle()

    folder, config = (
        output_of(project, run_id).splitlines()[0],
        json.loads("".join(output_of(project, run_id).splitlines()[1:])),
    )
    assert folder == str(project.run(run_id).workspace / "outputs")
    assert config == {"a": 1}


def test_a_yaml_config_lies_where_the_variable_says(project):
    run_id = project.submit('cat "$ORP_CONFIG_FILE"; echo; echo "$ORP_CONFIG_FILE"', config={"rate": 1e-5}, pass_config="none", config_format="yaml")  # fmt: skip

    project.settle()

    assert output_of(project, run_id).splitlines()[0] == "rate: 1.0e-05"
    assert output_of(project, run_id).splitlines()[-1].endswith("config.yaml")


def test_metrics_logged_by_the_training_are_in_the_result(project):
    program = (
        "from orp_tui import log\nfor step in range(3): log(step, loss=1 / (step + 1), nan=float('nan'))"
    )
    run_id = project.submit([sys.executable, "-c", program])

    project.settle()

    metrics = read_json(project.run(run_id).result)["metrics"]
    assert metrics["loss"] == pytest.approx(1 / 3)
    assert metrics["nan"] != metrics["nan"]


def test_a_shell_command_gets_its_stop_signal_at_its_first_process_that_is_no_shell(project):
    program = (
        "import signal, sys, time; signal.signal(15, lambda *a: (print('saved', flush=True), sys.exit(0)));"
        "print('ready', flush=True); time.sleep(60)"
    )
    text = f"trap 'exit 7' TERM; {sys.executable} -c \"{program}\"; echo after"
    file = project.folder / "shell.yaml"
    training = {"script": text, "shell": True, "stop": {"grace": "20s"}}
    file.write_text(json.dumps({"experiment": {"name": "shell"}, "training": training}))
    with project.context.store() as connection:
        run_id = submit(project.context, connection, sources_of_file(project.context, file)[0])
    leader = project.leader()
    until(
        lambda: project.run(run_id).stdout.exists() and "ready" in output_of(project, run_id),
        what="the training",
    )

    project.cancel(run_id)
    assert leader.wait(40) == 0

    assert project.state(run_id) is RunState.CANCELLED
    assert output_of(project, run_id).splitlines() == ["ready", "saved", "after"]
