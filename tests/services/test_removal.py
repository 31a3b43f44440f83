"""Whole runs go to the trash and come back as they were, whatever happens in between."""

from __future__ import annotations

import dataclasses
import os
import shutil
import stat
import subprocess
import sys
import time

import pytest
from run_folders import ended, run_id, submitted

from orp_tui.core.errors import RunNotFound, UsageError
from orp_tui.core.needs import Dependency
from orp_tui.core.states import RunState
from orp_tui.files import locks
from orp_tui.files.atomic import write_json
from orp_tui.files.usage import usage
from orp_tui.services import sharing, trash_index
from orp_tui.services.cleaning import Wish, plan_cleaning
from orp_tui.services.context import open_context
from orp_tui.services.needed_trees import needed_trees
from orp_tui.services.reference import find_run
from orp_tui.services.removal import plan_removal, remove
from orp_tui.services.restoring import restore
from orp_tui.services.trash import carry_out
from orp_tui.services.trash_emptying import empty
from orp_tui.services.trash_index import BARE, INDEX
from orp_tui.store import runs
from orp_tui.store.database import transaction

KIB = 1024
TREE = "a" * 64


class Base:
    """A base directory with ended runs made by hand; `others` are its parts on another file system."""

    def __init__(self, folder, **others):
        (folder / "project").mkdir(parents=True)
        settings = "".join(f"{name}: {path}\n" for name, path in others.items())
        (folder / "project" / "orp.yaml").write_text(settings)
        self.context = open_context(start=folder / "project", base_dir=str(folder / "experiments"))
        self.paths = self.context.paths
        for part in (self.paths.runs, self.paths.artifacts, self.paths.sources):
            part.mkdir(parents=True, exist_ok=True)
        with self.context.store():
            pass  # a database, before there are folders that it could be made from

    def run(self, name, *, zip_=True, **values):
        """An ended run with a row, a workspace, logs and a zip."""
        folder = submitted(self.paths, name, **values)
        ended(folder)
        folder.workspace.mkdir()
        (folder.workspace / "model.bin").write_bytes(b"x" * 8 * KIB)
        folder.stdout.write_text("said\n")
        if zip_:
            self.paths.artifact(folder.run_id).write_bytes(b"z" * 4 * KIB)
        with self.context.store() as connection:
            if runs.get(connection, folder.run_id) is None:
                self._row(connection, folder, values)
        return folder

    def _row(self, connection, folder, values):
        key = values.get("key")
        new = runs.NewRun(
            folder.run_id,
            folder.run_id[-4:],
            1.0,
            "me@here",
            idempotency_key=key,
            retry_of=values.get("retry_of"),
        )
        runs.insert(connection, new)
        run = runs.get(connection, folder.run_id)
        ended_at = time.time()
        wanted = {"state": "succeeded", "attempt": 1, "started_at": 3.0, "ended_at": ended_at}
        with transaction(connection):
            assert runs.set_values(connection, run, wanted)

    def queued(self, name, **values):
        folder = submitted(self.paths, name)
        with self.context.store() as connection:
            runs.insert(connection, runs.NewRun(folder.run_id, name, 2.0, "me@here", **values))
        return folder

    def plan(self, *folders):
        with self.context.store() as connection:
            return plan_removal(self.context, connection, [item.run_id for item in folders])

    def remove(self, *folders, plan=None):
        plan = plan or self.plan(*folders)
        with self.context.store() as connection:
            return remove(self.context, connection, plan, by="me@here")

    def restore(self, folder):
        with self.context.store() as connection:
            return restore(self.context, connection, folder.run_id, by="me@here")

    def row(self, folder):
        with self.context.store() as connection:
            return runs.get(connection, folder.run_id)

    def order(self):
        with self.context.store() as connection:
            return [run.id for run in runs.newest(connection, -1)]

    def state_of(self, folder):
        """Everything about a run on the disk: path → content."""
        found = {}
        for top in (folder.folder, self.paths.artifact(folder.run_id)):
            for path in (top, *sorted(top.rglob("*"))):
                if os.path.lexists(path) and path.name != "supervisor.lock":
                    found[str(path)] = path.read_bytes() if path.is_file() else os.path.islink(path)
        return found


@pytest.fixture
def base(tmp_path):
    return Base(tmp_path)


def words(items):
    return {item.run_id: item.why_kept for item in items}


def test_a_plan_says_sizes_and_changes_nothing(base):
    folder = base.run("a")
    before = base.state_of(folder)

    plan = base.plan(folder, folder)

    (item,) = plan.going
    assert item.bytes == plan.bytes == usage(folder.folder) + usage(base.paths.artifact(folder.run_id))
    assert base.state_of(folder) == before
    assert base.row(folder) is not None


