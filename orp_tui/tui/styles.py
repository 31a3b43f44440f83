"""Where the .tcss files are: inside the package once installed, beside it in a checkout."""

from __future__ import annotations

from pathlib import Path, PurePath

import orp_tui


def styles_dir() -> Path:
    """The folder of the .tcss files.

    Raises FileNotFoundError if the installation lacks them.
    """
    package = Path(orp_tui.__file__).parent
    for folder in (package / "styles", package.parent / "styles"):
        if (folder / "base.tcss").is_file():
            return folder
    raise FileNotFoundError(f"no base.tcss in {package / 'styles'}; is the wheel whole?")


def style_files() -> list[str | PurePath]:
    """All of them, `base.tcss` first."""
    folder = styles_dir()
    others = sorted(path for path in folder.glob("*.tcss") if path.name != "base.tcss")
    return [folder / "base.tcss", *others]
