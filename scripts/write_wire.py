"""Writes the types of events as the server sends them, in TypeScript, from the classes of the core.

Usage: scripts/write_wire.py. The types of requests and answers come from docs/openapi.json, by
`npm run wire` in web/.
"""

import builtins
import typing
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import inspect

from tenuto.core.agent.messages import ModelAnswer
from tenuto.core.session.events import SessionEvent

TARGET = Path(__file__).parent.parent / "web" / "src" / "wire" / "events.ts"
WIDTH: Final = 100

_HEAD = """\
// Written by scripts/write_wire.py from src/tenuto/core/session/events.py. Do not edit.

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
export type JsonObject = { [name: string]: Json };

/** What every event has beside its own fields. */
export interface Placed {
  version: number;
  position: number;
  at: string;
  /** Of the task that the event names. */
  path?: string;
}
"""


def rendered() -> str:
    """Return the text of the file."""
    writer = _Writer()
    events = typing.get_args(SessionEvent)
    parts = [writer.event(event) for event in events]
    writer.named(inspect.type_info(ModelAnswer))
    union = "\n".join(f"  | {event.__name__}" for event in events)
    shapes = [writer.shapes[name] for name in sorted(writer.shapes)]
    return "\n".join([_HEAD, *shapes, *parts, f"export type SessionEvent =\n{union};\n"])


class _Writer:
    def __init__(self) -> None:
        self.shapes: dict[str, str] = {}

    def event(self, kind: type[msgspec.Struct]) -> str:
        """Return the interface of an event."""
        info = inspect.type_info(kind)
        assert isinstance(info, inspect.StructType)
        lines = [f"  type: '{kind.__name__}';"]
        lines += [self._field(field) for field in info.fields if field.name != "at_ms"]
        body = "\n".join(lines)
        return f"{_comment(kind)}export interface {kind.__name__} extends Placed {{\n{body}\n}}\n"

    def named(self, info: inspect.Type) -> str:
        """Return a name for a shape, which is written once."""
        assert isinstance(info, inspect.StructType)
        name = info.cls.__name__
        if name not in self.shapes:
            self.shapes[name] = ""
            body = "\n".join(self._field(field) for field in info.fields)
            self.shapes[name] = f"{_comment(info.cls)}export interface {name} {{\n{body}\n}}\n"
        return name

    def _field(self, field: inspect.Field) -> str:
        return f"  {field.name}: {self._type(field.type)};"

    def _type(self, info: inspect.Type) -> str:
        match info:
            case inspect.StrType():
                return "string"
            case inspect.IntType() | inspect.FloatType():
                return "number"
            case inspect.BoolType():
                return "boolean"
            case inspect.NoneType():
                return "null"
            case inspect.AnyType() | inspect.CustomType(cls=builtins.object):
                return "Json"
            case inspect.LiteralType():
                return " | ".join(f"'{value}'" for value in info.values)
            case inspect.UnionType():
                return self._union(info.types)
            case inspect.VarTupleType() | inspect.ListType() | inspect.CollectionType():
                inner = self._type(info.item_type)
                return f"({inner})[]" if "|" in inner else f"{inner}[]"
            case inspect.TupleType():
                return f"[{', '.join(map(self._type, info.item_types))}]"
            case inspect.DictType():
                inner = self._type(info.value_type)
                return "JsonObject" if inner == "Json" else f"Record<string, {inner}>"
            case inspect.StructType():
                return self.named(info)
        raise TypeError(f"no type for {info!r}: tell scripts/write_wire.py how it is sent")

    def _union(self, types: tuple[inspect.Type, ...]) -> str:
        kinds = {type(one) for one in types}
        if {inspect.DictType, inspect.ListType} <= kinds:
            return "Json"
        return " | ".join(dict.fromkeys(map(self._type, types)))


def _comment(kind: type[Any]) -> str:
    text = " ".join((kind.__doc__ or "").split())
    first = text.partition(". ")[0].rstrip(".")
    return f"/** {first}. */\n" if first else ""


if __name__ == "__main__":
    TARGET.write_text(rendered(), "utf-8")
    print(f"wrote {TARGET.name}")
