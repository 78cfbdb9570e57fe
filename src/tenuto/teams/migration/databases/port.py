"""What the team asks of a database, whatever its system. Values come and go as Arrow's, in batches;
nothing here holds more than a few batches at once.

```text
DatabaseError
├── CannotConnect       nobody answers there, or refuses us: what to check is in the message
├── MissingDriver       names the extra
├── NotPermitted        we may connect, and may not do this
├── Unavailable         it went away, or is busy: try again
├── NoRoom              its disk is full: somebody has to make room
├── BadValue            it refuses a value or a row, and says why
└── Unsupported         this system cannot do that
```

No message holds a password.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Final, Literal, Protocol

import msgspec

from tenuto.teams.migration.schema import Scalar, Schema, System

if TYPE_CHECKING:
    import pyarrow as pa


class DatabaseError(Exception):
    """A database did not do what was asked."""

    def __init__(self, message: str, *, detail: str = "") -> None:
        super().__init__(message)
        self.detail = detail
        """What the database itself said."""


class CannotConnect(DatabaseError):
    """Nobody answers there, or refuses us."""


class MissingDriver(DatabaseError):
    """The library for it is not installed."""


class NotPermitted(DatabaseError):
    """We may not do this there."""


class Unavailable(DatabaseError):
    """It went away or is busy; it may work later."""


class NoRoom(DatabaseError):
    """Its disk is full."""


class BadValue(DatabaseError):
    """A row was refused."""

    def __init__(
        self,
        message: str,
        *,
        detail: str = "",
        column: str | None = None,
        rows: tuple[int, ...] = (),
    ) -> None:
        super().__init__(message, detail=detail)
        self.column = column
        """The column, where that is known."""
        self.rows = rows
        """Which rows of the batch, from 0, where that is known; others may be refused as well."""


class Unsupported(DatabaseError):
    """This system cannot do that."""


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of a table by the order of `by`: after one key, up to another; `None` is without end."""

    after: tuple[Scalar, ...] | None = None
    upto: tuple[Scalar, ...] | None = None


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """What is read of a table."""

    table: str
    columns: tuple[str, ...]
    by: tuple[str, ...] = ()
    """Sorted by these, bytewise for texts; none: by SQLite's rowid, or in no order."""
    span: Span = Span()
    where: str | None = None
    batch_rows: int = 50_000
    limit: int | None = None


class Rows(msgspec.Struct, frozen=True):
    """The result of a query: Python values (int, float, Decimal, str, bytes, date, …)."""

    columns: tuple[str, ...]
    rows: list[tuple[object, ...]]


BATCH_BYTES: Final = 8_000_000
"""Batches end where they reach this, however few rows they have by then."""

STRANGE: Final = "\x00strange"
"""The name of one more column of a batch, which is there when some of its rows hold values that do
not fit their columns: a word among integers, bytes that are no UTF-8, an infinite date. Such a
value is null in its own column, and for its row this column has a text, `Strange` as JSON; for
other rows it is null. See `strange_cells`."""

StoredAs = Literal["integer", "real", "text", "blob", "broken"]
"""As what a strange value is stored; `broken`: a text that is no UTF-8."""

Strange = dict[str, tuple[StoredAs, str]]
"""Column to what is stored there: digits, a text, or bytes in hex."""


def strange_cells(batch: pa.RecordBatch) -> dict[int, Strange]:
    """Return by row, from 0, the values of a batch that do not fit their columns."""
    place = batch.schema.get_field_index(STRANGE)
    if place < 0:
        return {}
    texts = batch.column(place).to_pylist()
    return {
        row: msgspec.json.decode(text, type=Strange)
        for row, text in enumerate(texts)
        if text is not None
    }


Isolation = Literal["read", "write"]


class Writing(Protocol):
    """A transaction of a target under way: all of it is there afterwards, or nothing is."""

    def execute(self, sql: str, arguments: Sequence[object] = ()) -> int:
        """Return how many rows it changed; `?` stands for arguments, on every system.

        Raises:
            DatabaseError: it was refused.
        """

    def ingest(self, table: str, batch: pa.RecordBatch) -> int:
        """Append rows by the fastest way there is, columns by name; return how many.

        Raises:
            BadValue: a row is refused; the transaction is lost.
        """


class Database(Protocol):
    """One database, source or target. Its calls block: they belong in a thread."""

    system: System

    def describe(self) -> Schema:
        """Return what it holds beside its rows."""

    def query(self, sql: str, arguments: Sequence[object] = (), *, limit: int = 0) -> Rows:
        """Return the rows of a query, or the first `limit` of them."""

    def read(self, read: Read) -> Iterator[pa.RecordBatch]:
        """Return batches of rows, typed as the values are stored; what does not fit its column is
        told by the column `STRANGE`. One transaction sees all of them."""

    def writing(self) -> AbstractContextManager[Writing]:
        """Return a transaction: committed at the end of the block, else rolled back."""

    def close(self) -> None:
        """Let go of it."""
