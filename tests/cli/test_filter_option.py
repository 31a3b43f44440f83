"""`--filter TEXT` of the verbs that act on several runs."""

from __future__ import annotations

import pytest
from desk import Desk


@pytest.fixture
def lab(desk: Desk) -> Desk:
    """Five queued runs that nobody starts: three of `train` with other learning rates, two of `eval`."""
    for lr in (0.1, 0.001, 0.01):
        file = desk.write(
            f"{lr}.yaml", experiment="train", training={"config": {"lr": lr, "model": "ResNet 50"}}
        )
        assert desk.call("queue", "submit", "--held", file).code == 0
    desk.write("eval.yaml", experiment="eval")
    for _ in range(2):
        assert desk.call("queue", "submit", "--held", "eval.yaml").code == 0
    return desk


def states(desk: Desk) -> list[str]:
    """Of all runs, the oldest first."""
    return [run["state"] for run in reversed(desk.call("runs", "--json").json)]


def test_cancel_takes_what_a_filter_finds_and_nothing_else(lab: Desk) -> None:
    done = lab.call("cancel", "--filter", 'cfg.lr<0.05 cfg.model:"resnet 50"')

    assert done.code == 0, done.err
    assert len(done.out.splitlines()) == 2
    assert states(lab) == ["queued", "cancelled", "cancelled", "queued", "queued"]


def test_a_filter_and_another_option_have_to_be_true_together(lab: Desk) -> None:
    done = lab.call("star", "--filter", "cfg.lr>=0.01 | name:eval", "--name", "train")

    assert done.code == 0, done.err
    assert len(done.out.splitlines()) == 2


def test_what_has_changed_a_moment_ago_is_known(lab: Desk) -> None:
    assert lab.call("cancel", "--filter", "name:eval").code == 0
    assert lab.call("tag", "--filter", "state:cancelled", "--add", "done").code == 0

    again = lab.call("star", "--filter", "tag=done state:cancelled")

    assert again.code == 0, again.err
    assert len(again.out.splitlines()) == 2
    assert len(lab.call("star", "--filter", "is:starred", "--json").json) == 2


def test_archived_runs_are_only_taken_when_the_filter_names_them(lab: Desk) -> None:
    lab.call("cancel", "--filter", "name:eval")
    lab.call("archive", "--filter", "name:eval")

    assert "no such run" in lab.call("star", "--filter", "name:eval").err
    assert len(lab.call("star", "--filter", "name:eval is:archived").out.splitlines()) == 2


def test_a_filter_may_begin_with_a_sign(lab: Desk) -> None:
    done = lab.call("tag", "--filter", "-name:eval", "+new")

    assert done.code == 0, done.err
    assert len(done.out.splitlines()) == 3
    assert len(lab.call("star", "--filter=-tag:new", "--json").json) == 2


def test_a_mistake_is_shown_with_its_place_and_nothing_is_done(lab: Desk) -> None:
    done = lab.call("cancel", "--filter", "train state:queed")

    assert done.code == 2
    assert done.err.splitlines()[0].startswith("orp: 'queed' is no state; did you mean queued?")
    assert done.err.splitlines()[1:] == ["  train state:queed", "              ^^^^^"]
    assert states(lab) == ["queued"] * 5


@pytest.mark.parametrize("text", ["", "  "])
def test_an_empty_filter_as_of_an_unset_variable_finds_nothing(lab: Desk, text: str) -> None:
    done = lab.call("cancel", "--filter", text)

    assert done.code == 2
    assert "the filter is empty; * finds every run" in done.err
    assert states(lab) == ["queued"] * 5
    assert len(lab.call("cancel", "--filter", "*").out.splitlines()) == 5


def test_runs_are_named_or_found_but_not_both(lab: Desk) -> None:
    done = lab.call("cancel", "last", "--filter", "name:eval")

    assert done.code == 2
    assert "not both" in done.err


def test_where_nothing_was_ever_run_that_is_said(desk: Desk) -> None:
    done = desk.call("cancel", "--filter", "name:eval")

    assert done.code == 2
    assert "nothing was run in" in done.err
    assert not desk.paths.base.exists()


def test_each_verb_of_several_runs_has_the_option(desk: Desk) -> None:
    for verb in (
        "cancel",
        "retry",
        "resume",
        "clone",
        "tag",
        "star",
        "note",
        "archive",
        "rm",
        "queue hold",
        "queue release",
    ):
        assert "--filter TEXT" in desk.call(*verb.split(), "--help").out, verb
