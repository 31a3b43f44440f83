"""The dashboard driven by keys: what a person sees and what comes of it."""

from __future__ import annotations

import json
import threading

import pytest
from screens import eventually, lines, sees, text
from textual.widgets import OptionList

from orp_tui.core.states import RunState
from orp_tui.engine.alert_log import AlertRecord, note_alert
from orp_tui.services import acts
from orp_tui.services.board import BoardReader
from orp_tui.services.clipboard import Clipboard
from orp_tui.services.preview import Place as FilePlace
from orp_tui.services.selected import SelectedReader
from orp_tui.services.submit import sources_of_file
from orp_tui.store import groups
from orp_tui.tui.bindings import KEYS
from orp_tui.tui.palette import KeyProvider
from orp_tui.tui.place import Place
from orp_tui.tui.screens.config_view import ConfigView
from orp_tui.tui.screens.dashboard import DashboardScreen
from orp_tui.tui.screens.preview import PreviewScreen
from orp_tui.tui.screens.system import LaidOut
from orp_tui.tui.widgets.info_panel import InfoPanel
from orp_tui.tui.widgets.log_view import LogView
from orp_tui.tui.widgets.queue_table import QueueTable

pytestmark = pytest.mark.anyio


def short(run_id: str) -> str:
    return run_id.rpartition("_")[2]


def states(project):
    reader = BoardReader(project.context)
    try:
        return {item.run.id: item for item in reader.look().rows}
    finally:
        reader.close()


async def test_an_empty_project_says_that_nothing_runs(project, open_dashboard):
    async with open_dashboard(project, size=(80, 24)) as (_app, pilot):
        await sees(pilot, "nothing runs", "Queue  0")


async def test_a_screen_that_is_opened_before_the_first_look_is_filled_all_the_same(project, open_dashboard):
    (project.folder / "here.yaml").write_text(
        "experiment: {name: here}\ntraining: {script: [python, a.py]}\n"
    )
    async with open_dashboard(project, size=(120, 18)) as (_app, pilot):
        await pilot.press("5")
        await sees(pilot, "disk", "This dashboard")
        await pilot.press("escape")
        await sees(pilot, "here.yaml")


async def test_who_leaves_on_the_system_screen_comes_back_to_it(project, open_dashboard):
    async with open_dashboard(project) as (app, pilot):
        await pilot.press("5")
        await sees(pilot, "disk")
        place = app.place
        await pilot.press("escape")
        await eventually(pilot, lambda: app.screen.query(QueueTable))
        assert app.place.screen == ""
    async with open_dashboard(project, place=Place.from_json(place.to_json())) as (app, pilot):
        await sees(pilot, "[5]System", "disk")
        await pilot.press("1")
        await sees(pilot, "[1]Dashboard", "Queue  0")


async def test_what_the_mouse_selected_goes_the_same_way_as_what_y_copies(
    project, open_dashboard, monkeypatch
):
    copied = []
    monkeypatch.setattr(Clipboard, "copy", lambda _self, words: copied.append(words) or "copied: to all")
    async with open_dashboard(project, size=(100, 30)) as (_app, pilot):
        await sees(pilot, "Queue  0")
        await pilot.press("ctrl+c")
        await sees(pilot, "q leaves")
        monkeypatch.setattr(DashboardScreen, "get_selected_text", lambda _self: "epoch 3 done")

        await pilot.press("ctrl+c")

        await sees(pilot, "copied: to all")
        assert copied == ["epoch 3 done"]


async def test_the_letter_of_a_choice_is_no_key_of_the_screen_beneath(project, open_dashboard, monkeypatch):
    copied = []
    monkeypatch.setattr(
        Clipboard, "copy", lambda _self, words: copied.append(words) or f"copied {len(copied)}"
    )
    run_id = project.submit()
    async with open_dashboard(project, size=(100, 30)) as (_app, pilot):
        await sees(pilot, short(run_id), "wait")
        for number, letter in enumerate("sp", start=1):  # hold the run, pause its group
            await pilot.press("y")
            await sees(pilot, "path of the run folder")
            await pilot.press(letter)
            await sees(pilot, f"copied {number}")
        await pilot.press("j", "k")

        assert not states(project)[run_id].run.held
        assert "paused" not in text(pilot.app)
        with project.context.store() as connection:
            assert not any(group.paused for group in groups.read(connection).values())


