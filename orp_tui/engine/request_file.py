"""Read `request.json`."""

from __future__ import annotations

from orp_tui.core.layout import RunPaths
from orp_tui.core.request import RunRequest
from orp_tui.files.atomic import read_json


def read_request(folder: RunPaths) -> RunRequest:
    """What was asked for.

    Raises OSError, ValueError or KeyError if the file is missing or damaged.
    """
    data = read_json(folder.request)
    if data is None:
        raise FileNotFoundError(folder.request)
    return RunRequest.from_json(data)
