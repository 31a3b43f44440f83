"""Colleagues read what was shared, as a second user tries, and nothing beside it."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path

import pytest
from run_folders import ended, submitted

from orp_tui.core.errors import UsageError
from orp_tui.services import sharing
from orp_tui.services.context import open_context
from orp_tui.store import runs

GROUP, OTHER_GROUP = 54321, 54322
COLLEAGUE, OUTSIDER = 54330, 54331

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to look at files as another user")


class Place:
    """Two runs below a folder that everybody may enter."""

    def __init__(self, folder: Path) -> None:
        project = folder / "project"
        project.mkdir(mode=0o755)
        os.chown(project, -1, GROUP)
        self.context = open_context(start=project, base_dir=str(project / "experiments"))
        self.paths = self.context.paths
        self.first, self.second = (self.make(letters) for letters in ("a", "b"))
        with self.context.store() as connection:
            self.row, self.other = (runs.get(connection, item.run_id) for item in (self.first, self.second))
        self.zip = self.paths.artifact(self.first.run_id)

    def make(self, letters: str):
        for folder in (self.paths.base, self.paths.runs, self.paths.artifacts, self.paths.state):
            folder.mkdir(mode=0o700, exist_ok=True)
        run = submitted(self.paths, letters, project=str(self.paths.base.parent))
        ended(run)
        (run.workspace / "out").mkdir(mode=0o700, parents=True)
        for path in (
            run.stdout,
            run.environment_private,
            run.workspace / "out/m.json",
            self.paths.artifact(run.run_id),
        ):
            path.write_text("text\n")
            path.chmod(0o600)
        (run.workspace / "go.sh").write_text("#!/bin/sh\n")
        (run.workspace / "go.sh").chmod(0o700)
        run.supervisor_lock.touch(0o600)
        return run

    def share(self, run=None, **who):
        chosen = run or self.row
        options = {"group": None, "everybody": False} | who
        return sharing.share(self.context, chosen, sharing.audience(self.context, chosen, **options))


@pytest.fixture
def place():
    folder = Path(tempfile.mkdtemp(prefix="orp-share-"))
    folder.chmod(0o755)
    try:
        yield Place(folder)
    finally:
        shutil.rmtree(folder)


def can(user: int, path: Path, *, how: str = "-r", groups: tuple[int, ...] = (GROUP,)) -> bool:
    """Whether another user may."""
    done = subprocess.run(
        ["test", how, str(path)], user=user, group=user, extra_groups=groups, cwd="/", check=False
    )
    return done.returncode == 0


def test_the_group_reads_folder_and_zip_and_never_the_private_environment(place):
    done = place.share()

    assert done.blocked == ()
    for path in (place.first.stdout, place.first.request, place.first.workspace / "out/m.json", place.zip):
        assert can(COLLEAGUE, path), path
        assert not can(COLLEAGUE, path, how="-w"), path
        assert not can(OUTSIDER, path, groups=()), path
    assert can(COLLEAGUE, place.first.folder)
    assert can(COLLEAGUE, place.first.workspace / "go.sh", how="-x")
    for path in (place.first.environment_private, place.first.supervisor_lock):
        assert not can(COLLEAGUE, path), path


def test_other_runs_and_the_queue_stay_closed_and_unlisted(place):
    for path in (place.second.folder, place.paths.artifact(place.second.run_id)):
        path.chmod(0o755)  # made by somebody with another umask, behind a closed folder
    place.share()

    for path in (place.paths.runs, place.paths.base, place.paths.state, place.paths.artifacts):
        assert not can(COLLEAGUE, path), path
    for path in (place.second.folder, place.second.stdout, place.paths.artifact(place.second.run_id)):
        assert not can(COLLEAGUE, path), path
    assert not can(COLLEAGUE, place.paths.database)


def test_everybody_can_be_meant(place):
    place.share(everybody=True)

    assert can(OUTSIDER, place.first.stdout, groups=())
    assert can(OUTSIDER, place.zip, groups=())
    assert not can(OUTSIDER, place.first.environment_private, groups=())
    assert not can(OUTSIDER, place.second.stdout, groups=())


def test_taken_back_nobody_reads_it_and_the_folders_above_are_as_they_were(place):
    above = [place.paths.base, place.paths.runs, place.paths.artifacts]
    before = [(path.stat().st_mode, path.stat().st_gid) for path in above]
    place.share()
    place.share(place.other)

    assert sharing.unshare(place.context, place.row)
    assert not can(COLLEAGUE, place.first.stdout)
    assert not can(COLLEAGUE, place.zip)
    assert can(COLLEAGUE, place.second.stdout)
    assert sharing.unshare(place.context, place.other)

    assert [(path.stat().st_mode, path.stat().st_gid) for path in above] == before
    assert not sharing.unshare(place.context, place.other)


def test_two_groups_can_read_two_runs_and_not_each_others(place):
    place.share()
    place.share(place.other, group=str(OTHER_GROUP))

    assert can(COLLEAGUE, place.first.stdout)
    assert can(OUTSIDER, place.second.stdout, groups=(OTHER_GROUP,))
    assert not can(COLLEAGUE, place.second.stdout)
    assert not can(OUTSIDER, place.first.stdout, groups=(OTHER_GROUP,))


def test_a_folder_above_that_keeps_them_out_is_named(place):
    top = place.paths.base.parent.parent
    top.chmod(0o700)

    done = place.share()

    assert done.blocked == (f"{top} keeps them out (mode 700): chmod o+x {top}",)
    assert not can(COLLEAGUE, place.first.stdout)


def test_a_link_in_the_workspace_opens_nothing_elsewhere(place):
    secret = place.paths.base.parent / "secret"
    secret.write_text("mine")
    secret.chmod(0o600)
    os.symlink(secret, place.first.workspace / "link")
    hard = place.first.workspace / "hard"
    os.link(secret, hard)

    done = place.share()

    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert done.left == ("1 hard-linked file left as they were",)


def test_a_group_that_does_not_exist_is_refused(place):
    with pytest.raises(UsageError, match="no such group"):
        place.share(group="nobody-has-this-group")
