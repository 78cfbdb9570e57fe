"""What a plan's changes make of a column's values, a whole array at once.

Each change gives values and the places of those that it cannot change; these become null, and
their rows bad rows. Nothing is coerced in silence: what a change does not know, it refuses.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Final

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from tenuto.teams.migration.databases.port import Unsupported
from tenuto.teams.migration.moving import dates, masks, numbers
from tenuto.teams.migration.moving.kinds import (
    Found,
    is_bytes,
    is_text,
    none_fits,
    places,
    to_kind,
    without,
)
from tenuto.teams.migration.moving.options import number, text, texts
from tenuto.teams.migration.plan import Change, ColumnPlan, TablePlan

Changing = Callable[[pa.Array, Change, ColumnPlan], Found]

TRUE: Final = "true t yes y on 1 ja j oui o si sí s x wahr vrai sim"
FALSE: Final = "false f no n off 0 nein non nicht falsch faux não nao"


def as_texts(array: pa.Array) -> pa.Array:
    """Return values as the texts that they are written as; bytes stay what they are."""
    if is_text(array.type) or is_bytes(array.type):
        return array
    return pc.cast(array, pa.string())


def trim(array: pa.Array, change: Change, column: ColumnPlan) -> Found:
    """Without white space at both ends."""
    return (pc.utf8_trim_whitespace(array) if is_text(array.type) else array), ()


def null_if(array: pa.Array, change: Change, column: ColumnPlan) -> Found:
    """Null in place of `values`."""
    written = as_texts(array)
    if is_bytes(written.type):
        return array, ()
    gone = pc.is_in(written, pa.array(texts(change, "values"), pa.string()))
    return pc.if_else(gone, pa.scalar(None, array.type), array), ()


def default(array: pa.Array, change: Change, column: ColumnPlan) -> Found:
    """`value` in place of null."""
    filled = pc.fill_null(as_texts(array), text(change, "value"))
    return filled, ()


def replace(array: pa.Array, change: Change, column: ColumnPlan) -> Found:
    """`new` in place of each `old`, or of each match of `pattern`."""
    if not is_text(array.type):
        array = as_texts(array)
    if is_bytes(array.type):
        return none_fits(array, pa.string())
    if "pattern" in change.options:
        return pc.replace_substring_regex(array, text(change, "pattern"), text(change, "new")), ()
    return pc.replace_substring(array, text(change, "old"), text(change, "new")), ()


def translate(array: pa.Array, change: Change, column: ColumnPlan) -> Found:
    """The word of `to` at the place that the value has in `from`; others are bad."""
    written = as_texts(array)
    if is_bytes(written.type):
        return none_fits(array, pa.string())
    words = pa.array(texts(change, "to"), pa.string())
    at = pc.index_in(written, pa.array(texts(change, "from"), pa.string()))
    made = words.take(at)
    return made, places(pc.and_(pc.is_null(at), pc.is_valid(array)))


def truncate(array: pa.Array, change: Change, column: ColumnPlan) -> Found:
    """The first `length` characters, or bytes."""
    length = number(change, "length")
    if is_bytes(array.type):
        return pc.binary_slice(array, 0, length), ()
    return pc.utf8_slice_codeunits(as_texts(array), 0, length), ()


def case(array: pa.Array, change: Change, column: ColumnPlan) -> Found:
    """In small or in capital letters."""
    written = as_texts(array)
    if is_bytes(written.type):
        return none_fits(array, pa.string())
    return (pc.utf8_lower(written) if change.do == "lower" else pc.utf8_upper(written)), ()


def normalize(array: pa.Array, change: Change, column: ColumnPlan) -> Found:
    """In the Unicode form `form`, NFC unless it is named."""
    form = text(change, "form", "NFC")
    return (pc.utf8_normalize(array, form=form) if is_text(array.type) else array), ()


def boolean(array: pa.Array, change: Change, column: ColumnPlan) -> Found:
    """True and false, of words: `true` and `false`, or those of several languages, any case."""
    if pa.types.is_boolean(array.type):
        return array, ()
    written = as_texts(array)
    if is_bytes(written.type):
        return none_fits(array, pa.bool_())
    plain = pc.utf8_trim_whitespace(pc.utf8_lower(written))
    true = [word.lower() for word in texts(change, "true", TRUE.split())]
    false = [word.lower() for word in texts(change, "false", FALSE.split())]
    is_true = pc.is_in(plain, pa.array(true, pa.string()))
    known = pc.or_(is_true, pc.is_in(plain, pa.array(false, pa.string())))
    made = pc.if_else(pc.and_(known, pc.is_valid(array)), is_true, pa.scalar(None, pa.bool_()))
    return made, places(pc.and_(pc.invert(known), pc.is_valid(array)))


def to_text(array: pa.Array, change: Change, column: ColumnPlan) -> Found:
    """As it is written."""
    if is_bytes(array.type):
        return none_fits(array, pa.string())
    return as_texts(array), ()


def latin1(array: pa.Array, change: Change, column: ColumnPlan) -> Found:
    """Bytes that are no UTF-8 read as Windows-1252, which is Latin-1 and more."""
    if not is_bytes(array.type):
        return as_texts(array), ()
    found: list[str | None] = []
    bad: list[int] = []
    for place, raw in enumerate(array.to_pylist()):
        word = None if raw is None else decoded(raw)
        if word is None and raw is not None:
            bad.append(place)
        found.append(word)
    return pa.array(found, pa.string()), tuple(bad)


def decoded(raw: bytes) -> str | None:
    """Return bytes as text: UTF-8 where they are that, else Windows-1252, else nothing."""
    for encoding in ("utf-8", "cp1252"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None


def split(array: pa.Array, change: Change, column: ColumnPlan) -> Found:
    """The part at place `part`, from 0 (-1: the last), of at most `limit` parts between
    `separator`s; null where there are fewer."""
    written = as_texts(array)
    if is_bytes(written.type):
        return none_fits(array, pa.string())
    separator, part = text(change, "separator", " "), number(change, "part")
    most = number(change, "limit", 0)
    parts = [
        None if value is None else value.split(separator, most - 1 if most else -1)
        for value in written.to_pylist()
    ]
    return pa.array(
        [
            None if some is None or not -len(some) <= part < len(some) else some[part]
            for some in parts
        ],
        pa.string(),
    ), ()


def cast(array: pa.Array, change: Change, column: ColumnPlan) -> Found:
    """In the type of `kind`, that of the column unless it is named."""
    kind = text(change, "kind", column.kind)
    return to_kind(array, msgspec.structs.replace(column, kind=kind))


def divide(array: pa.Array, change: Change, column: ColumnPlan) -> Found:
    """Divided by `by`, a power of ten: cents become money."""
    by = Decimal(text(change, "by"))
    power = -by.normalize().as_tuple().exponent if by.normalize().as_tuple().digits == (1,) else 1  # type: ignore[operator]  # finite
    if power > 0:
        raise Unsupported(f"The change 'divide' by {by} is not known: only powers of ten, as 100.")
    if not pa.types.is_integer(array.type):
        array, bad = to_kind(array, msgspec.structs.replace(column, kind="integer"))
    else:
        bad = ()
    unit = pa.scalar(Decimal(1).scaleb(power), pa.decimal128(max(-power, 1), -power))
    return pc.multiply(pc.cast(array, pa.decimal128(19, 0)), unit), bad


def nothing_else(array: pa.Array, change: Change, column: ColumnPlan) -> Found:
    """The same: it was done before, or is done by the last step for each kind."""
    return array, ()


CHANGES: Final[dict[str, tuple[Changing, str]]] = {
    "boolean": (boolean, "is no word for yes or no"),
    "cast": (cast, "does not fit"),
    "date": (dates.date, "is no date of the given forms"),
    "decimal": (numbers.decimal, "is no number"),
    "default": (default, ""),
    "divide": (divide, "is no whole number"),
    "epoch": (dates.epoch, "is no number of seconds"),
    "join": (nothing_else, ""),
    "coalesce": (nothing_else, ""),
    "json": (nothing_else, ""),
    "latin1": (latin1, "is neither UTF-8 nor Windows-1252"),
    "lower": (case, "is no text"),
    "mask": (masks.mask, "cannot be masked"),
    "normalize": (normalize, ""),
    "null_if": (null_if, ""),
    "replace": (replace, "is no text"),
    "split": (split, "is no text"),
    "text": (to_text, "are bytes, not a text"),
    "timestamp": (dates.timestamp, "is no time of the given forms"),
    "translate": (translate, "is none of the words that are translated"),
    "trim": (trim, ""),
    "truncate": (truncate, ""),
    "upper": (case, "is no text"),
    "uuid": (nothing_else, ""),
}
"""Name to what it does, and why it refuses a value."""


def check(table: TablePlan) -> None:
    """Raise Unsupported, and say where, when a plan asks for a change that is not known."""
    for column in table.columns:
        for change in column.changes:
            if change.do not in CHANGES:
                raise Unsupported(
                    f"{table.name}.{column.name}: the change {change.do!r} is not known; there "
                    f"are: {', '.join(CHANGES)}."
                )


__all__ = ["CHANGES", "Changing", "as_texts", "check", "without"]
