"""What members tell one another, by PUBLISH and SUBSCRIBE.

Who does not hear it is reached by the store's own way: Redis says how many heard, and when those
are fewer than there are members, or nothing is said, it is told there as well. Who could not hear
for a while looks at everything afterwards.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Final

from redis.asyncio import Connection

from tenuto.adapters.redis.line import ANSWER_S_MAX, Line, keep, packed
from tenuto.ports.membership import TOPICS, Heard, Signals, Topic

SILENT_S: Final = 1.0
"""After so long without a word Redis is asked for one; after as long again it is away."""


class RedisSignals:
    """`Signals` of those that share a channel. All methods belong to one event loop."""

    def __init__(
        self,
        line: Line,
        *,
        channel: str,
        notify: Signals,
        members: Callable[[], int],
        silent_s: float = SILENT_S,
    ) -> None:
        """
        Args:
            notify: the way without Redis.
            members: says how many there are, this one too.
        """
        self._line, self._notify, self._members = line, notify, members
        self._channel, self._silent_s = channel, silent_s
        self._me = secrets.token_hex(8)
        self._heard: list[Heard] = []
        self._to_tell: dict[Topic, dict[str, None]] = {}
        self._hearing: asyncio.Task[None] | None = None
        self.is_heard_from = False
        """Whether Redis said something lately."""
        notify.listen(self._hear)

    def listen(self, heard: Heard) -> None:
        """See `Signals.listen`."""
        self._heard.append(heard)
        if self._hearing is None:
            self._hearing = asyncio.create_task(keep(self._line.maker, self._hear_on, self._lost))

    def tell(self, topic: Topic, text: str = "") -> None:
        """See `Signals.tell`."""
        if not self._to_tell:
            asyncio.get_running_loop().call_soon(self._send)
        self._to_tell.setdefault(topic, {})[text] = None

    async def close(self) -> None:
        """Return when nothing is heard by Redis any more."""
        self._send()
        if self._hearing is not None:
            self._hearing.cancel()
            await asyncio.gather(self._hearing, return_exceptions=True)

    def _send(self) -> None:
        told, self._to_tell = self._to_tell, {}
        for topic, texts in told.items():
            named = "" if "" in texts else " ".join(texts)
            payload = f"{self._me} {topic} {named}"
            answer = self._line.ask(packed("PUBLISH", self._channel, payload))
            answer.add_done_callback(partial(self._published, topic, tuple(texts)))

    def _published(self, topic: Topic, texts: Iterable[str], answer: asyncio.Future[Any]) -> None:
        is_heard = not answer.cancelled() and answer.exception() is None
        if not is_heard or answer.result() < self._members():
            for text in texts:
                self._notify.tell(topic, text)

    async def _hear_on(self, connection: Connection) -> None:
        await connection.send_packed_command(packed("SUBSCRIBE", self._channel), check_health=False)
        async with asyncio.timeout(ANSWER_S_MAX):
            await connection.read_response()
        self.is_heard_from = True
        for topic in TOPICS:
            self._hear(topic, "")
        is_asked = False
        while True:
            found = await connection.read_response(timeout=self._silent_s)
            if found is not None:
                is_asked = False
                if found[0] == b"message":
                    self._pass_on(found[2].decode(errors="replace"))
            elif is_asked:
                raise TimeoutError
            else:
                is_asked = True
                await connection.send_packed_command(packed("PING"), check_health=False)

    def _lost(self, _: Exception) -> None:
        # The line's log says that Redis is away.
        self.is_heard_from = False

    def _pass_on(self, payload: str) -> None:
        teller, topic, text = [*payload.split(" ", 2), "", ""][:3]
        # Others may publish on the channel, too: what nobody here says is not passed on.
        if teller != self._me and topic in TOPICS:
            self._hear(topic, text)

    def _hear(self, topic: Topic, text: str) -> None:
        for heard in self._heard:
            heard(topic, text)
