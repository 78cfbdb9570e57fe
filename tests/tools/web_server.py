"""A web server on the loopback that says what it is told to, and remembers what it was asked."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import msgspec


class Asked(msgspec.Struct, kw_only=True):
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


Answer = Callable[[Asked], bytes]


class Server:
    """`answers` are by path; what is not among them is not found."""

    def __init__(self, answers: dict[str, Answer], *, hang: bool) -> None:
        self.answers, self.port, self.hang = answers, 0, hang
        self.asked: list[Asked] = []
        self.serving: set[asyncio.Task[None]] = set()

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.serving.add(task)
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            method, path, _ = head[0].split(" ")
            headers = {}
            for line in head[1:]:
                name, _, value = line.partition(":")
                if name:
                    headers[name.lower()] = value.strip()
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            asked = Asked(method=method, path=path, headers=headers, body=body)
            self.asked.append(asked)
            writer.write(self.answers.get(path, missing)(asked))
            await writer.drain()
            if self.hang:
                await reader.read()
        writer.close()


@asynccontextmanager
async def serving(answers: dict[str, Answer], *, hang: bool = False) -> AsyncIterator[Server]:
    """Give a server that listens for as long as the block lasts. `hang`: it answers no further, and
    keeps the connection."""
    server = Server(answers, hang=hang)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        await listening.wait_closed()
        await asyncio.gather(*server.serving)


def reply(
    content: bytes = b"", *, status: str = "200 OK", kind: str = "text/plain", **headers: str
) -> bytes:
    """Return the bytes of an answer; `_` in the name of a header stands for `-`."""
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(content)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode() + content


def missing(_: Asked) -> bytes:
    return reply(b"no", status="404 Not Found")


def redirect(location: str, status: str = "302 Found") -> bytes:
    return reply(b"", status=status, Location=location)
