"""JSON Schema: whether a value fits, and if not, why, in words."""

from typing import Protocol

from tenuto.core.vocabulary import Json, JsonObject


class Schemas(Protocol):
    """Holds values against JSON Schemas (2020-12)."""

    def fault(self, schema: JsonObject, value: Json) -> str | None:
        """Return why `value` does not fit `schema` and where, in one line, or None if it does.

        Raises:
            Rejected: `schema` is no JSON Schema.
        """
        ...
