"""Where requests for tokens may go."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

httpx2 = pytest.importorskip("httpx2")

from tenuto.adapters.mcp.oauth.fetching import Fetching, NotAllowed  # noqa: E402
from tenuto.adapters.mcp.oauth.settings import Auth, faults_of, is_safe_address  # noqa: E402
from tests.adapters.mcp.gate import Given, open_gate  # noqa: E402

HOSTS = {
    "mcp.example": ["93.184.216.34"],
    "login.example": ["93.184.216.35"],
    "inside.example": ["93.184.216.36", "10.0.0.7"],
    "here.example": ["127.0.0.1"],
    "localhost": ["127.0.0.1"],
    "meta.example": ["169.254.169.254"],
    "six.example": ["fd00::1"],
    "intranet.example": ["10.0.0.5"],
}


def world() -> Callable[[str, int], Awaitable[list[str]]]:
    async def resolve(host: str, port: int) -> list[str]:
        return HOSTS.get(host, [host])

    return resolve


def refused(url: str, *, home: str = "https://mcp.example/mcp", **settings: Any) -> str:
    """Return why a request to `url` is refused, or nothing where it would be sent."""
    fetching = Fetching(home, resolve=world(), **settings)
    request = httpx2.Request("GET", url)

    async def story() -> None:
        fetching._check(request)
        await fetching._addresses(request.url)

    try:
        asyncio.run(story())
    except NotAllowed as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    "url",
    [
        "https://inside.example/token",
        "https://here.example/token",
        "https://meta.example/latest/meta-data",
        "https://six.example/token",
        "https://127.0.0.1/token",
        "https://10.0.0.5/token",
        "https://[::1]/token",
        "http://127.0.0.1:8080/token",
        "http://localhost:8080/token",
    ],
)
def test_a_public_server_leads_to_no_private_address(url: str) -> None:
    assert "no address of the public internet" in refused(url)


@pytest.mark.parametrize("url", ["http://login.example/token", "ftp://login.example/x"])
def test_what_is_not_https_is_not_asked(url: str) -> None:
    assert "is not https" in refused(url)


def test_public_servers_are_asked_and_private_ones_for_private_servers() -> None:
    assert refused("https://login.example/token") == ""
    assert refused("https://10.0.0.9/token", home="https://intranet.example/mcp") == ""
    assert refused("https://10.0.0.9/token", trusted=["https://10.0.0.9"]) == ""


def test_a_message_has_neither_query_nor_user() -> None:
    told = refused("http://user:word@login.example/token?secret=1")

    assert told == "http://login.example/token is not https"


@pytest.mark.slow
def test_an_answer_is_read_to_a_limit_and_redirects_are_not_followed() -> None:
    async def story() -> None:
        with open_gate() as gate:
            fetching = Fetching(gate.url)
            gate.instead["/a"] = [Given(body="x" * 300_000)]
            gate.instead["/b"] = [Given(status=302, headers={"Location": "/a"})]
            gate.instead["/c"] = [Given(body={"error": "sad"}, status=400)]
            with pytest.raises(NotAllowed, match="over 262144 bytes"):
                await fetching(httpx2.Request("GET", f"{gate.origin}/a"))
            moved = await fetching(httpx2.Request("GET", f"{gate.origin}/b"))
            await fetching(httpx2.Request("POST", f"{gate.origin}/c", data={"a": "b"}))

            assert (moved.status_code, moved.next_request) == (302, None)
            assert fetching.refusal == "sad"
            assert gate.requests("/c")[0].form == {"a": "b"}
            assert len(gate.requests("/a")) == 1

    asyncio.run(story())


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"grant": "client_credentials"}, "needs client_id, issuer"),
        ({"client_secret": "hunter2hunter2"}, "client_secret names a variable"),
        ({"private_key": "-----BEGIN"}, "private_key names a variable"),
        ({"client_secret": "${A}"}, "stands with its client_id and issuer"),
        ({"issuer": "http://login.example"}, "give an address with https://"),
        ({"metadata_url": "https://example.org/"}, "names a document"),
        ({"algorithm": "none"}, "one of RS256"),
        (
            {
                "grant": "client_credentials",
                "client_id": "a",
                "issuer": "https://login.example",
                "client_secret": "${A}",
                "private_key": "${B}",
            },
            "one of the two",
        ),
        ({"grant": "cross_app", "client_id": "a"}, "needs client_secret, issuer, identity_token"),
    ],
)
def test_settings_that_do_not_fit_are_told_without_what_they_hold(
    settings: dict[str, Any], said: str
) -> None:
    faults = " ".join(faults_of(Auth(**settings)))

    assert said in faults
    assert "hunter2" not in faults


def test_safe_addresses_are_https_or_of_this_machine() -> None:
    safe = ["https://a.example", "http://127.0.0.1:1/x", "http://localhost", "http://[::1]:1"]
    unsafe = ["http://a.example", "https://u@a.example", "javascript:1", "https:///x", "http://[x"]

    assert all(map(is_safe_address, safe))
    assert not any(map(is_safe_address, unsafe))
