"""The tables of the ledger, and how a file that has none, or newer ones, is told.

An index ends with the row's number by itself, so those on texts give entries in their order. The
index of targets holds no tenant: whoever asks for a target asks for little.
"""

from typing import Final

from tenuto.adapters.tables.connection import Connection, has_table
from tenuto.core.errors import CorruptLog

FORMAT: Final = 1

TABLES: Final = (
    "CREATE TABLE ledger_format(number INTEGER NOT NULL)",
    f"INSERT INTO ledger_format VALUES ({FORMAT})",
    """CREATE TABLE ledger(
        number INTEGER PRIMARY KEY,
        at_ms INTEGER NOT NULL,
        tenant TEXT NOT NULL,
        actor TEXT NOT NULL,
        action TEXT NOT NULL,
        kind TEXT NOT NULL,
        target TEXT NOT NULL,
        version INTEGER NOT NULL,
        body BLOB NOT NULL,
        digest BLOB NOT NULL)""",
    "CREATE INDEX ledger_of_tenant ON ledger(tenant)",
    "CREATE INDEX ledger_by_actor ON ledger(tenant, actor)",
    "CREATE INDEX ledger_by_action ON ledger(tenant, action)",
    "CREATE INDEX ledger_by_target ON ledger(kind, target)",
    "CREATE INDEX ledger_by_time ON ledger(at_ms)",
    """CREATE TABLE records(
        tenant TEXT NOT NULL,
        kind TEXT NOT NULL,
        id TEXT NOT NULL,
        name TEXT NOT NULL,
        version INTEGER NOT NULL,
        value BLOB NOT NULL,
        private BLOB NOT NULL,
        created_ms INTEGER NOT NULL,
        updated_ms INTEGER NOT NULL,
        PRIMARY KEY(tenant, kind, id))""",
    "CREATE INDEX records_by_name ON records(tenant, kind, name, id)",
)

SELECT_FORMAT: Final = "SELECT number FROM ledger_format"


def has_ledger(connection: Connection) -> bool:
    """Return whether the file has the tables.

    Raises:
        CorruptLog: they are of a newer release.
    """
    if not has_table(connection, "ledger_format"):
        return False
    row = connection.execute(SELECT_FORMAT).fetchone()
    if row is None or row[0] != FORMAT:
        found = "none" if row is None else row[0]
        raise CorruptLog(
            f"The ledger in the file has format {found}, and this release reads format {FORMAT}; "
            "nothing was changed. Open it with the newer release that wrote it."
        )
    return True


def make_tables(connection: Connection) -> None:
    """Make the tables if there are none."""
    if not has_ledger(connection):
        for statement in TABLES:
            connection.execute(statement)
