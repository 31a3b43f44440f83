"""The JSON Schema of the experiment file, for editors and for `orp schema`."""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from orp_tui.config.spec import SECTIONS
from orp_tui.config.spec_types import as_list

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

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
        form = {"type": "array", "items": reference} if section.is_list else reference
        properties[name] = {"description": first_line(model), "anyOf": [form, {"type": "null"}]}
    _describe(definitions)
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
            place = field.alias or key
            entry = _widened(schema["properties"][place], field)
            schema["properties"][place] = {"description": docs[key], **entry}
        schema["additionalProperties"] = model.model_config.get("extra") == "allow"
        if getattr(model, "accepts_text", False):
            definitions[name] = {"anyOf": [{"type": "string"}, schema]}


def _widened(entry: dict[str, Json], field: FieldInfo) -> dict[str, Json]:
    """`entry` with the forms that the loader takes beside the plain one.

    A single value stands for a list of one, and a key that is not required may stand with
    nothing behind it.
    """
    entry.pop("title", None)
    default = entry.pop("default", None)
    forms = entry.pop("anyOf", None) or [dict(entry)]
    if any(getattr(item, "func", None) is as_list for item in field.metadata):
        forms = [form["items"] for form in forms if form.get("type") == "array"] + forms
    if not field.is_required() and not any(form.get("type") == "null" for form in forms):
        forms = [*forms, {"type": "null"}]
    whole: dict[str, Json] = {"anyOf": forms} if len(forms) > 1 else dict(forms[0])
    if isinstance(default, (str, int, float, bool)):
        whole["default"] = default
    return whole


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
