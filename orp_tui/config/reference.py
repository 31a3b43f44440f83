"""The reference of the experiment file, written from the models: docs/experiment-file.md.

`python -m orp_tui.config.reference` writes it; a test holds that it is up to date.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orp_tui.config.checks import CHECKS
from orp_tui.config.schema import field_docs, first_line, json_schema
from orp_tui.config.spec import SECTIONS, model_at

if TYPE_CHECKING:
    from pydantic import BaseModel

Json = Any  # Any: a JSON Schema
TARGET = Path("docs/experiment-file.md")

_INTRODUCTION = """\
# The experiment file

<!-- Written by `python -m orp_tui.config.reference` from the models; change them, not this. -->

An experiment is a YAML file. `experiment.name` and `training.script` are enough; all else is optional.

```yaml
experiment:
  name: my-first-experiment
training:
  script: [python, train.py]
  config: {learning_rate: 0.001, epochs: 10}
deliverables:
  - {type: metrics, path: output/metrics.json, validation: contains_keys, required_keys: [accuracy, loss]}
```

- The text is read by the core schema of YAML 1.2: only `true` and `false` are booleans, `1e-4` is a number, `012` is 12, and
  times and dates are text. Keys are text. A key that stands twice is an error.
- Durations: `90s`, `30m`, `12h`, `1h30m`, `2d`, or a number of seconds. Sizes: `20GB` (10⁹), `16MiB` (2²⁰), or a number of bytes.
- An unknown key is an error that names the nearest known one; only `metadata` and `training.config` take any key.
- `--set key=value` changes a value for one submission: a key of `training.config`, or a path that begins with the name of
  a section (`queue.priority=high`). `+key=value` adds a key to `training.config`.
- A secret in the file is an error: by its shape, or text under a key such as `password` or `api_key`. Take it from the environment:
  `training: {env: {HF_TOKEN: {from_env: HF_TOKEN}}}`.
- In the words of `script` and `resume` these are filled in: {placeholders}; in those of `resume` alone also `{last_checkpoint}`, since a
  first run has none. Other braces are left as they are.
"""

_PASSING = """\
### How `config` reaches the script

| `pass_config` | the script gets |
| --- | --- |
| `args` | `--learning_rate 0.001`; nested keys dotted (`--optimizer.name adam`); a list as repeated words (`--xs 1 2 3`); `true` as a bare flag; `false` as `booleans` says; a null is left out; a value that begins with `-` is tied on (`--x=-1`) |
| `hydra` | `learning_rate=0.001 optimizer.name=adam xs=[1,2,3]`, quoted by Hydra's grammar, and `hydra.run.dir='{output_dir}'`; null as `null` |
| `file` | nothing by itself: write `{config_file}` in the script, such as `[python, train.py, --config, "{config_file}"]` |
| `env` | `ORP_CONFIG_LEARNING_RATE=0.001`, nested keys joined by two underscores (`ORP_CONFIG_OPTIMIZER__NAME`); lists as JSON; a null is left out |
| `none` | nothing |

With every one of them the file stands at `$ORP_CONFIG_FILE`.
"""


_CONDITIONS = """\
### Conditions of an alert

| `when` | comes true |
| --- | --- |
| `nan(loss)`, `inf(loss)` | at a value that is no number, or an infinite one |
| `loss > 10` | at a value for which it holds: `>`, `>=`, `<`, `<=`, `==`, `!=` and a number; NaN compares with nothing |
| `spike(loss)`, `spike(loss, 5)`, `spike(loss, 5, 101)` | at a value above the median of the 51 (101) before it by more than 8 (5) median absolute deviations, of those or of the hundreds before them, whichever is more |
| `plateau(loss, 1000)`, `plateau(loss, 2h)`, `plateau(loss, 2h, 0.01)` | when it has not improved over the last 1000 steps, or 2 hours, by 0.01; without that number, by 1 % of all that it has improved. Noise is reckoned with: a line through ten averages must be flat with 90 % certainty |
| `no_log > 10m`, `no_metric > 10m` | when the logs have not grown, or no value was logged, for so long |
| `throughput < 70%` | when the run logs fewer values a second, over five minutes or more, than 70 % of its own median so far |

