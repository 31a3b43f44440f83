"""What the dashboard knows of each experiment file, whatever lies in the folder."""

from __future__ import annotations

import os
import shutil
import time

import pytest
from waiting import until

from orp_tui.core.states import RunState
from orp_tui.services import configs, configs_read
from orp_tui.services.configs import ConfigsFolder
from orp_tui.services.configs_read import Kind
from orp_tui.services.context import configs_folder, open_context
from orp_tui.services.control import cancel
from orp_tui.services.submission import SubmitOptions
from orp_tui.services.submit import source_of_command, sources_of_file, submit
from orp_tui.store import runs

GOOD = """\
experiment: {name: "%s"}
training:
  script: ["true"]
  config: {lr: 0.1}
"""


@pytest.fixture
def place(tmp_path):
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "orp.yaml").write_text("queue: {autostart: false}\n")
    (folder / "configs").mkdir()
    return folder


def folder_of(place):
    return ConfigsFolder(open_context(start=place), place / "configs")


def good(place, name, experiment="mnist"):
    path = place / "configs" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(GOOD % experiment)
    return path


def only(view):
    (file,) = view.files
    return file


def test_a_good_file_says_what_it_describes(place):
    path = good(place, "a.yaml", "[/]mnist")
    path.write_text(path.read_text() + "  seeds: [1, 2, 3]\n")

    file = only(folder_of(place).look())

    assert (file.kind, file.experiment, file.problems, file.run) == (Kind.VALID, "[/]mnist", (), None)
    assert (file.reading.runs, file.reading.seeds) == (3, 3)


def test_a_bad_file_says_what_is_wrong_in_which_line(place):
    good(place, "a.yaml").write_text("experiment: {name: a}\ntraining:\n  script: 7\n  tiemout: 1h\n")

    file = only(folder_of(place).look())

    assert file.kind is Kind.INVALID
    assert [(problem.line, problem.key) for problem in file.problems] == [
        (3, "training.script"),
        (4, "training.tiemout"),
    ]


def test_what_this_version_can_not_do_is_a_kind_of_its_own(place):
    path = good(place, "a.yaml")
    path.write_text(path.read_text() + "sweep:\n  method: grid\n  parameters: {lr: [1, 2]}\n")

    file = only(folder_of(place).look())

    assert (file.kind, file.problems[0].line, file.problems[0].key) == (Kind.NOT_YET, 5, "sweep")


@pytest.mark.parametrize("text", ["", "- 1\n", "services: {web: {image: x}}\n", "a: [\n"])
def test_yaml_of_somebody_else_is_no_experiment(place, text):
    (place / "configs" / "compose.yaml").write_text(text)

    file = only(folder_of(place).look())

    assert file.kind is Kind.OTHER
    assert "experiment" in file.problems[0].message


def make_fifo(path):
    os.mkfifo(path)


def make_loop(path):
    path.symlink_to(path.name)


def make_huge(path):
    path.touch()
    os.truncate(path, 100 << 20)


def make_closed(path):
    path.write_text("experiment: {name: a}\n")
    path.chmod(0)


HOSTILE = {
    "is a FIFO": make_fifo,
    "is a device": lambda path: path.symlink_to("/dev/null"),
    "Too many levels": make_loop,
    "104,857,600 bytes": make_huge,
    "not UTF-8": lambda path: path.write_bytes(bytes(range(128, 256)) * 9),
    "control character": lambda path: path.write_bytes(b"experiment: {name: a}\n\x1b]0;x\x07"),
    "No such file": lambda path: path.symlink_to("nowhere"),
    "not valid YAML": lambda path: path.write_text("experiment: {name: a\ntraining: [\n"),
}


@pytest.mark.parametrize("words", HOSTILE)
def test_whatever_lies_there_has_one_row_and_blocks_no_other(place, words):
    HOSTILE[words](place / "configs" / "b.yaml")
    good(place, "a.yaml")
    good(place, "c.yaml")

    view = folder_of(place).look()

    assert [file.kind for file in view.files] == [Kind.VALID, Kind.INVALID, Kind.VALID]
    assert words in view.files[1].problems[0].message


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_says_so(place):
    make_closed(place / "configs" / "a.yaml")

    assert "Permission denied" in only(folder_of(place).look()).problems[0].message


