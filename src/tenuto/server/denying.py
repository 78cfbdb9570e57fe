"""Refuses WebSockets the way other requests are refused: with an HTTP answer that says why."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar.types import Scope, Send

from tenuto.server.problems import MEDIA_TYPE, described

_DENIAL = "websocket.http.response"


async def deny(scope: Scope, send: Send, error: Exception) -> None:
    """Answer a handshake with the problem that `error` is.

    Where the server cannot, the connection is refused with 403."""
    facts: Any = scope
    put: Any = facts.get("plain_send", send)
    if _DENIAL not in (facts.get("extensions") or {}):
        await put({"type": "websocket.close", "code": 1008})
        return
    body = described(error)
    body |= {"instance": facts["path"], "trace_id": facts.get("request_id", "")}
    headers = [(b"content-type", MEDIA_TYPE.encode())]
    await put(
        {"type": "websocket.http.response.start", "status": body["status"], "headers": headers}
    )
    await put({"type": "websocket.http.response.body", "body": msgspec.json.encode(body)})
