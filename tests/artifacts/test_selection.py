from pathlib import Path

from orp_tui.artifacts import selection
from orp_tui.artifacts.selection import Limits, select
from orp_tui.core.checklist import ChecklistItem, ChecklistReport, DeliverableStatus
from orp_tui.core.request import ArtifactRule

VALID = DeliverableStatus.VALID


def report(*files: str, truncated: bool = False) -> ChecklistReport:
    return ChecklistReport((ChecklistItem(0, "any", "declared", True, VALID, (), files, 0, truncated),), True)


def choose(folder, *files, rule=ArtifactRule(), ended_well=True, source=None, checked=None):  # noqa: B008 - frozen
    return select(
        folder.run,
        result=b"{}",
        workspace=folder.run.workspace,
        source=source,
        report=checked or report(*files),
        rule=rule,
        ended_well=ended_well,
    )


def names(plan, *, packed=True):
    return [item.name for item in plan.items if item.packed is packed]


def why(plan):
    return {item.path: item.why for item in plan.left_out}


def test_a_run_folder_gives_logs_and_records_and_never_the_private_environment(folder):
    plan = choose(folder)

    assert [inline.name for inline in plan.inline] == ["result.json"]
    assert names(plan) == [
        *("training_stdout.txt", "training_stderr.txt", "request.json", "experiment.yaml"),
        *("environment.json", "metrics.jsonl", "attempt-1.json", "exit-1.json"),
    ]
    assert plan.never == (str(folder.run.environment_private),)
    assert plan.left_out == ()


def test_numbered_records_come_in_the_order_of_their_numbers(folder):
    for number in (2, 10):
        folder.run.exit(number).write_text("{}")

    exits = [name for name in names(choose(folder)) if name.startswith("exit")]

    assert exits == ["exit-1.json", "exit-2.json", "exit-10.json"]


def test_a_missing_log_is_said(folder):
    folder.run.stderr.unlink()

    assert why(choose(folder)) == {"training_stderr.txt": "not in the run folder"}


def test_deliverables_keep_their_paths_and_folders_are_walked(folder):
    folder.put("out/model/weights.bin")
    folder.put("out/model/config.json")
    folder.put("out/metrics.json")

    plan = choose(folder, "out/model", "out/metrics.json", "out/model/config.json")

    assert names(plan)[8:] == ["out/metrics.json", "out/model/config.json", "out/model/weights.bin"]


def test_a_name_that_the_zip_uses_itself_goes_aside(folder):
    for path in (
        "result.json",
        "Metrics.jsonl",
        "source/a.py",
        "workspace/b",
        "MANIFEST.json",
        "exit-1.json",
    ):
        folder.put(path)

    plan = choose(
        folder, "result.json", "Metrics.jsonl", "source", "workspace", "MANIFEST.json", "exit-1.json"
    )

    assert sorted(names(plan)[8:]) == [
        "workspace/MANIFEST.json",
        "workspace/Metrics.jsonl",
        "workspace/exit-1.json",
        "workspace/result.json",
        "workspace/source/a.py",
        "workspace/workspace/b",
    ]


def test_the_frozen_code_goes_beneath_source(folder, tmp_path):
    tree = tmp_path / "tree"
    (tree / "pkg").mkdir(parents=True)
    (tree / "train.py").write_text("pass")
    (tree / "pkg" / "m.py").write_text("pass")
    (tree / "out.py").symlink_to("/etc/passwd")

    plan = choose(folder, source=tree)

    assert [name for name in names(plan) if name.startswith("source/")] == [
        "source/train.py",
        "source/pkg/m.py",
    ]
    assert "leads out" in why(plan)["source/out.py"]


def test_what_must_not_be_opened_is_left_out_by_name(folder, tmp_path):
    import os

    (tmp_path / "secret").write_text("x")
    folder.put("out/good")
    os.mkfifo(folder.run.workspace / "out/pipe")
    (folder.run.workspace / "out/link").symlink_to(tmp_path / "secret")
    (folder.run.workspace / "out/inner").symlink_to("good")

    plan = choose(folder, "out", "../runs", "/etc/passwd", "gone")

    assert names(plan)[8:] == ["out/good", "out/inner"]
    assert "FIFO" in why(plan)["out/pipe"]
    assert "leads out" in why(plan)["out/link"]
    assert "absolute" in why(plan)["/etc/passwd"]
    assert "gone" in why(plan)
    assert ".." in why(plan)["../runs"]


def test_include_and_exclude_patterns(folder):
    for path in ("out/a.txt", "out/deep/b.txt", "out/c.tmp", "out/cache/d.bin", "other/e.txt"):
        folder.put(path)
    rule = ArtifactRule(include=("out/**", "../**"), exclude=("*.tmp", "out/cache"))

    plan = choose(folder, "out/a.txt", rule=rule)

    assert names(plan)[8:] == ["out/a.txt", "out/deep/b.txt"]
    assert why(plan)["out/c.tmp"] == "excluded by artifacts.exclude"
    assert why(plan)["out/cache/d.bin"] == "excluded by artifacts.exclude"
    assert why(plan)["../**"] == "leaves the workspace"


def test_large_deliverables_are_referred_to(folder, monkeypatch):
    monkeypatch.setattr(selection, "WHOLE", Limits(each=100, together=150))
    folder.put("big", b"x" * 101)
    folder.put("one", b"x" * 80)
    folder.put("two", b"x" * 60)
    folder.put("three", b"x" * 70)

    plan = choose(folder, "big", "one", "two", "three")

    assert names(plan)[8:] == ["three", "two"]
    assert names(plan, packed=False) == ["big", "one"]


def test_pack_always_and_reference(folder, monkeypatch):
    monkeypatch.setattr(selection, "WHOLE", Limits(each=1, together=1))
    folder.put("big", b"x" * 100)

    assert names(choose(folder, "big", rule=ArtifactRule(pack="always")))[8:] == ["big"]
    assert names(choose(folder, "big", rule=ArtifactRule(pack="reference")), packed=False) == ["big"]


def test_a_failed_run_packs_small_files_only(folder):
    folder.put("small", b"x")
    with folder.put("large").open("wb") as file:
        file.truncate(selection.ENDED_BADLY.each + 1)

    plan = choose(folder, "small", "large", ended_well=False)

    assert names(plan)[8:] == ["small"]
    assert names(plan, packed=False) == ["large"]


def test_a_capped_list_of_matches_is_said(folder):
    folder.put("a")

    plan = choose(folder, checked=report("a", truncated=True))

    assert why(plan) == {"declared": "only the first 1 matches are packed"}


def test_the_reasons_are_counted_when_there_are_too_many(folder, monkeypatch):
    monkeypatch.setattr(selection, "MAX_LEFT_OUT", 2)
    files = [f"gone-{number}" for number in range(5)]

    plan = choose(folder, *files)

    assert [item.path for item in plan.left_out] == ["gone-0", "gone-1", "(3 more)"]


def test_a_workspace_that_is_gone_costs_only_itself(folder):
    folder.run.workspace.rmdir()

    plan = choose(folder, "out")

    assert len(names(plan)) == 8
    assert "cannot be read" in why(plan)["workspace"]


def test_a_run_without_deliverables_has_a_plan(folder):
    plan = select(
        folder.run,
        result=b"{}",
        workspace=Path("/nonexistent"),
        source=None,
        report=None,
        rule=ArtifactRule(),
        ended_well=True,
    )
    assert len(plan.items) == 8
    assert plan.left_out == ()