async def test_the_system_screen_zooms_a_pane_and_copies_all_of_it(project, open_dashboard, monkeypatch):
    copied = []
    monkeypatch.setattr(Clipboard, "copy", lambda _self, words: copied.append(words) or "copied")
    async with open_dashboard(project, size=(120, 18)) as (app, pilot):
        await pilot.press("5")
        await sees(pilot, "Machine", "Queue", "This dashboard")
        machine, queue = app.screen.query(LaidOut)

        await pilot.press("z")
        await eventually(pilot, lambda: machine.size.width > 110 and not queue.display)
        await pilot.press("escape")
        await eventually(pilot, lambda: queue.display)

        await pilot.press("y")
        await sees(pilot, "all about the machine")
        await pilot.press("m")
        await eventually(pilot, lambda: copied)
        assert copied[0].splitlines()[0].startswith("GPUs")
        assert "disk" in copied[0]

        await pilot.press("escape")
        await eventually(pilot, lambda: app.screen.query(QueueTable))


async def test_waiting_runs_are_told_with_their_reason(project, open_dashboard):
    run_id = project.submit()
    async with open_dashboard(project, size=(100, 24)) as (_app, pilot):
        await sees(pilot, short(run_id), "wait", "1 wait", "no queue processor")


async def test_what_is_known_of_one_run_does_not_stand_beside_the_log_of_the_next(
    project, open_dashboard, monkeypatch
):
    first, second = project.submit(), project.submit()
    goes_on, look = threading.Event(), SelectedReader.look
    monkeypatch.setattr(
        SelectedReader,
        "look",
        lambda self, run_id: (run_id != second or goes_on.wait(20)) and look(self, run_id),
    )
    async with open_dashboard(project, size=(160, 45)) as (app, pilot):
        info = app.screen.query_one(InfoPanel)
        told = lambda: "".join(line.text for line in info.lines_shown)  # noqa: E731 - asked again and again
        try:
            await eventually(pilot, lambda: first in told())
            await pilot.press("j")
            await eventually(pilot, lambda: info.lines_shown == ())
        finally:
            goes_on.set()
        await eventually(pilot, lambda: second in told())


async def test_a_run_is_held_and_that_is_undone(project, open_dashboard):
    run_id = project.submit()
    async with open_dashboard(project) as (_app, pilot):
        await sees(pilot, short(run_id))

        await pilot.press("s")
        await sees(pilot, "held")
        await pilot.press("u")
        await eventually(pilot, lambda: not states(project)[run_id].run.held)
        await pilot.press("U")
        await eventually(pilot, lambda: states(project)[run_id].run.held)


async def test_runs_are_moved_and_the_cursor_stays_with_its_run(project, open_dashboard):
    first, second, third = (project.submit() for _ in range(3))
    async with open_dashboard(project) as (app, pilot):
        await sees(pilot, short(third))
        table = app.screen.query_one(QueueTable)

        await pilot.press("G", "T")
        await eventually(pilot, lambda: table.keys_shown == (third, first, second))

        assert table.cursor_key == third
        await pilot.press("J")
        await eventually(pilot, lambda: table.keys_shown == (first, third, second))
        assert table.cursor_key == third


async def test_a_verb_acts_on_the_marks(project, open_dashboard):
    runs = [project.submit() for _ in range(3)]
    async with open_dashboard(project) as (_app, pilot):
        await sees(pilot, short(runs[-1]))

        await pilot.press("space", "space")
        await sees(pilot, "2 marked")
        await pilot.press("s")

        await eventually(pilot, lambda: sum(item.run.held for item in states(project).values()) == 2)
        await pilot.press("escape")
        await sees(pilot, "Queue  3", gone="marked")


async def test_a_waiting_run_is_dropped_without_a_question_and_comes_back_by_undo(project, open_dashboard):
    run_id = project.submit()
    async with open_dashboard(project) as (_app, pilot):
        await sees(pilot, short(run_id))

        await pilot.press("x")
        await eventually(pilot, lambda: states(project)[run_id].state is RunState.CANCELLED)
        await pilot.press("u")
        await eventually(pilot, lambda: len(states(project)) == 2)


async def test_cancelling_a_running_run_asks_and_names_it(project, open_dashboard):
    run_id = project.submit("sleep 60", stop={"grace": "5s"})
    project.leader()
    async with open_dashboard(project) as (app, pilot):
        await sees(pilot, "running")

        await pilot.press("x")
        await sees(pilot, "Cancel 1 run?", run_id, "orp cancel", "SIGTERM, then SIGKILL after 5.0s")
        await pilot.press("enter", "n")
        await eventually(pilot, lambda: len(app.screen_stack) == 1)
        assert states(project)[run_id].state is RunState.RUNNING

        await pilot.press("x", "y")
        await sees(pilot, "cancelled")
        await eventually(pilot, lambda: states(project)[run_id].state is RunState.CANCELLED)


