"""How the dashboard behaves in this terminal: what it may send, how often, in which signs and colours.

Found once at the start from the environment and the flags, before Textual is imported: its
constants are read at import. Nothing here imports more than the standard library.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Literal

Colours = Literal["auto", "true", "256", "16", "none"]

THEMES = ("orp-dark", "orp-light", "orp-contrast", "ansi-dark", "ansi-light")
"""The themes by name; what they are is in `themes`, which needs Textual."""

_SYSTEMS: dict[str, str] = {"true": "truecolor", "256": "256", "16": "standard"}
"""What Textual calls them."""
_POOR_CONSOLES = frozenset({"linux", "vt100", "vt102", "vt220", "ansi", "cons25"})
"""Terminals with 16 colours at most, and fonts without our signs."""


@dataclasses.dataclass(frozen=True)
class Manners:
    """What this terminal, and the line to it, can take."""

    over_ssh: bool = False
    """Bytes are dear: nothing moves that need not, what moves does so seldom."""
    in_tmux: bool = False
    """Copying goes through tmux."""
    ascii: bool = False
    """Signs of ASCII only: the locale is not UTF-8, the font is poor, or the user wants it."""
    colours: Colours = "auto"
    """`auto`: what the terminal says it has; `none`: NO_COLOR."""
    theme: str | None = None
    """The theme that the user asks for; None: the one of last time, else one that suits."""
    light_ground: bool = False
    """Whether the terminal says that its background is light; most say nothing."""
    mouse: bool = True
    """Whether the mouse is ours at the start; F2 changes it."""
    animations: bool = False
    """Whether scrolling and the like glide."""
    cursor_blink: bool = True
    """Whether the cursor of an input blinks; it costs 2 kB/s."""
    output_stage: bool = False
    """Whether our own driver sends only what changed, paced by the terminal."""
    log_ticks_per_s: float = 12.0
    """Looks at the logs on the screen a second, each at most one repaint."""
    strip_period_s: float = 1.0
    """Seconds between looks at GPUs and host."""
    elapsed_period_s: float = 1.0
    """Seconds between repaints of times that only go on."""
    chart_period_s: float = 0.5
    """Least seconds between two drawings of a chart."""

    @property
    def no_colour(self) -> bool:
        """Whether nothing may be coloured."""
        return self.colours == "none"


def manners_of(
    environ: Mapping[str, str],
    *,
    ascii_only: bool = False,
    colours: Colours = "auto",
    theme: str | None = None,
    mouse: bool = True,
    output_stage: Literal["auto", "on", "off"] = "auto",
) -> Manners:
    """What the environment and the flags make of it; a flag outranks what is found."""
    over_ssh = is_over_ssh(environ)
    poor = environ.get("TERM", "") in _POOR_CONSOLES
    return Manners(
        over_ssh=over_ssh,
        in_tmux=bool(environ.get("TMUX")),
        ascii=ascii_only or poor or not has_utf8(environ),
        colours=_colours(environ, colours, poor=poor),
        theme=theme,
        light_ground=_is_light(environ.get("COLORFGBG", "")),
        mouse=mouse,
        animations=environ.get("TEXTUAL_ANIMATIONS", "").lower() in ("basic", "full"),
        cursor_blink=not over_ssh,
        output_stage=not environ.get("TEXTUAL_DRIVER") if output_stage == "auto" else output_stage == "on",
        log_ticks_per_s=3.0 if over_ssh else 12.0,
        strip_period_s=3.0 if over_ssh else 1.0,
        elapsed_period_s=5.0 if over_ssh else 1.0,
        chart_period_s=1.0 if over_ssh else 0.5,
    )


def is_over_ssh(environ: Mapping[str, str]) -> bool:
    """Whether the terminal is at the other end of an SSH connection, or of one like it.

    A browser is not, whatever the shell was in which its server was started.
    """
    if environ.get("TEXTUAL_DRIVER"):
        return False
    return any(environ.get(name) for name in ("SSH_CONNECTION", "SSH_TTY", "SSH_CLIENT", "MOSH_IP"))


def textual_variables(manners: Manners, environ: Mapping[str, str]) -> dict[str, str]:
    """The variables that Textual reads at its import, as these manners want them.

    What the user has set stays. They must not stay in the environment: a run that is queued
    from the dashboard would inherit them.
    """
    wanted = {"TEXTUAL_ANIMATIONS": "full" if manners.animations else "none"}
    if manners.over_ssh:
        # The extended keyboard protocol stays switched on in a terminal whose connection broke:
        # the shell there gets garbage for every key. Without it Esc takes 100 ms, no more.
        wanted |= {"TEXTUAL_FPS": "30", "TEXTUAL_SMOOTH_SCROLL": "0", "TEXTUAL_DISABLE_KITTY_KEY": "1"}
    kept = {name: value for name, value in wanted.items() if name not in environ}
    if manners.colours in _SYSTEMS:
        kept["TEXTUAL_COLOR_SYSTEM"] = _SYSTEMS[manners.colours]
    if manners.no_colour:
        # Textual takes the filter that leaves no colour at all only if it starts with such a theme.
        kept |= {"NO_COLOR": "1", "TEXTUAL_THEME": "ansi-dark"}
    return kept


def _colours(environ: Mapping[str, str], wish: Colours, *, poor: bool) -> Colours:
    if wish != "auto":
        return wish
    # Set and not empty. Source: no-color.org.
    if environ.get("NO_COLOR"):
        return "none"
    return "16" if poor else "auto"


def has_utf8(environ: Mapping[str, str]) -> bool:
    """Whether the locale is one of UTF-8.

    None at all, as in most containers, counts as one: the terminal around it nearly always is.
    The variables are asked and not the locale, because Python turns `C` into `C.UTF-8` by
    setting LC_CTYPE.
    """
    coerced = environ.get("LC_CTYPE") == "C.UTF-8"
    names = ("LC_ALL", "LANG") if coerced and environ.get("LANG") else ("LC_ALL", "LC_CTYPE", "LANG")
    given = next((environ[name] for name in names if environ.get(name)), "")
    return not given or given.partition("@")[0].lower().replace("-", "").endswith("utf8")


def _is_light(colours: str) -> bool:
    """Whether `COLORFGBG`, as `0;15` or `0;default;15`, tells of a light background."""
    return colours.rpartition(";")[2] in ("7", "15")
