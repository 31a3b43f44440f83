"""The process that asks the GPU driver: `python -P -m orp_tui.hardware.sampler`.

For each line on stdin, `{"skip": [samples of GPUs to leave alone]}`, it writes lines to
stdout: `{"looking": PLACE}` before it touches a GPU, and last the report. It ends when
stdin does, so it outlives nobody.
"""

from __future__ import annotations

import json
import os
import sys

from orp_tui.hardware import amd
from orp_tui.hardware.gpus import GpuReport, GpuSample
from orp_tui.hardware.nvml import Looking, NvmlSource


def look(source: NvmlSource, skip: list[GpuSample], looking: Looking) -> GpuReport:
    """One look through NVML; through sysfs where there is no NVIDIA GPU but an AMD one."""
    report = source.sample(skip, looking)
    if not report.gpus and amd.has_cards():
        return amd.sample()
    return report


def main() -> None:
    """Answer until nobody asks any more. The argument `here` or `elsewhere` says where the driver's pids are."""
    host_pids = {"here": True, "elsewhere": False}.get(sys.argv[1] if len(sys.argv) > 1 else "")
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever a driver's library prints may not come between the answers
    source = NvmlSource(host_pids=host_pids)

    def say(value: object) -> None:
        answers.write(json.dumps(value) + "\n")
        answers.flush()

    for line in sys.stdin:
        skip = [GpuSample.from_json(item) for item in json.loads(line)["skip"]]
        report = look(source, skip, lambda place: say({"looking": place}))
        say(report.to_json())


if __name__ == "__main__":
    try:
        main()
    except (BrokenPipeError, KeyboardInterrupt):
        os._exit(0)
