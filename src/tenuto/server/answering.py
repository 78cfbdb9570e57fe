"""Headers that every answer has, whichever part of the server gives it.

What stands around the routes says in the scope what is to be added; all of it is put in at once,
by `front`, so that an answer passes one layer on its way out and not one for each of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, TypeAlias

from litestar.types import Scope

Header: TypeAlias = tuple[bytes, bytes]

ADDED: Final = "added_headers"


def add_headers(scope: Scope, headers: Iterable[Header]) -> None:
    """Have the answer to this request have these headers, but for those that it has already."""
    facts: Any = scope
    facts[ADDED] += headers


def with_added(headers: Iterable[Header], added: list[Header]) -> list[Header]:
    """Return an answer's headers, and of those that are added what it does not have itself."""
    own = list(headers)
    names = {name for name, _ in own}
    return own + [header for header in added if header[0] not in names]
