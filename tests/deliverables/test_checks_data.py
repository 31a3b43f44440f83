"""Checks of JSON, YAML and TOML."""

from __future__ import annotations

import json
import resource
import time
from typing import Any

import pytest
from checked_workspace import Workspace

from orp_tui.core.checklist import Check, CheckOutcome

METRICS = {"accuracy": 0.87, "epoch": 3, "val": {"loss": 0.5, "by_class": [0.1, 0.9]}, "train.loss": 0.4}


def keys(*names: str) -> dict[str, list[str]]:
    return {"required_keys": list(names)}


def test_dotted_keys_and_list_places_are_found(workspace: Workspace) -> None:
    workspace.write("m.json", json.dumps(METRICS))

    for key in ("accuracy", "val.loss", "val.by_class.1", "val.by_class.-1", "train.loss"):
        assert workspace.passes("m.json", "contains_keys", **keys(key)) == f"has {key}"


def test_missing_keys_are_named_with_what_is_there(workspace: Workspace) -> None:
    workspace.write("m.json", '{"accuracy": 1, "epoch": 2}')

    detail = workspace.fails("m.json", "contains_keys", **keys("accuracy", "loss", "val.f1"))

    assert detail == "missing: loss, val.f1 (has: accuracy, epoch)"


@pytest.mark.parametrize(
    ("key", "has"),
    [
        ("val.f1", "loss, by_class"),
        ("val.by_class.2", "a list of 2"),
        ("val.by_class.x", "a list of 2"),
        ("accuracy.x", "a number before .x"),
    ],
)
def test_what_is_there_is_told_of_the_place_where_it_stopped(
    workspace: Workspace, key: str, has: str
) -> None:
    workspace.write("m.json", json.dumps(METRICS))

    assert workspace.fails("m.json", "contains_keys", **keys(key)) == f"missing: {key} (has: {has})"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("m.yaml", "accuracy: 0.9\nval: {loss: 1e-4}\n"),
        ("m.yml", "accuracy: 0.9\nval:\n  loss: .5\n"),
        ("m.toml", "accuracy = 0.9\n[val]\nloss = 1e-4\n"),
        ("metrics", '{"accuracy": 0.9, "val": {"loss": 0.5}}'),
        ("m.JSON", '\ufeff{"accuracy": 0.9, "val": {"loss": 0.5}}'),
        ("m.jsonl", '{"accuracy": "old"}\n{"accuracy": 0.9, "val": {"loss": 0.5}}\n'),
    ],
)
def test_the_format_is_known_by_suffix_and_content(workspace: Workspace, name: str, text: str) -> None:
    workspace.write(name, text)

    workspace.passes(name, "contains_keys", **keys("accuracy", "val.loss"))
    workspace.passes(name, "threshold", metric="val.loss", operator="<=", value=0.5)


@pytest.mark.parametrize(
    ("name", "text", "detail"),
    [
        ("a.json", "", "not valid JSON: empty file"),
        ("a.json", '{"a": 1', "not valid JSON: Expecting ',' delimiter in line 1"),
        ("a.json", b"\xff\xfe", "not UTF-8: byte 0"),
        ("a.json", "1" * 5000, "not valid JSON: a number has too many digits"),
        ("a.yaml", "a: [1", "not valid YAML"),
        ("a.yaml", "a: 1\na: 2\n", "stands twice"),
        ("a.yaml", "!!python/object/apply:os.system ['true']", "tag"),
        ("a.toml", "a = ", "not valid TOML"),
        ("a.jsonl", "\n", "no line in it"),
    ],
)
def test_a_file_that_does_not_parse_fails(workspace: Workspace, name: str, text: Any, detail: str) -> None:
    workspace.write(name, text)

    assert detail in workspace.fails(name, "contains_keys", **keys("a"))


def test_an_unknown_format_is_an_error(workspace: Workspace) -> None:
    workspace.write("a.txt", "accuracy 3")

    assert "neither as JSON, YAML nor TOML" in workspace.errs("a.txt", "contains_keys", **keys("a"))


@pytest.mark.parametrize(
    ("sign", "bound", "outcome", "detail"),
    [
        (">=", 0.87, "pass", "accuracy 0.87 >= 0.87"),
        (">=", 0.9, "fail", "accuracy 0.87 < 0.9"),
        (">", 0.87, "fail", "accuracy 0.87 <= 0.87"),
        ("<", 0.9, "pass", "accuracy 0.87 < 0.9"),
        ("<=", 0.5, "fail", "accuracy 0.87 > 0.5"),
        ("==", 0.87, "pass", "accuracy 0.87 == 0.87"),
        ("!=", 0.87, "fail", "accuracy 0.87 == 0.87"),
        (">=", 0.87000000001, "fail", "accuracy 0.87 < 0.87000000001"),
        ("~", 1, "error", "operator '~' is none of >= > <= < == !="),
    ],
)
def test_thresholds_tell_the_relation_found(
    workspace: Workspace, sign: str, bound: float, outcome: str, detail: str
) -> None:
    workspace.write("m.json", json.dumps(METRICS))

    result = workspace.check("m.json", "threshold", metric="accuracy", operator=sign, value=bound)

    assert (result.outcome.value, result.detail) == (outcome, detail)
    assert outcome == "error" or result.value == 0.87


