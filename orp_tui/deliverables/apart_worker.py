"""The child of `deliverables.apart`: one check, made from a request on stdin, answered on stdout.

Run by its path with `python -I`; the module path of the parent comes with the request.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys


def main() -> None:
    """Read the request, make the check, write the answer behind a mark."""
    request = json.load(sys.stdin.buffer)
    sys.path[:] = request["path"]
    _die_with(request["parent"])
    if request["memory"]:
        resource.setrlimit(resource.RLIMIT_AS, (request["memory"], request["memory"]))
    # What a plug-in prints goes to the same pipe; the answer is what stands behind the last mark.
    answer = json.dumps(_result(request))
    sys.stdout.flush()
    sys.stderr.flush()
    os.write(1, b"\norp-answer:" + answer.encode())
    os._exit(0)  # nothing that a library registered for the end may write behind the answer


def _result(request: dict[str, object]) -> dict[str, object]:
    from orp_tui.deliverables.evaluate import answer_request

    return answer_request(request)


def _die_with(parent: int) -> None:
    """Be killed when the parent is, so that no check outlives its run's finaliser."""
    import ctypes

    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    if os.getppid() != parent:
        os._exit(1)


main()
