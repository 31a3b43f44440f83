"""What a submit puts into a run's workspace, by real submits and whole runs."""

from __future__ import annotations

import json
import zipfile

import pytest

from orp_tui.core.states import RunState
from orp_tui.services.context import open_context
from orp_tui.services.submit import sources_of_file, submit


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


def test_a_second_base_directory_in_a_project_freezes_nothing_of_the_first(project, tmp_path):
    inner = open_context(start=project.folder, base_dir=str(project.folder / "experiments"))
    path = project.file(["sh", "-c", "echo one"])
    (source,) = sources_of_file(inner, path)
    with inner.store() as connection:
        submit(inner, connection, source)

    run_id = project.submit("find . -name 'exp_*'; ls")

    project.settle()
    assert project.state(run_id) is RunState.SUCCEEDED, project.words()
    said = project.run(run_id).stdout.read_text()
    assert "exp_" not in said
    assert "experiments" not in said.split()


@pytest.mark.parametrize("kind", ["in_place", "shared"])
def test_a_run_in_the_project_leaves_no_folder_there_that_it_did_not_ask_for(project, kind):
    (project.folder / "train.sh").write_text("echo trained\n")
    run_id = project.submit(["sh", "train.sh"], workspace=kind)

    project.settle()

    assert project.state(run_id) is RunState.SUCCEEDED, project.words()
    assert not (project.folder / "outputs").exists()


@pytest.mark.parametrize(
    ("script", "code", "more"),
    [
        (["sh", "train.sh"], 'echo x > "$ORP_OUTPUT_DIR/x"', {}),
        (["sh", "train.sh", "{output_dir}"], 'echo x > "$1/x"', {}),
        (["sh", "-c", 'echo x > "$ORP_OUTPUT_DIR/x"'], "", {}),
        ("echo x > {output_dir}/x", "", {"shell": True}),
        ("(sh 'train.sh') && cat <<E\nit's\nE\n", 'echo x > "$ORP_OUTPUT_DIR/x"', {"shell": True}),
    ],
)
def test_a_run_in_the_project_finds_the_output_folder_it_asks_for(project, script, code, more):
    (project.folder / "train.sh").write_text(f"{code}\n")
    path = project.file(["true"], workspace="in_place")
    data = json.loads(path.read_text())
    data["training"] |= {"script": script, **more}
    path.write_text(json.dumps(data))
    (source,) = sources_of_file(project.context, path)
    with project.context.store() as connection:
        run_id = submit(project.context, connection, source)

    project.settle()

    assert project.state(run_id) is RunState.SUCCEEDED, project.words()
    assert (project.folder / "outputs" / "x").read_text() == "x\n"
