"""The mailbox of a file, for who does not own it."""

import os
import sqlite3
from contextlib import AbstractContextManager
from typing import Final

from tenuto.adapters.sqlite.connection import checked_path, connect_to, telling
from tenuto.adapters.sqlite.schema import require_newest
from tenuto.adapters.tables.mailbox import TableMailbox
from tenuto.core.errors import NotFound

POST_S_MAX: Final = 10.0
"""How long a post waits for the owner's transactions."""


class SqliteMailbox(TableMailbox):
    """See `TableMailbox`."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._file = checked_path(path)
        if not os.path.exists(self._file):
            raise NotFound(what="store", name=self._file, hint="Check the path.")
        with telling(file=self._file, doing="opening"):
            connection = connect_to(
                self._file, durability="sync", readonly=False, connect=sqlite3.connect
            )
            try:
                connection.execute(f"PRAGMA busy_timeout = {int(POST_S_MAX * 1000)}")
                require_newest(connection, self._file)
            except BaseException:
                connection.close()
                raise
        super().__init__(connection)

    def _telling(self, doing: str) -> AbstractContextManager[None]:
        return telling(file=self._file, doing=doing)
