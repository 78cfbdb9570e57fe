"""A line to Redis that is there, or says at once that it is not.

Whatever is asked while an answer is under way goes together afterwards, in one piece, on one
connection. When it breaks, or an answer takes too long, all who ask are told so; a task connects
anew, and until it has, nobody waits for Redis.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, TypeAlias
from urllib.parse import parse_qsl, urlencode, urlsplit

from redis.asyncio import Connection, ConnectionPool
from redis.exceptions import NoScriptError, RedisError, ResponseError

from tenuto.core.errors import PortError, Rejected

ANSWER_S_MAX: Final = 0.5
"""How long who asks waits before Redis counts as away. An event loop that stands still for as long
looks the same, so it is not less."""
TOGETHER_MAX: Final = 256
"""What goes in one piece; more might take Redis as long as that."""
CONNECT_S_MAX: Final = 2.0
AWAY_S: Final = 0.1
AWAY_S_MAX: Final = 2.0
"""Between two attempts to connect: the first pause, and the longest."""
PREFIX: Final = "tenuto"

Value: TypeAlias = str | bytes | int | float

_log: Final = logging.getLogger("tenuto")


class RedisAway(PortError):
    """Redis is away, or refused; what to do instead is done at once."""


def parted(url: str) -> tuple[str, str]:
    """Return an address without `?prefix=…`, and the prefix, by default `tenuto`.

    Raises:
        Rejected: it is no address of a Redis.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("redis", "rediss", "unix"):
        raise Rejected(
            "A Redis is named as redis://:password@host:port/0, rediss://… or unix://…; found "
            f"an address that begins with {url.partition(':')[0]!r:.40}."
        )
    pairs = dict(parse_qsl(parts.query))
    prefix = pairs.pop("prefix", PREFIX)
    return parts._replace(query=urlencode(pairs)).geturl(), prefix


