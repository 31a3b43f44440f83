import hashlib
import json
import os
import stat
import zipfile
from pathlib import Path

import pytest

from orp_tui.artifacts import extract as extract_module
from orp_tui.artifacts.extract import extract, why_unsafe
from orp_tui.artifacts.manifest import MANIFEST_NAME, Manifest, ManifestEntry
from orp_tui.core.errors import ArchiveError, DiskFull, UnsafePath, UsageError


def make(path: Path, *members: tuple[str, bytes], modes: dict[str, int] | None = None) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            info = zipfile.ZipInfo(name)
            info.filename = name  # as it is, no cleaning
            info.external_attr = ((modes or {}).get(name, 0)) << 16
            info.create_system = 3
            archive.writestr(info, data)
    return path


@pytest.fixture
def target(tmp_path):
    return tmp_path / "target"


def test_everything_is_unpacked_where_it_belongs(tmp_path, target):
    path = make(tmp_path / "a.zip", ("a.txt", b"a"), ("deep/er/b", b"b" * 10_000), ("folder/", b""))

    report = extract(path, target)

    assert (report.files, report.bytes) == (2, 10_001)
    assert (target / "a.txt").read_bytes() == b"a"
    assert (target / "deep/er/b").read_bytes() == b"b" * 10_000
    assert (target / "folder").is_dir()


def test_single_members(tmp_path, target):
    path = make(tmp_path / "a.zip", ("a", b"a"), ("b", b"b"))

    assert extract(path, target, members=["b"]).files == 1
    assert os.listdir(target) == ["b"]
    with pytest.raises(UsageError, match="holds no member 'c'"):
        extract(path, target, members=["c"])


@pytest.mark.parametrize(
    "name",
    [
        "../x",
        "a/../../x",
        "/etc/x",
        "\\x",
        "C:\\x",
        "c:x",
        "a\\..\\x",
        "a//b",
        "./a",
        "a/.",
        "..",
        "a/../b",
        "//",
    ],
)
def test_names_that_lead_out_refuse_the_whole_zip(tmp_path, target, name):
    path = make(tmp_path / "a.zip", ("good", b"x"), (name, b"x"))

    with pytest.raises(ArchiveError, match="nothing was written"):
        extract(path, target)

    assert not target.exists()
    assert sorted(os.listdir(tmp_path)) == ["a.zip"]


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFSOCK])
def test_links_and_devices_are_refused(tmp_path, target, kind):
    path = make(tmp_path / "a.zip", ("x", b"/etc/passwd"), modes={"x": kind | 0o777})

    with pytest.raises(ArchiveError, match=r"a symlink|a device"):
        extract(path, target)


def test_a_member_twice_is_refused(tmp_path, target):
    with pytest.warns(UserWarning, match="Duplicate"):
        path = make(tmp_path / "a.zip", ("x", b"1"), ("x", b"2"))
    with pytest.raises(ArchiveError, match="more than once"):
        extract(path, target)


def test_device_names_are_refused_where_they_are_devices():
    for name in ("con", "NUL.txt", "dir/aux.tar.gz", "COM1", "lpt9.x", "prn .txt"):
        assert why_unsafe(name, windows=True)
        assert not why_unsafe(name, windows=False)
    assert not why_unsafe("console.txt", windows=True)


def test_a_file_that_is_there_is_kept_unless_asked(tmp_path, target):
    path = make(tmp_path / "a.zip", ("x", b"new"))
    target.mkdir()
    (target / "x").write_text("old")

    with pytest.raises(ArchiveError, match="there already"):
        extract(path, target)
    assert (target / "x").read_text() == "old"

    extract(path, target, overwrite=True)
    assert (target / "x").read_text() == "new"
    assert os.listdir(target) == ["x"]