def test_a_removed_run_is_gone_from_folders_and_rows_and_comes_back_as_it_was(base):
    first, folder, last = base.run("a"), base.run("b", key="k"), base.run("c")
    os.symlink("/nowhere", folder.workspace / "link")
    before, row, order = base.state_of(folder), base.row(folder), base.order()

    done = base.remove(folder)

    assert words(done.removed) == {folder.run_id: None}
    assert base.state_of(folder) == {}
    assert base.order() == [last.run_id, first.run_id]

    back = base.restore(folder)

    assert not back.left
    assert base.state_of(folder) == before
    assert base.row(folder) == dataclasses.replace(row, version=base.row(folder).version)
    assert base.row(folder).version > row.version
    assert base.order() == order
    assert list(base.paths.trash.iterdir()) == []
    with base.context.store() as connection:
        assert runs.find_by_key(connection, "k") == folder.run_id


def test_a_reference_to_a_removed_run_says_where_it_is(base):
    folder = base.run("a")
    base.run("b")
    base.remove(folder)

    with base.context.store() as connection:
        for reference in (folder.run_id, folder.run_id[:-1], folder.run_id[-4:], f"x/{folder.run_id}"):
            with pytest.raises(RunNotFound, match=f"in the trash; `orp clean --restore {folder.run_id}`"):
                find_run(connection, reference, base.paths)
    empty(base.paths)
    with base.context.store() as connection, pytest.raises(RunNotFound, match="no such run"):
        find_run(connection, folder.run_id, base.paths)


def test_what_goes_on_is_awaited_or_gone_on_from_stays(base):
    waiting, awaited, again = base.queued("w"), base.run("a"), base.run("r", key=f"retry:{run_id('a')}")
    busy, fine = base.run("b"), base.run("f")
    with base.context.store() as connection:
        run = runs.get(connection, waiting.run_id)
        runs.note(connection, run, after=(Dependency(awaited.run_id),))
    lock = locks.take(busy.supervisor_lock)
    try:
        plan = base.plan(waiting, awaited, again, busy, fine)
    finally:
        os.close(lock)

    assert [item.run_id for item in plan.going] == [fine.run_id]
    why = words(plan.refused)
    assert f"orp cancel {waiting.run_id}" in why[waiting.run_id]
    assert why[awaited.run_id] == why[again.run_id] == f"{waiting.run_id} waits for it"
    assert why[busy.run_id] == "somebody is at work on it"


def test_a_chain_goes_as_a_whole_or_from_its_end(base):
    first = base.run("a")
    second = base.run("b", resume_of=first.run_id, key=f"resume:{first.run_id}:1")
    shutil.rmtree(first.workspace)
    os.symlink(f"../{second.run_id}/workspace", first.workspace)

    alone = base.plan(first)
    assert f"{second.run_id} went on from it" in words(alone.refused)[first.run_id]

    both = base.plan(first, second)
    lock = locks.take(second.supervisor_lock)
    try:
        done = base.remove(plan=both)
    finally:
        os.close(lock)
    assert set(words(done.left)) == {first.run_id, second.run_id}  # the later one could not go

    before = {**base.state_of(first), **base.state_of(second)}
    assert not base.remove(first, second).left
    for folder in (first, second):
        base.restore(folder)
    assert {**base.state_of(first), **base.state_of(second)} == before


def test_what_comes_into_use_between_plan_and_act_stays(base):
    folder = base.run("a")
    plan = base.plan(folder)
    waiting = base.queued("w", after=(Dependency(folder.run_id),))

    done = base.remove(plan=plan)

    assert words(done.left) == {folder.run_id: f"{waiting.run_id} waits for it"}
    assert base.row(folder) is not None
    assert folder.workspace.is_dir()
    assert not any(base.paths.trash.iterdir())


def test_a_run_whose_folder_is_gone_is_removed_and_its_row_comes_back(base):
    folder = base.run("a", zip_=False)
    shutil.rmtree(folder.folder)

    (item,) = base.plan(folder).going
    done = base.remove(folder)

    assert (item.has_folder, item.bytes) == (False, 0)
    assert not done.left
    assert base.row(folder) is None
    assert list(done.folder.rglob(BARE))

    base.restore(folder)

    assert base.row(folder).state is RunState.SUCCEEDED
    assert not folder.folder.exists()
    assert list(base.paths.trash.iterdir()) == []


