"""Which databases and files the inputs of a session may name.

On one's own machine that is everything. Who serves others says what: files lie in the folders that
sessions may use (`TENUTO_FOLDERS`, which `tenuto serve` sets), servers of databases are listed in
`TENUTO_MIGRATION_DATABASES`, and an address takes from the environment only what is meant for it: a
name that begins with `TENUTO_MIGRATION_`.
"""

import os
import re
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import tenuto
from tenuto.teams.migration.databases.addresses import path_of, redacted, system_of
from tenuto.teams.migration.options import Options

FOLDERS: Final = "TENUTO_FOLDERS"
DATABASES: Final = "TENUTO_MIGRATION_DATABASES"
OWN: Final = "TENUTO_MIGRATION_"
_VARIABLE: Final = re.compile(r"\$\{(\w+)\}")


def check_permitted(options: Options) -> None:
    """Return when a session may use all that its inputs name.

    Raises:
        Fatal: it may not; nothing was opened.
        Unsupported: an address names no known system.
    """
    for address in (options.source, options.target):
        if system_of(address) in ("sqlite", "folder"):
            tenuto.check_folder(path_of(address))
        elif FOLDERS in os.environ:
            _check_listed(address)
    for file in (options.report, options.workload):
        if file:
            tenuto.check_folder(Path(file))


def _check_listed(address: str) -> None:
    listed = {_place(one) for one in os.environ.get(DATABASES, "").split()}
    if _place(address) not in listed:
        raise tenuto.Fatal(
            f"{redacted(address)!r:.200} is no database that sessions of this process may use. "
            f"Whoever serves lists them in {DATABASES}, as: postgresql://host:5432/name.",
            code="database_not_allowed",
        )
    foreign = [name for name in _VARIABLE.findall(address) if not name.startswith(OWN)]
    if foreign:
        raise tenuto.Fatal(
            f"{redacted(address)!r:.200} takes {foreign[0]} from the environment. Sessions of this "
            f"process may take names that begin with {OWN}, and no others.",
            code="variable_not_allowed",
        )


def _place(address: str) -> tuple[str, str, int | None, str]:
    parts = urlsplit(address)
    # Options after the question mark could name another host.
    query = f"?{parts.query}" if parts.query else ""
    return parts.scheme, parts.hostname or "", parts.port, f"{parts.path}{query}"
