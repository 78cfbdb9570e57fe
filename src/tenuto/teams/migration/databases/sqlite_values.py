"""Values of Arrow's arrays as SQLite stores them.

Dates and times become texts in ISO form, decimals texts where a float would change them, booleans
0 and 1.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc


def rows_of(batch: pa.RecordBatch) -> Iterator[tuple[object, ...]]:
    """Return the rows of a batch as Python tuples that SQLite takes."""
    return zip(*(values(column) for column in batch.columns), strict=True)


def values(column: pa.Array) -> list[object]:
    """Return the values of a column as SQLite takes them."""
    return storable(column).to_pylist()  # type: ignore[no-any-return]  # pyarrow has no types


def storable(column: pa.Array) -> pa.Array:
    """Return a column as integers, floats, texts or blobs."""
    kind = column.type
    if pa.types.is_boolean(kind):
        return pc.cast(column, pa.int8())
    if pa.types.is_timestamp(kind):
        return trimmed(pc.strftime(column, format="%Y-%m-%d %H:%M:%S"), kind)
    if pa.types.is_decimal(kind) or pa.types.is_date(kind) or pa.types.is_time(kind):
        return pc.cast(column, pa.string())
    return column


def trimmed(texts: pa.Array, kind: pa.DataType) -> pa.Array:
    """Return the texts of timestamps without six zeros of microseconds, in UTC with +00:00."""
    short = pc.replace_substring_regex(texts, r"\.0+$", "")
    zone = pa.scalar("+00:00", short.type) if kind.tz else pa.scalar("", short.type)
    return pc.binary_join_element_wise(short, zone, "") if kind.tz else short
