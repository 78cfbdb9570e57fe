"""Defaults that a JSON Schema names for what is not given."""

from tenuto.core.vocabulary import JsonObject


def with_defaults(given: JsonObject, schema: JsonObject) -> JsonObject:
    """Return `given` and, for those not given, the defaults that the schema names."""
    properties = schema.get("properties")
    if not isinstance(properties, dict):
        return given
    defaults = {
        name: part["default"]
        for name, part in properties.items()
        if isinstance(part, dict) and "default" in part
    }
    return {**defaults, **given}
