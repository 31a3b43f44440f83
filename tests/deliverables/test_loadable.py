"""Models and data, made by hand: whole, cut, and lying about themselves."""

from __future__ import annotations

import gzip
import json
import pickle
import zipfile
import zlib
from pathlib import Path

import hand_made
import pytest
from checked_workspace import Workspace
from hand_made import safetensors, torch_zip, zipped

TENSORS = {"w": ("F32", [16, 64]), "b": ("F16", [8]), "none": ("I64", [0, 3])}

WHOLE = {
    "m.safetensors": (safetensors(TENSORS), "safetensors, 3 tensors, 1,032 parameters"),
    "m.pt": (torch_zip([8, 3]), "torch, 2 storages, 44 bytes; imports torch.FloatStorage"),
    "old.pth": (hand_made.torch_legacy(), "torch before 1.6, whose numbers can't be verified; imports torch.FloatStorage"),
    "m.onnx": (hand_made.onnx(), "ONNX, IR version 8, 1 node"),
    "a.npy": (hand_made.npy(), "array (3, 4) of <f4"),
    "a.npz": (zipped({"a.npy": hand_made.npy(), "b.npy": hand_made.npy((2,))}), "2 arrays"),
    "packed.npz": (zipped({"a.npy": hand_made.npy((500, 500))}, zipfile.ZIP_DEFLATED), "1 array"),
    "m.pkl": (pickle.dumps({"a": [1, 2.5, "x", b"y" * 5000]}, 4), "pickle, complete, 18 opcodes"),
    "m.h5": (hand_made.hdf5(), "HDF5, 200 bytes"),
    "m.gguf": (hand_made.gguf(), "GGUF version 3, 2 tensors; header only"),
    "t.parquet": (hand_made.parquet(), "Parquet, 32 bytes"),
    "t.csv": (b"a,b\n1,2\n", "columns a, b"),
    "c.json": (b'{"a": 1}', "parses: a mapping"),
    "c.yaml": (b"a: 1\n", "parses: a mapping"),
    "c.toml": (b"a = 1\n", "parses: a mapping"),
    "all.zip": (zipped({"a": b"1", "b": b"2"}), "zip, 2 members read"),
    "m.keras": (zipped({"config.json": b"{}", "metadata.json": b"{}", "model.weights.h5": b""}), "Keras model"),
}  # fmt: skip


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_file_tells_what_it_holds(workspace: Workspace, name: str) -> None:
    data, detail = WHOLE[name]
    workspace.write(name, data)

    assert workspace.passes(name, "loadable") == detail


