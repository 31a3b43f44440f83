"""`orp lineage` draws the tree of a run, and `orp import zip` brings one in from elsewhere."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from desk import Desk, desks


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with desks(tmp_path_factory.mktemp("lineage") / "desk", settings="queue: {autostart: false}\n") as made:
        yield made


@pytest.fixture(scope="module")
def line(shared: Desk) -> tuple[str, str]:
    """A run and its child, both ended."""
    made = []
    for name, value, parent in (
        ("base", 0.5, {}),
        ("child", 0.75, {"parent": "last:base", "rationale": "\x1b[31mwhy"}),
    ):
        logs = f'echo \'{{"step": 1, "acc": {value}}}\' >> $ORP_METRICS_FILE'
        (shared.folder / f"{name}.yaml").write_text(
            json.dumps(
                {
                    "experiment": {"name": name, **parent},
                    "training": {"script": ["sh", "-c", logs, "sh"], "config": {"rate": value}},
                    "metrics": {"primary": {"name": "acc", "goal": "maximize"}},
                }
            )
        )
        made.append(shared.call("queue", "submit", f"{name}.yaml").out.strip())
    shared.accepted += made
    shared.settle()
    return made[0], made[1]


def test_the_tree_says_how_runs_stand_what_changed_and_what_it_gained(
    shared: Desk, line: tuple[str, str]
) -> None:
    done = shared.call("lineage", line[1])

    assert done.code == 0, done.err
    first, second, *more = done.out.splitlines()
    assert first == f"✓ succeeded {line[0]}  base  acc 0.5"
    assert second == f"└─ ✓ succeeded {line[1]}  child  acc 0.75  (this run)"
    said = "\n".join(more)
    assert "gain: acc +0.25 (n=1, 1, no interval), better" in said
    assert "changed: rate 0.5 → 0.75" in said
    assert "because: why" in said
    assert "\x1b" not in said
    assert "  rate  0.5 → 0.75" not in said
    assert "  rate 0.5 → 0.75" in shared.call("lineage", line[1], "--details").out


def test_up_down_and_depth_limit_the_tree(shared: Desk, line: tuple[str, str]) -> None:
    assert line[0] not in shared.call("lineage", line[1], "--down").out
    assert line[1] not in shared.call("lineage", line[0], "--up").out
    near = shared.call("lineage", line[0], "--depth", "0").out
    assert line[1] not in near
    assert "1 more run made from it" in near


def test_as_json_it_is_whole(shared: Desk, line: tuple[str, str]) -> None:
    found = shared.call("lineage", line[0], "--json").json

    base, child = found["runs"]
    assert (base["id"], base["of"], child["id"], child["of"], child["link"]) == (
        line[0], None, line[1], line[0], "child",
    )  # fmt: skip
    assert child["gain"]["difference"] == 0.25
    assert child["gain"]["better"] is True
    assert child["changes"]["values"][0] == {"name": "rate", "before": "0.5", "after": "0.75"}


def test_a_run_that_is_not_there_is_no_tree(shared: Desk, line: tuple[str, str]) -> None:
    done = shared.call("lineage", "exp_20200101_000000_none")

    assert (done.code, done.out) == (2, "")
    assert "no such run" in done.err


def test_zips_are_imported_and_told_apart_from_what_is_none(
    shared: Desk, line: tuple[str, str], tmp_path: Path
) -> None:
    zips = [str(shared.paths.artifact(run_id)) for run_id in line]
    (tmp_path / "no.zip").write_text("no zip")
    with desks(tmp_path / "here", settings="queue: {autostart: false}\n") as here:
        done = here.call("import", "zip", zips[0], str(tmp_path / "no.zip"), zips[1])

        assert done.code == 3
        assert done.out.split() == list(line)
        assert "no.zip: not a zip" in done.err
        again = here.call("import", "zip", *zips, "--json")
        assert (again.code, [run["is_new"] for run in again.json]) == (0, [False, False])
        shutil.rmtree(shared.paths.runs)
        shutil.rmtree(shared.paths.artifacts)
        assert "gain: acc +0.25" in here.call("lineage", line[1]).out
        assert "imported" in here.call("info", line[1]).out
        assert here.call("artifacts", "verify", line[1]).code == 0
        refused = here.call("retry", line[1])
        assert (refused.code, "was imported from" in refused.err) == (2, True)
        assert here.call("runs").out.count("succeeded") == 2
