"""Each sample, trained as its file says, gets the checklist that its first lines announce."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import sys

import pytest
from sample_scripts import FOLDER, command_of, environment, words_of

from orp_tui.config.loader import load_experiment_file
from orp_tui.core.checklist import ChecklistReport
from orp_tui.deliverables.evaluate import evaluate, take_baseline


def trained(name: str, tmp_path: pathlib.Path) -> ChecklistReport:
    """The final checklist of the sample's own command, run in a copy of its folder."""
    workspace = tmp_path / "workspace"
    shutil.copytree(
        (FOLDER / name).parent, workspace, ignore=shutil.ignore_patterns("experiments", "output*")
    )
    spec = load_experiment_file(FOLDER / name).spec
    baseline = take_baseline(spec.deliverables, workspace)
    variables = environment(workspace / "outputs")
    # `python` in the files is the one that runs these tests.
    variables["PATH"] = f"{os.path.dirname(sys.executable)}:{variables['PATH']}"
    script = command_of(spec.training.script)
    done = subprocess.run(
        [sys.executable, *script[1:], *words_of(dict(spec.training.config))],
        cwd=workspace,
        env=variables,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return evaluate(spec.deliverables, workspace, baseline=baseline, final=True, environment=variables)


@pytest.mark.parametrize("name", ["digits.yaml", "quick-start/experiment.yaml"])
def test_a_sample_that_succeeds_has_every_deliverable(name, tmp_path):
    report = trained(name, tmp_path)
    wrong = report.first_wrong
    assert report.complete, wrong and f"{wrong.path}: {wrong.detail}"


def test_the_strict_sample_misses_only_what_it_could_not_reach(tmp_path):
    report = trained("digits-too-strict.yaml", tmp_path)
    assert report.first_wrong is report.items[2]
    assert report.valid == 2
    assert report.items[2].detail.endswith("< 1")


def test_the_diverging_sample_has_its_files_and_fails_on_what_is_in_them(tmp_path):
    report = trained("diverges.yaml", tmp_path)
    assert [item.status.value for item in report.items] == ["valid", "invalid", "valid", "invalid"]
    assert "not finite" in report.items[1].detail
    assert "NaN" in report.items[3].detail
