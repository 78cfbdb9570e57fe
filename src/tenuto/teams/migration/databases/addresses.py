"""Addresses of databases: what they name, how they are shown, and how what they name is opened.

```text
sqlite:///relative/path.db     sqlite:////absolute/path.db
postgresql://user:password@host:5432/name?sslmode=require
mysql://user:password@host:3306/name       mariadb://… is the same
csv:///folder                  parquet:///folder
```

`${NAME}` in an address is what the environment says for it: so an address can be kept where no
password may be.
"""

import os
import re
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote, urlsplit

from tenuto.teams.migration.databases.port import (
    CannotConnect,
    Database,
    MissingDriver,
    Unsupported,
)
from tenuto.teams.migration.schema import System

SYSTEMS: Final[dict[str, System]] = {
    "sqlite": "sqlite",
    "postgresql": "postgresql",
    "postgres": "postgresql",
    "mysql": "mariadb",
    "mariadb": "mariadb",
    "csv": "folder",
    "parquet": "folder",
}
SECRETS: Final = ("password", "passwd", "sslpassword", "sslkey")
HIDDEN: Final = "***"
_VARIABLE: Final = re.compile(r"\$\{(\w+)\}")


def system_of(url: str) -> System:
    """Return the system that an address names.

    Raises:
        Unsupported: none that is known.
    """
    scheme = url.partition("://")[0].lower() if "://" in url else ""
    if scheme not in SYSTEMS:
        raise Unsupported(
            f"The address {redacted(url)!r} names no system that can be migrated; it begins with "
            f"one of: {', '.join(f'{name}://' for name in SYSTEMS)}."
        )
    return SYSTEMS[scheme]


def redacted(url: str) -> str:
    """Return an address in which no password stands."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return HIDDEN
    place = parts.netloc
    # A password may hold an @ that should have been escaped: what counts is the last one.
    who, at, where = place.rpartition("@")
    if at:
        name, colon, _ = who.partition(":")
        place = f"{name}{colon and f':{HIDDEN}'}@{where}"
    query = "&".join(_without_secret(pair) for pair in parts.query.split("&"))
    return f"{parts.scheme}://{place}{parts.path}{query and f'?{query}'}"


def _without_secret(pair: str) -> str:
    name, equals, _ = pair.partition("=")
    return f"{name}{equals}{HIDDEN}" if name.lower() in SECRETS else pair


def path_of(url: str) -> Path:
    """Return the file or folder that an address names: after three slashes from here, after four
    from the root."""
    parts = urlsplit(url)
    if parts.netloc:
        raise CannotConnect(
            f"The address {redacted(url)!r} names the host {parts.netloc!r} where a path is "
            f"expected; write {parts.scheme}:///{parts.netloc}{parts.path} (three slashes)."
        )
    return Path(unquote(parts.path.removeprefix("/")))


def open_database(url: str, *, writing: bool = False) -> Database:
    """Return the database that an address names. Nothing is made that is not there, but the file of
    an SQLite database that is to be written.

    Raises:
        Unsupported: the address names no known system, or one that cannot be written.
        MissingDriver: its library is not installed.
        CannotConnect: there is none, or it refuses us.
    """
    system = system_of(url)
    _check_libraries()
    url = _VARIABLE.sub(lambda found: _of_environment(found[1], url), url)
    if system == "sqlite":
        from tenuto.teams.migration.databases.sqlite import Sqlite

        return Sqlite(path_of(url), writing=writing)
    if system == "postgresql":
        from tenuto.teams.migration.databases.postgresql import PostgreSQL

        return PostgreSQL(url, writing=writing)
    if system == "mariadb":
        from tenuto.teams.migration.databases.mariadb import MariaDB

        return MariaDB(url, writing=writing)
    if writing:
        raise Unsupported("A folder of files can be moved from, not to.")
    from tenuto.teams.migration.databases.folder import staged

    return staged(path_of(url), "csv" if url.lower().startswith("csv") else "parquet")


def _check_libraries() -> None:
    """Raise MissingDriver, and say what to install, when what all systems need is not there."""
    try:
        import pyarrow  # noqa: F401  (is it there?)
    except ImportError as error:
        raise MissingDriver(
            f"Moving data needs a library that is not installed ({error.name}): "
            "pip install 'tenuto[migration]'."
        ) from error


def _of_environment(name: str, url: str) -> str:
    value = os.environ.get(name)
    if value is None:
        raise CannotConnect(
            f"The address {redacted(url)!r} needs the environment variable {name}, which is not "
            "set; set it, and try again."
        )
    return quote(value, safe="")
