"""`orp diff`: one run against its project, and two runs against each other."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from desk import Desk, desks


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with desks(tmp_path_factory.mktemp("diff") / "desk", settings="queue: {autostart: false}\n") as made:
        yield made


@pytest.fixture(scope="module")
def two(shared: Desk) -> tuple[str, str]:
    """Two runs of a script that was edited between them."""
    (shared.folder / "train.sh").write_text("echo one\n")
    files = [
        shared.write(name, ["sh", "train.sh"], experiment=name, training={"config": {"rate": rate}})
        for name, rate in (("a.yaml", 1), ("b.yaml", 2))
    ]
    first = shared.call("queue", "submit", files[0]).out.strip()
    (shared.folder / "train.sh").write_text("echo two\n")
    return first, shared.call("queue", "submit", files[1]).out.strip()


def test_the_code_of_a_run_is_compared_with_the_project_line_by_line(
    shared: Desk, two: tuple[str, str]
) -> None:
    done = shared.call("diff", two[0], "--code")

    assert done.code == 0
    assert "-echo one\n+echo two\n" in done.out
    assert shared.call("diff", two[1], "--code").out == "no difference\n"
    assert shared.call("diff", two[0], "--stat").out == "M train.sh  +1 −1\n1 file, +1 −1\n"


def test_two_runs_are_compared_in_all_parts(shared: Desk, two: tuple[str, str]) -> None:
    done = shared.call("diff", *two)

    assert "code\n  M train.sh  +1 −1\n" in done.out
    assert "~ rate 1 → 2" in done.out
    assert "~ experiment.name a.yaml → b.yaml" in done.out
    found = shared.call("diff", *two, "--json").json
    assert found["runs"] == list(two)
    assert [item["path"] for item in found["code"]] == ["train.sh"]
    assert {"name": "rate", "before": "1", "after": "2"} in found["config"]


def test_config_of_one_run_alone_is_a_question_without_an_answer(shared: Desk, two: tuple[str, str]) -> None:
    done = shared.call("diff", two[0], "--config")

    assert done.code == 2
    assert "two runs" in done.err


def test_a_file_name_can_not_act_on_the_terminal(shared: Desk, two: tuple[str, str]) -> None:
    (shared.folder / "a\x1b[2Jb.sh").write_text("\x1b]0;title\x07echo\n")

    done = shared.call("diff", two[1], "--code")

    assert "\x1b" not in done.out
    assert "echo" in done.out


def test_waiting_runs_and_info_warn_when_the_project_has_changed_since(desk: Desk) -> None:
    (desk.folder / "orp.yaml").write_text("queue: {autostart: false}\n")
    (desk.folder / "train.sh").write_text("echo one\n")
    name = desk.write("a.yaml", ["sh", "train.sh"])
    first, second = (desk.call("queue", "submit", name).out.strip() for _ in range(2))
    assert "changed since" not in desk.call("queue", "list").err + desk.call("info", first).out

    (desk.folder / "train.sh").write_text("echo two\n")

    words = "the project has changed since the submit: train.sh"
    assert f"{first} and 1 more: {words}; `orp diff {first} --code`" in desk.call("queue", "list").err
    assert words in desk.call("info", second).out
    assert [item["changed_since_submit"] for item in desk.call("queue", "list", "--json").json] == [words] * 2
