"""MCP over standard input and output: one JSON-RPC message a line, and nothing else.

Our own loops instead of the SDK's `stdio_server`: that one cannot be cancelled while it waits for a
line, says nothing of a line that is no message, and takes the streams only once it runs, when the
import of a workflow may have printed something long ago.
"""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, BinaryIO, Final, TypeVar

import anyio
import anyio.to_thread
import mcp_types as types
import msgspec
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.server import Server
from mcp.shared.message import SessionMessage
from pydantic import ValidationError

T = TypeVar("T")

LINE_BYTES_MAX: Final = 64 * 1024 * 1024
"""A longer line is refused; it would have to be held in memory whole."""


class Wire(msgspec.Struct):
    """The two ends that the client holds the others of."""

    reading: BinaryIO
    writing: BinaryIO


@contextmanager
def wire() -> Iterator[Wire]:
    """Keep standard input and output for the protocol, until the end.

    Whoever reads the one finds it empty, what anybody writes to the other goes to stderr: also what
    a workflow prints, or a program that it starts."""
    sys.stdout.flush()
    reading, writing = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    try:
        # Not closed: a thread may still wait for a line.
        yield Wire(os.fdopen(reading, "rb", closefd=False), os.fdopen(writing, "wb", closefd=False))
    finally:
        sys.stdout.flush()
        os.dup2(reading, 0)
        os.dup2(writing, 1)


async def serve_stdio(server: Server[Any], wire: Wire) -> None:
    """Serve the client at the other end until it has closed its end."""
    incoming, heard = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    said, outgoing = anyio.create_memory_object_stream[SessionMessage](0)
    async with anyio.create_task_group() as group:
        group.start_soon(_read, wire.reading, incoming, said.clone())
        group.start_soon(_write, wire.writing, outgoing)
        await server.run(heard, said, server.create_initialization_options())


async def _read(
    file: BinaryIO,
    incoming: MemoryObjectSendStream[SessionMessage | Exception],
    said: MemoryObjectSendStream[SessionMessage],
) -> None:
    async with incoming, said:
        while line := await _in_thread(partial(file.readline, LINE_BYTES_MAX)):
            if len(line) == LINE_BYTES_MAX and not line.endswith(b"\n"):
                await said.send(_fault(types.INVALID_REQUEST, "The line is too long."))
                return
            if not line.strip():
                continue
            try:
                message = types.jsonrpc_message_adapter.validate_json(line, by_name=False)
            except ValidationError as error:
                await said.send(_fault_of(error))
                continue
            await incoming.send(SessionMessage(message))


async def _write(file: BinaryIO, outgoing: MemoryObjectReceiveStream[SessionMessage]) -> None:
    async with outgoing:
        async for sent in outgoing:
            line = sent.message.model_dump_json(by_alias=True, exclude_unset=True).encode() + b"\n"
            try:
                await _in_thread(partial(_put, file, line))
            except BrokenPipeError:
                # The client is gone; that shows at the other end as well.
                return


def _put(file: BinaryIO, line: bytes) -> None:
    file.write(line)
    file.flush()


async def _in_thread(work: Callable[[], T]) -> T:
    return await anyio.to_thread.run_sync(work, abandon_on_cancel=True)


def _fault_of(error: ValidationError) -> SessionMessage:
    if error.errors()[0]["type"] == "json_invalid":
        return _fault(types.PARSE_ERROR, "Parse error: the line is no JSON.")
    return _fault(types.INVALID_REQUEST, "Invalid request: the line is no JSON-RPC 2.0 message.")


def _fault(code: int, message: str) -> SessionMessage:
    error = types.ErrorData(code=code, message=message)
    return SessionMessage(types.JSONRPCError(jsonrpc="2.0", id=None, error=error))
