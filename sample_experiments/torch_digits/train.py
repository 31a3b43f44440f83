"""The digits classifier of `digits/train.py` in PyTorch: same data, same split, same test.

    python torch_digits/train.py --learning_rate 0.002 --epochs 40

Writes outputs/model.pt (a state dict) and outputs/metrics.json. Without PyTorch it says so
on stderr and ends with 77, the code by which test programs say "skipped".
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import os
import pathlib
import sys

SKIPPED = 77

try:
    import torch
    from torch import nn
except ImportError:
    print("skipped: PyTorch is not installed (pip install torch)", file=sys.stderr)
    sys.exit(SKIPPED)

try:
    from orp_tui import log
except ImportError:

    def log(step: int, **metrics: float) -> None:
        """Append a line to $ORP_METRICS_FILE; nothing if that is not set."""
        path = os.environ.get("ORP_METRICS_FILE")
        if path:
            with open(path, "a") as file:
                file.write(json.dumps({"step": step, **metrics}) + "\n")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0], allow_abbrev=False)
    parser.add_argument("--learning_rate", type=float, default=0.002)
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--hidden", type=int, nargs="+", default=[128, 64])
    parser.add_argument("--batch_size", type=int, default=32)
    parser.add_argument("--seed", type=int, default=int(os.environ.get("ORP_SEED") or 0))
    parser.add_argument("--data", default="data/digits.csv.gz")
    parser.add_argument(
        "--output_dir", type=pathlib.Path, default=os.environ.get("ORP_OUTPUT_DIR", "outputs")
    )
    return parser.parse_args()


def load(path: str) -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
    """Pixels (0 to 1) and labels of each part; row `i` is tested on if `i % 7 == 6`, validated on if 5."""
    with gzip.open(path, "rt", newline="") as file:
        table = torch.tensor([[int(value) for value in row] for row in csv.reader(file)])
    place = torch.arange(len(table)) % 7
    masks = {"train": place < 5, "validation": place == 5, "test": place == 6}
    return {name: (table[mask, :-1].float() / 16, table[mask, -1]) for name, mask in masks.items()}


def network(hidden: list[int]) -> nn.Sequential:
    layers: list[nn.Module] = []
    width = 64
    for units in hidden:
        layers += [nn.Linear(width, units), nn.LeakyReLU(0.1)]
        width = units
    return nn.Sequential(*layers, nn.Linear(width, 10))


@torch.no_grad()
def loss_and_accuracy(model: nn.Module, part: tuple[torch.Tensor, torch.Tensor]) -> tuple[float, float]:
    """Mean cross-entropy in nats, and the share of right answers."""
    pixels, labels = part
    logits = model(pixels)
    right = (logits.argmax(dim=1) == labels).float().mean()
    return float(nn.functional.cross_entropy(logits, labels)), float(right)


def train(model: nn.Module, parts: dict, args: argparse.Namespace) -> None:
    """All epochs of Adam on the training part, the learning rate falling along half a cosine."""
    pixels, labels = parts["train"]
    optimizer = torch.optim.Adam(model.parameters(), lr=args.learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, args.epochs)
    step = 0
    for epoch in range(1, args.epochs + 1):
        for batch in torch.randperm(len(pixels)).split(args.batch_size):
            loss = nn.functional.cross_entropy(model(pixels[batch]), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            log(step, loss=float(loss.detach()))
            step += 1
        schedule.step()
        val_loss, val_accuracy = loss_and_accuracy(model, parts["validation"])
        log(step - 1, epoch=epoch, val_loss=val_loss, val_accuracy=val_accuracy)
        print(
            f"epoch {epoch:3d}/{args.epochs}  val_loss {val_loss:.4f}  val_accuracy {val_accuracy:.4f}",
            flush=True,
        )


def main() -> int:
    args = arguments()
    torch.manual_seed(args.seed)
    parts = load(args.data)
    model = network(args.hidden)
    train(model, parts, args)

    test_loss, test_accuracy = loss_and_accuracy(model, parts["test"])
    args.output_dir.mkdir(parents=True, exist_ok=True)
    torch.save(model.state_dict(), args.output_dir / "model.pt")
    metrics = {
        "test_accuracy": test_accuracy,
        "test_loss": test_loss,
        "seed": args.seed,
        "torch": torch.__version__,
    }
    (args.output_dir / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n")
    print(f"test accuracy {test_accuracy:.4f}, loss {test_loss:.4f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
