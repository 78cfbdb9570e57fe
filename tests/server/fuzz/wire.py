"""Bytes on a socket, and the answers that come back."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Sequence
from typing import Final

import msgspec

PATIENCE_S: Final = 20.0
"""Longer than every wait of the server on a busy machine; what takes longer hangs."""


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent, in which parts, and how it ends."""

    name: str
    parts: tuple[bytes, ...]
    half_closed: bool = False
    gone: bool = False
    """Close without reading."""
    is_head: bool = False


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """An answer, as far as it came."""

    status: int
    headers: dict[str, str]
    body: bytes
    whole: bool


async def send(port: int, case: Case) -> tuple[list[Answer], bytes]:
    """Return the answers to a case, and all bytes that came.

    Raises:
        TimeoutError: the server neither answers nor closes.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    received = bytearray()
    try:
        async with asyncio.timeout(PATIENCE_S):
            # What was refused already may be closed while the rest of it is sent.
            with contextlib.suppress(OSError):
                for part in case.parts:
                    writer.write(part)
                    await writer.drain()
                    await asyncio.sleep(0)
                if case.gone:
                    return [], b""
                if case.half_closed:
                    writer.write_eof()
                await _read(reader, received, case)
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
    return answers_in(bytes(received), is_head=case.is_head), bytes(received)


async def _read(reader: asyncio.StreamReader, received: bytearray, case: Case) -> None:
    while part := await reader.read(65_536):
        received += part
        found = answers_in(bytes(received), is_head=case.is_head)
        if found and (found[-1].whole or _is_endless(found[-1])):
            return


def _is_endless(answer: Answer) -> bool:
    return answer.headers.get("content-type", "").startswith("text/event-stream")


def answers_in(received: bytes, *, is_head: bool = False) -> list[Answer]:
    """Return the answers that stand in what came."""
    found: list[Answer] = []
    rest = received
    while rest.startswith(b"HTTP/1.1 ") and b"\r\n\r\n" in rest:
        head, _, rest = rest.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        pairs = (line.partition(":") for line in lines[1:])
        headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        status = int(lines[0].split()[1])
        if status in (100, 101, 204, 304) or is_head:
            found.append(Answer(status=status, headers=headers, body=b"", whole=status != 100))
            if status == 101:
                break
            continue
        if headers.get("transfer-encoding") == "chunked":
            body, rest, whole = _chunks(rest)
        else:
            size = int(headers.get("content-length", "0"))
            body, whole, rest = rest[:size], len(rest) >= size, rest[size:]
        found.append(Answer(status=status, headers=headers, body=body, whole=whole))
        if not whole:
            break
    return found


def _chunks(rest: bytes) -> tuple[bytes, bytes, bool]:
    body = b""
    while b"\r\n" in rest:
        size, _, after = rest.partition(b"\r\n")
        length = int(size, 16)
        if len(after) < length + 2:
            break
        body, rest = body + after[:length], after[length + 2 :]
        if not length:
            return body, rest, True
    return body, rest, False


def faults_of(case: Case, answers: Sequence[Answer]) -> list[str]:
    """Return what is wrong with the answers: faults of the server's own, refusals without a
    reason."""
    found: list[str] = []
    for answer in answers:
        where = f"{case.name}: {answer.status} {answer.body[:300]!r}"
        if answer.status >= 500 and answer.status != 503:
            found.append(f"{where} is a fault of the server")
        if answer.status >= 400 and answer.whole and not case.is_head:
            found += [f"{where}: {one}" for one in _faults_of_problem(answer)]
    return found


def _faults_of_problem(answer: Answer) -> list[str]:
    kind = answer.headers.get("content-type", "")
    if kind != "application/problem+json":
        return [f"a problem as {kind!r}"]
    told = json.loads(answer.body)
    return [
        f"no {name}" for name in ("code", "hint", "detail", "title", "trace_id") if not told[name]
    ]
