import zipfile

import pytest

from orp_tui.artifacts.member import read_member
from orp_tui.core.errors import ArchiveError, UsageError


def test_a_member_is_read_by_its_reference(tmp_path):
    path = tmp_path / "odd::name.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("out/metrics.json", "{}")
        archive.writestr("a::b", "ab")

    assert read_member(f"{path}::out/metrics.json") == b"{}"
    assert read_member(f"{path}::a::b") == b"ab"
    with pytest.raises(ArchiveError, match="holds no member 'gone'"):
        read_member(f"{path}::gone")
    with pytest.raises(ArchiveError, match="more than 1"):
        read_member(f"{path}::a::b", most=1)
    with pytest.raises(UsageError, match="names no member"):
        read_member(str(path))
    with pytest.raises(UsageError, match="no such file"):
        read_member(f"{tmp_path}/gone.zip::a")
    with pytest.raises(UsageError):
        read_member("nul\0.zip::a")
