from __future__ import annotations

import pytest

from orp_tui.core.checklist import Check


def checks_of(load, item: str) -> tuple[Check, ...]:
    [deliverable] = load(f"deliverables:\n  - {{type: t, path: out/x, {item}}}\n").spec.deliverables
    return deliverable.checks


FRESH = Check("fresh")


@pytest.mark.parametrize(
    ("item", "checks"),
    [
        ("required: true", [Check("exists"), FRESH]),
        ("validation: exists, fresh: false", [Check("exists")]),
        ("validation: fresh", [FRESH]),
        ("validation: exists_and_loadable", [Check("exists"), Check("loadable"), FRESH]),
        (
            "validation: [exists, {min_size: 1KB}]",
            [Check("exists"), Check("min_size", {"bytes": 1000}), FRESH],
        ),
        ("validation: exists, min_size: 1KiB", [Check("exists"), Check("min_size", {"bytes": 1024}), FRESH]),
        ("validation: min_size, min_size: 5", [Check("min_size", {"bytes": 5}), FRESH]),
        ("validation: {min_size: {bytes: 7}}", [Check("min_size", {"bytes": 7}), FRESH]),
        ("min_count: 3", [Check("exists"), Check("min_count", {"count": 3}), FRESH]),
        (
            "validation: {contains_keys: [a, b.c]}",
            [Check("contains_keys", {"required_keys": ["a", "b.c"]}), FRESH],
        ),
        (
            "validation: {threshold: {metric: acc, operator: '>=', value: 0.9}}",
            [Check("threshold", {"metric": "acc", "operator": ">=", "value": 0.9}), FRESH],
        ),
        (
            "validation: matches_expected, metric: acc, operator: '>', value: 1",
            [Check("threshold", {"metric": "acc", "operator": ">", "value": 1.0}), FRESH],
        ),
        (
            f"validation: matches_expected, sha256: {'AB' * 32}",
            [Check("sha256", {"sha256": "ab" * 32}), FRESH],
        ),
        (
            "validation: {csv: {columns: [a], min_rows: 0}}",
            [Check("csv", {"columns": ["a"], "min_rows": 0}), FRESH],
        ),
        ("validation: csv, no_nan: true", [Check("csv", {"no_nan": True}), FRESH]),
        (
            "validation: {json_schema: {type: object}}",
            [Check("json_schema", {"schema": {"type": "object"}}), FRESH],
        ),
        ("validation: json_schema, schema: s.json", [Check("json_schema", {"schema": "s.json"}), FRESH]),
        ("validation: {regex: 'acc=\\d+'}", [Check("regex", {"pattern": "acc=\\d+"}), FRESH]),
        (
            "validation: contains_sections, sections: Results",
            [Check("contains_sections", {"sections": ["Results"]}), FRESH],
        ),
        ("validation: stable, seconds: 5s", [Check("stable", {"seconds": 5.0}), FRESH]),
        (
            "validation: {command: {command: [test, -s, x], timeout: 1m}}",
            [Check("command", {"command": ["test", "-s", "x"], "timeout_s": 60.0}), FRESH],
        ),
    ],
)
def test_a_validation_becomes_checks_with_their_own_options(item, checks, load):
    assert checks_of(load, item) == tuple(checks)


@pytest.mark.parametrize(
    ("item", "sign"),
    [
        (
            "validation: exsts",
            'deliverables[0].validation: "exsts" is not a known check; did you mean "exists"?',
        ),
        (
            "validation: exists, metric: acc",
            "deliverables[0].metric: is taken by none of this item's checks; add threshold",
        ),
        ("validation: threshold, metric: acc", "deliverables[0].validation: threshold needs operator, value"),
        ("validation: contains_keys", "deliverables[0].validation: contains_keys needs required_keys"),
        (
            "validation: matches_expected",
            "deliverables[0].validation: matches_expected needs sha256, or metric, operator",
        ),
        ("validation: {exists: 3}", "deliverables[0].validation: exists takes no options"),
        ("validation: {csv: {colums: [a]}}", '"colums" is no option of csv; did you mean "columns"?'),
        ("validation: {min_size: many}", "deliverables[0].validation: min_size: min_size 'many' is no size"),
        (
            "validation: threshold, metric: a, operator: '=>', value: 1",
            'deliverables[0].operator: "=>" is not allowed',
        ),
        (
            "validation: threshold, metric: a, operator: '>', value: .nan",
            "deliverables[0].value: must be a finite number",
        ),
        ("validation: {regex: '('}", "is no regular expression"),
        ("validation: {json_schema: ../s.json}", "must be a path inside the workspace"),
        ("validation: 3", "takes names of checks"),
        ("min_count: 0", "deliverables[0].min_count: must be at least 1"),
    ],
)
def test_a_validation_that_cannot_be_made_is_refused(item, sign, refused):
    lines = refused(f"deliverables:\n  - {{type: t, path: out/x, {item}}}\n")
    assert any(sign in line for line in lines), lines
    assert all(line.startswith("e.yaml:5: ") for line in lines)


@pytest.mark.parametrize(
    "path", ["../x", "a/../../x", "/etc/passwd", "~/x", "$HOME/x", '"a\\0b"', '""', ".", "./"]
)
def test_a_path_that_leaves_the_workspace_is_refused(path, refused):
    [line] = refused(f"deliverables:\n  - {{type: t, path: {path}}}\n")
    assert line.startswith("e.yaml:5: deliverables[0].path: ")


def test_two_checks_of_one_kind_keep_their_own_options(load):
    bounds = "[{threshold: {metric: a, operator: '>', value: 1}}, {threshold: {metric: b, operator: '<', value: 2}}]"
    first, second, _ = checks_of(load, f"validation: {bounds}")
    assert (first.options["metric"], second.options["metric"]) == ("a", "b")


def test_items_keep_their_place_and_type(load):
    found = load(
        "deliverables:\n  - {type: a, path: x}\n  - {type: a, path: y, required: false}\n"
    ).spec.deliverables
    assert [(item.index, item.type, item.path, item.required) for item in found] == [
        (0, "a", "x", True),
        (1, "a", "y", False),
    ]


def test_checks_of_plug_ins_are_known_by_their_entry_points(load, monkeypatch):
    import importlib.metadata as metadata

    point = metadata.EntryPoint("perplexity", "some.module:check", "orp.validators")
    real = metadata.entry_points
    monkeypatch.setattr(
        metadata,
        "entry_points",
        lambda **given: (
            metadata.EntryPoints([point]) if given == {"group": "orp.validators"} else real(**given)
        ),
    )
    assert checks_of(load, "validation: {perplexity: {below: 20}}")[0] == Check("perplexity", {"below": 20})
