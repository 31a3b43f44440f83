"""GPUs and host on one line; bars and curves of blocks for those who have more room."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

from orp_tui.core.sanitise import cell_width, one_line

if TYPE_CHECKING:
    from orp_tui.services.machine import GpuLook, HostLook, MachineLook

_GIB = 1 << 30
_HOT_C = 85
_LITTLE_DISK = 0.05
_SOON_S = 3600.0
_NEWEST = 0.25
_EIGHTHS = " ▁▂▃▄▅▆▇█"
_ASCII_EIGHTHS = " ..::--=#"


@dataclasses.dataclass(frozen=True)
class Part:
    """Words of the strip, and the style class that tells what they mean again."""

    text: str
    style: str = "text"
    """text, quiet or warning."""


class Steady:
    """Numbers that stay as they were shown until they have moved by a step: a quiet line sends nothing."""

    def __init__(self) -> None:
        self._shown: dict[str, float] = {}
        self._means: dict[str, float] = {}

    def mean(self, name: str, value: float) -> float:
        """The mean of the last looks, the newer the weightier: what jumps about at each look is not news."""
        mean = self._means.get(name, value)
        self._means[name] = mean + _NEWEST * (value - mean)
        return self._means[name]

    def __call__(self, name: str, value: float, step: float) -> float:
        """The value to show. The ends 0 and 1 of a share are always shown at once."""
        before = self._shown.get(name)
        if before is not None and abs(value - before) < step and value not in (0.0, 1.0):
            return before
        self._shown[name] = value
        return value


class MachineStrip(Widget):
    """The second line of the dashboard. Drawn again only when its words change."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"strip--text", "strip--quiet", "strip--warning"}
    DEFAULT_CSS = """
    MachineStrip { height: 1; width: 1fr; }
    """

    def __init__(self, *, ascii_only: bool = False, **options: Any) -> None:  # Any: as Widget takes them
        super().__init__(**options)
        self._ascii = ascii_only
        self._steady = Steady()
        self._look: MachineLook | None = None
        self._parts: tuple[Part, ...] = ()

    def show(self, look: MachineLook) -> None:
        """Show this look; nothing is sent if its words are those that stand there."""
        self._look = steadied(look, self._steady)
        self._lay_out()

    @property
    def words(self) -> str:
        """What stands there."""
        return "".join(part.text for part in self._parts)

    def on_resize(self) -> None:
        self._lay_out()

    def _lay_out(self) -> None:
        if self._look is None:
            return
        parts = strip_parts(self._look, self.size.width, ascii_only=self._ascii)
        if parts != self._parts:
            self._parts = parts
            self.refresh()

    def render_line(self, y: int) -> Strip:
        base = self.rich_style
        segments = [
            Segment(part.text, base + self.get_component_rich_style(f"strip--{part.style}", partial=True))
            for part in self._parts
        ]
        return Strip(segments).adjust_cell_length(self.size.width, base)


def steadied(look: MachineLook, steady: Steady) -> MachineLook:
    """The look with numbers that hardly moved as they were shown before."""
    gpus = tuple(
        dataclasses.replace(
            gpu,
            utilisation=None
            if gpu.utilisation is None
            else steady(f"{gpu.index} load", gpu.utilisation, 0.03),
            used_bytes=None
            if gpu.used_bytes is None
            else round(steady(f"{gpu.index} memory", gpu.used_bytes, 0.06 * _unit(gpu.used_bytes))),
            temperature_c=None
            if gpu.temperature_c is None
            else steady(f"{gpu.index} heat", gpu.temperature_c, 3.0),
            power_w=None if gpu.power_w is None else steady(f"{gpu.index} power", gpu.power_w, 10.0),
        )
        for gpu in look.gpus
    )
    host = look.host
    used = (host.memory_total or 0) - (host.memory_available or 0)
    return dataclasses.replace(
        look,
        gpus=gpus,
        host=dataclasses.replace(
            host,
            cpu_busy=None if host.cpu_busy is None else steady("cpu", steady.mean("cpu", host.cpu_busy), 0.1),
            load=None if host.load is None else steady("load", host.load, max(0.5, host.load * 0.1)),
            memory_available=None
            if host.memory_available is None
            else round((host.memory_total or 0) - steady("ram", used, 0.06 * _unit(used))),
            disk_free=None
            if host.disk_free is None
            else round(steady("disk", host.disk_free, 0.06 * _unit(host.disk_free))),
        ),
    )


