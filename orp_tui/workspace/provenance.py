"""`source.json` and `environment.json`: where a run's code came from, and what it ran in."""

from __future__ import annotations

import dataclasses
import os
import platform
import re
import socket
from collections.abc import Mapping, Sequence
from typing import Any

from orp_tui.core.secrets import mask, mask_named
from orp_tui.workspace import gitfacts
from orp_tui.workspace.environment import FixedEnvironment
from orp_tui.workspace.inputs import Fingerprint
from orp_tui.workspace.interpreter import InterpreterFacts
from orp_tui.workspace.plan import FreezePlan
from orp_tui.workspace.sources import FrozenTree

Json = dict[str, Any]  # Any: values as JSON gives them

MAX_DIFF = 1 << 20

# Values that explain a result and hold no secret; everything else is kept by name.
_SHOWN = re.compile(
    r"(?:CUDA|NCCL|GLOO|OMP|MKL|OPENBLAS|NUMEXPR|KMP|TORCH|PYTORCH|TF|XLA|JAX|TRITON|HSA|ROCR|HIP|PET|SLURM|CONDA|UV|ORP)_[A-Z0-9_]+|"
    r"PATH|LD_LIBRARY_PATH|LD_PRELOAD|PYTHON[A-Z]*|VIRTUAL_ENV|HF_HOME|HF_HUB_OFFLINE|HF_DATASETS_OFFLINE|TRANSFORMERS_[A-Z_]+|"
    r"WANDB_(?:MODE|PROJECT|ENTITY|DIR|SILENT)|LANG|LC_[A-Z]+|TZ|TMPDIR|SHELL|MASTER_(?:ADDR|PORT)|RANK|WORLD_SIZE|LOCAL_RANK|LOADEDMODULES"
)


def source_record(
    plan: FreezePlan,
    tree: FrozenTree | None,
    *,
    argv0: str,
    submitted_by: str,
    fingerprints: Sequence[Fingerprint] = (),
) -> Json:
    """What `source.json` holds; `tree` is None where nothing is frozen. No secret: the plan refused them."""
    return {
        "schema": 1,
        "kind": plan.kind,
        "project": str(plan.project),
        "cwd": plan.cwd,
        "submitted_by": submitted_by,
        "program": argv0,
        "git": _git_record(plan),
        "summary": summary(plan),
        "untracked": list(plan.untracked),
        "tree": None
        if tree is None
        else {
            "sha256": tree.sha256,
            "files": len(tree.files),
            "bytes": tree.bytes,
            "folder": str(tree.folder),
        },
        "linked": [dataclasses.asdict(item) for item in plan.inputs],
        "inputs": [dataclasses.asdict(item) for item in fingerprints],
        "left_out": [dataclasses.asdict(item) for item in plan.left_out],
        "secrets_left_out": [dataclasses.asdict(item) for item in plan.secrets],
        "folders": list(plan.folders),
        "outputs": list(plan.outputs),
        "tracked_absent": list(plan.tracked_absent),
    }


def _git_record(plan: FreezePlan) -> Json | None:
    repository = plan.repository
    if repository is None:
        return None
    diff = plan.diff.text
    return {
        "commit": repository.commit,
        "branch": repository.branch,
        "describe": gitfacts.describe(repository),
        "remote": gitfacts.remote_url(repository),
        "root": str(repository.root),
        "diff": mask(diff[:MAX_DIFF]),
        "diff_truncated": plan.diff.truncated or len(diff) > MAX_DIFF,
        "added": plan.diff.added,
        "removed": plan.diff.removed,
        "submodules": [dataclasses.asdict(item) for item in plan.submodules],
    }


def summary(plan: FreezePlan) -> str:
    """`a1b2c3d +17 −3, 2 untracked`; `no git, 4 files` without a repository."""
    if plan.repository is None:
        return f"no git, {len(plan.files)} file{'' if len(plan.files) == 1 else 's'}"
    text = (plan.repository.commit or "no commit yet")[: 7 if plan.repository.commit else None]
    if plan.diff.added or plan.diff.removed:
        text += f" +{plan.diff.added} −{plan.diff.removed}"
    return text + (f", {len(plan.untracked)} untracked" if plan.untracked else "")


def environment_record(
    fixed: FixedEnvironment,
    variables: Mapping[str, str],
    python: InterpreterFacts | None,
    missing: Sequence[str] = (),
) -> Json:
    """What `environment.json` holds: names of all variables, values of those on the list, no secret."""
    return {
        "schema": 1,
        "python": None if python is None else _python_record(python),
        "host": host_record(),
        "names": sorted({*variables, *fixed.late_names}),
        "values": {
            name: mask_named(name, value)
            for name, value in sorted(variables.items())
            if _SHOWN.fullmatch(name)
        },
        "looked_up_at_start": list(fixed.late_names),
        "missing_at_submit": list(missing),
    }


def _python_record(python: InterpreterFacts) -> Json:
    return {
        "path": python.path,
        "version": python.version,
        "implementation": python.implementation,
        "prefix": python.prefix,
        "base_prefix": python.base_prefix,
        "packages": dict(sorted(python.packages.items(), key=lambda item: item[0].lower())),
        "editable": {item.name: item.folder for item in python.editables},
    }


def host_record() -> Json:
    """This machine; None for what the kernel does not tell."""
    return {
        "name": socket.gethostname(),
        "system": f"{platform.system()} {platform.release()}",
        "machine": platform.machine(),
        "cpu": _after(r"(?m)^(?:model name|Model|cpu model)\s*:\s*(.+)$", "/proc/cpuinfo"),
        "cpus": os.cpu_count(),
        "cpus_allowed": len(os.sched_getaffinity(0)),
        "memory_bytes": _memory(),
        "nvidia_driver": _after(
            r"Kernel Module(?: for \S+)?\s+(\d+(?:\.\d+)+)", "/proc/driver/nvidia/version"
        ),
        "amd_driver": _after(r"(\S+)", "/sys/module/amdgpu/version"),
    }


def _memory() -> int | None:
    found = _after(r"MemTotal:\s+(\d+) kB", "/proc/meminfo")
    return int(found) * 1024 if found else None


def _after(pattern: str, path: str) -> str | None:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            match = re.search(pattern, file.read(1 << 16))
    except OSError:
        return None
    return match[1].strip() if match else None
