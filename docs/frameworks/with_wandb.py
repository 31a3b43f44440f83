"""A training that logs to W&B offline."""

import math
import random
import time

import wandb

random.seed(0)
with wandb.init(project="regression", mode="offline") as run:
    for step in range(300):
        run.log({"loss": 8 * math.exp(-step / 60) + random.random() * 0.2})
        time.sleep(0.1)
