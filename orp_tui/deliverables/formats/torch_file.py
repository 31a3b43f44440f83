"""Files of `torch.save`, without torch and without unpickling.

Since 1.6 a zip: `data.pkl` refers to storages by key, each a member `data/<key>` of the length
that type and count give. Before, a row of pickles with raw storages behind.
"""

from __future__ import annotations

import io
import zipfile
from typing import BinaryIO

from orp_tui.deliverables.findings import Broken, CannotTell, counted, shown
from orp_tui.deliverables.formats.pickle_listing import Listing, imports_in_words, list_pickle
from orp_tui.deliverables.formats.zip_file import check_members, open_zip, read_member

_MAX_PICKLE = 64 * 1024 * 1024
_LEGACY_MAGIC = b"\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19"
_LEGACY_PICKLES = 5  # magic, protocol, system, the object, the storage keys
_BYTES = {
    "DoubleStorage": 8, "FloatStorage": 4, "HalfStorage": 2, "BFloat16Storage": 2, "LongStorage": 8, "IntStorage": 4,
    "ShortStorage": 2, "CharStorage": 1, "ByteStorage": 1, "BoolStorage": 1, "ComplexFloatStorage": 8,
    "ComplexDoubleStorage": 16, "UntypedStorage": 1,
}  # fmt: skip


def look_at_torch(file: BinaryIO) -> str:
    """A detail: storages, bytes and what it imports. Raises Broken and CannotTell."""
    head = file.read(64)
    file.seek(0)
    if head.startswith(b"PK"):
        with open_zip(file) as archive:
            return _look_at_archive(archive)
    if _LEGACY_MAGIC in head:
        return _look_at_legacy(file)
    if head[:1] == b"\x80":
        listing = Listing()
        list_pickle(file, listing)
        return f"a plain pickle, complete{imports_in_words(listing)}"
    raise Broken("empty file" if not head else "no torch file: neither zip nor pickle")


def _look_at_archive(archive: zipfile.ZipFile) -> str:
    members = {info.filename: info for info in archive.infolist()}
    pickles = [name for name in members if name == "data.pkl" or name.endswith("/data.pkl")]
    if len(pickles) != 1:
        raise Broken("a zip, but no torch file: no data.pkl in it")
    root = pickles[0].removesuffix("data.pkl")
    info = members[pickles[0]]
    if info.file_size > _MAX_PICKLE:
        raise CannotTell(f"its data.pkl has {info.file_size:,} bytes; at most {_MAX_PICKLE:,} are read")
    listing = Listing()
    list_pickle(io.BytesIO(read_member(archive, info, keep=info.file_size)), listing)
    storages = {name: each.file_size for name, each in members.items() if name.startswith(f"{root}data/")}
    _compare(listing, storages, root)
    _, unread = check_members(archive)
    rest = "" if not unread else f", {unread:,} of them too large for their checksums"
    words = imports_in_words(listing)
    return (
        f"torch, {counted(len(storages), 'storage')}, {counted(sum(storages.values()), 'byte')}{rest}{words}"
    )


def _compare(listing: Listing, storages: dict[str, int], root: str) -> None:
    for reference in listing.persistent:
        if len(reference) < 5 or reference[0] != "storage":
            continue
        _, kind, key, _, count = reference
        name = f"{root}data/{key}"
        if name not in storages:
            raise Broken(f"storage {shown(key, 20)} is missing")
        width = _BYTES.get(str(kind).rpartition(" ")[2])
        if width and isinstance(count, int) and storages[name] != width * count:
            has, promised = storages[name], width * count
            raise Broken(f"storage {shown(key, 20)} has {has:,} bytes, promised are {promised:,}")


def _look_at_legacy(file: BinaryIO) -> str:
    listing = Listing()
    for _ in range(_LEGACY_PICKLES):
        list_pickle(file, listing)
    if not file.read(1) and listing.persistent:
        raise Broken("truncated: no numbers behind its list of storages")
    return f"torch before 1.6, whose numbers can't be verified{imports_in_words(listing)}"
