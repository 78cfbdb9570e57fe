"""The JSON Schema of a guard, for editors."""

from typing import get_args

from tenuto.core.agent.guards import BORDERS, PII_KINDS, Action, Guard, GuardKind
from tenuto.core.vocabulary import Json, JsonObject


def guard_schema() -> JsonObject:
    """Return the schema of one guard: an object, or the name of its kind alone."""
    texts: JsonObject = {"type": "array", "items": {"type": "string"}}
    number: JsonObject = {"type": "integer", "minimum": 0}
    properties: dict[str, Json] = {
        "kind": {"enum": list(get_args(GuardKind)), "description": "What it looks for."},
        "name": {"type": "string", "description": "What records and messages call it."},
        "at": {
            "type": "array",
            "items": {"enum": list(BORDERS)},
            "description": "Borders it stands at; pii, secrets and injection have usual ones.",
        },
        "action": {
            "enum": list(get_args(Action)),
            "description": "What follows when it finds something: block by default.",
        },
        "fits": {"type": "object", "description": "schema: JSON Schema of the value."},
        "chars_max": {**number, "description": "length: of all texts together."},
        "items_max": {**number, "description": "length: of each list and object."},
        "deny": {**texts, "description": "regex: patterns that no text may hold."},
        "require": {**texts, "description": "regex: patterns that some text must hold."},
        "only": {
            "type": "array",
            "items": {"enum": list(PII_KINDS)},
            "description": "pii: which kinds; all by default.",
        },
        "restore": {**texts, "description": "pii: tools or permissions that get real values."},
        "ref": {"type": "string", "description": "function: module:name."},
        "timeout_ms": {**number, "description": "function: after so long it blocks."},
        "assignees": {**texts, "description": "ask: who may decide."},
        "expires_ms": {**number, "description": "ask: after so long it counts as denied."},
    }
    assert set(properties) == set(Guard.__struct_fields__)
    full: JsonObject = {
        "type": "object",
        "description": "A guard.",
        "properties": properties,
        "additionalProperties": False,
        "required": ["kind"],
    }
    alone: JsonObject = {"enum": ["pii", "secrets", "injection"], "description": "A kind."}
    return {"if": {"type": "object"}, "then": full, "else": alone}
