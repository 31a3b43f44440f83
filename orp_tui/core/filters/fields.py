"""Every field of the filter language as a table; what it means for a run stands in `reference`."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Mapping
from types import MappingProxyType

from orp_tui.core.states import Reason, RunState

ORDER = ("<", "<=", ">", ">=")
EQUAL = (":", "=", "!=")


class Kind(enum.Enum):
    """What the values of a field are, and so how they compare. The value is its name in the documentation."""

    TEXT = "text"
    """`:` a part, or with `*` and `?` the whole; `=` the whole; upper and lower case alike."""
    CHOICE = "word"
    """One of a closed list."""
    NUMBER = "number"
    DURATION = "time span"
    SIZE = "size"
    DATE = "date"
    DELIVERABLES = "count"
    """`2` that many, `2/3` so many of so many, `100%` a share."""
    CONFIG = "number or text"
    """As the run's own value is: a number is compared as number, all else as text."""
    HAS = "part"
    IS = "property"


OPS: Mapping[Kind, tuple[str, ...]] = MappingProxyType(
    {
        Kind.TEXT: EQUAL,
        Kind.CHOICE: EQUAL,
        Kind.NUMBER: (*EQUAL, *ORDER),
        Kind.DURATION: ORDER,
        Kind.SIZE: ORDER,
        Kind.DATE: (*EQUAL, *ORDER),
        Kind.DELIVERABLES: (*EQUAL, *ORDER),
        Kind.CONFIG: (*EQUAL, *ORDER),
        Kind.HAS: (":",),
        Kind.IS: (":",),
    }
)

STATES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        # Ends first: of past runs they are asked for.
        **{state.value: (state.value,) for state in sorted(RunState, key=lambda state: not state.is_final)},
        "waiting": ("queued",),
        "active": tuple(state.value for state in RunState if state.is_active),
        "ended": tuple(state.value for state in RunState if state.is_final),
        "bad": ("failed", "incomplete", "lost"),
    }
)
"""A word behind `state:` → the states that it means."""

REASONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        **{reason.value: (reason.value,) for reason in Reason},
        "oom": ("oom", "oom_kernel", "oom_cuda"),
    }
)
"""A word behind `reason:` → the reasons that it means; behind `reason=` it means itself alone."""

ZIPS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {word: (word,) for word in ("ok", "none", "pending", "error")}
)

IS: Mapping[str, str] = MappingProxyType(
    {
        "starred": "somebody has starred it",
        "archived": "it was put away; without this word in the filter such runs are left out",
        "damaged": "something is wrong with its folder",
        "imported": "it came as a zip from another machine",
        "waiting": "it waits to be started",
        "active": "it has been started and has not ended",
        "ended": "it has ended",
        "bad": "it ended as failed, incomplete or lost",
        "retry": "it is another try at a run",
        "chain-end": "no other run goes on from it",
    }
)
"""A word behind `is:` → what it says of a run."""

HAS: Mapping[str, str] = MappingProxyType(
    {
        "zip": "a whole zip of its artifacts",
        "note": "a note",
        "tag": "a tag",
        "star": "a star",
        "parent": "a parent",
        "batch": "others that were submitted with it",
        "seed": "a seed",
        "config": "a config",
        "metrics": "a metric",
        "primary": "a value of the metric that it is judged by",
        "deliverables": "declared deliverables",
        "started": "a time of its start",
        "ended": "a time of its end",
        "exit": "an exit code",
        "reason": "a reason for its end",
        "detail": "a line of evidence",
        "size": "a known size",
        "commit": "a commit of its code",
        "host": "a known machine",
    }
)
"""A word behind `has:` → what the run has. All else is a config key or a metric, as it is written."""


@dataclasses.dataclass(frozen=True)
class Field:
    """One field."""

    name: str
    """As it is written before the operator; for a keyed one, before the dot."""
    kind: Kind
    help: str
    """What of the run is compared, in a few words."""
    examples: tuple[str, ...]
    """Whole filters."""
    keyed: bool = False
    """Written as `name.KEY`."""
    choices: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    """Of a CHOICE: each word and the values that it means; of IS and HAS: the words."""

    @property
    def ops(self) -> tuple[str, ...]:
        """The operators it takes."""
        return OPS[self.kind]

    @property
    def shown(self) -> str:
        """`state`, `cfg.KEY`."""
        return f"{self.name}.{'KEY' if self.name == 'cfg' else 'NAME'}" if self.keyed else self.name


def _words(table: Mapping[str, str]) -> Mapping[str, tuple[str, ...]]:
    return MappingProxyType({word: (word,) for word in table})


