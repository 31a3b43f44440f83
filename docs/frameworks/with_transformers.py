"""A Trainer of Hugging Face: its log is on stdout as it goes, and whole in each checkpoint's trainer_state.json."""

import time

import torch
from transformers import Trainer, TrainerCallback, TrainingArguments


class Regression(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(8, 1)

    def forward(self, x=None, labels=None):
        logits = self.layer(x)
        return {"loss": ((logits - labels) ** 2).mean(), "logits": logits}


class Slow(TrainerCallback):
    def on_step_end(self, *_arguments, **_more):
        time.sleep(0.1)


torch.manual_seed(0)
x = torch.randn(640, 8)
arguments = TrainingArguments(
    "out", num_train_epochs=30, per_device_train_batch_size=64, learning_rate=0.01,
    logging_steps=5, save_steps=40, report_to=[], use_cpu=True,
)  # fmt: skip
data = [{"x": row, "labels": row.sum().unsqueeze(0)} for row in x]
Trainer(Regression(), arguments, train_dataset=data, callbacks=[Slow()]).train()
