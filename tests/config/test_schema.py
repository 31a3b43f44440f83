from __future__ import annotations

import copy
from pathlib import Path

import jsonschema
import pytest

from orp_tui.config.problems import Problems
from orp_tui.config.reference import TARGET, reference
from orp_tui.config.schema import field_docs, json_schema, models
from orp_tui.config.yaml_source import parse


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def tree(text: str):
    return parse(text, Problems("x")).value


def test_the_schema_accepts_the_whole_file_and_the_quick_start(validator, quick_start):
    validator.validate(tree(Path(__file__).with_name("whole.yaml").read_text()))
    validator.validate(tree(quick_start.read_text()))


@pytest.mark.parametrize(
    "text",
    [
        "  timeout: 60\n", "  timeout: 1h\n", "  timeout:\n", "  resources: {memory: 5}\n", "  locks: a\n", "  locks: [a]\n",
        "  retries: {on: lost}\n", "  retries: {on: [lost]}\n", "  env: {A: 1}\n", "  env:\n", "  stop:\n", "  environment: {setup: a}\n",
        "  resume: a b\n", "metrics: {patterns: '(?P<a>x)'}\n", "metrics: {alerts: [{when: nan(a), do: stop}]}\n",
        "queue: {after: last:x}\n", "queue: {after: [last:x, {run: last:y, on: any}]}\n", "queue: {priority: 3}\n", "queue:\n",
        "analysis: {run: performance}\n", "artifacts: {include: a}\n", "notify: [{to: x, on: failed}]\n", "notify:\n",
        "deliverables: [{type: a, path: x, validation: {min_size: 3}}]\n", "deliverables: [{type: a, path: x, validation: json_schema, schema: {type: object}}]\n",
        "deliverables: [{type: a, path: x, validation: [exists, {csv: {min_rows: 1}}], columns: a}]\n", "deliverables:\n",
        "sweep: {method: list, parameters: [{a: 1}]}\n", "metadata: {x: [1, {y: z}], tags: a}\n",
        "stages: [{name: a, script: x, needs: [], gate: {threshold: {metric: a, operator: '>', value: 1}}}]\n",
    ],
)  # fmt: skip
def test_every_form_that_the_loader_takes_fits_the_schema(text, load, validator):
    loaded = load(text)
    assert [error.message for error in validator.iter_errors(loaded.tree)] == []


@pytest.mark.parametrize(
    "text",
    [
        "  timout: 1\n",
        "  stop: {grase: 1}\n",
        "metrik: {}\n",
        "queue: {prio: 1}\n",
        "  seeds: [x]\n",
        "  shell: yes\n",
    ],
)
def test_unknown_keys_and_wrong_kinds_fit_neither(text, refused, validator, tmp_path):
    refused(text)
    assert not validator.is_valid(tree((tmp_path / "e.yaml").read_text()))


def test_every_key_has_a_line_that_says_what_it_is():
    lacking = [
        f"{name}.{key}"
        for name, model in models().items()
        for key in model.model_fields
        if not field_docs(model).get(key)
    ]
    assert lacking == []


def test_the_schema_describes_every_property():
    schema = json_schema()
    for definition in schema["$defs"].values():
        for entry in definition.get("anyOf", [definition])[-1]["properties"].values():
            assert entry["description"]


def test_making_the_schema_twice_gives_the_same():
    assert json_schema() == copy.deepcopy(json_schema())


def test_the_reference_in_the_docs_is_up_to_date():
    page = Path(__file__).parents[2] / TARGET
    assert page.read_text(encoding="utf-8") == reference(), "run: python -m orp_tui.config.reference"


def test_the_example_of_the_reference_loads(load):
    block = reference().partition("```yaml\n")[2].partition("```")[0]
    assert load(block, head=False).spec.experiment.name == "my-first-experiment"