@pytest.mark.parametrize("sign", [">=", "<=", "!="])
@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("NaN", "loss is NaN, which is no result"),
        ("Infinity", "loss is Infinity, which is no result"),
        ("-Infinity", "loss is -Infinity, which is no result"),
        ("1e400", "loss is Infinity, which is no result"),
        ("true", "loss is true, not a number"),
        ("null", "loss is null, not a number"),
        ('"0.5"', 'loss is the text "0.5", not a number'),
        ("[1]", "loss is a list, not a number"),
        ("{}", "loss is a mapping, not a number"),
    ],
)
def test_what_is_no_finite_number_fails_every_threshold(
    workspace: Workspace, text: str, detail: str, sign: str
) -> None:
    workspace.write("m.json", f'{{"loss": {text}}}')

    result = workspace.check("m.json", "threshold", metric="loss", operator=sign, value=0)

    assert (result.outcome, result.detail) == (CheckOutcome.FAIL, detail)
    json.dumps(result.to_json(), allow_nan=False)


def test_a_metric_that_is_not_there_fails_its_threshold(workspace: Workspace) -> None:
    workspace.write("m.json", '{"acc": 1}')

    assert workspace.fails("m.json", "threshold", metric="accuracy", operator=">", value=0) == (
        "missing: accuracy (has: acc)"
    )


def test_a_number_of_4000_digits_is_compared(workspace: Workspace) -> None:
    workspace.write("m.json", f'{{"a": {"9" * 4000}}}')

    assert workspace.passes("m.json", "threshold", metric="a", operator=">", value=1).endswith("… > 1")


def test_a_schema_given_inline_or_as_a_file(workspace: Workspace) -> None:
    schema = {"type": "object", "required": ["a"], "properties": {"a": {"type": "integer", "minimum": 3}}}
    workspace.write("schema.json", json.dumps(schema))
    workspace.write("good.json", '{"a": 3}')
    workspace.write("bad.json", '{"a": 1}')

    for form in (schema, "schema.json"):
        assert workspace.passes("good.json", "json_schema", schema=form) == "matches the schema"
    assert workspace.fails("bad.json", "json_schema", schema=schema) == "a: 1 is less than the minimum of 3"


@pytest.mark.parametrize(
    ("schema", "detail"),
    [
        ({"type": "nothing"}, "the schema itself is invalid"),
        (
            {"$ref": "http://127.0.0.1:9/schema.json"},
            "refers to http://127.0.0.1:9/schema.json, which is not fetched",
        ),
        ({"$ref": "file:///etc/passwd"}, "not fetched"),
        ("../outside.json", "leaves its folder"),
        ("none.json", "No such file"),
        ("broken.json", "not valid JSON"),
    ],
)
def test_a_schema_that_cannot_be_used_is_an_error(workspace: Workspace, schema: Any, detail: str) -> None:
    workspace.write("a.json", "{}")
    workspace.write("broken.json", "{")

    assert detail in workspace.errs("a.json", "json_schema", schema=schema)


def test_a_schema_whose_pattern_never_ends_is_stopped(workspace: Workspace) -> None:
    workspace.write("a.json", json.dumps("a" * 60 + "b"))
    begun = time.monotonic()

    detail = workspace.errs("a.json", "json_schema", schema={"pattern": "^(a+)+$"}, timeout_s=1)

    assert detail == "not done after 1 s; stopped"
    assert time.monotonic() - begun < 10


def test_json_of_two_gigabytes_is_refused_at_once(workspace: Workspace) -> None:
    with workspace.write("huge.json", b"[").open("r+b") as file:
        file.truncate(2 * 1024**3)  # sparse
    begun = time.monotonic()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    detail = workspace.errs("huge.json", "contains_keys", **keys("a"))

    assert "larger than 64 MiB" in detail
    assert time.monotonic() - begun < 5
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 * 1024


@pytest.mark.parametrize("depth", [100_000, 400_000])
def test_json_nested_100_000_deep_is_an_error(workspace: Workspace, depth: int) -> None:
    workspace.write("deep.json", b"[" * depth + b"]" * depth)

    assert "nested too deeply" in workspace.errs("deep.json", "contains_keys", **keys("a"))


def test_json_of_millions_of_values_is_an_error(workspace: Workspace) -> None:
    workspace.write("wide.json", b"[" + b"[]," * 2_000_001 + b"0]")

    assert "at most 2,000,000 are read" in workspace.errs("wide.json", "contains_keys", **keys("a"))


def test_a_large_document_is_read_in_another_process(workspace: Workspace) -> None:
    padding = "x" * (9 * 1024 * 1024)
    workspace.write("large.json", json.dumps({"padding": padding, "accuracy": 0.5}))

    assert workspace.passes("large.json", "contains_keys", **keys("accuracy")) == "has accuracy"
    assert workspace.fails("large.json", "threshold", metric="accuracy", operator=">", value=0.9) == (
        "accuracy 0.5 <= 0.9"
    )


def test_a_yaml_bomb_is_refused_at_once(workspace: Workspace) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    workspace.write("bomb.yaml", "\n".join(lines))
    begun = time.monotonic()

    workspace.fails("bomb.yaml", "contains_keys", **keys("a0"))

    assert time.monotonic() - begun < 5


def test_each_file_of_a_glob_is_looked_at_and_the_wrong_one_named(workspace: Workspace) -> None:
    workspace.write("fold-1.json", '{"acc": 0.9}')
    workspace.write("fold-2.json", '{"acc": 0.1}')
    check = Check("threshold", {"metric": "acc", "operator": ">", "value": 0.5})

    item = workspace.item("fold-*.json", check)

    assert item.detail == "fold-2.json: acc 0.1 <= 0.5"
    assert workspace.passes("fold-1*", "threshold", **check.options) == "acc 0.9 > 0.5"
