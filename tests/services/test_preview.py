"""A look into whatever a training left: what it says, what it refuses, and that it ends."""

from __future__ import annotations

import json
import os
import pickle
import socket
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import hand_made
import pytest

from orp_tui.core.checklist import ChecklistItem, DeliverableStatus
from orp_tui.services.preview import MOST_ENTRIES, MOST_LINES, Place, Preview, look, look_at_all

Write = Callable[[str, bytes | str], Preview]


@pytest.fixture
def shown(tmp_path: Path) -> Write:
    """Writes a file and looks into it."""

    def write(name: str, content: bytes | str) -> Preview:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return look(Place(tmp_path, name))

    return write


def assert_harmless(found: Preview) -> None:
    texts = [found.name, found.kind, found.cut, found.wrong, *found.facts, *found.body]
    texts += [text for entry in found.entries for text in (entry.name, entry.note)]
    for text in texts:
        assert text.isprintable(), repr(text[:200])


# What is shown


def test_a_text_is_shown_with_its_lines_and_its_size(shown):
    found = shown("notes.txt", "one\n\ttwo\nthree\n")

    assert (found.kind, found.size) == ("text", 15)
    assert found.body == ("one", "    two", "three")
    assert found.facts == ("3 lines",)


def test_of_a_long_text_the_beginning_and_the_end_are_shown(shown):
    found = shown("train.log", "".join(f"line {n}\n" for n in range(200_000)))

    assert found.body[0] == "line 0"
    assert found.body[-1] == "line 199999"
    assert any("more …" in line for line in found.body)
    assert found.cut
    assert len(found.body) <= MOST_LINES


def test_a_line_of_a_million_characters_is_cut(shown):
    found = shown("long.txt", "x" * 1_000_000)

    assert len(found.body[0]) < 3_000
    assert "more characters" in found.body[0]


def test_json_is_laid_out(shown):
    found = shown("metrics.json", '{"accuracy": 0.97, "per_class": {"a": [1, 2]}}')

    assert found.kind == "JSON"
    assert found.facts == ("a mapping of 2 keys",)
    assert '  "accuracy": 0.97,' in found.body


def test_broken_json_is_shown_as_it_is_with_the_line_that_is_wrong(shown):
    found = shown("metrics.json", '{"accuracy":\n 0.97,\n}')

    assert "line 3" in found.wrong
    assert found.body[0] == '{"accuracy":'


def test_json_that_is_nested_too_deeply_is_shown_as_text(shown):
    found = shown("deep.json", "[" * 200_000)

    assert found.wrong
    assert_harmless(found)


@pytest.mark.parametrize(
    ("name", "text", "fact"),
    [
        ("a.yaml", "lr: 0.1\nlayers: [1, 2]\n", "a mapping of 2 keys"),
        ("a.toml", "lr = 0.1\n", "a mapping of 1 key"),
    ],
)
def test_yaml_and_toml_are_shown_as_written_and_said_to_parse(shown, name, text, fact):
    found = shown(name, text)

    assert fact in found.facts
    assert list(found.body) == text.splitlines()


def test_a_yaml_file_that_does_not_parse_says_where(shown):
    found = shown("a.yaml", "lr: 0.1\n  bad: [1\n")

    assert "line" in found.wrong
    assert found.body[0] == "lr: 0.1"


def test_a_table_has_aligned_columns_numbers_to_the_right(shown):
    found = shown("scores.csv", "name,score\nshort,1.5\na longer name,10.25\n")

    assert found.facts == ("2 rows, 2 columns",)
    assert found.body == (
        "name           score",
        "-------------  -----",
        "short            1.5",
        "a longer name  10.25",
    )


def test_a_table_in_another_form_is_read_too(shown):
    assert shown("a.csv", "a;b\n1;2\n").facts == ("1 row, 2 columns",)
    assert shown("a.tsv", "a\tb\n1\t2\n").facts == ("1 row, 2 columns",)


def test_of_a_long_table_the_first_and_last_rows_are_shown(shown):
    found = shown("long.csv", "step,loss\n" + "".join(f"{n},{1 / (n + 1):.6f}\n" for n in range(100_000)))

    assert found.facts == ("100,000 rows, 2 columns",)
    assert found.body[2].split()[0] == "0"
    assert found.body[-1].split()[0] == "99999"
    assert "…" in found.body
    assert "not shown" in found.cut


