"""The events of a YAML parser → plain values, counted as they come.

No text can recurse, expand or crash here: depth, events, and the size after aliases
and merges are bounded. Scalars are read by the core schema of YAML 1.2. Keys are text
as written, so that `on:` and `1:` are the keys "on" and "1".
"""

from __future__ import annotations

import dataclasses
from typing import Any, NoReturn

from orp_tui.config.problems import Path, Problems, shown
from orp_tui.config.scalars import CORE_TAG, BadScalar, checked, resolve_plain, resolve_tagged

MAX_EVENTS = 200_000
MAX_DEPTH = 50
TOO_DEEP = f"more than {MAX_DEPTH} levels deep; make it flatter"
MAX_NODES = 200_000
"""Values after all aliases are written out."""
MAX_TEXT = 4 * 1024 * 1024
"""Characters of all texts after all aliases are written out."""

Value = Any  # Any: a tree of dict, list, str, int, float, bool and None


@dataclasses.dataclass(frozen=True)
class Document:
    """What a YAML text says."""

    value: Value
    """Plain values: dict with text keys, list, str, int, float, bool, None."""
    lines: dict[Path, int]
    """Key path → line of the key or list item, counted from 1."""
    written: dict[Path, str]
    """Key path → the characters of a number, boolean or null as the text has them."""

    def line_of(self, path: Path) -> int | None:
        """The line of `path`, or of the nearest key above it that has one."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.lines:
                return self.lines[path[:length]]
        return None


@dataclasses.dataclass(slots=True)
class _Anchor:
    """A value that has a name, and what writing it out once more would cost."""

    value: Value
    nodes: int
    text: int
    height: int


class Builder:
    """Reads events into values. Recursion is bounded, since depth is counted first."""

    def __init__(self, parser: Any, problems: Problems) -> None:  # Any: C or Python parser
        import yaml

        self.yaml = yaml
        self.scalar_event = yaml.ScalarEvent
        self.get_event = parser.get_event
        self.problems = problems
        self.lines: dict[Path, int] = {}
        self.written: dict[Path, str] = {}
        self.anchors: dict[str, _Anchor] = {}
        self.open_anchors: set[str] = set()
        self.events = 0
        self.nodes = 0
        self.text = 0
        self.height = 0
        """Levels of the value that was read last."""

    def next(self) -> Any:  # Any: the events' attributes differ by kind and are not typed
        self.events += 1
        event = self.get_event()
        if self.events > MAX_EVENTS:
            self.stop(event, f"more than {MAX_EVENTS:,} values and brackets; split the file")
        return event

    def stop(self, event: Any, message: str) -> NoReturn:
        self.problems.stop((), message, line=_line(event))

    def document(self) -> Document:
        self.next()
        event = self.next()
        if type(event) is self.yaml.StreamEndEvent:
            return Document(None, {}, {})
        value = self.node(self.next(), ())
        self.next()
        if type(extra := self.next()) is not self.yaml.StreamEndEvent:
            self.stop(extra, "a second document begins here; a file holds one, so take the `---` out")
        return Document(value, self.lines, self.written)

    def node(self, event: Any, path: Path) -> Value:
        if path not in self.lines:
            self.lines[path] = event.start_mark.line + 1
        kind = type(event)
        if kind is self.yaml.AliasEvent:
            return self.alias(event)
        name = event.anchor
        nodes, text = self.nodes, self.text
        if name:
            self.open_anchors.add(name)
        if kind is self.scalar_event:
            value = self.scalar(event, path)
        elif kind is self.yaml.MappingStartEvent:
            value = self.mapping(event, path)
        else:
            value = self.sequence(event, path)
        if name:
            self.open_anchors.discard(name)
            self.anchors[name] = _Anchor(value, self.nodes - nodes, self.text - text, self.height)
        return value

    def spend(self, event: Any, nodes: int, text: int) -> None:
        self.nodes += nodes
        self.text += text
        if self.nodes > MAX_NODES or self.text > MAX_TEXT:
            self.stop(event, "the aliases and merges expand to too much; write less by reference")

    def alias(self, event: Any) -> Value:
        name = str(event.anchor)
        if name in self.open_anchors:
            self.stop(event, f"*{shown(name)} stands inside &{shown(name)}: a value cannot hold itself")
        if name not in self.anchors:
            self.stop(event, f"*{shown(name)} has no &{shown(name)} above it; define it first")
        anchor = self.anchors[name]
        self.spend(event, anchor.nodes, anchor.text)
        self.height = anchor.height
        return copied(anchor.value)

    def scalar(self, event: Any, path: Path) -> Value:
        text: str = event.value
        self.height = 1
        self.spend(event, 1, len(text))
        try:
            if event.tag:
                value = resolve_tagged(event.tag, text)
            elif not event.style:
                value = resolve_plain(text)
            else:
                value = checked(text)
        except BadScalar as error:
            self.problems.add(path, str(error), line=_line(event))
            return ""
        if type(value) is not str:
            self.written[path] = text
        return value

    def begin(self, event: Any, path: Path, own: str) -> None:
        self.spend(event, 1, 0)
        if event.tag not in (None, "", "!", f"tag:yaml.org,2002:{own}"):
            tag = shown(event.tag)
            self.problems.add(path, f"the tag {tag} is not allowed; write plain values", line=_line(event))
        if len(path) >= MAX_DEPTH:
            self.stop(event, TOO_DEEP)

    def child(self, event: Any, path: Path) -> Value:
        if (
            type(event) is self.scalar_event and not event.anchor
        ):  # most are; what `node` does, without the rest
            if path not in self.lines:
                self.lines[path] = _line(event)
            return self.scalar(event, path)
        value = self.node(event, path)
        # An alias brings its own levels along, which the path does not show.
        if len(path) + self.height > MAX_DEPTH + 1:
            self.stop(event, TOO_DEEP)
        return value

    def sequence(self, event: Any, path: Path) -> list[Value]:
        self.begin(event, path, "seq")
        items: list[Value] = []
        height = 0
        end = self.yaml.SequenceEndEvent
        while type(inner := self.next()) is not end:
            items.append(self.child(inner, (*path, len(items))))
            height = max(height, self.height)
        self.height = height + 1
        return items

    def mapping(self, event: Any, path: Path) -> dict[str, Value]:
        self.begin(event, path, "map")
        own: dict[str, Value] = {}
        merged: list[Value] = []
        first_lines: dict[str, int] = {}
        height = 0
        end = self.yaml.MappingEndEvent
        while type(key_event := self.next()) is not end:
            key = self.key(key_event, path)
            if key is None:
                self.skip(self.next())
                continue
            inner, line = (*path, key), _line(key_event)
            merge = key == "<<" and not key_event.style
            if key in first_lines and not merge:
                both = f"stands twice, in line {first_lines[key]} and in line {line}; keep one"
                self.problems.add(inner, both, line=line)
            first_lines.setdefault(key, line)
            self.lines[inner] = line
            value = self.child(self.next(), inner)
            height = max(height, self.height)
            if merge:
                merged += self.sources(value, inner, line)
            else:
                own.setdefault(key, value)
        self.height = height + 1
        return with_merged(own, merged)

    def key(self, event: Any, path: Path) -> str | None:
        line = _line(event)
        if type(event) is self.yaml.AliasEvent:
            self.problems.add(
                path, f"the alias *{shown(str(event.anchor))} as a key; write the key", line=line
            )
            return None
        if type(event) is not self.yaml.ScalarEvent:
            self.problems.add(path, "a list or mapping as a key; keys are text", line=line)
            self.skip(event)
            return None
        text: str = event.value
        self.spend(event, 1, len(text))
        if event.tag and event.tag not in ("!", f"{CORE_TAG}str", f"{CORE_TAG}merge"):
            self.problems.add(path, f"the tag {shown(event.tag)} is not allowed on a key", line=line)
        if event.anchor:
            self.anchors[event.anchor] = _Anchor(text, 1, len(text), 1)
        try:
            if text or event.style:
                return checked(text)
            self.problems.add(path, "a key is missing before `:`", line=line)
        except BadScalar as error:
            self.problems.add(path, str(error), line=line)
        return None

    def skip(self, event: Any) -> None:
        """Read past a node that has no place, without keeping it."""
        depth = 0
        while True:
            depth += isinstance(event, self.yaml.CollectionStartEvent)
            depth -= isinstance(event, self.yaml.CollectionEndEvent)
            if depth == 0:
                return
            if depth > MAX_DEPTH:
                self.stop(event, TOO_DEEP)
            event = self.next()

    def sources(self, value: Value, path: Path, line: int) -> list[dict[str, Value]]:
        found = value if isinstance(value, list) else [value]
        if all(isinstance(item, dict) for item in found):
            return found
        self.problems.add(path, "takes a mapping, or a list of mappings, to merge", line=line)
        return []


def with_merged(own: dict[str, Value], merged: list[Value]) -> dict[str, Value]:
    """`own` and what it lacks from the merged mappings, earlier ones first."""
    for source in merged:
        for key, value in source.items():
            own.setdefault(key, value)
    return own


def copied(value: Value) -> Value:
    """A copy that shares no list or mapping with `value`, whose size was counted before."""
    if isinstance(value, dict):
        return {key: copied(item) for key, item in value.items()}
    if isinstance(value, list):
        return [copied(item) for item in value]
    return value


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1
