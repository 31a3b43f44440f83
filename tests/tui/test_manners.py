"""What is found in the environment, and what Textual is told of it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from orp_tui.tui.manners import Manners, has_utf8, manners_of, textual_variables

LOCAL = {"TERM": "xterm-256color", "LANG": "en_GB.UTF-8"}


@pytest.mark.parametrize("name", ["SSH_CONNECTION", "SSH_TTY", "SSH_CLIENT", "MOSH_IP"])
def test_over_ssh_what_moves_by_itself_moves_seldom(name):
    near, far = manners_of(LOCAL), manners_of(LOCAL | {name: "x"})

    assert (near.over_ssh, far.over_ssh) == (False, True)
    assert far.log_ticks_per_s <= 4 < near.log_ticks_per_s
    assert far.strip_period_s > near.strip_period_s
    assert far.elapsed_period_s > near.elapsed_period_s
    assert far.chart_period_s > near.chart_period_s
    assert (near.cursor_blink, far.cursor_blink) == (True, False)
    assert near.output_stage
    assert far.output_stage


def test_a_browser_is_not_far_though_its_server_was_started_over_ssh():
    assert not manners_of(LOCAL | {"SSH_TTY": "x", "TEXTUAL_DRIVER": "a.b:C"}).over_ssh


def test_a_flag_outranks_what_is_found():
    far = LOCAL | {"SSH_TTY": "x", "NO_COLOR": "1"}
    assert manners_of(far, output_stage="off").output_stage is False
    assert manners_of(LOCAL, output_stage="on").output_stage is True
    assert manners_of(far, colours="256").colours == "256"
    assert manners_of(LOCAL, ascii_only=True).ascii
    assert not manners_of(LOCAL, mouse=False).mouse


@pytest.mark.parametrize(
    ("given", "utf8"),
    [
        ({}, True),
        ({"LANG": "en_GB.UTF-8"}, True),
        ({"LANG": "de_DE.utf8@euro"}, True),
        ({"LANG": "C"}, False),
        ({"LANG": "POSIX"}, False),
        ({"LANG": "de_DE.ISO-8859-1"}, False),
        ({"LANG": "en_GB.UTF-8", "LC_ALL": "C"}, False),
        ({"LANG": "C", "LC_CTYPE": "en_GB.UTF-8"}, True),
        ({"LANG": "C", "LC_CTYPE": "C.UTF-8"}, False),  # as Python sets it where LANG is C
        ({"LC_CTYPE": "C.UTF-8"}, True),
        ({"LC_ALL": "", "LANG": "C"}, False),
    ],
)
def test_the_locale_says_whether_there_is_more_than_ascii(given, utf8):
    assert has_utf8(given) is utf8
    assert manners_of({"TERM": "xterm", **given}).ascii is not utf8


def test_a_c_locale_that_python_has_changed_is_still_seen():
    code = "import os; from orp_tui.tui.manners import manners_of; print(manners_of(os.environ).ascii)"
    for given, answer in (
        ({"LANG": "C"}, "True"),
        ({"LC_ALL": "C"}, "True"),
        ({}, "False"),
        ({"LANG": "C.UTF-8"}, "False"),
    ):
        env = {"PATH": os.environ["PATH"], "TERM": "xterm", **given}
        done = subprocess.run([sys.executable, "-P", "-c", code], env=env, capture_output=True, text=True)
        assert done.stdout.strip() == answer, given


def test_the_console_has_16_colours_and_ascii():
    found = manners_of(LOCAL | {"TERM": "linux"})
    assert (found.colours, found.ascii) == ("16", True)


@pytest.mark.parametrize(("value", "colours"), [("1", "none"), ("", "auto")])
def test_no_color_counts_if_it_is_not_empty(value, colours):
    found = manners_of(LOCAL | {"NO_COLOR": value})
    assert found.colours == colours
    assert found.no_colour is (colours == "none")


@pytest.mark.parametrize(
    ("value", "light"), [("0;15", True), ("0;default;7", True), ("15;0", False), ("", False), ("x;;", False)]
)
def test_a_terminal_may_say_that_its_ground_is_light(value, light):
    assert manners_of(LOCAL | {"COLORFGBG": value}).light_ground is light


def test_textual_is_told_to_be_still_and_over_ssh_to_leave_the_keyboard_alone():
    near, far = textual_variables(Manners(), LOCAL), textual_variables(Manners(over_ssh=True), LOCAL)
    assert near == {"TEXTUAL_ANIMATIONS": "none"}
    assert far["TEXTUAL_DISABLE_KITTY_KEY"] == "1"
    assert far["TEXTUAL_SMOOTH_SCROLL"] == "0"
    assert int(far["TEXTUAL_FPS"]) <= 30


def test_what_the_user_told_textual_stays():
    mine = LOCAL | {"TEXTUAL_ANIMATIONS": "full", "TEXTUAL_FPS": "5", "SSH_TTY": "x"}
    found = textual_variables(manners_of(mine), mine)
    assert manners_of(mine).animations
    assert not {"TEXTUAL_ANIMATIONS", "TEXTUAL_FPS"} & set(found)


@pytest.mark.parametrize(("colours", "system"), [("true", "truecolor"), ("256", "256"), ("16", "standard")])
def test_colours_that_are_asked_for_are_named_to_textual(colours, system):
    assert textual_variables(Manners(colours=colours), LOCAL)["TEXTUAL_COLOR_SYSTEM"] == system


def test_no_colours_are_named_so_that_textual_sends_none_at_all():
    found = textual_variables(Manners(colours="none"), LOCAL)
    assert found["NO_COLOR"] == "1"
    assert found["TEXTUAL_THEME"] == "ansi-dark"
