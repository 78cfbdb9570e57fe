"""JSON Schema by the `jsonschema-rs` library. May import `core`, `ports`."""

from typing import Any

import msgspec

from tenuto.core.errors import Rejected
from tenuto.core.vocabulary import Json, JsonObject


class JsonSchemas:
    """Compiles each schema once; the library is imported with the first."""

    def __init__(self) -> None:
        self._validators: dict[bytes, Any] = {}

    def fault(self, schema: JsonObject, value: Json) -> str | None:
        """Return why `value` does not fit `schema` and where, in one line, or None if it does.

        Of what the schema calls `writeOnly`, as a password, the value is not told, but what was
        expected: its `description`. Source: JSON Schema 2020-12, Validation, 9.4.

        Raises:
            Rejected: `schema` is no JSON Schema.
        """
        key = msgspec.msgpack.encode(schema)
        validator = self._validators.get(key)
        if validator is None:
            validator = self._validators[key] = _compile(schema)
        faults = [_sentence(error, schema) for error in validator.iter_errors(value)]
        return "; ".join(faults[:5]) or None


def _compile(schema: JsonObject) -> Any:
    import jsonschema_rs

    try:
        return jsonschema_rs.validator_for(schema, retriever=_refuse)
    except jsonschema_rs.ValidationError as error:
        raise Rejected(f"This is no JSON Schema: {_sentence(error)}.") from None
    except ValueError as error:
        raise Rejected(f"This is no JSON Schema: {error}") from None


def _refuse(address: str) -> Any:
    """A schema may come from anybody: what it refers to is in it, not in a file or on a server."""
    raise ValueError(f"{address!r:.80} is not part of the schema, and nothing is fetched")


def _sentence(error: Any, schema: Json = None) -> str:
    place = "/".join(str(part) for part in error.instance_path)
    message = _untold(error, schema) or str(error.message)
    return f"at {place}: {message}" if place else message


def _untold(error: Any, schema: Json) -> str:
    """Return what is said in place of a value that may be a secret; else nothing."""
    part = schema
    for step in error.schema_path:
        if isinstance(part, dict) and part.get("writeOnly") is True:
            expected = str(part.get("description", "something else")).rstrip(".")
            return f"What was given is not as expected, and is not told: {expected}"
        if isinstance(part, dict):
            part = part.get(step)
        elif isinstance(part, list) and isinstance(step, int) and step < len(part):
            part = part[step]
    return ""
