"""The user's own keys: what is meant is taken, what is not is told in a line, nothing is fatal."""

from __future__ import annotations

import os

import pytest
from textual.app import App, ComposeResult
from textual.widgets import Static

from orp_tui.tui.bindings import KEYS, bindings
from orp_tui.tui.keymap import apply_keymap, key_name, keymap_file, read_keymap


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "keys.yaml"

    def write(text):
        path.write_text(text)
        return path

    return write


def test_without_a_file_nothing_changes(tmp_path):
    found = read_keymap(tmp_path / "keys.yaml")
    assert (found.keys, found.complaints) == ({}, ())


def test_keys_are_taken_in_every_way_a_person_writes_them(file):
    found = read_keymap(
        file(
            "queue.cancel: delete\nlog.follow: [F5, Ctrl-F]\nqueue.hold: 'h, H'\nqueue.pause: 5\n"
            "log.search: '?'\napp.theme: alt+t\nqueue.top: ^t\n"
        )
    )
    assert found.keys == {
        "queue.cancel": "delete",
        "log.follow": "f5,ctrl+f",
        "queue.hold": "h,H",
        "queue.pause": "5",
        "log.search": "question_mark",
        "app.theme": "alt+t",
        "queue.top": "ctrl+t",
    }


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("que.cancel: x\n", 'keys.yaml:1: que.cancel: is not the id of a key; did you mean "queue.cancel"?'),
        ("queue.cansel: x\n", 'did you mean "queue.cancel"?'),
        ("queue.cancel: foo\n", 'keys.yaml:1: queue.cancel: "foo" is not the name of a key'),
        ("queue.cancel:\n", "queue.cancel: takes one to 5 keys"),
        ("queue.cancel: [a, b, c, d, e, f]\n", "takes one to 5 keys"),
        ("queue.cancel: {a: b}\n", "takes one to 5 keys"),
        ("queue.cancel: true\n", "takes one to 5 keys"),
        ("- x\n", "keys.yaml:1: must hold lines such as"),
        ("queue.cancel: [x\n", "not valid YAML"),
        ("queue.cancel: \x01\n", "control character"),
        ("queue.hold: F9\nqueue.drop: F9\n", 'keys.yaml:2: queue.drop: "f9" is queue.hold\'s already'),
        ("list.down: F9\nqueue.drop: F9\n", "is list.down's already"),
    ],
)
def test_a_line_that_makes_no_sense_is_told_in_one_line(file, text, complaint):
    found = read_keymap(file(text))
    assert len(found.complaints) == 1
    assert complaint in found.complaints[0]
    assert "\n" not in found.complaints[0]
    assert found.complaints[0].isprintable()


def test_the_lines_that_make_sense_count_beside_those_that_do_not(file):
    found = read_keymap(file("nonsense.id: x\nqueue.cancel: delete\nqueue.hold: nokey\n"))
    assert found.keys == {"queue.cancel": "delete"}
    assert len(found.complaints) == 2


def test_what_a_key_takes_from_another_act_is_told(file):
    assert read_keymap(file("queue.hold: x\n")).complaints == (
        'keys.yaml: "x" is queue.hold now; queue.cancel (Cancel) has no key; `:` does it',
    )
    (told,) = read_keymap(file("queue.hold: j\n")).complaints
    assert told == 'keys.yaml: "j" is queue.hold now; list.down (Down) is done by down'


def test_two_acts_that_change_their_keys_take_nothing_from_each_other(file):
    assert read_keymap(file("queue.up: J\nqueue.down: K\n")).complaints == ()


def test_a_key_of_everywhere_in_a_place_is_told_with_where_it_does_what(file):
    (told,) = read_keymap(file("queue.hold: q\n")).complaints
    assert told == 'keys.yaml: "q" is queue.hold in Queue, app.leave elsewhere'
    assert (
        'keys.yaml: "x" is queue.cancel in Queue, app.leave elsewhere'
        in read_keymap(file("app.leave: x\n")).complaints
    )


def test_the_same_key_in_two_places_is_nobodys_trouble(file):
    assert read_keymap(file("queue.hold: F9\nlog.follow: F9\n")).complaints == ()


@pytest.mark.parametrize(
    "make", [os.mkfifo, os.mkdir, lambda path: os.symlink(path, path)], ids=["fifo", "folder", "loop"]
)
def test_what_is_no_file_is_told_and_not_read(tmp_path, make):
    make(tmp_path / "keys.yaml")
    found = read_keymap(tmp_path / "keys.yaml")
    assert found.keys == {}
    assert len(found.complaints) == 1


def test_every_key_of_the_table_has_the_name_it_would_be_written_by():
    for key in KEYS:
        for name in key.keys.split(","):
            assert key_name(name) == name


@pytest.mark.parametrize("written", ["", "ctrl+", "foo", "\x1b", "[/]", "x" * 100, "hyper+x", "ctrl+foo"])
def test_what_is_no_key_has_no_name(written):
    assert key_name(written) is None


class Queue(Static, can_focus=True):
    BINDINGS = bindings("queue")


class Small(App[None]):
    BINDINGS = bindings("app")

    def compose(self) -> ComposeResult:
        yield Queue()

    def on_mount(self) -> None:
        self.done: list[str] = []
        self.query_one(Queue).focus()

    async def run_action(self, action, *args, **kwargs):
        self.done.append(str(action))
        return True


@pytest.mark.anyio
async def test_the_app_does_what_the_user_wants_and_no_longer_what_the_table_says(tmp_path):
    environ = {"HOME": str(tmp_path)}
    keymap_file(environ).parent.mkdir(parents=True)
    keymap_file(environ).write_text("queue.cancel: [delete, F5]\nqueue.up: J\nqueue.down: K\nbad.id: x\n")
    app = Small()
    async with app.run_test() as pilot:
        (complaint,) = apply_keymap(app, environ)
        await pilot.press("delete", "f5", "J", "K", "x")

    assert "bad.id" in complaint
    cancel, up, down = (
        next(k.action for k in KEYS if k.id == f"queue.{n}") for n in ("cancel", "up", "down")
    )
    assert app.done == [cancel, cancel, up, down]
