import errno
import os

import pytest

from orp_tui.core.errors import OrpError
from orp_tui.core.layout import BasePaths
from orp_tui.services.context import writing_to


@pytest.fixture
def paths(tmp_path):
    return BasePaths(tmp_path, tmp_path / "runs", tmp_path / "artifacts", tmp_path / "state")


def failing(paths, number, name=None):
    with writing_to(paths):
        raise OSError(number, os.strerror(number), *([str(name)] if name else []))


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_said_with_its_place_and_what_to_do(number, paths):
    with pytest.raises(OrpError) as raised:
        failing(paths, number)  # a write that fails knows no path
    assert raised.value.exit_code == 3
    assert str(raised.value).startswith(f"{paths.base}: ")
    assert str(raised.value).endswith("; free space there, or give another --base-dir")


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS])
def test_a_base_directory_that_may_not_be_written_is_said_with_what_to_do(number, paths):
    with pytest.raises(OrpError, match=r"set base_dir in orp\.yaml, or give --base-dir$"):
        failing(paths, number, paths.runs / "x")


def test_a_file_elsewhere_that_may_not_be_read_is_no_matter_of_the_base_directory(paths):
    with pytest.raises(PermissionError):
        failing(paths, errno.EACCES, "/elsewhere/data")
