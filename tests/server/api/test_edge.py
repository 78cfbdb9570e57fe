"""Other sites' pages get nowhere, unless they are let; browsers are told so with each answer."""

import asyncio
from typing import Any

import pytest

from tenuto.core.errors import Rejected
from tenuto.core.limiting.limits import Limits, read_limits
from tenuto.ports.ledger import EntryQuery
from tenuto.server.edge import read_borders
from tenuto.server.fences import Fencing
from tests.server.api.served import Served, serving, waiting

PAGE = "https://app.example.org"
SIGNAL = {"name": "go"}


async def signalled(served: Served, headers: dict[str, str]) -> tuple[int, str]:
    """Return status and code of a request that changes a new session."""
    session = await served.service.runtime.start(served.service.offered["waiting"].workflow)
    path = f"/sessions/{session.id}/signal"
    answer = await served.client.post(path, json=SIGNAL, headers=headers)
    return answer.status_code, answer.json().get("code", "")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/healthz", 200),
        ("GET", "/api/v1/sessions/none", 404),
        ("GET", "/nowhere", 404),
        ("DELETE", "/healthz", 405),
        ("GET", "/api/v1/openapi.json", 200),
        ("GET", "/api/v1/%2e%2e/%00", 404),
        ("GET", "/api/v1/sessions?limit=x", 400),
    ],
)
def test_every_answer_has_the_headers_that_protect_browsers(
    method: str, path: str, status: int
) -> None:
    async def main() -> None:
        async with serving() as served:
            answer = await served.client.request(method, served.address + path)

            assert answer.status_code == status
            headers = answer.headers
            assert "default-src 'none'" in headers["content-security-policy"]
            assert "frame-ancestors 'none'" in headers["content-security-policy"]
            assert "unsafe-inline" not in headers["content-security-policy"]
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["referrer-policy"] == "no-referrer"
            assert headers["cross-origin-resource-policy"] == "same-origin"
            assert headers["cache-control"] == "no-store"
            assert "server" not in headers
            assert "strict-transport-security" not in headers
            assert "access-control-allow-origin" not in headers
            if status >= 400:
                assert headers["content-type"] == "application/problem+json"
                assert answer.json()["hint"]

    asyncio.run(main())


def test_a_name_that_the_server_does_not_have_is_refused() -> None:
    async def main() -> None:
        fencing = Fencing(borders=read_borders(hosts=["api.example.org"]))
        async with serving(fencing=fencing) as served:
            for host, status in [
                ("evil.example.org", 421),
                ("localhost.evil.org:80", 421),
                ("localhost:1234", 200),
                ("API.example.org", 200),
                ("[::1]:80", 200),
            ]:
                answer = await served.client.get("/sessions", headers={"Host": host})
                assert answer.status_code == status, host
                assert status == 200 or answer.json()["code"] == "unknown_host"

    asyncio.run(main())


def test_pages_of_other_sites_change_nothing_even_where_nobody_has_to_log_in() -> None:
    async def main() -> None:
        async with serving(waiting()) as served:
            own = served.address
            for headers, expected in [
                ({"Origin": PAGE}, (403, "foreign_page")),
                ({"Origin": "null"}, (403, "foreign_page")),
                ({"Sec-Fetch-Site": "cross-site"}, (403, "foreign_page")),
                ({"Sec-Fetch-Site": "same-site"}, (403, "foreign_page")),
                ({"Origin": own}, (200, "")),
                ({"Origin": own, "Sec-Fetch-Site": "same-origin"}, (200, "")),
                ({}, (200, "")),
            ]:
                assert await signalled(served, headers) == expected, headers
            entries = await served.service.ledger.entries(EntryQuery())
            assert len(entries) == 3

    asyncio.run(main())


def test_pages_that_are_let_may_use_the_api() -> None:
    async def main() -> None:
        fencing = Fencing(borders=read_borders(origins=[PAGE]))
        async with serving(waiting(), fencing=fencing) as served:
            asked = {"Origin": PAGE, "Access-Control-Request-Method": "POST"}
            preflight = await served.client.options("/sessions/x/signal", headers=asked)
            assert preflight.status_code == 204
            assert preflight.headers["access-control-allow-origin"] == PAGE
            assert "Idempotency-Key" in preflight.headers["access-control-allow-headers"]
            assert "access-control-allow-credentials" not in preflight.headers

            page = {"Origin": PAGE, "Sec-Fetch-Site": "cross-site"}
            assert await signalled(served, page) == (200, "")
            listed = await served.client.get("/sessions", headers=page)
            assert listed.headers["access-control-allow-origin"] == PAGE
            assert listed.headers["vary"] == "Origin"

            other = {"Origin": "https://other.example.org"}
            refused = await served.client.options("/sessions", headers={**asked, **other})
            assert "access-control-allow-origin" not in refused.headers
            assert await signalled(served, other) == (403, "foreign_page")

    asyncio.run(main())


@pytest.mark.parametrize(
    ("trusted", "forwarded", "address"),
    [
        ([], "1.2.3.4", "127.0.0.1"),
        (["127.0.0.1"], "1.2.3.4", "1.2.3.4"),
        (["127.0.0.1"], "6.6.6.6, 1.2.3.4", "1.2.3.4"),
        (["127.0.0.0/8", "10.0.0.0/8"], "6.6.6.6, 1.2.3.4, 10.0.0.1", "1.2.3.4"),
        (["127.0.0.1"], "[2001:db8::1]:443", "2001:db8::1"),
        (["10.0.0.0/8"], "1.2.3.4", "127.0.0.1"),
    ],
)
def test_only_a_proxy_that_is_trusted_says_who_asks(
    trusted: list[str], forwarded: str, address: str
) -> None:
    async def main() -> None:
        fencing = Fencing(borders=read_borders(proxies=trusted))
        async with serving(waiting(), fencing=fencing) as served:
            headers = {"X-Forwarded-For": forwarded, "X-Forwarded-Proto": "https"}
            assert await signalled(served, headers) == (200, "")
            (entry,) = await served.service.ledger.entries(EntryQuery())
            assert entry.source.address == address
            answer = await served.client.get("/sessions", headers=headers)
            is_believed = address != "127.0.0.1"
            assert ("strict-transport-security" in answer.headers) == is_believed

    asyncio.run(main())


@pytest.mark.parametrize(
    "wrong",
    [
        {"origins": ["*"]},
        {"origins": ["example.org"]},
        {"origins": ["https://a.example.org/"]},
        {"hosts": ["*"]},
        {"hosts": ["http://a"]},
        {"proxies": ["all"]},
    ],
)
def test_what_is_no_origin_host_or_proxy_is_refused_at_the_start(wrong: Any) -> None:
    with pytest.raises(Rejected, match="found"):
        read_borders(**wrong)


def test_strangers_are_counted_by_their_address_as_a_proxy_tells_it() -> None:
    class Nobody:
        async def authenticate(self, connection: object) -> None:
            return None

    async def main() -> None:
        fencing = Fencing(
            borders=read_borders(proxies=["127.0.0.1"]),
            limits=read_limits(["address=1/m"], Limits()),
        )
        async with serving(fencing=fencing, authenticator=Nobody()) as served:
            statuses = [
                (await served.client.get("/sessions", headers={"X-Forwarded-For": one})).status_code
                for one in ("1.1.1.1", "1.1.1.1", "2.2.2.2", "2001:db8::1", "2001:db8::2")
            ]
            assert statuses == [401, 429, 401, 401, 429]

    asyncio.run(main())