def _unit(count: float) -> float:
    """What the last digit of `gigabytes` stands for, ten times."""
    return 10 * _GIB if count >= 10 * _GIB else _GIB


def strip_parts(look: MachineLook, width: int, *, ascii_only: bool = False) -> tuple[Part, ...]:
    """The line in at most `width` cells: as much of each GPU as there is room for, then the host."""
    dot = " | " if ascii_only else " · "
    host = _host_parts(look.host, dot)
    if not look.gpus:
        words = one_line(look.no_gpus or "no GPU", max(6, width // 2))
        style = "quiet" if words == "no GPU" else "warning"
        return _with_some((Part(words, style),), host, dot, width)
    for level in range(_LEVELS):
        gpus = _gpu_parts(look, level)
        rest = (Part(dot, "quiet"), *host)
        if _length(gpus) + _length(rest) <= width:
            return (*gpus, *rest)
        if _length(gpus) <= width:
            return _with_some(gpus, host, dot, width)
    return _fitted(_summary(look.gpus), width)


_LEVELS = 4


def _with_some(gpus: tuple[Part, ...], host: tuple[Part, ...], dot: str, width: int) -> tuple[Part, ...]:
    """The GPUs and as much of the host as fits behind them; warnings have their place first."""
    kept: tuple[Part, ...] = gpus
    for part in sorted(host, key=lambda part: part.style != "warning"):
        if (
            part.text.strip()
            and part.text != dot
            and _length(kept) + len(dot) + cell_width(part.text) <= width
        ):
            kept = (*kept, Part(dot, "quiet"), part)
    return kept


def _fitted(parts: Sequence[Part], width: int) -> tuple[Part, ...]:
    """As many cells of the parts as there is room for."""
    kept: list[Part] = []
    left = width
    for part in parts:
        if cell_width(part.text) > left:
            kept.append(Part(one_line(part.text, left), part.style))
            break
        kept.append(part)
        left -= cell_width(part.text)
    return tuple(kept)


def _length(parts: Sequence[Part]) -> int:
    return sum(cell_width(part.text) for part in parts)


def _gpu_parts(look: MachineLook, level: int) -> tuple[Part, ...]:
    """Every GPU: level 0 with memory and holder, 1 without the total, 2 load and holder, 3 load alone."""
    parts = [Part("made-up GPU " if look.is_fake and level == 0 else "GPU ", "quiet")]
    for place, gpu in enumerate(look.gpus):
        if place:
            parts.append(Part(" | " if level < 3 else " ", "quiet"))
        parts.append(_gpu_part(gpu, level))
    if look.no_gpus:
        parts.append(Part(f" | {one_line(look.no_gpus, 40)}", "warning"))
    return tuple(parts)


def _gpu_part(gpu: GpuLook, level: int) -> Part:
    if gpu.trouble is not None:
        return Part(f"{gpu.index}: {one_line(gpu.trouble, 20 if level < 2 else 8)}", "warning")
    holder = holder_words(gpu)
    if gpu.is_free and not gpu.utilisation and not (gpu.used_bytes or 0) > _GIB:
        return Part(f"{gpu.index}: free" if level < 3 else f"{gpu.index}:-", "quiet")
    load = "?" if gpu.utilisation is None else f"{gpu.utilisation * 100:.0f}%"
    words = f"{gpu.index}:{load:>3}"
    if level == 0:
        words += f" {gigabytes(gpu.used_bytes)}/{gigabytes(gpu.total_bytes or None)}"
    elif level == 1:
        words += f" {gigabytes(gpu.used_bytes)}"
    if level < 3 and holder:
        words += f" {one_line(holder, 16)}"
    is_hot = gpu.temperature_c is not None and gpu.temperature_c >= _HOT_C
    if is_hot and level < 3:
        words += f" {gpu.temperature_c:.0f}C!"
    return Part(words, "warning" if is_hot else "text")


def holder_words(gpu: GpuLook) -> str:
    """Who has the GPU, in a word: a run by the end of its id, a user; `+2` for further ones."""
    names = dict.fromkeys(
        [*map(short_id, gpu.runs), *(short_id(user.who) if user.is_run else user.who for user in gpu.users)]
    )
    if not names:
        return "other queue" if gpu.booked_bytes else ""
    first, *more = names
    return f"{first}+{len(more)}" if more else first


def short_id(run_id: str) -> str:
    """The last part of a run's id, which commands take too."""
    return run_id.rpartition("_")[2]


def _summary(gpus: Sequence[GpuLook]) -> tuple[Part, ...]:
    """Many GPUs on a narrow line: how many are what."""
    lost = sum(gpu.trouble is not None for gpu in gpus)
    free = sum(gpu.is_free for gpu in gpus)
    words = f"{len(gpus)} GPUs: {len(gpus) - lost - free} taken {free} free"
    return (Part(words), *([Part(f" {lost} lost", "warning")] if lost else []))


def _host_parts(host: HostLook, dot: str) -> tuple[Part, ...]:
    parts = []
    if host.cpu_busy is not None:
        parts.append(Part(f"cpu {host.cpu_busy * 100:.0f}%"))
    if host.memory_total is not None and host.memory_available is not None:
        used = host.memory_total - host.memory_available
        words = f"ram {gigabytes(used, unit=False)}/{gigabytes(host.memory_total)}"
        parts.append(Part(words, "warning" if host.memory_available < host.memory_total * 0.05 else "text"))
    if host.disk_free is not None:
        parts.append(_disk_part(host))
    joined = [part for item in parts for part in (Part(dot, "quiet"), item)]
    return tuple(joined[1:])


def _disk_part(host: HostLook) -> Part:
    from orp_tui.core.words import roughly

    words = f"disk {gigabytes(host.disk_free)} free"
    is_soon = host.disk_full_in_s is not None and host.disk_full_in_s < _SOON_S
    is_little = bool(host.disk_total) and (host.disk_free or 0) < (host.disk_total or 0) * _LITTLE_DISK
    if is_soon:
        words += f", full in {roughly(host.disk_full_in_s or 0.0)}"
    return Part(words + "!" if is_soon or is_little else words, "warning" if is_soon or is_little else "text")


def gigabytes(count: float | None, *, unit: bool = True) -> str:
    """`31G`, `4.2G`, `1.2T`; `?` for None. Powers of 1024."""
    if count is None:
        return "?"
    value, letter = count / _GIB, "G"
    if value >= 1000 and unit:
        value, letter = value / 1024, "T"
    words = f"{value:.0f}" if value >= 10 and letter == "G" else f"{value:.1f}"
    return words + (letter if unit else "")


def bar(share: float | None, width: int, *, ascii_only: bool = False) -> str:
    """`[#####....]` in `width` cells with its brackets; blocks where they can be had."""
    room = max(1, width - 2)
    filled = round(max(0.0, min(1.0, share or 0.0)) * room)
    return (
        f"[{'#' * filled}{'.' * (room - filled)}]"
        if ascii_only
        else f"[{'█' * filled}{'·' * (room - filled)}]"
    )


def curve(values: Sequence[float], width: int, *, ascii_only: bool = False) -> str:
    """The last values, 0 to 1, one cell each, in `width` cells; the newest at the right."""
    blocks = _ASCII_EIGHTHS if ascii_only else _EIGHTHS
    shown = values[-width:] if width > 0 else ()
    cells = "".join(blocks[round(max(0.0, min(1.0, value)) * 8)] for value in shown)
    return cells.rjust(max(0, width))