@pytest.mark.parametrize(
    "name", [name for name in WHOLE if name not in ("t.csv", "c.yaml", "c.toml", "m.gguf")]
)
def test_a_file_that_was_cut_fails_wherever_it_was_cut(workspace: Workspace, name: str) -> None:
    data = WHOLE[name][0]
    for kept in {0, 3, len(data) // 2, len(data) - 1}:
        workspace.write(name, data[:kept])

        if not (name == "old.pth" and kept == len(data) - 1):  # its numbers can't be verified
            workspace.fails(name, "loadable")


def test_an_unknown_suffix_is_an_error(workspace: Workspace) -> None:
    workspace.write("model.xyz")
    workspace.write("model")

    assert (
        workspace.errs("model.xyz", "loadable")
        == "don't know how to load a .xyz file; name another validation"
    )
    assert "a file without suffix" in workspace.errs("model", "loadable")


def test_safetensors_that_was_cut_tells_both_lengths(workspace: Workspace) -> None:
    data = safetensors({"w": ("U8", [4000])})
    workspace.write("m.safetensors", data[:-100])

    assert workspace.fails("m.safetensors", "loadable") == (
        f"truncated: header promises {len(data):,} bytes, file has {len(data) - 100:,}"
    )


@pytest.mark.parametrize(
    ("entry", "detail"),
    [
        ({"dtype": "F32", "shape": [3], "data_offsets": [0, 16]}, "tensor w of 3 F32 has 16 bytes"),
        ({"dtype": "F32", "shape": [4], "data_offsets": [8, 24]}, "leaves a hole before it"),
        ({"dtype": "F32", "shape": [-4], "data_offsets": [0, 16]}, "no dtype, shape or offsets"),
        ({"dtype": "F32", "shape": [True], "data_offsets": [0, 4]}, "no dtype, shape or offsets"),
        ({"dtype": "F32", "shape": [2**62] * 50, "data_offsets": [0, 16]}, "impossible shape"),
        ({"dtype": "F32", "shape": [4]}, "no dtype, shape or offsets"),
        ("nothing", "no dtype, shape or offsets"),
    ],
)
def test_safetensors_that_contradicts_itself_fails(workspace: Workspace, entry: object, detail: str) -> None:
    workspace.write("m.safetensors", safetensors({"w": ("F32", [4])}, w=entry))

    assert detail in workspace.fails("m.safetensors", "loadable")


def test_safetensors_with_bytes_behind_its_end_fails(workspace: Workspace) -> None:
    workspace.write("m.safetensors", safetensors(TENSORS) + b"more")

    assert (
        workspace.fails("m.safetensors", "loadable")
        == "4 bytes behind its last tensor, which no header names"
    )


def test_a_dtype_of_the_future_is_taken_at_its_offsets(workspace: Workspace) -> None:
    entry = {"dtype": "F2", "shape": [4], "data_offsets": [0, 16]}
    workspace.write("m.safetensors", safetensors({"w": ("F32", [4])}, w=entry))

    workspace.passes("m.safetensors", "loadable")


def test_torch_storages_are_compared_with_what_the_pickle_promises(workspace: Workspace) -> None:
    workspace.write("short.pt", torch_zip([8, 3], sizes=[32, 8]))
    workspace.write("missing.pt", torch_zip([8, 3], sizes=[32]))
    workspace.write("other.pt", zipped({"a.txt": b"no model"}))

    assert workspace.fails("short.pt", "loadable") == "storage 1 has 8 bytes, promised are 12"
    assert workspace.fails("missing.pt", "loadable") == "storage 1 is missing"
    assert workspace.fails("other.pt", "loadable") == "a zip, but no torch file: no data.pkl in it"


def test_a_changed_byte_in_a_torch_file_is_noticed(workspace: Workspace) -> None:
    data = bytearray(torch_zip([1000]))
    data[data.index(bytes(4000)) + 2000] = 1
    workspace.write("m.pt", bytes(data))

    assert "Bad CRC-32" in workspace.fails("m.pt", "loadable")


class Evil:
    """Writes a file when unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        import os

        return os.system, (f"touch {self.path}",)


@pytest.mark.parametrize("protocol", range(6))
def test_a_pickle_is_listed_and_never_executed(workspace: Workspace, tmp_path: Path, protocol: int) -> None:
    harmful = pickle.dumps(Evil(tmp_path / "executed"), protocol)
    workspace.write("m.pkl", harmful)
    workspace.write("m.pt", torch_zip([], pickled=harmful))
    workspace.write("a.npy", hand_made.npy((1,), "|O", harmful))

    for name in ("m.pkl", "m.pt", "a.npy"):
        assert "careful, loading it runs code of: posix.system" in workspace.passes(name, "loadable")
    assert not (tmp_path / "executed").exists()


def test_eval_is_suspicious_and_plain_data_is_not(workspace: Workspace) -> None:
    from collections import OrderedDict

    workspace.write("eval.pkl", b"cbuiltins\neval\n(V1\ntR.")
    workspace.write("hidden.pkl", b"\x80\x04NN\x93.")
    workspace.write("plain.pkl", pickle.dumps(OrderedDict(a=complex(1, 2))))

    assert "runs code of: builtins.eval" in workspace.passes("eval.pkl", "loadable")
    assert "runs code of: ?.?" in workspace.passes("hidden.pkl", "loadable")
    assert workspace.passes("plain.pkl", "loadable").endswith(
        "imports collections.OrderedDict, builtins.complex"
    )


def test_a_pickle_with_a_huge_length_is_not_read(workspace: Workspace) -> None:
    workspace.write("m.pkl", b"\x80\x04\x8e" + b"\xff" * 7 + b"\x7fabc")

    assert workspace.fails("m.pkl", "loadable") == "truncated: the pickle ends within a value"


def test_joblib_with_raw_arrays_is_looked_at_up_to_the_first(workspace: Workspace) -> None:
    described = b"\x80\x04cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81"
    workspace.write("m.joblib", described + b"\xff\xfe" * 50 + b".")
    workspace.write("cut.joblib", described + b"\xff\xfe" * 50)
    workspace.write("other.pkl", b"\x80\x04]\xff.")

    assert workspace.passes("m.joblib", "loadable").startswith("joblib, looked at up to its first array")
    assert workspace.fails("cut.joblib", "loadable") == "truncated: the pickle does not reach its end"
    assert workspace.fails("other.pkl", "loadable") == "damaged: an unknown opcode in the pickle"


def test_a_compressed_joblib_is_unpacked_to_its_end(workspace: Workspace) -> None:
    data = pickle.dumps(list(range(10_000)))
    workspace.write("z.joblib", zlib.compress(data))
    workspace.write("g.joblib", gzip.compress(data))
    workspace.write("cut.joblib", zlib.compress(data)[:-4])
    workspace.write("x.joblib", b"\xfd7zXZ\0")

    assert workspace.passes("z.joblib", "loadable").startswith(f"zlib, unpacks whole to {len(data):,} bytes")
    assert workspace.passes("g.joblib", "loadable").startswith("gzip, unpacks whole")
    assert workspace.fails("cut.joblib", "loadable").startswith("truncated")
    assert "packed with xz" in workspace.errs("x.joblib", "loadable")


def test_onnx_with_its_numbers_in_another_file(workspace: Workspace) -> None:
    workspace.write("m/model.onnx", hand_made.onnx(location="model.data"))

    assert workspace.fails("m/model.onnx", "loadable") == "its data file model.data is missing"
    workspace.write("m/model.data", bytes(60))
    assert workspace.fails("m/model.onnx", "loadable") == (
        "truncated: its data file model.data has 60 bytes, promised are 64"
    )
    workspace.write("m/model.data", bytes(64))
    workspace.passes("m/model.onnx", "loadable")


def test_onnx_whose_numbers_lie_outside_is_refused(workspace: Workspace) -> None:
    workspace.write("model.onnx", hand_made.onnx(location="../../etc/passwd"))

    assert "leaves its folder" in workspace.fails("model.onnx", "loadable")


@pytest.mark.parametrize(
    ("data", "detail"),
    [
        (hand_made.message((1, 8), (8, b"")), "an ONNX model without a graph"),
        (hand_made.message((7, b"")), "no ONNX model: it tells no version"),
        (hand_made.message((99, 1)), "no ONNX model: unknown field 99"),
        (b"\xff" * 20, "damaged: an endless number"),
        (b"\x0b\x0c", "damaged: wire type 3 at byte 1"),
    ],
)
def test_what_is_no_onnx_model_fails(workspace: Workspace, data: bytes, detail: str) -> None:
    workspace.write("m.onnx", data)

    assert workspace.fails("m.onnx", "loadable") == detail


@pytest.mark.parametrize(
    ("kind", "element"),
    [("<U5", 20), ("|S7", 7), ("<M8[ns]", 8), ("|b1", 1), ([("x", "<f4"), ("y", "<i8", (2, 2))], 36)],
)
def test_numpy_types_have_their_widths(workspace: Workspace, kind: object, element: int) -> None:
    workspace.write("a.npy", hand_made.npy((3,), kind, bytes(3 * element)))
    workspace.passes("a.npy", "loadable")

    workspace.write("a.npy", hand_made.npy((3,), kind, bytes(3 * element - 1)))
    assert workspace.fails("a.npy", "loadable").startswith("truncated: header promises")


@pytest.mark.parametrize(
    "header", [b"__import__('os').system('true')", b"(" * 9000, b"{'descr': 1}", b"9" * 9000]
)
def test_a_numpy_header_is_never_executed(workspace: Workspace, header: bytes) -> None:
    workspace.write("a.npy", b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)

    assert workspace.fails("a.npy", "loadable") == "damaged: its header can't be read"


def test_an_array_whose_member_has_another_size_fails(workspace: Workspace) -> None:
    workspace.write("a.npz", zipped({"a.npy": hand_made.npy((100,), "<f4", bytes(399))}))

    assert "its header promises" in workspace.fails("a.npz", "loadable")


def test_a_zip_bomb_is_not_unpacked(workspace: Workspace) -> None:
    bomb = zipped({"small": b"1", "bomb": bytes(65 * 1024**2)}, zipfile.ZIP_DEFLATED)
    workspace.write("a.zip", bomb)

    assert workspace.passes("a.zip", "loadable") == "zip, 1 member read, 1 too large to be read"


def test_a_zip_with_a_huge_directory_is_not_read(workspace: Workspace) -> None:
    data = bytearray(zipped({"a": b"1"}))
    at = data.index(b"PK\x05\x06") + 12
    data[at : at + 4] = (2**31).to_bytes(4, "little")
    workspace.write("a.zip", bytes(data))

    assert "a zip directory of 2,147,483,648 bytes" in workspace.errs("a.zip", "loadable")


def folder(workspace: Workspace, *, shards: int = 2, leave_out: int | None = None) -> None:
    """A sharded model in the layout of Hugging Face."""
    weights = {}
    for number in range(1, shards + 1):
        name = f"model-{number:05}-of-{shards:05}.safetensors"
        weights[f"layer.{number}.w"] = name
        if number != leave_out:
            workspace.write(f"model/{name}", safetensors({f"layer.{number}.w": ("F32", [4])}))
    workspace.write("model/config.json", '{"model_type": "bert"}')
    workspace.write("model/model.safetensors.index.json", json.dumps({"weight_map": weights}))


def test_a_folder_with_every_shard_is_loadable(workspace: Workspace) -> None:
    folder(workspace)

    assert workspace.passes("model", "loadable") == "Hugging Face folder, 2 shards, 2 tensors"


def test_a_missing_or_cut_shard_is_named(workspace: Workspace) -> None:
    folder(workspace, shards=3, leave_out=2)
    assert (
        workspace.fails("model", "loadable") == "shard model-00002-of-00003.safetensors is missing (1 of 3)"
    )

    workspace.write("model/model-00002-of-00003.safetensors", safetensors({"layer.2.w": ("F32", [4])})[:-1])
    assert workspace.fails("model", "loadable").startswith("model-00002-of-00003.safetensors: truncated")

    workspace.write("model/model-00002-of-00003.safetensors", safetensors({"layer.9.w": ("F32", [4])}))
    assert "lacks tensor layer.2.w" in workspace.fails("model", "loadable")


def test_folders_of_other_layouts(workspace: Workspace) -> None:
    workspace.write("whole/config.json", "{}")
    workspace.write("whole/model.safetensors", safetensors(TENSORS))
    workspace.write("loose/epoch-3.pt", torch_zip([4]))
    workspace.write("none/config.json", "{}")
    workspace.write("broken/config.json", "{")
    workspace.write("text/notes.txt", "x")
    workspace.write("tokenizer/tokenizer.json", "{}")

    assert workspace.passes("whole", "loadable").startswith(
        "Hugging Face folder, model.safetensors: safetensors, 3"
    )
    assert workspace.passes("loose", "loadable").startswith("epoch-3.pt: torch, 1 storage")
    assert workspace.fails("none", "loadable") == "config.json, but no weights beside it"
    assert workspace.fails("broken", "loadable").startswith("config.json: not valid JSON")
    assert "no config.json and no weights" in workspace.errs("text", "loadable")
    assert workspace.passes("tokenizer", "loadable") == "tokenizer folder with tokenizer.json"


def test_shards_that_are_symlinks_inside_count_and_those_outside_do_not(
    workspace: Workspace, tmp_path: Path
) -> None:
    folder(workspace, shards=2, leave_out=2)
    shard = workspace.folder / "model/model-00002-of-00002.safetensors"
    workspace.write("blobs/2", safetensors({"layer.2.w": ("F32", [4])}))
    shard.symlink_to("../blobs/2")
    workspace.passes("model", "loadable")

    (tmp_path / "2").write_bytes(safetensors({"layer.2.w": ("F32", [4])}))
    shard.unlink()
    shard.symlink_to(tmp_path / "2")
    item = workspace.item("model")
    assert "leads out of the folder" in item.detail
