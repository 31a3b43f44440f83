"""The JSON Schema of the experiment file, for editors and for `orp schema`."""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
from typing import Any

from pydantic import BaseModel

from orp_tui.config.spec import SECTIONS, known_keys

Json = Any  # Any: a JSON Schema


def json_schema() -> dict[str, Json]:
    """JSON Schema (draft 2020-12) that accepts every form that the loader accepts.

    Rules that join several keys, and paths that leave the workspace, are the loader's alone.
    """
    definitions: dict[str, Json] = {}
    properties: dict[str, Json] = {}
    for name, section in SECTIONS.items():
        model = section.load()
        schema = model.model_json_schema(ref_template="#/$defs/{model}", by_alias=True)
        definitions.update(schema.pop("$defs", {}))
        definitions[model.__name__] = schema
        reference: Json = {"$ref": f"#/$defs/{model.__name__}"}
        properties[name] = {"type": ["array", "null"], "items": reference} if section.is_list else reference
        properties[name] = {"description": first_line(model), **properties[name]}
    _describe(definitions)
    for name in ("description", "title"):
        assert name not in properties
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "ORP experiment file",
        "type": "object",
        "properties": properties,
        "required": ["experiment"],
        "anyOf": [{"required": ["training"]}, {"required": ["stages"]}],
        "additionalProperties": False,
        "$defs": definitions,
    }


def _describe(definitions: dict[str, Json]) -> None:
    for name, schema in definitions.items():
        model = models()[name]
        docs = field_docs(model)
        schema.pop("title", None)
        schema["description"] = first_line(model)
        for key, field in model.model_fields.items():
            entry = schema["properties"][field.alias or key]
            _accept(entry)
            entry["description"] = docs[key]
            entry.pop("title", None)
        schema["additionalProperties"] = model.model_config.get("extra") == "allow"


def _accept(entry: dict[str, Json]) -> None:
    """Every key may stand with nothing behind it, and a list of one may be a single value."""
    if entry.get("default") in (None, [], {}) or "$ref" in entry.get("items", {}):
        entry.pop("default", None)
    kind = entry.get("type")
    if isinstance(kind, str) and kind not in ("object", "array"):
        entry["type"] = [kind, "null"]


@functools.cache
def models() -> dict[str, type[BaseModel]]:
    """Every model of the file by its name."""
    found: dict[str, type[BaseModel]] = {}
    for module in {section.module for section in SECTIONS.values()}:
        for value in vars(importlib.import_module(f"orp_tui.config.{module}")).values():
            if isinstance(value, type) and issubclass(value, BaseModel):
                found[value.__name__] = value
    return found


def first_line(model: type[BaseModel]) -> str:
    """What a section is, from its docstring."""
    return (model.__doc__ or "").strip().splitlines()[0]


def field_docs(model: type[BaseModel]) -> dict[str, str]:
    """The line under each field of a model and of those that it derives from, by field name.

    Read from the source, since reading it on every import would cost more than the file.
    """
    docs: dict[str, str] = {}
    for parent in reversed(model.__mro__):
        if issubclass(parent, BaseModel) and parent.__module__.startswith("orp_tui."):
            docs.update(_docs_in(parent))
    return docs


def _docs_in(model: type[BaseModel]) -> dict[str, str]:
    tree = _tree(model.__module__)
    [own] = [n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == model.__name__]
    docs: dict[str, str] = {}
    for field, below in zip(own.body, own.body[1:], strict=False):
        is_text = isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and is_text:
            assert isinstance(below, ast.Expr)
            assert isinstance(below.value, ast.Constant)
            docs[field.target.id] = " ".join(str(below.value.value).split())
    return docs


@functools.cache
def _tree(module: str) -> ast.Module:
    return ast.parse(inspect.getsource(importlib.import_module(module)))


__all__ = ["field_docs", "first_line", "json_schema", "known_keys", "models"]