def test_what_is_no_table_is_shown_as_what_it_is(shown):
    found = shown("a.csv", b"\0\1\2\3" * 10)

    assert "no table" in found.wrong
    assert found.body[0].startswith("00000000  00 01 02 03")


@pytest.mark.parametrize(
    ("name", "content", "kind", "fact"),
    [
        ("a.png", hand_made.png(640, 400), "PNG image", "640 × 400 pixels"),
        ("a.jpg", hand_made.jpeg(), "JPEG image", "4 × 3 pixels"),
        ("a.gif", hand_made.gif(), "GIF image", "4 × 3 pixels"),
        ("a.webp", hand_made.webp(), "WebP image", "4 × 3 pixels"),
        ("a.tiff", hand_made.tiff(), "TIFF image", "4 × 3 pixels"),
        ("picture", hand_made.png(), "PNG image", "4 × 3 pixels"),
        ("a.svg", b'<svg width="20" height="10"></svg>', "SVG image", "20 × 10 pixels"),
    ],
)
def test_an_image_has_its_format_and_its_size(shown, name, content, kind, fact):
    found = shown(name, content)

    assert found.kind == kind
    assert fact in found.facts


def test_a_truncated_image_says_so_and_shows_bytes(shown):
    found = shown("a.png", hand_made.png()[:-20])

    assert "truncated" in found.wrong
    assert "89 50 4e 47" in found.body[0]


def test_safetensors_lists_every_tensor(shown):
    found = shown("m.safetensors", hand_made.safetensors({"w": ("F32", [64, 256]), "b": ("F16", [8])}))

    assert found.facts[0] == "2 tensors, 16,392 parameters"
    assert found.body[1].split() == ["w", "F32", "64", "×", "256", "64.0", "KiB"]
    assert found.body[2].split()[:3] == ["b", "F16", "8"]


def test_a_cut_safetensors_file_is_listed_with_what_is_wrong(shown):
    found = shown("m.safetensors", hand_made.safetensors({"w": ("F32", [64, 256])})[:-100])

    assert "truncated" in found.wrong
    assert "w" in found.body[1]


def test_a_safetensors_header_of_nonsense_breaks_nothing(shown):
    found = shown(
        "m.safetensors", hand_made.safetensors({}, w={"dtype": 7, "shape": "x", "data_offsets": None}, v=3)
    )

    assert found.wrong
    assert len(found.body) == 3


def test_a_torch_file_lists_members_and_imports(shown):
    found = shown("m.pt", hand_made.torch_zip([100, 10]))

    assert "2 storages" in found.facts[0]
    assert "  torch.FloatStorage" in found.body
    assert any(line.startswith("model/data/0") for line in found.body)


class Evil:
    """What it would do if it was ever unpickled."""

    def __reduce__(self):
        return (os.system, ("touch executed",))


def test_a_pickle_is_listed_and_never_executed(shown, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    plain = shown("m.pkl", pickle.dumps(Evil()))
    torch = shown("m.pt", hand_made.torch_zip([1], pickled=pickle.dumps(Evil())))

    assert not (tmp_path / "executed").exists()
    assert any("system" in line and "careful" in line for line in plain.body)
    assert any("system" in line and "careful" in line for line in torch.body)


def test_numpy_files_show_shape_and_type(shown):
    assert shown("a.npy", hand_made.npy((3, 4))).facts == ("array (3, 4) of <f4",)

    archive = shown("a.npz", hand_made.zipped({"x.npy": hand_made.npy((3, 4)), "y.npy": hand_made.npy((2,))}))

    assert archive.body[1].split()[:5] == ["x", "<f4", "3", "×", "4"]
    assert archive.facts == ("2 arrays",)


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("m.onnx", hand_made.onnx(), "ONNX"),
        ("m.gguf", hand_made.gguf(), "GGUF"),
        ("m.h5", hand_made.hdf5(), "HDF5"),
        ("t.parquet", hand_made.parquet(), "Parquet"),
        ("a.zip", hand_made.zipped({"x": b"1"}), "zip"),
    ],
)
def test_other_formats_say_what_they_are(shown, name, content, kind):
    found = shown(name, content)

    assert found.kind == kind
    assert found.facts
    assert not found.wrong


