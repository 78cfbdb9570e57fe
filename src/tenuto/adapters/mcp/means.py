"""What a connection uses beside its place."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from tenuto.adapters.mcp.credentials import Credentials
from tenuto.adapters.mcp.oauth.access import Access


class Means(msgspec.Struct, frozen=True, kw_only=True):
    """`access`: of a server that is asked with tokens. `asked`: answers its questions; None: none
    may be asked."""

    credentials: Credentials
    access: Access | None = None
    asked: Callable[[Any, Any], Awaitable[Any]] | None = None
