"""Automatic retries: after listed reasons, as new runs, once each, whatever is killed."""

from __future__ import annotations

import pytest
from made_runs import made_run
from waiting import until

from orp_tui.core.retry_rule import cause, delay_s
from orp_tui.core.states import RunState
from orp_tui.engine.request_file import read_request
from orp_tui.services.retries import overrides
from orp_tui.services.submission import SubmitOptions
from orp_tui.services.submit import sources_of_file, submit
from orp_tui.services.wishes import Wishes
from orp_tui.store import events, runs

RULE = {"max": 2, "on": ["exit_code"], "delay": 0.0}


def ended(**values):
    return made_run(**{"state": RunState.FAILED, "reason": "exit_code", "exit_code": 1, **values})


@pytest.mark.parametrize(
    ("on", "values", "tail", "found"),
    [
        (["lost"], {}, "", None),
        (["lost"], {"state": RunState.LOST, "reason": "rebooted"}, "", "lost"),
        (["rebooted"], {"state": RunState.LOST, "reason": "rebooted"}, "", "rebooted"),
        (["failed"], {}, "", "failed"),
        (["exit_code"], {}, "", "exit_code"),
        (["exit:3", "exit:1"], {}, "", "exit:1"),
        (["exit:3"], {}, "", None),
        (["oom"], {"reason": "oom"}, "", "oom"),
        (["oom"], {"reason": "oom_kernel"}, "", "oom"),
        (["oom"], {"reason": "oom_cuda"}, "", "oom"),
        (["regex:NCCL"], {}, "fine\nNCCL timeout\nbye", "regex:NCCL"),
        (["regex:^bye$"], {}, "fine\nbye", "regex:^bye$"),
        (["regex:NCCL"], {}, "fine", None),
        (["timed_out", "stalled"], {"reason": "stalled"}, "", "stalled"),
        (["incomplete"], {"state": RunState.INCOMPLETE, "reason": "deliverable"}, "", "incomplete"),
        (["failed"], {"state": RunState.CANCELLED, "reason": "cancelled"}, "", None),
        (["regex:."], {"state": RunState.SUCCEEDED, "reason": "ok", "exit_code": 0}, "text", None),
        (["failed"], {"cancel_requested_at": 5.0}, "", None),
        (["failed"], {"retry": 2}, "", None),
    ],
)
def test_a_run_is_tried_again_for_the_reasons_that_are_listed_and_for_no_other(on, values, tail, found):
    assert cause({"max": 2, "on": on}, ended(**values), tail) == found


def test_the_delay_doubles_and_has_an_end():
    assert [delay_s({"delay": 60}, number) for number in range(4)] == [60, 120, 240, 480]
    assert delay_s({"delay": 3600}, 99) == 86400


def test_values_of_with_are_set_one_by_one_so_that_their_neighbours_stay():
    assert overrides({"batch_size": 16, "optimizer": {"name": "sgd", "betas": [0.9]}}) == (
        "+training.config.batch_size=16",
        '+training.config.optimizer.name="sgd"',
        "+training.config.optimizer.betas=[0.9]",
    )
    assert overrides(None) == ()


def chain(project):
    """All runs, oldest first."""
    with project.context.store() as connection:
        found = runs.newest(connection, 20)[::-1]
    project.accepted += [run.id for run in found if run.id not in project.accepted]
    return found


def test_a_run_is_tried_again_until_it_succeeds_and_no_more(project):
    script = "echo x >> ../../../tries; [ $(wc -l < ../../../tries) -ge 3 ] || exit 1"
    project.submit(script, retries={**RULE, "max": 5})

    project.settle(slots=1)

    tries = chain(project)
    assert [run.state for run in tries] == [RunState.FAILED, RunState.FAILED, RunState.SUCCEEDED], (
        project.words()
    )
    assert [run.retry for run in tries] == [0, 1, 2]
    assert [run.retry_of for run in tries] == [None, tries[0].id, tries[1].id]


def test_with_changes_values_of_the_retry_and_max_ends_the_chain(project):
    project.submit(
        ["sh", "-c", 'echo "$@"; exit 3', "sh"],
        config={"batch_size": 32, "lr": 0.1},
        retries={"max": 1, "on": ["exit:3"], "delay": 0, "with": {"batch_size": 16}},
    )

    project.settle()

    first, second = chain(project)
    assert project.run(first.id).stdout.read_text() == "--batch_size 32 --lr 0.1\n"
    assert project.run(second.id).stdout.read_text() == "--batch_size 16 --lr 0.1\n"
    assert read_request(project.run(second.id)).umask == read_request(project.run(first.id)).umask


