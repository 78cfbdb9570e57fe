"""Read models: tables kept from events, for people and programs that ask with SQL.

They hold nothing that the log does not. What a batch of events changes and how far the log has been
read are written together, so each event counts once, whatever crashes.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from tenuto.core.errors import Rejected
from tenuto.core.tables import COLUMNS, Change, Row, Table, Value

PAGE_MAX = 1_000


class Reached(msgspec.Struct, frozen=True, kw_only=True):
    """How far the tables are."""

    position: int = 0
    """Of the last event in the log of sessions that they have taken in; 0: none, or not all of the
    log up to now."""
    entry: int = 0
    """Number of the last entry of the ledger that they have taken in."""


class RowQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which rows to list, newest first."""

    table: Table
    tenant: str | None = None
    where: Mapping[str, Value] = {}
    """Column to the value that it must have; None: it has none."""
    oldest_first: bool = False
    after: tuple[str, ...] = ()
    """Page: only rows listed after the one with this key; see `core.tables.KEYS`."""
    limit: int = 100

    def check(self) -> None:
        """Return when it can be answered.

        Raises:
            Rejected: there is no such table or column, or memory is asked for without a tenant.
        """
        if self.table not in COLUMNS:
            raise Rejected(f"There is no table {self.table!r}; there are {', '.join(COLUMNS)}.")
        if self.table == "agent_memory" and self.tenant is None:
            raise Rejected("What agents remember is listed for one tenant: name it.")
        for column in self.where:
            if column not in COLUMNS[self.table]:
                known = ", ".join(COLUMNS[self.table])
                raise Rejected(f"Table {self.table} has no column {column!r}; it has {known}.")


class ReadModels(Protocol):
    """The tables of `core.tables`, with one writer.

    Every method may raise `StoreUnavailable`."""

    async def apply(self, changes: Sequence[Change], reached: Reached) -> None:
        """Make the changes, in their order, and note how far the tables are: all, or nothing.

        A change of columns of a row that is not there changes nothing."""
        ...

    async def reached(self) -> Reached:
        """Return how far the tables are."""
        ...

    async def rows(self, query: RowQuery) -> tuple[Row, ...]:
        """Return the rows that match, at most 1,000. Those of `agent_memory` are kept by `Memory`:
        those that no other one supersedes, of several with one key the newest.

        Raises:
            Rejected: see `RowQuery.check`.
            NotFound: there is no row `after`.
        """
        ...

    async def clear(self) -> None:
        """Empty the tables; they have reached nothing then."""
        ...
