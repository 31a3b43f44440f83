"""One run in full: its end, its deliverables, its zip; while it runs, when it is damaged, at every size."""

from __future__ import annotations

import os
import shutil
import zipfile

import pytest
from rich.cells import cell_len
from screens import eventually, lines, sees, text

from orp_tui.core.states import RunState
from orp_tui.tui.screens.preview import PreviewScreen
from orp_tui.tui.screens.run_detail import RunDetailScreen
from orp_tui.tui.widgets.artifact_list import ArtifactList
from orp_tui.tui.widgets.checklist import Checklist
from orp_tui.tui.widgets.info_panel import InfoPanel

SIZES = [(60, 15), (80, 24), (120, 40), (200, 60)]
GOOD = {"type": "metrics", "path": "out/m.json", "validation": "exists"}
MISSING = {"type": "figure", "path": "out/plot.png", "validation": "image"}
WRITES = "mkdir -p out; echo '{\"acc\": 0.9}' > out/m.json"


def ended(project, script: str = WRITES, *states: RunState, **training) -> str:
    run_id = project.submit(script, **training)
    project.leader()
    project.await_state(run_id, *(states or (RunState.SUCCEEDED,)))
    return run_id


async def opened(app, pilot, run_id: str) -> RunDetailScreen:
    """The run's screen, once it has looked."""
    screen = RunDetailScreen(run_id)
    await app.push_screen(screen)
    await eventually(pilot, lambda: screen.page is not None)
    return screen


def said(screen: RunDetailScreen) -> str:
    """All that the page says, out of sight or not."""
    return "\n".join(line.text for line in screen.query_one(InfoPanel).lines_shown)


@pytest.mark.anyio
@pytest.mark.parametrize("size", SIZES)
async def test_a_failed_run_shows_its_death_certificate_at_every_size(project, open_dashboard, size):
    run_id = ended(
        project, "echo 'RuntimeError: no luck' >&2; exit 3", RunState.FAILED, deliverables=[MISSING]
    )
    async with open_dashboard(project, size=size) as (app, pilot):
        screen = await opened(app, pilot, run_id)

        await sees(pilot, "FAILED", run_id)
        page = said(screen)
        for words in (
            "exit code: its command ended",
            "RuntimeError: no luck",
            "orp retry",
            "SIGTERM to root",
            "Timeline",
            "submit by",
        ):
            assert words in page, words
        assert all(cell_len(line) <= size[0] for line in lines(app))


@pytest.mark.anyio
async def test_tabs_are_turned_on_a_narrow_screen_and_all_is_seen_on_a_wide_one(project, open_dashboard):
    run_id = ended(project, deliverables=[GOOD])
    async with open_dashboard(project, size=(80, 24)) as (app, pilot):
        await opened(app, pilot, run_id)
        await sees(pilot, "[Run]", "succeeded")

        await pilot.press("right_square_bracket")
        await sees(pilot, "[Deliverables 1/1]", "out/m.json", gone="succeeded")
        await pilot.press("right_square_bracket")
        await sees(pilot, "[Artifacts", "training_stdout.txt")
        await pilot.press("left_square_bracket", "left_square_bracket")
        await sees(pilot, "[Run]")

        await pilot.resize_terminal(140, 40)
        await sees(pilot, "succeeded", "out/m.json", "training_stdout.txt")


@pytest.mark.anyio
async def test_enter_looks_into_a_deliverable_and_into_a_member_of_the_zip(project, open_dashboard):
    run_id = ended(project, deliverables=[GOOD])
    async with open_dashboard(project, size=(120, 40)) as (app, pilot):
        screen = await opened(app, pilot, run_id)
        screen.query_one(Checklist).focus()
        await pilot.press("enter")
        await sees(pilot, '"acc": 0.9', "[x] exists")
        await pilot.press("escape")

        screen.query_one(ArtifactList).focus()
        await pilot.press("enter")
        await eventually(pilot, lambda: isinstance(app.screen, PreviewScreen))
        await sees(pilot, "::result.json", run_id)


@pytest.mark.anyio
async def test_the_zip_is_verified_on_a_key(project, open_dashboard):
    run_id = ended(project)
    async with open_dashboard(project, size=(120, 40)) as (app, pilot):
        screen = await opened(app, pilot, run_id)
        screen.query_one(ArtifactList).focus()
        await pilot.press("V")
        await eventually(pilot, lambda: any("zip sound" in words for words in app.said))

        with zipfile.ZipFile(project.paths.artifact(run_id), "a") as archive:
            archive.writestr("smuggled", "x")
        await pilot.press("V")

        await eventually(pilot, lambda: any("DAMAGED: smuggled" in words for words in app.said))


@pytest.mark.anyio
async def test_a_run_that_goes_on_is_followed_to_its_end(project, open_dashboard):
    run_id = project.submit(f"{WRITES}; {project.waits}", deliverables=[GOOD])
    project.leader()
    project.await_state(run_id, RunState.RUNNING)
    async with open_dashboard(project, size=(120, 40)) as (app, pilot):
        screen = await opened(app, pilot, run_id)
        await sees(pilot, "running", "Files, no zip yet")
        assert screen.page.certificate is None

        project.go()

        await sees(pilot, "succeeded", "How it ended", "1/1")
        assert screen.query_one(ArtifactList).title.startswith("Artifacts")


