"""A frozen tree and its `source.json` → the plan from which the same workspace is filled again.

For a retry, a resume and a reproduction: what ran is what runs again, whatever became of the
project meanwhile.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from orp_tui.core.errors import SubmitRefused
from orp_tui.workspace import gitfacts, sources
from orp_tui.workspace.gitdiff import Diff
from orp_tui.workspace.plan import FreezePlan, LeftOut, LinkedInput, PlannedFile
from orp_tui.workspace.sources import FrozenTree, TreeFile

Json = dict[str, Any]  # Any: values as JSON gives them


def thaw(record: Json, stored: Path) -> FreezePlan:
    """The plan of a run that was submitted before; `stored` is the folder of all frozen trees.

    Raises SubmitRefused if its tree is gone, or if its record is too old to be thawed.
    """
    project = Path(record["project"])
    if record["kind"] != "isolated":
        return FreezePlan(record["kind"], project, record["cwd"])
    tree = sources.load_tree(stored, record["tree"]["sha256"]) if record.get("tree") else None
    if tree is None:
        raise SubmitRefused(
            f"the frozen code of that run is gone from {stored}; submit it anew, or with --current-code"
        )
    if "folders" not in record:
        raise SubmitRefused(
            "that run was submitted by an ORP that kept too little to run it again; submit it anew"
        )
    return FreezePlan(
        kind="isolated",
        project=project,
        cwd=record["cwd"],
        files=tuple(_planned(file, tree, record) for file in tree.files),
        inputs=tuple(LinkedInput(**item) for item in record["linked"]),
        folders=tuple(record["folders"]),
        left_out=tuple(LeftOut(**item) for item in record["left_out"]),
        secrets=tuple(LeftOut(**item) for item in record["secrets_left_out"]),
        outputs=tuple(record["outputs"]),
        untracked=tuple(record["untracked"]),
        tracked_absent=tuple(record["tracked_absent"]),
        repository=_repository(project, record),
        diff=_diff(record),
    )


def _planned(file: TreeFile, tree: FrozenTree, record: Json) -> PlannedFile:
    return PlannedFile(
        path=file.path,
        source=str(tree.path / file.path),
        size=file.size,
        executable=file.mode == "100755",
        link=file.link,
        tracked=file.path not in record["untracked"],
    )


def _repository(project: Path, record: Json) -> gitfacts.Repository | None:
    """The project's repository at the frozen commit; None if it is no repository any more."""
    git = record.get("git")
    if git is None or not project.is_dir():
        return None
    repository = gitfacts.find_repository(project)
    if repository is None:
        return None
    return dataclasses.replace(repository, commit=git["commit"], branch=git["branch"])


def _diff(record: Json) -> Diff:
    git = record.get("git") or {}
    return Diff(
        text=git.get("diff", ""),
        added=git.get("added", 0),
        removed=git.get("removed", 0),
        truncated=git.get("diff_truncated", False),
    )