def test_anything_else_has_its_size_and_its_first_bytes(shown):
    found = shown("weights", bytes(range(256)) * 100)

    assert (found.kind, found.size) == ("binary file", 25_600)
    assert found.body[2] == ("00000020  20 21 22 23 24 25 26 27  28 29 2a 2b 2c 2d 2e 2f   !\"#$%&'()*+,-./")
    assert "only the first 512 bytes" in found.cut


def test_an_empty_file_is_called_empty(shown):
    assert shown("empty.txt", b"").kind == "empty file"
    assert shown("empty.json", b"").wrong


# Folders and zips


def test_a_folder_lists_what_is_in_it_folders_first(tmp_path):
    (tmp_path / "output/inner").mkdir(parents=True)
    (tmp_path / "output/a.txt").write_bytes(b"12345")
    (tmp_path / "output/inner/b.txt").write_bytes(b"123")

    found = look(Place(tmp_path, "output"))

    assert [(entry.name, entry.size) for entry in found.entries] == [("inner/", None), ("a.txt", 5)]
    assert found.facts == ("2 files, 8 B",)
    assert look(Place(tmp_path).inside(found.entries[0].path)).entries[0].path == "output/inner/b.txt"


def test_a_folder_of_a_model_says_whether_it_is_whole(tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text("{}")

    assert "no weights" in look(Place(tmp_path, "model")).facts[1]

    (folder / "model.safetensors").write_bytes(hand_made.safetensors({"w": ("F32", [2])}))

    assert "Hugging Face folder" in look(Place(tmp_path, "model")).facts[1]


def test_a_folder_with_very_many_files_lists_the_first(tmp_path):
    for number in range(MOST_ENTRIES + 10):
        (tmp_path / f"{number:05d}").touch()

    found = look(Place(tmp_path))

    assert len(found.entries) == MOST_ENTRIES
    assert "10 more" in found.cut


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "run_artifacts.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("result.json", '{"status": "succeeded"}')
        opened.writestr("output/table.csv", "a,b\n1,2\n")
        opened.writestr("output/stored.bin", b"\0" * 5000, zipfile.ZIP_STORED)
        opened.writestr("m.safetensors", hand_made.safetensors({"w": ("F32", [10])}), zipfile.ZIP_STORED)
        opened.writestr("train.log", "epoch\n" * 200_000)
    return path


def test_members_of_a_zip_are_read_without_unpacking_it(archive, tmp_path):
    def member(name: str) -> Preview:
        return look(Place(archive, name, in_zip=True))

    assert member("result.json").body == ("{", '  "status": "succeeded"', "}")
    assert member("output/table.csv").facts == ("1 row, 2 columns",)
    assert member("m.safetensors").facts[0] == "1 tensor, 10 parameters"
    assert member("train.log").body[0] == "epoch"
    assert member("output/stored.bin").size == 5000
    assert member("result.json").name == "run_artifacts.zip::result.json"
    assert list(tmp_path.iterdir()) == [archive]


def test_a_zip_and_its_folders_can_be_listed(archive):
    whole = look(Place(archive, in_zip=True))
    folder = look(Place(archive, "output", in_zip=True))

    assert whole.facts[0].startswith("5 files")
    assert [(entry.name, entry.path) for entry in folder.entries] == [
        ("table.csv", "output/table.csv"),
        ("stored.bin", "output/stored.bin"),
    ]


def test_a_damaged_zip_is_one_clear_line(archive):
    archive.write_bytes(archive.read_bytes()[:-30])

    found = look(Place(archive, "result.json", in_zip=True))

    assert "not a zip" in found.wrong or "damaged" in found.wrong
    assert not found.body


def test_a_member_whose_bytes_are_damaged_says_so(archive):
    data = bytearray(archive.read_bytes())
    begin = data.index(b"train.log") + len(b"train.log")
    data[begin + 5] ^= 0xFF
    archive.write_bytes(bytes(data))

    found = look(Place(archive, "train.log", in_zip=True))

    assert "damaged" in found.wrong
    assert not look(Place(archive, "result.json", in_zip=True)).wrong


def test_a_deliverable_of_several_files_lists_them(tmp_path):
    for name in ("a.pt", "b.pt"):
        (tmp_path / name).write_bytes(b"123")
    item = ChecklistItem(0, "model", "*.pt", True, DeliverableStatus.VALID, (), ("a.pt", "b.pt"), 6)

    found = look_at_all(Place(tmp_path), item)

    assert [entry.path for entry in found.entries] == ["a.pt", "b.pt"]
    assert found.size == 6


def test_a_deliverable_of_one_file_shows_it(tmp_path):
    (tmp_path / "a.txt").write_text("hello")
    item = ChecklistItem(0, "report", "*.txt", True, DeliverableStatus.VALID, (), ("a.txt",), 5)

    assert look_at_all(Place(tmp_path), item).body == ("hello",)


# What is refused


def test_a_missing_file_is_said_to_be_missing(tmp_path):
    assert look(Place(tmp_path, "nothing")).wrong == "nothing is there"
    assert look(Place(tmp_path / "no-folder", "x")).wrong == "nothing is there"


@pytest.mark.parametrize("path", ["../secret", "/etc/passwd", "a/../../secret"])
def test_a_path_out_of_the_folder_is_refused_by_name(tmp_path, path):
    (tmp_path / "inside").mkdir()
    (tmp_path / "secret").write_text("secret")

    found = look(Place(tmp_path / "inside", path))

    assert found.wrong.startswith("not opened")
    assert not found.body


def test_a_symlink_that_leads_out_is_refused_and_said_in_a_listing(tmp_path):
    inside = tmp_path / "inside"
    inside.mkdir()
    (tmp_path / "secret").write_text("secret")
    (inside / "link").symlink_to(tmp_path / "secret")

    assert "leads out" in look(Place(inside, "link")).wrong
    assert "leads out" in look(Place(inside)).entries[0].note


def test_fifos_devices_and_sockets_are_never_opened(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        began = time.monotonic()

        assert "FIFO" in look(Place(tmp_path, "fifo")).wrong
        assert "socket" in look(Place(tmp_path, "socket")).wrong
        assert "FIFO" in look(Place(tmp_path)).entries[0].note

    assert time.monotonic() - began < 10


def test_a_file_that_may_not_be_read_says_so(tmp_path):
    (tmp_path / "mine").write_text("x")
    (tmp_path / "mine").chmod(0)
    if os.geteuid() == 0:
        pytest.skip("root may read everything")

    assert "permission denied" in look(Place(tmp_path, "mine")).wrong


# Hostile contents


def test_whatever_a_file_holds_is_made_harmless(shown):
    evil = "\x1b[2J\x1b]52;c;aGk=\x07red\x1b[31m\u202egnp.exe\u200b\x00"
    for name in ("a.txt", "a.json", "a.csv", "a.yaml", "a.svg", "a.md"):
        assert_harmless(shown(name, evil))
        assert_harmless(shown(name, json.dumps({evil: [evil]}, ensure_ascii=False)))
        assert_harmless(shown(name, f"{evil},b\n{evil},{evil}\n"))
    assert_harmless(shown("m.safetensors", hand_made.safetensors({evil: ("F32", [1])})))
    assert_harmless(shown("m.zip", hand_made.zipped({evil.replace("\x00", ""): b"x"})))


def test_a_name_of_control_characters_is_made_harmless(tmp_path):
    (tmp_path / "a\x1b[2J\nb").write_text("x")

    assert_harmless(look(Place(tmp_path)))
    assert_harmless(look(Place(tmp_path, "a\x1b[2J\nb")))


@pytest.mark.parametrize(
    "name", ["a.pt", "a.npz", "a.safetensors", "a.onnx", "a.png", "a.pkl", "a.gguf", "a.h5", "a.csv"]
)
def test_random_bytes_under_any_suffix_give_an_answer(shown, name):
    import random

    for seed in range(5):
        found = shown(name, random.Random(seed).randbytes(3000))
        assert found.wrong or found.facts
        assert_harmless(found)


def test_a_zip_bomb_is_not_unpacked(tmp_path):
    path = tmp_path / "bomb.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as opened, opened.open("x.npy", "w") as member:
        member.write(hand_made.npy((10,), data=b""))
        for _ in range(64):
            member.write(bytes(1 << 20))
    began = time.monotonic()

    found = look(Place(tmp_path, "bomb.npz"), seconds=0.3)

    assert found.name == "bomb.npz"
    assert time.monotonic() - began < 20


def test_a_look_that_takes_too_long_ends_and_says_so(tmp_path):
    # Two million opcodes take seconds to be listed.
    (tmp_path / "long.pkl").write_bytes(b"\x80\x02" + b"N0" * 2_000_000 + b"N.")

    found = look(Place(tmp_path, "long.pkl"), seconds=0.2)

    assert "more than 0.2 s" in found.wrong