async def test_many_runs_are_cancelled_only_with_their_number(project, open_dashboard):
    for _ in range(6):
        project.submit("sleep 60")
    project.leader(slots=1)
    async with open_dashboard(project) as (app, pilot):
        await sees(pilot, "running")

        await pilot.press("asterisk", "x")
        await sees(pilot, "Cancel 6 runs?", "Type 6")
        await pilot.press("y", "5", "enter")
        await eventually(pilot, lambda: len(app.screen_stack) == 1)
        assert any(item.state is RunState.RUNNING for item in states(project).values())

        await pilot.press("x", "6", "enter")
        await eventually(pilot, lambda: all(item.state.is_final for item in states(project).values()))


async def test_a_filter_shows_only_what_holds_the_words(project, open_dashboard):
    first, second = project.submit(), project.submit()
    async with open_dashboard(project) as (_app, pilot):
        await sees(pilot, short(second))

        await pilot.press("slash", *"fault-1")
        await sees(pilot, "filter: fault-1", short(first), gone="fault-2")
        await pilot.press("enter", "escape")
        await sees(pilot, short(first), short(second))


async def test_the_help_shows_the_keys_of_this_place_and_runs_one(project, open_dashboard):
    run_id = project.submit()
    async with open_dashboard(project) as (_app, pilot):
        await sees(pilot, short(run_id))

        await pilot.press("question_mark")
        await sees(pilot, "Keys: Queue", "Cancel", "Keep a waiting run from starting")
        await pilot.press(*"keep a waiting", "enter")

        await eventually(pilot, lambda: states(project)[run_id].run.held)


async def test_the_palette_finds_an_act_by_its_name(project, open_dashboard):
    run_id = project.submit()
    async with open_dashboard(project) as (_app, pilot):
        await sees(pilot, short(run_id))

        await pilot.press("colon", *"queue: hold")
        await sees(pilot, "Queue: Hold")
        await pilot.press("enter")

        await eventually(pilot, lambda: states(project)[run_id].run.held)


async def test_what_was_said_can_be_read_again(project, open_dashboard):
    project.submit()
    async with open_dashboard(project) as (_app, pilot):
        await sees(pilot, "wait")
        await pilot.press("R")
        await sees(pilot, "only a run that has ended takes this")

        await pilot.press("exclamation_mark")

        await sees(pilot, "Messages", "only a run that has ended takes this")


@pytest.mark.parametrize("size", [(20, 6), (60, 15), (80, 24), (120, 40), (200, 60)])
async def test_every_panel_is_reached_by_tab_at_every_size(project, open_dashboard, size):
    project.submit()
    async with open_dashboard(project, size=size) as (app, pilot):
        await pilot.pause()
        seen = set()
        for _ in range(8):
            await pilot.press("tab")
            seen.add(app.screen.pane_of_focus())
            shown = app.screen.query_one(f"#{app.screen.pane_of_focus()}")
            assert shown.display
            assert shown.size.area > 0

        assert {"configs", "queue"} <= seen
        assert all(len(line) <= size[0] for line in lines(app))


async def test_zoom_gives_a_panel_the_screen_and_escape_takes_it_back(project, open_dashboard):
    project.submit()
    async with open_dashboard(project, size=(120, 40)) as (_app, pilot):
        await sees(pilot, "Deliverables")

        await pilot.press("z")
        await sees(pilot, "Queue", gone="Deliverables")
        await pilot.press("escape")
        await sees(pilot, "Queue", "Deliverables")


async def test_a_zoomed_panel_says_of_which_run_it_is(project, open_dashboard):
    run_id = project.submit()
    async with open_dashboard(project, size=(80, 24)) as (_app, pilot):
        await sees(pilot, short(run_id))

        await pilot.press("right_square_bracket", "tab", "z")
        await sees(pilot, "[Deliverables", f"{short(run_id)} fault-1", gone="Queue")


