"""Pickles, listed and never executed: which names one imports, and whether it is complete.

An unpickler runs whatever the file says. Here only the opcodes are read, one after the other,
with the lengths that `pickletools` documents; long arguments are skipped, not read.
"""

from __future__ import annotations

import dataclasses
import functools
import pickletools
from typing import BinaryIO

from orp_tui.deliverables.findings import Broken, CannotTell, some
from orp_tui.deliverables.formats.reading import size_of

_MAX_OPCODES = 20_000_000  # about 20 s
_KEPT_TEXT = 1024
_MAX_LINE = 64 * 1024
_MAX_MEMO = 1_000_000
_LENGTHS = {
    pickletools.TAKEN_FROM_ARGUMENT1: (1, False),
    pickletools.TAKEN_FROM_ARGUMENT4: (4, True),
    pickletools.TAKEN_FROM_ARGUMENT4U: (4, False),
    pickletools.TAKEN_FROM_ARGUMENT8U: (8, False),
}
_TEXT = frozenset(
    {"UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8", "STRING", "SHORT_BINSTRING", "BINSTRING"}
)
_NUMBERS = frozenset({"INT", "BININT", "BININT1", "BININT2", "LONG1"})
_GET = frozenset({"GET", "BINGET", "LONG_BINGET"})
_PUT = frozenset({"PUT", "BINPUT", "LONG_BINPUT"})
_KNOWN = ("collections", "numpy", "torch", "_codecs", "copyreg", "datetime", "pathlib", "decimal", "argparse")
_LIBRARIES = (
    "sklearn", "scipy", "pandas", "joblib", "xgboost", "lightgbm", "catboost", "jax", "jaxlib", "flax", "optax",
    "transformers", "accelerate", "peft", "lightning", "pytorch_lightning", "omegaconf", "timm", "tensorflow", "keras",
)  # fmt: skip
_PLAIN_BUILTINS = frozenset(
    ["bytearray", "bytes", "complex", "dict", "frozenset", "int", "float", "list", "object", "range", "set", "slice",
     "str", "tuple", "bool", "Ellipsis", "NotImplemented", "BaseException", "Exception"]
)  # fmt: skip

Plain = str | int | None
"""A pushed value as far as it matters: a text, a number, an import as `module name`; None for the rest."""


@dataclasses.dataclass
class Listing:
    """What one pickle holds."""

    imports: dict[str, None] = dataclasses.field(default_factory=dict)
    """`module.name`, in order of appearance, each once."""
    persistent: list[tuple[Plain, ...]] = dataclasses.field(default_factory=list)
    """The last five parts of the tuples behind persistent ids: how torch refers to its storages."""
    opcodes: int = 0

    @property
    def suspicious(self) -> list[str]:
        """Imports of neither plain data nor a known library: loading the file would run code of theirs."""
        return [name for name in self.imports if not _is_known(name)]


def _is_known(name: str) -> bool:
    module, _, last = name.rpartition(".")
    if module in ("builtins", "__builtin__"):
        return last in _PLAIN_BUILTINS
    # torch's and numpy's own ways to run code count as suspicious like everybody's.
    if "hub" in module or "testing" in module or "load" in last or module.startswith("torch.utils.cpp"):
        return False
    return module.partition(".")[0] in _KNOWN + _LIBRARIES


def imports_in_words(listing: Listing) -> str:
    """`imports: …` for a detail; empty if there are none."""
    strange = listing.suspicious
    if strange:
        return f"; careful, loading it runs code of: {some(strange)}"
    return f"; imports {some(list(listing.imports), 4)}" if listing.imports else ""


@dataclasses.dataclass(frozen=True)
class _Opcode:
    name: str
    fixed: int
    """Bytes of the argument; -1 for a line, -2 for two lines, -3 for a length in front."""
    length: tuple[int, bool] = (0, False)
    """Bytes of the length in front, and whether it is signed."""


@functools.cache
def _table() -> list[_Opcode | None]:
    table: list[_Opcode | None] = [None] * 256
    for opcode in pickletools.opcodes:
        count = 0 if opcode.arg is None else opcode.arg.n
        if count >= 0:
            entry = _Opcode(opcode.name, count)
        elif count == pickletools.UP_TO_NEWLINE:
            lines = 2 if opcode.arg is pickletools.stringnl_noescape_pair else 1
            entry = _Opcode(opcode.name, -lines)
        else:
            entry = _Opcode(opcode.name, -3, _LENGTHS[count])
        table[ord(opcode.code)] = entry
    return table


class UnknownOpcode(Broken):
    """A byte that begins no opcode; joblib writes raw arrays between them."""


