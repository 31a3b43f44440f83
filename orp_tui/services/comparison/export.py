"""A comparison as text for people, Markdown, CSV, LaTeX or JSON; and into a file."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from orp_tui.core.errors import UsageError
from orp_tui.services.comparison.sheet import Sheet
from orp_tui.services.given_file import write_given

FORMATS = {"text": ".txt", "md": ".md", "csv": ".csv", "latex": ".tex", "json": ".json"}
"""Name of a format → the end of a file's name that means it."""


def format_of(path: str) -> str | None:
    """The format that the end of a file's name means; None if it means none."""
    end = os.path.splitext(path)[1].lower()
    return {**{end: name for name, end in FORMATS.items()}, ".markdown": "md"}.get(end)


def exported(sheet: Sheet, kind: str) -> str:
    """The sheet in one of FORMATS, with a newline at its end."""
    return _maker(kind)(sheet)


def _maker(kind: str) -> Callable[[Sheet], str]:
    if kind == "md":
        from orp_tui.services.comparison.export_markdown import markdown

        return markdown
    if kind == "csv":
        from orp_tui.services.comparison.export_csv import csv_text

        return csv_text
    if kind == "latex":
        from orp_tui.services.comparison.export_latex import latex

        return latex
    if kind == "json":
        from orp_tui.services.comparison.export_json import json_text

        return json_text
    from orp_tui.services.comparison.export_text import plain

    return plain


def checked_format(path: str) -> str:
    """As `format_of`; raises UsageError for a name whose end means no format."""
    kind = format_of(path)
    if kind is None:
        raise UsageError(f"{path}: a comparison is written as {', '.join(FORMATS.values())}; end the name so")
    return kind


def write_sheet(sheet: Sheet, path: str, *, over: bool = True) -> Path:
    """Write it in the format that the end of the name means, and say where; raises as `write_text` does."""
    return write_text(exported(sheet, checked_format(path)), path, over=over)


def write_text(text: str, path: str, *, over: bool = True) -> Path:
    """As `given_file.write_given`, of a text."""
    return write_given([text.encode("utf-8", "replace")], path, over=over)
