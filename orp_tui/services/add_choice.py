"""What a person wishes of runs beside their files, as it is typed in the dashboard and as `orp run` takes it."""

from __future__ import annotations

import dataclasses
import os
import re
import shlex
import time
from collections.abc import Sequence
from pathlib import Path

from orp_tui.config.values import parse_duration, parse_size
from orp_tui.core.errors import OrpError, UsageError
from orp_tui.services.context import Context, open_context
from orp_tui.services.queue_acts import read_priority
from orp_tui.services.wishes import NO_WISHES, Wishes, start_time

MOST_SEEDS = 1000
"""As many as a file may name."""


@dataclasses.dataclass(frozen=True)
class AddWords:
    """The fields of the dialog as they are typed; an empty one means what the file says."""

    gpus: str = ""
    """A whole number; 0 hides all."""
    memory: str = ""
    """Main memory, as `16GB`."""
    priority: str = ""
    """A whole number, low, normal or high."""
    group: str = ""
    start: str = ""
    """Not before: `22:00`, `2026-12-01 22:00`, or `2h` from now."""
    after: str = ""
    """References to runs, with `:ok` or `:any` behind them; blanks between."""
    timeout: str = ""
    """Longest time it may run, as `12h`."""
    retries: str = ""
    """How many times at most, and behind it after which ends: `3`, `3 failed lost`."""
    seeds: str = ""
    """`1 2 3`, `1-5`."""
    overrides: str = ""
    """`KEY=VALUE` as a shell splits words; as `--set` takes them."""
    held: bool = False
    """Wait for a release."""


FIELDS = tuple(field.name for field in dataclasses.fields(AddWords) if field.name != "held")


class BadField(UsageError):
    """What is typed in a field makes no sense."""

    def __init__(self, field: str, words: str) -> None:
        self.field = field
        """One of FIELDS."""
        super().__init__(words)


@dataclasses.dataclass(frozen=True)
class AddChoice:
    """What is wished, read; the same for every file that is added with it."""

    wishes: Wishes = NO_WISHES
    overrides: tuple[str, ...] = ()
    """As `--set` takes them."""
    seeds: tuple[int, ...] = ()
    """In the place of the file's; empty: the file's."""

    def options(self) -> list[str]:
        """The options of `orp run` that say the same."""
        wishes = self.wishes
        words: list[str] = []
        if wishes.priority is not None:
            # One word: click would take a number below zero for an option.
            words.append(f"--priority={wishes.priority}")
        if wishes.group is not None:
            words += ["--group", wishes.group]
        for reference in wishes.after:
            words += ["--after", reference]
        if wishes.start is not None:
            within = wishes.start.startswith("+")
            words += ["--in", wishes.start[1:]] if within else ["--at", wishes.start]
        words += ["--held"] if wishes.held else []
        for seed in self.seeds:
            words += ["--seed", str(seed)]
        for override in self.overrides:
            words += ["--set", override]
        return words


NO_CHOICE = AddChoice()


def read_choice(words: AddWords, *, now: float | None = None) -> AddChoice:
    """What the words mean; `now` is in seconds since 1970, None for the clock.

    Raises BadField for the first field that can't be read. Whether runs to wait for are there, and
    keys to set, is for `configs_submit.foresee`.
    """
    wishes = Wishes(
        priority=_priority(words.priority),
        group=_group(words.group),
        after=_after(words.after),
        start=_start(words.start, time.time() if now is None else now),
        held=words.held,
    )
    overrides = (
        *_gpus(words.gpus),
        *_memory(words.memory),
        *_timeout(words.timeout),
        *_retries(words.retries),
        *_overrides(words.overrides),
    )
    return AddChoice(wishes, overrides, _seeds(words.seeds))


def command_line(context: Context, paths: Sequence[Path], choice: AddChoice) -> str:
    """What to type in a shell for the same: `orp run FILE --detach …`."""
    here = os.getcwd()
    files = [os.path.relpath(path, here) if path.is_relative_to(here) else str(path) for path in paths]
    files = [f"./{file}" if file.startswith("-") else file for file in files]
    return shlex.join(["orp", "run", *files, "--detach", *choice.options(), *_base(context, paths)])


def _base(context: Context, paths: Sequence[Path]) -> list[str]:
    try:
        same = open_context(near=paths[0] if paths else None).paths == context.paths
    except OrpError:
        same = False
    return [] if same else ["--base-dir", str(context.paths.base)]


