from __future__ import annotations

import dataclasses
import json
import shlex

import pytest

from orp_tui.config.loader import load_experiment_bytes, load_experiment_file
from orp_tui.config.plan import RunPlan, experiment_hash, plan_runs
from orp_tui.core.checklist import Check, Deliverable
from orp_tui.core.errors import ConfigError


def test_the_quick_start_file_is_one_run_with_its_config_as_arguments(quick_start):
    [plan] = plan_runs(load_experiment_file(quick_start))

    assert plan.argv == ["python", "train.py", "--learning_rate", "0.001", "--epochs", "10"]
    assert plan.stop == {"signal": "SIGTERM", "to": "root", "grace_s": 120.0}
    assert plan.deliverables[0] == Deliverable(
        0, "model_checkpoint", "output/model", True, (Check("exists"), Check("fresh"))
    )
    assert (plan.seed, plan.not_yet, plan.workspace) == (None, (), "isolated")


def test_a_plan_is_plain_json(load):
    [plan] = plan_runs(load("  inputs: [data]\n  timeout: 1h\nmetadata: {tags: [a]}\n"))
    data = plan.to_json()
    assert json.loads(json.dumps(data)) == data
    assert data["metadata"] == {"tags": ["a"]}
    assert data["timeout_s"] == 3600


def test_a_seed_is_passed_the_way_the_config_is(load):
    [plan] = plan_runs(load("  config: {lr: 1}\n  seeds: [7]\n  seed_key: trainer.seed\n"))
    assert plan.argv[2:] == ["--lr", "1", "--trainer.seed", "7"]
    assert plan.config == {"lr": 1, "trainer": {"seed": 7}}
    assert (plan.seed, plan.not_yet) == (7, ())


def test_a_seed_from_the_flag_takes_the_place_of_those_of_the_file(load):
    loaded = load("  config: {seed: 1, lr: 2}\n")
    [plan] = plan_runs(loaded, seed=9)
    assert plan.argv[2:] == ["--lr", "2", "--seed", "9"]
    [plan] = plan_runs(load("  seeds: [1, 2]\n"), seed=9)
    assert (plan.seed, plan.not_yet) == (9, ())
    assert [plan.seed for plan in plan_runs(loaded, seed=(3, 4))] == [3, 4]
    assert [plan.seed for plan in plan_runs(loaded, seed=())] == [None]


def test_variants_and_seeds_are_runs_of_their_own(load):
    loaded = load(
        "  config: {o: {n: x}}\n  seeds: [0, 1]\nsweep: {method: grid, parameters: {lr: [1e-4, 1e-3], o.n: [a]}}\n"
    )
    plans = plan_runs(loaded)
    assert [(plan.config["lr"], plan.config["o"], plan.seed) for plan in plans] == [
        (0.0001, {"n": "a"}, 0), (0.0001, {"n": "a"}, 1), (0.001, {"n": "a"}, 0), (0.001, {"n": "a"}, 1),
    ]  # fmt: skip
    assert plans[2].variant == {"lr": 0.001, "o.n": "a"}
    assert plans[0].not_yet == ("sweep",)


def test_a_shell_gets_the_config_as_quoted_words_behind_its_string(load):
    text = "experiment: {name: x}\ntraining: {shell: true, script: 'a && python t.py', config: {t: it's x}}\n"
    [plan] = plan_runs(load(text, head=False))
    assert plan.command == "a && python t.py --t 'it'\"'\"'s x'"
    assert (plan.argv, plan.shell) == ([], True)


def test_placeholders_in_a_shell_command_can_be_filled_in_quoted(load):
    text = "experiment: {name: x}\ntraining: {shell: true, script: a, pass_config: hydra, config: {t: ''}}\n"
    [plan] = plan_runs(load(text, head=False))
    filled = plan.command.replace("{output_dir}", shlex.quote("/a b/it's"))
    assert shlex.split(filled) == ["a", "t=''", "hydra.run.dir='/a b/it's'"]


def test_variables_of_the_file_stand_beside_those_of_the_config(load):
    [plan] = plan_runs(load("  pass_config: env\n  config: {lr: 1}\n  env: {A: x, T: {from_env: T}}\n"))
    assert plan.env == {"ORP_CONFIG_LR": "1", "A": "x", "T": {"from_env": "T"}}


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("  resources: {executor: lab}\n", "training.resources.executor: lab"),
        (
            "deliverables: [{type: wandb_run, path: wandb, validation: synced}]\n",
            "deliverables[0].validation: synced",
        ),
        ("sweep: {method: grid, parameters: {a: [1]}}\n", "sweep"),
        ("sweep: {method: random, samples: 3, parameters: {a: {min: 0, max: 1}}}\n", "sweep"),
        ("stages: [{name: a, script: [x]}]\n", "stages"),
        ("artifacts: {upload: 'nas:x'}\n", "artifacts.upload"),
        ("integrations: {mlflow: {tracking_uri: x}}\n", "integrations"),
        ("notify: [{to: x}]\n", "notify"),
    ],
)
def test_what_is_not_built_yet_is_valid_and_named(text, key, load):
    assert plan_runs(load(text))[0].not_yet == (key,)