It acts once, and again only after it was over. `spike` and `plateau` take `max` as last word where higher is better
(`plateau(val_acc, 1000, max)`); of the metrics of `metrics.primary` they know it. A name with a comma or a comparison in it stands
in quotes: `nan("a,b")`. Values of every source count, also those read from the logs. The observer looks once a second, beginning two
seconds after the start. Each alert is a line in the run's `alerts.jsonl`, a message in the dashboard, and told by `orp status`, `info` and
`digest`; what comes and goes all the time is told five times, then once a minute. `do: checkpoint` sends `training.checkpoints.signal` to the script, below shells and
launchers to the processes that handle it; with `stop` beside it, the stop waits until the checkpoint is complete, as long as `training.stop.grace`.
"""


def reference() -> str:
    """The whole page, Markdown."""
    from orp_tui.config.doubts import PLACEHOLDERS

    schema = json_schema()
    names = ", ".join(f"`{{{name}}}`" for name in PLACEHOLDERS)
    parts = [_INTRODUCTION.replace("{placeholders}", names)]
    for name, section in SECTIONS.items():
        model = section.load()
        title = f"## {name}" + (" (a list)" if section.is_list else "")
        parts.append(f"{title}\n\n{first_line(model)}\n")
        parts.append(_table(model, schema, skip=_inherited(model)))
        if name == "training":
            parts.append(_PASSING)
        if name == "deliverables":
            parts.append(_checks())
        if name == "metrics":
            parts.append(_CONDITIONS)
        parts += [
            f"### {name}.{key}\n\n{first_line(inner)}\n\n{_table(inner, schema)}"
            for key, inner in _inner(model)
        ]
    return "\n".join(parts)


def _inherited(model: type[BaseModel]) -> frozenset[str]:
    """Keys that a stage shares with `training`, and that are told there."""
    parent = model.__mro__[1]
    return frozenset(getattr(parent, "model_fields", {}))


def _inner(model: type[BaseModel]) -> list[tuple[str, type[BaseModel]]]:
    """Sections within a section, with their path, each once."""
    found: list[tuple[str, type[BaseModel]]] = []
    skip = _inherited(model)
    for name, field in model.model_fields.items():
        inner = model_at(model, (name,))
        if name in skip or inner is model:
            continue
        key = field.alias or name
        found.append((key, inner))
        if inner.__module__ != "orp_tui.config.spec_deliverables":
            found += [(f"{key}.{deeper}", deepest) for deeper, deepest in _inner(inner)]
    return [(key, inner) for key, inner in found if not key.endswith("deliverables")]


def _table(model: type[BaseModel], schema: Json, skip: frozenset[str] = frozenset()) -> str:
    docs = field_docs(model)
    definition = schema["$defs"][model.__name__]
    properties = definition.get("anyOf", [definition])[-1]["properties"]
    rows = ["| key | takes | what it is |", "| --- | --- | --- |"]
    for name, field in model.model_fields.items():
        if name in skip:
            continue
        key = field.alias or name
        entry = properties[key]
        takes = _takes(entry)
        if field.is_required():
            takes += " (needed)"
        elif entry.get("default") not in (None, ""):
            takes += f" (default `{_plain(entry['default'])}`)"
        rows.append(f"| `{key}` | {takes} | {_cell(docs[name])} |")
    return "\n".join(rows) + "\n"


def _plain(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _takes(entry: Json) -> str:
    """What a value may be, from its schema."""
    if "anyOf" in entry:
        forms = [_takes(form) for form in entry["anyOf"] if form.get("type") != "null"]
        return " or ".join(dict.fromkeys(forms))
    if "enum" in entry:
        return ", ".join(f"`{value}`" for value in entry["enum"])
    if "const" in entry:
        return f"`{entry['const']}`"
    if "examples" in entry:
        return "such as " + ", ".join(f"`{example}`" for example in entry["examples"][:3])
    if "$ref" in entry:
        return "mapping"
    if entry.get("type") == "array":
        return f"list of {_takes(entry.get('items', {}))}"
    kinds = entry.get("type", "anything")
    words = {
        "string": "text",
        "integer": "whole number",
        "number": "number",
        "boolean": "true/false",
        "object": "mapping",
    }
    kinds = kinds if isinstance(kinds, list) else [kinds]
    return " or ".join(str(words.get(kind, kind)) for kind in kinds if kind != "null")


def _checks() -> str:
    rows = ["### Checks", "", "| check | its options (needed ones in bold) |", "| --- | --- |"]
    for name, options in CHECKS.items():
        listed = ", ".join(f"**`{o.key}`**" if o.required else f"`{o.key}`" for o in options)
        rows.append(f"| `{name}` | {listed or '–'} |")
    rows += [
        "",
        "An option may stand beside `validation` or under its check: `validation: {csv: {min_rows: 10}}`; the first option",
        "may stand for the whole: `validation: {min_size: 1MB}`. `min_size`, `max_size`, `min_count` and `sha256` beside an item are",
        "checks by themselves. `exists_and_loadable` is `exists` and `loadable`; `matches_expected` is `sha256` or `threshold`, by the",
        "options that are given. `fresh` is always added unless the item says `fresh: false`.",
        "",
    ]
    return "\n".join(rows)


def main() -> int:
    """Write the page beneath the current folder."""
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(reference(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
