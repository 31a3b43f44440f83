"""Read `request.json`."""

from __future__ import annotations

from orp_tui.core.layout import RunPaths
from orp_tui.core.request import ArtifactRule, RunRequest, StopRule
from orp_tui.files.atomic import read_json


def read_request(folder: RunPaths) -> RunRequest:
    """What was asked for.

    Raises OSError, ValueError or KeyError if the file is missing or damaged.
    """
    data = read_json(folder.request)
    if data is None:
        raise FileNotFoundError(folder.request)
    return RunRequest.from_json(data)


def read_request_or_less(folder: RunPaths) -> tuple[RunRequest, bool]:
    """What was asked for, and whether that is all of it.

    A request that can't be read gives one that is enough to pack the run's folder: a training has the
    right to write there, and its logs are worth a zip all the same.
    """
    try:
        return read_request(folder), True
    except (OSError, ValueError, KeyError, TypeError):
        return _least(folder), False


def _least(folder: RunPaths) -> RunRequest:
    return RunRequest(
        id=folder.run_id,
        name=folder.run_id,
        description="",
        submitted_at=0.0,
        submitted_by="",
        project="",
        workspace="isolated",
        cwd=str(folder.workspace),
        argv=(),
        shell=False,
        seed=None,
        config={},
        stop=StopRule(),
        timeout_s=None,
        stall_s=None,
        leftovers="kill",
        deliverables=(),
        artifacts=ArtifactRule(),
        env_file=None,
        secret_names=(),
        tree=None,
        priority=0,
        umask=0o077,
        experiment={},
        experiment_sha256="",
        config_sha256="",
    )
