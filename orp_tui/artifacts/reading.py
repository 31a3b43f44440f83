"""What verify and extract share: refusing bombs by their numbers, finding the manifest."""

from __future__ import annotations

from orp_tui.artifacts.manifest import MANIFEST_NAME, Manifest
from orp_tui.core.errors import ArchiveError
from orp_tui.logs.zip_directory import STORED, ZipEntry
from orp_tui.logs.zip_member import ZipArchive

MAX_RATIO = 1100
"""Deflate gives at most 1032 bytes for one; what announces more lies."""
MAX_TOTAL = 1 << 40
"""Bytes unpacked, for a zip that shrank its files more than 100 times together."""
_MAX_MANIFEST = 256 << 20
_HEADER = 30


def refuse_bombs(archive: ZipArchive) -> None:
    """Raises ArchiveError if the directory's numbers are impossible or absurd; unpacks nothing."""
    where = archive.path
    for entry in archive.entries:
        if entry.method == STORED and entry.size != entry.packed:
            raise ArchiveError(
                f"{where}: refused: {entry.name!r} is stored in {entry.packed:,} bytes, announces {entry.size:,}"
            )
        if entry.size > MAX_RATIO * entry.packed + 4096:
            raise ArchiveError(
                f"{where}: refused: {entry.name!r} announces {entry.size:,} bytes packed in {entry.packed:,}"
            )
    total = sum(entry.size for entry in archive.entries)
    if total > MAX_TOTAL and total > 100 * archive.size:
        raise ArchiveError(f"{where}: refused: {total:,} bytes packed in {archive.size:,}")
    _refuse_overlaps(archive)


def _refuse_overlaps(archive: ZipArchive) -> None:
    """Members that share bytes are how a small zip unpacks to petabytes."""
    end, before = 0, ""
    for entry in sorted(archive.entries, key=lambda entry: entry.offset):
        if entry.offset < end:
            raise ArchiveError(f"{archive.path}: refused: {entry.name!r} and {before!r} share bytes")
        end, before = entry.offset + _HEADER + entry.packed, entry.name
    if end > archive.size:
        raise ArchiveError(f"{archive.path}: damaged: {before!r} is cut off")


def read_small(archive: ZipArchive, entry: ZipEntry, most: int) -> bytes:
    """A whole member. Raises ArchiveError if it is damaged, or announces more than `most` bytes."""
    if entry.size > most:
        raise ArchiveError(f"{archive.path}: {entry.name!r} holds {entry.size:,} bytes, more than {most:,}")
    return b"".join(archive.chunks(entry))


def read_manifest(archive: ZipArchive) -> Manifest | None:
    """What the zip says it holds; None if it says nothing. Raises ArchiveError if that is no manifest."""
    import json

    if not any(entry.name == MANIFEST_NAME for entry in archive.entries):
        return None
    data = read_small(archive, archive.find(MANIFEST_NAME), _MAX_MANIFEST)
    try:
        return Manifest.from_json(json.loads(data))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ArchiveError(f"{archive.path}: {MANIFEST_NAME} is no manifest: {error}") from error