async def test_a_hostile_name_is_one_harmless_cell(project, open_dashboard):
    for name in ("[/]", "[bold red]x", "a\u0301" * 10_000, "\x1b]52;c;AAAA\x07\x1b[2J", "漢字" * 200):
        path = project.file("true")
        data = json.loads(path.read_text())
        data["experiment"]["name"] = name
        path.write_text(json.dumps(data))
        for source in sources_of_file(project.context, path):
            project.submit_source(source)
    async with open_dashboard(project, size=(100, 24)) as (app, pilot):
        await sees(pilot, "[/]", "[bold red]x", "漢字", "5 wait")

        assert "\x1b" not in text(app)
        assert "\x07" not in text(app)


async def test_what_another_client_does_is_seen(project, open_dashboard):
    run_id = project.submit()
    async with open_dashboard(project) as (_app, pilot):
        await sees(pilot, short(run_id))

        acts.hold(project.context, [run_id])
        await sees(pilot, "held")
        other = project.submit()
        await sees(pilot, short(other), "Queue  2")


async def test_the_same_place_is_shown_again(project, open_dashboard):
    runs = [project.submit() for _ in range(3)]
    async with open_dashboard(project, size=(80, 24)) as (app, pilot):
        await sees(pilot, short(runs[2]))
        await pilot.press("j", "right_square_bracket")
        await sees(pilot, "[Deliverables")
        place = app.place

    async with open_dashboard(project, size=(80, 24), place=Place.from_json(place.to_json())) as (app, pilot):
        await sees(pilot, "[Deliverables")
        table = app.screen.query_one(QueueTable)
        await eventually(pilot, lambda: table.cursor_key == runs[1])


async def test_a_file_is_queued_and_the_cursor_goes_to_its_run(project, open_dashboard):
    path = project.file("true")
    async with open_dashboard(project, size=(100, 30)) as (app, pilot):
        await sees(pilot, "nothing was run here yet", path.name[:8])

        await pilot.press("a", "a")
        await sees(pilot, "Queue  1", "queued")

        (run_id,) = states(project)
        await eventually(pilot, lambda: app.screen.query_one(QueueTable).cursor_key == run_id)


async def test_a_file_that_breaks_while_it_is_shown_says_where(project, open_dashboard):
    path = project.file("true")
    async with open_dashboard(project, size=(160, 40)) as (_app, pilot):
        await sees(pilot, "Configs  1")

        path.write_text("experiment: {name: x}\ntraining: {script: [true]\n")
        await sees(pilot, "line ")
        path.write_text(project.file("true").read_text())
        await sees(pilot, "Configs  2", gone="line ")


async def test_a_run_is_opened_and_escape_comes_back(project, open_dashboard):
    run_id = project.submit("echo to-stdout; exit 3")
    project.leader()
    async with open_dashboard(project, size=(100, 30)) as (_app, pilot):
        await sees(pilot, "FAILED")

        await pilot.press("enter")
        await sees(pilot, "How it ended", "exit code", run_id)
        await pilot.press("escape")
        await sees(pilot, "Queue  1")


async def test_the_machine_is_a_digit_away(project, open_dashboard):
    project.submit()
    async with open_dashboard(project, size=(110, 30)) as (_app, pilot):
        await sees(pilot, "wait")

        await pilot.press("5")
        await sees(pilot, "Machine", "Host", "cpu")
        await pilot.press("1")
        await sees(pilot, "Queue  1")


async def test_a_failed_run_is_tried_again_and_told_apart(project, open_dashboard):
    run_id = project.submit("exit 3")
    project.leader()
    async with open_dashboard(project) as (app, pilot):
        await sees(pilot, "FAILED")

        await pilot.press("R")
        await sees(pilot, "queued again as", "Queue  2")

        table = app.screen.query_one(QueueTable)
        await eventually(pilot, lambda: table.cursor_key not in (None, run_id))


async def test_the_last_line_offers_only_what_the_run_can_take(project, open_dashboard):
    run_id = project.submit()
    async with open_dashboard(project, size=(110, 24)) as (_app, pilot):
        await sees(pilot, short(run_id), "s Hold", gone="R Retry")

        await pilot.press("d")
        await sees(pilot, "cancelled", "R Retry", gone="s Hold")


async def test_every_key_is_in_the_palette_and_in_the_help(project, open_dashboard):
    async with open_dashboard(project) as (app, pilot):
        found = [hit.text async for hit in KeyProvider(app.screen).discover()]
        assert len(found) == len(KEYS) - 1  # the palette does not offer itself

        await pilot.press("question_mark")
        await sees(pilot, "Keys: Queue")
        listed = {option.id for option in app.screen.query_one(OptionList).options if option.id is not None}
        assert listed == {key.id for key in KEYS}