def test_a_retry_waits_for_its_delay(project):
    run_id = project.submit("exit 1", retries={"max": 1, "on": ["failed"], "delay": "1h"})
    leader = project.leader()

    until(lambda: len(chain(project)) == 2, 30, what="a queued retry")

    first, second = chain(project)
    assert first.id == run_id
    assert second.state is RunState.QUEUED
    assert second.starts_at == pytest.approx(first.ended_at + 3600, abs=30)
    leader.kill()


def test_a_cancelled_run_is_not_tried_again(project):
    run_id, leader = project.running(retries={"max": 3, "on": ["failed", "signal"], "delay": 0})

    project.cancel(run_id, grace_s=0.1)

    assert leader.wait(30) == 0
    assert [run.state for run in chain(project)] == [RunState.CANCELLED]


def test_a_queue_processor_that_is_killed_between_an_end_and_its_retry_changes_nothing(project):
    project.submit("exit 1", retries=RULE | {"max": 1})
    leader = project.leader(failpoint="leader.moved.fail:kill")
    assert leader.wait(30) == -9
    assert [run.state for run in chain(project)] == [RunState.FAILED]

    project.settle()
    project.settle()

    assert [(run.state, run.retry) for run in chain(project)] == [(RunState.FAILED, 0), (RunState.FAILED, 1)]


@pytest.mark.slow
def test_a_process_that_is_killed_while_it_queues_a_retry_leaves_one_in_the_end(project):
    project.submit("exit 1", retries=RULE | {"max": 1})
    project.leader(failpoint="leader.moved.fail:kill").wait(30)
    command = [
        *project_command(project, "retries"),
    ]
    for point in ("submit.filled", "submit.renamed"):
        assert project.start(command, failpoint=f"{point}:kill").wait(30) == -9

    project.settle()

    assert [run.retry for run in chain(project)] in ([0, 1], [0, 1, 1])
    with project.context.store() as connection:
        keyed = runs.find_by_key(connection, f"retry:{chain(project)[0].id}")
    assert keyed in [run.id for run in chain(project)]
    assert len(chain(project)) == 2


def project_command(project, verb):
    from orp_tui.engine.launch import engine_command

    return engine_command(project.paths, verb)


def test_a_retry_that_can_never_be_is_refused_once_and_said(project):
    import shutil

    run_id = project.submit("exit 1", retries=RULE)
    project.leader(failpoint="leader.moved.fail:kill").wait(30)
    shutil.rmtree(project.paths.sources)

    project.settle()
    project.settle()

    with project.context.store() as connection:
        said = [item for item in events.of_run(connection, run_id) if item.kind == "retry_refused"]
    assert len(said) == 1
    assert len(chain(project)) == 1


def test_a_run_that_somebody_has_retried_by_hand_is_not_tried_again_by_itself(project):
    from orp_tui.services.again import retry

    run_id = project.submit("exit 1", retries=RULE | {"max": 1})
    project.leader(failpoint="leader.moved.fail:kill").wait(30)
    with project.context.store() as connection:
        retry(project.context, connection, project.row(run_id), overrides=("training.retries.max=1",))

    project.settle()

    found = chain(project)
    assert [run.retry for run in found] == [0, 0, 1]
    assert found[2].retry_of == found[1].id


def after(project, run_id):
    """A run that waits for the success of another."""
    path = project.file("true")
    (source,) = sources_of_file(project.context, path)
    path.unlink()
    with project.context.store() as connection:
        options = SubmitOptions(wishes=Wishes(after=(run_id,)))
        new = submit(project.context, connection, source, options)
    project.accepted.append(new)
    return new


@pytest.mark.slow
def test_who_waits_for_a_run_waits_for_its_last_try(project):
    script = "echo x >> ../../../tries; [ $(wc -l < ../../../tries) -ge 2 ] || exit 1"
    first = project.submit(script, retries=RULE)
    waits = after(project, first)
    hopeless = project.submit("exit 1", retries=RULE | {"max": 1})
    doomed = after(project, hopeless)

    project.settle()

    assert project.state(waits) is RunState.SUCCEEDED, project.words()
    assert project.state(doomed) is RunState.CANCELLED
    tries = {run.retry_of: run for run in chain(project)}
    assert project.row(waits).started_at >= tries[first].ended_at
    assert project.row(doomed).ended_at >= tries[hopeless].ended_at
