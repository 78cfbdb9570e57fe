"""Who asks too often, too much, too slowly or too deep gets a problem that says what to do."""

import asyncio
import contextlib
import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenuto.core.limiting.limits import Limits, read_limits
from tenuto.server.bodies import DEPTH_MAX, nests_deeper
from tenuto.server.fences import Fencing
from tenuto.server.transport import HEAD_BYTES_MAX, BoundedHttp
from tests.server.api.served import serving


def limited(*texts: str) -> Fencing:
    return Fencing(limits=read_limits(texts, Limits()))


def test_who_asks_too_often_is_told_when_to_ask_again() -> None:
    async def main() -> None:
        async with serving(fencing=limited("user=3/m")) as served:
            answers = [await served.client.get("/sessions") for _ in range(4)]

            assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
            assert answers[0].headers["ratelimit-policy"] == '"user";q=3;w=60'
            assert answers[0].headers["ratelimit"].startswith('"user";r=2;t=')
            refused = answers[3]
            assert refused.json()["code"] == "too_many_requests"
            assert 1 <= int(refused.headers["retry-after"]) <= 66
            assert refused.headers["ratelimit"] == f'"user";r=0;t={refused.headers["retry-after"]}'

    asyncio.run(main())


def test_a_limit_of_the_organisation_holds_beside_the_user_s() -> None:
    async def main() -> None:
        async with serving(fencing=limited("user=100/m", "organisation=1/m")) as served:
            assert (await served.client.get("/sessions")).status_code == 200
            refused = await served.client.get("/sessions")
            assert refused.status_code == 429
            assert "per organisation" in refused.json()["detail"]

    asyncio.run(main())


def test_probes_of_the_platform_are_not_limited() -> None:
    async def main() -> None:
        async with serving(fencing=limited("user=1/m", "address=1/m")) as served:
            for _ in range(3):
                assert (await served.client.get(f"{served.address}/healthz")).status_code == 200

    asyncio.run(main())


@pytest.mark.parametrize("depth", [DEPTH_MAX + 1, 5_000, 1_000_000])
def test_json_that_nests_too_deep_is_a_problem(depth: int) -> None:
    async def main() -> None:
        async with serving() as served:
            body = b'{"name":"go","data":' + b"[" * depth + b"]" * depth + b"}"
            answer = await served.client.post(
                "/sessions/none/signal", content=body, headers={"content-type": "application/json"}
            )
            assert (answer.status_code, answer.json()["code"]) == (422, "too_deep")

    asyncio.run(main())


JSON = st.recursive(
    st.none() | st.integers() | st.text('[]{}"\\ab'),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text('[{"\\'), inner, max_size=3)
    ),
    max_leaves=20,
)


def depth_of(value: object) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth_of, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(depth_of, value), default=0)
    return 0


@given(JSON, st.integers(0, 6), st.booleans())
def test_the_depth_is_that_of_the_value_whatever_its_texts_hold(
    value: object, levels: int, ascii_only: bool
) -> None:
    body = json.dumps(value, ensure_ascii=ascii_only).encode()

    assert nests_deeper(body, levels) == (depth_of(value) > levels)


@given(st.binary(max_size=300) | st.text('[]{}",:1\\', max_size=300).map(str.encode))
def test_what_is_let_through_never_outgrows_the_reader_s_stack(body: bytes) -> None:
    if not nests_deeper(body, DEPTH_MAX):
        with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError):
            msgspec.json.decode(body)


def test_a_body_that_is_too_large_is_a_problem() -> None:
    async def main() -> None:
        async with serving() as served:
            answer = await served.client.post(
                "/sessions/none/signal", json={"name": "x" * 10_000_001}
            )
            assert (answer.status_code, answer.json()["code"]) == (413, "too_large")

    asyncio.run(main())


async def said(address: str, sent: bytes) -> bytes:
    """Return all that the server says to these bytes until it closes."""
    host, port = address.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(sent)
    try:
        async with asyncio.timeout(10):
            return await reader.read()
    finally:
        writer.close()


def problem_in(answer: bytes) -> tuple[int, str]:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"application/problem+json" in head, answer
    return int(head.split()[1]), json.loads(body)["code"]


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        (b"\x16\x03\x01\x02\x00\x01", 400, "bad_request"),
        (b"GET /healthz HTTP/1.1\r\nHost: a\r\nBad Header: x\r\n\r\n", 400, "bad_request"),
        (
            b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nx: " + b"y" * (HEAD_BYTES_MAX + 1),
            431,
            "headers_too_large",
        ),
        (
            b"GET /" + b"y" * 20_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
            414,
            "uri_too_long",
        ),
    ],
)
def test_what_is_no_request_or_too_large_a_head_is_a_problem(
    sent: bytes, status: int, code: str
) -> None:
    async def main() -> None:
        async with serving() as served:
            assert problem_in(await said(served.address, sent)) == (status, code)

    asyncio.run(main())


def test_a_head_that_does_not_come_ends_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BoundedHttp, "head_seconds_max", 0.05)

    async def main() -> None:
        async with serving() as served:
            assert await said(served.address, b"") == b""
            late = await said(served.address, b"GET / HTTP/1.1\r\nHost: localhost\r\n")
            assert problem_in(late) == (408, "too_slow")

    asyncio.run(main())


def test_a_body_that_trickles_ends_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BoundedHttp, "body_seconds", 0.05)
    head = (
        b"POST /api/v1/sessions/none/signal HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n"
    )

    async def main() -> None:
        async with serving() as served:
            late = await said(served.address, head + b"\r\n{")
            assert problem_in(late) == (408, "too_slow")

    asyncio.run(main())


def test_beyond_the_connections_that_there_may_be_requests_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(BoundedHttp, "connections_max", 0)

    async def main() -> None:
        async with serving() as served:
            answer = await served.client.get("/sessions")
            assert (answer.status_code, answer.json()["code"]) == (503, "busy")

    asyncio.run(main())