def list_pickle(file: BinaryIO, listing: Listing) -> None:
    """Read from here to the end of one pickle, and put what it holds into `listing`.

    Raises Broken if the file ends before the pickle does, UnknownOpcode at a byte that is none,
    CannotTell after 20,000,000 opcodes.
    """
    _Reader(file, listing).run()


class _Reader:
    def __init__(self, file: BinaryIO, listing: Listing) -> None:
        self.file, self.listing = file, listing
        self.size = size_of(file)
        self.stack: list[Plain] = []
        """What was pushed since the last mark; enough to know texts and tuples of texts."""
        self.memo: dict[int, Plain] = {}

    def run(self) -> None:
        table, read = _table(), self.file.read
        while code := read(1):
            opcode = table[code[0]]
            if opcode is None:
                raise UnknownOpcode(
                    f"no pickle: unknown opcode 0x{code[0]:02x} at byte {self.file.tell() - 1:,}"
                )
            self.listing.opcodes += 1
            if self.listing.opcodes > _MAX_OPCODES:
                raise CannotTell(f"more than {_MAX_OPCODES:,} opcodes; the rest is not looked at")
            argument = self.argument(opcode)
            if opcode.name == "STOP":
                return
            self.note(opcode.name, argument)
        raise Broken("truncated: the pickle does not reach its end")

    def argument(self, opcode: _Opcode) -> bytes:
        """The argument's bytes, of a long one only the first."""
        if opcode.fixed == 0:
            return b""
        if opcode.fixed > 0:
            return self.take(opcode.fixed)
        if opcode.fixed == -3:
            width, signed = opcode.length
            length = int.from_bytes(self.take(width), "little", signed=signed)
            if length < 0 or length > self.size - self.file.tell():
                raise Broken("truncated: the pickle ends within a value")
            data = self.take(min(length, _KEPT_TEXT))
            self.file.seek(length - len(data), 1)
            return data
        lines = [self.file.readline(_MAX_LINE) for _ in range(-opcode.fixed)]
        if not all(line.endswith(b"\n") for line in lines):
            raise Broken("truncated: the pickle ends within a line")
        return b"".join(lines)[:-1]

    def take(self, count: int) -> bytes:
        data = self.file.read(count)
        if len(data) < count:
            raise Broken("truncated: the pickle ends within a value")
        return data

    def note(self, name: str, argument: bytes) -> None:
        if name in _TEXT:
            self.push(argument.decode("utf-8", "replace").strip("'\"") if argument else "")
        elif name in _NUMBERS:
            self.push(_number(name, argument))
        elif name in ("GLOBAL", "INST"):
            self.imported(*argument.decode("utf-8", "replace").split("\n", 1))
        elif name == "STACK_GLOBAL":
            self.stack_global()
        elif name in _PUT or name == "MEMOIZE":
            place = len(self.memo) if name == "MEMOIZE" else _place(name, argument)
            if len(self.memo) < _MAX_MEMO:
                self.memo[place] = self.stack[-1] if self.stack else None
        elif name in _GET:
            self.push(self.memo.get(_place(name, argument)))
        elif name == "MARK":
            self.stack = []
        elif name == "BINPERSID":
            if len(self.listing.persistent) < _MAX_MEMO:
                self.listing.persistent.append(tuple(self.stack[-5:]))
            self.stack = [None]
        elif name in ("TUPLE", "FRAME", "PROTO"):
            pass  # a tuple stays visible as its parts
        else:
            self.push(None)

    def push(self, value: Plain) -> None:
        self.stack.append(value)
        if len(self.stack) > 64:
            del self.stack[:32]

    def stack_global(self) -> None:
        names = [value for value in self.stack[-2:] if isinstance(value, str)]
        if len(names) < 2:
            self.imported("?", "?")
            return
        del self.stack[-2:]
        self.imported(*names)

    def imported(self, module: str, name: str = "") -> None:
        if len(self.listing.imports) < 10_000:
            self.listing.imports.setdefault(f"{module}.{name}")
        self.push(f"{module} {name}")


def _place(name: str, argument: bytes) -> int:
    if name in ("GET", "PUT"):
        return int(argument) if argument.isdigit() and len(argument) < 10 else -1
    return int.from_bytes(argument, "little")


def _number(name: str, argument: bytes) -> int | None:
    if name == "INT":
        return int(argument) if argument.isdigit() and len(argument) < 20 else None
    if len(argument) > 8:
        return None
    return int.from_bytes(argument, "little", signed=name in ("BININT", "LONG1"))
