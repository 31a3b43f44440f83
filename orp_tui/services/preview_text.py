"""Text, JSON, YAML and TOML as lines; anything else as its first bytes in hexadecimal."""

from __future__ import annotations

import dataclasses
import json

from orp_tui.core.words import counted, size
from orp_tui.deliverables.documents import json_type, parse_json, parse_toml, parse_yaml
from orp_tui.deliverables.findings import Broken, CannotTell
from orp_tui.services.preview import MOST_LINES, Preview
from orp_tui.services.preview_places import Opened

HEAD = 256 << 10
TAIL = 64 << 10
"""Bytes of a text that are shown: of its beginning and of its end."""
_MOST_JSON = 2 << 20
_MOST_MARKUP = 64 << 10
"""Bytes that are parsed; YAML takes its time."""
_HEX_ROWS = 32
_MARKS = (
    (b"\x1f\x8b", "gzip"), (b"PK", "zip"), (b"\x7fELF", "program"), (b"SQLite format 3\0", "SQLite database"),
    (b"BZh", "bzip2"), (b"\xfd7zXZ", "xz"), (b"\x28\xb5\x2f\xfd", "zstd"), (b"\x89HDF", "HDF5"), (b"PAR1", "Parquet"),
    (b"GGUF", "GGUF"), (b"\x93NUMPY", "numpy array"), (b"RIFF", "RIFF"), (b"OggS", "Ogg"), (b"ID3", "MP3"),
)  # fmt: skip


def plain_preview(found: Opened) -> Preview:
    """The first and last lines of a text, or the first bytes of anything else."""
    file = found.file
    file.seek(0)
    head = file.read(HEAD)
    if not head:
        return Preview(found.name, "empty file", found.size)
    encoding = _encoding(head)
    if encoding is None:
        return _hex(found, head)
    lines = head.decode(encoding, "replace").splitlines()
    shown = Preview(found.name, "text", found.size, body=tuple(lines))
    if len(head) >= found.size:
        return _cut_to(shown, lines, counted(len(lines), "line"))
    if not found.is_whole or encoding != "utf-8":
        return dataclasses.replace(_cut_to(shown, lines[:-1] or lines, ""), cut=_rest(found.size - len(head)))
    return _with_end(found, shown, lines)


def _with_end(found: Opened, shown: Preview, lines: list[str]) -> Preview:
    """A long text: its beginning and its end."""
    begin = max(HEAD, found.size - TAIL)
    found.file.seek(begin)
    tail = found.file.read(TAIL).decode("utf-8", "replace").splitlines()
    last = tail if begin == HEAD else tail[1:] or tail  # half a line goes, unless it is the only one
    if begin == HEAD:
        lines[-1:] = [lines[-1] + last[0]] if last else lines[-1:]
        return _cut_to(shown, [*lines, *last[1:]], "")
    end = last[-(MOST_LINES // 4) :]
    start = (lines[:-1] or lines)[: MOST_LINES - len(end) - 1]
    gap = f"… {size(begin - HEAD)} more …"
    return dataclasses.replace(shown, body=(*start, gap, *end), cut="the middle is not shown")


def _cut_to(shown: Preview, lines: list[str], fact: str) -> Preview:
    more = len(lines) - MOST_LINES
    return dataclasses.replace(
        shown,
        body=tuple(lines[:MOST_LINES]),
        facts=(fact,) if fact else (),
        cut=f"{more:,} more lines are not shown" if more > 0 else "",
    )


def _rest(count: int) -> str:
    return f"{size(count)} more are not shown"


def _encoding(head: bytes) -> str | None:
    """What a beginning can be read as; None if it is no text."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if b"\0" in head:
        return None
    text = head.decode("utf-8", "replace")
    odd = text.count("\ufffd") + sum(char < " " and char not in "\t\n\r\f\b\x1b" for char in text[:4096])
    # Latin-1 text has a few, what is no text has many.
    return "utf-8" if odd * 10 <= min(len(text), 4096) else None


def _hex(found: Opened, head: bytes) -> Preview:
    kind = next((name for mark, name in _MARKS if head.startswith(mark)), "")
    rows = tuple(_hex_row(at, head[at : at + 16]) for at in range(0, min(len(head), 16 * _HEX_ROWS), 16))
    shown = min(len(head), 16 * _HEX_ROWS)
    cut = f"only the first {counted(shown, 'byte')} are shown" if shown < found.size else ""
    return Preview(found.name, kind or "binary file", found.size, body=rows, cut=cut)


def _hex_row(at: int, data: bytes) -> str:
    """`00000010  50 4b 03 04 …  PK..`."""
    left, right = data[:8].hex(" "), data[8:].hex(" ")
    letters = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in data)
    return f"{at:08x}  {left:<23}  {right:<23}  {letters}"


def json_preview(found: Opened) -> Preview:
    """A JSON document with its parts on lines of their own."""
    if found.size > _MOST_JSON:
        return dataclasses.replace(plain_preview(found), kind="JSON", facts=("too long to be laid out",))
    found.file.seek(0)
    value = parse_json(found.file.read(_MOST_JSON))
    lines = json.dumps(value, indent=2, ensure_ascii=False).splitlines()
    return _cut_to(Preview(found.name, "JSON", found.size), lines, _parsed(value))


def markup_preview(found: Opened) -> Preview:
    """YAML and TOML are shown as they are written; whether they parse is said."""
    shown = plain_preview(found)
    is_toml = found.path.lower().endswith(".toml")
    kind = "TOML" if is_toml else "YAML"
    if found.size > _MOST_MARKUP or shown.kind != "text":
        return dataclasses.replace(shown, kind=kind)
    found.file.seek(0)
    data = found.file.read(_MOST_MARKUP)
    try:
        fact = _parsed((parse_toml if is_toml else parse_yaml)(data))
    except (Broken, CannotTell) as bad:
        return dataclasses.replace(shown, kind=kind, wrong=str(bad))
    return dataclasses.replace(shown, kind=kind, facts=(fact, *shown.facts))


def _parsed(value: object) -> str:
    """`a mapping of 5 keys`."""
    if isinstance(value, dict):
        return f"a mapping of {counted(len(value), 'key')}"
    if isinstance(value, list):
        return f"a list of {counted(len(value), 'value')}"
    return json_type(value)
