"""GPUs and host on a line and on a screen: as much as fits, quiet when nothing moves."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from made_runs import made_run
from rich.cells import cell_len
from screens import lines, text
from stage import Stage

from orp_tui.core.states import RunState
from orp_tui.services.machine import GpuLook, GpuUser, HostLook, MachineLook
from orp_tui.services.machine_runs import RunUse
from orp_tui.services.system import SystemLook
from orp_tui.services.watch import RunView, Snapshot
from orp_tui.store.events import Event
from orp_tui.tui.machine_lines import machine_lines, queue_lines
from orp_tui.tui.manners import Manners
from orp_tui.tui.screens.system import SystemScreen
from orp_tui.tui.widgets.meters import MachineStrip, Steady, bar, curve, gigabytes, strip_parts

GIB = 1 << 30
RUN = "exp_20261124_093000_k7f3"
SIZES = [(60, 15), (80, 24), (120, 40), (200, 60)]


def gpu(index: int = 0, **values: Any) -> GpuLook:
    usual: dict[str, Any] = {
        "name": "NVIDIA A100-SXM4-40GB", "total_bytes": 40 * GIB, "used_bytes": 0, "utilisation": 0.0, "temperature_c": 44.0,
        "power_w": 60.0, "runs": (), "booked_bytes": 0, "users": (), "trouble": None,
    }  # fmt: skip
    return GpuLook(index, **{**usual, **values})


def host(**values: Any) -> HostLook:
    usual: dict[str, Any] = {
        "cpus": 64, "cpu_busy": 0.34, "load": 12.3, "memory_total": 512 * GIB, "memory_available": 424 * GIB,
        "disk_total": 4000 * GIB, "disk_free": 1200 * GIB, "disk_full_in_s": None, "disk_words": "",
    }  # fmt: skip
    return HostLook(**{**usual, **values})


def machine(*gpus: GpuLook, no_gpus: str = "", on: HostLook | None = None, **values: Any) -> MachineLook:
    return MachineLook(1.0, gpus, no_gpus or ("" if gpus else "no GPU"), False, on or host(), **values)


TAKEN = gpu(
    0, used_bytes=31 * GIB, utilisation=0.98, runs=(RUN,), booked_bytes=40 * GIB,
    users=(GpuUser(RUN, True, "ana", 11, "python", 31 * GIB),), temperature_c=71.0, history=(0.0, 0.5, 1.0),
)  # fmt: skip
STRANGER = gpu(
    1,
    used_bytes=14 * GIB,
    utilisation=0.5,
    users=(GpuUser("maria", False, "maria", 12, "python3", 14 * GIB),),
)
LOST = gpu(3, trouble="lost")
FULL = machine(TAKEN, STRANGER, gpu(2), LOST, runs=(RunUse(RUN, "[/]", 9, 7.9, 31 * GIB, (0,)),))


def words(look: MachineLook, width: int) -> str:
    return "".join(part.text for part in strip_parts(look, width))


# The strip


def test_with_room_each_gpu_has_load_memory_and_who_has_it():
    assert words(FULL, 200) == (
        "GPU 0:98% 31G/40G k7f3 | 1:50% 14G/40G maria | 2: free | 3: lost"
        " · cpu 34% · ram 88/512G · disk 1.2T free"
    )


@pytest.mark.parametrize("width", range(5, 130, 3))
def test_the_line_fits_whatever_the_width_and_never_loses_the_load(width):
    line = words(FULL, width)

    assert cell_len(line) <= width
    assert "98%" in line or "4 GPUs"[: min(6, width)].rstrip() in line or width < 12


def test_many_gpus_on_a_narrow_line_are_counted():
    gpus = [gpu(n, utilisation=0.9, runs=(RUN,)) for n in range(14)] + [gpu(14), gpu(15, trouble="lost")]

    assert words(machine(*gpus), 40) == "16 GPUs: 14 taken 1 free 1 lost"


def test_without_a_gpu_the_host_has_the_line():
    assert words(machine(), 80) == "no GPU · cpu 34% · ram 88/512G · disk 1.2T free"


def test_a_sick_driver_is_a_warning():
    first = strip_parts(machine(no_gpus="the GPU driver does not answer"), 100)[0]

    assert (first.text, first.style) == ("the GPU driver does not answer", "warning")


def test_a_disk_that_fills_is_a_warning_and_keeps_its_place():
    full = host(disk_full_in_s=1800.0)

    assert "disk 1.2T free, full in ~30m!" in words(machine(on=full), 100)
    assert strip_parts(machine(TAKEN, on=full), 60)[-1].style == "warning"


def test_a_gpu_that_another_queue_has_booked_is_not_free():
    assert "other queue" in words(machine(gpu(booked_bytes=GIB, utilisation=0.1)), 100)


def test_a_hot_gpu_says_so():
    assert "91C!" in words(machine(gpu(utilisation=1.0, temperature_c=91.0)), 100)


def test_hostile_user_names_are_one_harmless_line():
    evil = gpu(users=(GpuUser("\x1b[2J[/]\n\u202e", False, "", 1, "x", GIB),), utilisation=0.5)

    assert words(machine(evil), 100).isprintable()


@pytest.mark.anyio
async def test_the_strip_sends_nothing_while_numbers_hardly_move():
    strip = MachineStrip()
    async with Stage(strip).run_test(size=(100, 3)) as pilot:
        strip.show(FULL)
        await pilot.pause()
        before, refreshed = strip.words, []
        strip.refresh = lambda *_, **__: refreshed.append(1)  # type: ignore[method-assign]

        nearly = dataclasses.replace(TAKEN, utilisation=0.96, used_bytes=31 * GIB + 200_000_000)
        on = host(cpu_busy=0.36, memory_available=424 * GIB - GIB // 2, disk_free=1200 * GIB - GIB)
        strip.show(dataclasses.replace(FULL, gpus=(nearly, *FULL.gpus[1:]), host=on))
        assert (strip.words, refreshed) == (before, [])

        strip.show(
            dataclasses.replace(FULL, gpus=(dataclasses.replace(TAKEN, utilisation=0.5), *FULL.gpus[1:]))
        )
        assert "0:50%" in strip.words
        assert refreshed


@pytest.mark.anyio
async def test_the_strip_has_ascii_signs_only_if_asked_to():
    strip = MachineStrip(ascii_only=True)
    async with Stage(strip).run_test(size=(120, 3)):
        strip.show(FULL)

        assert strip.words.isascii()
        assert "cpu 34%" in strip.words


def test_a_share_that_comes_to_its_end_is_shown_at_once():
    steady = Steady()

    assert steady("a", 0.98, 0.05) == 0.98
    assert steady("a", 0.99, 0.05) == 0.98
    assert steady("a", 1.0, 0.05) == 1.0
    assert steady("a", 0.0, 0.05) == 0.0


def test_bars_and_curves_have_the_width_they_are_given():
    assert bar(0.5, 12, ascii_only=True) == "[#####.....]"
    assert bar(None, 6) == "[····]"
    assert curve((0.0, 0.5, 1.0), 5) == "   ▄█"
    assert curve((0.0,) * 9, 4, ascii_only=True) == "    "
    assert {len(curve((2.0, -1.0), width)) for width in (0, 1, 7)} == {0, 1, 7}


@pytest.mark.parametrize(
    ("count", "said"),
    [(None, "?"), (0, "0.0G"), (4.2 * GIB, "4.2G"), (31 * GIB, "31G"), (1200 * GIB, "1.2T")],
)
def test_sizes_are_short(count, said):
    assert gigabytes(count) == said


# The screen


def view(state: RunState, **values: Any) -> RunView:
    return RunView(
        made_run(RUN, state=state),
        state,
        None,
        values.pop("detail", None),
        frozenset(),
        1.0,
        None,
        None,
        None,
        None,
    )


def system(look: MachineLook = FULL, **values: Any) -> SystemLook:
    seen = Snapshot(
        1.0,
        None,
        2,
        values.pop("paused", None),
        (view(RunState.RUNNING), view(RunState.QUEUED, detail=f"after {RUN}")),
        {},
        7,
    )
    events = (
        Event(7, RUN, 2.0, "leader", "start", None),
        Event(6, RUN, 1.0, "ana@lab", "submit", "[/]\x1b[2J"),
    )
    return SystemLook(look, seen, events, 50 << 20)


@pytest.mark.anyio
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("is_ascii", [False, True])
async def test_the_system_screen_says_all_of_it_at_every_size(size, is_ascii):
    app = Stage(manners=Manners(colours="none"))
    async with app.run_test(size=size) as pilot:
        screen = SystemScreen(ascii_only=is_ascii)
        await app.push_screen(screen)
        screen.show(system(), bytes_sent=4096)
        await pilot.pause()

        shown = "\n".join(
            line.text for page in screen.query("LaidOut") if page.display for line in page.lines_shown
        )

        for said in (
            "98%",
            "maria",
            "lost",
            RUN,
            "python3",
            "88G of 512G",
            "[/]",
            "1 of 2 taken",
            "nobody",
            "4.0 KiB",
        ):
            assert said in shown, said
        assert all(cell_len(row) <= size[0] for row in lines(app))
        if is_ascii:
            assert shown.replace("…", "").isascii()  # the mark of a cut is the app's business


@pytest.mark.anyio
async def test_the_first_look_is_waited_for_in_words_and_esc_goes_back():
    app = Stage()
    async with app.run_test(size=(80, 24)) as pilot:
        await app.push_screen(SystemScreen())
        await pilot.pause()
        assert "looking at the machine" in text(app)

        app.screen.action_back()  # what the key `app.back` does
        await pilot.pause()
        assert not isinstance(app.screen, SystemScreen)


@pytest.mark.anyio
async def test_an_equal_look_draws_nothing_again():
    app = Stage()
    async with app.run_test(size=(120, 40)) as pilot:
        screen = SystemScreen()
        await app.push_screen(screen)
        screen.show(system())
        await pilot.pause()
        page = screen.query_one("#system-machine")
        before = page.lines_shown

        screen.show(system(dataclasses.replace(FULL, at=5.0, host=host(cpu_busy=0.35))))

        assert page.lines_shown is before


def test_who_booked_who_is_seen_and_strangers_are_told_apart():
    rows = [line.text for line in machine_lines(FULL, 70)]

    assert any(f"{RUN}, 40G booked" in row for row in rows)
    assert any("maria (14G)" in row for row in rows)
    assert any(row.split()[:4] == ["1", "12", "maria", "python3"] for row in rows)


def test_gpus_have_lines_of_their_own_where_there_is_room():
    assert len(list(machine_lines(FULL, 100, height=60))) > len(list(machine_lines(FULL, 100, height=15)))


def test_a_paused_queue_and_what_comes_next_are_told():
    rows = "\n".join(line.text for line in queue_lines(system(paused="by ana"), 60))

    assert "paused    by ana" in rows
    assert "next      k7f3 after k7f3" in rows


@pytest.mark.parametrize("width", [56, 60, 76, 100])
def test_no_line_of_the_screen_is_wider_than_its_page(width):
    evil = GpuUser("\u6587" * 40, False, "x" * 99, 1 << 40, "p" * 80, GIB)
    look = machine(
        gpu(name="n" * 200, users=(evil,) * 3),
        no_gpus="w" * 300,
        runs=(RunUse(RUN, "o" * 300, 1, None, 0, ()),),
    )

    rows = [*machine_lines(look, width), *queue_lines(system(look), width)]

    assert max(cell_len(row.text) for row in rows) <= width
    assert all(row.text.isprintable() for row in rows)


def test_a_place_where_nothing_was_run_says_so():
    rows = [line.text for line in queue_lines(SystemLook(machine(), None), 60)]

    assert "nothing was ever run here" in rows