def test_a_damaged_folder_goes_and_comes_back(base):
    folder = base.run("a")
    folder.request.write_bytes(b"\xff{")

    assert not base.remove(folder).left
    base.restore(folder)

    assert folder.request.read_bytes() == b"\xff{"
    assert base.row(folder) is not None


def test_without_the_folder_of_all_runs_nothing_is_removed(base):
    folder = base.run("a")
    base.paths.runs.rename(base.paths.base / "unmounted")

    with pytest.raises(UsageError, match="is its disk mounted"):
        base.plan(folder)
    assert base.row(folder) is not None


def test_a_folder_that_cannot_be_moved_keeps_its_zip_and_row(base, monkeypatch):
    folder = base.run("a")
    before = base.state_of(folder)
    plan = base.plan(folder)
    rename = os.rename

    def failing(source, target):
        if str(source) == str(folder.folder):
            raise OSError(16, "Device or resource busy")
        rename(source, target)

    monkeypatch.setattr(os, "rename", failing)
    done = base.remove(plan=plan)

    assert words(done.left) == {folder.run_id: "cannot be moved: Device or resource busy"}
    assert base.state_of(folder) == before
    assert base.row(folder) is not None


def test_what_was_cleaned_before_comes_back_with_the_run(base):
    folder = base.run("a")
    before = base.state_of(folder)
    with base.context.store() as connection:
        plan = plan_cleaning(base.context, connection, Wish(kinds=("workspace",), with_only_copies=True))
        carry_out(base.context, connection, plan, by="me@here")
    folder.notes.unlink()  # says what was cleaned
    base.remove(folder)

    assert not base.restore(folder).left

    folder.notes.unlink()
    assert base.state_of(folder) == before


def test_nothing_is_put_back_over_a_folder_that_is_there(base):
    folder = base.run("a")
    base.remove(folder)
    folder.folder.mkdir()

    back = base.restore(folder)

    assert [piece.why_kept for piece in back.left] == [f"there is a {folder.run_id} in its place already"]
    assert base.row(folder) is None


def test_a_line_without_a_row_is_made_good_from_the_folder(base):
    folder = base.run("a")
    done = base.remove(folder)
    index = done.folder / INDEX
    index.write_text(index.read_text().replace('"row"', '"rwo"'))

    assert not base.restore(folder).left

    assert base.row(folder).state is RunState.INCOMPLETE  # as its result.json has it


def test_frozen_code_stays_while_a_run_in_the_trash_needs_it(base):
    folder = base.run("a", tree=TREE)
    (base.paths.sources / TREE).mkdir()

    base.remove(folder)
    assert needed_trees(base.paths) == ({TREE}, None)
    empty(base.paths)
    assert needed_trees(base.paths) == (set(), None)


def test_a_shared_run_is_shared_no_more_before_it_goes(base):
    folder = base.run("a")
    with base.context.store() as connection:
        run = runs.get(connection, folder.run_id)
    sharing.share(base.context, run, sharing.Audience(None))
    assert stat.S_IMODE(base.paths.runs.stat().st_mode) & 0o001

    base.remove(folder)
    assert sharing.shared_runs(base.paths) == frozenset()
    base.restore(folder)

    assert stat.S_IMODE(folder.folder.stat().st_mode) == 0o700


def test_what_lies_of_a_run_in_the_state_folder_goes_too(base):
    folder = base.run("a")
    places = (base.paths.live / f"{folder.run_id}.json", base.paths.alert_state(folder.run_id))
    for path in places:
        path.parent.mkdir(exist_ok=True)
        write_json(path, {})

    base.remove(folder)

    assert not any(path.exists() for path in places)


def test_a_note_written_while_a_run_is_removed_is_not_lost_to_its_row(base, monkeypatch):
    folder = base.run("a")
    from orp_tui.services import removal

    def touching(name):
        if name == "remove.synced":
            with base.context.store() as connection, transaction(connection):
                runs.touch(connection, folder.run_id, at=1.0, actor="x", kind=None, detail=None)

    before = base.row(folder).version
    monkeypatch.setattr(removal, "hit", touching)
    base.remove(folder)
    base.restore(folder)

    assert base.row(folder).version > before + 2


@pytest.mark.skipif(not os.path.isdir("/dev/shm"), reason="no second file system: /dev/shm is not there")
def test_runs_on_another_file_system_are_moved_there_and_back(tmp_path):
    elsewhere = f"/dev/shm/orp-keep-{os.getpid()}"
    try:
        base = Base(tmp_path, runs_dir=elsewhere)
        if os.stat(elsewhere).st_dev == os.stat(tmp_path).st_dev:
            pytest.skip("/dev/shm lies on the same file system")
        first, second = base.run("a", tree=TREE), base.run("b")
        before = base.state_of(first)

        assert not base.remove(first, second).left
        assert needed_trees(base.paths) == ({TREE}, None)
        base.restore(second)
        base.restore(first)

        assert base.state_of(first) == before
        assert base.row(second) is not None
        assert list(base.paths.trash.iterdir()) == []
    finally:
        shutil.rmtree(elsewhere, ignore_errors=True)


