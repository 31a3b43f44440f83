"""The dashboard at the sizes it is drawn for, and in the colours and signs that a terminal may have."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
import wire
from desk import METRICS, Desk, desks
from pictures import compare
from real_terminal import ORP_TUI, environment, terminal
from screens import sees
from textual.geometry import Region

from orp_tui.tui.place import Place

anyio = pytest.mark.anyio
SIZES = [(60, 15), (80, 24), (120, 40), (200, 60)]
VALUES = (
    """for n in 1 2 3 4 5 6 7 8; do echo "{\\"step\\": $n, \\"acc\\": 0.$n}" >> "$ORP_METRICS_FILE"; done; """
)
GOOD = f'echo loading data; {VALUES}mkdir -p out; echo "{{\\"acc\\": 0.8}}" > out/m.json; echo trained'
REPORT = {"type": "report", "path": "out/report.md"}


@pytest.fixture(scope="module")
def shown() -> Iterator[tuple[Desk, dict[str, str]]]:
    """A project with a run of each kind, and its short ids with names that stand for them."""
    folder = Path(tempfile.mkdtemp(prefix="orp-snap-", dir="/tmp"))
    settings = "queue: {idle_exit: 2s, breaker: 0, slots: 1}\n"
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder)
        desk = stack.enter_context(desks(folder / "d", settings=settings))
        ids = [*_ended(desk), _begun(desk), *_waiting(desk)]
        yield desk, {run_id[-4:]: f"id0{number}" for number, run_id in enumerate(ids)}


def _ended(desk: Desk) -> list[str]:
    (desk.folder / "digits").mkdir()
    delivers = [METRICS, REPORT | {"required": False}]
    desk.write("digits/good.yaml", GOOD, experiment="good", deliverables=delivers)
    desk.write("digits/bad.yaml", "echo begun; echo 'RuntimeError: no CUDA' >&2; exit 7", experiment="bad")
    ids: list[str] = []
    for name, code in (("good", 0), ("bad", 1)):
        assert desk.call("run", f"digits/{name}.yaml").code == code
        ids += [path.name for path in desk.paths.runs.glob("exp_*") if path.name not in ids]
    return ids


def _begun(desk: Desk) -> str:
    script = f"{VALUES}for n in 1 2 3 4 5 6 7 8 9; do echo epoch $n done; done; sleep 600"
    return desk.begin("long.yaml", f"echo here; {script}", experiment="long", deliverables=[METRICS, REPORT])


def _waiting(desk: Desk) -> list[str]:
    desk.write("next.yaml", experiment="next")
    (desk.folder / "broken.yaml").write_text("experiment: {name: x}\ntraining: {script: [true]\n")
    ids = [desk.call("run", "--detach", "next.yaml").out.strip() for _ in range(2)]
    assert desk.call("queue", "hold", ids[1]).code == 0
    return ids


@contextlib.asynccontextmanager
async def opened(
    shown: tuple[Desk, dict[str, str]],
    open_dashboard: Callable[..., object],
    monkeypatch: pytest.MonkeyPatch,
    **how: object,
) -> AsyncIterator[tuple[object, object]]:
    """The dashboard of that project, whose folder is `~/project`."""
    desk, _ = shown
    monkeypatch.setenv("HOME", str(desk.root))
    async with open_dashboard(desk, **how) as (app, pilot):
        await sees(pilot, "long", "= held" if how.get("ascii") else "■ held", "acc 0.8")
        yield app, pilot


@anyio
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_the_dashboard_looks_as_it_was_looked_at(shown, open_dashboard, monkeypatch, size) -> None:
    async with opened(shown, open_dashboard, monkeypatch, size=size) as (_app, pilot):
        await compare(pilot, f"dashboard-{size[0]}x{size[1]}", shown[1])


@anyio
@pytest.mark.slow
async def test_a_failed_run_and_the_files_look_as_they_were_looked_at(
    shown, open_dashboard, monkeypatch
) -> None:
    place = Place(panel="configs")
    async with opened(shown, open_dashboard, monkeypatch, size=(120, 40), place=place) as (_app, pilot):
        await sees(pilot, "broken.yaml")
        await compare(pilot, "configs-120x40", shown[1])
    async with opened(shown, open_dashboard, monkeypatch, size=(80, 24)) as (_app, pilot):
        await pilot.press("G", "k", "enter")
        await sees(pilot, "How it ended", "RuntimeError")
        await compare(pilot, "failed-80x24", shown[1])


@anyio
async def test_with_ascii_every_sign_is_of_ascii(shown, open_dashboard, monkeypatch) -> None:
    async with opened(shown, open_dashboard, monkeypatch, size=(120, 40), ascii=True) as (_app, pilot):
        await compare(pilot, "dashboard-ascii-120x40", shown[1])


def drawn(shown: tuple[Desk, dict[str, str]], home: Path, *options: str, **variables: str) -> bytes:
    """Every byte of a visit to each of the places: panels, run, help, commands, copying, machine."""
    desk, _ = shown
    home.mkdir()
    with terminal(
        (*ORP_TUI, *options), environment(home, **variables), cwd=desk.folder, size=(120, 40)
    ) as real:
        real.until("long", "held", "acc 0.8", "Leave")
        for keys, words, title in (
            ("?", "Enter  run it", "Keys: Queue"), (":", "Search for commands", "Search for commands"),
            ("y", "id", "path of the run folder"), ("x", "do it", "Cancel 1 run?"),
        ):  # fmt: skip
            real.send(keys)
            real.until(words, title)
            real.send("\x1b")
            real.until("Leave", gone=title)
        for keys, words in (
            ("\t", "Follow"),
            ("\t", " Open"),
            ("\t", "Next metric"),
            ("\t", "n New"),
            ("\t", "Cancel"),
        ):
            real.send(keys)
            real.until(words)
        real.send("G\r")
        real.until("Artifacts", "How it ended")
        real.send("5")
        real.until("Host", "Queue", gone="Artifacts")
        real.send("q")
        assert real.end() == 0
    return bytes(real.raw)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "variables", "kinds"),
    [
        ((), {"NO_COLOR": "1"}, set()),
        (("--colors", "none"), {}, set()),
        (("--colors", "16"), {}, {"16"}),
        (("--theme", "ansi-light"), {}, {"16"}),
        (("--colors", "256"), {}, {"256"}),
        (("--theme", "orp-light"), {}, {"true"}),
        (("--theme", "orp-contrast"), {}, {"true"}),
    ],
    ids=["NO_COLOR", "none", "16", "ansi", "256", "light", "contrast"],
)
def test_no_more_colours_are_sent_than_there_are(shown, tmp_path, options, variables, kinds) -> None:
    raw = drawn(shown, tmp_path / "home", *options, **variables)

    assert wire.colours(raw) <= kinds | ({"16"} if kinds else set())
    assert kinds <= wire.colours(raw)
    assert wire.hostile(raw) == []


@pytest.mark.slow
def test_with_ascii_nothing_else_is_sent(shown, tmp_path) -> None:
    raw = drawn(shown, tmp_path / "home", "--ascii")

    assert sorted({char for char in wire.written(raw) if not char.isascii()}) == []


@anyio
@pytest.mark.slow
@pytest.mark.parametrize("theme", ["orp-dark", "orp-light", "orp-contrast", "ansi-dark", "ansi-light"])
async def test_states_are_told_apart_in_every_theme(shown, open_dashboard, monkeypatch, theme) -> None:
    async with opened(shown, open_dashboard, monkeypatch, size=(120, 40), place=Place(theme=theme)) as (
        app,
        pilot,
    ):
        assert app.theme == theme
        await sees(pilot, "✗ FAILED")
        looks = {}
        for strip in app.screen.query_one("#queue").render_lines(Region(0, 0, 92, 8)):
            for segment in strip:
                for word in ("● running", "■ held", "✗ FAILED", "✓ succeeded"):
                    if segment.text.startswith(word):
                        looks[word] = (segment.style.color, segment.style.bgcolor)

    assert len(looks) == 4
    assert len({colour for colour, _ground in looks.values()}) == 4
    assert all(colour != ground or colour.is_default for colour, ground in looks.values()), looks
