"""Database addresses."""

import os
from typing import Literal

import msgspec

from tenuto.core.errors import Rejected


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where the log is kept: a file, a PostgreSQL database, or this process's memory."""

    kind: Literal["sqlite", "postgresql", "memory"]
    path: str = ""
    """Of the file; of a database its address, which may hold a password."""


def place_of(url: str | None) -> Place:
    """Return what `url` says; None means `$TENUTO_DB`, else `sqlite:///tenuto.db`.

    `sqlite:///relative/path`, `sqlite:////absolute/path`, a bare path that ends in `.db`,
    `postgresql://user:password@host:port/database?schema=tenuto`, `memory://`.

    Raises:
        Rejected: it is no address of a database that this release knows.
    """
    if url is not None and not isinstance(url, str):
        raise Rejected(
            f"A database is named by a text, as 'sqlite:///tenuto.db'; found {url!r:.60}."
        )
    text = url or os.environ.get("TENUTO_DB") or "sqlite:///tenuto.db"
    if text == "memory://":
        return Place(kind="memory")
    if text.startswith("sqlite:///") and text != "sqlite:///:memory:":
        return Place(kind="sqlite", path=text.removeprefix("sqlite:///"))
    if text.startswith(("postgresql://", "postgres://")):
        return Place(kind="postgresql", path=text)
    if "://" not in text and text.endswith(".db"):
        return Place(kind="sqlite", path=text)
    scheme = text.partition("://")[0]
    raise Rejected(
        f"There is no kind of database {scheme!r}; use sqlite:///path/to/file.db, "
        "postgresql://host/database or memory://."
    )
