"""What a connection uses beside its place."""

from typing import Any

import msgspec

from tenuto.adapters.mcp.credentials import Credentials
from tenuto.adapters.mcp.oauth.access import Access


class Means(msgspec.Struct, frozen=True, kw_only=True):
    """`access`: of a server that is asked with tokens. `asked`: answers its questions, as the SDK
    calls it; None: none may be asked."""

    credentials: Credentials
    access: Access | None = None
    asked: Any = None
