"""Casts of Arrow arrays that tell which values do not fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Refused = (pa.ArrowInvalid, pa.ArrowNotImplementedError, ValueError, OverflowError)


def tried(
    array: pa.Array, make: Callable[[pa.Array], pa.Array], type: pa.DataType
) -> tuple[pa.Array, tuple[int, ...]]:
    """Return what `make` makes of an array, and the places it refuses, where null stands instead.

    Halves are tried until the places are found: some 20 attempts for a single one in a million.
    """
    try:
        return make(array), ()
    except Refused:
        if len(array) == 1:
            return pa.nulls(1, type), (0,)
    middle = len(array) // 2
    left, bad_left = tried(array[:middle], make, type)
    right, bad_right = tried(array[middle:], make, type)
    return pa.concat_arrays([left, right]), (*bad_left, *(middle + place for place in bad_right))


def cast(array: pa.Array, type: pa.DataType) -> tuple[pa.Array, tuple[int, ...]]:
    """Return an array cast without loss, and the places of values that cannot be."""
    if array.type == type:
        return array, ()
    return tried(array, lambda part: pc.cast(part, type, safe=True), type)


def gathered(batches: Iterator[pa.RecordBatch], rows: int, bytes: int) -> Iterator[pa.RecordBatch]:
    """Return small batches joined to larger ones, of at most so many rows, and of not many more
    bytes: what is held at once stays bounded whatever the rows are like."""
    held: list[pa.RecordBatch] = []
    count = size = 0
    for batch in batches:
        if held and count + batch.num_rows > rows:
            yield joined(held)
            held, count, size = [], 0, 0
        held.append(batch)
        count += batch.num_rows
        size += batch.nbytes
        if count >= rows or size >= bytes:
            yield joined(held)
            held, count, size = [], 0, 0
    if held:
        yield joined(held)


def joined(batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    """Return batches of one schema as one."""
    if len(batches) == 1:
        return batches[0]
    columns = [
        pa.concat_arrays([batch.column(place) for batch in batches])
        for place in range(batches[0].num_columns)
    ]
    return pa.RecordBatch.from_arrays(columns, schema=batches[0].schema)


def one_array(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Return a column as one array."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
        if isinstance(column, pa.ChunkedArray):
            return pa.concat_arrays(column.chunks) if column.num_chunks else pa.nulls(0)
    return column
