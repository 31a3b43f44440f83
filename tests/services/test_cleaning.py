"""What may be cleaned, what stays and why, and that all of it can be put back."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from run_folders import ended, run_id, submitted

from orp_tui.artifacts.manifest import Manifest, ManifestEntry
from orp_tui.core.checklist import ChecklistItem, ChecklistReport, DeliverableStatus
from orp_tui.core.errors import UsageError
from orp_tui.core.states import RunState
from orp_tui.engine.request_file import read_request
from orp_tui.files import locks
from orp_tui.files.atomic import read_json, write_json
from orp_tui.files.usage import usage
from orp_tui.services import cleaning, trash, trash_emptying, trash_index
from orp_tui.services.cleaning import KINDS, Wish
from orp_tui.services.context import open_context
from orp_tui.services.restoring import restore
from orp_tui.store import runs

EVERYTHING = Wish(kinds=KINDS)
KIB = 1024


class Base:
    """A base directory with runs made by hand."""

    def __init__(self, folder: Path) -> None:
        (folder / "project").mkdir(parents=True)
        self.context = open_context(start=folder / "project", base_dir=str(folder / "experiments"))
        self.paths = self.context.paths
        self.paths.sources.mkdir(parents=True)
        self.paths.artifacts.mkdir()

    def run(self, letters, *, packed=(), only_here=(), zip_=True, code=0, tree=None, **values):
        """An ended run: deliverables that its zip holds and such that it refers to, logs, a tree of frozen code."""
        folder = submitted(self.paths, letters, tree=tree, **values)
        ended(folder, code=code)
        folder.workspace.mkdir()
        for path in (*packed, *only_here):
            target = folder.workspace / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(b"x" * 8 * KIB)
        for log in (folder.stdout, folder.stderr):
            log.write_text("said\n")
        items = tuple(
            ChecklistItem(number, "file", path, True, DeliverableStatus.VALID, (), (path,), 1)
            for number, path in enumerate((*packed, *only_here))
        )
        write_json(folder.deliverables, ChecklistReport(items, final=True).to_json())
        if zip_:
            self.paths.artifact(folder.run_id).write_bytes(b"z" * 4 * KIB)
            entries = [ManifestEntry(path, 1, "0", "zip") for path in packed]
            entries += [ManifestEntry(path, 1, "0", "workspace") for path in only_here]
            write_json(folder.manifest, Manifest(folder.run_id, "0", "", tuple(entries)).to_json())
        if tree:
            self.tree(tree)
        return folder

    def tree(self, sha256):
        folder = self.paths.sources / sha256 / "tree"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "train.py").write_text("code\n")
        os.chmod(folder / "train.py", 0o444)
        return folder.parent

    def plan(self, wish=EVERYTHING):
        with self.context.store() as connection:
            return cleaning.plan_cleaning(self.context, connection, wish)

    def clean(self, wish=EVERYTHING):
        with self.context.store() as connection:
            plan = cleaning.plan_cleaning(self.context, connection, wish)
            return trash.carry_out(self.context, connection, plan, by="me@here")

    def restore(self, folder):
        with self.context.store() as connection:
            return restore(self.context, connection, folder.run_id, by="me@here")

    def row(self, folder):
        with self.context.store() as connection:
            return runs.get(connection, folder.run_id)


@pytest.fixture
def base(tmp_path):
    return Base(tmp_path)


def going(plan):
    return {(piece.run_id, piece.kind) for piece in plan.going}


def kept(plan):
    return {(piece.run_id, piece.kind): piece.why_kept for piece in plan.kept}


def test_a_preview_changes_nothing_and_tells_sizes_as_du_does(base):
    folder = base.run("a", packed=["out/model.bin"])
    os.symlink("/", folder.workspace / "everything")
    before = sorted(str(path) for path in base.paths.base.rglob("*"))

    plan = base.plan(Wish(kinds=("workspace",)))

    (piece,) = plan.going
    du = subprocess.run(["du", "-s", "-B1", folder.workspace], capture_output=True, text=True, check=True)
    assert piece.bytes == int(du.stdout.split()[0])
    assert sorted(str(path) for path in base.paths.base.rglob("*") if "state" not in path.parts) == [
        path for path in before if "/state" not in path
    ]


def test_a_workspace_goes_to_the_trash_and_comes_back_as_it_was(base):
    folder = base.run("a", packed=["out/model.bin"])
    os.symlink("/nowhere", folder.workspace / "link")

    done = base.clean(Wish(kinds=("workspace",)))

    assert [(piece.kind, piece.why_kept) for piece in done.moved] == [("workspace", None)]
    assert not folder.workspace.exists()
    assert done.folder.parent == base.paths.trash
    (cleaned,) = trash_index.cleaned_of(base.paths, folder.run_id)
    assert (cleaned.kind, cleaned.by, cleaned.in_trash) == ("workspace", "me@here", True)

    back = base.restore(folder)

    assert not back.left
    assert (folder.workspace / "out/model.bin").stat().st_size == 8 * KIB
    assert os.readlink(folder.workspace / "link") == "/nowhere"
    assert trash_index.cleaned_of(base.paths, folder.run_id) == []
    assert list(base.paths.trash.iterdir()) == []


def test_the_only_copy_of_a_deliverable_stays_unless_asked_for(base):
    packed = base.run("p", packed=["a.bin"])
    referenced = base.run("r", only_here=["big.bin"])
    without_zip = base.run("w", packed=["b.bin"], zip_=False)

    plan = base.plan(Wish(kinds=("workspace",)))

    assert going(plan) == {(packed.run_id, "workspace")}
    assert kept(plan) == {
        (referenced.run_id, "workspace"): "holds the only copy of big.bin (--with-only-copies)",
        (without_zip.run_id, "workspace"): "holds the only copy of b.bin (--with-only-copies)",
    }
    assert len(base.plan(Wish(kinds=("workspace",), with_only_copies=True)).going) == 3


def test_a_referenced_file_that_is_gone_already_keeps_nothing(base):
    folder = base.run("r", only_here=["big.bin"])
    (folder.workspace / "big.bin").unlink()

    assert going(base.plan(Wish(kinds=("workspace",)))) == {(folder.run_id, "workspace")}


def test_a_manifest_that_can_not_be_read_proves_no_copy(base):
    folder = base.run("a", packed=["a.bin"])
    folder.manifest.write_text("{half")

    assert "only copy of a.bin" in kept(base.plan(Wish(kinds=("workspace",))))[folder.run_id, "workspace"]


def test_the_zip_stays_where_it_becomes_the_only_copy(base):
    folder = base.run("a", packed=["a.bin"])

    assert going(base.plan(Wish(kinds=("artifacts",)))) == {(folder.run_id, "artifacts")}
    plan = base.plan(Wish(kinds=("workspace", "artifacts")))
    assert going(plan) == {(folder.run_id, "workspace")}
    assert "deliverables" in kept(plan)[folder.run_id, "artifacts"]
    plan = base.plan(Wish(kinds=("logs", "artifacts")))
    assert "logs" in kept(plan)[folder.run_id, "artifacts"]


def test_logs_stay_without_a_zip(base):
    folder = base.run("a", zip_=False)

    assert "zip" in kept(base.plan(Wish(kinds=("logs",))))[folder.run_id, "logs"]


def test_row_and_result_say_that_a_zip_was_cleaned_and_that_it_is_back(base):
    folder = base.run("a", packed=["a.bin"])
    zip_path = base.paths.artifact(folder.run_id)

    base.clean(Wish(kinds=("artifacts",)))

    assert not zip_path.exists()
    assert base.row(folder).artifacts.startswith("cleaned: on ")
    result = read_json(folder.result)
    assert (result["artifact"]["state"], result["artifacts_path"]) == ("cleaned", None)

    base.restore(folder)

    assert zip_path.exists()
    assert base.row(folder).artifacts == "ok"
    assert read_json(folder.result)["artifacts_path"] == str(zip_path)


def test_a_run_that_waits_or_is_at_work_is_never_touched(base):
    waiting = submitted(base.paths, "wait")
    waiting.workspace.mkdir()
    held = base.run("held")
    alive = base.run("live")
    with base.context.store():
        pass  # made before anybody is at work
    taken = [locks.take(held.supervisor_lock), locks.take(alive.tree_lock)]
    try:
        plan = base.plan()
    finally:
        for descriptor in taken:
            os.close(descriptor)

    assert going(plan) == set()
    assert waiting.run_id not in {piece.run_id for piece in plan.kept}
    reasons = kept(plan)
    assert reasons[held.run_id, "workspace"] == "somebody is at work on it"
    assert reasons[alive.run_id, "workspace"] == "processes of it still live"


def test_a_run_that_came_to_life_since_the_plan_is_left_alone(base):
    folder = base.run("a")
    with base.context.store() as connection:
        plan = cleaning.plan_cleaning(base.context, connection, Wish())
        lock = locks.take(folder.supervisor_lock)
        done = trash.carry_out(base.context, connection, plan, by="me")
        os.close(lock)

    assert (done.moved, done.folder) == ((), None)
    assert folder.workspace.is_dir()
    assert list(base.paths.trash.iterdir()) == []


def test_a_workspace_that_a_resumed_run_goes_on_in_stays(base):
    first = base.run("a", code=1)
    submitted(base.paths, "b", resume_of=first.run_id, submitted_at=9.0)

    plan = base.plan(Wish(kinds=("workspace",)))

    assert kept(plan) == {(first.run_id, "workspace"): f"{run_id('b')} goes on in it"}


def test_a_workspace_that_was_taken_over_is_no_piece_of_the_predecessor(base):
    first, second = base.run("a", code=1), base.run("b")
    first.workspace.rmdir()
    os.symlink(f"../{second.run_id}/workspace", first.workspace)

    assert going(base.plan(Wish(kinds=("workspace",)))) == {(second.run_id, "workspace")}


def test_checkpoints_go_but_the_newest_and_what_is_a_deliverable(base):
    names = [f"ckpt-{number}" for number in (1, 2, 3, 10)]
    folder = base.run("a", packed=["ckpt-2/model"], checkpoints={"path": "ckpt-*", "complete": "done"})
    for name in names:
        (folder.workspace / name).mkdir(exist_ok=True)
        (folder.workspace / name / "done").touch()
    (folder.workspace / "ckpt-11").mkdir()
    outside = base.paths.base / "outside"
    outside.mkdir()
    (outside / "done").touch()
    os.symlink(outside, folder.workspace / "ckpt-0")

    base.clean(Wish(kinds=("checkpoints",)))

    assert sorted(entry.name for entry in folder.workspace.iterdir()) == [
        "ckpt-0",
        "ckpt-10",
        "ckpt-11",
        "ckpt-2",
    ]
    assert (outside / "done").exists()
    base.restore(folder)
    assert (folder.workspace / "ckpt-3/done").exists()


def test_only_trees_that_no_run_needs_are_freed(base):
    used, unused = "a" * 64, "b" * 64
    folder = base.run("a", tree=used)
    folder.request.write_bytes(folder.request.read_bytes()[:-20])  # damaged, and it still names its tree
    base.tree(unused)

    plan = base.plan(Wish(kinds=("sources",)))

    assert [piece.path for piece in plan.going] == [unused]
    base.clean(Wish(kinds=("sources",)))
    assert not (base.paths.sources / unused).exists()
    assert (base.paths.sources / used / "tree/train.py").read_text() == "code\n"


def test_no_tree_is_freed_while_a_submit_goes_on_or_a_run_does_not_say_what_it_needs(base):
    base.tree("b" * 64)
    building = base.paths.runs / ".new-exp_20261124_093000_aaaa"
    building.mkdir(parents=True)
    assert "submit" in kept(base.plan(Wish(kinds=("sources",))))["", "sources"]
    building.rmdir()

    (base.paths.runs / run_id("a")).mkdir()
    assert run_id("a") in kept(base.plan(Wish(kinds=("sources",))))["", "sources"]


def test_a_tree_that_a_submit_begins_to_use_meanwhile_is_put_back(base, monkeypatch):
    tree = base.tree("b" * 64)
    base.run("a")
    with base.context.store() as connection:
        plan = cleaning.plan_cleaning(base.context, connection, Wish(kinds=("sources",)))
        real, looks = trash.needed_trees, []

        def looked(paths):
            looks.append(1)
            if len(looks) == 2:
                (paths.runs / ".new-exp_20261124_093000_bbbb").mkdir()
            return real(paths)

        monkeypatch.setattr(trash, "needed_trees", looked)
        done = trash.carry_out(base.context, connection, plan, by="me")

    assert tree.is_dir()
    assert [piece.why_kept for piece in done.left] == ["a submit is going on; try again"]


def test_age_state_and_the_newest_of_each_experiment_choose_the_runs(base):
    old = base.run("a", submitted_at=1.0)
    new = base.run("b", submitted_at=2.0, code=3)
    other = base.run("c", submitted_at=3.0)
    with base.context.store() as connection:
        connection.execute("UPDATE run SET name = 'exp' WHERE id != ?", (other.run_id,))
        connection.execute("UPDATE run SET ended_at = ? WHERE id = ?", (time.time(), new.run_id))

    def ids(**wish):
        return {piece.run_id for piece in base.plan(Wish(kinds=("workspace",), **wish)).going}

    assert ids() == {old.run_id, new.run_id, other.run_id}
    assert ids(older_than_s=3600.0) == {old.run_id, other.run_id}
    assert ids(states=(RunState.FAILED,)) == {new.run_id}
    assert ids(keep_last=1) == {old.run_id}
    assert ids(run_ids=(other.run_id,)) == {other.run_id}


def test_emptying_removes_read_only_folders_and_never_what_a_link_leads_to(base, tmp_path):
    folder = base.run("a")
    locked = folder.workspace / "locked"
    locked.mkdir()
    (locked / "file").write_text("x")
    locked.chmod(0o500)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_text("mine")
    os.symlink(outside, folder.workspace / "link")
    base.clean(Wish(kinds=("workspace",)))

    seen = []
    freed = trash_emptying.empty(base.paths, lambda done, total: seen.append((done, total)))

    assert freed > 0
    assert seen[-1][0] <= seen[-1][1]
    assert list(base.paths.trash.iterdir()) == []
    assert (outside / "precious").read_text() == "mine"
    (cleaned,) = trash_index.cleaned_of(base.paths, folder.run_id)
    assert not cleaned.in_trash


def test_a_half_emptied_folder_is_not_put_back(base):
    folder = base.run("a")
    done = base.clean(Wish(kinds=("workspace",)))
    os.rename(done.folder, done.folder.with_name(f".emptying-{done.folder.name}"))

    with pytest.raises(UsageError, match="nothing of it is in the trash"):
        base.restore(folder)
    trash_emptying.empty(base.paths)
    assert list(base.paths.trash.iterdir()) == []


def test_nothing_is_put_back_over_what_is_there(base):
    folder = base.run("a")
    base.clean(Wish(kinds=("workspace",)))
    folder.workspace.mkdir()

    back = base.restore(folder)

    assert [piece.why_kept for piece in back.left] == ["there is a workspace in its place already"]


def test_an_index_that_was_tampered_with_leads_nowhere_else(base):
    folder = base.run("a")
    done = base.clean(Wish(kinds=("workspace",)))
    index = done.folder / trash_index.INDEX
    index.write_text(
        index.read_text().replace(f'"{folder.run_id}/workspace"', '"../../../stolen"') + "{half\n[]\n"
    )

    assert list(trash_index.entries(base.paths)) == []


@pytest.mark.parametrize("point", ["clean.noted", "clean.moved"])
def test_killed_in_between_it_is_where_it_was_or_can_be_put_back(base, point):
    folder = base.run("a", packed=["a.bin"])
    with base.context.store():
        pass  # makes the database
    code = (
        "import sys; from orp_tui.cli.main import main;"
        f"sys.exit(main(['clean', '--yes', '--kinds', 'workspace', '--base-dir', {str(base.paths.base)!r}]))"
    )
    child = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | {"ORP_FAILPOINT": point}, capture_output=True
    )

    assert child.returncode < 0, child.stderr
    cleaned = trash_index.cleaned_of(base.paths, folder.run_id)
    assert [item.kind for item in cleaned if item.in_trash] == (
        [] if folder.workspace.exists() else ["workspace"]
    )
    if not folder.workspace.exists():
        base.restore(folder)
    assert (folder.workspace / "a.bin").exists()


@pytest.mark.skipif(
    not os.path.isdir("/dev/shm") or os.stat("/dev/shm").st_dev == os.stat("/tmp").st_dev,
    reason="needs a second file system at /dev/shm",
)
def test_runs_on_another_file_system_have_their_trash_there(tmp_path):
    import shutil
    import tempfile

    elsewhere = Path(tempfile.mkdtemp(dir="/dev/shm"))
    try:
        (tmp_path / "project").mkdir()
        (tmp_path / "project/orp.yaml").write_text(f"runs_dir: {elsewhere}/runs\n")
        base = Base.__new__(Base)
        base.context = open_context(start=tmp_path / "project")
        base.paths = base.context.paths
        base.paths.sources.mkdir(parents=True)
        base.paths.artifacts.mkdir()
        folder = base.run("a", packed=["a.bin"])

        done = base.clean(Wish(kinds=("workspace",)))

        assert not done.left
        assert not folder.workspace.exists()
        base.restore(folder)
        assert (folder.workspace / "a.bin").exists()
        base.clean(Wish(kinds=("workspace",)))
        trash_emptying.empty(base.paths)
        assert list((elsewhere / "runs" / ".trash").iterdir()) == []
    finally:
        shutil.rmtree(elsewhere)


def test_usage_counts_a_hard_link_once_and_what_is_gone_as_nothing(tmp_path):
    (tmp_path / "a").write_bytes(b"x" * 64 * KIB)
    os.link(tmp_path / "a", tmp_path / "b")

    du = subprocess.run(["du", "-s", "-B1", tmp_path], capture_output=True, text=True, check=True)

    assert usage(tmp_path) == int(du.stdout.split()[0])
    assert usage(tmp_path / "gone") == 0


def test_the_request_of_a_cleaned_run_is_still_there(base):
    folder = base.run("a")
    base.clean()

    assert read_request(folder).id == folder.run_id
