"""What is asked of a connection, whichever database it leads to."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Literal, Protocol, TypeAlias

Value: TypeAlias = "int | float | str | bytes | None"
Row: TypeAlias = tuple[Value, ...]
Values: TypeAlias = Sequence[Any] | Mapping[str, Any]

Durability: TypeAlias = Literal["sync", "wal"]
"""`sync`: an acknowledged commit is on the disk. `wal`: it survives a crash of the process, not a
power cut. Source: DESIGN 3.2."""

SELECT_TABLE: Final = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?"


class Cursor(Protocol):
    """What a statement gives."""

    def fetchone(self) -> Any:
        """Return the next row, or None."""
        ...

    def fetchall(self) -> list[Any]:
        """Return the rows that are left."""
        ...

    def __iter__(self) -> Iterator[Any]: ...


class Connection(Protocol):
    """Carries out statements; `?` and `:name` stand for values."""

    def execute(self, sql: str, values: Any = ..., /) -> Cursor:
        """Return what the statement gives."""
        ...

    def executemany(self, sql: str, rows: Any, /) -> object:
        """Carry out the statement for each row."""
        ...


class OwnConnection(Connection, Protocol):
    """One that nobody else uses."""

    def close(self) -> object:
        """Let the database go."""
        ...


def has_table(connection: Connection, name: str) -> bool:
    """Return whether the database has the table: some are made by who first needs them."""
    return connection.execute(SELECT_TABLE, (name,)).fetchone() is not None
