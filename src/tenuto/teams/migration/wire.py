"""Between the team's records and the JSON of events."""

from typing import Any, TypeVar

import msgspec

Record = TypeVar("Record", bound=msgspec.Struct)


def to_json(record: msgspec.Struct) -> Any:
    """Return the record as JSON has it."""
    return msgspec.to_builtins(record)


def from_json(value: Any, kind: type[Record]) -> Record:
    """Return the record that `to_json` gave."""
    return msgspec.convert(value, kind)