def _priority(text: str) -> int | None:
    if not text.strip():
        return None
    try:
        return read_priority(text.strip())
    except UsageError as error:
        raise BadField("priority", str(error)) from error


def _group(text: str) -> str | None:
    name = text.strip()
    if not name:
        return None
    if not name.isprintable() or " " in name:
        raise BadField("group", f"{name!r}: a group's name has no blanks in it")
    return name


def _after(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_words("after", text)))


def _start(text: str, now: float) -> str | None:
    text = text.strip()
    if not text:
        return None
    text = re.sub(r"^in\s+", "+", text)
    if not text.startswith("+") and re.fullmatch(r"[0-9.]+\s*[a-z].*", text):
        text = f"+{text}"  # a duration: no time of day has a letter behind its first number
    text = text.replace(" ", "") if text.startswith("+") else text
    try:
        start_time(text, now=now)
    except UsageError:
        raise BadField("start", f"{text}: no time; write 22:00, 2026-12-01 22:00, or 2h from now") from None
    return text


def _gpus(text: str) -> tuple[str, ...]:
    number = _number("gpus", text, "no number of GPUs", most=1024)
    return () if number is None else (f"training.resources.gpus={number}",)


def _memory(text: str) -> tuple[str, ...]:
    text = text.strip()
    if not text:
        return ()
    if text.isdecimal():
        raise BadField("memory", f"{text}: of what? write {text}GB")
    try:
        parse_size(text)
    except ValueError as error:
        raise BadField("memory", str(error)) from error
    return (f"training.resources.memory={text}",)


def _timeout(text: str) -> tuple[str, ...]:
    text = text.strip()
    if not text:
        return ()
    try:
        seconds = parse_duration(text)
    except ValueError as error:
        raise BadField("timeout", str(error)) from error
    if seconds <= 0:
        raise BadField("timeout", "a run needs some time; leave it empty for no limit")
    return (f"training.timeout={text}",)


def _retries(text: str) -> tuple[str, ...]:
    number_word, _, reasons = text.strip().partition(" ")
    number = _number("retries", number_word, "no number of retries; write 3, or 3 failed lost", most=100)
    if number is None:
        return ()
    if number == 0:
        return ("training.retries=null",)
    ends = _ends(reasons)
    only = (f"training.retries.on=[{', '.join(ends)}]",) if ends else ()
    return (f"training.retries.max={number}", *only)


def _ends(text: str) -> list[str]:
    from orp_tui.config.spec_training import RETRY_REASONS

    words = [word for word in re.split(r"[\s,]+", text.removeprefix("on ")) if word]
    for word in words:
        if word not in RETRY_REASONS and not re.fullmatch(r"exit:[0-9]{1,3}", word):
            known = ", ".join(RETRY_REASONS)
            raise BadField("retries", f"{word}: no end to try again after; there are {known}, exit:N")
    return words


def _seeds(text: str) -> tuple[int, ...]:
    found: list[int] = []
    for word in re.split(r"[\s,]+", text.strip()):
        if not word:
            continue
        match = re.fullmatch(r"([0-9]{1,20})(?:-([0-9]{1,20}))?", word)
        first = int(match[1]) if match else 0
        last = int(match[2]) if match and match[2] else first
        if match is None or last < first or last >= 2**64:
            raise BadField("seeds", f"{word}: no seed; write 1 2 3, or 1-5")
        if last - first >= MOST_SEEDS or len(found) > MOST_SEEDS:
            raise BadField("seeds", f"at most {MOST_SEEDS:,} seeds at once")
        found += range(first, last + 1)
    if len(set(found)) < len(found):
        raise BadField("seeds", "a seed is there twice; each makes one run")
    if len(found) > MOST_SEEDS:
        raise BadField("seeds", f"at most {MOST_SEEDS:,} seeds at once")
    return tuple(found)


def _overrides(text: str) -> tuple[str, ...]:
    words = _words("overrides", text)
    for word in words:
        name, equals, _ = word.partition("=")
        if not equals or not all(name.removeprefix("+").strip().split(".")):
            raise BadField("overrides", f"{word}: must be KEY=VALUE, such as learning_rate=0.01")
    return tuple(words)


def _words(field: str, text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError as error:
        raise BadField(field, f"{str(error).lower()}; close the quote") from error


def _number(field: str, text: str, words: str, *, most: int) -> int | None:
    text = text.strip()
    if not text:
        return None
    if not text.isascii() or not text.isdecimal() or len(text) > 9 or int(text) > most:
        raise BadField(field, f"{text}: {words}")
    return int(text)
