from __future__ import annotations

from pathlib import Path

import pytest

from orp_tui.config.command import as_yaml, plan_from_command
from orp_tui.config.loader import load_experiment_bytes
from orp_tui.config.plan import experiment_hash, plan_runs
from orp_tui.core.errors import UsageError


@pytest.mark.parametrize(
    "argv",
    [
        ["python", "train.py", "--lr", "3e-4"],
        ["sh", "-c", "echo 'a: b' \"c\" # d\nnext\t\x07"],
        ["./x", "", "-", "no", "1e5", "ü😀\u2028\x85", "{output_dir}", "[a, b]", "!x", "*y", "&z"],
    ],
)
def test_the_file_of_a_command_loads_to_the_same_command(argv):
    plan = plan_from_command(argv, name="any: name")

    loaded = load_experiment_bytes(as_yaml(plan), Path("experiment.yaml"))
    [again] = plan_runs(loaded)

    assert (again.argv, again.name) == (argv, "any: name")
    assert experiment_hash(again) == experiment_hash(plan)


def test_flags_are_in_the_plan_and_in_the_file():
    plan = plan_from_command(["a"], gpus=2, workspace="in_place", timeout_s=60.0, priority=5)
    [again] = plan_runs(load_experiment_bytes(as_yaml(plan), Path("x")))
    assert again.resources["gpus"] == plan.resources["gpus"] == 2
    assert plan.not_yet == again.not_yet == ()
    assert (again.workspace, again.timeout_s, again.queue["priority"]) == ("in_place", 60.0, 5)
    assert plan_from_command(["a"], gpus=0).not_yet == ()


@pytest.mark.parametrize(
    ("argv", "name"),
    [(["python", "src/train.py", "x"], "train"), (["/bin/true"], "true"), (["bash", "go.sh"], "go")],
)
def test_a_run_is_called_after_its_script(argv, name):
    assert plan_from_command(argv).name == name


@pytest.mark.parametrize(
    ("argv", "sign"),
    [
        ([], "no command"),
        ([""], "no command"),
        (["a", "x\0"], "not UTF-8"),
        (["a", "\udcff"], "not UTF-8"),
        (["a", "--api-key", "hunter2"], "looks like a secret"),
        (["a", "hf_" + "A" * 34], "Hugging Face"),
    ],
)
def test_a_command_that_cannot_be_recorded_is_refused(argv, sign):
    with pytest.raises(UsageError, match=sign) as raised:
        plan_from_command(argv)
    assert "hunter2" not in str(raised.value)
