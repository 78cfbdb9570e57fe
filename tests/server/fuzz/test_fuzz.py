"""Whatever comes over the wire is answered or closed, at once, and never by a fault.

`TENUTO_FUZZ_SECONDS` says how long it goes on, `TENUTO_FUZZ_SEED` with which cases.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import httpx2
import pytest

from tenuto.server.fences import Fencing
from tenuto.server.transport import BoundedHttp
from tenuto.testing import MockLLM
from tests.server.api.served import echoing
from tests.server.api.threads import Running, running
from tests.server.fuzz.cases import SECONDS, SEED, Maker
from tests.server.fuzz.wire import Case, faults_of, send
from tests.server.isolation.towns import Town, settled, signing

AT_ONCE: Final = 12
MEGABYTES_MORE_MAX: Final = 300


@pytest.fixture(scope="module")
def attacked() -> Iterator[tuple[Running, Town]]:
    """Give a server, which waits for nobody long, with an organisation to ask for."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BoundedHttp, "head_seconds_max", 0.5)
        patch.setattr(BoundedHttp, "body_seconds", 0.5)
        with (
            running(
                signing(),
                echoing(),
                login=True,
                fencing=Fencing(private_webhooks=True),
                models={"mock": MockLLM(["Done."] * 10_000)},
            ) as server,
            settled(server, "ash") as (_, ash),
        ):
            yield server, ash


def port_of(server: Running) -> int:
    return int(server.address.rpartition(":")[2])


def megabytes() -> float:
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * 4096 / 1e6


def test_nothing_that_is_sent_breaks_the_server(
    attacked: tuple[Running, Town], caplog: pytest.LogCaptureFixture
) -> None:
    server, ash = attacked
    maker = Maker(SEED, ash.ids, ash.person("admin").key)
    before, until = megabytes(), time.monotonic() + SECONDS
    count, faults = 0, list[str]()

    async def attack() -> None:
        nonlocal count
        while time.monotonic() < until:
            case = maker.case()
            count += 1
            try:
                answers, _ = await send(port_of(server), case)
            except TimeoutError:
                raise AssertionError(f"It hangs: {case.name} {case.parts!r:.600}") from None
            faults.extend(
                f"{fault}, sent {case.parts!r:.900}" for fault in faults_of(case, answers)
            )

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(attack())

    with caplog.at_level(logging.ERROR):
        asyncio.run(main())

    assert faults == []
    assert not [one.getMessage() for one in caplog.records if one.name.startswith("tenuto")]
    assert count > 10
    began = time.monotonic()
    assert httpx2.get(f"{server.address}/readyz").status_code == 200
    assert time.monotonic() - began < 5
    assert megabytes() - before < MEGABYTES_MORE_MAX


SMUGGLED: Final = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n"),
        (b"Transfer-Encoding: chunked\r\nContent-Length: 50\r\n", b"0\r\n\r\n"),
        (b"Content-Length: 2\r\nContent-Length: 50\r\n", b"{}"),
        (b"Content-Length: 2, 50\r\n", b"{}"),
        (b"Transfer-Encoding: xchunked\r\n", b"0\r\n\r\n"),
        (b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", b"0\r\n\r\n"),
        (b"Transfer-Encoding : chunked\r\n", b"0\r\n\r\n"),
        (b"Transfer-Encoding: chunked\r\n", b"0\n\n"),
        (b"X: a\r\n Content-Length: 2\r\nContent-Length: 2\r\n", b"{}"),
    ],
)
def test_no_request_hides_in_another_whose_length_is_in_doubt(
    attacked: tuple[Running, Town], headers: bytes, body: bytes
) -> None:
    line = b"POST /api/v1/auth/login HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    kind = b"Content-Type: application/json\r\n\r\n"
    case = Case(
        name="smuggling", parts=(line + headers + kind + body + SMUGGLED,), half_closed=True
    )

    async def main() -> None:
        answers, received = await send(port_of(attacked[0]), case)
        assert faults_of(case, answers) == []
        assert [one.status for one in answers] in ([400], []), answers
        assert b"alive" not in received

    asyncio.run(main())
