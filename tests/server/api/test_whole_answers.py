"""How answers leave: in one piece where they are known whole, and else as they come."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

import pytest
import uvicorn
from litestar.types import Receive, Scope, Send
from uvicorn.server import ServerState

from tenuto.server.edge import ALWAYS
from tenuto.server.transport import WHOLE_BYTES_MAX, BoundedHttp

App = Callable[[Scope, Receive, Send], Awaitable[None]]
ASKED: Final = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


class Wire(asyncio.Transport):
    """A connection of which is kept what was sent, piece by piece."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[bytes] = []
        self.closed = False

    def write(self, data: Any) -> None:
        assert not self.closed, "nothing is sent behind the end"
        self.pieces.append(bytes(data))

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass


def sent(app: App, *requests: bytes, wire: Wire | None = None) -> Wire:
    """Return the connection once the application has answered what came in each of the pieces."""
    wire = wire or Wire()

    async def main() -> Wire:
        config = uvicorn.Config(app, log_config=None, access_log=False, http=BoundedHttp)
        config.load()
        state = ServerState()
        http = BoundedHttp(config=config, server_state=state, app_state={})
        http.connection_made(wire)
        for request in requests:
            http.data_received(request)
            while state.tasks:
                await asyncio.wait(set(state.tasks))
                await asyncio.sleep(0)
        http.connection_lost(ConnectionResetError())
        return wire

    return asyncio.run(main())


def answering(body: bytes, *headers: tuple[bytes, bytes], status: int = 200) -> App:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        length = (b"content-length", b"%d" % len(body))
        start: Any = {"type": "http.response.start", "status": status}
        await send({**start, "headers": [length, *headers]})
        await send({"type": "http.response.body", "body": body, "more_body": False})

    return app


def test_an_answer_that_is_known_whole_leaves_in_one_piece() -> None:
    wire = sent(answering(b"{}", *ALWAYS), ASKED, ASKED)

    assert len(wire.pieces) == 2 and not wire.closed
    for piece in wire.pieces:
        head, _, body = piece.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 OK\r\n") and body == b"{}"
        for name, value in ALWAYS:
            assert head.count(b"\r\n%b: %b" % (name, value)) == 1


def test_requests_that_come_together_are_answered_in_their_order() -> None:
    async def app(scope: Any, receive: Receive, send: Send) -> None:
        await answering(scope["path"].encode())(scope, receive, send)

    both = ASKED.replace(b"/ ", b"/one ") + ASKED.replace(b"/ ", b"/two ")

    wire = sent(app, both)

    assert [piece.rpartition(b"\r\n")[2] for piece in wire.pieces] == [b"/one", b"/two"]


@pytest.mark.parametrize(
    ("request_", "headers"),
    [
        (ASKED.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"), ()),
        (ASKED.replace(b"1.1", b"1.0"), ()),
        (ASKED, ((b"connection", b"close"),)),
    ],
)
def test_the_connection_ends_with_the_answer_where_either_side_says_so(
    request_: bytes, headers: tuple[tuple[bytes, bytes], ...]
) -> None:
    wire = sent(answering(b"{}", *headers), request_)

    answer = b"".join(wire.pieces)
    assert answer.endswith(b"\r\n\r\n{}") and answer.count(b"connection: close\r\n") == 1
    assert wire.closed


def test_a_question_for_the_head_gets_no_body() -> None:
    wire = sent(answering(b"{}"), ASKED.replace(b"GET", b"HEAD"))

    answer = b"".join(wire.pieces)
    assert b"content-length: 2\r\n" in answer and answer.endswith(b"\r\n\r\n")


def test_a_head_whose_length_is_not_known_leaves_at_once() -> None:
    wire, seen = Wire(), list[int]()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        seen.append(len(wire.pieces))
        await send({"type": "http.response.body", "body": b"x", "more_body": False})

    sent(app, ASKED, wire=wire)

    assert seen == [1]
    assert b"".join(wire.pieces).endswith(b"1\r\nx\r\n0\r\n\r\n")


def test_a_large_body_is_not_copied_behind_its_head() -> None:
    body = b"x" * (WHOLE_BYTES_MAX + 1)

    wire = sent(answering(body), ASKED)

    assert [len(piece) for piece in wire.pieces][1:] == [len(body)]


def test_an_application_that_fails_behind_the_head_is_answered_for() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-length", b"2")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        raise ValueError("meanwhile")

    wire = sent(app, ASKED)

    assert b"".join(wire.pieces).startswith(b"HTTP/1.1 500 ")


def test_a_header_cannot_bring_lines_of_its_own() -> None:
    wire = sent(answering(b"{}", (b"x-told", b"a\r\nset-cookie: b")), ASKED)

    answer = b"".join(wire.pieces)
    assert answer.startswith(b"HTTP/1.1 500 ") and b"set-cookie" not in answer


def test_a_body_of_another_length_than_was_said_is_not_sent() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-length", b"1")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"{}", "more_body": False})

    wire = sent(app, ASKED)

    assert b"{}" not in b"".join(wire.pieces) and wire.closed
