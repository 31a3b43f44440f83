"""Runs of runs: the same code again, from the last checkpoint, or as a child with other values."""

from __future__ import annotations

import json
import os
import shutil

import pytest
from waiting import until

from orp_tui.core.errors import SubmitRefused, UsageError
from orp_tui.core.states import RunState
from orp_tui.engine.request_file import read_request
from orp_tui.files import locks
from orp_tui.services.again import clone, resume, retry
from orp_tui.services.annotations import Tag, annotate
from orp_tui.services.watch import snapshot


def again(project, act, run_id, **options):
    with project.context.store() as connection:
        new = act(project.context, connection, project.row(run_id), **options)
    if new not in project.accepted:
        project.accepted.append(new)
    return new


def output_of(project, run_id):
    return project.run(run_id).stdout.read_text()


def test_a_retry_runs_the_code_and_environment_of_its_predecessor_whatever_became_of_the_project(
    project, monkeypatch
):
    script = project.folder / "train.sh"
    script.write_text('echo "as submitted, $FLAVOUR"; exit 3\n')
    monkeypatch.setenv("FLAVOUR", "then")
    first = project.submit(["sh", "train.sh"])
    project.settle()
    script.unlink()
    monkeypatch.setenv("FLAVOUR", "now")

    second = again(project, retry, first)
    project.settle()

    assert output_of(project, second) == "as submitted, then\n"
    request = read_request(project.run(second))
    assert (request.retry_of, request.cwd) == (first, str(project.run(second).workspace))
    assert str(project.run(first).folder) not in project.run(second).environment_private.read_text()
    assert project.state(second) is RunState.FAILED


def test_a_retry_with_other_values_passes_them(project):
    first = project.submit(["sh", "-c", 'echo "$@"', "sh"], config={"batch_size": 32})
    project.settle()

    second = again(project, retry, first, overrides=("batch_size=16",))
    project.settle()

    assert output_of(project, first) == "--batch_size 32\n"
    assert output_of(project, second) == "--batch_size 16\n"


def test_an_automatic_retry_happens_once_however_often_it_is_asked_for(project):
    first = project.submit("exit 1")
    project.settle()

    assert again(project, retry, first, automatic=True) == again(project, retry, first, automatic=True)


def test_a_program_of_the_project_is_the_frozen_one_again(project):
    program = project.folder / "go"
    program.write_text("#!/bin/sh\necho frozen\n")
    program.chmod(0o755)
    first = project.submit(["./go"])
    program.write_text("#!/bin/sh\necho edited\n")

    second = again(project, retry, _settled(project, first))
    project.settle()

    assert output_of(project, second) == "frozen\n"


def _settled(project, run_id):
    project.settle()
    return run_id


RESUMABLE = {
    "checkpoints": {"path": "ckpt-*", "complete": "done"},
    "resume": ["--from", "{last_checkpoint}"],
    "deliverables": [{"type": "report", "path": "out.txt"}],
}
TRAIN = 'echo "$@" > args; for n in 9 10; do mkdir -p ckpt-$n; touch ckpt-$n/done; done; mkdir ckpt-11; test $# -gt 0 || exit 1; cat args'


def test_a_resume_goes_on_in_the_workspace_from_the_newest_complete_checkpoint(project):
    first = project.submit(["sh", "-c", TRAIN + "; echo x > out.txt", "sh"], **RESUMABLE)
    project.settle()
    (project.run(first).workspace / "mine").write_text("kept")

    second = again(project, resume, first)
    assert again(project, resume, first) == second
    project.settle()

    assert output_of(project, second) == "--from ckpt-10\n"
    assert (project.run(second).workspace / "mine").read_text() == "kept"
    assert project.run(first).workspace.is_symlink()
    assert project.run(first).workspace.resolve() == project.run(second).workspace
    assert project.state(second) is RunState.SUCCEEDED


def test_a_resume_asked_for_twice_is_one_run_though_its_predecessor_was_tagged_in_between(project):
    first = project.submit(["sh", "-c", TRAIN, "sh"], **RESUMABLE)
    project.settle()

    second = again(project, resume, first)
    with project.context.store() as connection:
        annotate(project.context, connection, [first], Tag(("a",)), by="me@here")

    assert again(project, resume, first) == second


