"""What the fields of answers and bodies mean: the texts that stand below them in the source."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator
from typing import Any

import msgspec


def put_notes(schemas: dict[str, Any]) -> None:
    """Add descriptions to the schemas of structs, and to their fields, where there are none yet."""
    structs: dict[str, list[type[msgspec.Struct]]] = {}
    # The same one, whatever was imported first.
    for struct in sorted(_below(msgspec.Struct), key=lambda struct: struct.__module__):
        if struct.__module__.startswith("tenuto."):
            structs.setdefault(struct.__name__, []).append(struct)
    for schema in schemas.values():
        fields = schema.get("properties", {})
        for struct in structs.get(schema.get("title", ""), ()):
            # Some names are those of several structs.
            if {*struct.__struct_encode_fields__} != {*fields}:
                continue
            if struct.__doc__:
                schema.setdefault("description", inspect.cleandoc(struct.__doc__))
            for name, note in _notes(struct).items():
                if name in fields and "$ref" not in fields[name]:
                    fields[name].setdefault("description", note)


def _below(struct: type[msgspec.Struct]) -> Iterator[type[msgspec.Struct]]:
    for one in struct.__subclasses__():
        yield one
        yield from _below(one)


def _notes(struct: type[msgspec.Struct]) -> dict[str, str]:
    """Return the text below each field; fields of its bases have theirs there."""
    notes: dict[str, str] = {}
    for part in reversed(struct.__mro__):
        if not part.__module__.startswith("tenuto."):
            continue
        try:
            tree = ast.parse(textwrap.dedent(inspect.getsource(part)))
        except (OSError, TypeError):
            continue  # Installed without its source.
        made = tree.body[0]
        assert isinstance(made, ast.ClassDef)
        for field, after in zip(made.body, made.body[1:], strict=False):
            match field, after:
                case (
                    ast.AnnAssign(target=ast.Name(id=name)),
                    ast.Expr(value=ast.Constant(value=str(text))),
                ):
                    notes[name] = " ".join(text.split())
    return notes
