"""Formats of which only marks and promised lengths are looked at: GGUF, HDF5, Parquet, joblib and pickle."""

from __future__ import annotations

from typing import BinaryIO

from orp_tui.deliverables.findings import Broken, CannotTell, counted
from orp_tui.deliverables.formats.pickle_listing import Listing, UnknownOpcode, imports_in_words, list_pickle
from orp_tui.deliverables.formats.reading import exactly, size_of, truncated

_HDF5 = b"\x89HDF\r\n\x1a\n"
_CHUNK = 1024 * 1024
_MAX_UNPACKED = 1024**3
_PACKED = (
    (b"\x1f\x8b", "gzip"),
    (b"\x78", "zlib"),
    (b"\xfd7zXZ", "xz"),
    (b"BZh", "bzip2"),
    (b"\x04\x22\x4d\x18", "lz4"),
)


def look_at_gguf(file: BinaryIO) -> str:
    """Mark, version and counts of the header."""
    head = exactly(file, 24, "the header")
    if head[:4] != b"GGUF":
        raise Broken("no GGUF file: its first bytes are not its mark")
    version = int.from_bytes(head[4:8], "little")
    tensors = int.from_bytes(head[8:16], "little")
    if not 1 <= version <= 100 or tensors > 10_000_000:
        raise Broken("damaged: impossible numbers in the header")
    if size_of(file) == len(head):
        raise Broken("truncated: nothing behind the header")
    return f"GGUF version {version}, {counted(tensors, 'tensor')}; header only"


def look_at_hdf5(file: BinaryIO) -> str:
    """The end of the file that the superblock promises. Source: HDF5 file format specification, II.A."""
    size = size_of(file)
    base = 0
    while True:  # the superblock stands at 0, or at 512, 1024, 2048 …
        file.seek(base)
        if file.read(8) == _HDF5:
            break
        base = base * 2 or 512
        if base >= size or base > 1 << 20:
            raise Broken("empty file" if not size else "no HDF5 file: its first bytes are not its mark")
    block = exactly(file, 88, "the superblock") if size - base >= 96 else file.read()
    version = block[0] if block else 255
    width = block[5] if version < 2 and len(block) > 5 else block[1] if len(block) > 1 else 0
    start = {0: 16, 1: 20, 2: 4, 3: 4}.get(version)
    if start is None:
        raise CannotTell(f"HDF5 superblock version {version} is not known")
    if width not in (2, 4, 8):
        raise Broken("damaged: impossible numbers in the superblock")
    place = start + 2 * width
    if len(block) < place + width:
        raise Broken("truncated: the file ends within the superblock")
    promised = int.from_bytes(block[place : place + width], "little")
    if promised > size:
        raise truncated(promised, size, "superblock")
    return f"HDF5, {counted(size, 'byte')}"


def look_at_parquet(file: BinaryIO) -> str:
    """Marks at both ends and a footer that fits between."""
    size = size_of(file)
    if exactly(file, 4, "the header") != b"PAR1":
        raise Broken("no Parquet file: its first bytes are not its mark")
    file.seek(max(4, size - 8))
    tail = file.read()
    if len(tail) < 8 or tail[4:] != b"PAR1":
        raise Broken("truncated: no mark at its end")
    footer = int.from_bytes(tail[:4], "little")
    if not footer or footer + 12 > size:
        raise Broken("damaged: its footer does not fit")
    return f"Parquet, {counted(size, 'byte')}"


def look_at_pickle(file: BinaryIO) -> str:
    """Every pickle in the file listed to its end; never executed."""
    size = size_of(file)
    head = file.read(8)
    if not size:
        raise Broken("empty file")
    if head[:1] != b"\x80" and head[:1] not in b"(]}cINFLSUVX.":
        packed = next((name for magic, name in _PACKED if head.startswith(magic)), None)
        if packed in ("gzip", "zlib"):
            return _unpacks(file, packed)
        if packed:
            raise CannotTell(f"packed with {packed}; not looked into, save it without compression")
        raise Broken("no pickle: its first byte begins none")
    listing = Listing()
    pickles = 0
    file.seek(0)
    while file.tell() < size:
        try:
            list_pickle(file, listing)
        except UnknownOpcode:
            return _raw_arrays(file, size, listing)
        pickles += 1
    many = f"{pickles:,} pickles" if pickles > 1 else "pickle"
    return f"{many}, complete, {counted(listing.opcodes, 'opcode')}{imports_in_words(listing)}"


def _unpacks(file: BinaryIO, packed: str) -> str:
    """joblib's compression: the stream is unpacked to its end and checksum, nothing of it kept."""
    import zlib

    stream = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)  # gzip's header or zlib's
    size = 0
    file.seek(0)
    try:
        while not stream.eof:
            data = stream.unconsumed_tail or file.read(_CHUNK)
            if not data:
                raise Broken(f"truncated: the {packed} stream does not reach its end")
            size += len(stream.decompress(data, _CHUNK))
            if size > _MAX_UNPACKED:
                raise CannotTell(f"unpacks to more than {_MAX_UNPACKED:,} bytes; the rest is not looked at")
    except zlib.error as error:
        raise Broken(f"damaged {packed} stream: {error}") from error
    return f"{packed}, unpacks whole to {counted(size, 'byte')}; what it imports is not listed"


def _raw_arrays(file: BinaryIO, size: int, listing: Listing) -> str:
    """joblib writes the numbers of an array right behind its description, between opcodes."""
    if not any(name.startswith("joblib.numpy_pickle.") for name in listing.imports):
        raise Broken("damaged: an unknown opcode in the pickle")
    file.seek(size - 1)
    if file.read(1) != b".":
        raise Broken("truncated: the pickle does not reach its end")
    return f"joblib, looked at up to its first array, end mark there{imports_in_words(listing)}"
