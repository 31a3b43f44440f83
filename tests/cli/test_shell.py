"""`orp shell`: the run's folder and environment, its secrets, its GPUs, and never its processes or its curve."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from desk import Desk
from waiting import until

from orp_tui.core.states import RunState


def submitted(desk: Desk, script: str, **training: object) -> str:
    done = desk.finish("run", "--detach", desk.write("e.yaml", script, training=training))
    assert done.code == 0, done.err
    return done.out.strip()


def ended(desk: Desk, script: str = "echo trained > made.txt", **training: object) -> str:
    run_id = submitted(desk, script, **training)
    desk.await_state(run_id, RunState.SUCCEEDED, RunState.FAILED)
    return run_id


def test_a_command_runs_in_the_workspace_with_the_environment_of_the_submit(desk: Desk) -> None:
    run_id = ended(desk, env={"FLAVOUR": "then"})

    done = desk.finish(
        "shell", run_id, "--", "sh", "-c", 'cat made.txt; echo "$FLAVOUR $ORP_SHELL $ORP_RUN_ID"; pwd; exit 7',
        env=desk.variables(FLAVOUR="now", OWN="mine"),
    )  # fmt: skip

    assert done.code == 7
    assert done.out.splitlines() == ["trained", f"then {run_id} {run_id}", str(desk.run(run_id).workspace)]
    assert done.err == ""
    assert desk.finish("shell", run_id, "--", "printenv", "OWN", env=desk.variables(OWN="mine")).code == 1


def test_secrets_come_from_the_env_file_and_from_whoever_calls(desk: Desk) -> None:
    (desk.folder / ".env").write_text("HF_TOKEN=from-file\n")
    run_id = ended(
        desk,
        env={"WANDB_API_KEY": {"from_env": "MY_KEY"}, "OTHER_SECRET": {"from_env": "NOBODY"}},
        env_file=".env",
    )
    words = ["shell", run_id, "--", "sh", "-c", 'echo "$HF_TOKEN $WANDB_API_KEY"']

    done = desk.finish(*words, env=desk.variables(MY_KEY="from-caller"))

    assert done.out == "from-file from-caller\n"
    assert done.err == "note: not set, because nobody here knows them: OTHER_SECRET\n"


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


def test_what_it_logs_is_not_added_to_the_curve_of_the_run(desk: Desk) -> None:
    run_id = ended(desk, "echo '{\"step\": 1}' > $ORP_METRICS_FILE")
    before = desk.run(run_id).metrics.read_bytes()

    desk.finish("shell", run_id, "--", "sh", "-c", "echo '{\"step\": 2}' >> $ORP_METRICS_FILE")

    assert desk.run(run_id).metrics.read_bytes() == before


def test_a_workspace_that_was_taken_over_is_followed(desk: Desk) -> None:
    first, second = ended(desk), ended(desk, "echo second > made.txt")
    desk.run(first).workspace.rename(desk.run(first).folder / "old")
    os.symlink(f"../{second}/workspace", desk.run(first).workspace)

    done = desk.finish("shell", first, "--", "cat", "made.txt")

    assert done.out == "second\n"
    assert done.err == f"note: its workspace was taken over by {second}\n"


def test_a_cleaned_workspace_is_told_how_to_get_back(desk: Desk) -> None:
    run_id = ended(desk)
    desk.call("clean", "--yes", run_id)

    done = desk.finish("shell", run_id, "--", "true")

    assert done.code == 2
    assert f"`orp clean --restore {run_id}`" in done.err


def test_an_interactive_bash_is_marked_whatever_the_user_s_own_file_does(desk: Desk, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / ".bashrc").write_text("export PATH=/elsewhere; PS1='mine> '; echo own file read\n")
    run_id = ended(desk)

    done = subprocess.run(
        desk.command("shell", run_id),
        input=b'echo "$PS1"; echo "$PATH"; cat made.txt\n',
        cwd=desk.folder,
        env=desk.variables(SHELL="/bin/bash", HOME=str(home)),
        capture_output=True,
        timeout=20,
        start_new_session=True,
    )
    assert f"(orp {run_id[-4:]}) " in done.stdout.decode()
    assert "/elsewhere" not in done.stdout.decode()
    assert "trained" in done.stdout.decode()


def test_a_program_that_is_not_there_is_a_line(desk: Desk) -> None:
    done = desk.finish("shell", ended(desk), "--", "no-such-program")

    assert (done.code, done.err) == (2, "orp: no-such-program: no such program on the run's PATH\n")


def test_gpus_are_claimed_until_one_leaves(desk: Desk) -> None:
    gpu = desk.variables(ORP_FAKE_GPUS="1", ORP_AUTOSTART="false")
    done = desk.finish(
        "run", "--detach", desk.write("g.yaml", "true", training={"resources": {"gpus": 1}}), env=gpu
    )
    run_id = done.out.strip()

    first = desk.spawn(
        "shell", run_id, "--", "sh", "-c", 'echo "[$CUDA_VISIBLE_DEVICES]"; exec sleep 60', env=gpu
    )
    assert first.stdout is not None
    said = first.stdout.readline()
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

    assert said == b"[0]\n"
    assert second.out == "[]\n"
    assert "the run asks for 1 GPU; none is visible here: GPU0 " in second.err
    assert without.out == "[]\n"
    assert "GPU" not in without.err
    until(free_again, what="the claim is given back")