@pytest.mark.parametrize("overwrite", [False, True])
def test_links_in_the_target_are_not_followed(tmp_path, target, overwrite):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_text("kept")
    target.mkdir()
    (target / "dir").symlink_to(outside)
    (target / "x").symlink_to(outside / "file")

    with pytest.raises(ArchiveError, match="no folder"):
        extract(make(tmp_path / "a.zip", ("dir/new", b"x")), target, overwrite=overwrite)
    if overwrite:
        extract(make(tmp_path / "b.zip", ("x", b"new")), target, overwrite=True)
        assert not (target / "x").is_symlink()

    assert os.listdir(outside) == ["file"]
    assert (outside / "file").read_text() == "kept"


def test_a_damaged_member_leaves_no_half_file(tmp_path, target):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("good", b"good")
        archive.writestr("bad", b"x" * 10_000)
    data = bytearray(path.read_bytes())
    data[data.index(b"xxxx") + 5000] = 0
    path.write_bytes(data)

    with pytest.raises(ArchiveError, match="wrong CRC of 'bad'"):
        extract(path, target)

    assert os.listdir(target) == ["good"]


def test_modes_are_reduced_to_plain_and_executable(tmp_path, target):
    path = make(tmp_path / "a.zip", ("x", b""), ("y", b""), modes={"x": 0o104777, "y": 0o100666})
    old = os.umask(0o022)
    try:
        extract(path, target)
    finally:
        os.umask(old)
    assert (target / "x").stat().st_mode & 0o7777 == 0o755
    assert (target / "y").stat().st_mode & 0o7777 == 0o644


def test_limits(tmp_path, target, monkeypatch):
    path = make(tmp_path / "a.zip", ("x", b"x" * 1000))
    with pytest.raises(ArchiveError, match="1,000 bytes, the limit is 999"):
        extract(path, target, most=999)
    monkeypatch.setattr(extract_module, "free_bytes", lambda folder: 10)
    with pytest.raises(DiskFull):
        extract(path, target)
    assert os.listdir(target) == []


def test_errors_name_what_is_missing(tmp_path, target):
    with pytest.raises(UsageError, match="no such file"):
        extract(tmp_path / "gone.zip", target)
    with pytest.raises(UnsafePath):
        extract(tmp_path, target)
    (tmp_path / "text").write_text("no zip")
    with pytest.raises(ArchiveError, match="not a zip"):
        extract(tmp_path / "text", target)


def test_progress_counts_bytes(tmp_path, target):
    seen: list[tuple[int, int]] = []
    extract(
        make(tmp_path / "a.zip", ("x", b"x" * 1000), ("y", b"y")),
        target,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert seen == [(1000, 1001), (1001, 1001)]


def manifest_of(*entries: ManifestEntry) -> tuple[str, bytes]:
    return MANIFEST_NAME, json.dumps(Manifest("exp_1", "0", "2026-01-01", entries).to_json()).encode()


def test_what_differs_from_the_manifest_is_written_and_reported(tmp_path, target):
    good, sha = ManifestEntry("good", 1, hashlib.sha256(b"a").hexdigest()), "0" * 64
    entries = (
        good,
        ManifestEntry("longer", 30, sha),
        ManifestEntry("other", 1, sha),
        ManifestEntry("gone", 1, sha),
    )
    members = (("good", b"a"), ("longer", b"x" * 31), ("other", b"x"), ("more", b""))

    report = extract(make(tmp_path / "a.zip", *members, manifest_of(*entries)), target)

    assert {str(finding) for finding in report.findings} == {
        "longer: 31 bytes, the manifest says 30",
        "other: sha256 differs",
        "more: not in the manifest",
        "gone: not in the zip",
    }
    assert (target / "longer").read_bytes() == b"x" * 31


def test_what_the_zip_only_refers_to_is_reported_with_what_was_asked_for(tmp_path, target):
    large = ManifestEntry("model.bin", 270 << 20, "0" * 64, stored="workspace")
    path = make(tmp_path / "a.zip", manifest_of(large))

    assert extract(path, target).referenced == (large,)
    assert extract(path, tmp_path / "one", members=["model.bin"]).referenced == (large,)
    assert extract(path, tmp_path / "two", members=[MANIFEST_NAME]).referenced == ()
