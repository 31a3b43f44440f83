"""The folder is told anew after every change, whether or not the kernel tells of it."""

from __future__ import annotations

import errno
import os
import queue
import shutil
import threading

import pytest
from waiting import until

from orp_tui.core.states import RunState
from orp_tui.services import configs_watch
from orp_tui.services.configs import ConfigsFolder
from orp_tui.services.configs_read import Kind
from orp_tui.services.configs_watch import watch
from orp_tui.services.context import open_context
from orp_tui.services.submission import SubmitOptions
from orp_tui.services.submit import sources_of_file, submit

GOOD = 'experiment: {name: mnist}\ntraining:\n  script: ["true"]\n'


class Watched:
    """A folder that is watched in a thread."""

    def __init__(self, project, **options):
        self.configs = project / "configs"
        self.context = open_context(start=project)
        self.views = queue.SimpleQueue()
        self.ended, self.poked = threading.Event(), threading.Event()
        self.latest = None
        self._options = options
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        folder = ConfigsFolder(self.context, self.configs)
        for view in watch(folder, self.ended, self.poked, **self._options):
            self.views.put(view)

    def sees(self, condition):
        """The first view of which it is true; none before counts again."""

        def found():
            while not self.views.empty():
                self.latest = self.views.get()
                if condition(self.latest):
                    return True
            return False

        until(found, what="the view")
        return self.latest

    def end(self):
        self.ended.set()
        self.poked.set()
        self._thread.join(20)
        assert not self._thread.is_alive()


@pytest.fixture
def place(tmp_path):
    (tmp_path / "orp.yaml").write_text("queue: {autostart: false}\n")
    (tmp_path / "configs").mkdir()
    return tmp_path


@pytest.fixture
def watching(place):
    """A maker of watched folders; their threads are ended."""
    made = []

    def make(**options):
        made.append(Watched(place, **options))
        return made[-1]

    yield make
    for item in made:
        item.end()


@pytest.fixture
def kernel(monkeypatch):
    """What is seen is seen because the kernel told."""
    monkeypatch.setattr(configs_watch, "RESCAN_S", 600.0)


def kinds(view):
    return {file.name: file.kind for file in view.files}


@pytest.mark.usefixtures("kernel")
def test_a_file_that_comes_changes_and_goes_is_told_each_time(watching):
    watched = watching()
    watched.sees(lambda view: view.exists and not view.files)

    path = watched.configs / "a.yaml"
    path.write_text(GOOD)
    watched.sees(lambda view: kinds(view) == {"a.yaml": Kind.VALID})
    path.write_text(GOOD.replace("script", "skript"))
    watched.sees(lambda view: kinds(view) == {"a.yaml": Kind.INVALID})
    other = path.with_suffix(".tmp")
    other.write_text(GOOD)
    os.replace(other, path)  # as editors save
    watched.sees(lambda view: kinds(view) == {"a.yaml": Kind.VALID})
    path.unlink()
    watched.sees(lambda view: not view.files)


@pytest.mark.usefixtures("kernel")
def test_a_new_folder_is_watched_too(watching):
    watched = watching()
    watched.sees(lambda view: view.exists)

    (watched.configs / "new.d").mkdir()
    (watched.configs / "new").mkdir()
    watched.poked.set()
    (watched.configs / "new" / "a.yaml").write_text(GOOD)
    watched.sees(lambda view: kinds(view) == {"new/a.yaml": Kind.VALID})
    (watched.configs / "new" / "b.yaml").write_text(GOOD)

    watched.sees(lambda view: len(view.files) == 2)