def test_a_resume_is_refused_where_there_is_nothing_to_go_on_from(project):
    plain = project.submit("exit 1")
    none = project.submit("exit 1", **RESUMABLE)
    good = project.submit("echo x > out.txt", **RESUMABLE)
    project.settle()

    with pytest.raises(UsageError, match=r"training\.resume"):
        again(project, resume, plain)
    with pytest.raises(SubmitRefused, match="no complete checkpoint"):
        again(project, resume, none)
    with pytest.raises(UsageError, match="succeeded"):
        again(project, resume, good)


def test_a_workspace_is_taken_over_once(project):
    first = project.submit(["sh", "-c", TRAIN + "; exit 1", "sh"], **RESUMABLE)
    project.settle()
    again(project, resume, first)
    project.settle()

    with pytest.raises(SubmitRefused, match="taken over"):
        again(project, resume, first)


def test_a_resume_waits_while_somebody_is_at_work_on_its_predecessor(project):
    first = project.submit(["sh", "-c", TRAIN, "sh"], **RESUMABLE)
    project.settle()
    second = again(project, resume, first)
    lock = locks.take(project.run(first).supervisor_lock)  # as `orp clean` does
    leader = project.leader()
    try:
        until(lambda: "at work on" in (project.row(second).detail or ""), what="why it waits")
        with project.context.store() as connection:
            why = snapshot(project.paths, connection, slots=2).unfinished[0].detail
    finally:
        os.close(lock)

    assert why.startswith(f"somebody is at work on {first}, whose workspace it goes on in; next try in")
    assert leader.wait(30) == 0
    assert output_of(project, second) == "--from ckpt-10\n"


def test_a_resume_whose_workspace_was_cleaned_meanwhile_fails_and_says_so(project):
    first = project.submit(["sh", "-c", TRAIN, "sh"], **RESUMABLE)
    project.settle()
    second = again(project, resume, first)
    shutil.rmtree(project.run(first).workspace)

    project.settle()

    assert project.state(second) is RunState.FAILED
    assert f"the workspace of {first} is gone" in project.row(second).detail


def test_a_clone_is_a_child_on_the_code_of_now(project):
    script = project.folder / "train.sh"
    script.write_text("echo old $@\n")
    first = project.submit(["sh", "train.sh"], config={"rate": 1})
    project.settle()
    script.write_text("echo new $@\n")

    child = again(project, clone, first, overrides=("rate=2",))
    project.settle()

    assert output_of(project, child) == "new --rate 2\n"
    assert read_request(project.run(child)).parent == first


def test_a_run_that_goes_on_can_be_neither_retried_nor_resumed(project):
    run_id = project.submit("while [ ! -e end ]; do sleep 0.1; done")
    leader = project.leader()
    until(lambda: project.begun(run_id), what="the training")

    with pytest.raises(UsageError, match="has to end first"):
        again(project, retry, run_id)
    (project.run(run_id).workspace / "end").touch()
    assert leader.wait(30) == 0


def test_dependencies_start_after_their_runs_or_are_cancelled_with_the_reason(project):
    first = project.submit("sleep 0.5; exit 1")
    needs_success = _after(project, first, "ok")
    needs_end = _after(project, first, "any")
    project.settle(slots=4)

    assert project.state(needs_success) is RunState.CANCELLED
    assert project.row(needs_success).detail == f"waits for the success of {first}, which ended as failed"
    assert project.state(needs_end) is RunState.SUCCEEDED
    assert project.row(needs_end).started_at >= project.row(first).ended_at


def _after(project, run_id, on):
    path = project.file("true")
    data = json.loads(path.read_text())
    data["queue"] = {"after": [{"run": run_id, "on": on}]}
    path.write_text(json.dumps(data))
    from orp_tui.services.submit import sources_of_file, submit

    with project.context.store() as connection:
        new = submit(project.context, connection, sources_of_file(project.context, path)[0])
    os.unlink(path)
    project.accepted.append(new)
    return new


def test_named_locks_keep_runs_apart(project):
    script = "test ! -e ../../../busy || exit 9; touch ../../../busy; sleep 0.4; rm ../../../busy"
    ids = [project.submit(script, locks=["data"]) for _ in range(3)]

    project.settle(slots=4)

    assert [project.state(run_id) for run_id in ids] == [RunState.SUCCEEDED] * 3
