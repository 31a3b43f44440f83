"""Rules of pipelines: names, order, commands and deliverables of the stages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orp_tui.config.arguments import passed
from orp_tui.config.checks import deliverables
from orp_tui.config.problems import Problems, advised, nearest, shown

if TYPE_CHECKING:
    from orp_tui.config.spec import ExperimentSpec


def check_stages(spec: ExperimentSpec, problems: Problems) -> None:
    """Report stages that have no command, share a name, need what is not there, or need each other."""
    names = [stage.name for stage in spec.stages]
    for place, stage in enumerate(spec.stages):
        path = ("stages", place)
        if names.index(stage.name) != place:
            problems.add(
                (*path, "name"), f'"{stage.name}" is the name of an earlier stage; each needs its own'
            )
        if stage.script is None and spec.training.script is None:
            problems.add((*path, "script"), "is missing; write the command, such as [python, train.py]")
        for need_place, need in enumerate(stage.needs):
            if need not in names:
                close = nearest(need, names)
                message = f'"{shown(need)}" is no stage; {advised(close, "stages: " + ", ".join(names))}'
                problems.add((*path, "needs", need_place), message)
        deliverables(stage.deliverables, (*path, "deliverables"), problems)
        booleans = stage.booleans or spec.training.booleans
        passed(stage.config, stage.pass_config, booleans, problems, (*path, "config"))
    _check_order({stage.name: stage.needs for stage in spec.stages}, names, problems)


def _check_order(needs: dict[str, tuple[str, ...]], names: list[str], problems: Problems) -> None:
    waiting = {name: {need for need in wants if need in needs} for name, wants in needs.items()}
    while ready := [name for name, wants in waiting.items() if not wants]:
        for name in ready:
            del waiting[name]
        for wants in waiting.values():
            wants.difference_update(ready)
    if waiting:
        place = names.index(next(iter(waiting)))
        problems.add(
            ("stages", place, "needs"),
            f"the stages {', '.join(waiting)} wait for each other; take one need out",
        )
