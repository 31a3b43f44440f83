"""`orp run -- CMD…`: a command line as an experiment, and the file that its run keeps."""

from __future__ import annotations

import dataclasses
import os.path
from collections.abc import Sequence

from orp_tui.config.plan import RunPlan
from orp_tui.config.problems import shown
from orp_tui.config.secret_rule import secret_words
from orp_tui.core.errors import UsageError


def plan_from_command(
    argv: Sequence[str],
    *,
    name: str | None = None,
    gpus: int | None = None,
    workspace: str = "isolated",
    timeout_s: float | None = None,
    priority: int = 0,
) -> RunPlan:
    """The run of a command, with nothing declared but what the flags say.

    Without `name` it is called after its script. Placeholders such as {output_dir} are
    filled in as in a file.

    Raises UsageError for an empty command, for words that no command line can carry, and
    for a literal secret, which every record of the run would hold.
    """
    words = list(argv)
    if not words or not words[0]:
        raise UsageError("no command after `--`; write it there, such as: orp run -- python train.py")
    for word in words:
        if "\0" in word or any("\ud800" <= char <= "\udfff" for char in word):
            raise UsageError(f"{shown(word)}: is not UTF-8 text, which the record of a run must be")
    for place, why in secret_words(words):
        raise UsageError(
            f"word {place + 1} of the command: {why}; pass it in an environment variable instead"
        )
    if gpus is not None and gpus < 0:
        raise UsageError(f"--gpus {gpus}: must be 0 or more")
    resources = {"executor": "local"} if gpus is None else {"gpus": gpus, "executor": "local"}
    plan = RunPlan(
        name=name if name is not None else name_of(words),
        argv=words,
        workspace=workspace,
        timeout_s=timeout_s,
        resources=resources,
    )
    plan.queue["priority"] = priority
    return dataclasses.replace(plan, experiment=_experiment(plan))


def name_of(words: Sequence[str]) -> str:
    """The script's name without its ending, else the program's."""
    for word in words:
        stem, ending = os.path.splitext(os.path.basename(word))
        if ending in (".py", ".sh", ".R", ".jl") and stem:
            return stem
    return os.path.basename(words[0]) or words[0]


def _experiment(plan: RunPlan) -> dict[str, object]:
    training: dict[str, object] = {
        "script": list(plan.argv),
        "pass_config": "none",
        "workspace": plan.workspace,
    }
    if plan.timeout_s is not None:
        training["timeout"] = plan.timeout_s
    if "gpus" in plan.resources:
        training["resources"] = {"gpus": plan.resources["gpus"]}
    whole: dict[str, object] = {"experiment": {"name": plan.name}, "training": training}
    if plan.queue["priority"]:
        whole["queue"] = {"priority": plan.queue["priority"]}
    return whole


def as_yaml(plan: RunPlan) -> bytes:
    """The experiment file of a plan made from a command; it loads to the same command again."""
    from orp_tui.config.yaml_text import as_yaml as text_of

    return b"# Made from a command line by `orp run`.\n" + text_of(plan.experiment).encode()
