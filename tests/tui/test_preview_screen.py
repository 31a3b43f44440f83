"""Looking into files from the dashboard: going in, coming back, what is said."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from screens import eventually, lines, sees, text
from stage import Stage
from textual.pilot import Pilot

from orp_tui.core.checklist import ChecklistItem, CheckOutcome, CheckResult, DeliverableStatus
from orp_tui.services.preview import Place
from orp_tui.tui.screens.preview import PreviewScreen

SIZES = [(60, 15), (80, 24), (120, 40), (200, 60)]


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / "output/inner").mkdir(parents=True)
    (tmp_path / "output/metrics.json").write_text('{"accuracy": 0.97}')
    (tmp_path / "output/inner/notes.txt").write_text("".join(f"note {number}\n" for number in range(100)))
    return tmp_path


def item(path: str, *results: CheckResult, files: tuple[str, ...] = ()) -> ChecklistItem:
    return ChecklistItem(0, "metrics", path, True, DeliverableStatus.INVALID, results, files or (path,), 20)


async def looked(pilot: Pilot[None], kind: str) -> PreviewScreen:
    """The screen, once it shows something of that kind."""

    def found() -> PreviewScreen | None:
        screen = pilot.app.screen
        is_there = (
            isinstance(screen, PreviewScreen) and screen.shown is not None and screen.shown.kind == kind
        )
        return screen if is_there else None

    return await eventually(pilot, found)


@pytest.mark.anyio
@pytest.mark.parametrize("size", SIZES)
async def test_a_file_is_shown_with_its_name_kind_and_content(workspace, size):
    app = Stage()
    async with app.run_test(size=size) as pilot:
        await app.push_screen(PreviewScreen(Place(workspace, "output/metrics.json")))
        await looked(pilot, "JSON")

        await sees(pilot, "output/metrics.json", "JSON, 18 B", '"accuracy": 0.97')
        assert all(len(line) <= size[0] for line in lines(app))


@pytest.mark.anyio
async def test_enter_goes_into_folders_and_esc_comes_back_step_by_step(workspace):
    app = Stage()
    async with app.run_test(size=(80, 24)) as pilot:
        await app.push_screen(PreviewScreen(Place(workspace, "output")))
        await looked(pilot, "folder")
        await sees(pilot, "inner/", "metrics.json")

        await pilot.press("enter")
        await sees(pilot, "notes.txt", gone="metrics.json")
        await pilot.press("enter")
        await looked(pilot, "text")
        await sees(pilot, "note 0")

        await pilot.press("escape")
        await sees(pilot, "notes.txt", gone="note 0")
        await pilot.press("escape", "escape")
        await eventually(pilot, lambda: not isinstance(app.screen, PreviewScreen))


@pytest.mark.anyio
async def test_what_each_check_said_stands_above_the_file(workspace):
    failed = CheckResult("threshold", CheckOutcome.FAIL, "accuracy 0.97 < 0.99")
    unknown = CheckResult("json_schema", CheckOutcome.ERROR, "needs: pip install jsonschema")
    passed = CheckResult("exists", CheckOutcome.PASS, "18 bytes")
    app = Stage()
    async with app.run_test(size=(80, 24)) as pilot:
        await app.push_screen(
            PreviewScreen(Place(workspace), item("output/metrics.json", passed, failed, unknown))
        )
        await looked(pilot, "JSON")

        await sees(
            pilot,
            "[x] exists: 18 bytes",
            "[!] threshold: accuracy 0.97 < 0.99",
            "[?] json_schema: needs:",
            '"accuracy"',
        )


@pytest.mark.anyio
async def test_a_deliverable_of_several_files_lets_one_choose(workspace):
    both = item("output/**", files=("output/metrics.json", "output/inner/notes.txt"))
    app = Stage()
    async with app.run_test(size=(80, 24)) as pilot:
        await app.push_screen(PreviewScreen(Place(workspace), both))
        await looked(pilot, "several files")

        await pilot.press("j", "enter")

        await looked(pilot, "text")


@pytest.mark.anyio
async def test_a_missing_file_and_a_fifo_are_one_clear_line(workspace):
    os.mkfifo(workspace / "fifo")
    app = Stage()
    async with app.run_test(size=(80, 24)) as pilot:
        await app.push_screen(PreviewScreen(Place(workspace, "fifo")))
        await sees(pilot, "not opened: a FIFO (named pipe)")
        await pilot.press("escape")
        await app.push_screen(PreviewScreen(Place(workspace, "gone.csv")))
        await sees(pilot, "nothing is there")


@pytest.mark.anyio
async def test_looking_again_shows_what_has_changed_and_stays_where_one_reads(workspace):
    path = workspace / "output/inner/notes.txt"
    app = Stage()
    async with app.run_test(size=(80, 24)) as pilot:
        await app.push_screen(PreviewScreen(Place(workspace, "output/inner/notes.txt")))
        await sees(pilot, "note 0")
        await pilot.press("G")
        await sees(pilot, "note 99")
        path.write_text(path.read_text().replace("note 99", "note ninety-nine"))

        await pilot.press("r")

        await sees(pilot, "note ninety-nine")


@pytest.mark.anyio
@pytest.mark.parametrize("whole", [False, True])
async def test_the_path_is_copied_and_that_is_said(workspace, tmp_path, monkeypatch, whole):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    for name in ("TMUX", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    app = Stage()
    async with app.run_test(size=(80, 24)) as pilot:
        path = "output/metrics.json"
        await app.push_screen(
            PreviewScreen(Place(workspace, ""), item(path))
            if whole
            else PreviewScreen(Place(workspace, path))
        )
        await looked(pilot, "JSON")

        await pilot.press("y")

        await eventually(pilot, lambda: app.clipboard == f"{workspace}/{path}")
        assert app.said


@pytest.mark.anyio
async def test_hostile_names_and_contents_are_drawn_as_text(workspace):
    name = "[bold]x\x1b[2J["
    (workspace / name).write_text("[red]a[/red] \x1b]52;c;aGk=\x07 [/]\n" + "o" + "\u0301" * 10_000 + "\n")
    app = Stage()
    async with app.run_test(size=(80, 24)) as pilot:
        await app.push_screen(PreviewScreen(Place(workspace, name)))
        await sees(pilot, "[red]a[/red]", "[bold]x[")

        assert "\x1b" not in text(app)


@pytest.mark.anyio
async def test_a_resize_while_a_file_is_shown_keeps_it_whole(workspace):
    app = Stage()
    async with app.run_test(size=(120, 40)) as pilot:
        await app.push_screen(PreviewScreen(Place(workspace, "output")))
        await looked(pilot, "folder")
        for size in ((60, 15), (20, 6), (200, 60), (80, 24)):
            await pilot.resize_terminal(*size)
            await pilot.pause()

        await sees(pilot, "metrics.json", "2 files")
