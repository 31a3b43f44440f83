"""What an experiment file may say and probably does not mean."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from orp_tui.config.problems import Path, nearest
from orp_tui.config.sweep import value_at

if TYPE_CHECKING:
    from orp_tui.config.spec import ExperimentSpec

PLACEHOLDERS = ("config_file", "gpus", "output_dir", "port")
"""What every launch fills in, where a word of the command holds it in braces."""


def doubts(spec: ExperimentSpec) -> Iterator[tuple[Path, str]]:
    """What is allowed and probably not meant, with its path."""
    training = spec.training
    words = [training.shell_text] if training.shell_text else list(training.words)
    named = any("{config_file}" in word or "ORP_CONFIG_FILE" in word for word in words)
    if training.pass_config == "file" and not named:  # noqa: S105 - a word, no password
        message = "file, but the script names no {config_file}; it is in $ORP_CONFIG_FILE only"
        yield ("training", "pass_config"), message
    if training.workspace != "isolated" and training.inputs:
        yield ("training", "inputs"), f"nothing is linked into a workspace that is {training.workspace}"
    for place, word in enumerate(words):
        for name in dict.fromkeys(_braced(word)):
            if name not in PLACEHOLDERS and (close := nearest(name, PLACEHOLDERS)):
                yield ("training", "script", place), f"{{{name}}} is left as it is; did you mean {{{close}}}?"
    if spec.sweep and isinstance(spec.sweep.parameters, dict):
        for key in spec.sweep.parameters:
            if value_at(training.config, key) is None and (close := nearest(key, training.config)):
                yield ("sweep", "parameters", key), f"is not in training.config; did you mean {close}?"


def _braced(word: str) -> list[str]:
    return re.findall(r"\{([a-z_]{2,40})\}", word)
