"""From a file to a run, on the dashboard: add, add with options, open, edit, copy, new, undo."""

from __future__ import annotations

import contextlib
import sys

import pytest
from screens import eventually, sees, text

from orp_tui.core.states import RunState
from orp_tui.store import runs
from orp_tui.tui.screens.add_options import AddOptions
from orp_tui.tui.screens.config_view import ConfigView
from orp_tui.tui.widgets.configs_tree import ConfigsTree

pytestmark = pytest.mark.anyio

GOOD = 'experiment: {name: "%s"}\ntraining:\n  script: ["true"]\n  config: {lr: 0.1}\n'


def write(project, *names, more=""):
    for name in names:
        path = project.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(GOOD % path.stem + more)


def queued(project):
    if not project.paths.database.exists():
        return []
    with project.context.store() as connection:
        found = runs.unfinished(connection)
    return [run.name for run in found if run.state is RunState.QUEUED]


async def at(pilot, name):
    """The cursor of the tree on a file or folder."""
    tree = pilot.app.screen.query_one(ConfigsTree)
    await eventually(pilot, lambda: name in tree.keys_shown)
    await eventually(pilot, lambda: all(file.kind.value != "reading" for file in tree.view.files))
    tree.focus()
    tree.go_to(name)
    await pilot.pause()
    return tree


@pytest.fixture
def editor(tmp_path, monkeypatch):
    """An editor that writes a line to the end of the file, and notes which it was given."""
    script = tmp_path / "editor.py"
    script.write_text(
        "import sys\nopen(sys.argv[-1], 'a').write('# edited\\n')\n"
        f"open({str(tmp_path / 'edited')!r}, 'a').write(sys.argv[-1] + '\\n')\n"
    )
    monkeypatch.setenv("VISUAL", f"{sys.executable} {script}")
    # Tests have no terminal that could be given away.
    monkeypatch.setattr("textual.app.App.suspend", lambda self: contextlib.nullcontext())
    return tmp_path / "edited"


async def test_a_queues_the_file_and_u_takes_it_back(project, open_dashboard):
    write(project, "a.yaml")
    async with open_dashboard(project) as (_, pilot):
        await at(pilot, "a.yaml")
        await pilot.press("a")
        await eventually(pilot, lambda: queued(project) == ["a"])
        await sees(pilot, "queued", "○ wait")

        await pilot.press("u")
        await eventually(pilot, lambda: queued(project) == [])
        await pilot.press("U")
        await eventually(pilot, lambda: queued(project) == ["a"])


async def test_marked_files_are_queued_together(project, open_dashboard):
    write(project, "a.yaml", "b.yaml", "c.yaml")
    async with open_dashboard(project) as (_, pilot):
        await at(pilot, "a.yaml")
        await pilot.press("space", "space", "a")

        await eventually(pilot, lambda: queued(project) == ["a", "b"])


async def test_a_folder_of_many_is_asked_about_by_number(project, open_dashboard):
    write(project, *(f"many/{number}.yaml" for number in range(7)))
    async with open_dashboard(project) as (_, pilot):
        await at(pilot, "many/")
        await pilot.press("a")
        await sees(pilot, "Queue 7 runs of 7 files?", "many/6.yaml")
        await pilot.press("enter")
        await sees(pilot, gone="Queue 7 runs")
        assert queued(project) == []

        await pilot.press("a")
        await sees(pilot, "Queue 7 runs of 7 files?")
        await pilot.press("7", "enter")
        await eventually(pilot, lambda: len(queued(project)) == 7)


