"""Calls of the functions `append` and `append_one` as the server reads them: prepared, with values
and answers in binary. The driver's own way through a cursor takes several times as long.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final, NamedTuple

from psycopg import pq
from psycopg.errors import error_from_result

from tenuto.adapters.postgres.batches import Batch, Verdict
from tenuto.adapters.postgres.connection import Connection

APPEND: Final = b"tenuto_append"
APPEND_ONE: Final = b"tenuto_append_one"
STATEMENTS: Final = {
    APPEND: b"""SELECT last, numbers, versions
        FROM append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)""",
    APPEND_ONE: b"SELECT last, number, version FROM append_one($1, $2, $3, $4, $5, $6)",
}
UNFENCED: Final = -1
"""In place of a member's number: one process has all sessions."""
BINARY: Final = 1
_BYTEA: Final = 17
_INT8: Final = 20
_INT4: Final = 23
_TEXT: Final = 25
_FORMATS: Final = (*[BINARY] * 7, 0, 0, *[BINARY] * 4)
_FORMATS_ONE: Final = (BINARY,) * 6
_NUMBER: Final = struct.Struct(">q")
_ARRAY: Final = struct.Struct(">5i")
"""Dimensions, whether there are NULLs, the type of the elements, their number, the first index."""
_SIZE: Final = struct.Struct(">i")


class Call(NamedTuple):
    """A prepared statement and its values."""

    statement: bytes
    values: list[bytes]
    formats: Sequence[int]


def prepare(connection: Connection) -> None:
    """Make the statements known to the server, which keeps them as long as the connection is.

    Raises:
        psycopg.Error: the server refuses.
    """
    for name, sql in STATEMENTS.items():
        result = connection.raw.pgconn.prepare(name, sql)
        if result.status != pq.ExecStatus.COMMAND_OK:
            raise error_from_result(result)


def call_of(batch: Batch, fence: int) -> Call:
    """Return what writes the batch; `fence` is the number of the member whose sessions it may write
    to, or `UNFENCED`.

    Raises:
        ValueError, struct.error: it holds what no row can hold.
    """
    number = _NUMBER.pack(fence)
    if batch.is_plain:
        (one,) = batch.commits
        numbers = one.expected, one.count, one.at_ms
        values = [one.session.encode(), *map(_NUMBER.pack, numbers), one.payload, number]
        return Call(APPEND_ONE, values, _FORMATS_ONE)
    given = batch.arguments()
    values = [
        _blobs(_TEXT, [session.encode() for session in given.sessions]),
        _int8s(given.expected),
        _int4s(given.chains),
        _int8s(given.versions),
        _int4s(given.counts),
        _int8s(given.times),
        _blobs(_BYTEA, given.payloads),
        given.starts,
        given.heads,
        _int4s(given.snapshot_chains),
        _int8s(given.snapshot_versions),
        _blobs(_BYTEA, given.snapshot_payloads),
        number,
    ]
    return Call(APPEND, values, _FORMATS)


def verdict_of(batch: Batch, result: pq.abc.PGresult) -> Verdict:
    """Return what the server says of the batch.

    Raises:
        psycopg.Error: it refused all of it.
    """
    if result.status != pq.ExecStatus.TUPLES_OK:
        raise error_from_result(result)
    last, numbers, versions = (result.get_value(0, column) for column in range(3))
    assert last is not None, "the function gives a row"
    (position,) = _NUMBER.unpack(last)
    if not batch.is_plain:
        assert numbers is not None and versions is not None, "a batch has a chain"
        return Verdict(position, _int8s_in(numbers), _int8s_in(versions))
    found = -1 if versions is None else _NUMBER.unpack(versions)[0]
    number = 0 if numbers is None else _NUMBER.unpack(numbers)[0]
    return Verdict(position, [number], [found])


def call(connection: Connection, batch: Batch, fence: int) -> Verdict:
    """Write the batch. Blocks.

    Raises:
        ValueError, struct.error: it holds what no row can hold.
        psycopg.Error: it was not written, or that is unknown.
    """
    statement, values, formats = call_of(batch, fence)
    result = connection.raw.pgconn.exec_prepared(statement, values, formats, BINARY)
    return verdict_of(batch, result)


def _int8s(numbers: Sequence[int]) -> bytes:
    return _numbers(_INT8, "iq", 8, numbers)


def _int4s(numbers: Sequence[int]) -> bytes:
    return _numbers(_INT4, "ii", 4, numbers)


def _numbers(type: int, format: str, size: int, numbers: Sequence[int]) -> bytes:
    count = len(numbers)
    sized = [size] * (2 * count)
    sized[1::2] = numbers
    return _header(type, count) + struct.pack(">" + format * count, *sized)


def _int8s_in(array: bytes) -> list[int]:
    count = (len(array) - _ARRAY.size) // 12
    return list(struct.unpack_from(">" + "4xq" * count, array, _ARRAY.size))


def _blobs(type: int, blobs: Sequence[bytes]) -> bytes:
    parts = [_header(type, len(blobs))]
    for blob in blobs:
        parts.append(_SIZE.pack(len(blob)))
        parts.append(blob)
    return b"".join(parts)


def _header(type: int, count: int) -> bytes:
    return _ARRAY.pack(1, 0, type, count, 1) if count else _ARRAY.pack(0, 0, type, 0, 0)[:12]