@pytest.mark.parametrize(
    "text",
    [
        "  seeds: [1]\n", "  resources: {gpus: 0}\n", "  checkpoints: {path: c}\n  resume: [--from, '{last_checkpoint}']\n",
        "  resources: {gpus: 2, gpu_memory: 1GB, cpus: 1, memory: 1GB}\n", "  locks: a\n", "  retries: {max: 1}\n",
        "  checkpoints: {path: c, keep: 2}\n", "queue: {group: big, after: last:x, start: '22:00', unless_exists: true}\n",
        "analysis: {run: performance}\n", "metadata: {priority: high}\n", "queue: {priority: 3}\n",
        "metrics: {primary: {name: a}, patterns: '(?P<a>x)'}\n",
    ],
)  # fmt: skip
def test_what_can_be_done_or_only_noted_is_accepted(text, load):
    assert plan_runs(load(text))[0].not_yet == ()


def test_priority_may_stand_in_the_metadata(load):
    assert plan_runs(load("metadata: {priority: high}\n"))[0].queue["priority"] == 10
    assert plan_runs(load("metadata: {priority: high}\nqueue: {priority: -2}\n"))[0].queue["priority"] == -2
    assert plan_runs(load("metadata: {priority: whenever}\n"))[0].queue["priority"] == 0


def test_the_whole_resolved_file_is_in_the_plan_and_loads_again(load):
    from orp_tui.config.yaml_text import as_yaml

    loaded = load(
        "  config: {lr: 1e-5}\n  timeout: 1h\n  resources: {memory: 2GB}\n  checkpoints: {path: c}\n"
        "deliverables: [{type: a, path: x, min_size: 1KB}]\nqueue: {after: last:x}\nmetadata: {who: me}\n"
    )
    [plan] = plan_runs(loaded)
    again = load_experiment_bytes(as_yaml(plan.experiment).encode(), loaded.path)
    assert again.spec.to_json() == loaded.spec.to_json()


def test_the_hash_is_of_what_decides_the_outcome():
    plan = RunPlan("a", ["python", "t.py"], config={"lr": 1e-3, "x": {"b": 1, "a": 2}})
    same = dataclasses.replace(plan, name="b", timeout_s=3.0, metadata={"tags": ["x"]}, config={"x": {"a": 2, "b": 1}, "lr": 0.001})  # fmt: skip
    assert experiment_hash(plan) == experiment_hash(same)
    for change in ({"seed": 1}, {"argv": ["x"]}, {"config": {}}, {"env": {"A": "1"}}, {"deliverables": [Deliverable(0, "a", "b", True, ())]}):  # fmt: skip
        assert experiment_hash(dataclasses.replace(plan, **change)) != experiment_hash(plan)


def test_a_value_is_set_from_the_command_line_as_yaml_reads_it(load):
    loaded = load("  config: {lr: 0.1, opt: {name: adam}, xs: [1, 2], t: a}\n  timeout: 3h\n")
    overrides = [
        "lr=1e-5",
        "opt.name=sgd",
        "xs=[3, 4]",
        "t='1'",
        "training.timeout=2h",
        "queue.priority=high",
        "+new.k=no",
    ]
    [plan] = plan_runs(loaded, overrides=overrides, name="other")
    assert plan.config == {"lr": 1e-5, "opt": {"name": "sgd"}, "xs": [3, 4], "t": "1", "new": {"k": "no"}}
    assert (plan.timeout_s, plan.queue["priority"], plan.name) == (7200, 10, "other")
    assert plan.experiment["experiment"]["name"] == "other"
    assert plan_runs(loaded)[0].config["lr"] == 0.1


def test_items_of_lists_are_set_by_their_place(load):
    loaded = load("  config: {xs: [1, 2]}\ndeliverables: [{type: a, path: x}]\n")
    [plan] = plan_runs(loaded, overrides=["xs.1=5", "deliverables.0.path=y"])
    assert plan.config == {"xs": [1, 5]}
    assert plan.deliverables[0].path == "y"


@pytest.mark.parametrize(
    ("override", "sign"),
    [
        (
            "lrr=1",
            'training.config.lrr: is not in training.config; did you mean "lr"? Write --set +lrr=… to add it',
        ),
        ("training.timout=1", 'training.timout: is not a known key; did you mean "timeout"?'),
        ("training.timeout=soon", "training.timeout: 'soon' is no duration"),
        ("lr", "must be key=value"),
        ("=3", "must be key=value"),
        ("lr.x=1", "stands beneath a value that is no mapping"),
        ("lr=[1", "training.config.lr: [1: not valid YAML"),
        ("lr=" + "9" * 200, "200 digits"),
        ("lr=false", "is false, which a command line says in three ways"),
        ("+api_key=abc", "looks like a secret; set it in the environment instead"),
        ("deliverables.5.path=x", "there is no item 5"),
    ],
)
def test_a_wrong_override_is_refused_by_a_line_of_its_own(override, sign, load, tmp_path):
    loaded = load("  config: {lr: 0.1}\n")
    with pytest.raises(ConfigError) as raised:
        plan_runs(loaded, overrides=[override])
    [line] = str(raised.value).splitlines()
    assert sign in line
    assert line.startswith(f"{tmp_path}/e.yaml with --set: ")
