"""Files of many formats, made by hand, byte by byte as their specifications say."""

from __future__ import annotations

import io
import json
import math
import pickle
import struct
import zipfile
import zlib
from typing import Any

_BYTES = {"F32": 4, "F16": 2, "I64": 8, "U8": 1}


def safetensors(tensors: dict[str, tuple[str, list[int]]], **changed: Any) -> bytes:
    """Tensors of zeros, one behind the other; `changed` replaces header entries."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    at = 0
    for name, (kind, shape) in tensors.items():
        end = at + _BYTES[kind] * math.prod(shape)
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [at, end]}
        at = end
    header.update(changed)
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + bytes(at)


def zipped(members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def torch_pickle(numels: list[int]) -> bytes:
    """What `torch.save` writes of a list of float tensors' storages, protocol 2."""
    code = b"\x80\x02]q\x00("
    for key, numel in enumerate(numels):
        code += b"("
        code += b"X" + struct.pack("<I", 7) + b"storage" + b"q\x01" if key == 0 else b"h\x01"
        code += b"ctorch\nFloatStorage\n" + b"q\x02" if key == 0 else b"h\x02"
        code += b"X" + struct.pack("<I", 1) + str(key).encode() + b"q" + bytes([10 + key])
        code += b"X" + struct.pack("<I", 3) + b"cpu" + b"q\x03" if key == 0 else b"h\x03"
        code += b"J" + struct.pack("<i", numel) + b"tq" + bytes([50 + key]) + b"Q"
    return code + b"e."


def torch_zip(numels: list[int], sizes: list[int] | None = None, pickled: bytes | None = None) -> bytes:
    """A file of `torch.save` with float storages of these lengths."""
    members = {
        "model/data.pkl": torch_pickle(numels) if pickled is None else pickled,
        "model/version": b"3\n",
    }
    for key, size in enumerate([4 * numel for numel in numels] if sizes is None else sizes):
        members[f"model/data/{key}"] = bytes(size)
    return zipped(members)


def torch_legacy(*, numbers: bytes = bytes(8)) -> bytes:
    """As torch wrote before 1.6."""
    magic = 0x1950A86A20F9469CFC6C
    parts = [magic, 1001, {"little_endian": True}]
    code = b"".join(pickle.dumps(part, 2) for part in parts)
    return code + torch_pickle([2]) + pickle.dumps(["0"], 2) + numbers


def varint(value: int) -> bytes:
    data = b""
    while value > 0x7F:
        data += bytes([value & 0x7F | 0x80])
        value >>= 7
    return data + bytes([value])


def message(*fields: tuple[int, int | bytes]) -> bytes:
    """A protobuf message of numbers and byte strings."""
    data = b""
    for field, value in fields:
        if isinstance(value, int):
            data += varint(field << 3) + varint(value)
        else:
            data += varint(field << 3 | 2) + varint(len(value)) + value
    return data


def onnx(*, weights: bytes = bytes(64), location: str | None = None, length: int = 64) -> bytes:
    """A model of one node and one tensor, its numbers inside or in another file."""
    tensor = [(1, 16), (2, 1), (8, b"w")]
    if location is None:
        tensor.append((9, weights))
    else:
        for key, value in (("location", location), ("offset", "0"), ("length", str(length))):
            tensor.append((13, message((1, key.encode()), (2, value.encode()))))
        tensor.append((14, 1))
    node = message((1, b"x"), (1, b"w"), (2, b"y"), (4, b"MatMul"))
    graph = message((1, node), (2, b"g"), (5, message(*tensor)))
    return message((1, 8), (2, b"by hand"), (7, graph), (8, message((2, 17))))


def npy(shape: tuple[int, ...] = (3, 4), kind: Any = "<f4", data: bytes | None = None) -> bytes:
    header = repr({"descr": kind, "fortran_order": False, "shape": shape}).encode()
    header += b" " * (-(10 + len(header) + 1) % 64) + b"\n"
    numbers = bytes(4 * math.prod(shape)) if data is None else data
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + numbers


def png(width: int = 4, height: int = 3) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    pixels = zlib.compress((b"\0" + bytes(width)) * height)
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def jpeg(width: int = 4, height: int = 3) -> bytes:
    app = b"\xff\xe0" + struct.pack(">H", 16) + b"JFIF\0" + bytes(9)
    frame = b"\xff\xc0" + struct.pack(">HBHHB", 11, 8, height, width, 1) + b"\x01\x11\x00"
    scan = b"\xff\xda" + struct.pack(">H", 8) + b"\x01\x01\x00\x00\x3f\x00"
    return b"\xff\xd8" + app + frame + scan + b"\x12\x34\xff\x00\x56" + b"\xff\xd9"


def gif(width: int = 4, height: int = 3) -> bytes:
    screen = struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes(6)
    image = b"," + struct.pack("<HHHHB", 0, 0, width, height, 0) + b"\x02" + b"\x02\x4c\x01" + b"\x00"
    return b"GIF89a" + screen + b"!\xf9\x04" + bytes(4) + b"\x00" + image + b";"


def bmp(width: int = 4, height: int = 3) -> bytes:
    pixels = bytes(4 * ((3 * width + 3) // 4) * height)
    info = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, len(pixels), 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54 + len(pixels), 0, 0, 54) + info + pixels


def webp(width: int = 4, height: int = 3) -> bytes:
    bits = (width - 1) | (height - 1) << 14
    body = b"\x2f" + struct.pack("<I", bits) + bytes(9)
    chunk = b"VP8L" + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk


def tiff(width: int = 4, height: int = 3, *, order: str = "<") -> bytes:
    tags = [(256, 3, width), (257, 3, height), (273, 4, 8), (279, 4, width * height)]
    pixels = bytes(width * height)
    table = struct.pack(f"{order}H", len(tags))
    for tag, kind, value in tags:
        inline = struct.pack(f"{order}HH", value, 0) if kind == 3 else struct.pack(f"{order}I", value)
        table += struct.pack(f"{order}HHI", tag, kind, 1) + inline
    head = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}HI", 42, 8 + len(pixels))
    return head + pixels + table + bytes(4)


SVG = b"""<?xml version="1.0"?>
<svg xmlns="http://www.w3.org/2000/svg" width="40px" viewBox="0 0 80 30"><path d="M0 0"/></svg>
"""
PDF = b"%PDF-1.4\n1 0 obj << >> endobj\ntrailer << >>\nstartxref\n9\n%%EOF\n"


def hdf5(*, size: int = 200, promised: int = 200) -> bytes:
    head = b"\x89HDF\r\n\x1a\n" + bytes([0, 0, 0, 0, 0, 8, 8, 0]) + struct.pack("<HHI", 4, 16, 0)
    head += struct.pack("<QQQQ", 0, 2**64 - 1, promised, 2**64 - 1)
    return head.ljust(size, b"\0")


def gguf() -> bytes:
    return b"GGUF" + struct.pack("<IQQ", 3, 2, 1) + bytes(50)


def parquet() -> bytes:
    return b"PAR1" + bytes(20) + struct.pack("<I", 20) + b"PAR1"