def test_a_folder_that_is_made_later_deleted_and_made_again_is_followed(watching, monkeypatch, place):
    monkeypatch.setattr(configs_watch, "UNTOLD_S", 0.1)
    monkeypatch.setattr(configs_watch, "RESCAN_S", 0.2)
    (place / "configs").rmdir()
    watched = watching()
    watched.sees(lambda view: not view.exists)

    for _ in range(2):
        watched.configs.mkdir()
        (watched.configs / "a.yaml").write_text(GOOD)
        watched.sees(lambda view: kinds(view) == {"a.yaml": Kind.VALID})
        shutil.rmtree(watched.configs)
        watched.sees(lambda view: not view.exists)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.ENOSPC, "No space left"), "all inotify watches of this user are taken"),
        (RuntimeError("Error: Too many open files (os error 24)"), "all inotify instances of this user are taken"),
        (OSError(errno.ENOSYS, "Function not implemented"), "this system has no inotify"),
    ],
)  # fmt: skip
def test_where_the_kernel_tells_nothing_the_folder_is_looked_at_and_that_is_said(
    watching, monkeypatch, error, words
):
    monkeypatch.setattr(configs_watch, "UNTOLD_S", 0.1)

    def refuse(folders):
        raise error

    watched = watching(notify=refuse)
    view = watched.sees(lambda view: view.notes != ())
    (watched.configs / "a.yaml").write_text(GOOD)

    assert view.notes == (f"changes are looked for every 0 s: {words}",)
    watched.sees(lambda view: kinds(view) == {"a.yaml": Kind.VALID})


def test_a_change_that_the_kernel_did_not_tell_of_is_found_by_the_rescan(watching, monkeypatch):
    monkeypatch.setattr(configs_watch, "RESCAN_S", 0.2)

    class Deaf:
        def watch(self, debounce_ms, step_ms, timeout_ms, stop_event):
            stop_event.wait(timeout_ms / 1000)
            return "timeout"

        def close(self):
            pass

    watched = watching(notify=lambda folders: Deaf())
    watched.sees(lambda view: view.exists)

    (watched.configs / "a.yaml").write_text(GOOD)

    assert watched.sees(lambda view: kinds(view) == {"a.yaml": Kind.VALID}).notes == ()


@pytest.mark.usefixtures("kernel")
def test_the_state_of_a_run_is_told_though_no_file_has_changed(watching, monkeypatch, place):
    path = place / "configs" / "a.yaml"
    path.write_text(GOOD)
    watched = watching()
    watched.sees(lambda view: kinds(view) == {"a.yaml": Kind.VALID})

    with watched.context.store() as connection:
        (source,) = sources_of_file(watched.context, path)
        submit(watched.context, connection, source, SubmitOptions())

    watched.sees(lambda view: view.files[0].run and view.files[0].run.state is RunState.QUEUED)


@pytest.mark.usefixtures("kernel")
def test_a_poke_looks_at_once_and_what_has_not_changed_is_not_told(watching):
    watched = watching(notify=refuse_quietly)
    watched.sees(lambda view: view.exists)

    watched.poked.set()
    until(lambda: not watched.poked.is_set(), what="a look")
    watched.poked.set()
    until(lambda: not watched.poked.is_set(), what="another look")

    assert watched.views.empty()


def refuse_quietly(folders):
    raise FileNotFoundError


@pytest.mark.usefixtures("kernel")
def test_what_a_training_writes_beside_the_files_causes_no_look(watching, monkeypatch):
    looks = []
    look = ConfigsFolder.views

    def counted(self, *args):
        looks.append(1)
        return look(self, *args)

    monkeypatch.setattr(ConfigsFolder, "views", counted)
    watched = watching()
    watched.sees(lambda view: view.exists)
    (watched.configs / "a.yaml").write_text(GOOD)
    watched.sees(lambda view: kinds(view) == {"a.yaml": Kind.VALID})
    before = len(looks)

    for number in range(50):
        (watched.configs / f"metrics-{number}.json").write_text("{}")
    (watched.configs / "b.yaml").write_text(GOOD)
    watched.sees(lambda view: len(view.files) == 2 and kinds(view)["b.yaml"] is Kind.VALID)

    assert len(looks) - before <= 3
