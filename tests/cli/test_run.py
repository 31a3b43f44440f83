"""`orp run`: exit codes, what is printed, and what a run is independent of."""

from __future__ import annotations

import json
import signal
import xml.etree.ElementTree as ET

import pytest
from desk import GOOD, METRICS, Desk
from waiting import until

from orp_tui.core.result import ExperimentResult
from orp_tui.core.states import RunState


def test_a_success_prints_checklist_and_zip_and_exits_0(desk: Desk) -> None:
    done = desk.finish("run", desk.write("e.yaml", deliverables=[METRICS]))

    assert done.code == 0, done.err
    assert "succeeded" in done.out.splitlines()[0]
    assert "[x] out/m.json" in done.out
    assert "zip  experiments/artifacts/exp_" in done.out
    assert "\x1b" not in done.out + done.err
    assert "succeeded: exit code 0" in done.err  # the news goes to stderr


def test_a_success_without_its_deliverable_exits_1_and_says_which(desk: Desk) -> None:
    done = desk.call("run", desk.write("e.yaml", "true", deliverables=[METRICS]))

    assert done.code == 1
    assert "INCOMPLETE" in done.out.splitlines()[0]
    assert "[ ] out/m.json" in done.out


def test_a_failure_exits_1_and_shows_its_last_words(desk: Desk) -> None:
    done = desk.call("run", desk.write("e.yaml", "echo 'Epoch 3' >&2; echo 'ValueError: no' >&2; exit 3"))

    assert done.code == 1
    assert "FAILED" in done.out
    assert "exit code 3" in done.out
    assert "  | Epoch 3\n  | ValueError: no\n" in done.out
    assert "look closer: orp info exp_" in done.err


def test_a_last_word_that_is_the_reason_is_not_said_twice(desk: Desk) -> None:
    done = desk.call("run", desk.write("e.yaml", "echo 'ValueError: no' >&2; exit 3"))

    assert done.out.count("ValueError: no") == 1


def test_json_is_one_result_alone_on_stdout_while_words_go_to_stderr(desk: Desk) -> None:
    name = desk.write("e.yaml", deliverables=[METRICS])
    (desk.folder / ".env").write_text("KEY=1\n")

    done = desk.finish("run", "--json", name)

    result = ExperimentResult.from_json(done.json)
    assert done.code == 0
    assert result.succeeded
    assert result.name == "e"
    assert result.deliverables_status["out/m.json"]["status"] == "valid"
    assert result.artifacts_path is not None
    assert result.training_stdout_path == f"{result.artifacts_path}::training_stdout.txt"


def test_json_of_a_failure_is_a_result_too(desk: Desk) -> None:
    done = desk.call("run", "--json", desk.write("e.yaml", "exit 3"))

    assert done.code == 1
    assert ExperimentResult.from_json(done.json).exit_code == 3


def test_several_files_are_all_followed_and_one_failure_is_the_exit_code(desk: Desk) -> None:
    done = desk.call(
        "run", desk.write("a.yaml"), desk.write("b.yaml", "exit 2"), "--json", "--junit", "r.xml"
    )

    assert done.code == 1
    assert [item["name"] for item in done.json] == ["a", "b"]
    suite = ET.parse(desk.folder / "r.xml").getroot()
    assert suite.attrib["tests"] == "2"
    assert suite.attrib["failures"] == "1"
    assert "exit code 2" in suite.findall("testcase/failure")[0].attrib["message"]


def test_detach_prints_the_id_and_returns_while_the_run_goes_on(desk: Desk) -> None:
    run_id = desk.begin()

    assert desk.view(run_id).state is RunState.RUNNING
    assert desk.call("cancel", "--wait", run_id).out == f"{run_id}: cancelled\n"


def test_set_seed_and_name_change_what_runs(desk: Desk) -> None:
    name = desk.write("e.yaml", ["echo"], training={"config": {"lr": 1, "opt": {"name": "adam"}}})

    done = desk.call(
        "run", name, "--set", "training.config.lr=0.5", "--seed", "4", "--name", "näme [/]", "--json"
    )

    assert done.code == 0, done.err
    assert done.json["name"] == "näme [/]"
    words = desk.stdout(done.json["experiment_id"])
    assert "--lr 0.5" in words
    assert "--opt.name adam" in words
    assert "--seed 4" in words


def test_each_seed_that_is_given_makes_a_run(desk: Desk) -> None:
    name = desk.write("e.yaml", ["echo"], training={"config": {"seed": 1}})

    done = desk.call("run", name, "--seed", "4", "--seed", "5", "--detach")

    assert [desk.row(run_id).seed for run_id in done.out.split()] == [4, 5]


def test_the_same_key_twice_is_one_run(desk: Desk) -> None:
    name = desk.write("e.yaml")

    first = desk.call("run", name, "--key", "k1", "--detach")
    second = desk.call("run", name, "--key", "k1", "--detach")

    assert first.out == second.out
    assert len(list(desk.paths.runs.glob("exp_*"))) == 1


def test_a_command_behind_the_dashes_keeps_its_options(desk: Desk) -> None:
    done = desk.call("run", "--name", "c", "--json", "--", "echo", "--json", "--", "-n", "--help", "a  b", "")

    assert done.code == 0, done.err
    assert desk.stdout(done.json["experiment_id"]) == "--json -- -n --help a  b \n"


def test_every_problem_of_an_invalid_file_is_told_and_nothing_is_made(desk: Desk) -> None:
    (desk.folder / "bad.yaml").write_text("experiment: {nmae: x}\ntraining: {script: 3}\ndeliverables: {}\n")
    before = desk.files()

    done = desk.call("run", "bad.yaml")

    assert done.code == 2
    assert done.out == ""
    assert "nmae" in done.err
    assert "training.script" in done.err
    assert "deliverables" in done.err
    assert desk.files() == before