def test_a_mistake_of_ours_with_one_file_is_told_and_hides_no_other(place, monkeypatch):
    good(place, "a.yaml")
    good(place, "b.yaml")

    def failing(path):
        if path.name == "a.yaml":
            raise TypeError("oh")
        return configs_read.read(path)

    monkeypatch.setattr(configs, "read", failing)
    view = folder_of(place).look()

    assert [file.kind for file in view.files] == [Kind.INVALID, Kind.VALID]
    assert "TypeError: oh" in view.files[0].problems[0].message


def test_a_file_is_read_again_only_when_it_has_changed(place, monkeypatch):
    old = good(place, "old.yaml", "old")
    os.utime(old, (1, 1))
    new = good(place, "new.yaml", "new")
    asked = []
    monkeypatch.setattr(configs, "read", lambda path: asked.append(path.name) or configs_read.read(path))
    folder = folder_of(place)

    folder.look()
    first, asked[:] = list(asked), []
    folder.look()
    second, asked[:] = list(asked), []
    os.utime(new, (1, 1))
    folder.look()

    assert first == ["new.yaml", "old.yaml"]
    assert second == ["new.yaml"]  # written within two seconds: an equal stamp proves nothing yet
    assert asked == ["new.yaml"]


def test_a_change_within_the_same_tick_of_the_clock_is_seen(place):
    path = good(place, "a.yaml", "aaaa")
    folder = folder_of(place)
    folder.look()
    before = path.stat()
    with path.open("r+") as file:
        file.write(GOOD % "bbbb")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    assert only(folder.look()).experiment == "bbbb"


def test_a_file_that_is_gone_by_the_time_it_is_read_has_no_row(place):
    good(place, "a.yaml")
    good(place, "b.yaml")
    folder = folder_of(place)
    views = folder.views()
    assert [file.kind for file in next(views).files] == [Kind.UNREAD, Kind.UNREAD]

    (place / "configs" / "b.yaml").unlink()

    assert [file.name for file in list(views)[-1].files] == ["a.yaml"]


def test_reading_ends_early_when_nobody_wants_it_any_more(place):
    good(place, "a.yaml")
    good(place, "b.yaml")

    view = list(folder_of(place).views(lambda: True))[-1]

    assert [file.kind for file in view.files] == [Kind.UNREAD, Kind.UNREAD]


def test_two_thousand_files_are_told_before_they_are_read(place, monkeypatch):
    monkeypatch.setattr(configs, "PROGRESS_S", 0.0)
    monkeypatch.setattr(configs, "read", lambda path: configs_read.Reading(Kind.VALID, path.stem))
    for number in range(2_000):
        path = place / "configs" / f"{number % 20}" / f"{number}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.touch()

    views = folder_of(place).views()
    first = next(views)
    second = next(views)
    monkeypatch.setattr(configs, "PROGRESS_S", 600.0)
    *_, last = views

    assert len(first.files) == 2_000
    assert second.counts == {Kind.UNREAD: 1_999, Kind.VALID: 1}
    assert last.counts == {Kind.VALID: 2_000}


def test_a_folder_that_is_not_there_is_said_and_found_once_it_is(place):
    folder = folder_of(place)
    shutil.rmtree(place / "configs")
    assert (folder.look().exists, folder.look().files) == (False, ())

    good(place, "a.yaml")

    assert folder.look().exists
    assert only(folder.look()).name == "a.yaml"


# Which run each has


def submitted(context, path):
    with context.store() as connection:
        (source,) = sources_of_file(context, path)
        return submit(context, connection, source, SubmitOptions())


def test_each_file_has_its_own_newest_run_though_a_copy_has_the_same_name(place):
    path = good(place, "a.yaml")
    good(place, "deep/copy.yaml")
    folder = folder_of(place)
    submitted(folder.context, path)
    newest = submitted(folder.context, path)

    view = folder.look()

    copy, file = view.files
    assert (file.run.id, file.run.state, file.run.short_id) == (newest, RunState.QUEUED, newest[-4:])
    assert copy.run is None


