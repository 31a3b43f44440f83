import os
import resource
import time
import zipfile

import pytest

from orp_tui.core.errors import ArchiveError, UnsafePath, UsageError
from orp_tui.logs.reader import FileLog
from orp_tui.logs.source import open_log, split_reference
from orp_tui.logs.zip_member import ZipMemberLog


def read_all(log, piece: int = 1000) -> bytes:
    data = b""
    while more := log.read_from(len(data), piece):
        data += more
    return data


def test_a_file_is_read_as_it_is(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(b"\x00\xff\x1b[31mone\n\xe2\x82")
    with FileLog(path) as log:
        assert log.size() == 13
        assert read_all(log, 3) == path.read_bytes()
        assert log.tail_lines(1) == [b"\xe2\x82"]
        with path.open("ab") as file:
            file.write(b"more\n")
        assert log.tail_lines(1) == [b"\xe2\x82more"]
        assert log.read_from(1000, 10) == b""


def test_a_sparse_terabyte_is_opened_at_its_end(tmp_path):
    path = tmp_path / "huge"
    with path.open("wb") as file:
        file.truncate(1 << 40)
        file.seek(0, os.SEEK_END)
        file.write(b"\nlast\n")
    begin = time.monotonic()
    with FileLog(path) as log:
        assert log.tail_lines(1) == [b"last"]
        assert log.tail_lines(2)[1] == b"last"
    assert time.monotonic() - begin < 5


def test_what_is_no_regular_file_is_never_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    for path, word in ((tmp_path / "pipe", "FIFO"), (tmp_path / "link", "FIFO"), (tmp_path, "folder")):
        with pytest.raises(UnsafePath, match=word):
            open_log(str(path))
    with pytest.raises(UnsafePath, match="device"):
        open_log("/dev/zero")


def test_a_link_that_the_user_names_is_followed(tmp_path):
    (tmp_path / "log").write_text("a\n")
    (tmp_path / "latest").symlink_to("log")
    assert open_log(str(tmp_path / "latest")).tail_lines(1) == [b"a"]


def test_what_is_not_there_is_a_usage_error(tmp_path):
    for reference in (f"{tmp_path}/gone", f"{tmp_path}/gone.zip::x", "nul\0", ""):
        with pytest.raises(UsageError):
            open_log(reference)


@pytest.fixture(params=[zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED], ids=["stored", "deflated"])
def zipped(request, tmp_path):
    path = tmp_path / "run.zip"
    with zipfile.ZipFile(path, "w", request.param) as archive:
        archive.writestr("training_stdout.txt", b"".join(b"line %d\n" % number for number in range(300_000)))
        archive.writestr("empty", b"")
    return path


def test_a_member_reads_like_a_file(zipped):
    with zipfile.ZipFile(zipped) as archive:
        expected = archive.read("training_stdout.txt")
    log = open_log(f"{zipped}::training_stdout.txt")
    assert isinstance(log, ZipMemberLog)
    assert log.size() == len(expected)
    assert read_all(log, 100_000) == expected
    for offset in (
        5,
        2_000_000,
        100,
        1_048_575,
        1_048_576,
        len(expected) - 3,
        len(expected),
        len(expected) + 9,
    ):
        assert log.read_from(offset, 50) == expected[offset : offset + 50]
    assert log.tail_lines(2) == [b"line 299998", b"line 299999"]
    assert len(log.tail_lines(10**6)) == 300_000
    assert log.name == f"{zipped}::training_stdout.txt"
    log.close()
    log.close()
    assert open_log(f"{zipped}::empty").tail_lines(5) == []


def test_a_missing_member_and_a_damaged_zip_are_archive_errors(zipped, tmp_path):
    with pytest.raises(ArchiveError, match="holds no member 'gone'"):
        open_log(f"{zipped}::gone")
    (tmp_path / "text.zip").write_text("no zip at all")
    with pytest.raises(ArchiveError, match="not a zip"):
        open_log(f"{tmp_path}/text.zip::x")
    data = bytearray(zipped.read_bytes())
    data[100:2000] = bytes(1900)
    zipped.write_bytes(data)
    log = open_log(f"{zipped}::training_stdout.txt")
    if log._entry.method == zipfile.ZIP_DEFLATED:
        with pytest.raises(ArchiveError, match="damaged"):
            log.tail_lines(1)
        for _ in range(2):
            with pytest.raises(ArchiveError, match="damaged"):
                read_all(log, 100_000)


def test_references_whose_halves_hold_the_separator(tmp_path):
    (tmp_path / "a::b.zip").write_text("")
    assert split_reference("plain") == ("plain", None)
    assert split_reference(f"{tmp_path}/a::b.zip") == (f"{tmp_path}/a::b.zip", None)
    assert split_reference(f"{tmp_path}/a::b.zip::c::d") == (f"{tmp_path}/a::b.zip", "c::d")
    assert split_reference("gone.zip::x::y") == ("gone.zip", "x::y")


@pytest.mark.slow
def test_the_tail_of_a_gigabyte_in_a_zip_takes_little_memory(tmp_path):
    path = tmp_path / "big.zip"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("log", "w", force_zip64=True) as member,
    ):
        for _ in range(256):
            member.write(b"x" * (4 << 20))
        member.write(b"\nlast\n")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with ZipMemberLog(path, "log") as log:
        assert log.tail_lines(1) == [b"last"]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 << 10
