"""`orp validate`, `orp init`, `orp schema`: before anything runs."""

from __future__ import annotations

import pytest
from desk import Desk


def test_every_problem_of_every_file_is_listed_with_its_line(desk: Desk) -> None:
    (desk.folder / "a.yaml").write_text("experiment:\n  name: a\n  nmae: b\ntraining:\n  script: 3\n")
    desk.write("b.yaml")

    done = desk.call("validate", "a.yaml", "b.yaml")

    assert done.code == 2
    assert "a.yaml:3: experiment.nmae" in done.err
    assert "a.yaml:5: training.script" in done.err
    assert done.out == "b.yaml: valid: 'b', 1 run, 0 deliverables\n"


def test_as_json_problems_have_line_and_key(desk: Desk) -> None:
    (desk.folder / "a.yaml").write_text("experiment: {name: a}\ntraining: {script: x, scirpt: y}\n")

    (item,) = desk.call("validate", "--json", "a.yaml").json

    assert item["valid"] is False
    assert (item["problems"][0]["line"], item["problems"][0]["key"]) == (2, "training.scirpt")


@pytest.mark.parametrize("text", ["", "\t", "a: [", "[1, 2]", "a: 1\na: 2\n", "\x00", "&a [*a]", "- " * 300])
def test_broken_yaml_is_a_line_and_never_a_traceback(desk: Desk, text: str) -> None:
    (desk.folder / "a.yaml").write_text(text)

    for verb in ("validate", "run"):
        done = desk.call(verb, "a.yaml")
        assert done.code == 2
        assert done.err.startswith(("a.yaml", "orp: a.yaml"))
        assert "Traceback" not in done.err


def test_init_writes_a_valid_file_and_names_the_next_step(desk: Desk) -> None:
    done = desk.call("init")

    assert done.code == 0
    assert "orp run experiment.yaml" in done.err
    assert desk.call("validate", "experiment.yaml").code == 0


def test_init_replaces_nothing(desk: Desk) -> None:
    (desk.folder / "experiment.yaml").write_text("mine")

    done = desk.call("init")

    assert done.code == 2
    assert "is there already" in done.err
    assert (desk.folder / "experiment.yaml").read_text() == "mine"


@pytest.mark.parametrize("name", ["a b.yaml", "ä'\".yaml", "{x}.yaml", "-n.yaml", "sub/e.yaml"])
def test_init_takes_any_name(desk: Desk, name: str) -> None:
    (desk.folder / "sub").mkdir()

    done = desk.call("init", "--", name)

    assert done.code == 0, done.err
    assert desk.call("validate", "--", name).code == 0


def test_the_schema_is_json_alone_on_stdout(desk: Desk) -> None:
    done = desk.call("schema")

    assert done.json["properties"]["training"]
    assert done.err == ""
