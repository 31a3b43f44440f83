from __future__ import annotations

import hashlib
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from orp_tui.config.loader import load_experiment_file
from orp_tui.config.plan import plan_runs
from orp_tui.core.checklist import Check
from orp_tui.core.errors import ConfigError

WHOLE = Path(__file__).with_name("whole.yaml")


def test_the_quick_start_file_loads_unchanged(quick_start):
    loaded = load_experiment_file(quick_start)

    assert loaded.spec.experiment.name == "my-first-experiment"
    assert loaded.spec.training.words == ("python", "train.py")
    assert loaded.spec.training.config == {"learning_rate": 0.001, "epochs": 10}
    assert loaded.spec.deliverables[1].checks == (
        Check("contains_keys", {"required_keys": ["accuracy", "loss"]}),
        Check("fresh"),
    )
    assert loaded.data == quick_start.read_bytes()
    assert loaded.sha256 == hashlib.sha256(loaded.data).hexdigest()
    assert loaded.warnings == ()


def test_every_key_of_the_design_is_accepted():
    loaded = load_experiment_file(WHOLE)

    assert loaded.spec.training.timeout == 12 * 3600
    assert loaded.spec.training.resources.gpu_memory == 20 * 10**9
    assert loaded.spec.queue.priority == 0
    assert loaded.spec.queue.after[0].run == "last:prepare"
    assert loaded.spec.metadata.model_extra["anything"] == {"goes": "here"}


