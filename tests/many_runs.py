"""As many runs as a lab has after two years, made through the store and written as ORP writes them.

`python -m tests.many_runs BASE COUNT` makes a base directory. Runs come in batches of one variant with several
seeds; accuracy hangs on model, learning rate and seed, so that sorting and grouping show something.
Nothing waits or runs: whoever opens the base directory starts nothing.
"""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import json
import math
import random
import sqlite3
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from orp_tui.core import ids
from orp_tui.core.artifact import ArtifactState
from orp_tui.core.checklist import (
    Check,
    ChecklistItem,
    ChecklistReport,
    CheckOutcome,
    CheckResult,
    Deliverable,
    DeliverableStatus,
)
from orp_tui.core.layout import BasePaths, RunPaths
from orp_tui.core.request import ArtifactRule, RunRequest, StopRule
from orp_tui.core.run import ExitRecord
from orp_tui.core.states import EVENT_OF_END, Reason, RunState
from orp_tui.core.verdict import Verdict
from orp_tui.engine import results
from orp_tui.files.atomic import to_json
from orp_tui.metrics.primary import PrimaryRule, PrimaryValue
from orp_tui.store import database, runs

TWO_YEARS_S = 730 * 86_400.0
MODELS = {
    "resnet18": 0.90,
    "resnet34": 0.915,
    "resnet50": 0.93,
    "vit_b16": 0.94,
    "mlp": 0.78,
    "convnext_t": 0.935,
}
DATASETS = {"cifar10": 0.0, "cifar100": -0.17, "imagenet100": -0.09}
OPTIMIZERS = {"adam": 0.0, "adamw": 0.004, "sgd": -0.006}
PEOPLE = ("ada@gpu1", "grace@gpu1", "alan@gpu2", "edsger@node17")
TAGS = ("baseline", "paper", "best", "broken", "ablation", "keep", "to-check")
NOTES = ("diverged after the warm-up", "best so far, see Table 2", "wrong augmentation", "Größe geändert")
DELIVERABLES = (
    Deliverable(0, "model", "output/model.pt", True, (Check("exists"),)),
    Deliverable(1, "metrics", "output/metrics.json", True, (Check("contains_keys", {"required_keys": ["val_acc"]}),)),
)  # fmt: skip
PRIMARY = PrimaryRule("val_acc")
STEPS = 12
_ENDS = (
    (RunState.SUCCEEDED, Reason.OK, "exit code 0", 0, 80),
    (RunState.FAILED, Reason.EXIT_CODE, "exit code 1: ValueError: loss is nan", 1, 6),
    (RunState.FAILED, Reason.OOM_CUDA, "CUDA out of memory: tried to allocate 2.10 GiB", 1, 3),
    (RunState.FAILED, Reason.OOM_KERNEL, "the kernel's out-of-memory killer struck", None, 1),
    (RunState.FAILED, Reason.TIMED_OUT, "stopped after 8h00m, its limit", None, 2),
    (RunState.INCOMPLETE, Reason.DELIVERABLE, "output/metrics.json: missing", 0, 3),
    (RunState.CANCELLED, Reason.CANCELLED, "cancelled by ada@gpu1", None, 4),
    (RunState.LOST, Reason.REBOOTED, "the machine was restarted while it ran", None, 1),
)


@dataclasses.dataclass(frozen=True)
class _Plan:
    """One run, before anything of it is written."""

    request: RunRequest
    state: RunState
    reason: Reason
    detail: str
    exit_code: int | None
    seconds: float
    curves: dict[str, list[float]]
    """Metric → its values at steps 0, 100, 200, …; empty for one that never came so far."""
    bytes: int


