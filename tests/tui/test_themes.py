"""Every theme of ours is readable, told apart by everybody, and complete."""

from __future__ import annotations

import itertools

import pytest
from rich.color import Color as RichColor
from rich.color import ColorSystem
from textual.app import App, ComposeResult
from textual.color import Color
from textual.widgets import Static

from orp_tui.core.states import RunState
from orp_tui.tui.manners import Manners
from orp_tui.tui.themes import OURS, first_theme, next_theme, register_themes, state_class, state_variables

OWN_COLOURS = [theme for theme in OURS.values() if not theme.ansi]
STATES_APART = ("state-running", "state-succeeded", "state-incomplete", "state-failed", "state-lost")

# Linear RGB as seen without one kind of cones. Source: Machado, Oliveira, Fernandes 2009, severity 1.0.
VISIONS = {
    "all cones": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "no red": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "no green": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "no blue": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}  # fmt: skip


def linear(colour: Color) -> list[float]:
    values = [part / 255 for part in colour.rgb]
    return [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in values]


def luminance(colour: Color) -> float:
    red, green, blue = linear(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Source: WCAG 2.2, relative luminance and contrast ratio."""
    low, high = sorted(luminance(Color.parse(colour)) for colour in (one, other))
    return (high + 0.05) / (low + 0.05)


def lab(colour: str, vision: str) -> list[float]:
    """CIE L*a*b* of a colour as somebody with that vision sees it."""
    seen = linear(Color.parse(colour))
    red, green, blue = (
        min(1.0, max(0.0, sum(a * b for a, b in zip(row, seen, strict=True)))) for row in VISIONS[vision]
    )
    xyz = (
        (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.95047,
        0.2126 * red + 0.7152 * green + 0.0722 * blue,
        (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.08883,
    )
    x, y, z = (t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in xyz)
    return [116 * y - 16, 500 * (x - y), 200 * (y - z)]


def apart(one: str, other: str, vision: str) -> float:
    """Distance of two colours, CIE 1976; 2.3 is about what an eye just sees."""
    pairs = zip(lab(one, vision), lab(other, vision), strict=True)
    return sum((a - b) ** 2 for a, b in pairs) ** 0.5


@pytest.mark.parametrize("theme", OWN_COLOURS, ids=lambda theme: theme.name)
def test_text_and_every_state_can_be_read_on_every_ground(theme):
    least = 7.0 if theme.name == "orp-contrast" else 4.5
    colours = {"foreground": theme.foreground, "border": theme.variables["border"]} | {
        name: theme.variables[name] for name in state_variables(theme)
    }

    for name, colour in colours.items():
        for ground in ("background", "surface", "panel"):
            assert contrast(colour, getattr(theme, ground)) >= least, (name, ground)


@pytest.mark.parametrize("theme", OWN_COLOURS, ids=lambda theme: theme.name)
def test_the_frames_of_panels_without_focus_can_be_seen(theme):
    # Source: WCAG 2.2, non-text contrast.
    assert contrast(theme.variables["border-blurred"], theme.background) >= 3


@pytest.mark.parametrize("theme", OWN_COLOURS, ids=lambda theme: theme.name)
def test_the_row_under_the_cursor_can_be_read(theme):
    for away in ("", "-blurred"):
        ink, ground = (theme.variables[f"block-cursor{away}-{part}"] for part in ("foreground", "background"))
        assert contrast(ink, ground) >= 4.5


@pytest.mark.parametrize("vision", VISIONS)
@pytest.mark.parametrize("theme", OWN_COLOURS, ids=lambda theme: theme.name)
def test_no_two_states_look_alike_to_anybody(theme, vision):
    for one, other in itertools.combinations(STATES_APART, 2):
        assert apart(theme.variables[one], theme.variables[other], vision) >= 14, (one, other)


class States(App[None]):
    """A line for every state, with the project's styles."""

    CSS = ""

    def __init__(self, css: str) -> None:
        self.CSS = css
        super().__init__()

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return state_variables(self.current_theme)

    def compose(self) -> ComposeResult:
        for state in RunState:
            yield Static(state.value, id=state.value, classes=state_class(state))


@pytest.fixture
def states_app(request):
    from pathlib import Path

    return States((Path(__file__).parents[2] / "styles" / "base.tcss").read_text())


@pytest.mark.anyio
@pytest.mark.parametrize("name", [*OURS, "textual-dark", "dracula", "solarized-light"])
async def test_the_styles_give_every_state_its_colour_in_every_theme_also_in_those_not_ours(states_app, name):
    async with states_app.run_test() as pilot:
        register_themes(states_app, Manners())
        states_app.theme = name
        await pilot.pause()

        wanted = states_app.theme_variables
        for state in RunState:
            colour = states_app.query_one(f"#{state.value}").styles.color
            assert colour == Color.parse(wanted[f"state-{state.value}"])


@pytest.mark.parametrize("colours", ["none", "16"])
def test_a_terminal_with_few_colours_gets_a_theme_of_its_own_whatever_was_remembered(colours):
    assert first_theme(Manners(colours=colours), "orp-dark") == "ansi-dark"
    assert first_theme(Manners(colours=colours, light_ground=True), None) == "ansi-light"
    assert first_theme(Manners(colours=colours, theme="ansi-light"), None) == "ansi-light"
    assert next_theme("ansi-dark", Manners(colours=colours)) == "ansi-light"
    assert next_theme("ansi-light", Manners(colours=colours)) == "ansi-dark"


def test_the_first_theme_is_the_one_asked_for_else_that_of_last_time_else_what_the_ground_suggests():
    assert first_theme(Manners(theme="orp-contrast"), "orp-light") == "orp-contrast"
    assert first_theme(Manners(), "orp-light") == "orp-light"
    assert first_theme(Manners(), "gone-since") == "orp-dark"
    assert first_theme(Manners(light_ground=True), None) == "orp-light"


def test_the_themes_go_round():
    seen = ["orp-dark"]
    for _ in OURS:
        seen.append(next_theme(seen[-1], Manners()))
    assert seen == [*OURS, "orp-dark"]
    assert next_theme("dracula", Manners()) == "orp-dark"


@pytest.mark.parametrize("name", ["orp-dark", "orp-light", "orp-contrast"])
def test_grounds_stay_grey_where_there_are_256_colours(name: str) -> None:
    """A ground with a little more colour would be taken from the cube, and be navy."""
    theme = OURS[name]

    for ground in (theme.background, theme.surface, theme.panel):
        near = RichColor.parse(ground).downgrade(ColorSystem.EIGHT_BIT)
        assert near.number is not None
        red, green, blue = near.get_truecolor()
        assert max(red, green, blue) - min(red, green, blue) == 0
