"""MariaDB and MySQL, by PyMySQL; rows are read and written in bulk, beside its cursors."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, unquote, urlsplit

from tenuto.teams.migration.databases import port
from tenuto.teams.migration.databases.addresses import redacted
from tenuto.teams.migration.databases.mariadb_errors import translated
from tenuto.teams.migration.schema import Schema, System

if TYPE_CHECKING:
    import pyarrow as pa
    from pymysql.connections import Connection

    from tenuto.teams.migration.databases.mariadb_writing import Transaction, Writer

SESSION: Final = (
    # Nothing is made to fit in silence, zero dates may be looked for, texts are as they look.
    "SET SESSION sql_mode = 'STRICT_ALL_TABLES,STRICT_TRANS_TABLES,NO_BACKSLASH_ESCAPES,"
    "ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION,NO_AUTO_VALUE_ON_ZERO', "
    "time_zone = '+00:00', net_write_timeout = 3600, net_read_timeout = 3600"
)
CONNECT_SECONDS: Final = 10


class MariaDB:
    """A database on a server."""

    system: System = "mariadb"

    def __init__(self, url: str, *, writing: bool = False) -> None:
        """Open it, to be written too or only to be read.

        Raises:
            CannotConnect: nobody answers there, or refuses us.
            MissingDriver: PyMySQL is not installed.
            NotPermitted: the database may not be read.
        """
        try:
            import pymysql  # noqa: F401  (is it there?)
        except ImportError as error:
            raise port.MissingDriver(
                f"MariaDB needs a library that is not installed ({error.name}): "
                "pip install 'tenuto[migration]'."
            ) from error
        self._url = url
        self._writing = writing
        self._writer: Writer | None = None
        self._was_open = False
        with self.connected():
            self._was_open = True

    @contextlib.contextmanager
    def connected(self) -> Iterator[Connection[Any]]:
        """Give a connection of the block's own."""
        with translated(redacted(self._url), was_open=self._was_open):
            connection = connect(self._url)
            try:
                yield connection
            finally:
                close(connection)

    def describe(self) -> Schema:
        """Return what it holds beside its rows."""
        from tenuto.teams.migration.databases.describing import mariadb

        return mariadb.describe(self)

    def query(self, sql: str, arguments: Sequence[object] = (), *, limit: int = 0) -> port.Rows:
        """Return the rows of a query, or the first `limit` of them."""
        from pymysql.cursors import SSCursor

        with self.connected() as connection, connection.cursor(SSCursor) as cursor:
            cursor.execute(marked(sql) if arguments else sql, tuple(arguments) or None)
            if cursor.description is None:
                return port.Rows((), [])
            names = tuple(column[0] for column in cursor.description)
            rows = cursor.fetchmany(limit) if limit else cursor.fetchall()
            # What is left need not be read: the connection ends here.
            close(connection)
            return port.Rows(names, [tuple(row) for row in rows])

    def read(self, read: port.Read) -> Iterator[pa.RecordBatch]:
        """Return batches of rows. Zero dates and times beyond a day come in `STRANGE`."""
        from tenuto.teams.migration.databases import mariadb_reading

        with self.connected() as connection:
            yield from mariadb_reading.batches(connection, read)

    @contextlib.contextmanager
    def writing(self) -> Iterator[Transaction]:
        """Return a transaction: committed at the end of the block, else rolled back. What changes
        the schema commits what was done before it."""
        from tenuto.teams.migration.databases import mariadb_writing

        if not self._writing:
            raise port.NotPermitted("This database was opened to be read only.")
        if self._writer is None:
            self._writer = mariadb_writing.Writer(self._url)
        with self._writer.transaction() as transaction:
            yield transaction

    def close(self) -> None:
        """Let go of it."""
        if self._writer is not None:
            self._writer.close()


def connect(url: str) -> Connection[Any]:
    """Return a connection, set so that nothing is made to fit in silence."""
    import pymysql

    parts = urlsplit(url)
    options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    secure = {"ssl": {"ca": options["ssl_ca"]}} if "ssl_ca" in options else {}
    connection = pymysql.connect(
        host=parts.hostname or "127.0.0.1",
        port=parts.port or 3306,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        database=unquote(parts.path.removeprefix("/")) or None,
        charset="utf8mb4",
        connect_timeout=CONNECT_SECONDS,
        unix_socket=options.get("unix_socket"),
        autocommit=True,
        **secure,
    )
    with connection.cursor() as cursor:
        cursor.execute(SESSION)
    return connection


def close(connection: Connection[Any]) -> None:
    """End a connection, also with a result of which not all was read."""
    result = connection._result
    if result is not None:
        result.unbuffered_active = False
        result.connection = None
    connection._force_close()


def marked(sql: str) -> str:
    """Return SQL in which PyMySQL finds its arguments: `?` outside of texts and names."""
    out, mark = [], ""
    for sign in sql:
        if mark:
            mark = "" if sign == mark else mark
        elif sign in "'\"`":
            mark = sign
        out.append("%s" if sign == "?" and not mark else "%%" if sign == "%" else sign)
    return "".join(out)