def test_what_is_not_built_yet_is_refused_before_anything_is_made(desk: Desk) -> None:
    sweep = {"sweep": {"method": "grid", "parameters": {"lr": [1, 2]}}, "training": {"config": {"lr": 1}}}
    name = desk.write("s.yaml", "true", **sweep)
    before = desk.files()

    done = desk.call("run", desk.write("good.yaml"), name)

    assert done.code == 2
    assert done.err.strip() == "orp: not yet: sweep"
    assert desk.files().keys() == before.keys() | {"good.yaml"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "no experiment file"),
        (["--"], "no command"),
        (["a.yaml", "--", "true"], "not both"),
        (["nope.yaml"], "nope.yaml: cannot be read"),
        (["a.yaml", "--gpus", "1"], "--gpus is for a command"),
        (["a.yaml", "b.yaml", "--key", "k"], "--key names one run"),
        (["--", "no-such-program-here"], "no-such-program-here"),
    ],
)
def test_nonsense_exits_2_with_what_to_do(desk: Desk, words: list[str], said: str) -> None:
    done = desk.call("run", *words)

    assert done.code == 2
    assert said in done.err
    assert "Traceback" not in done.err


def test_sigint_without_a_terminal_cancels_and_exits_130(desk: Desk) -> None:
    child = desk.spawn("run", "--json", desk.write("e.yaml", "echo here; sleep 60"))
    run_id = _running(desk)

    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=20)

    assert child.returncode == 130
    assert json.loads(out)["status"] == "cancelled"
    assert b"cancelling" in err
    assert desk.state(run_id) is RunState.CANCELLED


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, signal.SIGKILL, pytest.param(signal.SIGHUP, marks=pytest.mark.slow)]
)
def test_the_run_survives_the_end_of_orp_run(desk: Desk, number: signal.Signals) -> None:
    child = desk.spawn(
        "run", desk.write("e.yaml", f"echo here; while [ ! -e {desk.root}/go ]; do sleep 0.05; done; {GOOD}")
    )
    run_id = _running(desk)

    child.send_signal(number)

    assert child.wait(10) == -number
    (desk.root / "go").touch()
    desk.await_state(run_id, RunState.SUCCEEDED)


def test_a_run_inside_a_run_is_a_run_of_its_own(desk: Desk) -> None:
    inner = f"cd {desk.folder} && {' '.join(desk.command('run', '--json', '--name', 'inner', '--', 'echo', 'hello'))}"
    (desk.folder / "orp.yaml").write_text("queue: {idle_exit: 2s, slots: 2}\n")

    done = desk.call("run", "--json", desk.write("outer.yaml", inner))

    assert done.code == 0, desk.words()
    result = json.loads(desk.stdout(done.json["experiment_id"]))
    assert result["name"] == "inner"
    assert result["experiment_id"] != done.json["experiment_id"]


def test_when_the_second_of_two_is_refused_the_first_is_not_queued_either(desk: Desk) -> None:
    done = desk.call("run", desk.write("a.yaml"), desk.write("b.yaml", ["no-such-program-here"]))

    assert done.code == 2
    assert "no-such-program-here" in done.err
    assert not list(desk.paths.runs.glob("exp_*"))


def test_an_ignored_folder_without_a_terminal_is_refused_with_the_lines_to_add(desk: Desk) -> None:
    _with_ignored_data(desk)

    done = desk.call("run", desk.write("e.yaml", "cat data/x"))

    assert done.code == 2
    assert "orp.yaml" in done.err
    assert "inputs: [data]" in done.err
    assert not list(desk.paths.runs.glob("*"))


def _with_ignored_data(desk: Desk) -> None:
    import subprocess

    (desk.folder / "data").mkdir()
    (desk.folder / "data" / "x").write_text("1")
    (desk.folder / ".gitignore").write_text("data/\nexperiments/\n")
    subprocess.run(["git", "init", "-q"], cwd=desk.folder, check=True)


def _running(desk: Desk) -> str:
    """The id of the only run, once it has said `here`."""

    def found() -> str | None:
        return next(
            (path.name for path in desk.paths.runs.glob("exp_*") if "here" in desk.stdout(path.name)), None
        )

    return until(found, what="a run that says something") or ""


def test_what_a_submitter_should_know_is_said_once(desk: Desk) -> None:
    (desk.folder / ".env").write_text("API_KEY=sk-aaaabbbbccccddddeeee\n")

    done = desk.call("run", desk.write("a.yaml"), desk.write("b.yaml"), "--json")

    notes = [line for line in done.err.splitlines() if line.startswith("note: ")]
    assert len(notes) == 1
    assert ".env" in notes[0]
    assert len(done.json) == 2


def test_what_is_probably_not_meant_is_warned_of(desk: Desk) -> None:
    name = desk.write("e.yaml", ["echo", "{outptu_dir}"])

    warned = desk.call("validate", name).err
    done = desk.call("run", name)

    assert done.code == 0
    assert "did you mean {output_dir}? (warning)" in warned
    assert warned in done.err


def test_from_elsewhere_the_next_commands_name_the_base_directory(desk: Desk) -> None:
    name = desk.write("e.yaml", "exit 1")

    here = desk.call("run", name)
    elsewhere = desk.call("run", str(desk.folder / name), at=desk.root)
    detached = desk.call("run", "--detach", str(desk.folder / name), at=desk.root)

    assert "--base-dir" not in here.err
    for said in (elsewhere.err, detached.err):
        assert f"--base-dir {desk.paths.base}" in said
    assert desk.call("info", "last", "--base-dir", str(desk.paths.base), at=desk.root).code == 0
