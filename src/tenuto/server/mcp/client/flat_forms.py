"""Forms as MCP takes them: one object of plain fields.

Source: MCP 2025-11-25, client/elicitation, requested schema."""

from typing import Any, Final

from tenuto.core.vocabulary import Json, JsonObject

FIELDS_MAX: Final = 100
_EVERY: Final = ("type", "title", "description", "default")
_KEYS: Final[dict[str, tuple[str, ...]]] = {
    "string": ("minLength", "maxLength", "format"),
    "number": ("minimum", "maximum"),
    "integer": ("minimum", "maximum"),
    "boolean": (),
    "array": ("minItems", "maxItems", "items"),
}
_CHOICES: Final = ("enum", "enumNames", "oneOf")
_FORMATS: Final = ("email", "uri", "date", "date-time")
_STRUCTURE: Final = ("$ref", "allOf", "anyOf", "not", "if", "properties", "prefixItems")
"""What makes of a field something that no client could show."""
_NOTHING: Final[JsonObject] = {"type": "object", "properties": {}}


def flat_form(form: JsonObject | None) -> JsonObject | None:
    """Return a form as clients are asked for it, or None where they could not show it.

    What the form wants beyond what MCP has, as a pattern, is left out: the answer is held against
    the form all the same."""
    if form is None:
        return _NOTHING
    properties = form.get("properties", {})
    if form.get("type") != "object" or not isinstance(properties, dict):
        return None
    if len(properties) > FIELDS_MAX or any(key in form for key in ("$ref", "allOf", "anyOf")):
        return None
    fields: JsonObject = {}
    for name, schema in properties.items():
        field = _field(schema)
        if field is None:
            return None
        fields[name] = field
    found: JsonObject = {"type": "object", "properties": fields}
    required = form.get("required")
    if isinstance(required, list) and required:
        if any(name not in fields for name in required):
            return None
        found["required"] = required
    return found


def _field(schema: Json) -> JsonObject | None:
    if not isinstance(schema, dict) or any(key in schema for key in _STRUCTURE):
        return None
    kind = schema.get("type")
    if not isinstance(kind, str) or kind not in _KEYS:
        return None
    keys: tuple[str, ...] = (*_EVERY, *_KEYS[kind])
    if kind == "string":
        keys = (*keys, *_CHOICES)
    elif any(key in schema for key in ("enum", "oneOf")):
        return None
    if kind == "array" and not _is_choice(schema.get("items")):
        return None
    if "oneOf" in schema and not _are_titled(schema["oneOf"]):
        return None
    field: JsonObject = {key: schema[key] for key in keys if key in schema}
    if field.get("format", "email") not in _FORMATS:
        del field["format"]
    return field


def _is_choice(items: Any) -> bool:
    """Return whether the items of a list are texts to choose among."""
    if not isinstance(items, dict):
        return False
    if items.get("type") == "string" and isinstance(items.get("enum"), list):
        return True
    return _are_titled(items.get("anyOf"))


def _are_titled(choices: Any) -> bool:
    return isinstance(choices, list) and all(
        isinstance(choice, dict)
        and isinstance(choice.get("const"), str)
        and isinstance(choice.get("title"), str)
        for choice in choices
    )
