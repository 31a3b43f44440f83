"""One member of a zip, by `path.zip::name`."""

from __future__ import annotations

from orp_tui.artifacts.reading import read_small
from orp_tui.core.errors import UsageError
from orp_tui.logs.source import split_reference
from orp_tui.logs.zip_member import ZipArchive

MOST = 64 << 20


def read_member(reference: str, *, most: int = MOST) -> bytes:
    """The bytes of a small member; a log of any size is for `logs.source.open_log`.

    Raises UsageError for a reference without `::` or to no file, UnsafePath for what is no
    regular file, ArchiveError for a damaged zip, a missing member, or one of more than `most` bytes.
    """
    path, name = split_reference(reference)
    if name is None:
        raise UsageError(f"{reference}: names no member; write path.zip::member")
    try:
        with ZipArchive(path) as archive:
            return read_small(archive, archive.find(name), most)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else None
        raise UsageError(f"{path}: {(why or str(error)).lower()}") from error
