"""`orp retry`, `resume` and `clone`: runs of runs."""

from __future__ import annotations

import re

from desk import Desk

from orp_tui.core.states import RunState
from orp_tui.engine.request_file import read_request


def failed(desk: Desk, name: str = "bad.yaml", **more: object) -> str:
    """A run that has failed."""
    script = more.pop("script", ["sh", "-c", 'echo "$@"; exit 3', "sh"])
    done = desk.call("run", "--json", desk.write(name, script, **more))  # type: ignore[arg-type]
    return str(done.json["experiment_id"])


def test_a_retry_prints_the_new_id_and_runs_with_other_values(desk: Desk) -> None:
    old = failed(desk, training={"config": {"lr": 1}})

    done = desk.call("retry", old, "--set", "lr=2")

    new = done.out.strip()
    assert f"{new}: retry of {old} bad" in done.err
    desk.await_state(new, RunState.FAILED)
    assert desk.stdout(new) == "--lr 2\n"


def test_retrying_all_that_failed_leaves_out_successes_and_what_was_retried(desk: Desk) -> None:
    one, two = failed(desk), failed(desk)
    desk.call("run", desk.write("good.yaml"))
    first = desk.call("retry", one, "--json").json

    done = desk.call("retry", "--failed", "--name", "bad", "--json")

    assert [item["of"] for item in first] == [one]
    assert [item["of"] for item in done.json][:1] == [two]
    assert one not in [item["of"] for item in done.json]


def test_one_that_goes_on_is_refused_and_the_others_are_retried(desk: Desk) -> None:
    old = failed(desk)
    long = desk.begin()

    done = desk.call("retry", long, old)

    assert done.code == 2
    assert len(done.out.split()) == 1
    assert re.search(f"^orp: {long}: is (starting|running); it has to end first$", done.err, re.MULTILINE)


def test_a_resume_says_what_an_experiment_lacks_for_it(desk: Desk) -> None:
    old = failed(desk)

    done = desk.call("resume", old)

    assert done.code == 2
    assert "add training.resume" in done.err
    assert len(done.err.splitlines()) == 1


def test_a_resume_goes_on_with_the_code_of_now_if_asked(desk: Desk) -> None:
    script = desk.folder / "train.sh"
    script.write_text("mkdir -p ckpt-1; echo then $@; exit 1\n")
    more = {"checkpoints": {"path": "ckpt-*"}, "resume": ["--from", "{last_checkpoint}"]}
    old = failed(desk, "e.yaml", script=["sh", "train.sh"], training=more)

    new = desk.call("resume", old).out.strip()
    desk.await_state(new, RunState.FAILED)

    assert desk.stdout(new) == "then --from ckpt-1\n"
    assert desk.call("resume", new, "--current-code").code == 0


def test_a_clone_is_a_child_that_leaves_the_run_alone(desk: Desk) -> None:
    (desk.folder / "orp.yaml").write_text("queue: {autostart: false}\n")
    name = desk.write("e.yaml", ["echo"], training={"config": {"lr": 1}})
    old = desk.call("run", "--detach", "--set", "lr=3", name).out.strip()

    new = desk.call("clone", old, "--json").json[0]["id"]

    request = read_request(desk.run(new))
    assert (request.parent, request.config) == (old, {"lr": 3})
    assert desk.state(old) is RunState.QUEUED


def test_neither_runs_nor_a_filter_is_told(desk: Desk) -> None:
    (desk.folder / "orp.yaml").write_text("queue: {autostart: false}\n")
    desk.call("run", "--detach", desk.write("e.yaml"))

    for verb in ("retry", "resume", "clone", "cancel"):
        done = desk.call(verb)
        assert done.code == 2
        assert done.err.startswith("orp: which runs?")
        assert desk.call(verb, "last", "--failed").code == 2


def test_where_nothing_was_run_that_is_said(desk: Desk) -> None:
    for verb in ("retry", "resume", "clone", "cancel"):
        done = desk.call(verb, "--failed")
        assert done.code == 2
        assert "nothing was run in" in done.err
