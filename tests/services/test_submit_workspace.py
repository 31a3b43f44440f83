"""What a submit puts into a run's workspace, by real submits and whole runs."""

from __future__ import annotations

import zipfile

import pytest

from orp_tui.core.states import RunState


@pytest.mark.parametrize(
    ("pattern", "made"),
    [
        ("model_*.pt", "model_1.pt"),
        ("*.json", "m.json"),
        ("m?.json", "m1.json"),
        ("[m].json", "m.json"),
        ("*/m.json", "out/m.json"),
        ("**/m.json", "a/b/m.json"),
        ("out/*.json", "out/m.json"),
        ("a/*/m.json", "a/b/m.json"),
    ],
)
def test_a_run_delivers_what_any_form_of_glob_names(project, pattern, made):
    script = f"mkdir -p out a/b && echo '{{}}' > {made}"
    run_id = project.submit(
        script, deliverables=[{"type": "report", "path": pattern, "validation": "exists"}]
    )

    project.settle()

    assert project.state(run_id) is RunState.SUCCEEDED, project.words()
    with zipfile.ZipFile(project.paths.artifact(run_id)) as archive:
        assert made in archive.namelist()
    assert not (project.folder / made).exists()


def test_a_glob_at_the_root_leaves_the_projects_own_matches_behind(project):
    (project.folder / "m.json").write_text('"of the project"')
    run_id = project.submit("cat *.json || echo '{}' > n.json", deliverables=[{"type": "report", "path": "*.json", "validation": "exists"}])  # fmt: skip

    project.settle()

    assert project.state(run_id) is RunState.SUCCEEDED, project.words()
    assert "of the project" not in project.run(run_id).stdout.read_text()