def test_a_run_whose_file_nobody_noted_counts_for_the_only_file_of_its_name(place, monkeypatch):
    monkeypatch.chdir(place)
    good(place, "a.yaml", "mnist")
    folder = folder_of(place)
    source = source_of_command(folder.context, ("true",), name="mnist", gpus=None)
    with folder.context.store() as connection:
        run_id = submit(folder.context, connection, source, SubmitOptions())
    assert only(folder.look()).run.id == run_id

    good(place, "b.yaml", "mnist")

    assert [file.run for file in folder.look().files] == [None, None]


def test_runs_are_asked_again_without_reading_a_file(place, monkeypatch):
    path = good(place, "a.yaml")
    folder = folder_of(place)
    folder.look()
    assert folder.runs_again() is None
    run_id = submitted(folder.context, path)

    view = until(folder.runs_again)

    assert only(view).run.state is RunState.QUEUED
    assert folder.runs_again() is None
    with folder.context.store() as connection:
        cancel(folder.context.paths, connection, runs.get(connection, run_id), by="me@here")
    assert only(until(folder.runs_again)).run.state is RunState.CANCELLED


def test_runs_go_with_the_database_and_come_back_with_it(place):
    path = good(place, "a.yaml")
    folder = folder_of(place)
    run_id = submitted(folder.context, path)
    assert only(folder.look()).run.id == run_id
    database = folder.context.paths.database

    database.rename(database.with_suffix(".away"))
    assert only(until(folder.runs_again)).run is None
    database.with_suffix(".away").rename(database)

    assert only(until(folder.runs_again)).run.id == run_id


def test_a_run_that_nobody_sees_through_any_more_is_shown_as_it_stands(place):
    path = good(place, "a.yaml")
    folder = folder_of(place)
    run_id = submitted(folder.context, path)
    folder.look()
    with folder.context.store() as connection:
        runs.claim(connection, runs.get(connection, run_id), at=1.0)
    shutil.rmtree(folder.context.paths.run(run_id).folder)

    assert only(until(folder.runs_again)).run.state is RunState.LOST


def test_a_store_that_can_not_be_used_takes_no_row_away(place):
    good(place, "a.yaml")
    folder = folder_of(place)
    folder.context.paths.state.mkdir(parents=True)
    folder.context.paths.database.write_bytes(b"no database at all" * 100)

    assert only(folder.look()).kind is Kind.VALID
    assert folder.runs_again() is None


def test_looking_makes_no_database(place):
    good(place, "a.yaml")

    folder_of(place).look()

    assert not (place / "experiments").exists()


# Which folder


def test_the_folder_is_the_one_given_else_that_of_the_settings_else_the_project(place):
    assert configs_folder(open_context(start=place), "elsewhere").name == "elsewhere"
    assert configs_folder(open_context(start=place)) == place / "configs"

    shutil.rmtree(place / "configs")
    assert configs_folder(open_context(start=place)) == place

    (place / "orp.yaml").write_text("configs_dir: yaml\n")
    assert configs_folder(open_context(start=place)) == place / "yaml"


def test_what_has_not_changed_is_the_same_view(place):
    old = time.time() - 100
    for name in ("a.yaml", "b.yaml"):
        os.utime(good(place, name), (old, old))
    folder = folder_of(place)
    first = folder.look()

    assert folder.look() is first
    os.utime(place / "configs" / "a.yaml", (old + 1, old + 1))
    second = folder.look()
    assert second == first
    assert second is not first


def test_unchanged_files_are_not_read_again_however_many(place, monkeypatch):
    old = time.time() - 100
    for number in range(200):
        os.utime(good(place, f"{number}.yaml"), (old, old))
    folder = folder_of(place)
    folder.look()
    monkeypatch.setattr(configs, "read", lambda path: pytest.fail(f"{path} was read"))

    assert len(folder.look().files) == 200
