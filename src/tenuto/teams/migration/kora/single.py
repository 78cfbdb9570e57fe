"""The canonical text of one value: for values that a column of their kind has no place for, for
JSON and UUIDs, and for what people are shown."""

from __future__ import annotations

import datetime
import math
import re
import uuid
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Final

import msgspec

from tenuto.teams.migration.schema import Kind, Scalar

Text = Callable[[object], str]


def text(value: object, text_of: Text) -> str:
    """Return the canonical text of a value of a kind, or what stands there with its own type."""
    try:
        return text_of(value)
    except (ValueError, TypeError, ArithmeticError):
        return raw(value)


def raw(value: object) -> str:
    """Return a value as a text that no other value has."""
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return "0x" + value.hex()
    return str(value)


def shown(value: object) -> Scalar:
    """Return a value as reports show it: what JSON has no place for as a text."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Decimal):
        return decimal(value)
    return raw(value)


def boolean(value: object) -> str:
    truth = {0: "false", 1: "true", "0": "false", "1": "true", b"\0": "false", b"\1": "true"}
    words = {"false": "false", "true": "true", "f": "false", "t": "true"}
    found = truth.get(value) or words.get(value)  # type: ignore[call-overload]  # any value asks
    if found is None:
        raise ValueError(value)
    return str(found)


def integer(value: object) -> str:
    number = number_of(value)
    if number != number.to_integral_value():
        raise ValueError(value)
    return str(int(number))


def decimal(value: object) -> str:
    number = number_of(value)
    if not number.is_finite():
        return str(number).lower().replace("infinity", "inf")
    plain = format(number, "f")
    if "." in plain:
        plain = plain.rstrip("0").rstrip(".")
    return "0" if plain == "-0" else plain


def number_of(value: object) -> Decimal:
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, bool | int | str | Decimal):
        try:
            return Decimal(value)
        except InvalidOperation as error:
            raise ValueError(value) from error
    raise ValueError(value)


def floating(value: object) -> str:
    if not isinstance(value, bool | int | float | str | Decimal):
        raise ValueError(value)
    return repr(float(value) + 0.0)


def as_text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode()
    if not isinstance(value, str):
        raise ValueError(value)
    return value


def date(value: object) -> str:
    if isinstance(value, str):
        value = datetime.datetime.fromisoformat(value)
    if isinstance(value, datetime.datetime):
        if value.time() != datetime.time(0) or value.tzinfo is not None:
            raise ValueError(value)
        value = value.date()
    if not isinstance(value, datetime.date):
        raise ValueError(value)
    return value.isoformat()


def time(value: object) -> str:
    if isinstance(value, datetime.timedelta):
        if not datetime.timedelta(0) <= value < datetime.timedelta(days=1):
            raise ValueError(value)
        value = (datetime.datetime(1, 1, 1) + value).time()  # noqa: DTZ001  (a time of day)
    if isinstance(value, str):
        value = datetime.time.fromisoformat(value)
    if not isinstance(value, datetime.time) or value.tzinfo is not None:
        raise ValueError(value)
    return value.isoformat("microseconds")


def timestamp(value: object) -> str:
    if isinstance(value, str):
        value = datetime.datetime.fromisoformat(value)
    if isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
        value = datetime.datetime.combine(value, datetime.time(0))
    if not isinstance(value, datetime.datetime) or value.tzinfo is not None:
        raise ValueError(value)
    return value.isoformat(" ", "microseconds")


def moment(value: object) -> str:
    if isinstance(value, str):
        value = datetime.datetime.fromisoformat(value)
    if not isinstance(value, datetime.datetime):
        raise ValueError(value)
    if value.tzinfo is None:
        value = value.replace(tzinfo=datetime.UTC)
    return value.astimezone(datetime.UTC).isoformat(" ", "microseconds")


def as_json(value: object) -> str:
    """Return JSON with sorted keys, without blanks, numbers as `decimal` has them."""
    if isinstance(value, bytes):
        value = value.decode()
    if isinstance(value, str):
        value = DECODER.decode(value)
    return ENCODER.encode(value).decode()


def json_number(written: str) -> int | Decimal:
    """Return the number: 1.0 is 1 and 1.10 is 1.1, as JSON knows one kind of number."""
    number = Decimal(written).normalize()
    whole = number == number.to_integral_value() and abs(number.adjusted()) < 30
    return int(number) if whole else number


def as_uuid(value: object) -> str:
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, bytes):
        return str(uuid.UUID(bytes=value))
    if isinstance(value, str) and DASHED.fullmatch(value):
        return value.lower()
    return str(uuid.UUID(str(value)))


DECODER: Final = msgspec.json.Decoder(float_hook=json_number)
ENCODER: Final = msgspec.json.Encoder(order="sorted", decimal_format="number")
DASHED: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def as_bytes(value: object) -> str:
    if not isinstance(value, bytes):
        raise ValueError(value)
    return value.hex()


TEXTS: Final[dict[Kind, Text]] = {
    "boolean": boolean,
    "integer": integer,
    "decimal": decimal,
    "float": floating,
    "text": as_text,
    "bytes": as_bytes,
    "date": date,
    "time": time,
    "timestamp": timestamp,
    "timestamptz": moment,
    "json": as_json,
    "uuid": as_uuid,
}
