"""Lines that tell of an error, for going from one to the next."""

from __future__ import annotations

import re

from orp_tui.logs.lines import ROW_LIMIT
from orp_tui.logs.literal import Literal
from orp_tui.logs.match import Matcher, Search, any_of

_ERROR_WORDS = (
    *(b"Traceback", b"rror", b"RROR", b"Exception", b"FATAL", b"fatal", b"CRITICAL", b"CUDA", b"emory"),
    *(b"OOM", b"NaN", b"nan", b"Killed", b"egmentation", b"core dumped", b"panic"),
)
_ERROR = re.compile(
    rb"Traceback \(most recent|\bERROR\b|\b[Ee]rror\b[^=_]|[a-z](?:Error|Exception)\b|\b(?:FATAL|CRITICAL|fatal)\b"
    rb"|CUDA (?:error|out)|\b[Oo]ut of memory\b|\bOOM\b|\b(?:NaN|nan)\b|\bKilled\b|[Ss]egmentation fault"
    rb"|core dumped|\bpanic"
)


class ErrorMatcher(Matcher):
    """Lines that tell of an error, in the words of Python, PyTorch, CUDA and the system."""

    def __init__(self) -> None:
        super().__init__("error", ignore_case=False)

    def searcher(self) -> Search:
        words = any_of([Literal(word) for word in _ERROR_WORDS])

        def hits(data: bytes) -> list[int]:
            likely = words(data)
            ends = (data.find(b"\n", begin, begin + ROW_LIMIT) for begin in likely)
            return [
                begin
                for begin, end in zip(likely, ends, strict=True)
                if _ERROR.search(data, begin, end if end >= 0 else begin + ROW_LIMIT)
            ]

        return hits
