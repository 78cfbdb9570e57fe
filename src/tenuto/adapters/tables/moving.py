"""What both ends of a move have in common, whichever database they are: see `ports.moving`."""

import time
from collections.abc import Iterable
from typing import Final

from tenuto.adapters.tables import answers, deliveries, mailbox, pruning, responses
from tenuto.adapters.tables.connection import Connection, has_table
from tenuto.adapters.tables.ledger.schema import make_tables as make_ledger
from tenuto.adapters.tables.memory.schema import make_sums
from tenuto.adapters.tables.memory.schema import make_tables as make_memory
from tenuto.adapters.tables.moved import ARRIVED, MARK, arrived_in
from tenuto.adapters.tables.read_models.schema import KEPT
from tenuto.core.errors import Rejected
from tenuto.ports.moving import Table

LEFT: Final = frozenset(
    {
        *("read_models", *KEPT),  # They follow from the log.
        *("members", "shards"),  # Of processes that are there no more.
        # Who owns their sessions puts them again.
        *("pools_1", "pool_begun_1", "pool_calls_1", "pool_turns_1"),
        # They are made again from the documents.
        *("library_index", "library_passages", "library_words"),
        "memory_nearest",  # It is made again from the vectors.
        "pieces",  # Of answers that nobody gives any more.
        *("format", "log", "ledger_format", "memory_format", MARK, ARRIVED),
    }
)
"""Tables that are not moved."""
ARTIFACTS: Final = Table(name="artifacts", columns=("digest", "payload"), key=("digest",))
SHELVES: Final = Table(
    name="library_shelves", columns=("ref", "place", "part_of", "files"), key=("ref",)
)
DOCUMENTS: Final = Table(
    name="library_documents", columns=("ref", "file", "sha256", "payload"), key=("ref", "file")
)
"""Of what was uploaded, which with a file lies in a folder."""


def make_all(connection: Connection) -> None:
    """Make the tables that others are made with the first row of."""
    make_ledger(connection)
    make_memory(connection)
    make_sums(connection)
    for statement in (*answers.MAKE, *deliveries.MAKE, *responses.MAKE):
        connection.execute(statement)
    for statement in pruning.MAKE:
        connection.execute(statement)
    if not has_table(connection, mailbox.TABLE):
        connection.execute(mailbox.MAKE)


def found_in(connection: Connection, tables: Iterable[str], name: str) -> str:
    """Answer `MoveTarget.arrived` of a store with these tables."""
    digest = arrived_in(connection)
    if digest:
        return digest
    for table in tables:
        if connection.execute(f'SELECT 1 FROM "{table}" LIMIT 1').fetchone() is not None:
            raise Rejected(
                f"{name} is not empty: its table {table} has rows. Nothing was changed; move to "
                "an empty one, as a schema of its own (?schema=NAME) or a new file."
            )
    return ""


def select(table: Table) -> str:
    """Return the query for all rows of a table, in the order of its key."""
    return (
        f"SELECT {quoted(table.columns)} FROM {quoted([table.name])} ORDER BY {quoted(table.key)}"
    )


def quoted(names: Iterable[str]) -> str:
    """Return the names as SQL has them in a list."""
    return ", ".join(f'"{name}"' for name in names)


def now_ms() -> int:
    return time.time_ns() // 1_000_000