def make_runs(
    base: Path, count: int, *, folders: bool = True, seed: int = 0, until: float | None = None
) -> list[str]:
    """Fill a new base directory; the ids, the oldest first.

    The same `seed` and `until` (seconds since 1970; None: now) give the same runs. Of 10,000 folders one has a
    request that can't be read, one a damaged result, and one is gone; of fewer there are none such.
    """
    paths = BasePaths.under(base)
    paths.runs.mkdir(parents=True)
    made = []
    connection = database.connect(paths.database, allow_network=True)
    try:
        # Nobody else is here, and what a power cut takes can be made again.
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA journal_mode = MEMORY")
        for number, plan in enumerate(_plans(paths, count, random.Random(seed), until or time.time())):
            _store(connection, plan)
            if folders:
                _write(paths.run(plan.request.id), plan, number)
            made.append(plan.request.id)
        connection.execute("PRAGMA journal_mode = TRUNCATE")
    finally:
        connection.close()
    return made


def _plans(paths: BasePaths, count: int, chance: random.Random, until: float) -> Iterator[_Plan]:
    taken: set[str] = set()
    ended: list[_Plan] = []
    made, at = 0, until - TWO_YEARS_S
    gap = TWO_YEARS_S / max(count, 1)
    while made < count:
        config = _config(chance)
        seeds = min(chance.choice((1, 1, 3, 5)), count - made)
        batch = _new_id(at, chance, set()) if seeds > 1 else None
        for number in range(seeds):
            at += gap * chance.uniform(0.2, 1.6) * 1.1
            at = min(at, until - 600 + made / count)
            plan = _plan(paths, chance, at, _new_id(at, chance, taken), config, number, batch, ended)
            ended = [*ended[-200:], plan]
            made += 1
            yield plan


def _new_id(at: float, chance: random.Random, taken: set[str]) -> str:
    while True:
        found = ids.run_id(datetime.datetime.fromtimestamp(at, datetime.UTC), chance.getrandbits(20))
        if found not in taken:
            taken.add(found)
            return found


def _config(chance: random.Random) -> dict[str, Any]:
    """Nested, with numbers, words, truths, a list and a null."""
    model = chance.choice(list(MODELS))
    return {
        "model": {"name": model, "depth": int("".join(filter(str.isdigit, model)) or 4), "dropout": chance.choice((0.0, 0.1, 0.3))},
        "data": {"name": chance.choice(list(DATASETS)), "augment": chance.random() < 0.7, "size": [224, 224]},
        "optimizer": chance.choice(list(OPTIMIZERS)),
        "lr": float(f"{10 ** chance.uniform(-5, -1):.2g}"),
        "batch_size": chance.choice((32, 64, 128, 256)),
        "epochs": chance.choice((10, 30, 90)),
        "weight_decay": chance.choice((0.0, 1e-4, 5e-4)),
        "amp": chance.random() < 0.5,
        "scheduler": chance.choice(("cosine", "step", None)),
    }  # fmt: skip


def _plan(
    paths: BasePaths, chance: random.Random, at: float, run_id: str, config: dict[str, Any], seed: int,
    batch: str | None, before: list[_Plan],
) -> _Plan:  # fmt: skip
    state, reason, detail, code, _ = chance.choices(_ENDS, [end[-1] for end in _ENDS])[0]
    seconds = chance.lognormvariate(8, 1)
    config = {**config, "seed": seed}
    retry_of = resume_of = parent = None
    if before and chance.random() < 0.1:
        other = chance.choice(before)
        if other.state is RunState.FAILED:
            retry_of, config, seed = other.request.id, other.request.config, other.request.seed or 0
            resume_of = None if chance.random() < 0.5 else other.request.id
        else:
            parent = other.request.id
    request = _request(paths, at, run_id, config, seed, batch, chance)
    request = dataclasses.replace(request, retry_of=retry_of, resume_of=resume_of, parent=parent)
    ran = state is not RunState.CANCELLED
    curves = _curves(config, chance, whole=state in (RunState.SUCCEEDED, RunState.INCOMPLETE)) if ran else {}
    return _Plan(request, state, reason, detail, code, seconds, curves, chance.randrange(10_000, 10_000_000))


