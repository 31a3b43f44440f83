"""A workspace's own `.git`: HEAD at the frozen commit, objects borrowed from the project.

Tools that look for a repository then report what runs, and nothing they do reaches the project's.
It is made once for a tree and commit, and copied into each workspace.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
from pathlib import Path

from orp_tui.workspace import gitfacts
from orp_tui.workspace.git import run_git
from orp_tui.workspace.gitfacts import Repository
from orp_tui.workspace.plan import FreezePlan
from orp_tui.workspace.sources import FrozenTree, remove_tree, sync_file_system

_LAYOUT = 1
"""Part of the key; changes with what `_build` writes."""


def prepare(tree: FrozenTree, plan: FreezePlan) -> Path | None:
    """Folder to copy a workspace's `.git` from; None for a project without git.

    Raises SubmitRefused if git can't make the index.
    """
    repository = plan.repository
    if repository is None:
        return None
    ready = tree.folder / f"git-{_key(repository, plan)}"
    if ready.is_dir():
        return ready
    aside = tree.folder / f".git-{secrets.token_hex(8)}"
    try:
        _build(aside, repository, plan)
        sync_file_system(aside)
        try:
            os.rename(aside, ready)
        except OSError:
            if not ready.is_dir():
                raise
    finally:
        remove_tree(aside)
    return ready


def _key(repository: Repository, plan: FreezePlan) -> str:
    facts = [
        _LAYOUT,
        repository.commit,
        repository.prefix,
        str(repository.objects),
        [
            _stamp(repository.common_dir / name)
            for name in ("packed-refs", "refs/tags", "shallow", "config", "info/exclude")
        ],
        plan.tracked_absent,
        [item.path for item in plan.inputs],
    ]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]


def _stamp(path: Path) -> list[int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return [status.st_mtime_ns, status.st_size]


def _build(git: Path, repository: Repository, plan: FreezePlan) -> None:
    for folder in ("objects/info", "objects/pack", "refs/heads", "refs/tags", "info"):
        (git / folder).mkdir(parents=True)
    (git / "HEAD").write_text(f"{repository.commit}\n" if repository.commit else "ref: refs/heads/main\n")
    (git / "config").write_text(_config(repository))
    (git / "objects" / "info" / "alternates").write_bytes(os.fsencode(repository.objects) + b"\n")
    (git / "info" / "exclude").write_bytes(_excludes(repository, plan))
    if (repository.common_dir / "shallow").is_file():
        shutil.copyfile(repository.common_dir / "shallow", git / "shallow")
    if repository.commit:
        (git / "packed-refs").write_bytes(_packed_tags(repository))
        _make_index(git, repository, plan)


def _config(repository: Repository) -> str:
    version = 1 if repository.object_format != "sha1" else 0
    lines = ["[core]", f"\trepositoryformatversion = {version}", "\tbare = false", "\tfilemode = true"]
    if version:
        lines += ["[extensions]", f"\tobjectFormat = {repository.object_format}"]
    url = gitfacts.remote_url(repository)
    if url:
        # JSON's escapes for quotes and backslashes are git's.
        lines += ['[remote "origin"]', f"\turl = {json.dumps(url, ensure_ascii=False)}"]
    return "\n".join(lines) + "\n"


def _excludes(repository: Repository, plan: FreezePlan) -> bytes:
    """Links and whatever the training writes: what ORP put there is no change of the project."""
    own = repository.common_dir / "info" / "exclude"
    lines = [own.read_bytes().rstrip(b"\n")] if own.is_file() else []
    if repository.prefix:
        lines.append(b"/*")
    lines += [os.fsencode(gitfacts.pattern_for(item.path)) for item in plan.inputs]
    return b"\n".join(lines) + b"\n"


def _packed_tags(repository: Repository) -> bytes:
    """All tags, for `git describe`; a tag object's line is followed by what it names."""
    out = run_git(repository.project, ["for-each-ref", "--format=%(objectname) %(refname) %(*objectname)", "refs/tags"])  # fmt: skip
    lines = [b"# pack-refs with: peeled fully-peeled sorted "]
    for line in out.splitlines():
        object_id, name, *peeled = line.split(b" ")
        lines.append(object_id + b" " + name)
        lines += [b"^" + item for item in peeled if item]
    return b"\n".join(lines) + b"\n"


def _make_index(git: Path, repository: Repository, plan: FreezePlan) -> None:
    """The commit's files. Those that the workspace shows in another way count as unchanged.

    Where the project is a folder inside its repository, the paths of the commit don't exist in
    the workspace at all; then every file counts as unchanged.
    """
    where = {"GIT_DIR": str(git), "GIT_WORK_TREE": str(git)}
    run_git(git, ["read-tree", "HEAD"], environment=where)
    listed = run_git(git, ["ls-files", "-z"], environment=where)
    if repository.prefix:
        hidden = listed
    else:
        known = frozenset(listed.split(b"\0"))
        absent = (os.fsencode(path) for path in (*plan.tracked_absent, *_sparse(repository)))
        hidden = b"".join(path + b"\0" for path in absent if path in known)
    if hidden:
        run_git(git, ["update-index", "--skip-worktree", "-z", "--stdin"], given=hidden, environment=where)


def _sparse(repository: Repository) -> list[str]:
    if not (repository.git_dir / "info" / "sparse-checkout").is_file():
        return []
    return [entry.path for entry in gitfacts.list_files(repository.project).tracked if entry.skip_worktree]
