"""What members of a schema tell one another: LISTEN and NOTIFY.

A NOTIFY is a transaction of its own, beside those that write the log: in them it would cost every
commit a lock of the whole server.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final, TypeAlias, cast

import psycopg

from tenuto.adapters.postgres.connection import Connection, Line
from tenuto.adapters.postgres.membership import PostgresMembership
from tenuto.adapters.postgres.tail import Tail
from tenuto.core.errors import TenutoError
from tenuto.core.sharing import NOBODY
from tenuto.core.vocabulary import SessionId
from tenuto.ports.membership import TOPICS, Heard, Topic

GATHER_S: Final = 0.002
"""How long what is to be told comes together."""
TEXT_BYTES_MAX: Final = 7_000
"""Of one NOTIFY. Source: PostgreSQL, 8,000 bytes."""
_LOOK_S: Final = 0.5
_AWAY_S: Final = 0.5

Written: TypeAlias = Callable[[int, Mapping[SessionId, int] | None], None]

_log: Final = logging.getLogger("tenuto")


def _nobody(position: int, versions: Mapping[SessionId, int] | None) -> None:
    pass


def channel_of(schema: str) -> str:
    """Return the channel of a schema's members."""
    return f"tenuto {schema}"[:63]


class PostgresSignals:
    """`Signals` of one schema. Made and used by one event loop; a thread listens."""

    def __init__(
        self,
        open_connection: Callable[[], Connection],
        *,
        schema: str,
        name: str,
        membership: PostgresMembership,
    ) -> None:
        self._line = Line(open_connection, name=name)
        self._channel = channel_of(schema)
        self._membership = membership
        self._loop = asyncio.get_running_loop()
        self._heard: list[Heard] = []
        self.written: Written = _nobody
        """Told how far the log is, and the newest versions of sessions, where it has moved since
        the last look; None: of any."""
        self._tail = Tail()
        self._to_tell: dict[Topic, dict[str, None]] = {}
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def listen(self, heard: Heard) -> None:
        """See `Signals.listen`."""
        self._heard.append(heard)
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="tenuto-ear", daemon=True)
            self._thread.start()

    def tell(self, topic: Topic, text: str = "") -> None:
        """See `Signals.tell`."""
        if not self._to_tell:
            self._loop.call_later(GATHER_S, self._send)
        self._to_tell.setdefault(topic, {})[text] = None

    async def close(self) -> None:
        """Return when nothing is heard any more."""
        self._closing.set()
        # The thread hears it, and ends.
        self.tell("look")
        self._send()
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join)

    def _send(self) -> None:
        told, self._to_tell = self._to_tell, {}
        texts = [
            payload_of(topic, [*names], self._membership.number) for topic, names in told.items()
        ]
        if texts:
            self._membership.notify(self._channel, texts)

    def _run(self) -> None:
        """The thread: hear until closed; after an interruption, anything may have been missed."""
        while not self._closing.is_set():
            try:
                connection = self._line.connected()
                raw = connection.raw
                raw.execute(f'LISTEN "{self._channel}"'.encode())
                self._tail.begin(connection)
                self._missed()
                while not self._closing.is_set():
                    for one in raw.notifies(timeout=_LOOK_S):
                        if self._closing.is_set():
                            break
                        self._pass_on(one.payload)
                    self._look(connection)
            except (psycopg.Error, TenutoError) as error:
                self._line.drop()
                if not self._closing.is_set():
                    _log.warning("Nothing is heard of other processes now: %s", error)
                    time.sleep(_AWAY_S)
        self._line.drop()

    def _look(self, connection: Connection) -> None:
        versions = self._tail.look(connection)
        if versions is None or versions:
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._tell_of, self._tail.position, versions)

    def _tell_of(self, position: int, versions: Mapping[SessionId, int] | None) -> None:
        self.written(position, versions)

    def _missed(self) -> None:
        for topic in TOPICS:
            self._pass_on(f"{NOBODY} {topic}")

    def _pass_on(self, payload: str) -> None:
        teller, topic, text = [*payload.split(" ", 2), ""][:3]
        if teller == str(self._membership.number or "itself"):
            return
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._hear, cast("Topic", topic), text)

    def _hear(self, topic: Topic, text: str) -> None:
        for heard in self._heard:
            heard(topic, text)


def payload_of(topic: Topic, texts: list[str], teller: int) -> str:
    """Return what is told as one text; too much of it is any."""
    whole = f"{teller} {topic} {' '.join(texts)}"
    return (
        whole if "" not in texts and len(whole.encode()) <= TEXT_BYTES_MAX else f"{teller} {topic}"
    )