async def test_what_can_not_be_queued_says_why_and_what_to_do(project, open_dashboard):
    (project.folder / "[red]a.yaml").write_text("experiment: {name: a}\ntraining:\n  skript: [x]\n")
    (project.folder / "b.yaml").write_text("services: {}\n")
    async with open_dashboard(project, size=(120, 36)) as (app, pilot):
        await at(pilot, "[red]a.yaml")
        await pilot.press("a")
        await eventually(pilot, lambda: app.said)
        assert "[red]a.yaml can't be queued: line 3: training.skript" in app.said[0]
        assert "e opens the editor" in app.said[0]
        await at(pilot, "b.yaml")
        await pilot.press("A")
        await eventually(pilot, lambda: "b.yaml is no experiment" in app.said[0])


async def test_options_change_what_is_queued(project, open_dashboard):
    write(project, "a.yaml")
    async with open_dashboard(project) as (app, pilot):
        await at(pilot, "a.yaml")
        await pilot.press("A")
        await eventually(pilot, lambda: isinstance(app.screen, AddOptions))
        await pilot.press("tab", "tab", *"high", "enter")
        await eventually(pilot, lambda: queued(project) == ["a"])

    with project.context.store() as connection:
        assert [run.priority for run in runs.unfinished(connection)] == [10]


async def test_enter_shows_the_file_and_its_verbs_mean_that_file(project, open_dashboard):
    write(project, "a.yaml", "b.yaml")
    async with open_dashboard(project) as (app, pilot):
        await at(pilot, "b.yaml")
        await pilot.press("space")
        await at(pilot, "a.yaml")
        await pilot.press("enter")
        await eventually(pilot, lambda: isinstance(app.screen, ConfigView))
        await pilot.press("a")

        await eventually(pilot, lambda: queued(project) == ["a"])


async def test_e_edits_and_what_was_changed_is_seen(project, open_dashboard, editor):
    write(project, "a.yaml")
    async with open_dashboard(project) as (_, pilot):
        await at(pilot, "a.yaml")
        await pilot.press("e")
        await eventually(pilot, editor.exists)

    assert editor.read_text() == f"{project.folder / 'a.yaml'}\n"
    assert (project.folder / "a.yaml").read_text().endswith("# edited\n")


async def test_c_copies_edits_and_goes_to_the_copy(project, open_dashboard, editor):
    write(project, "cifar/a.yaml")
    async with open_dashboard(project) as (_, pilot):
        tree = await at(pilot, "cifar/a.yaml")
        await pilot.press("c")
        await sees(pilot, "a-2.yaml")
        await pilot.press("enter")

        await eventually(pilot, lambda: tree.cursor_key == "cifar/a-2.yaml")
    assert editor.read_text() == f"{project.folder / 'cifar' / 'a-2.yaml'}\n"


async def test_n_makes_a_file_from_a_template_where_the_cursor_is(project, open_dashboard, editor):
    write(project, "cifar/a.yaml")
    async with open_dashboard(project) as (app, pilot):
        tree = await at(pilot, "cifar/")
        await pilot.press("n")
        await sees(pilot, "A Python script")
        await pilot.press("enter")
        await sees(pilot, "cifar/python.yaml")
        await pilot.press("enter")
        await eventually(pilot, lambda: tree.cursor_key == "cifar/python.yaml")

        await pilot.press("n")
        await sees(pilot, "A Python script")
        await pilot.press("enter")
        await eventually(pilot, lambda: "Name of the new file" in text(app))
        await pilot.press("ctrl+u", *"../x", "enter")
        await eventually(pilot, lambda: "write a name inside the folder" in app.said[0])

    assert not (project.root / "x.yaml").exists()


async def test_a_folder_nobody_explained_is_asked_about_once(project, open_dashboard):
    write(project, "a.yaml")
    (project.folder / "stuff").mkdir()
    for number in range(2_100):
        (project.folder / "stuff" / f"{number}.bin").touch()
    async with open_dashboard(project) as (_, pilot):
        await at(pilot, "a.yaml")
        await pilot.press("a")
        await sees(pilot, "stuff", "what is it to the training?")
        await pilot.press("o")

        await eventually(pilot, lambda: queued(project) == ["a"])
    assert '"stuff"' in (project.folder / "orp.yaml").read_text()
