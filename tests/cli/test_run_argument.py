"""RUN on the command line: what it may be, and how a shell completes it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from desk import Desk, Ended


@pytest.mark.parametrize(
    "reference",
    [
        "{id}",
        "{tail}",
        "{short}",
        "good one",
        "last:good one",
        "experiments/runs/{id}",
        "experiments/runs/{id}/",
        "./experiments/runs/../runs/{id}/",
        "{base}/runs/{id}",
        "experiments/artifacts/{id}_artifacts.zip",
    ],
)
def test_a_run_is_found_by(ended: Ended, reference: str) -> None:
    names = {
        "id": ended.good,
        "tail": ended.good[-4:],
        "short": ended.good.removeprefix("exp_"),
        "base": ended.desk.paths.base,
    }

    done = ended.desk.call("info", "--json", reference.format(**names))

    assert done.code == 0, done.err
    assert done.json["id"] == ended.good


def test_last_is_the_newest(ended: Ended) -> None:
    assert ended.desk.call("info", "--json", "last").json["id"] == ended.failed


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("exp_2", "more than one run begins like this: exp_"),
        ("nope", "no such run; `orp runs` lists them"),
        ("last:nope", "no run of an experiment called 'nope'; `orp runs` lists them"),
        ("experiments/runs/exp_20200101_000000_aaaa", "no such run; `orp runs` lists them"),
        ("", "no such run"),
        ("\x1b]52;c;aGk=\x07", "no such run"),
        ("%", "no such run"),
    ],
)
def test_what_is_ambiguous_or_unknown_is_one_line_with_what_to_do(
    ended: Ended, reference: str, said: str
) -> None:
    done = ended.desk.call("info", reference)

    assert done.code == 2
    assert said in done.err
    assert len(done.err.splitlines()) == 1
    assert "\x1b" not in done.err


def test_the_run_of_another_base_directory_is_told_apart(ended: Ended, desk: Desk) -> None:
    folder = str(ended.desk.run(ended.good).folder)

    alien, own = (
        desk.call("info", folder),
        desk.call("info", folder, "--base-dir", str(ended.desk.paths.base)),
    )

    assert alien.code == 2
    assert f"--base-dir {ended.desk.paths.base}" in alien.err
    assert own.code == 0


def test_a_name_that_is_also_the_beginning_of_another_run_is_not_guessed(desk: Desk) -> None:
    (desk.folder / "orp.yaml").write_text("queue: {autostart: false}\n")
    first = desk.call("run", "--detach", desk.write("a.yaml")).out.strip()
    tail = first[-4:]
    second = desk.call("run", "--detach", desk.write("b.yaml", experiment=tail)).out.strip()

    done = desk.call("cancel", tail)

    assert done.code == 2
    assert f"`last:{tail}`" in done.err
    assert first in done.err
    assert desk.call("cancel", f"last:{tail}").out.startswith(second)


def _completed(desk: Desk, line: str) -> list[str]:
    """What a real bash offers for the last word of `line`."""
    script = (
        'source <(orp completion bash 2>/dev/null); eval "words=($LINE_)"; COMP_WORDS=("${words[@]}");'
        ' [[ $LINE_ == *" " ]] && COMP_WORDS+=(""); COMP_CWORD=$((${#COMP_WORDS[@]} - 1));'
        ' _orp_completion orp "${COMP_WORDS[$COMP_CWORD]}" ""; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = desk.shell(script, LINE_=line)
    assert done.err == "", done.err
    return done.out.split("\n")[:-1]


def test_bash_completes_verbs_options_and_runs(ended: Ended) -> None:
    assert "status" in _completed(ended.desk, "orp st")
    assert _completed(ended.desk, "orp queue sta")[:1] == ["start"]
    assert "--detach" in _completed(ended.desk, "orp run --d")
    assert "last" in _completed(ended.desk, "orp info ")
    assert _completed(ended.desk, f"orp info {ended.good}") == [ended.good]
    assert set(_completed(ended.desk, "orp cancel exp_")) == {ended.good, ended.incomplete, ended.failed}
    assert "half" in _completed(ended.desk, "orp logs -f ha")


def test_completing_without_a_store_or_with_a_broken_one_offers_nothing_and_says_nothing(desk: Desk) -> None:
    before = desk.files()

    assert _completed(desk, "orp info ex") in ([], [""])
    assert desk.files() == before
    desk.paths.state.mkdir(parents=True)
    desk.paths.database.write_text("no database")
    assert _completed(desk, "orp info ex") in ([], [""])
    (desk.folder / "orp.yaml").write_text("queue: [\n")
    assert _completed(desk, "orp cancel ex") in ([], [""])


def test_hostile_names_are_not_offered_to_a_shell(desk: Desk) -> None:
    (desk.folder / "orp.yaml").write_text("queue: {autostart: false}\n")
    desk.call("run", "--detach", desk.write("e.yaml", experiment="$(touch pwned)"))
    desk.call("run", "--detach", desk.write("f.yaml", experiment="\x1b]0;t\x07"))

    offered = _completed(desk, "orp info ")

    assert len(offered) == 3
    assert all(word == "last" or word.startswith("exp_") for word in offered)
    assert not (desk.folder / "pwned").exists()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_accepts_its_script(desk: Desk, shell: str) -> None:
    done = desk.finish("completion", shell)

    assert done.code == 0
    assert "_ORP_COMPLETE" in done.out
    assert done.err.strip()
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell} here to ask about the script")
    assert desk.shell(f"{shell} -n <(orp completion {shell} 2>/dev/null)").code == 0


def test_completion_of_a_file_is_left_to_the_shell(ended: Ended) -> None:
    os.makedirs(ended.desk.root / "elsewhere", exist_ok=True)

    done = ended.desk.shell(
        "_ORP_COMPLETE=bash_complete COMP_WORDS='orp artifacts verify ./e' COMP_CWORD=3 orp"
    )

    assert done.out == "file,./e\n"
    assert Path(ended.desk.folder / "experiments").is_dir()
