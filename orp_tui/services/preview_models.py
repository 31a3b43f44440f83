"""Checkpoints and arrays: what is in them, read from headers; nothing is loaded and no pickle executed."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Sequence
from typing import BinaryIO

from orp_tui.core.words import counted, size
from orp_tui.deliverables.findings import Broken, CannotTell, shown
from orp_tui.services.preview import MOST_LINES, Preview
from orp_tui.services.preview_places import Opened

_MOST_PICKLE = 16 << 20
_MOST_ARRAYS = 2_000


def _safetensors(found: Opened) -> Preview:
    """Every tensor with type, shape and bytes."""
    from orp_tui.deliverables.formats.safetensors_file import look_at_safetensors, read_header

    found.file.seek(0)
    wrong = ""
    try:
        tensors = look_at_safetensors(found.file)
        facts = [f"{counted(len(tensors.names), 'tensor')}, {counted(tensors.parameters, 'parameter')}"]
    except (Broken, CannotTell) as bad:
        wrong, facts = str(bad), []
    found.file.seek(0)
    _, header = read_header(found.file)
    metadata = header.pop("__metadata__", None)
    if isinstance(metadata, dict):
        facts += [f"{shown(key)}: {shown(value, 200)}" for key, value in list(metadata.items())[:20]]
    rows = [_tensor(name, entry) for name, entry in list(header.items())[:MOST_LINES]]
    more = len(header) - len(rows)
    return Preview(
        found.name,
        "safetensors",
        found.size,
        tuple(facts),
        tuple(columns([("TENSOR", "TYPE", "SHAPE", "BYTES"), *rows])),
        cut=f"{more:,} more tensors are not listed" if more else "",
        wrong=wrong,
    )


def _tensor(name: str, entry: object) -> tuple[str, str, str, str]:
    """Name, type, shape and bytes, as far as the header says them."""
    if not isinstance(entry, dict):
        return shown(name), "?", "?", "?"
    shape, offsets = entry.get("shape"), entry.get("data_offsets")
    bytes_ = "?"
    with contextlib.suppress(TypeError, ValueError):
        begin, end = map(int, offsets or "")
        bytes_ = size(end - begin)
    words = " × ".join(map(str, shape)) if isinstance(shape, list) else "?"
    return shown(name, 100), shown(entry.get("dtype", "?"), 12), shown(words or "scalar", 60), bytes_


def _judged(found: Opened, look: Callable[[BinaryIO], str]) -> tuple[tuple[str, ...], str]:
    """What a check of deliverables says of the file, or what is wrong with it; the file is at its begin then."""
    found.file.seek(0)
    try:
        return (look(found.file),), ""
    except (Broken, CannotTell) as bad:
        return (), str(bad)
    finally:
        found.file.seek(0)


def _torch(found: Opened) -> Preview:
    """Members of the zip, and what its pickle would import."""
    from orp_tui.deliverables.formats.torch_file import look_at_torch
    from orp_tui.deliverables.formats.zip_file import open_zip

    facts, wrong = _judged(found, look_at_torch)
    body: list[str] = []
    if found.file.read(2) == b"PK":
        found.file.seek(0)
        with open_zip(found.file) as archive:
            body = _imports(_pickle_in(archive.infolist(), archive.open, found))
            body += _members([(info.filename, info.file_size) for info in archive.infolist()])
    else:
        found.file.seek(0)
        body = _imports(found.file)
    return Preview(found.name, "torch", found.size, facts, tuple(body), wrong=wrong)


def _pickle_in(infos: Sequence[object], open_member: Callable[..., object], found: Opened) -> BinaryIO | None:
    for info in infos:
        name, length = getattr(info, "filename", ""), getattr(info, "file_size", 0)
        if name.rpartition("/")[2] == "data.pkl" and length <= _MOST_PICKLE:
            found.deadline.check()
            with contextlib.closing(open_member(info)) as member:  # type: ignore[type-var]  # a ZipExtFile closes
                return io.BytesIO(member.read(_MOST_PICKLE))  # type: ignore[attr-defined]
    return None


def _imports(file: BinaryIO | None) -> list[str]:
    """The names that loading it would import, those that may run code marked."""
    from orp_tui.deliverables.formats.pickle_listing import Listing, list_pickle

    if file is None:
        return []
    listing = Listing()
    with contextlib.suppress(Broken, CannotTell):
        list_pickle(file, listing)
    if not listing.imports:
        return []
    strange = set(listing.suspicious)
    names = [
        f"  {name}{'   careful: code of it would run' if name in strange else ''}" for name in listing.imports
    ]
    return ["Loading it would import:", *names, ""]


def _members(members: Sequence[tuple[str, int]]) -> list[str]:
    listed = [(shown(name, 100), size(length)) for name, length in members[:MOST_LINES]]
    return columns([("MEMBER", "SIZE"), *listed])


def _npy(found: Opened) -> Preview:
    from orp_tui.deliverables.formats.numpy_file import look_at_npy

    found.file.seek(0)
    return Preview(found.name, "numpy array", found.size, (look_at_npy(found.file),))


def _npz(found: Opened) -> Preview:
    """Every array with its shape and type."""
    from orp_tui.deliverables.formats.numpy_file import look_at_npz
    from orp_tui.deliverables.formats.zip_file import open_zip

    facts, wrong = _judged(found, look_at_npz)
    with open_zip(found.file) as archive:
        infos = archive.infolist()
        rows = []
        for info in infos[:_MOST_ARRAYS]:
            if found.deadline.is_over:
                break
            with archive.open(info) as member:
                rows.append(
                    (
                        shown(info.filename.removesuffix(".npy"), 100),
                        *_array(member.read(10_012)),
                        size(info.file_size),
                    )
                )
    more = len(infos) - len(rows)
    return Preview(
        found.name,
        "numpy archive",
        found.size,
        facts,
        tuple(columns([("ARRAY", "TYPE", "SHAPE", "BYTES"), *rows])),
        cut=f"{more:,} more arrays are not listed" if more else "",
        wrong=wrong,
    )


def _array(head: bytes) -> tuple[str, str]:
    """Type and shape."""
    from orp_tui.deliverables.formats.numpy_file import array_header

    try:
        shape, kind, _ = array_header(head)
    except (Broken, CannotTell) as bad:
        return "?", shown(bad, 60)
    return shown(kind, 24), " × ".join(map(str, shape)) or "scalar"


def _onnx(found: Opened) -> Preview:
    from orp_tui.deliverables.formats.onnx_file import look_at_onnx

    found.file.seek(0)
    model = look_at_onnx(found.file)
    facts = [
        f"IR version {model.ir_version}, {counted(model.nodes, 'node')}",
        *([f"made by {shown(model.producer)}"] if model.producer else []),
    ]
    body = [
        f"numbers in {shown(data.location)}, {size(data.end)} of it" for data in model.external[:MOST_LINES]
    ]
    return Preview(found.name, "ONNX", found.size, tuple(facts), tuple(body))


def _pickle(found: Opened) -> Preview:
    """What a pickle would import; it is never executed."""
    from orp_tui.deliverables.formats.other_binary import look_at_pickle

    found.file.seek(0)
    fact = look_at_pickle(found.file)
    found.file.seek(0)
    return Preview(found.name, "pickle, not executed", found.size, (fact,), tuple(_imports(found.file)))


def _zip(found: Opened) -> Preview:
    from orp_tui.deliverables.formats.zip_file import open_zip

    with open_zip(found.file) as archive:
        members = [(info.filename, info.file_size) for info in archive.infolist()]
    total = sum(length for _, length in members)
    more = len(members) - MOST_LINES + 1
    return Preview(
        found.name,
        "zip",
        found.size,
        (f"{counted(len(members), 'file')}, {size(total)} unpacked",),
        tuple(_members(members)),
        cut=f"{more:,} more files are not listed" if more > 0 else "",
    )


def _in_short(kind: str, module: str, name: str) -> Callable[[Opened], Preview]:
    """A format of which only marks and counts are read."""

    def look(found: Opened) -> Preview:
        import importlib

        found.deadline.check()
        found.file.seek(0)
        fact = getattr(importlib.import_module(f"orp_tui.deliverables.formats.{module}"), name)(found.file)
        return Preview(found.name, kind, found.size, (str(fact),))

    return look


READERS: dict[str, Callable[[Opened], Preview]] = {
    ".safetensors": _safetensors,
    **dict.fromkeys((".pt", ".pth", ".ckpt", ".bin"), _torch),
    ".npy": _npy,
    ".npz": _npz,
    ".onnx": _onnx,
    **dict.fromkeys((".pkl", ".pickle", ".joblib"), _pickle),
    **dict.fromkeys((".zip", ".whl", ".keras"), _zip),
    ".gguf": _in_short("GGUF", "other_binary", "look_at_gguf"),
    **dict.fromkeys((".h5", ".hdf5"), _in_short("HDF5", "other_binary", "look_at_hdf5")),
    ".parquet": _in_short("Parquet", "other_binary", "look_at_parquet"),
}
"""Suffix → the look at it."""


def columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows in columns, the last of them to the right; the first row is the heading."""
    from orp_tui.core.sanitise import cell_width

    widths = [max(cell_width(row[at]) for row in rows) for at in range(len(rows[0]))]
    lines = []
    for row in rows:
        *parts, last = (
            text + " " * (width - cell_width(text)) for text, width in zip(row, widths, strict=True)
        )
        lines.append("  ".join([*parts, last.rstrip().rjust(widths[-1])]).rstrip())
    return lines
