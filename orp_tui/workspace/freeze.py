"""What of a project goes into a run's workspace: looked at here, written by others.

`plan_freeze` changes nothing and never raises for what the user can put right: refusals and
questions stand in the plan, so that `--dry-run` can show all of it and a terminal can ask.
`FreezePlan.refuse` turns them into the error.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable, Sequence
from pathlib import Path

from orp_tui.core.checklist import Deliverable
from orp_tui.core.errors import SubmitRefused
from orp_tui.core.layout import BasePaths
from orp_tui.workspace import candidates, gitfacts
from orp_tui.workspace.filecache import FileCache
from orp_tui.workspace.gathering import Gathered, gather
from orp_tui.workspace.gitdiff import NO_DIFF, Diff, read_diff
from orp_tui.workspace.inputs import resolve_inputs
from orp_tui.workspace.outputs import OutputPaths
from orp_tui.workspace.own_folders import count_files, parts_in_use
from orp_tui.workspace.plan import (
    FreezeLimits,
    FreezePlan,
    LeftOut,
    LinkedInput,
    Question,
    WorkspaceAnswers,
    all_parents,
    is_within,
    is_within_any,
)
from orp_tui.workspace.secretscan import find_in_diff

_INSTEAD = "Take it from the environment instead: training.env_file, or {from_env: NAME} in training.env."

OUTPUT_FOLDER = "outputs"
"""What $ORP_OUTPUT_DIR names, inside the workspace."""


def plan_freeze(
    project: Path,
    cwd: Path,
    *,
    base_dirs: BasePaths,
    kind: str = "isolated",
    deliverables: Sequence[Deliverable] = (),
    inputs: Sequence[str] = (),
    answers: WorkspaceAnswers | None = None,
    limits: FreezeLimits | None = None,
    cache: FileCache | None = None,
) -> FreezePlan:
    """Everything a submit from `cwd` would copy, link, make, leave out, ask and refuse.

    `deliverables` and `inputs` are relative to `cwd`. With `in_place` and `shared` nothing is
    copied and only the facts of git are looked up. 300,000 small files in one folder take
    about a second.

    Raises SubmitRefused where there is nothing to plan: a folder that is no project, a
    repository that git can't read.
    """
    project, cwd = Path(os.path.realpath(project)), Path(os.path.realpath(cwd))
    if not cwd.is_relative_to(project):
        raise SubmitRefused(f"{cwd} lies outside the project {project}")
    near = "" if cwd == project else cwd.relative_to(project).as_posix()
    repository = gitfacts.find_repository(project)
    if kind != "isolated":
        diff = _diff(repository, ())
        return FreezePlan(
            kind, project, near, refusals=_diff_refusals(diff), repository=repository, diff=diff
        )
    return _Freeze(
        project,
        near,
        base_dirs,
        deliverables,
        inputs,
        answers or WorkspaceAnswers(),
        limits or FreezeLimits(),
        cache,
    ).plan(repository)


class _Freeze:
    """One planning: what was found so far, and what is said of it."""

    def __init__(
        self,
        project: Path,
        cwd: str,
        base_dirs: BasePaths,
        deliverables: Sequence[Deliverable],
        inputs: Sequence[str],
        answers: WorkspaceAnswers,
        limits: FreezeLimits,
        cache: FileCache | None,
    ) -> None:
        self.project, self.cwd, self.limits = project, cwd, limits
        self.cache = cache or FileCache(None)
        self.own = [_relative(folder, project) for folder in parts_in_use(base_dirs)]
        self.own_inside = [path for path in self.own if path]
        self.base = _relative(base_dirs.base, project)
        outputs = [posixpath.normpath(path) for path in answers.outputs]
        self.outputs = OutputPaths(cwd, [item.path for item in deliverables], [*outputs, OUTPUT_FOLDER])
        self.answered_outputs = outputs
        self.links, wrong = resolve_inputs(project, cwd, inputs, answers.inputs, self.own_inside)
        self.refusals = wrong
        self.left_out: list[LeftOut] = []
        self.folders: set[str] = set()
        self.questions: list[Question] = []
        self.other_own: set[str] = set()
        """What is of ORP beside the base directory in use."""

    def plan(self, repository: gitfacts.Repository | None) -> FreezePlan:
        skipped = [*self.own_inside, *self.answered_outputs, *(link.path for link in self.links)]
        found = candidates.from_git(repository, skipped) if repository else None
        if found is None:
            repository = None
            found = candidates.from_scan(self.project, skipped, self.limits)
        self.other_own = found.own
        self.left_out += [LeftOut(path, "of another base directory") for path in found.own]
        candidates.set_environments_apart(found, self.project)
        candidates.set_large_apart(found, self.limits)
        self._link_environments(found.environments)
        self._judge_folders(found)
        self._note_files(found)
        gathered = gather(self.project, found, self.links, self.outputs, self.limits, self.cache)
        self._make_folders(found)
        diff = _diff(repository, [item.path for item in found.submodules if item.present])
        self.refusals += [*gathered.refusals, *_diff_refusals(diff)]
        return self._result(found, gathered, repository, diff)

    def _result(
        self,
        found: candidates.Candidates,
        gathered: Gathered,
        repository: gitfacts.Repository | None,
        diff: Diff,
    ) -> FreezePlan:
        return FreezePlan(
            kind="isolated",
            project=self.project,
            cwd=self.cwd,
            files=tuple(sorted(gathered.files, key=lambda file: file.path)),
            inputs=tuple(sorted(self.links, key=lambda link: link.path)),
            folders=tuple(sorted(path for path in self.folders if not self._is_linked(path))),
            left_out=tuple(sorted([*self.left_out, *gathered.left_out], key=lambda item: item.path)),
            secrets=tuple(sorted(gathered.secrets, key=lambda item: item.path)),
            questions=tuple(sorted([*self.questions, *gathered.questions], key=lambda item: item.path)),
            refusals=tuple(self.refusals),
            deliverables=self.outputs.deliverables,
            outputs=self.outputs.outputs,
            elsewhere=tuple(self.project / path for path in (*self.own_inside, *sorted(found.own))),
            untracked=tuple(file.path for file in gathered.files if not file.tracked),
            tracked_absent=tuple(sorted(gathered.tracked_absent)),
            repository=repository,
            diff=diff,
            submodules=tuple(found.submodules),
        )

    def _is_linked(self, path: str) -> bool:
        return is_within_any(path, (link.path for link in self.links))

    def _link_environments(self, environments: Iterable[str]) -> None:
        """Software is no code of the project: `.venv/bin/python` works in the workspace as it does outside."""
        for path in environments:
            if not self._is_linked(path):
                self.links.append(LinkedInput(path, str(self.project / path), software=True))

    def _judge_folders(self, found: candidates.Candidates) -> None:
        """Ignored and large folders: output, input, of no interest, or a question."""
        for path in found.ignored_folders:
            self._judge(path, "ignored by git")
        for path, why in found.large_folders.items():
            self._judge(path, why)

    def _judge(self, path: str, why: str) -> None:
        if self._is_linked(path):
            return
        if candidates.is_cache(path):
            self.left_out.append(LeftOut(path, "a cache"))
            return
        self.folders.add(path)
        if is_within(self.base, path) and self.base:
            self.left_out.append(LeftOut(path, f"{why}; holds the runs"))
        elif self.outputs.touches(path):
            self.left_out.append(LeftOut(path, "an output: fresh and empty in every run"))
        elif any(is_within(link.path, path) for link in self.links):
            self.left_out.append(LeftOut(path, f"{why}; only its inputs are linked"))
        elif count := count_files(self.project, path, self.limits.max_folder_entries, self.other_own):
            over = self.limits.max_folder_entries
            many = f"over {over:,} files" if count > over else f"{count:,} file{'s' if count > 1 else ''}"
            self.questions.append(Question(path, why if "file" in why else f"{why}, {many}"))

    def _note_files(self, found: candidates.Candidates) -> None:
        """Single files that stay behind; their folders exist, because the script may write there."""
        for paths, why in (
            (found.ignored_files, "ignored by git"),
            (found.plain_files, "no suffix of code or configuration"),
        ):
            for path in paths:
                if candidates.is_cache(path) or is_within_any(path, self.own_inside):
                    continue
                self.left_out.append(LeftOut(path, why))
                self.folders |= all_parents([path])

    def _make_folders(self, found: candidates.Candidates) -> None:
        existing = (path for path in self.outputs.parents() if (self.project / path).is_dir())
        outputs = (path for path in self.answered_outputs if (self.project / path).is_dir())
        empty = (path for path in found.empty_folders if not is_within_any(path, self.own_inside))
        self.folders |= {*existing, *outputs, *empty}
        if self.cwd:
            self.folders.add(self.cwd)


def _relative(path: Path, project: Path) -> str:
    """Relative to the project; empty for a path outside it or the project itself."""
    real = Path(os.path.realpath(path))
    return real.relative_to(project).as_posix() if real != project and real.is_relative_to(project) else ""


def _diff(repository: gitfacts.Repository | None, submodules: Iterable[str]) -> Diff:
    if repository is None:
        return NO_DIFF
    parts = [read_diff(repository)]
    parts += [read_diff(repository, path) for path in submodules]
    return Diff(
        text="".join(part.text for part in parts),
        added=sum(part.added for part in parts),
        removed=sum(part.removed for part in parts),
        truncated=any(part.truncated for part in parts),
    )


def _diff_refusals(diff: Diff) -> tuple[str, ...]:
    hits = find_in_diff(diff.text)
    if not hits:
        return ()
    lines = "\n".join(f"  {hit}" for hit in hits)
    return (
        f"A change that is not committed holds a secret, which a frozen run would keep:\n{lines}\n"
        + _INSTEAD,
    )
