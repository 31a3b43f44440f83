"""Whether an app gets the output stage."""

from __future__ import annotations

import codecs
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from textual.driver import Driver

Setting = Literal["auto", "on", "off"]


def choose_driver(environ: Mapping[str, str], setting: Setting) -> type[Driver] | None:
    """The driver for `App(driver_class=…)`; None: the one that Textual would take.

    `auto` is on unless the user chose a driver of Textual's by TEXTUAL_DRIVER: whether a terminal is
    far can't be known where the shell runs in a tmux that people join from elsewhere.
    """
    wanted = setting == "on" or (setting == "auto" and not environ.get("TEXTUAL_DRIVER"))
    if not wanted or not _is_supported():
        return None
    # Imported here: Textual is not needed for a no.
    from orp_tui.tui.output_stage.driver import StagedDriver

    return StagedDriver


def _is_supported() -> bool:
    """Whether the terminal is a POSIX one that takes UTF-8."""
    encoding = getattr(sys.__stderr__, "encoding", None) or ""
    try:
        return sys.platform != "win32" and codecs.lookup(encoding).name == "utf-8"
    except LookupError:
        return False
