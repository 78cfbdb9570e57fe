"""What describing needs of a database."""

from collections.abc import Sequence
from typing import Any, Protocol

from tenuto.teams.migration.databases.port import Rows


class Asking(Protocol):
    """Whom SQL can be asked of: any `Database`, and less."""

    def query(self, sql: str, arguments: Sequence[object] = (), *, limit: int = 0) -> Rows:
        """Return the rows of a query, or the first `limit` of them; `?` stands for arguments."""


def rows(of: Asking, sql: str, *arguments: object) -> list[tuple[Any, ...]]:
    """Return the rows of a query."""
    return of.query(sql, arguments).rows