def test_all_problems_come_at_once_in_the_order_of_the_file(refused):
    lines = refused(
        "experiment:\n  nam: x\n"
        "training:\n  scrip: [a]\n  seeds: [1, true]\n  timeout: 12 parsecs\n  shell: yes\n"
        "  stop: {signal: KILL, grase: 1}\n"
        "deliverables:\n  - {type: a, path: ../x}\n  - {type: a, path: b, validation: exsts}\n"
        "metric: {}\n",
        head=False,
    )
    assert [line.partition(": ")[2].partition(": ")[0] for line in lines] == [
        "experiment.name", "experiment.nam", "training.scrip", "training.seeds[1]", "training.timeout", "training.shell",
        "training.stop.signal", "training.stop.grase", "deliverables[0].path", "deliverables[1].validation", "metric",
    ]  # fmt: skip
    assert lines[1].startswith(
        'e.yaml:2: experiment.nam: is not a known key; did you mean "name"? Known keys: name, '
    )


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("  timout: 3\n", 'e.yaml:4: training.timout: is not a known key; did you mean "timeout"?'),
        ("  shell: yes\n", "e.yaml:4: training.shell: must be true or false, not the text \"yes\"; YAML 1.2 knows only"),
        ("  workspace: isolate\n", 'e.yaml:4: training.workspace: "isolate" is not allowed; did you mean "isolated"?'),
        ("  resources: {gpus: -1}\n", "e.yaml:4: training.resources.gpus: must be at least 0, not -1"),
        ("  resources: {gpus: '1'}\n", 'e.yaml:4: training.resources.gpus: must be a whole number, not the text "1"; take'),
        ("  resources: {memory: 16G}\n", "e.yaml:4: training.resources.memory: '16G' is unclear; write 16GB (1000) or"),
        ("  resources: 3\n", "e.yaml:4: training.resources: must be a mapping (key: value), not the number 3"),
        ("  env: {ORP_RUN_ID: x}\n", "e.yaml:4: training.env: ORP_RUN_ID: names that begin with ORP_ are set by ORP"),
        ("  env: {A: [1]}\n", "e.yaml:4: training.env.A: must be text, not a list; put it in quotes"),
        ("  seeds: [1, 1]\n", "e.yaml:4: training.seeds: holds a seed twice"),
        ("  seeds: [1]\n  config: {seed: 3}\n", "e.yaml:4: training.seeds: also given by config.seed"),
        ("  retries: {on: oom}\n", "e.yaml:4: training.retries: `oom` needs `with`"),
        ("  retries: {on: oomm}\n", 'e.yaml:4: training.retries.on: oomm is no reason; did you mean "oom"?'),
        ("  environment: {conda: a, venv: b}\n", "e.yaml:4: training.environment: has both conda and venv; keep one"),
        ("  resume: [--from, '{last_checkpoint}']\n", "e.yaml:4: training.resume: uses {last_checkpoint}; add checkpoints"),
        ("  inputs: [/data]\n", "e.yaml:4: training.inputs[0]: /data is absolute"),
        ("  locks: [1]\n", "e.yaml:4: training.locks[0]: must be text, not the number 1; put it in quotes"),
        ("metrics: {patterns: ['(?P<x>']}\n", "e.yaml:4: metrics.patterns[0]: is no regular expression"),
        ("metrics: {alerts: [{when: loss is bad, do: stop}]}\n", "e.yaml:4: metrics.alerts[0].when: loss is bad is no cond"),
        ("metrics: {alerts: [{when: loss < 70%, do: stop}]}\n", "e.yaml:4: metrics.alerts[0].when: 70% is a share, which"),
        ("metrics: {alerts: [{when: 7, do: stop}]}\n", "e.yaml:4: metrics.alerts[0].when: must be text, not the number 7"),
        ("metrics: {alerts: [{when: nan(x), do: halt}]}\n", 'e.yaml:4: metrics.alerts[0].do: "halt" is not allowed; allowed: '),
        ("metrics: {alerts: [{when: nan(x), do: []}]}\n", "e.yaml:4: metrics.alerts[0].do: is empty; write at least one"),
        ("metrics: {alerts: [{when: nan(x)}]}\n", "e.yaml:4: metrics.alerts[0].do: is missing; it is needed here"),
        ("metrics: {alerts: [{when: nan(x), do: checkpoint}]}\n", "e.yaml:4: metrics.alerts[0].do: checkpoint sends the script a"),
        ("  checkpoints: {path: c, signal: SIGKILL}\n", "e.yaml:4: training.checkpoints.signal: SIGKILL is not allowed; write"),
        ("metrics: {sources: [{type: tfevent, path: x}]}\n", 'e.yaml:4: metrics.sources[0].type: "tfevent" is not a known'),
        ("queue: {priority: urgent}\n", "e.yaml:4: queue.priority: urgent is no priority"),
        ("queue: {start: 25:00}\n", "e.yaml:4: queue.start: 25:00 is no time"),
        ("queue: {after: [somebody]}\n", "e.yaml:4: queue.after[0].run: somebody names no run"),
        ("notify: {to: x}\n", "e.yaml:4: notify: must be a list, each item behind a `-`, not a mapping"),
        ("notify: [{to: x, on: [suceeded]}]\n", 'e.yaml:4: notify[0].on[0]: "suceeded" is not allowed; did you mean "succ'),
        ("integrations: {wanbd: {}}\n", 'e.yaml:4: integrations.wanbd: is not a known integration; did you mean "wandb"?'),
        ("deliverables: [{path: x}]\n", "e.yaml:4: deliverables[0].type: is missing; it is needed here"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_line_key_and_what_to_do(text, line, refused):
    [said] = refused(text)
    assert said.startswith(line), said


@pytest.mark.parametrize(
    "script",
    [
        "[python, t.py, --from, '{last_checkpoint}']",
        "'python t.py --from={last_checkpoint}'",
        "'python t.py --from={last_checkpoint}'\n  shell: true",
    ],
)
@pytest.mark.parametrize("section", ["training:\n  script: ", "stages:\n- name: a\n  script: "])
def test_a_checkpoint_in_the_first_command_is_to_be_written_in_resume(refused, section, script):
    more = "\n  checkpoints: {path: c}\n  resume: [--from, '{last_checkpoint}']\n"

    [said] = refused(f"experiment: {{name: e}}\n{section}{script}{more}", head=False)

    assert "script: uses {last_checkpoint}, which a first run has not; write it in training.resume" in said


def test_a_missing_package_is_said_when_the_file_is_read(refused):
    if importlib.util.find_spec("obstore"):
        pytest.skip("obstore is installed here")
    [said] = refused("artifacts: {upload: s3://bucket/x}\n")
    assert said.endswith("pip install 'open-research-pipeline[cloud]'")


def test_a_false_without_booleans_shows_the_three_choices(refused):
    [said] = refused("  config:\n    a: 1\n    opt:\n      nesterov: false\n")
    assert said == (
        "e.yaml:7: training.config.opt.nesterov: is false, which a command line says in three ways; set training.booleans to "
        "flag (leaves --opt.nesterov out), value (--opt.nesterov false) or no_prefix (--no-opt.nesterov)"
    )


@pytest.mark.parametrize("how", ["hydra", "file", "env", "none"])
def test_a_false_needs_no_choice_where_no_option_says_it(how, load):
    assert load(f"  pass_config: {how}\n  config: {{a: false}}\n").spec.training.config == {"a": False}


def test_a_file_without_script_or_sections_says_what_to_add(refused):
    assert refused("experiment: {name: x}\n", head=False) == [
        "e.yaml:1: training.script: is missing; write the command, such as [python, train.py]"
    ]
    assert "is missing; write the command" in refused("experiment: {name: x}\ntraining: {}\n", head=False)[0]
    assert "is empty" in refused("# nothing\n", head=False)[0]
    assert "holds a list" in refused("- 1\n", head=False)[0]


def test_words_of_a_command_and_variables_keep_what_was_written(load):
    loaded = load(
        "experiment: {name: x}\ntraining:\n  script: [python, t.py, --lr, 1e-4, --n, 010, --x, true]\n  env: {A: 1.10, B: yes}\n",
        head=False,
    )
    assert loaded.spec.training.words[2:] == ("--lr", "1e-4", "--n", "010", "--x", "true")
    assert loaded.spec.training.env == {"A": "1.10", "B": "yes"}


def test_a_string_is_split_as_a_posix_shell_splits_and_expands_nothing(load):
    loaded = load(
        "experiment: {name: x}\ntraining: {script: \"python 'my train.py' --a $HOME *\"}\n", head=False
    )
    assert loaded.spec.training.words == ("python", "my train.py", "--a", "$HOME", "*")


def test_a_shell_takes_a_string_as_it_is(load, refused):
    loaded = load(
        "experiment: {name: x}\ntraining: {shell: true, script: \"echo 'it''s' && (date)\"}\n", head=False
    )
    assert loaded.spec.training.shell_text == "echo 'it''s' && (date)"
    assert "must be a string with `shell: true`" in refused("  shell: true\n")[0]


def test_an_unclosed_quote_is_an_error_only_without_a_shell(refused):
    [said] = refused('experiment: {name: x}\ntraining: {script: "python \'a"}\n', head=False)
    assert "cannot be split into words" in said


@pytest.mark.parametrize("name", ["a/b", "..", "two\\nlines", "😀", "‮abc", "x" * 300, "", "  ", "-rf", "CON"])
def test_any_text_is_a_name(name, load):
    loaded = load(f'experiment: {{name: "{name}"}}\ntraining: {{script: [a]}}\n', head=False)
    assert loaded.spec.experiment.name == name.replace("\\n", "\n")


def test_a_key_with_nothing_behind_it_counts_as_not_given(load, refused):
    assert load("  timeout:\n  env:\nmetrics:\ndeliverables:\n").spec.training.timeout is None
    assert "timout" in refused("  timout:\n")[0]


def test_stages_need_names_commands_and_an_order(refused, load):
    good = (
        "experiment: {name: x}\nstages:\n  - {name: a, script: [x]}\n  - {name: b, needs: a, script: [y]}\n"
    )
    assert [stage.name for stage in load(good, head=False).spec.stages] == ["a", "b"]
    lines = refused(
        "experiment: {name: x}\nstages:\n  - {name: a, script: [x], needs: [b]}\n  - {name: b, needs: [a, prepar]}\n"
        "  - {name: prepare, script: [x]}\n  - {name: prepare, script: [x]}\n",
        head=False,
    )
    assert lines == [
        "e.yaml:3: stages[0].needs: the stages a, b wait for each other; take one need out",
        "e.yaml:4: stages[1].script: is missing; write the command, such as [python, train.py]",
        'e.yaml:4: stages[1].needs[1]: "prepar" is no stage; did you mean "prepare"? Stages: a, b, prepare, prepare',
        'e.yaml:6: stages[3].name: "prepare" is the name of an earlier stage; each needs its own',
    ]


def test_two_variants_that_are_the_same_are_an_error(refused):
    [said] = refused("  config: {lr: 1, n: 2}\nsweep: {method: list, parameters: [{lr: 1}, {n: 2}]}\n")
    assert said.startswith("e.yaml:5: sweep.parameters[1]: variants 1 and 2 are the same (n=2)")


def test_what_is_probably_not_meant_is_a_warning(load):
    loaded = load(
        "experiment: {name: x}\ntraining: {script: [a, '{outputdir}'], pass_config: file}\n", head=False
    )
    assert [warning.key for warning in loaded.warnings] == ["training.pass_config", "training.script[1]"]
    assert loaded.warnings[1].line == 2


def test_bytes_are_those_that_were_checked_even_if_the_file_changes(tmp_path, load):
    loaded = load("")
    (tmp_path / "e.yaml").write_text("changed")
    assert loaded.data.startswith(b"experiment:")
    assert plan_runs(loaded)[0].argv == ["python", "train.py"]


def test_importing_the_loader_loads_no_integration_and_no_analysis():
    code = (
        "import sys, orp_tui.config.loader; "
        "print([m for m in ('numpy', 'jsonschema', 'importlib.metadata', 'yaml', 'orp_tui.config.spec_rest') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() in ("[]", "['importlib.metadata']"), "pydantic itself looks for plug-ins"


def test_a_config_error_is_a_usage_error_with_exit_code_2(tmp_path):
    with pytest.raises(ConfigError) as raised:
        load_experiment_file(tmp_path / "missing.yaml")
    assert raised.value.exit_code == 2
    assert str(raised.value) == f"{tmp_path}/missing.yaml: cannot be read: No such file or directory"


def test_a_checkpoint_by_the_signal_that_ends_the_script_is_refused(refused):
    [said] = refused(
        "  checkpoints: {path: c, signal: usr1}\n  stop: {signal: SIGUSR1}\n"
        "metrics: {alerts: [{when: nan(x), do: [stop, checkpoint]}]}\n"
    )

    assert said.startswith(
        "e.yaml:6: metrics.alerts[0].do: checkpoint would send SIGUSR1, by which training.stop ends"
    )


def test_an_alert_may_ask_for_a_checkpoint_where_the_signal_is_named(load):
    loaded = load(
        "  checkpoints: {path: c, signal: usr1}\nmetrics: {alerts: [{when: nan(x), do: [notify, checkpoint]}]}\n"
    )

    assert loaded.spec.training.checkpoints.signal == "SIGUSR1"
    assert loaded.spec.metrics.alerts[0].do == ("notify", "checkpoint")