def _request(
    paths: BasePaths, at: float, run_id: str, config: dict[str, Any], seed: int, batch: str | None,
    chance: random.Random,
) -> RunRequest:  # fmt: skip
    model, data = config["model"]["name"], config["data"]["name"]
    name = f"{data}-{model}"
    folder = paths.run(run_id)
    script = ["python", "train.py"]
    deliverables = [item.to_json() for item in DELIVERABLES]
    experiment = {
        "experiment": {"name": name, "description": f"{model} on {data}", "hypothesis": "deeper is better"},
        "training": {"script": script, "shell": False, "config": config, "pass_config": "args", "config_format": "json",
                     "env": {}, "seeds": [0, 1, 2], "seed_key": "seed", "workspace": "isolated", "inputs": []},
        "deliverables": deliverables,
        "metrics": {"primary": {"name": PRIMARY.name, "goal": PRIMARY.goal}},
    }  # fmt: skip
    text = json.dumps(experiment, sort_keys=True).encode()
    return RunRequest(
        id=run_id, name=name, description=f"{model} on {data}", submitted_at=at, submitted_by=chance.choice(PEOPLE),
        project=f"/home/lab/{data}", workspace="isolated", cwd=str(folder.workspace),
        argv=("/usr/bin/python3", "train.py", "--lr", str(config["lr"]), "--seed", str(seed)), shell=False, seed=seed,
        config=config, stop=StopRule(), timeout_s=28_800.0, stall_s=None, leftovers="kill", deliverables=DELIVERABLES,
        artifacts=ArtifactRule(), env_file=None, secret_names=(), tree=hashlib.sha256(name.encode()).hexdigest(),
        priority=0, umask=0o22, experiment=experiment, experiment_sha256=hashlib.sha256(text).hexdigest(),
        config_sha256=hashlib.sha256(text + str(seed).encode()).hexdigest(), batch=batch,
        group=chance.choice(("default", "default", "night")), experiment_file=f"/home/lab/{data}/{model}.yaml",
    )  # fmt: skip


