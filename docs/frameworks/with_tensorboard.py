"""A PyTorch training that writes TensorBoard event files, and has never heard of ORP."""

import time

import torch
from torch.utils.tensorboard import SummaryWriter

torch.manual_seed(0)
net = torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.ReLU(), torch.nn.Linear(16, 1))
optimizer = torch.optim.SGD(net.parameters(), 0.01)
with SummaryWriter("runs/regression", flush_secs=2) as writer:
    for step in range(300):
        x = torch.randn(64, 8)
        loss = ((net(x) - x.sum(1, keepdim=True)) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        writer.add_scalar("loss", loss.item(), step)
        time.sleep(0.1)
