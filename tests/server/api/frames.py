"""Streams of server-sent events, as a client reads them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any, Final, Protocol

import httpx2

SILENT_S_MAX: Final = 30


class Asked(Protocol):
    """A server, and a client for it."""

    client: httpx2.AsyncClient


async def frames_of(served: Asked, path: str, **headers: str) -> AsyncIterator[dict[str, Any]]:
    """Return the frames of a stream of server-sent events."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    async with served.client.stream("GET", path, headers=sent, timeout=SILENT_S_MAX) as answer:
        assert answer.status_code == 200, await answer.aread()
        assert answer.headers["content-type"].startswith("text/event-stream")
        found: dict[str, Any] = {}
        async for line in answer.aiter_lines():
            name, _, value = line.partition(": ")
            if name in ("id", "event"):
                found[name] = value
            elif name == "data":
                found["data"] = json.loads(value)
            elif not line and "event" in found:
                yield found
                found = {}