@pytest.mark.anyio
async def test_a_waiting_run_says_why_it_waits(project, open_dashboard):
    first = project.submit(project.waits)
    second = project.submit()
    project.leader(slots=1)
    project.await_state(first, RunState.RUNNING)
    async with open_dashboard(project, size=(120, 40)) as (app, pilot):
        await opened(app, pilot, second)

        await sees(pilot, "waits", "needs a slot")
        project.go()


@pytest.mark.anyio
async def test_only_what_the_run_can_take_is_offered(project, open_dashboard):
    run_id = ended(project)
    waiting = project.submit()
    async with open_dashboard(project, size=(120, 40)) as (app, pilot):
        screen = await opened(app, pilot, run_id)
        await eventually(pilot, lambda: screen.check_action("retry_runs", ()))
        assert not screen.check_action("cancel_runs", (False,))
        assert not screen.check_action("hold_runs", ())

        other = await opened(app, pilot, waiting)
        await eventually(pilot, lambda: other.check_action("hold_runs", ()))
        assert not other.check_action("retry_runs", ())
        assert other.check_action("cancel_runs", (False,))


@pytest.mark.anyio
async def test_a_damaged_folder_is_told_and_blocks_nothing(project, open_dashboard):
    run_id = ended(project)
    folder = project.paths.run(run_id)
    for name in (
        "request.json",
        "result.json",
        "source.json",
        "environment.json",
        "exit-1.json",
        "notes.jsonl",
    ):
        (folder.folder / name).write_bytes(b"\xff\x00[[[")
    project.paths.artifact(run_id).write_bytes(b"no zip")
    async with open_dashboard(project, size=(120, 40)) as (app, pilot):
        screen = await opened(app, pilot, run_id)

        page = said(screen)
        assert "its request can't be read" in page
        assert "the zip can't be read" in page
        assert "succeeded" in page


@pytest.mark.anyio
@pytest.mark.parametrize(
    "content",
    ['{"argv": 5}', '{"argv": [], "cwd": 1, "workspace": {}, "config": 3, "stop": [], "notes": 7}', "{}"],
)
def test_records_of_another_shape_cost_their_own_section_alone(project, content):
    from orp_tui.services.run_page import RunPageReader
    from orp_tui.tui.run_sections import page_sections

    run_id = project.submit()
    (project.paths.run(run_id).folder / "request.json").write_text(content)
    for name in ("source.json", "environment.json", "result.json"):
        (project.paths.run(run_id).folder / name).write_text(
            '{"git": 1, "tree": {}, "python": [], "metrics": [1]}'
        )

    sections = page_sections(RunPageReader(project.context, run_id).look(), now=1.0)

    assert any("damaged" in row.text for section in sections for row in section.rows)
    assert sections[0].rows[0].text.endswith("queued")


@pytest.mark.anyio
async def test_a_run_whose_folder_and_zip_are_gone_still_has_a_page(project, open_dashboard):
    run_id = ended(project)
    shutil.rmtree(project.paths.run(run_id).folder)
    os.unlink(project.paths.artifact(run_id))
    async with open_dashboard(project, size=(80, 24)) as (app, pilot):
        screen = await opened(app, pilot, run_id)

        await sees(pilot, "succeeded")
        screen.query_one(ArtifactList).focus()
        await pilot.press("enter", "V")
        await eventually(pilot, lambda: any("no zip" in words for words in app.said))


@pytest.mark.anyio
async def test_a_run_that_is_in_no_queue_is_one_clear_line(project, open_dashboard):
    project.submit()
    async with open_dashboard(project, size=(80, 24)) as (app, pilot):
        await opened(app, pilot, "exp_20261124_093000_none")

        await sees(pilot, "is not in this queue any more")
        await pilot.press("escape")
        await eventually(pilot, lambda: not isinstance(app.screen, RunDetailScreen))


@pytest.mark.anyio
async def test_hostile_names_and_last_words_are_drawn_as_text(project, open_dashboard):
    path = project.file("printf '\\033[2J[/]\\033]52;c;aGk=\\007oh\\n' >&2; exit 1")
    data = path.read_text().replace('"fault-1"', '"[/][bold]\\u001b[31mo' + "\\u0301" * 10_000 + '"')
    path.write_text(data)
    from orp_tui.services.submit import sources_of_file

    (source,) = sources_of_file(project.context, path)
    run_id = project.submit_source(source)
    project.leader()
    project.await_state(run_id, RunState.FAILED)
    async with open_dashboard(project, size=(80, 24)) as (app, pilot):
        screen = await opened(app, pilot, run_id)

        await sees(pilot, "[/][bold]")
        assert "\x1b" not in text(app)
        assert said(screen).replace("\n", "").isprintable()


@pytest.mark.anyio
async def test_command_zip_and_file_can_be_copied(project, open_dashboard):
    run_id = ended(project, "exit 0")
    async with open_dashboard(project, size=(120, 40)) as (app, pilot):
        screen = await opened(app, pilot, run_id)

        choices = screen.copy_choices()

    archive = str(project.paths.artifact(run_id))
    assert choices["id"][1] == run_id
    assert choices["path of the zip"][1] == archive
    assert choices["path of result.json"][1] == f"{archive}::result.json"
    assert choices["command"][1].startswith("/")
