"""Whether a file can be loaded as what its suffix says, without loading any code.

No pickle is ever executed and no library of the format is imported: headers are compared
with lengths, checksums with contents.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO

from orp_tui.core.checklist import CheckResult
from orp_tui.deliverables.context import Context, Options, Target, each
from orp_tui.deliverables.findings import Broken, CannotTell, counted

_DOCUMENTS = (".json", ".jsonl", ".ndjson", ".yaml", ".yml", ".toml", ".ipynb")
_IMAGES = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".svg", ".pdf")
TORCH = (".pt", ".pth", ".ckpt", ".bin")
WEIGHTS = (*TORCH, ".safetensors", ".onnx", ".npz", ".npy", ".gguf", ".h5", ".keras", ".pkl", ".joblib")


def check_loadable(context: Context, _options: Options) -> CheckResult:
    """By suffix: safetensors, torch, ONNX, numpy, pickle, GGUF, HDF5, Keras, Parquet, JSON, YAML, TOML,
    tables, images, zip; a folder as a Hugging Face model or as the weights in it.
    """
    return each(context, "loadable", lambda target: (look_at(context, target), None))


def look_at(context: Context, target: Target) -> str:
    """A detail. Raises Broken, CannotTell, UnsafePath and OSError."""
    if target.is_folder:
        from orp_tui.deliverables.model_folder import look_at_folder

        return look_at_folder(context, target)
    return look_at_file(context, target.path)


def look_at_file(context: Context, path: str) -> str:
    """As `look_at`, for one file of the workspace."""
    name = path.rpartition("/")[2].lower()
    suffix = name[name.rfind(".") :] if "." in name else ""
    reader = _reader(suffix)
    if reader is None and suffix != ".onnx":
        what = f"a {suffix} file" if suffix else "a file without suffix"
        raise CannotTell(f"don't know how to load {what}; name another validation")
    with context.open(path) as file:
        return reader(file, path) if reader else _onnx(context, path, file)


def _reader(suffix: str) -> Callable[[BinaryIO, str], str] | None:
    if suffix in _DOCUMENTS:
        return _document
    if suffix in _IMAGES:
        return _image
    if suffix in (".csv", ".tsv"):
        return _table
    return _binary if suffix in _BINARY else None


def _document(file: BinaryIO, path: str) -> str:
    from orp_tui.deliverables.documents import json_type, read_document

    return f"parses: {json_type(read_document(file, path))}"


def _image(file: BinaryIO, _path: str) -> str:
    from orp_tui.deliverables.checks_image import look_at_image

    return str(look_at_image(file))


def _table(file: BinaryIO, _path: str) -> str:
    from orp_tui.deliverables.checks_csv import look_at_table

    return look_at_table(file, {})[0]


def _safetensors(file: BinaryIO) -> str:
    from orp_tui.deliverables.formats.safetensors_file import look_at_safetensors

    tensors = look_at_safetensors(file)
    return f"safetensors, {counted(len(tensors.names), 'tensor')}, {counted(tensors.parameters, 'parameter')}"


def _torch(file: BinaryIO) -> str:
    from orp_tui.deliverables.formats.torch_file import look_at_torch

    return look_at_torch(file)


def _npy(file: BinaryIO) -> str:
    from orp_tui.deliverables.formats.numpy_file import look_at_npy

    return look_at_npy(file)


def _npz(file: BinaryIO) -> str:
    from orp_tui.deliverables.formats.numpy_file import look_at_npz

    return look_at_npz(file)


def _zip(file: BinaryIO) -> str:
    from orp_tui.deliverables.formats.zip_file import look_at_zip

    return look_at_zip(file)


def _keras(file: BinaryIO) -> str:
    from orp_tui.deliverables.formats.zip_file import check_members, open_zip

    with open_zip(file) as archive:
        names = set(archive.namelist())
        missing = {"config.json", "metadata.json", "model.weights.h5"} - names
        if missing:
            raise Broken(f"a zip, but no Keras model: no {min(missing)} in it")
        check_members(archive)
    return "Keras model"


def _pickle(file: BinaryIO) -> str:
    from orp_tui.deliverables.formats.other_binary import look_at_pickle

    return look_at_pickle(file)


def _gguf(file: BinaryIO) -> str:
    from orp_tui.deliverables.formats.other_binary import look_at_gguf

    return look_at_gguf(file)


def _hdf5(file: BinaryIO) -> str:
    from orp_tui.deliverables.formats.other_binary import look_at_hdf5

    return look_at_hdf5(file)


def _parquet(file: BinaryIO) -> str:
    from orp_tui.deliverables.formats.other_binary import look_at_parquet

    return look_at_parquet(file)


_BINARY: dict[str, Callable[[BinaryIO], str]] = {
    ".safetensors": _safetensors,
    **dict.fromkeys(TORCH, _torch),
    ".npy": _npy,
    ".npz": _npz,
    **dict.fromkeys((".pkl", ".pickle", ".joblib"), _pickle),
    ".gguf": _gguf,
    **dict.fromkeys((".h5", ".hdf5"), _hdf5),
    ".keras": _keras,
    ".parquet": _parquet,
    **dict.fromkeys((".zip", ".whl"), _zip),
}


def _binary(file: BinaryIO, path: str) -> str:
    return _BINARY[path[path.rfind(".") :].lower()](file)


def _onnx(context: Context, path: str, file: BinaryIO) -> str:
    from orp_tui.deliverables.formats.onnx_file import look_at_onnx

    model = look_at_onnx(file)
    folder = path.rpartition("/")[0]
    for data in model.external:
        beside = f"{folder}/{data.location}" if folder else data.location
        try:
            size = context.folder.stat_file(beside).st_size
        except FileNotFoundError:
            raise Broken(f"its data file {data.location} is missing") from None
        if size < data.end:
            raise Broken(
                f"truncated: its data file {data.location} has {size:,} bytes, promised are {data.end:,}"
            )
    return f"ONNX, IR version {model.ir_version}, {counted(model.nodes, 'node')}"
