"""What the dashboard remembers: whole, harmless, and never in anybody's way."""

from __future__ import annotations

import os

import pytest

from orp_tui.core.layout import BasePaths
from orp_tui.services import dashboard_state
from orp_tui.services.dashboard_state import forget_state, newest_state, read_state, state_file, write_state


@pytest.fixture
def user(tmp_path):
    return {"HOME": str(tmp_path / "home")}


@pytest.fixture
def base(tmp_path):
    return BasePaths.under(tmp_path / "experiments")


def test_what_was_kept_comes_back_for_the_same_base_directory_by_whatever_name(user, base, tmp_path):
    assert write_state(base, {"run_id": "exp_1", "filter": "ü"}, user) is None

    assert read_state(base, user) == {"base": str(base.base), "run_id": "exp_1", "filter": "ü"}
    (tmp_path / "experiments").mkdir()
    (tmp_path / "link").symlink_to("experiments")
    assert read_state(BasePaths.under(tmp_path / "link"), user)["run_id"] == "exp_1"
    assert read_state(BasePaths.under(tmp_path / "other"), user) is None


def test_nothing_is_written_to_the_base_directory(user, base):
    write_state(base, {"run_id": "exp_1"}, user)
    assert not base.base.exists()
    assert state_file(base, user).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "garbage",
    [b"", b"{", b"\xff\xfe", b"[" * 100_000, b"x" * (1 << 20)],
    ids=["empty", "cut", "binary", "deep", "huge"],
)
def test_garbage_is_as_if_nothing_was_kept(user, base, garbage):
    write_state(base, {}, user)
    state_file(base, user).write_bytes(garbage)

    assert read_state(base, user) is None
    assert write_state(base, {"run_id": "new"}, user) is None
    assert read_state(base, user)["run_id"] == "new"


def test_a_fifo_or_a_link_in_its_place_is_not_read(user, base, tmp_path):
    write_state(base, {}, user)
    path = state_file(base, user)
    path.unlink()
    os.mkfifo(path)
    assert read_state(base, user) is None
    path.unlink()
    (tmp_path / "elsewhere").write_text('{"run_id": "x"}')
    path.symlink_to(tmp_path / "elsewhere")
    assert read_state(base, user) is None


def test_what_cannot_be_kept_is_told_in_one_line(base, tmp_path):
    (tmp_path / "home").write_text("a file where a folder should be")

    words = write_state(base, {}, {"HOME": str(tmp_path / "home")})

    assert words is not None
    assert words.startswith("this place is not remembered: ")
    assert "\n" not in words
    assert read_state(base, {"HOME": str(tmp_path / "home")}) is None
    assert newest_state({"HOME": str(tmp_path / "home")}) is None


def test_the_newest_tells_of_the_persons_taste_and_the_oldest_go(user, tmp_path, monkeypatch):
    monkeypatch.setattr(dashboard_state, "MAX_KEPT", 3)
    for number in range(5):
        base = BasePaths.under(tmp_path / f"b{number}")
        write_state(base, {"theme": f"t{number}"}, user)
        os.utime(state_file(base, user), ns=(number, number))

    assert newest_state(user)["theme"] == "t4"
    kept = {number for number in range(5) if read_state(BasePaths.under(tmp_path / f"b{number}"), user)}
    # A file counts as old by its time; the one that was just written had a new one.
    assert kept == {2, 3, 4}


def test_a_write_leaves_nothing_beside_it(user, base):
    for number in range(3):
        write_state(base, {"n": number}, user)
    assert [path.name for path in state_file(base, user).parent.iterdir()] == [state_file(base, user).name]


def test_it_can_be_forgotten(user, base):
    write_state(base, {}, user)
    forget_state(base, user)
    assert read_state(base, user) is None
    forget_state(base, user)


def test_a_relative_state_folder_counts_as_not_set(tmp_path):
    assert dashboard_state.user_state_folder(
        {"XDG_STATE_HOME": "here", "HOME": "/h"}
    ) == dashboard_state.Path("/h/.local/state/orp")
    assert dashboard_state.user_state_folder({"XDG_STATE_HOME": "/s", "HOME": "/h"}) == dashboard_state.Path(
        "/s/orp"
    )