def _curves(config: dict[str, Any], chance: random.Random, *, whole: bool) -> dict[str, list[float]]:
    """Accuracy is best near a learning rate of 1e-3; runs that fail get half of the way."""
    best = (
        MODELS[config["model"]["name"]] + DATASETS[config["data"]["name"]] + OPTIMIZERS[config["optimizer"]]
    )
    best -= 0.03 * abs(math.log10(config["lr"]) + 3) ** 1.5
    best = min(0.999, max(0.05, best + chance.gauss(0, 0.006)))
    steps = range(STEPS if whole else STEPS // 2)
    rise = [best * (1 - math.exp(-(step + 1) / 2.5)) for step in steps]
    return {
        "train_loss": [round(2.4 - 2.2 * value + chance.gauss(0, 0.02), 6) for value in rise],
        "val_loss": [round(2.5 - 2.1 * value + chance.gauss(0, 0.03), 6) for value in rise],
        "val_acc": [round(value + chance.gauss(0, 0.003), 6) for value in rise],
        "lr": [config["lr"] * (1 - step / STEPS) for step in steps],
        "epoch_seconds": [round(chance.uniform(20, 25), 3) for _ in steps],
    }


def _store(connection: sqlite3.Connection, plan: _Plan) -> None:
    """Submitted, started where it ran, and moved to its end."""
    request = plan.request
    at = request.submitted_at
    runs.insert(connection, runs.NewRun.of(request))
    run = runs.get(connection, request.id)
    assert run is not None
    if plan.state is RunState.CANCELLED:
        runs.request_cancel(connection, run.id, at=at + 5, by="ada@gpu1", detail=plan.detail)
        return
    run = runs.claim(connection, run, at=at + 1)
    assert run is not None
    run = runs.move(connection, run, "start", at=at + 2, started_at=at + 2)
    assert run is not None
    ended = runs.move(
        connection, run, EVENT_OF_END[plan.state], at=at + 2 + plan.seconds, ended_at=at + 2 + plan.seconds,
        exit_code=plan.exit_code, reason=plan.reason.value, detail=plan.detail, artifacts=_artifact(plan).for_row(),
        deliverables_valid=_report(plan).valid,
    )  # fmt: skip
    assert ended is not None


def _write(folder: RunPaths, plan: _Plan, number: int) -> None:
    """Its folder, or what is left of it."""
    if number % 10_000 == 9_997:
        return
    folder.folder.mkdir(mode=0o700)
    request = to_json(plan.request.to_json())
    folder.request.write_bytes(request[: len(request) // 2] if number % 10_000 == 9_998 else request)
    commit = hashlib.sha1(f"{number // 500}".encode()).hexdigest()
    folder.source.write_bytes(to_json({"schema": 1, "git": {"commit": commit, "branch": "main"}}))
    if plan.state is not RunState.CANCELLED:
        _write_end(folder, plan, damaged=number % 10_000 == 9_999)
    notes = list(_notes(plan, random.Random(plan.request.id)))
    if notes:
        folder.notes.write_text(
            "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in notes), "utf-8"
        )


def _write_end(folder: RunPaths, plan: _Plan, *, damaged: bool) -> None:
    rows = zip(*plan.curves.values(), strict=True)
    begin = plan.request.submitted_at
    lines = [
        json.dumps({"step": step * 100, "time": round(begin + step * 60, 3), **dict(zip(plan.curves, row, strict=True))})
        for step, row in enumerate(rows)
    ]  # fmt: skip
    folder.metrics.write_text("".join(f"{line}\n" for line in lines))
    folder.stdout.write_text("".join(f"epoch {step} {line}\n" for step, line in enumerate(lines[-3:])))
    result = to_json(_result(plan))
    folder.result.write_bytes(result[:-40] if damaged else result)


def _result(plan: _Plan) -> dict[str, Any]:
    begin = plan.request.submitted_at + 2
    record = ExitRecord.from_json(
        results.exit_record(1, "waited", now=begin + plan.seconds, started_at=begin)
        | {"exit_code": plan.exit_code, "duration_s": round(plan.seconds, 3)}
    )
    last = {name: values[-1] for name, values in plan.curves.items()}
    judged = Verdict(plan.state, plan.reason, plan.detail)
    data = results.build(plan.request.id, plan.request.name, 1, record, judged, _report(plan), last, None)
    found = PrimaryValue(last["val_acc"], (len(plan.curves["val_acc"]) - 1) * 100.0)
    return {**data, "primary": results.primary(PRIMARY, found), "artifact": _artifact(plan).to_json()}


def _artifact(plan: _Plan) -> ArtifactState:
    if plan.state is RunState.FAILED:
        return ArtifactState("error", why="the disk was full")
    return ArtifactState("ok", plan.bytes, hashlib.sha256(plan.request.id.encode()).hexdigest())


def _report(plan: _Plan) -> ChecklistReport:
    valid = {RunState.SUCCEEDED: 2, RunState.INCOMPLETE: 1}.get(plan.state, 0)
    items = []
    for item in DELIVERABLES:
        good = item.index < valid
        status = DeliverableStatus.VALID if good else DeliverableStatus.MISSING
        seen = CheckResult(
            "exists", CheckOutcome.PASS if good else CheckOutcome.FAIL, "is there" if good else "is missing"
        )
        items.append(
            ChecklistItem(item.index, item.type, item.path, True, status, (seen,), (), 1000 if good else 0)
        )
    return ChecklistReport(tuple(items), final=True)  # fmt: skip


def _notes(plan: _Plan, chance: random.Random) -> Iterator[dict[str, Any]]:
    head = {"at": plan.request.submitted_at + 86_400, "by": plan.request.submitted_by}
    if chance.random() < 0.12:
        yield {**head, "kind": "tag", "add": chance.sample(TAGS, chance.choice((1, 1, 2, 3))), "remove": []}
    if chance.random() < 0.02:
        yield {**head, "kind": "star", "on": True}
    if chance.random() < 0.04:
        yield {**head, "kind": "note", "text": chance.choice(NOTES)}
    if chance.random() < 0.05:
        yield {**head, "kind": "archive", "on": True}


if __name__ == "__main__":
    begun = time.monotonic()
    print(
        len(make_runs(Path(sys.argv[1]).absolute(), int(sys.argv[2]))), f"in {time.monotonic() - begun:.0f} s"
    )
