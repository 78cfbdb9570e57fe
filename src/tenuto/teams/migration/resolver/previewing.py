"""What a mapping would make of a few values: shown to people before they choose."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from tenuto.teams.migration.plan import Alternative, Change
from tenuto.teams.migration.schema import Scalar
from tenuto.teams.migration.scout.patterns import FALSE_WORDS, TRUE_WORDS
from tenuto.teams.migration.scout.profiling import number_in

REFUSED: Final = "(put aside)"


class _Refused(Exception):
    """The value cannot become that."""


def preview(value: Scalar, way: Alternative) -> Scalar:
    """Return what becomes of a value, as text or number; `(put aside)` where it is refused."""
    now: Any = value
    try:
        for change in way.changes:
            if now is None:
                return None
            now = _DO.get(change.do, _same)(now, change)
        return _shown(_in_kind(now, way))
    except (_Refused, ValueError, InvalidOperation, OverflowError):
        return REFUSED


def _same(value: Any, change: Change) -> Any:
    return value


def _trim(value: Any, change: Change) -> Any:
    return value.strip() if isinstance(value, str) else value


def _null_if(value: Any, change: Change) -> Any:
    wanted = change.options.get("values")
    return None if isinstance(wanted, list) and value in wanted else value


def _date(value: Any, change: Change) -> Any:
    formats = change.options.get("formats")
    for format in formats if isinstance(formats, list) else []:
        try:
            found = dt.datetime.strptime(str(value).strip(), str(format))  # noqa: DTZ007  (as given)
        except ValueError:
            continue
        return found.date() if change.do == "date" else found
    raise _Refused


def _epoch(value: Any, change: Change) -> Any:
    scale = 1000 if change.options.get("unit") == "ms" else 1
    return dt.datetime.fromtimestamp(float(value) / scale, dt.UTC)


def _boolean(value: Any, change: Change) -> Any:
    said = str(value).strip().lower()
    for name, known, truth in (("true", TRUE_WORDS, True), ("false", FALSE_WORDS, False)):
        words = change.options.get(name)
        if said in ({str(word).lower() for word in words} if isinstance(words, list) else known):
            return truth
    raise _Refused


def _decimal(value: Any, change: Change) -> Any:
    if not isinstance(value, str):
        return Decimal(str(value))
    text, point = value, change.options.get("decimal")
    if point in (".", ","):
        text = text.replace("," if point == "." else ".", "")
        text = text.replace(",", ".")
    found = (
        number_in(text)
        if point is None
        else Decimal("".join(letter for letter in text if letter.isdigit() or letter in ".-"))
    )
    if found is None:
        raise _Refused
    return found


def _mask(value: Any, change: Change) -> Any:
    return None if change.options.get("how") == "null" else "***"


_DO: Final[dict[str, Callable[[Any, Change], Any]]] = {
    "trim": _trim,
    "null_if": _null_if,
    "date": _date,
    "timestamp": _date,
    "epoch": _epoch,
    "boolean": _boolean,
    "decimal": _decimal,
    "mask": _mask,
}


def _in_kind(value: Any, way: Alternative) -> Any:
    if value is None:
        return None
    match way.kind:
        case "integer":
            whole = int(value) if not isinstance(value, str) else int(value.strip())
            if isinstance(value, float) and whole != value:
                raise _Refused
            return whole
        case "decimal":
            exact = Decimal(str(value))
            if way.scale is not None and exact != round(exact, way.scale):
                raise _Refused
            return exact
        case "float":
            return float(value)
        case "boolean" if not isinstance(value, bool):
            if str(value) not in ("0", "1"):
                raise _Refused
            return str(value) == "1"
        case "date" | "timestamp" | "timestamptz" if isinstance(value, str):
            return dt.datetime.fromisoformat(value.strip())
        case _:
            return value


def _shown(value: Any) -> Scalar:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, dt.datetime):
        return value.isoformat(" ")
    return str(value)
