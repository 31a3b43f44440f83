import contextlib
import hashlib
import json
import struct
import zipfile
from pathlib import Path

import pytest

from orp_tui.artifacts.bundle import bundle
from orp_tui.artifacts.verify import verify
from orp_tui.core.errors import ArchiveError, UnsafePath, UsageError


@pytest.fixture
def packed(tmp_path, plan_of):
    """A sound zip of a text, a stored file and a referenced one."""
    import os

    ws = tmp_path / "ws"
    ws.mkdir()
    (ws / "log.txt").write_text("epoch\n" * 1000)
    (ws / "weights").write_bytes(os.urandom(50_000))
    (ws / "big").write_text("referenced")
    plan = plan_of(ws, "log.txt", "weights")
    plan = type(plan)(plan.run_id, plan.inline, (*plan.items, *plan_of(ws, "big", packed=False).items))
    bundle(plan, tmp_path / "out.zip")
    return tmp_path / "out.zip"


def rewrite(path: Path, **changes: bytes | None) -> None:
    """The zip again, members replaced, added, or left out (None), by the standard library."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members.update({name.replace("__", "."): data for name, data in changes.items()})
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            if data is not None:
                archive.writestr(name, data)


def findings(path: Path, **options) -> dict[str, str]:
    return {finding.member: finding.what for finding in verify(path, **options).findings}


def test_a_sound_zip_is_ok(packed):
    report = verify(packed)

    assert report.ok
    assert (report.members, report.referenced, report.referenced_checked) == (4, 1, False)
    assert report.manifest is not None


def test_a_zip_that_another_program_packed_again_is_ok(packed):
    rewrite(packed)
    assert verify(packed).ok


def test_one_changed_bit_anywhere_in_the_data_is_found(packed):
    data = bytearray(packed.read_bytes())
    for place in (40, 200, 30_000):
        broken = bytearray(data)
        broken[place] ^= 0x10
        packed.write_bytes(broken)
        assert findings(packed)


def test_other_bytes_of_the_same_size_are_found_by_digest(packed):
    rewrite(packed, log__txt=b"EPOCH\n" * 1000)
    assert findings(packed) == {"log.txt": "sha256 differs"}


def test_missing_additional_and_resized_members_are_found(packed):
    rewrite(packed, log__txt=None, extra=b"x", weights=b"short")
    assert findings(packed) == {
        "log.txt": "not in the zip",
        "extra": "not in the manifest",
        "weights": "5 bytes, the manifest says 50,000",
    }


def test_a_zip_without_manifest_or_with_a_broken_one_says_so(packed):
    for data, word in (
        (None, "missing"),
        (b"{", "no manifest"),
        (b"[]", "no manifest"),
        (b"[" * 100_000, "no manifest"),
    ):
        rewrite(packed, MANIFEST__json=data)
        assert word in findings(packed)["MANIFEST.json"]


def test_referenced_files_are_checked_where_the_workspace_is_at_hand(packed, tmp_path):
    assert verify(packed, workspace=tmp_path / "ws").ok
    (tmp_path / "ws/big").write_text("otherwise!")
    assert findings(packed, workspace=tmp_path / "ws") == {
        "big": "in the workspace: changed since it was packed"
    }
    (tmp_path / "ws/big").unlink()
    assert "no such file" in findings(packed, workspace=tmp_path / "ws")["big"]
    assert "can't be read" in str(verify(packed, workspace=tmp_path / "gone").findings[0])


@pytest.mark.parametrize("keep", [0, 1, 10, 21, 500, -1, -22, -30, -300])
def test_a_zip_that_is_cut_off_is_a_clear_error(packed, keep):
    packed.write_bytes(packed.read_bytes()[:keep])
    with pytest.raises(ArchiveError, match=r"not a zip|damaged"):
        verify(packed)


def test_random_damage_never_crashes(packed):
    import random

    data = packed.read_bytes()
    rng = random.Random(7)
    for _ in range(300):
        broken = bytearray(data)
        for _ in range(rng.randint(1, 6)):
            broken[-rng.randint(1, 2500)] = rng.randrange(256)
        packed.write_bytes(broken)
        with contextlib.suppress(ArchiveError):
            verify(packed)


def test_no_file_no_regular_file(tmp_path):
    with pytest.raises(UsageError, match="no such file"):
        verify(tmp_path / "gone.zip")
    with pytest.raises(UnsafePath, match="a folder"):
        verify(tmp_path)


def directory_of(path: Path, **fields: int) -> None:
    """Overwrite numbers of the first directory record: packed, size, offset."""
    data = bytearray(path.read_bytes())
    place = data.index(b"PK\x01\x02")
    for name, value in fields.items():
        struct.pack_into("<I", data, place + {"packed": 20, "size": 24, "offset": 42}[name], value)
    path.write_bytes(data)


def test_a_member_that_announces_more_than_deflate_can_give_is_refused(tmp_path):
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", "x" * 1000)
    directory_of(path, size=4_000_000_000)
    with pytest.raises(ArchiveError, match=r"refused: 'a' announces 4,000,000,000 bytes packed in"):
        verify(path)


def test_members_that_share_bytes_are_refused(tmp_path):
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a", b"x" * 1000)
        archive.writestr("b", b"y" * 1000)
    data = bytearray(path.read_bytes())
    second = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 4)
    struct.pack_into("<I", data, second + 42, 10)
    path.write_bytes(data)
    with pytest.raises(ArchiveError, match="share bytes"):
        verify(path)


def test_a_member_that_holds_more_than_it_announces_is_found(tmp_path):
    path = tmp_path / "liar.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", "x" * 100_000)
    directory_of(path, size=1000)
    assert findings(path)["a"].startswith("damaged: 'a' holds more than 1,000")


def test_a_zip_that_announces_millions_of_members_is_refused(tmp_path):
    path = tmp_path / "many.zip"
    end64 = struct.pack("<IQHHIIQQQQ", 0x06064B50, 44, 45, 45, 0, 0, 10**9, 10**9, 0, 0)
    locator = struct.pack("<IIQI", 0x07064B50, 0, 0, 1)
    end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 0xFFFF, 0xFFFF, 0, 0, 0)
    path.write_bytes(end64 + locator + end)
    with pytest.raises(ArchiveError, match="1,000,000,000 members"):
        verify(path)


def test_a_member_twice_is_found(packed):
    with zipfile.ZipFile(packed, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("log.txt", "again")
    assert {finding.what for finding in verify(packed).findings} >= {"there more than once"}


def test_methods_that_are_not_read_here_are_named(tmp_path):
    path = tmp_path / "lzma.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("a", "x" * 1000)
    assert "compressed by method 14" in findings(path)["a"]


def test_a_self_extracting_prefix_is_no_damage(packed):
    packed.write_bytes(b"#!/bin/sh\nexit 1\n" + packed.read_bytes())
    assert verify(packed).ok


def test_the_manifest_is_plain_json_that_jq_can_read(packed):
    with zipfile.ZipFile(packed) as archive:
        manifest = json.loads(archive.read("MANIFEST.json"))
        log = archive.read("log.txt")
    entry = next(entry for entry in manifest["entries"] if entry["path"] == "log.txt")
    assert entry == {
        "path": "log.txt",
        "size": 6000,
        "sha256": hashlib.sha256(log).hexdigest(),
        "stored": "zip",
    }
