"""Moving all that a store holds into another: both ends, as tables of rows.

Neither end is written to by others meanwhile, and each is one transaction: what was not settled or
retired has not happened.
"""

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeAlias

import msgspec

Value: TypeAlias = int | float | str | bytes | None
Row: TypeAlias = tuple[Value, ...]
"""The values of a table's columns, in their order."""


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """What both ends call the same."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    """The columns that rows are told apart by; rows come in the order of their values."""
    last: int = 0
    """The largest number that was ever given to a row; 0: rows are not numbered."""


class MoveSource(Protocol):
    """The store that is left. Every method blocks, and may raise `StoreUnavailable`."""

    @property
    def name(self) -> str:
        """Return how people are told of it: an address without a password."""
        ...

    def tables(self) -> tuple[Table, ...]:
        """Return the tables to be moved; those that follow from others are none of them."""
        ...

    def rows(self, table: Table) -> Iterator[Row]:
        """Give the rows of a table in the order of its key, few in memory at a time.

        Raises:
            CorruptLog: a row is not what was written.
        """
        ...

    def retire(self, target: str) -> None:
        """Mark the store as moved to `target`: whoever opens it or writes to it is told so."""
        ...

    def close(self) -> None:
        """Let it go; what was not retired is as it was."""
        ...


class MoveTarget(Protocol):
    """The store that is moved to. Every method blocks, and may raise `StoreUnavailable`."""

    @property
    def name(self) -> str:
        """Return how people are told of it: an address without a password."""
        ...

    def arrived(self) -> str:
        """Return the digest of what an earlier move settled here, '' when nothing is here.

        Raises:
            Rejected: it holds something else.
        """
        ...

    def write(self, table: Table, rows: Iterable[Row]) -> None:
        """Take the rows in, few in memory at a time.

        Raises:
            Rejected: there is no such table here, or a row holds what cannot be stored here.
        """
        ...

    def rows(self, table: Table) -> Iterator[Row]:
        """Give what was written, as `MoveSource.rows` does."""
        ...

    def settle(self, digest: str) -> None:
        """Return when all that was written is durable, and `arrived` gives `digest`."""
        ...

    def close(self) -> None:
        """Let it go; what was not settled is not there."""
        ...
