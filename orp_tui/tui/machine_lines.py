"""GPUs, host, runs and queue as lines of a given width: pure, values in, lines out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from orp_tui.core.ids import with_short_ids
from orp_tui.core.sanitise import cell_width, one_line
from orp_tui.core.states import RunState
from orp_tui.core.words import roughly, size
from orp_tui.services.machine import GpuLook, GpuUser, HostLook, MachineLook
from orp_tui.services.system import SystemLook
from orp_tui.tui.format import local_time
from orp_tui.tui.rows import elapsed_words
from orp_tui.tui.widgets.meters import bar, curve, gigabytes, short_id
from orp_tui.tui.widgets.page_view import Line, line

_BLOCK = 72
"""Cells from which a GPU has lines of its own for load and memory."""
_LINES_OF_A_GPU, _LINES_BESIDE = 4, 8
_HOT_C = 85


def machine_lines(
    look: MachineLook, width: int, *, height: int = 1_000, ascii_only: bool = False
) -> Iterator[Line]:
    """GPUs and who is on them, the host, and what each run takes.

    Each GPU has four lines if `width` and `height` have room for that, else one.
    """
    is_full = width >= _BLOCK and height >= _LINES_OF_A_GPU * len(look.gpus) + _LINES_BESIDE
    yield line("GPUs (made up by ORP_FAKE_GPUS)" if look.is_fake else "GPUs", "heading")
    if look.no_gpus:
        yield line(one_line(look.no_gpus, width), "quiet" if look.no_gpus == "no GPU" else "warning")
    for gpu in look.gpus:
        yield from (_gpu if is_full else _gpu_in_a_line)(gpu, width, ascii_only=ascii_only)
    users = [(gpu.index, user) for gpu in look.gpus for user in gpu.users]
    if users:
        yield line()
        yield line("Programs on the GPUs", "heading")
        yield from _users(users, width)
    yield line()
    yield from host_lines(look.host, width, ascii_only=ascii_only)
    if look.runs:
        yield line()
        yield line("Runs on this machine", "heading")
        yield from _runs(look, width)


def _gpu_in_a_line(gpu: GpuLook, width: int, *, ascii_only: bool) -> Iterator[Line]:
    """Load, memory, who has it."""
    if gpu.trouble is not None:
        yield _lost(gpu, width)
        return
    words = f"{gpu.index} {bar(gpu.utilisation, 7, ascii_only=ascii_only)}{_load(gpu)} {_memory(gpu)}"
    room = width - cell_width(words) - 1
    holders = one_line(_holders(gpu, booked=room >= 28), max(1, room))
    yield Line(((words + " ", "text"), (holders, _holder_style(gpu))))


def _gpu(gpu: GpuLook, width: int, *, ascii_only: bool) -> Iterator[Line]:
    """Name and heat, load with a curve, memory, who has it."""
    if gpu.trouble is not None:
        yield _lost(gpu, width)
        return
    share = gpu.used_bytes / gpu.total_bytes if gpu.used_bytes is not None and gpu.total_bytes else None
    shown = curve(gpu.history, min(60, max(4, width - 36)), ascii_only=ascii_only)
    yield Line(
        (
            (_padded(f"{gpu.index}  {one_line(gpu.name, 30)}", 36), "text"),
            (_heat(gpu), "warning" if _is_hot(gpu) else "quiet"),
        )
    )
    load = f"{bar(gpu.utilisation, 12, ascii_only=ascii_only)} {_load(gpu)}   "
    yield Line((("   load    ", "label"), (load, "text"), (shown, "heading")))
    memory = f"{bar(share, 12, ascii_only=ascii_only)} {_memory(gpu)}"
    yield Line((("   memory  ", "label"), (memory, "text")))
    label = "           " if gpu.is_free else "   held by "
    yield Line(((label, "label"), (one_line(_holders(gpu), max(1, width - 11)), _holder_style(gpu))))


def _lost(gpu: GpuLook, width: int) -> Line:
    head = f"{gpu.index}  {one_line(gpu.name, 30)}  "
    return Line(((head, "text"), (one_line(gpu.trouble or "", max(1, width - cell_width(head))), "bad")))


def _load(gpu: GpuLook) -> str:
    return "   ?" if gpu.utilisation is None else f"{gpu.utilisation * 100:3.0f}%"


def _memory(gpu: GpuLook) -> str:
    return f"{gigabytes(gpu.used_bytes)}/{gigabytes(gpu.total_bytes or None)}"


def _heat(gpu: GpuLook) -> str:
    parts = [
        f"{gpu.temperature_c:.0f} C" if gpu.temperature_c is not None else "",
        f"{gpu.power_w:.0f} W" if gpu.power_w is not None else "",
    ]
    return "  ".join(part for part in parts if part)


def _is_hot(gpu: GpuLook) -> bool:
    return gpu.temperature_c is not None and gpu.temperature_c >= _HOT_C


def _holders(gpu: GpuLook, *, booked: bool = True) -> str:
    """Runs that booked it, then strangers; `free` if nobody is there."""
    strangers: dict[str, int] = {}
    for user in gpu.users:
        if not user.is_run or user.who not in gpu.runs:
            strangers[user.who] = strangers.get(user.who, 0) + (user.bytes or 0)
    words = [*gpu.runs, *(f"{who} ({gigabytes(count)})" for who, count in strangers.items())]
    if gpu.booked_bytes and not gpu.runs:
        words.insert(0, "a run of another queue")
    said = ", ".join(words) or "free"
    return f"{said}, {gigabytes(gpu.booked_bytes)} booked" if booked and gpu.booked_bytes else said


def _holder_style(gpu: GpuLook) -> str:
    if gpu.is_free:
        return "quiet"
    is_strange = any(not user.is_run for user in gpu.users)
    return "warning" if is_strange else "good"


def _users(users: Sequence[tuple[int, GpuUser]], width: int) -> Iterator[Line]:
    rows = [("GPU", "PID", "RUN OR USER", "PROGRAM", "MEMORY")]
    rows += [
        (
            str(index),
            "?" if user.pid is None else str(user.pid),
            one_line(user.who, 26) + (f" of {one_line(user.user, 12)}" if user.is_run and user.user else ""),
            one_line(user.command, 20) or "?",
            size(user.bytes),
        )
        for index, user in users
    ]
    yield from table(rows, width, right=(4,))


def host_lines(host: HostLook, width: int, *, ascii_only: bool = False) -> Iterator[Line]:
    """CPUs, memory and the disk of the runs."""
    yield line("Host", "heading")
    room = min(60, max(0, width - 46))
    load = f"load {host.load:.1f}" if host.load is not None else ""
    busy = "    ?" if host.cpu_busy is None else f"{host.cpu_busy * 100:4.0f}%"
    yield Line(
        (
            ("cpu     ", "label"),
            (
                _padded(f"{bar(host.cpu_busy, 12, ascii_only=ascii_only)}{busy} of {host.cpus}, {load}", 37),
                "text",
            ),
            (curve(host.history, room, ascii_only=ascii_only) if room >= 8 else "", "heading"),
        )
    )
    if host.memory_total and host.memory_available is not None:
        used = host.memory_total - host.memory_available
        share = used / host.memory_total
        words = f"{bar(share, 12, ascii_only=ascii_only)} {gigabytes(used)} of {gigabytes(host.memory_total)} in use"
        yield Line((("memory  ", "label"), (words, "warning" if share > 0.95 else "text")))
    if host.disk_total and host.disk_free is not None:
        share = 1 - host.disk_free / host.disk_total
        words = f"{bar(share, 12, ascii_only=ascii_only)} {gigabytes(host.disk_free)} of {gigabytes(host.disk_total)} free"
        yield Line((("disk    ", "label"), (words, "warning" if share > 0.95 else "text")))
    if host.disk_words:
        yield Line((("        ", "label"), (one_line(host.disk_words, max(1, width - 8)), "warning")))


def _runs(look: MachineLook, width: int) -> Iterator[Line]:
    rows = [("RUN", "NAME", "GPU", "PROCS", "CPUS", "MEMORY")]
    rows += [
        (
            short_id(use.run_id),
            one_line(use.name, 30),
            ",".join(map(str, use.cards)) or "-",
            str(use.processes),
            "?" if use.cpus is None else f"{use.cpus:.1f}",
            size(use.memory),
        )
        for use in look.runs
    ]
    yield from table(rows, width, right=(3, 4, 5))


def queue_lines(
    look: SystemLook, width: int, *, bytes_sent: int | None = None, bytes_per_s: float | None = None
) -> Iterator[Line]:
    """Who leads, what is free, what happened last, and what the dashboard itself costs."""
    yield line("Queue", "heading")
    yield from _leader(look, width)
    yield line()
    yield line("This dashboard", "heading")
    memory = "?" if look.own_memory is None else size(look.own_memory)
    yield _pair("memory", memory)
    if bytes_sent is not None:
        rate = "" if bytes_per_s is None else f", {size(bytes_per_s)} a second"
        yield _pair("sent", f"{size(bytes_sent)} to the terminal{rate}")
    if look.events:
        yield line()
        yield line("What happened, the newest first", "heading")
        for event in look.events:
            said = f"  {event.detail}" if event.detail else ""
            words = f"{short_id(event.run_id)}  {event.kind} by {event.actor}{said}"
            moment = local_time(event.at, with_seconds=True)
            yield Line(((f"{moment}  ", "label"), (one_line(words, max(1, width - len(moment) - 2)), "text")))


def _leader(look: SystemLook, width: int) -> Iterator[Line]:
    seen = look.seen
    if seen is None:
        yield line(one_line("nothing was ever run here", width), "quiet")
        return
    if seen.leader is None:
        yield Line(
            (
                ("led by    ", "label"),
                (one_line("nobody: nothing starts; `orp queue start`", max(1, width - 10)), "warning"),
            )
        )
    else:
        yield _pair("led by", one_line(str(seen.leader), max(1, width - 10)))
        up = elapsed_words(look.machine.at - seen.leader.since)
        yield _pair(
            "since",
            one_line(
                f"{local_time(seen.leader.since)}, {up}; version {seen.leader.version}", max(1, width - 10)
            ),
        )
    taken = sum(item.state.is_active for item in seen.unfinished)
    waiting = sum(item.state is RunState.QUEUED for item in seen.unfinished)
    yield _pair("slots", f"{taken} of {seen.slots} taken, {waiting} waiting")
    if seen.paused is not None:
        yield Line((("paused    ", "label"), (one_line(seen.paused, max(1, width - 10)), "warning")))
    next_up = next((item for item in seen.unfinished if item.state is RunState.QUEUED), None)
    if next_up is not None:
        when = f"in {roughly(next_up.starts_in_s)}: " if next_up.starts_in_s is not None else ""
        said = f"{short_id(next_up.run.id)} {when}{next_up.detail or 'free to start'}"
        yield _pair("next", one_line(with_short_ids(said), max(1, width - 10)))


def _pair(label: str, text: str) -> Line:
    return Line(((f"{label:<10}", "label"), (text, "text")))


def table(rows: Sequence[Sequence[str]], width: int, *, right: Sequence[int] = ()) -> Iterator[Line]:
    """Rows in columns under their heading; the widest column gives way where there is too little room."""
    widths = [max(cell_width(row[at]) for row in rows) for at in range(len(rows[0]))]
    over = sum(widths) + 2 * (len(widths) - 1) - width
    if over > 0:
        widest = widths.index(max(widths))
        widths[widest] = max(4, widths[widest] - over)
    for place, row in enumerate(rows):
        cells = [
            _padded(one_line(text, widths[at]), widths[at], right=at in right) for at, text in enumerate(row)
        ]
        yield line("  ".join(cells).rstrip(), "label" if not place else "text")


def _padded(text: str, width: int, *, right: bool = False) -> str:
    gap = " " * max(0, width - cell_width(text))
    return gap + text if right else text + gap
