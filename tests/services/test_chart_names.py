"""Runs in one chart are called by what tells them apart, and seeds are known for what they are."""

from __future__ import annotations

import pytest

from orp_tui.services.chart_names import group_names, names_of, seeds_of


def request(name="a", *, seed=None, batch="b", tree="t", **config):
    if seed is not None:
        config = {**config, "seed": seed}
    training = {"script": ["python", "train.py"], "config": dict(config), "seeds": [0, 1], "seed_key": "seed"}
    return {
        "name": name, "seed": seed, "batch": batch, "tree": tree, "config": config,
        "experiment": {"experiment": {"name": name}, "training": training},
    }  # fmt: skip


def names(*requests):
    return names_of({f"exp_20260101_000000_{place:04d}": one for place, one in enumerate(requests)})


def test_runs_of_other_experiments_are_called_by_their_names():
    assert names(request("a"), request("b")) == ["a", "b"]


def test_runs_of_one_experiment_are_called_by_the_values_in_which_they_differ():
    found = names(request("a", lr=0.1, n=1), request("a", lr=0.01, n=1), request("b", lr=1))

    assert found == ["a lr=0.1", "a lr=0.01", "b"]


def test_nested_values_count_and_more_than_two_are_too_many():
    found = names(request(o={"p": 1, "q": 1}, r=1), request(o={"p": 2, "q": 2}, r=2))

    assert found == ["a o.p=1 o.q=1", "a o.p=2 o.q=2"]


def test_what_nothing_else_tells_apart_is_called_by_its_short_id():
    assert names(request(), request()) == ["a 0000", "a 0001"]


def test_runs_of_one_batch_that_differ_by_their_seed_only_have_the_same_text():
    one, other = request(seed=0, lr=1), request(seed=1, lr=1)

    assert seeds_of(one) == seeds_of(other)
    assert seeds_of(one) is not None


@pytest.mark.parametrize(
    "other",
    [
        request(seed=1, lr=2), request(seed=1, lr=1, batch="c"), request(seed=1, lr=1, tree="u"),
        request("b", seed=1, lr=1),
    ],
    ids=["config", "batch", "code", "name"],
)  # fmt: skip
def test_what_else_differs_makes_another_group(other):
    assert seeds_of(request(seed=0, lr=1)) != seeds_of(other)


@pytest.mark.parametrize(
    "one", [request(), request(seed=0, batch=None), {}, {"seed": 1, "batch": "b", "experiment": []}]
)
def test_without_a_seed_or_a_batch_there_is_no_group(one):
    assert seeds_of(one) is None


def test_groups_of_a_sweep_are_called_by_their_values_without_the_seed():
    requests = [request(seed=seed, lr=lr) for lr in (0.1, 0.2) for seed in (0, 1)] + [request("x")]

    assert group_names(requests) == ["a lr=0.1", "a lr=0.1", "a lr=0.2", "a lr=0.2", ""]
    assert group_names(requests[:2]) == ["a", "a"]


def test_a_damaged_request_blocks_nothing():
    broken = {"name": None, "config": "x", "seed": 1, "batch": 1, "experiment": {"training": {"config": 3}}}

    assert names_of({"exp_20260101_000000_0000": broken, "exp_20260101_000000_0001": {}})
    assert group_names([broken, {}])[1] == ""