async def test_help_palette_and_messages_open_above_a_look_into_a_file(project, open_dashboard):
    (project.folder / "a.yaml").write_text("experiment: {name: a}\ntraining: {script: x}\n")
    for screen in (ConfigView(project.folder / "a.yaml"), PreviewScreen(FilePlace(project.folder, "a.yaml"))):
        async with open_dashboard(project) as (app, pilot):
            await app.push_screen(screen)
            await sees(pilot, "experiment: {name: a}", "? Help")

            await pilot.press("question_mark")
            await sees(pilot, "Keys: ")
            await pilot.press("escape", "exclamation_mark")
            await sees(pilot, "Messages")
            await pilot.press("escape", "colon")
            await eventually(pilot, lambda: len(app.screen_stack) == 3)
            await pilot.press("escape")
            await eventually(pilot, lambda here=screen: app.screen is here)


async def test_an_act_of_another_place_says_that_it_does_nothing_here(project, open_dashboard):
    async with open_dashboard(project) as (app, pilot):
        await pilot.press("5")
        app.run_key("log.wrap")
        await sees(pilot, "Log: Wrap does nothing here")


async def test_a_paused_group_and_all_of_a_long_message_can_be_read(project, open_dashboard):
    run_id = project.submit()
    async with open_dashboard(project, size=(80, 24)) as (app, pilot):
        await sees(pilot, short(run_id))
        await pilot.press("p")
        await sees(pilot, "paused: group default")
        await pilot.press("u")
        await sees(pilot, short(run_id), gone="paused: group default")

        app.say(
            "so long a story that no line of eighty cells holds it, and whose last word of all is the moral"
        )
        await pilot.press("exclamation_mark")
        await sees(pilot, "Messages", "so long a story", "moral")
        app.clear_notifications()
        await sees(pilot, "Messages", "so long a story", "moral")


async def test_what_can_be_copied_is_what_the_panel_with_the_focus_shows(project, open_dashboard):
    (project.folder / "a.yaml").write_text("experiment: {name: a}\ntraining: {script: x}\n")
    run_id = project.submit("echo the line; exit 0")
    project.leader()
    project.await_state(run_id, RunState.SUCCEEDED)
    async with open_dashboard(project, size=(160, 40)) as (app, pilot):
        await sees(pilot, short(run_id), "the line", "a.yaml")
        await eventually(pilot, lambda: "command of the run under the cursor" in app.screen.copy_choices())
        assert "line" not in app.screen.copy_choices()

        app.screen.query_one(LogView).focus()
        await eventually(pilot, lambda: app.screen.copy_choices().get("line") == ("l", "the line"))
        app.screen.query_one("#configs").focus()
        await eventually(
            pilot, lambda: str(project.folder / "a.yaml") in dict(app.screen.copy_choices().values()).values()
        )


async def test_an_act_on_nothing_is_answered_once(project, open_dashboard):
    async with open_dashboard(project) as (app, pilot):
        await sees(pilot, "nothing was run here yet")

        await pilot.press("x", "s", "R")

        assert [line.partition("  ")[2] for line in app.said] == ["there is no run here"] * 3


async def test_an_undo_that_fails_can_be_tried_again(project, open_dashboard):
    run_id = project.submit()
    async with open_dashboard(project) as (_app, pilot):
        await sees(pilot, short(run_id))
        await pilot.press("s")
        await sees(pilot, "held")

        away = project.paths.state.with_name("away")
        project.paths.state.rename(away)
        project.paths.state.write_text("in the way of the folder")
        await pilot.press("u")
        await sees(pilot, "state")
        project.paths.state.unlink()
        away.rename(project.paths.state)
        await pilot.press("u")

        await eventually(pilot, lambda: not states(project)[run_id].run.held)


async def test_an_alert_that_comes_while_one_looks_is_said(project, open_dashboard):
    run_id = project.submit(project.waits)
    project.leader()
    project.await_state(run_id, RunState.RUNNING)
    async with open_dashboard(project) as (_app, pilot):
        await sees(pilot, short(run_id), "running")

        words = "loss is NaN at step 7"
        note_alert(
            project.run(run_id), AlertRecord(1, 1.0, "nan(loss)", "loss", 7.0, 1.0, words, ("notify",))
        )
        await sees(pilot, "! nan(loss)", f"alert in {short(run_id)}", "loss is NaN")