def test_many_runs_go_in_batches(base):
    folders = [base.run(f"{number:04}", zip_=False) for number in range(230)]

    seen = []
    with base.context.store() as connection:
        plan = plan_removal(base.context, connection, [item.run_id for item in folders])
        done = remove(base.context, connection, plan, by="me@here", progress=lambda *at: seen.append(at))

    assert len(done.removed) == 230
    assert seen == [(0, 230), (100, 230), (200, 230)]
    assert base.order() == []
    assert not os.listdir(base.paths.runs)


CODE = """
import sys
from pathlib import Path
from orp_tui.services.context import open_context
from orp_tui.services.removal import plan_removal, remove
from orp_tui.services.restoring import restore
project, base, verb, *ids = sys.argv[1:]
context = open_context(start=Path(project), base_dir=base)
with context.store() as connection:
    if verb == "rm":
        remove(context, connection, plan_removal(context, connection, ids), by="x")
    else:
        restore(context, connection, ids[0], by="x")
"""


def killed_at(base, point, *words):
    """Whether the process was killed there."""
    argv = [sys.executable, "-c", CODE, base.context.project, base.paths.base, *words]
    done = subprocess.run(argv, env=os.environ | {"ORP_FAILPOINT": point}, capture_output=True, text=True)
    assert done.returncode in (0, -9), done.stderr
    return done.returncode != 0


POINTS = (
    "remove.noted",
    "remove.zip",
    "remove.zip@2",
    "remove.folder",
    "remove.folder@2",
    "remove.synced",
    "remove.rows",
)


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("then", ["rm", "restore"])
def test_killed_at_any_step_a_run_is_whole_or_in_the_trash(base, point, then):
    folders = [base.run("a"), base.run("b")]
    before = {item.run_id: base.state_of(item) for item in folders}

    assert killed_at(base, point, "rm", *(item.run_id for item in folders))

    for item in folders:
        in_trash = list(trash_index.entries(base.paths, (item.run_id,)))
        whole = base.state_of(item) == before[item.run_id] and base.row(item) is not None
        assert whole or in_trash, f"{item.run_id} is neither whole nor in the trash"
    if then == "rm":
        left = [item for item in folders if base.row(item) is not None]
        assert not base.remove(*left).left
        assert base.order() == []
        assert not any(base.state_of(item) for item in folders)
    for item in folders:
        if base.state_of(item) != before[item.run_id] or base.row(item) is None:
            assert not base.restore(item).left
    assert {item.run_id: base.state_of(item) for item in folders} == before
    assert len(base.order()) == 2


@pytest.mark.parametrize("point", ["restore.row", "restore.folder", "restore.piece"])
def test_killed_while_it_is_put_back_the_same_again_finishes(base, point):
    folder = base.run("a")
    before = base.state_of(folder)
    base.remove(folder)

    assert killed_at(base, point, "restore", folder.run_id)
    if base.state_of(folder) != before:
        assert not base.restore(folder).left

    assert base.state_of(folder) == before
    assert base.row(folder) is not None
    assert base.remove(folder).removed
    assert not base.restore(folder).left
    assert base.state_of(folder) == before


@pytest.mark.parametrize(
    "point", ["remove.noted", "remove.zip", "remove.folder", "remove.synced", "restore.row"]
)
@pytest.mark.parametrize("error", ["enospc", "eio"])
def test_an_error_at_any_step_leaves_what_the_same_again_finishes(base, point, error):
    folder = base.run("a")
    before = base.state_of(folder)
    if point.startswith("restore"):
        base.remove(folder)
    verb = "restore" if point.startswith("restore") else "rm"
    argv = [sys.executable, "-c", CODE, base.context.project, base.paths.base, verb, folder.run_id]
    subprocess.run(argv, env=os.environ | {"ORP_FAILPOINT": f"{point}:{error}"}, capture_output=True)

    in_trash = list(trash_index.entries(base.paths, (folder.run_id,)))
    assert in_trash or (base.state_of(folder) == before and base.row(folder) is not None)
    if base.row(folder) is not None:
        assert not base.remove(folder).left
    assert base.row(folder) is None
    assert not base.restore(folder).left
    assert base.state_of(folder) == before
    assert base.row(folder) is not None
