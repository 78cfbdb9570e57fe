"""PostgreSQL: read and written by ADBC in binary COPY, asked by psycopg."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from tenuto.teams.migration.databases import port
from tenuto.teams.migration.databases.keeping import Kept
from tenuto.teams.migration.databases.postgresql_errors import translated
from tenuto.teams.migration.schema import Schema, System

if TYPE_CHECKING:
    import psycopg
    import pyarrow as pa

    from tenuto.teams.migration.databases.postgresql_writing import Transaction, Writer

ALIVE: Final = "keepalives_idle=30&keepalives_interval=10&keepalives_count=3"


class PostgreSQL:
    """A database on a server."""

    system: System = "postgresql"

    def __init__(self, url: str, *, writing: bool = False) -> None:
        """Open it, to be written too or only to be read.

        Raises:
            CannotConnect: nobody answers there, or refuses us.
            MissingDriver: psycopg or ADBC is not installed.
        """
        _check_drivers()
        self._url = url
        self._writing = writing
        self._writer: Writer | None = None
        self._was_open = False
        self._kept: Kept[psycopg.Connection] = Kept(self._connect, lambda line: line.close())
        with self._connected() as connection:
            connection.execute("SELECT 1")
        self._was_open = True

    def _connect(self) -> psycopg.Connection:
        import psycopg

        return psycopg.connect(kept_alive(self._url), autocommit=True)

    @contextlib.contextmanager
    def _connected(self) -> Iterator[psycopg.Connection]:
        with translated(self._url, was_open=self._was_open), self._kept.lent() as connection:
            yield connection

    def describe(self) -> Schema:
        """Return what it holds beside its rows."""
        from tenuto.teams.migration.databases.describing import postgresql

        return postgresql.describe(self)

    def query(self, sql: str, arguments: Sequence[object] = (), *, limit: int = 0) -> port.Rows:
        """Return the rows of a query, or the first `limit` of them."""
        asked, given = placed(sql) if arguments else sql, tuple(arguments) or None
        with self._connected() as connection, connection.cursor() as cursor:
            rows: list[tuple[object, ...]] = []
            if limit:
                coming = cursor.stream(asked, given)
                rows = list(itertools.islice(coming, limit))
                # Let go of, it tells the server to stop: the rows that are left never come.
                del coming
            columns = cursor.description
            if not rows:
                # A stream without rows does not say what its columns are.
                cursor.execute(asked, given)
                columns = cursor.description
                rows = cursor.fetchall() if columns is not None else []
            return port.Rows(tuple(column.name for column in columns or ()), rows)

    def read(self, read: port.Read) -> Iterator[pa.RecordBatch]:
        """Return batches of rows. Infinite dates and the like come in the column `STRANGE`."""
        from tenuto.teams.migration.databases import postgresql_reading

        return postgresql_reading.batches(self._url, read)

    @contextlib.contextmanager
    def writing(self) -> Iterator[Transaction]:
        """Return a transaction: committed at the end of the block, else rolled back."""
        from tenuto.teams.migration.databases import postgresql_writing

        if not self._writing:
            raise port.NotPermitted("This database was opened to be read only.")
        if self._writer is None:
            self._writer = postgresql_writing.Writer(self._url)
        with self._writer.transaction() as transaction:
            yield transaction

    def close(self) -> None:
        """Let go of it."""
        self._kept.close()
        if self._writer is not None:
            self._writer.close()


def kept_alive(url: str) -> str:
    """Return an address by which a server that vanished without a word is noticed in a minute, as
    far as it does not say itself how long that is to take."""
    parts = urlsplit(url)
    if "keepalives" in parts.query:
        return url
    query = f"{parts.query}&{ALIVE}" if parts.query else ALIVE
    return parts._replace(query=query).geturl()


def placed(sql: str) -> str:
    """Return SQL in which psycopg finds its arguments: `?` outside of texts and names."""
    out, mark = [], ""
    for sign in sql:
        if mark:
            mark = "" if sign == mark else mark
        elif sign in "'\"":
            mark = sign
        out.append("%s" if sign == "?" and not mark else "%%" if sign == "%" else sign)
    return "".join(out)


def numbered(sql: str) -> str:
    """Return SQL in which ADBC finds its arguments: `$1`, `$2`, … for each `?`."""
    parts = placed(sql).split("%s")
    whole = parts[0] + "".join(f"${place}{part}" for place, part in enumerate(parts[1:], 1))
    return whole.replace("%%", "%")


def _check_drivers() -> None:
    try:
        import adbc_driver_postgresql  # noqa: F401  (is it there?)
        import psycopg  # noqa: F401  (is it there?)
    except ImportError as error:
        raise port.MissingDriver(
            f"PostgreSQL needs libraries that are not installed ({error.name}): "
            "pip install 'tenuto[migration]'."
        ) from error
