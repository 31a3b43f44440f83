"""A Lightning training with its CSVLogger, which writes the file anew whenever a column is added."""

import time

import lightning
import torch
from lightning.pytorch.loggers import CSVLogger


class Regression(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(8, 1)

    def training_step(self, batch, _index):
        x, y = batch
        loss = ((self.layer(x) - y) ** 2).mean()
        self.log("loss", loss)
        time.sleep(0.1)
        return loss

    def validation_step(self, batch, _index):
        x, y = batch
        self.log("val_loss", ((self.layer(x) - y) ** 2).mean())

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), 0.01)


torch.manual_seed(0)
x = torch.randn(640, 8)
data = torch.utils.data.TensorDataset(x, x.sum(1, keepdim=True))
loader = torch.utils.data.DataLoader(data, 64)
lightning.Trainer(
    max_epochs=30,
    logger=CSVLogger(".", flush_logs_every_n_steps=5),
    log_every_n_steps=1,
    enable_progress_bar=False,
    enable_checkpointing=False,
    accelerator="cpu",
).fit(Regression(), loader, loader)
