from __future__ import annotations

import argparse
import json
import math

import pytest
import yaml

from orp_tui.config.arguments import Passed, config_bytes, passed, quoted_for_hydra
from orp_tui.config.problems import Problems


def given(config, how="args", booleans=None) -> Passed:
    problems = Problems("f")
    found = passed(config, how, booleans, problems, ("training", "config"))
    problems.raise_any()
    return found


def wrong(config, how="args", booleans=None) -> list[str]:
    problems = Problems("f")
    passed(config, how, booleans, problems, ("config",))
    return [str(problem) for problem in problems.found]


def test_arguments_are_options_with_nested_keys_dotted_and_lists_repeated():
    config = {
        "learning_rate": 0.001,
        "optimizer": {"name": "adam"},
        "xs": [1, 2.5, "a"],
        "amp": True,
        "none": None,
        "e": {},
    }
    assert given(config) == Passed(
        ["--learning_rate", "0.001", "--optimizer.name", "adam", "--xs", "1", "2.5", "a", "--amp"], {}
    )


@pytest.mark.parametrize(
    ("booleans", "argv"),
    [
        ("flag", ["--yes"]),
        ("value", ["--yes", "true", "--no", "false"]),
        ("no_prefix", ["--yes", "--no-no"]),
    ],
)
def test_a_false_becomes_what_booleans_says(booleans, argv):
    assert given({"yes": True, "no": False}, booleans=booleans).argv == argv


def test_argparse_reads_back_what_was_passed():
    parser = argparse.ArgumentParser()
    parser.add_argument("--lr", type=float)
    parser.add_argument("--text")
    parser.add_argument("--xs", type=float, nargs="*")
    parser.add_argument("--amp", action=argparse.BooleanOptionalAction)
    parser.add_argument("--a.b", type=int, dest="ab")
    config = {"lr": -1e-5, "text": "-x y", "xs": [-1e-5, 2, -3], "amp": False, "a": {"b": -2}}

    read = parser.parse_args(given(config, booleans="no_prefix").argv)

    assert vars(read) == {"lr": -1e-5, "text": "-x y", "xs": [-1e-5, 2.0, -3.0], "amp": False, "ab": -2}


@pytest.mark.parametrize(
    ("config", "how", "sign"),
    [
        ({"a b": 1}, "args", "cannot be an option"),
        ({"-x": 1}, "args", "cannot be an option"),
        ({"a.b": 1, "a": {"b": 2}}, "args", "would stand twice"),
        ({"a": [{"b": 1}]}, "args", "use pass_config: file or hydra"),
        ({"a": "x\0"}, "args", "NUL"),
        ({"a": "x\0"}, "env", "NUL"),
        ({"a": 1, "A": 2}, "env", "ORP_CONFIG_A would be set twice"),
        ({"a b": 1}, "hydra", "no key that Hydra"),
    ],
)
def test_what_cannot_be_passed_is_a_problem_with_its_key(config, how, sign):
    [said] = wrong(config, how)
    assert sign in said
    assert said.startswith("f: config.")


def test_hydra_gets_overrides_quoted_by_its_grammar():
    config = {
        "lr": 1e-5,
        "opt": {"name": "adam"},
        "xs": [1, "a b"],
        "t": "it's",
        "n": None,
        "b": False,
        "e": {},
        "w": "null",
    }
    assert given(config, "hydra").argv == [
        "lr=1e-05", "opt.name=adam", "xs=[1,'a b']", r"t='it\'s'", "n=null", "b=false", "e={}", "w='null'",
        "hydra.run.dir='{output_dir}'",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("data/train-1.txt", "data/train-1.txt"),
        ("", "''"),
        ("1e3", "'1e3'"),
        ("a,b", "'a,b'"),
        ("a\\", "'a\\\\'"),
        ("a\\'b", "'a\\\\\\'b'"),
        ("c:\\x y", "'c:\\x y'"),
    ],
)
def test_hydra_quotes_what_it_would_read_as_something_else(text, written):
    # Each was read back by Hydra 1.3.8's own parser when it was written here.
    assert quoted_for_hydra(text) == written


def test_variables_are_upper_case_with_two_underscores_between_levels():
    config = {
        "learning_rate": 0.1,
        "optimizer": {"name": "adam"},
        "xs": [1, "a"],
        "b": False,
        "n": None,
        "a-b": "x",
    }
    assert given(config, "env").env == {
        "ORP_CONFIG_LEARNING_RATE": "0.1", "ORP_CONFIG_OPTIMIZER__NAME": "adam", "ORP_CONFIG_XS": '[1, "a"]',
        "ORP_CONFIG_B": "false", "ORP_CONFIG_A_B": "x",
    }  # fmt: skip


@pytest.mark.parametrize("how", ["file", "none"])
def test_nothing_is_added_where_the_file_or_nothing_passes_the_config(how):
    assert given({"a": 1}, how) == Passed([], {})


@pytest.mark.parametrize("file_format", ["json", "yaml"])
def test_the_config_file_is_read_back_alike_by_json_and_by_pyyaml(file_format):
    config = {
        "lr": 1e-5, "big": 1e22, "neg": -2e-7, "n": 10, "text": "1e-05", "word": "no", "quote": 'a"1e-5"\\', "none": None,
        "deep": {"xs": [1, [2.5, {"k": "v"}], []], "e": {}, "t": True}, "key with: colon": "ü\x85\u2028😀",
    }  # fmt: skip
    data = config_bytes(config, file_format)
    assert yaml.safe_load(data) == config
    if file_format == "json":
        assert json.loads(data) == config


def test_a_float_that_is_no_number_reaches_the_script():
    assert given({"a": math.inf, "b": math.nan}).argv == ["--a", "inf", "--b", "nan"]
    assert math.isnan(yaml.safe_load(config_bytes({"a": math.nan}, "yaml"))["a"])
