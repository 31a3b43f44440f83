"""Which look a file gets: by its suffix, else by what it holds."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from orp_tui.deliverables.findings import Broken, CannotTell
from orp_tui.services.preview import Preview
from orp_tui.services.preview_places import Opened

_IMAGES = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".svg", ".pdf")
_TABLES = (".csv", ".tsv")
_JSON = (".json", ".ipynb", ".geojson", ".webmanifest")
_MARKUP = (".yaml", ".yml", ".toml")
_IMAGE_MARKS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF8", b"%PDF-")

Reader = Callable[[Opened], Preview]


def read(found: Opened) -> Preview:
    """The look that suits the file. One that is not what its suffix says is shown all the same, with what is wrong."""
    reader = _reader(found)
    try:
        return reader(found)
    except (Broken, CannotTell) as bad:
        return dataclasses.replace(_plain(found), wrong=str(bad))


def _reader(found: Opened) -> Reader:
    name = found.path.rpartition("/")[2].lower()
    suffix = name[name.rfind(".") :] if "." in name else ""
    if suffix in _JSON:
        return _json
    if suffix in _MARKUP:
        return _markup
    if suffix in _TABLES:
        return _table
    from orp_tui.services.preview_models import READERS

    if suffix in READERS:
        return READERS[suffix]
    found.file.seek(0)
    head = found.file.read(8)
    if suffix in _IMAGES or head.startswith(_IMAGE_MARKS):
        return _image
    return _plain


def _json(found: Opened) -> Preview:
    from orp_tui.services.preview_text import json_preview

    return json_preview(found)


def _markup(found: Opened) -> Preview:
    from orp_tui.services.preview_text import markup_preview

    return markup_preview(found)


def _table(found: Opened) -> Preview:
    from orp_tui.services.preview_table import table_preview

    return table_preview(found)


def _plain(found: Opened) -> Preview:
    from orp_tui.services.preview_text import plain_preview

    return plain_preview(found)


def _image(found: Opened) -> Preview:
    """Format and size in pixels; of an SVG, which is text, also that."""
    from orp_tui.deliverables.checks_image import look_at_image
    from orp_tui.deliverables.formats.raster import Image

    image: Image = look_at_image(found.file)
    facts = [] if image.width is None else [f"{image.width:,} × {image.height:,} pixels"]
    shown = _plain(found) if image.format == "SVG" else Preview(found.name, size=found.size)
    return dataclasses.replace(shown, kind=f"{image.format} image", facts=(*facts, *shown.facts))
