"""Values of Arrow's arrays as SQLite stores them."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc


def storable(column: pa.Array) -> pa.Array:
    """Return a column as integers, floats, texts or blobs.

    Days and times become texts in ISO form, those with a zone in UTC with +00:00; decimals texts
    with all their digits, of which the column makes what its type says; booleans 0 and 1.
    """
    kind = column.type
    if pa.types.is_boolean(kind):
        return pc.cast(column, pa.int64())
    if pa.types.is_timestamp(kind):
        return moments(column)
    if pa.types.is_time(kind):
        return pc.replace_substring_regex(pc.cast(column, pa.string()), r"\.0+$", "")
    if pa.types.is_decimal(kind) or pa.types.is_date(kind) or pa.types.is_null(kind):
        return pc.cast(column, pa.string())
    return column


def moments(column: pa.Array) -> pa.Array:
    """Return timestamps as texts, without a fraction that is zero."""
    whole = pc.cast(pc.cast(column, pa.timestamp("us")), pa.string())
    short = pc.replace_substring_regex(whole, r"\.0+$", "")
    if not column.type.tz:
        return short
    return pc.binary_join_element_wise(short, pa.scalar("+00:00", pa.string()), "")
