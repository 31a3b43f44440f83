"""The dashboard's themes: dark, light, high contrast, and two that use the terminal's own colours.

Each gives every state a colour of its own (`$state-running` …), told apart also by people who
see red and green alike: the hues start from Okabe and Ito's and were spread apart under
simulated protanopia, deuteranopia and tritanopia. Text of any of these colours has a contrast
of 4.5 or more (7 in `orp-contrast`) on background, surface and panel.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from textual.theme import BUILTIN_THEMES, Theme

from orp_tui.core.states import RunState
from orp_tui.tui.manners import THEMES, Manners

if TYPE_CHECKING:
    from textual.app import App


def _variables(
    running: str, succeeded: str, incomplete: str, failed: str, lost: str, quiet: str
) -> dict[str, str]:
    """`$state-…` for every state, `$held` and `$invalid`; what waits and what was cancelled is quiet."""
    return {
        "state-queued": quiet,
        "state-starting": running,
        "state-running": running,
        "state-finishing": running,
        "state-succeeded": succeeded,
        "state-incomplete": incomplete,
        "state-failed": failed,
        "state-cancelled": quiet,
        "state-lost": lost,
        "held": quiet,
        "invalid": failed,
        "quiet": quiet,
    }


def _theme(
    name: str, states: Mapping[str, str], *, background: str, surface: str, panel: str, foreground: str,
    dark: bool, **more: str,
) -> Theme:  # fmt: skip
    """A theme whose own colours are those of the states."""
    return Theme(
        name=name,
        primary=states["state-running"],
        secondary=states["state-lost"],
        warning=states["state-incomplete"],
        error=states["state-failed"],
        success=states["state-succeeded"],
        accent=states["state-running"],
        foreground=foreground,
        background=background,
        surface=surface,
        panel=panel,
        dark=dark,
        variables={
            **states,
            "border": states["state-running"],
            "border-blurred": more["line"],
            "block-cursor-foreground": more["on_cursor"],
            "block-cursor-background": more["cursor"],
            "block-cursor-blurred-foreground": foreground,
            "block-cursor-blurred-background": more["cursor_away"],
            "footer-background": panel,
            "footer-key-foreground": states["state-running"],
            "input-selection-background": more["cursor_away"],
            "input-selection-foreground": foreground,
            "text-muted": states["quiet"],
        },
    )


_DARK = _variables("#569CEF", "#64F3A7", "#FCF54C", "#F57338", "#FFB0E2", "#9AA09C")
_LIGHT = _variables("#024899", "#0F7847", "#6A6516", "#D20619", "#A04289", "#5C6867")
_CONTRAST = _variables("#81B2F4", "#4BFFA2", "#FFE936", "#F27F49", "#D494AA", "#DDF4F4")

ORP_DARK = _theme(
    "orp-dark", _DARK, background="#111316", surface="#191C20", panel="#24292F", foreground="#E6E8EB",
    dark=True, line="#5E6873", cursor="#569CEF", on_cursor="#111316", cursor_away="#33465E",
)  # fmt: skip
ORP_LIGHT = _theme(
    "orp-light", _LIGHT, background="#F4F5F6", surface="#FFFFFF", panel="#EAECEE", foreground="#1B1F24",
    dark=False, line="#7F8995", cursor="#024899", on_cursor="#FFFFFF", cursor_away="#C9DAEE",
)  # fmt: skip
ORP_CONTRAST = _theme(
    "orp-contrast", _CONTRAST, background="#000000", surface="#000000", panel="#101010", foreground="#FFFFFF",
    dark=True, line="#B0B0B0", cursor="#FFFFFF", on_cursor="#000000", cursor_away="#333333",
)  # fmt: skip


def _of_the_terminal(name: str, states: Mapping[str, str]) -> Theme:
    """Textual's theme of that name, with colours for the states: the user's own 16, whatever they look like."""
    theme = BUILTIN_THEMES[name]
    # Textual's frames without focus have the colour of the ground there.
    own = {**states, "border-blurred": "ansi_default"}
    return Theme(**{**vars(theme), "variables": {**theme.variables, **own}})


# No bright black: in some palettes it is the colour of the background.
ANSI_DARK = _of_the_terminal(
    "ansi-dark",
    _variables(
        "ansi_bright_cyan",
        "ansi_bright_green",
        "ansi_bright_yellow",
        "ansi_bright_red",
        "ansi_bright_magenta",
        "ansi_default",
    ),
)
ANSI_LIGHT = _of_the_terminal(
    "ansi-light",
    _variables("ansi_blue", "ansi_green", "ansi_magenta", "ansi_red", "ansi_magenta", "ansi_default"),
)

OURS: dict[str, Theme] = {
    theme.name: theme for theme in (ORP_DARK, ORP_LIGHT, ORP_CONTRAST, ANSI_DARK, ANSI_LIGHT)
}
"""By name, in the order in which Ctrl+T goes through them."""
assert tuple(OURS) == THEMES


def register_themes(app: App[Any], manners: Manners, remembered: str | None = None) -> None:
    """Let `app` know our themes, and take the first one: as asked for, else as last time, else what suits."""
    for theme in OURS.values():
        app.register_theme(theme)
    app.theme = first_theme(manners, remembered, known=app.available_themes)


def first_theme(manners: Manners, remembered: str | None, *, known: Mapping[str, Theme] = OURS) -> str:
    """The theme to start with. Without colours, or with 16, only the terminal's own do."""
    wished = [name for name in (manners.theme, remembered) if name is not None and name in known]
    if manners.colours in ("none", "16"):
        wished = [name for name in wished if known[name].ansi]
        suits = "ansi-light" if manners.light_ground else "ansi-dark"
    else:
        suits = "orp-light" if manners.light_ground else "orp-dark"
    return wished[0] if wished else suits


def next_theme(name: str, manners: Manners) -> str:
    """The one of ours after `name`; with few colours only those of the terminal."""
    few = manners.colours in ("none", "16")
    names = [theme.name for theme in OURS.values() if theme.ansi or not few]
    return names[(names.index(name) + 1) % len(names)] if name in names else names[0]


def state_variables(theme: Theme) -> dict[str, str]:
    """`$state-…` for a theme that is not ours and has none; for `App.get_theme_variable_defaults`."""
    near = (ANSI_DARK if theme.dark else ANSI_LIGHT) if theme.ansi else ORP_DARK if theme.dark else ORP_LIGHT
    return {name: near.variables[name] for name in _DARK}


def state_class(state: RunState) -> str:
    """The style class of a state, as `-running`."""
    return f"-{state.value}"
