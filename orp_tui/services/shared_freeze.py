"""One look at a project and one frozen tree for all runs of a submission that share them."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence

from orp_tui.services.context import Context
from orp_tui.services.prepare import prepare
from orp_tui.services.submission import Frozen, Prepared, Source, SubmitOptions
from orp_tui.workspace import environment, sources
from orp_tui.workspace.command import resolve_command
from orp_tui.workspace.plan import FreezePlan


class SharedFreeze:
    """Prepares runs; those of one project whose code is frozen alike share one look at it and one tree."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._first: dict[tuple[object, ...], Prepared] = {}
        self._pinned: list[tuple[FreezePlan, FreezePlan]] = []
        """As planned, and from the stored tree."""

    def prepare(self, source: Source, run_id: str, options: SubmitOptions) -> Prepared:
        """As `prepare.prepare`, and raises the same."""
        key = _freeze_key(source)
        first = self._first.get(key)
        if first is None or source.frozen is not None:
            prepared = prepare(self._context, source, run_id, options)
            if source.frozen is None:
                self._first[key] = prepared
            return prepared
        return self._sibling(source, first, run_id, options)

    def _sibling(self, source: Source, first: Prepared, run_id: str, options: SubmitOptions) -> Prepared:
        plan, folder = source.plan, self._context.paths.run(first.run_id)
        fixed = first.fixed
        if plan.env != first.source.plan.env:
            fixed = environment.capture(os.environ, plan.env)
        isolated = first.isolated
        root = folder.workspace if isolated else first.freeze.project
        command = resolve_command(
            ("bash", "-c", plan.command or "") if plan.shell else plan.argv,
            fixed.variables,
            project_cwd=source.cwd,
            workspace_cwd=root / first.freeze.cwd,
            plan=first.freeze if isolated else None,
        )
        if command.interpreter != first.command.interpreter:
            return prepare(self._context, source, run_id, options)
        frozen = Frozen(first.freeze, fixed, command.program, folder)
        again = prepare(self._context, dataclasses.replace(source, frozen=frozen), run_id, options)
        words = dataclasses.replace(command, argv=again.command.argv)
        return dataclasses.replace(
            again, source=source, command=words, python=first.python, live=first.live, cache=first.cache
        )

    def pinned(self, prepared: Prepared) -> Prepared:
        """The same, its files taken from the tree that is stored for all runs that share them."""
        freeze = prepared.freeze
        if freeze.kind != "isolated" or prepared.source.frozen is not None:
            return prepared
        for planned, stored in self._pinned:
            if planned is freeze:
                return dataclasses.replace(prepared, freeze=stored)
        tree = sources.store_tree(freeze, self._context.paths.sources, prepared.cache)
        known = {file.path: file for file in tree.files}
        files = tuple(
            dataclasses.replace(file, source=str(tree.path / file.path), size=known[file.path].size)
            for file in freeze.files
        )
        self._pinned.append((freeze, dataclasses.replace(freeze, files=files)))
        return dataclasses.replace(prepared, freeze=self._pinned[-1][1])


def _freeze_key(source: Source) -> tuple[object, ...]:
    """Equal for runs whose project is frozen alike, and whose program is looked up in the same shell."""
    plan = source.plan
    path = plan.env.get("PATH"), plan.env.get("PYTHONPATH"), plan.env.get("VIRTUAL_ENV")
    env = str(sorted(plan.env.items())) if plan.environment else str(path)
    return (
        source.project, source.cwd, plan.workspace, tuple(plan.inputs), env, str(sorted(plan.environment.items())),
        tuple(item.path for item in plan.deliverables),
    )  # fmt: skip


def representatives(wanted: Sequence[Source]) -> list[Source]:
    """One source of each kind of freeze, for whoever has to ask about its folders."""
    return list({_freeze_key(source): source for source in reversed(wanted)}.values())[::-1]
