from __future__ import annotations

import pytest

from orp_tui.config.sweep import value_at, variants, with_values


def test_a_grid_is_every_combination_in_the_order_of_the_file(load):
    spec = load("sweep: {method: grid, parameters: {a: [1, 2], b.c: [x, y]}}\n").spec
    assert variants(spec.sweep) == [
        {"a": 1, "b.c": "x"}, {"a": 1, "b.c": "y"}, {"a": 2, "b.c": "x"}, {"a": 2, "b.c": "y"},
    ]  # fmt: skip


def test_a_list_is_its_mappings(load):
    spec = load("sweep: {method: list, parameters: [{a: 1}, {b: 2}]}\n").spec
    assert variants(spec.sweep) == [{"a": 1}, {"b": 2}]


def test_dotted_keys_reach_into_mappings_without_changing_them():
    config = {"o": {"n": 1, "m": 2}, "a.b": 3}
    assert with_values(config, {"o.n": 9, "a.b": 4, "new.x": 5}) == {
        "o": {"n": 9, "m": 2},
        "a.b": 4,
        "new": {"x": 5},
    }
    assert config == {"o": {"n": 1, "m": 2}, "a.b": 3}
    assert value_at(config, "o.m") == 2
    with pytest.raises(ValueError, match="o holds a value"):
        with_values({"o": 1}, {"o.n": 2})


@pytest.mark.parametrize(
    ("sweep", "sign"),
    [
        ("{method: grid, parameters: {a: []}}", "sweep.parameters.a: has no values"),
        ("{method: grid, parameters: {a: 3}}", "sweep.parameters.a: must be a list of values"),
        ("{method: grid, parameters: [{a: 1}]}", "must map each key to its values"),
        ("{method: list, parameters: {a: [1]}}", "must be a list of mappings"),
        ("{method: random, parameters: {a: {min: 0, max: 1}}}", "needs `samples`"),
        ("{method: random, samples: 2, parameters: {a: {min: 1, max: 0}}}", "min below max"),
        ("{method: random, samples: 2, parameters: {a: {min: 0, max: 1, scale: log}}}", "above 0"),
        ("{method: random, samples: 2, parameters: {a: {min: 0, max: 1, kind: x}}}", "is not a known key"),
        ("{method: grid, samples: 2, parameters: {a: [1]}}", "has no meaning"),
        ("{method: grid, parameters: {}}", "must map keys"),
        ("{method: grid, parameters: {a: [1, 1]}}", "variants 1 and 2 are the same (a=1)"),
        ("{method: grid, parameters: {a: [true, false]}}", "three ways"),
    ],
)
def test_a_sweep_that_cannot_be_made_is_refused(sweep, sign, refused):
    [line] = refused(f"sweep: {sweep}\n")
    assert sign in line


def test_a_grid_of_millions_is_refused_before_it_is_written_out(refused):
    values = ", ".join(f"p{i}: [1, 2, 3, 4]" for i in range(12))
    [line] = refused(f"sweep: {{method: grid, parameters: {{{values}}}}}\n")
    assert "make 16,777,216 variants; at most 10,000" in line


def test_optuna_needs_to_know_what_is_better(refused):
    lines = refused("sweep: {method: optuna, samples: 3, parameters: {a: {min: 0, max: 1}}}\n")
    assert any("optuna needs metrics.primary" in line for line in lines)
