"""A process of its own that searches lines for a regular expression: one that never ends ends with it.

Run by its path with `python -I -S`. A request is a line of JSON, `{"pattern": …, "lines": […]}`; the answer
is one too, `{"found": [[place, {group: text}], …]}` or `{"error": …}`. Each request may take some
seconds of processor time; then the kernel ends the process, whatever the matching is doing.
"""

from __future__ import annotations

import json
import re
import resource
import signal
import sys

TIME_S = 1.0
MEMORY = 1 << 30


def main() -> None:
    """Answer requests until there are no more."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for request in sys.stdin.buffer:
        signal.setitimer(signal.ITIMER_VIRTUAL, TIME_S)  # its signal is not handled: it kills
        answer = _answer(json.loads(request))
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
        sys.stdout.buffer.flush()


def _answer(request: dict[str, object]) -> dict[str, object]:
    try:
        search = re.compile(str(request["pattern"])).search
        lines = request["lines"]
        assert isinstance(lines, list)
        matches = ((place, search(line)) for place, line in enumerate(lines))
        return {"found": [[place, match.groupdict()] for place, match in matches if match]}
    except (re.error, OverflowError, RecursionError, MemoryError) as error:
        return {"error": str(error) or type(error).__name__}


if __name__ == "__main__":
    main()
