"""WebSocket messages whose bytes are made once and shared by all clients.

What a server sends is not masked, so a message has the same bytes for everybody. uvicorn frames
each message for each client; this protocol writes what is framed already as it is. An application
may send `{"type": "websocket.send", "framed": bytes}` where the scope has the extension `FRAMED`.
Source: RFC 6455, section 5.2.
"""

from __future__ import annotations

import struct
from typing import Any, Final

from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

FRAMED: Final = "tenuto.framed"


class SharedFramesProtocol(WebSocketsSansIOProtocol):
    """uvicorn's protocol, with `framed` messages."""

    async def run_asgi(self) -> None:
        """Run the application, which may send framed messages as long as nothing compresses."""
        if not self.config.ws_per_message_deflate:
            extensions: Any = self.scope["extensions"]
            extensions[FRAMED] = {}
        await super().run_asgi()

    async def send(self, message: Any) -> None:
        """Write a framed message; let uvicorn do all others."""
        framed = message.get("framed")
        if framed is None:
            await super().send(message)
            if message["type"] == "websocket.http.response.body":
                # Refused; uvicorn would complain that the application did not answer.
                self.handshake_complete = True
            return
        await self.writable.wait()
        if self.disconnected or self.close_sent:
            raise ClientDisconnected
        self.transport.write(framed)


def framed_text(text: bytes) -> bytes:
    """Return a whole WebSocket message with UTF-8 text, as a server sends it."""
    size = len(text)
    if size < 126:
        return struct.pack("!BB", 0x81, size) + text
    if size < 65_536:
        return struct.pack("!BBH", 0x81, 126, size) + text
    return struct.pack("!BBQ", 0x81, 127, size) + text
