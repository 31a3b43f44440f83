"""Plain values → YAML that this version, PyYAML and every other parser read alike."""

from __future__ import annotations

import json
import math
import re
from typing import Any

Json = Any  # Any: a value as JSON gives it

_PLAIN_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
_ESCAPED = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")


def as_yaml(value: Json, indent: int = 0) -> str:
    """`value` in block style, every text in double quotes; ends in a newline."""
    blank = "  " * indent
    if isinstance(value, dict) and value:
        return "".join(f"{blank}{_key(key)}:{_under(item, indent)}" for key, item in value.items())
    if (
        isinstance(value, (list, tuple))
        and value
        and any(isinstance(item, (dict, list, tuple)) for item in value)
    ):
        return "".join(f"{blank}-{_under(item, indent)}" for item in value)
    return f"{blank}{_flow(value)}\n"


def _under(value: Json, indent: int) -> str:
    nested = isinstance(value, dict) or (
        isinstance(value, (list, tuple)) and any(isinstance(item, (dict, list, tuple)) for item in value)
    )
    return "\n" + as_yaml(value, indent + 1) if nested and value else f" {_flow(value)}\n"


def _flow(value: Json) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(key)}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_flow, value)) + "]"
    if isinstance(value, float):
        return _float(value)
    return quoted(value) if isinstance(value, str) else json.dumps(value)


def _float(value: float) -> str:
    if math.isnan(value):
        return ".nan"
    if math.isinf(value):
        return ".inf" if value > 0 else "-.inf"
    text = repr(value)
    return text if "." in text else text.replace("e", ".0e")


def _key(key: str) -> str:
    return key if _PLAIN_KEY.fullmatch(key) and key.lower() not in _WORDS else quoted(key)


def quoted(text: str) -> str:
    """`text` in double quotes, what YAML does not print escaped."""
    return escaped(json.dumps(text, ensure_ascii=False))


def escaped(written: str) -> str:
    """JSON text in which YAML too reads every string as JSON does."""
    return _ESCAPED.sub(lambda match: f"\\u{ord(match[0]):04x}", written)
