"""The files of a run's zip on its screen: found by words, sorted, copied, taken out one by one."""

from __future__ import annotations

import os
import zipfile

import pytest
from screens import eventually, sees, text
from textual.widgets import Input

from orp_tui.tui.screens.run_detail import RunDetailScreen
from orp_tui.tui.widgets.artifact_list import ArtifactList

pytestmark = pytest.mark.anyio
GOOD = {"type": "metrics", "path": "out/m.json", "validation": "exists"}


@pytest.fixture
def made(project):
    run_id = project.submit("mkdir -p out; echo '{\"acc\": 0.9}' > out/m.json", deliverables=[GOOD])
    project.settle()
    return run_id


@pytest.fixture
def here(tmp_path, monkeypatch):
    """The folder that the dashboard was started in."""
    folder = tmp_path / "started-in"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


async def opened(app, pilot, run_id) -> ArtifactList:
    screen = RunDetailScreen(run_id)
    await app.push_screen(screen)
    await eventually(pilot, lambda: screen.page is not None)
    files = screen.query_one(ArtifactList)
    files.focus()
    await pilot.pause()
    return files


async def found(pilot, files, words):
    """The cursor on the only file of that name."""
    await pilot.press("slash", *words, "enter")
    await eventually(pilot, lambda: len(files.keys_shown) == 1 and files.has_focus)


async def test_words_leave_a_part_of_the_files_and_esc_shows_all(project, open_dashboard, made):
    async with open_dashboard(project, size=(120, 40)) as (app, pilot):
        files = await opened(app, pilot, made)
        every = len(files.keys_shown)

        await found(pilot, files, "m.json")
        assert files.file.path == "out/m.json"
        assert "1 with m.json" in files.title
        await pilot.press("escape")

        assert len(files.keys_shown) == every
        assert isinstance(app.screen, RunDetailScreen)


async def test_thousands_of_files_are_found_and_sorted(project, open_dashboard, made):
    with zipfile.ZipFile(project.paths.artifact(made), "a") as archive:
        for number in range(6_000):
            archive.writestr(f"out/part-{number:05}.bin", b"x" * (number % 97))
    async with open_dashboard(project, size=(120, 40)) as (app, pilot):
        files = await opened(app, pilot, made)
        assert len(files.keys_shown) > 6_000

        await pilot.press("o", "o", "g")
        assert "by size" in files.title
        sizes = [files._rows[key].size for key in files.keys_shown]
        assert sizes == sorted(sizes, reverse=True)
        await found(pilot, files, "part-05999")

        assert files.file.path == "out/part-05999.bin"


async def test_x_writes_a_file_into_the_folder_one_stands_in(project, open_dashboard, made, here):
    async with open_dashboard(project, size=(120, 40)) as (app, pilot):
        files = await opened(app, pilot, made)
        await found(pilot, files, "m.json")

        await pilot.press("x")
        await sees(pilot, "Extract out/m.json into")
        assert app.screen.query_one(Input).value == str(here)
        await pilot.press("enter")

        await eventually(pilot, lambda: any("written" in words for words in app.said))
        assert (here / "out/m.json").read_text() == '{"acc": 0.9}\n'


@pytest.mark.parametrize(("answer", "text_left"), [("n", "mine"), ("y", '{"acc": 0.9}\n')])
async def test_what_is_there_is_written_over_only_after_a_yes(
    project, open_dashboard, made, here, answer, text_left
):
    (here / "out").mkdir()
    (here / "out/m.json").write_text("mine")
    async with open_dashboard(project, size=(120, 40)) as (app, pilot):
        files = await opened(app, pilot, made)
        await found(pilot, files, "m.json")
        await pilot.press("x", "enter")
        await sees(pilot, "Write over it?")

        await pilot.press(answer)

        await eventually(pilot, lambda: isinstance(app.screen, RunDetailScreen))
        await eventually(pilot, lambda: (here / "out/m.json").read_text() == text_left)


async def test_a_link_that_leads_out_and_a_folder_that_is_none_are_refused(
    project, open_dashboard, made, here, tmp_path
):
    (here / "out").symlink_to(tmp_path)
    (here / "file").write_text("")
    async with open_dashboard(project, size=(120, 40)) as (app, pilot):
        files = await opened(app, pilot, made)
        await found(pilot, files, "m.json")
        await pilot.press("x", "enter")
        await eventually(pilot, lambda: any("is there and no folder" in words for words in app.said))

        await pilot.press("x")
        app.screen.query_one(Input).value = "file"
        await pilot.press("enter")

        await eventually(pilot, lambda: sum("no folder" in words for words in app.said) == 2)
        assert not (tmp_path / "m.json").exists()


async def test_a_name_that_leaves_the_folder_is_refused(project, open_dashboard, made, here):
    with zipfile.ZipFile(project.paths.artifact(made), "a") as archive:
        archive.writestr("../../escaped.txt", "out")
    async with open_dashboard(project, size=(120, 40)) as (app, pilot):
        files = await opened(app, pilot, made)
        await found(pilot, files, "escaped")

        await pilot.press("x", "enter")

        await eventually(pilot, lambda: any("leaves its folder" in words for words in app.said))
        assert os.listdir(here) == []


async def test_paths_of_the_member_and_of_the_zip_can_be_copied(project, open_dashboard, made):
    async with open_dashboard(project, size=(120, 40)) as (app, pilot):
        files = await opened(app, pilot, made)
        await found(pilot, files, "m.json")

        choices = app.screen.copy_choices()

        archive = project.paths.artifact(made)
        assert choices["path of out/m.json"] == ("f", f"{archive}::out/m.json")
        assert choices["path of the zip"] == ("z", str(archive))


async def test_a_run_without_a_zip_has_nothing_to_take_out(project, open_dashboard):
    run_id = project.submit()
    async with open_dashboard(project, size=(120, 40)) as (app, pilot):
        await opened(app, pilot, run_id)

        await pilot.press("x")

        await eventually(pilot, lambda: any("it lies in a folder" in words for words in app.said))
        assert "Extract" in text(app)
