"""`orp shell`: the run's folder and environment, its secrets, its GPUs, and never its processes or its curve."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator

import pytest
from desk import Desk, Done, desks
from waiting import until

from orp_tui.core.states import RunState

BASHRC = "export PATH=/elsewhere; PS1='mine> '; echo own file read\n"


class Inside:
    """A run that has ended, and the way into it."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        home = desk.root / "home"
        home.mkdir()
        (home / ".bashrc").write_text(BASHRC)
        (desk.folder / ".env").write_text("HF_TOKEN=from-file\n")
        secrets = {"WANDB_API_KEY": {"from_env": "MY_KEY"}, "OTHER_SECRET": {"from_env": "NOBODY"}}
        training = {"env": {"FLAVOUR": "then", **secrets}, "env_file": ".env"}
        script = "echo trained > made.txt; echo '{\"step\": 1}' > $ORP_METRICS_FILE"
        name = desk.write("e.yaml", script, training=training)
        done = desk.finish("run", "--detach", name, env=desk.variables(HOME=str(home)))
        assert done.code == 0, done.err
        self.run_id = done.out.strip()
        desk.await_state(self.run_id, RunState.SUCCEEDED)

    def call(self, *words: str, run: str = "", **variables: str) -> Done:
        return self.desk.finish(
            "shell", run or self.run_id, "--", *words, env=self.desk.variables(**variables)
        )


@pytest.fixture(scope="module")
def inside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inside]:
    with desks(tmp_path_factory.mktemp("inside") / "desk") as desk:
        yield Inside(desk)


def test_a_command_runs_in_the_workspace_with_the_environment_of_the_submit(inside: Inside) -> None:
    script = 'cat made.txt; echo "$FLAVOUR $ORP_SHELL $ORP_RUN_ID"; pwd; exit 7'

    done = inside.call("sh", "-c", script, FLAVOUR="now")

    run_id, workspace = inside.run_id, inside.desk.run(inside.run_id).workspace
    assert done.code == 7
    assert done.out.splitlines() == ["trained", f"then {run_id} {run_id}", str(workspace)]
    assert inside.call("printenv", "OWN", OWN="mine").code == 1


def test_secrets_come_from_the_env_file_and_from_whoever_calls(inside: Inside) -> None:
    done = inside.call("sh", "-c", 'echo "$HF_TOKEN $WANDB_API_KEY"', MY_KEY="from-caller")

    assert done.out == "from-file from-caller\n"
    assert done.err == "note: not set, because nobody here knows them: OTHER_SECRET\n"


def test_what_it_logs_is_not_added_to_the_curve_of_the_run(inside: Inside) -> None:
    before = inside.desk.run(inside.run_id).metrics.read_bytes()

    inside.call("sh", "-c", "echo '{\"step\": 2}' >> $ORP_METRICS_FILE")

    assert inside.desk.run(inside.run_id).metrics.read_bytes() == before


def test_an_interactive_bash_is_marked_whatever_the_user_s_own_file_does(inside: Inside) -> None:
    done = subprocess.run(
        inside.desk.command("shell", inside.run_id),
        input=b'echo "$PS1"; echo "$PATH"; cat made.txt\n',
        cwd=inside.desk.folder,
        env=inside.desk.variables(SHELL="/bin/bash"),
        capture_output=True,
        timeout=20,
        start_new_session=True,
    )

    said = done.stdout.decode()
    assert "own file read" in said
    assert f"(orp {inside.run_id[-4:]}) mine> " in said
    assert "/elsewhere" not in said
    assert "trained" in said


def test_a_program_that_is_not_there_is_a_line(inside: Inside) -> None:
    done = inside.call("no-such-program", MY_KEY="x")

    assert done.code == 2
    assert done.err.endswith("orp: no-such-program: no such program on the run's PATH\n")


def test_a_workspace_that_is_gone_tells_how_to_get_it_back_and_one_that_was_taken_over_is_followed(
    inside: Inside,
) -> None:
    desk, run_id = inside.desk, inside.run_id
    workspace = desk.run(run_id).workspace
    desk.call("clean", "--yes", run_id)
    gone = inside.call("true")
    desk.call("clean", "--restore", run_id)
    successor = desk.paths.runs / "exp_20261124_093000_aaaa"
    successor.mkdir()
    workspace.rename(successor / "workspace")
    os.symlink(f"../{successor.name}/workspace", workspace)

    done = inside.call("cat", "made.txt")

    assert gone.code == 2
    assert f"`orp clean --restore {run_id}`" in gone.err
    assert done.out == "trained\n"
    assert f"note: its workspace was taken over by {successor.name}\n" in done.err


def test_a_running_run_gets_a_second_look_that_is_none_of_its_processes(desk: Desk) -> None:
    run_id = desk.begin(script="echo here; while [ ! -e end ]; do sleep 0.05; done")
    look = desk.spawn(
        "shell", run_id, "--", "sh", "-c", 'test -z "$ORP_RUN_ID"; echo $?; touch end; exec sleep 60'
    )
    assert look.stdout is not None

    assert look.stdout.readline() == b"0\n"
    desk.await_state(run_id, RunState.SUCCEEDED)

    assert look.poll() is None  # ended with nobody
    look.kill()
    _, err = look.communicate()
    assert b"is running: this is a second look inside" in err


def _with_gpu(desk: Desk, run_id: str, environment: dict[str, str]) -> subprocess.Popen[bytes] | None:
    """A shell that was given the GPU; None if what tests before have used is not given back yet."""
    child = desk.spawn(
        "shell", run_id, "--", "sh", "-c", 'echo "[$CUDA_VISIBLE_DEVICES]"; exec sleep 60', env=environment
    )
    assert child.stdout is not None
    if child.stdout.readline() == b"[0]\n":
        return child
    child.kill()
    child.wait()
    return None


def test_gpus_are_claimed_until_one_leaves(desk: Desk) -> None:
    gpu = desk.variables(ORP_FAKE_GPUS="1", ORP_AUTOSTART="false")
    done = desk.finish(
        "run", "--detach", desk.write("g.yaml", "true", training={"resources": {"gpus": 1}}), env=gpu
    )
    run_id = done.out.strip()

    first = until(lambda: _with_gpu(desk, run_id, gpu))
    second = desk.finish("shell", run_id, "--", "sh", "-c", 'echo "[$CUDA_VISIBLE_DEVICES]"', env=gpu)
    without = desk.finish(
        "shell", run_id, "--no-gpus", "--", "sh", "-c", 'echo "[$CUDA_VISIBLE_DEVICES]"', env=gpu
    )
    first.kill()
    first.wait()

    def free_again() -> bool:
        return (
            "[0]"
            in desk.finish("shell", run_id, "--", "sh", "-c", 'echo "[$CUDA_VISIBLE_DEVICES]"', env=gpu).out
        )

    assert second.out == "[]\n"
    assert "the run asks for 1 GPU; none is visible here: GPU0 " in second.err
    assert without.out == "[]\n"
    assert "GPU" not in without.err
    until(free_again, what="the claim is given back")