def name_of(url: str) -> str:
    """Return what messages say of an address: nothing secret."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


class Maker:
    """Makes connections to one Redis."""

    def __init__(self, url: str) -> None:
        """
        Raises:
            Rejected: the address is none.
        """
        address, self.prefix = parted(url)
        self.name = name_of(address)
        try:
            # Each wait has its own end here, and one attempt is one attempt.
            pool = ConnectionPool.from_url(
                address, protocol=2, socket_timeout=None, driver_info=None
            )
            make: Any = pool.make_connection
            self._make: Callable[[], Any] = make
            self._make()
        except (ValueError, TypeError) as error:
            raise Rejected(f"The address of Redis {self.name} cannot be used: {error}") from None

    async def connected(self) -> Connection:
        """Return a new connection.

        Raises:
            RedisError, OSError, TimeoutError: there is none to be had.
        """
        connection = self._make()
        try:
            async with asyncio.timeout(CONNECT_S_MAX):
                await connection.connect()
        except BaseException:
            await connection.disconnect(nowait=True)
            raise
        made: Connection = connection
        return made


async def keep(
    maker: Maker,
    serve: Callable[[Connection], Awaitable[None]],
    went: Callable[[Exception], None],
) -> None:
    """Have a connection served as long as it holds, then the next one, for ever; between them
    `went` is told why."""
    pause_s = AWAY_S
    while True:
        connection: Connection | None = None
        try:
            connection = await maker.connected()
            pause_s = AWAY_S
            await serve(connection)
        except (RedisError, OSError, TimeoutError, ValueError) as error:
            went(error)
        finally:
            if connection is not None:
                await connection.disconnect(nowait=True)
        await asyncio.sleep(pause_s)
        pause_s = min(2 * pause_s, AWAY_S_MAX)


class Line:
    """One connection for all who ask. All methods belong to one event loop."""

    def __init__(self, url: str, *, answer_s_max: float = ANSWER_S_MAX) -> None:
        """
        Raises:
            Rejected: the address is none.
        """
        self.maker = Maker(url)
        self._answer_s_max = answer_s_max
        self.is_here = False
        """Whether it is worth asking."""
        self._asked: list[tuple[bytes, asyncio.Future[Any]]] = []
        self._news = asyncio.Event()
        self._first = asyncio.Event()
        self._keeping: asyncio.Task[None] | None = None
        self._is_told = False

    async def open(self) -> None:
        """Return when it is there, or was found to be away."""
        self._keeping = asyncio.create_task(keep(self.maker, self._serve, self._went))
        await self._first.wait()

    async def close(self) -> None:
        """Let it go; a second call does nothing."""
        self.is_here = False
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.gather(self._keeping, return_exceptions=True)
            self._keeping = None
        self._refuse(RedisAway("The line to Redis is closed."))

    def ask(self, packed: bytes) -> asyncio.Future[Any]:
        """Return what Redis will answer to a command; it may be awaited or not.

        Its exceptions: RedisAway; ResponseError, when Redis refused.
        """
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        if not self.is_here:
            _give(answer, RedisAway(f"Redis {self.maker.name} is away."))
            return answer
        self._asked.append((packed, answer))
        self._news.set()
        return answer

    async def _serve(self, connection: Connection) -> None:
        self._came()
        while True:
            if not self._asked:
                self._news.clear()
                await self._news.wait()
            asked, self._asked = self._asked[:TOGETHER_MAX], self._asked[TOGETHER_MAX:]
            try:
                async with asyncio.timeout(self._answer_s_max):
                    whole = b"".join([packed for packed, _ in asked])
                    await connection.send_packed_command(whole, check_health=False)
                    for _, answer in asked:
                        _give(answer, await _answer_on(connection))
            finally:
                # Before those that were asked meanwhile.
                self._asked[:0] = [one for one in asked if not one[1].done()]

    def _came(self) -> None:
        self.is_here = True
        self._first.set()
        if self._is_told:
            self._is_told = False
            _log.warning("Redis %s is back.", self.maker.name)

    def _went(self, error: Exception) -> None:
        self.is_here = False
        self._first.set()
        name = self.maker.name
        if not self._is_told:
            self._is_told = True
            _log.warning(
                "Redis %s is away (%s). All goes on without it, slower, and each process counts "
                "its requests alone; it is tried again.",
                name,
                str(error) or type(error).__name__,
            )
        self._refuse(RedisAway(f"Redis {name} is away."))

    def _refuse(self, error: RedisAway) -> None:
        asked, self._asked = self._asked, []
        for _, answer in asked:
            _give(answer, error)


async def _answer_on(connection: Connection) -> object:
    try:
        return await connection.read_response()
    except ResponseError as error:
        return error


def _give(answer: asyncio.Future[Any], value: object) -> None:
    if answer.done():
        return
    if isinstance(value, Exception):
        answer.set_exception(value)
        # Who does not wait for it need not know.
        answer.exception()
    else:
        answer.set_result(value)


def packed(*words: Value) -> bytes:
    """Return a command as it is sent."""
    parts = [b"*%d\r\n" % len(words)]
    for word in words:
        raw = word if isinstance(word, bytes) else str(word).encode()
        parts.append(b"$%d\r\n%b\r\n" % (len(raw), raw))
    return b"".join(parts)


class Script:
    """A script that Redis runs as one step."""

    def __init__(self, text: str) -> None:
        self._text = text
        # Redis names scripts by it; nothing is to be kept secret.
        self._name = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()

    def command(self, keys: Sequence[str], values: Sequence[Value]) -> bytes:
        """Return the command that runs it, as it is sent."""
        return packed("EVALSHA", self._name, len(keys), *keys, *values)

    async def ran(self, line: Line, command: bytes) -> Any:
        """Return what Redis answers to such a command; a Redis that is new is told the script.

        Raises:
            RedisAway; ResponseError: Redis refused.
        """
        try:
            return await line.ask(command)
        except NoScriptError:
            # Both go in one piece, in this order.
            line.ask(packed("SCRIPT", "LOAD", self._text))
            return await line.ask(command)
