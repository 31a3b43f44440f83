import random
import zipfile

import pytest

from orp_tui.core.errors import ArchiveError
from orp_tui.logs.zip_view import SEGMENT, ZipView


@pytest.fixture(scope="module")
def data() -> bytes:
    rng = random.Random(4)
    return b"".join(b"line %d %s\n" % (number, rng.randbytes(9).hex().encode()) for number in range(400_000))


@pytest.fixture(params=[zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED], ids=["stored", "deflated"])
def zipped(request, tmp_path, data):
    with zipfile.ZipFile(tmp_path / "run.zip", "w", request.param, compresslevel=1) as archive:
        archive.writestr("log", data)
        archive.writestr("empty", b"")
    return tmp_path / "run.zip"


def unpacked(view: ZipView) -> ZipView:
    while view.unpack():
        pass
    return view


def test_any_piece_can_be_read_in_any_order(zipped, data):
    view = unpacked(ZipView(zipped, "log"))
    rng = random.Random(1)

    assert len(data) > 2 * SEGMENT
    assert (view.size(), view.ended, view.progress) == (len(data), True, "")
    for _ in range(100):
        offset, most = rng.randrange(len(data) + 100), rng.randrange(100_000)
        assert view.read_from(offset, most) == data[offset : offset + most]
    assert view.read_from(0, 1 << 30) == data
    assert view.tail_lines(2) == data.splitlines()[-2:]
    assert view.name.endswith("run.zip::log")
    view.close()


def test_while_it_is_unpacked_it_looks_like_a_log_that_grows(tmp_path, data):
    with zipfile.ZipFile(tmp_path / "run.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("log", data)
    view = ZipView(tmp_path / "run.zip", "log")

    assert (view.size(), view.ended) == (0, False)
    assert view.unpack()
    assert view.size() == SEGMENT
    assert view.progress.startswith("unpacking: ")
    assert view.read_from(SEGMENT - 5, 100) == data[SEGMENT - 5 : SEGMENT]


def test_an_empty_member_is_an_empty_log(zipped):
    view = unpacked(ZipView(zipped, "empty"))
    assert (view.size(), view.ended, view.read_from(0, 9)) == (0, True, b"")


def test_of_a_damaged_member_what_comes_before_the_damage_can_be_read(tmp_path, data):
    path = tmp_path / "run.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("log", data)
    packed = bytearray(path.read_bytes())
    packed[len(packed) * 2 // 3 : len(packed) * 2 // 3 + 1000] = bytes(1000)
    path.write_bytes(packed)
    view = ZipView(path, "log")

    with pytest.raises(ArchiveError, match="damaged"):
        unpacked(view)

    assert SEGMENT <= view.size() < len(data) + SEGMENT
    assert view.read_from(0, SEGMENT) == data[:SEGMENT]
    assert view.ended
    assert view.unpack() is False


def test_a_missing_member_and_another_file_are_archive_errors(zipped, tmp_path):
    with pytest.raises(ArchiveError, match="no member"):
        ZipView(zipped, "gone")
    (tmp_path / "text.zip").write_text("no zip")
    with pytest.raises(ArchiveError, match="not a zip"):
        ZipView(tmp_path / "text.zip", "log")
