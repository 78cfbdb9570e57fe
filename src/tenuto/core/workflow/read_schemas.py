"""JSON Schemas of objects as files write them: whole, or one short schema for each name."""

from typing import Final

from tenuto.core.vocabulary import Json, JsonObject
from tenuto.core.workflow.section import Section, shown

JSON_TYPES: Final = ("string", "number", "integer", "boolean", "array", "object", "null")


def object_schema(section: Section, key: str, what: str, *, each: str) -> JsonObject | None:
    """Return the schema under `key`: as it is written, or put together from one per name.

    In the short form there are no other names, and all without a default are required. `what` is
    the whole in messages, `each` one name of it."""
    found = section.section(key, what)
    if found is None:
        return None
    if found.data.get("type") == "object" or "$schema" in found.data:
        return found.data
    properties: dict[str, Json] = {}
    required: list[Json] = []
    for name, value in found.data.items():
        schema = _schema(found, name, value, each)
        properties[name] = schema
        if "default" not in schema:
            required.append(name)
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def _schema(section: Section, name: str, value: Json, each: str) -> JsonObject:
    if isinstance(value, str) and value in JSON_TYPES:
        return {"type": value}
    if isinstance(value, dict):
        return value
    types = ", ".join(JSON_TYPES)
    message = f"{each} {name!r} must be a type or a JSON Schema, found {shown(value)}."
    section.fault(name, message, f"Types are: {types}.")
    return {}
