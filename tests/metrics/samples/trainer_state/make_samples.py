"""Makes the samples beside this file with Hugging Face's Trainer: a tiny random model, two checkpoints kept.

Made with transformers 5.24.0 on torch 2.13.0.

    python -m venv /tmp/samples && /tmp/samples/bin/pip install torch "transformers[torch]"
    /tmp/samples/bin/python make_samples.py

The training goes on from its last checkpoint, then from an earlier one, where it diverges, and is saved at its end. Each state of
the output folder is kept, and nothing in it but the `trainer_state.json` files: `0/`, `1/` and so
on. `expected.json` has what `TrainerState.load_from_json` finds in the one written last of each.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

os.environ["HF_HUB_OFFLINE"] = "1"
HERE = Path(__file__).parent
NAME = "trainer_state.json"


def keep(out: Path, number: int) -> list[dict[str, Any]]:
    """Copy the states as they are now, and give the history of the one written last."""
    from transformers import TrainerState

    into = HERE / str(number)
    shutil.rmtree(into, ignore_errors=True)
    paths = sorted(out.glob(f"**/{NAME}"), key=lambda path: path.stat().st_mtime_ns)
    for path in paths:
        target = into / path.relative_to(out)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    history: list[dict[str, Any]] = TrainerState.load_from_json(str(paths[-1])).log_history
    return [{"last": str(paths[-1].relative_to(out))}, *history]


def trainer(out: Path, *, epochs: int, diverges_at: float = math.inf) -> Any:
    import torch
    from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments

    class Diverging(Trainer):
        def training_step(self, *args: Any, **options: Any) -> Any:
            loss = super().training_step(*args, **options)
            return loss * math.nan if self.state.global_step >= diverges_at else loss

    torch.manual_seed(1)
    sizes = {"vocab_size": 20, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1}
    model = BertForSequenceClassification(BertConfig(**sizes, intermediate_size=8, max_position_embeddings=8))
    rows = [{"input_ids": [at % 20, (at * 7) % 20], "labels": at % 2} for at in range(32)]
    arguments = TrainingArguments(
        str(out), num_train_epochs=epochs, learning_rate=1e-3, logging_steps=2, eval_strategy="steps", eval_steps=4,
        save_steps=4, save_total_limit=2, per_device_train_batch_size=8, report_to=[], use_cpu=True, disable_tqdm=True,
        logging_nan_inf_filter=False,
    )  # fmt: skip
    return Diverging(model=model, args=arguments, train_dataset=rows, eval_dataset=rows[:8])


def main() -> None:
    expected = []
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        first = trainer(out, epochs=1)
        first.train()
        expected.append(keep(out, 0))
        trainer(out, epochs=3).train(resume_from_checkpoint=True)
        expected.append(keep(out, 1))
        again = trainer(out, epochs=4, diverges_at=13)
        again.train(resume_from_checkpoint=str(out / "checkpoint-8"))
        again.save_state()
        expected.append(keep(out, 2))
    (HERE / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")


if __name__ == "__main__":
    main()