_ALL = (
    Field("state", Kind.CHOICE, "where it stands", ("state:failed", "state:bad"), choices=STATES),
    Field("reason", Kind.CHOICE, "why it ended so", ("reason:oom", "reason=timed_out"), choices=REASONS),
    Field("detail", Kind.TEXT, "the evidence for its end", ('detail:"loss is nan"',)),
    Field("name", Kind.TEXT, "the experiment's name", ("name:resnet*", 'name="my run"')),
    Field("id", Kind.TEXT, "its id", ("id:k7f3",)),
    Field("tag", Kind.TEXT, "any of its tags", ("tag:paper", "tag=best")),
    Field("note", Kind.TEXT, "its newest note", ('note:"wrong augmentation"',)),
    Field("cfg", Kind.CONFIG, "a value of its config", ("cfg.lr>=1e-3", "cfg.optimizer:adam", "cfg.amp=true"), keyed=True),
    Field("metric", Kind.NUMBER, "the last value of a metric", ("metric.val_acc>0.9",), keyed=True),
    Field("first", Kind.NUMBER, "the first value of a metric", ("first.loss<3",), keyed=True),
    Field("best", Kind.NUMBER, "the best value of a metric: the lowest of a loss or an error, else the highest", ("best.val_loss<0.3",), keyed=True),
    Field("min", Kind.NUMBER, "the lowest value of a metric", ("min.loss<0.1",), keyed=True),
    Field("max", Kind.NUMBER, "the highest value of a metric", ("max.grad_norm>100",), keyed=True),
    Field("primary", Kind.NUMBER, "the value of the metric that its experiment is judged by", ("primary>=0.9",)),
    Field("deliverables", Kind.DELIVERABLES, "its valid deliverables", ("deliverables<100%", "deliverables:2/3")),
    Field("seed", Kind.NUMBER, "its seed", ("seed:0", "seed<3")),
    Field("age", Kind.DURATION, "the time since it was submitted", ("age<2d", "age>1mo")),
    Field("submitted", Kind.DATE, "when it was submitted", ("submitted:last-month", "submitted>=2026-11-01")),
    Field("started", Kind.DATE, "when it was started", ("started:today",)),
    Field("ended", Kind.DATE, "when it ended", ("ended:yesterday",)),
    Field("duration", Kind.DURATION, "how long it took, or has taken so far", ("duration>1h30m",)),
    Field("size", Kind.SIZE, "what its folder and its zip take on the disk", ("size>1GB",)),
    Field("exit", Kind.NUMBER, "its exit code", ("exit!=0",)),
    Field("zip", Kind.CHOICE, "the zip of its artifacts", ("zip:pending",), choices=ZIPS),
    Field("group", Kind.TEXT, "its group of the queue", ("group=night",)),
    Field("project", Kind.TEXT, "the folder it was submitted from", ("project:*/vision",)),
    Field("by", Kind.TEXT, "who submitted it", ("by:ada",)),
    Field("parent", Kind.TEXT, "the id of its parent", ("parent:k7f3",)),
    Field("batch", Kind.TEXT, "the id of the first run that was submitted with it", ("batch:k7f3",)),
    Field("variant", Kind.TEXT, "the same for runs that differ by their seed alone", ("variant:3f9a",)),
    Field("commit", Kind.TEXT, "the commit of its code", ("commit:9fceb02",)),
    Field("host", Kind.TEXT, "the machine it ran on", ("host:gpu1",)),
    Field("is", Kind.IS, "what it is", ("is:starred", "-is:archived"), choices=_words(IS)),
    Field("has", Kind.HAS, "what it has: a part, a config key or a metric", ("has:zip", "has:cfg.warmup", "has:val_acc"), choices=_words(HAS)),
)  # fmt: skip

FIELDS: Mapping[str, Field] = MappingProxyType({field.name: field for field in _ALL})
"""By name, in the order in which they are told."""

ALIASES: Mapping[str, str] = MappingProxyType(
    {"config": "cfg", "last": "metric", "metrics": "metric", "tags": "tag", "notes": "note", "why": "detail"}
)
"""Other names that are understood; `parse` gives the first."""


def field_named(name: str) -> Field | None:
    """The field of that name, upper and lower case alike; None if there is none."""
    name = name.lower()
    return FIELDS.get(ALIASES.get(name, name))


def members(field: str, op: str, text: str) -> tuple[str, ...]:
    """The values of a CHOICE field that a word means, or that answer to its wildcards; empty: it means none.

    `state:bad` → failed, incomplete, lost; `reason=oom` → oom alone. `!=` is for all but those of `=`.
    """
    from orp_tui.core.filters.folding import glob_matches, is_glob

    choices = FIELDS[field].choices
    if is_glob(text) and op == ":":
        stored = dict.fromkeys(value for values in choices.values() for value in values)
        return tuple(value for value in stored if glob_matches(text, value))
    found = choices.get(text, ())
    return (text,) if op != ":" and text in found else found


def has_target(text: str) -> tuple[str, str]:
    """What a text behind `has:` asks for: ("part", one of HAS), ("cfg", key), ("metric", name), or ("any", either)."""
    name, dot, key = text.partition(".")
    field = field_named(name)
    if dot and key and field is not None and field.name in ("cfg", "metric"):
        return field.name, key
    word = text.lower()
    word = word if word in HAS else ALIASES.get(word, word)
    return ("part", word) if word in HAS else ("any", text)


def share_target(text: str) -> tuple[float | None, int | None, int | None]:
    """What `deliverables` is compared with: (share, None, None), (None, count, None) or (None, count, total).

    Raises Wrong where it is none of them.
    """
    from orp_tui.core.filters.errors import Wrong
    from orp_tui.core.filters.values import number_of, quoted

    if text.endswith("%") and (percent := number_of(text[:-1])) is not None:
        return percent / 100, None, None
    count, slash, total = text.partition("/")
    if _is_count(count) and (not slash or _is_count(total)):
        return None, int(count), int(total) if slash else None
    raise Wrong(f"{quoted(text)} is no count of deliverables; write 2, 2/3 or 100%")


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 9
