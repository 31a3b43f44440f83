"""What one line of a log says, and at which step: shapes that people and frameworks print."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import yaml

from orp_tui.config.spec_rest import Metrics
from orp_tui.metrics.readers.stdout import StdoutReader
from orp_tui.metrics.stdout.line import Miss, Reading, read_line
from orp_tui.metrics.stdout.mapping import mapping_at_end, numbers_of
from orp_tui.metrics.stdout.text import plain, said
from orp_tui.metrics.stdout.words import Kind, kind_of


def values(line: str) -> dict[str, float]:
    found = read_line(plain(line.encode()))
    return dict(found.values) if isinstance(found, Reading) else {}


def records(folder: Path, text: str, **options: object) -> list[tuple[float, dict[str, float]]]:
    path = folder / "log"
    path.write_text(text)
    reader = StdoutReader(path, **options)
    found = []
    while True:
        news = reader.look(final=True)
        found += [(record.step, dict(record.values)) for record in news.records]
        if not news.more:
            return found


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("iter 100: loss 2.3123, time 12.30ms, mfu 3.20%", {"loss": 2.3123, "time": 12.3, "mfu": 3.2}),
        ("Epoch: [0][ 10/196] Loss 4.1 (4.5)", {"Loss": 4.1}),
        ("Accuracy: 9843/10000 (98%)", {"Accuracy": 0.9843}),
        ("{'train_epoch': 3, 'train_loss': '0.5'}", {"train_loss": 0.5}),
        ("train_epoch: 3 train_loss: 0.5", {"train_loss": 0.5}),
        ("train_loss: 0.570", {"train_loss": 0.57}),
        ("│   test_loss   │    0.5704   │", {"test_loss": 0.5704}),
        ("lm loss: 2.504220E+00 | grad norm: 0.231 |", {"lm_loss": 2.50422, "grad_norm": 0.231}),
        ("Finished epoch with validation loss: 0.5", {"validation_loss": 0.5}),
        ("Total reward after episode 10 is 200.0", {"Total_reward": 200.0}),
        ("Best val accuracy so far: 0.93 at epoch 3", {"Best_val_accuracy": 0.93}),
        ("Accuracy of the network on the 10000 test images: 54 %", {"Accuracy": 54.0}),
        ("loss=1e-05, acc=.5, score=-3", {"loss": 1e-05, "acc": 0.5, "score": -3.0}),
        ("loss: 1,234.5", {"loss": 1234.5}),
        ("loss: tensor(0.5, device='cuda:0')", {"loss": 0.5}),
        ("loss: np.float64(0.5)", {"loss": 0.5}),
        ("**loss**: `0.5`", {"loss": 0.5}),
        ("loss -> 0.5", {"loss": 0.5}),
        ("val/loss 0.5 | mAP50-95 0.3", {"val/loss": 0.5, "mAP50-95": 0.3}),
        ("train: loss 0.5 | val: loss 0.6", {"train/loss": 0.5, "val/loss": 0.6}),
        ("loss 0.5 loss 0.6", {"loss": 0.5}),
        ("loss/total: 0.5 loss_data: 0.25 loss_weight: 2", {"loss/total": 0.5, "loss_data": 0.25}),
        ("Cost after iteration 100: 0.693147", {"Cost": 0.693147}),
        ("Epoch 3 error 0.25", {"error": 0.25}),
        ("MRR: 0.3 mean_rank: 120 hits@10: 0.5", {"MRR": 0.3, "mean_rank": 120, "hits@10": 0.5}),
        ("TrainOutput(global_step=3, training_loss=0.5, metrics={'train_loss': 0.5, 'epoch': 1.0})", {"training_loss": 0.5, "train_loss": 0.5}),
        ("损失: 0.3 loss: 0.5", {"损失": 0.3, "loss": 0.5}),
        ("[2026-11-24 12:00:01,123][__main__][INFO] - step=3 loss=0.5", {"loss": 0.5}),
        ("2026-11-24 12:00:01.123 | INFO | app:train_loss:45 - loss=0.5", {"loss": 0.5}),
        ("I1124 12:00:01.123456 140735 train.py:50] step=3 loss=0.5", {"loss": 0.5}),
        ("(worker pid=1234, ip=10.0.0.1) loss=0.5", {"loss": 0.5}),
        ("training:  15%|██   | 15/100 [00:01<00:09, 9.98it/s, loss=0.359]", {"loss": 0.359}),
        ("\x1b[1mloss:\x1b[0m \x1b[31m0.5\x1b[0m\x1b]8;;http://x\x07", {"loss": 0.5}),
    ],
)  # fmt: skip
def test_a_line_of_metrics_is_read(line, expected):
    assert values(line) == pytest.approx(expected)


@pytest.mark.parametrize(
    "line",
    [
        "Trainable params: 68", "Writing model shards: 100%", "at port: 8080", "v_num: 0", "max_epochs=4", "GPU 0 memory: 1024 MiB",
        "Namespace(lr=0.1, loss_weight=0.5, epochs=10)", "{'lr': 0.001, 'batch_size': 32, 'loss_weight': 0.5}", "eval_interval = 250",
        "AdamW(lr=0.1, loss=0.5)", "config: {'loss': 0.5, 'name': 'x'}", "accuracy_threshold: 0.9", "label_smoothing: 0.1", "Train: 50000 Val: 10000",
        "Requirement already satisfied: numpy>=1.17 (1.26.4)", "Successfully installed rouge-score-0.1.2 torchmetrics-1.0",
        "loss: 0,532", "loss version 1.2.3", "2026-11-24 12:00:01 INFO ready", "loss.py:12: UserWarning: x", "val_size: 1000", "test_count=12",
        "Map: 100%|██████████| 1000/1000 [00:00<00:00, 12345.67 examples/s]", "wandb: train/loss 0.12", "File \"loss.py\", line 12, in loss",
        "loss: [0.1, 0.2]", "loss = criterion(x)", "loss: None", "error: 404", "Cost: 12.50", "step 3 error 5 files", "epoch 1 cost: 5", "loss = 100 * mean(x)", "loss = 1 - (2 * y)", "loss = 0.5 if x else y", "{'loss': 'mse', 'reward': None, 'acc': True, 'score': 1}",
    ],
)  # fmt: skip
def test_what_only_looks_like_metrics_is_not_read(line):
    assert values(line) == {}


def test_what_the_documentation_says_is_so(tmp_path):
    page = (Path(__file__).parents[2] / "docs" / "metrics-from-logs.md").read_text("utf-8")
    example = yaml.safe_load(page.partition("```yaml\n")[2].partition("```")[0])["metrics"]
    rules = Metrics.model_validate(example)
    text = "cost of step 7: 2.5\nthroughput: 3 loss: 0.5\nacc: 0.5\nloss_time: 1\n"

    found = records(tmp_path, text, patterns=rules.patterns, include=rules.include, exclude=rules.exclude)

    assert found == [(7, {"cost": 2.5}), (7, {"throughput": 3, "loss": 0.5})]
    assert records(tmp_path, text, patterns=rules.patterns)[0] == (7, {"cost": 2.5})
    assert values("Loss 4.1 (4.5)") == {"Loss": 4.1}
    assert values("acc: 93 %") == {"acc": 93}


def test_lines_of_a_program_in_a_traceback_are_not_read(tmp_path):
    text = (
        'step 1 loss 0.5\nTraceback (most recent call last):\n  File "a.py", line 3, in f\n    loss = 0.0\n    return 1\n'
        "ValueError: 5\nstep 2 loss 0.4\n"
    )

    assert records(tmp_path, text) == [(1, {"loss": 0.5}), (2, {"loss": 0.4})]


def test_a_near_miss_says_why():
    assert read_line("throughput: 12.5") == Miss("throughput is not known as a metric")
    assert read_line("batch_size: 12") == Miss("its names are those of settings")


@pytest.mark.parametrize(
    ("lines", "steps"),
    [
        (["step 3 loss 0.5", "step 7 loss 0.4", "step 5 loss 0.3"], [3, 7, 5]),
        (["epoch 1 loss 0.5", "epoch 2 loss 0.4"], [1, 2]),
        (["Epoch 1/2", "loss: 0.5", "Epoch 2/2", "loss: 0.4"], [1, 2]),
        (["loss: 0.5", "loss: 0.4", "loss: 0.3"], [0, 1, 2]),
        (["Epoch 1/2", "loss: 0.5", "loss: 0.4", "Epoch 2/2", "loss: 0.3"], [1, 2, 3]),
        (["Epoch: [0][ 0/10] Loss 1.5", "Epoch: [0][5/10] Loss 1.5", "Epoch: [1][0/10] Loss 1.5"], [0, 5, 10]),
        (["Epoch: [4][0/10] Loss 1.5", "Epoch: [4][5/10] Loss 1.5", "Epoch: [5][0/10] Loss 1.5"], [30, 35, 40]),
        (["Epoch [1/2], Step [3/9], Loss: 1.5", "Epoch [2/2], Step [3/9], Loss: 1.5"], [3, 12]),
        (["epoch 1 step 100 loss 1.5", "epoch 2 step 200 loss 1.5"], [100, 200]),
        (["[1, 200] loss: 2.5", "[1, 400] loss: 2.5", "[2, 200] loss: 2.5"], [200, 400, 600]),
        (["epoch 001: 28 / 160 loss=9.5, num_updates=2800"], [2800]),
        (["iter 10: loss 1.5", "val loss 1.25"], [10, 10]),
        (["{'loss': 1.5, 'epoch': 0.25}", "{'loss': 1.5, 'epoch': 0.5}"], [0.25, 0.5]),
        (["{'loss': 1.5, 'epoch': 0.25, 'step': 3}"], [3]),
        (["Train Epoch: 1 [0/100 (0%)] Loss: 1.5", "Test set: Average loss: 1.25"], [0, 0]),
        (["Test: [0/40] Loss 1.5", "Test: [10/40] Loss 1.4", "done loss 1.3"], [0, 0]),
    ],
)  # fmt: skip
def test_a_value_stands_at_the_step_that_its_log_tells(tmp_path, lines, steps):
    found = records(tmp_path, "".join(f"{line}\n" for line in lines))

    assert [step for step, _ in found] == steps


def test_the_epoch_is_a_metric_where_there_is_a_finer_step(tmp_path):
    assert records(tmp_path, "Epoch [2/5], Step [3/9], Loss: 1.5\n") == [(3, {"Loss": 1.5, "epoch": 2})]
    assert records(tmp_path, "Epoch 2: loss 1.5\n") == [(2, {"loss": 1.5})]


def test_of_a_bar_the_last_state_of_each_epoch_counts(tmp_path):
    bar = "".join(
        f"\rEpoch {epoch}: {n}/50 ━━━━━ loss: {epoch}.{n:02}" for epoch in (1, 2) for n in range(51)
    )

    assert records(tmp_path, bar + "\n") == [(1, {"loss": 1.5}), (2, {"loss": 2.5})]


def test_of_a_line_without_a_bar_that_is_drawn_over_one_state_each_hundredth_counts(tmp_path):
    text = "".join(f"\rstep {step} loss {step}.5" for step in range(1, 10_001)) + "\n"

    steps = [step for step, _ in records(tmp_path, text)]

    assert steps[-1] == 10_000
    assert 300 < len(steps) < 700
    assert steps == sorted(set(steps))


def test_a_bar_that_still_goes_on_holds_its_mean_back_and_one_that_is_full_does_not(tmp_path):
    assert records(tmp_path, "Epoch 1/2\n\r3/9 ━━━━ loss: 0.5") == []
    assert records(tmp_path, "Epoch 1/2\n\r9/9 ━━━━ loss: 0.5\r") == [(1, {"loss": 0.5})]


def test_a_pass_over_test_data_is_one_point_and_its_sum_is_of_the_same_part(tmp_path):
    text = "step 7 loss 1.5\nTest: [ 0/40] Acc@1 10.5 Loss 2.5\nTest: [10/40] Acc@1 20.5 Loss 2.25\n * Acc@1 15.5\n"

    assert records(tmp_path, text) == [
        (7, {"loss": 1.5}),
        (7, {"test/Loss": 2.25}),
        (7, {"test/Acc@1": 15.5}),
    ]


def test_processes_are_never_one_line(tmp_path):
    text = "[rank0]: step=1 loss=0.5\n[rank1]: step=1 loss=0.6\n"

    assert records(tmp_path, text) == [(1, {"loss": 0.5}), (1, {"rank1/loss": 0.6})]


def test_a_time_with_a_zone_is_kept_and_none_is_made_up(tmp_path):
    (tmp_path / "log").write_text(
        "2026-11-24T12:00:01.5+01:00 loss: 0.5\nloss: 0.4\n{'loss': 1.5, 'timestamp': 1.8e12}\n"
    )

    times = list(StdoutReader(tmp_path / "log").read().points["loss"].times)

    assert times[0] == 1795518001.5
    assert math.isnan(times[1])
    assert times[2] == 1.8e9


def test_a_box_table_is_one_record_and_a_broken_one_none(tmp_path):
    rule = "-" * 30 + "\n"
    rows = "| rollout/ |      |\n|    ep_rew_mean | 21.8 |\n| time/ |  |\n|    total_timesteps | 2048 |\n"

    assert records(tmp_path, rule + rows + rule) == [(2048, {"rollout/ep_rew_mean": 21.8})]
    assert records(tmp_path, rule + rows + "interrupted at 3\n" + rule) == []


def test_include_lets_a_name_through_the_gate_and_exclude_keeps_one_out(tmp_path):
    text = "step 1 price: 2.5 loss: 0.5\nstep 2 price: 1.5\n"

    assert records(tmp_path, text, include=["price"]) == [(1, {"price": 2.5}), (2, {"price": 1.5})]
    assert records(tmp_path, text, exclude=["p*"]) == [(1, {"loss": 0.5})]
    assert records(tmp_path, text, include=["*"]) == [(1, {"price": 2.5, "loss": 0.5})]


@pytest.mark.parametrize(
    ("text", "leaves"),
    [
        ('x {"a": 1, "b": {"c": "2.5", "d": [3]}}', {"a": 1, "b/c": 2.5, "b/d": None}),
        ("{'a': nan, 'b': -inf, 'c': '5%', 'd': True, 'e': None}", {"a": math.nan, "b": -math.inf, "c": 5, "d": None, "e": None}),
        ("{'a': np.float64(0.5), 'b': tensor(1.5, device='cuda:0'), 'c': evil(2)}", {"a": 0.5, "b": 1.5, "c": None}),
        ("{1: 2.5, 'it''s': 3}", None),
        ("{'a': 1, }", {"a": 1}),
        ("{'a' 1}", None),
        ("{" * 500 + "}" * 500, None),
        ("{'a': __import__('os').system('x')}", None),
        ('{"a": ' + "9" * 400 + "}", {"a": None}),
        ("{'a': 1} and {'b': 2}", {"b": 2}),
    ],
)  # fmt: skip
def test_a_dict_is_read_without_being_evaluated(text, leaves):
    found = mapping_at_end(text)

    if leaves is None:
        assert found is None
    else:
        assert found is not None
        assert dict(numbers_of(found[1])) == pytest.approx(leaves, nan_ok=True)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("valLoss", Kind.RESULT), ("nll_loss", Kind.RESULT), ("loss_weight", Kind.SETTING), ("max_reward", Kind.RESULT), ("max_epochs", Kind.SETTING),
        ("eval_dice2", Kind.LIKELY), ("lr", Kind.PLAIN), ("ep_len_mean", Kind.PLAIN), ("Acc@5", Kind.RESULT), ("bbox_mAP", Kind.RESULT),
        ("map", Kind.PLAIN), ("error", Kind.GENERIC), ("test_error", Kind.RESULT), ("glossary", Kind.PLAIN), ("grad_norm", Kind.RESULT),
    ],
)  # fmt: skip
def test_a_name_is_known_by_its_words(name, kind):
    assert kind_of(name) is kind


@pytest.mark.parametrize(
    "sign",
    [" ", "a ", "(", "{'a':", "1,", "epoch ", "=", "a" * 9 + "=", "\x1b[", "| ", "%|", "1:", "-", "tensor("],
)
def test_no_line_takes_long(sign):
    """4 KiB of one thing: what backtracks would need minutes for it, which no test would wait for."""
    line = (sign * 4096)[:4090]
    for tail in ("", "}", " loss: 0.5", "]"):
        read_line(line + tail)
        said(line)
