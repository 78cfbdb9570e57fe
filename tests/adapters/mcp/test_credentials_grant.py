"""Servers that a client with credentials of its own is let in to, by OAuth."""

import asyncio
import base64
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from tenuto.adapters.mcp import Address, Auth, McpServer
from tenuto.core.errors import Escalatable, Transient
from tests.adapters.mcp.gate import Gate, Given, open_gate
from tests.adapters.mcp.using import call, failure_of, run, tools_of, using

pytestmark = pytest.mark.slow

SECRET = "a secret: of the client/+%"


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    monkeypatch.setenv("SHOP_SECRET", SECRET)
    with open_gate() as gate:
        yield gate


def place(gate: Gate, **settings: Any) -> Address:
    given = {
        "grant": "client_credentials",
        "client_id": "shop",
        "client_secret": "${SHOP_SECRET}",
        "issuer": gate.origin,
        **settings,
    }
    return Address(url=gate.url, auth=Auth(**given))


async def used(server: McpServer) -> None:
    assert await call((await tools_of(server))["echo"]) == "here"


def test_one_token_is_got_and_used_for_each_request(gate: Gate) -> None:
    async def story() -> None:
        async with using(place(gate)) as server:
            await used(server)
            await server.close()
            await used(server)

    run(story())

    (asked,) = gate.requests("/token")
    told = base64.b64decode(asked.headers["authorization"].removeprefix("Basic ")).decode()
    assert told == "shop:a%20secret%3A%20of%20the%20client%2F%2B%25"
    assert asked.form == {"grant_type": "client_credentials", "scope": "read", "resource": gate.url}
    sent = [one.headers.get("authorization") for one in gate.requests("/mcp")]
    assert sent[0] is None
    assert set(sent[1:]) == {"Bearer access-token-1"}


def test_the_scope_of_the_settings_is_asked_for_besides(gate: Gate) -> None:
    async def story() -> None:
        async with using(place(gate, scope="write", method="post")) as server:
            await used(server)

    run(story())

    (asked,) = gate.requests("/token")
    assert asked.form["scope"] == "read write"
    assert asked.form["client_secret"] == SECRET


def test_a_token_that_is_refused_is_got_anew_once_for_all_who_wait(gate: Gate) -> None:
    async def story() -> None:
        async with using(place(gate)) as server:
            echo = (await tools_of(server))["echo"]
            gate.good.clear()
            assert await asyncio.gather(*(call(echo) for _ in range(5))) == ["here"] * 5

    run(story())

    assert len(gate.requests("/token")) == 2


def test_a_wider_scope_is_got_for_the_call_that_wants_it(gate: Gate) -> None:
    async def story() -> None:
        gate.scope_of_calls = "write"
        async with using(place(gate)) as server:
            await used(server)

    run(story())

    assert [one.form["scope"] for one in gate.requests("/token")] == ["read", "read write"]


def test_a_wider_scope_that_does_not_help_is_not_asked_for_again(gate: Gate) -> None:
    async def story() -> None:
        gate.scope_of_calls = "write"
        gate.granted = {"scope": "read"}
        async with using(place(gate)) as server:
            echo = (await tools_of(server))["echo"]
            wide = gate.scopes
            gate.scopes = _Nothing()
            failures = [await failure_of(call(echo)) for _ in range(3)]
            gate.scopes = wide

        assert {(type(one), one.code) for one in failures} == {(Escalatable, "authorization")}
        assert "wants the scope 'write'" in str(failures[0])

    run(story())

    assert len(gate.requests("/token")) == 2


class _Nothing(dict[str, str]):
    """Says of each token that it is good for nothing."""

    def get(self, key: str, default: Any = None) -> Any:
        return ""


def test_credentials_go_to_no_other_authorization_server_than_their_own(gate: Gate) -> None:
    async def story() -> None:
        async with using(place(gate, issuer="https://login.example")) as server:
            failure = await failure_of(server.tools())

        assert (type(failure), failure.code) == (Escalatable, "authorization")
        assert "grants no token" in str(failure)

    run(story())

    assert not gate.requests("/token")


def test_metadata_that_names_another_issuer_is_not_taken(gate: Gate) -> None:
    async def story() -> None:
        gate.metadata = {"issuer": "https://login.example"}
        async with using(place(gate)) as server:
            failure = await failure_of(server.tools())

        assert "issuer mismatch" in str(failure)

    run(story())

    assert not gate.requests("/token")


@pytest.mark.parametrize(
    ("given", "kind", "said"),
    [
        (
            Given(status=401, body={"error": "invalid_client", "error_description": "who?"}),
            Escalatable,
            "grants no token: invalid_client: who?. Mend it, then approve",
        ),
        (Given(status=400, body={"secret": SECRET}), Escalatable, "status 400"),
        (Given(status=503, headers={"Retry-After": "7"}), Transient, "answers with status 503"),
        (Given(body={"no": "token"}), Escalatable, "grants no token"),
        (Given(body={"access_token": "x" * 300_000}), Escalatable, "over 262144 bytes"),
        (Given(status=302, headers={"Location": "/elsewhere"}), Escalatable, "grants no token"),
    ],
)
def test_what_goes_wrong_with_a_grant_is_told_without_what_is_secret(
    gate: Gate, given: Given, kind: type, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    async def story() -> None:
        # The SDK asks in two ways before it gives up.
        gate.instead["/token"] = [given, given]
        async with using(place(gate)) as server:
            failure = await failure_of(server.tools())

        assert type(failure) is kind, failure
        assert said in str(failure)
        assert SECRET not in str(failure)
        if given.status == 503:
            assert failure.retry_after_ms == 7_000

    run(story())

    assert SECRET not in caplog.text


def test_nothing_that_is_logged_holds_a_credential(
    gate: Gate, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    async def story() -> None:
        async with using(place(gate)) as server:
            await used(server)

    run(story())

    assert caplog.text
    for secret in (SECRET, "access-token-1"):
        assert secret not in caplog.text


def test_a_server_that_gives_the_token_back_gives_it_to_nobody(gate: Gate) -> None:
    async def story() -> None:
        async with using(place(gate)) as server:
            echo = (await tools_of(server))["echo"]
            body = {"content": [{"type": "text", "text": "you sent access-token-1"}]}
            gate.instead["/mcp"] = [
                Given(body={"jsonrpc": "2.0", "id": 4, "result": body}),
            ]
            assert await call(echo) == "you sent ***"

    run(story())


def test_a_secret_that_is_not_set_is_named(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SHOP_SECRET")

    async def story() -> None:
        async with using(place(gate)) as server:
            failure = await failure_of(server.tools())

        assert (type(failure), failure.code) == (Escalatable, "missing_secret")
        assert "'SHOP_SECRET' is not set" in str(failure)

    run(story())


def test_tokens_go_by_https_only_or_to_this_machine(gate: Gate) -> None:
    async def story() -> None:
        address = place(gate)
        there = Address(url="http://mcp.example/mcp", auth=address.auth)
        async with using(there) as server:
            failure = await failure_of(server.tools())

        assert (type(failure), failure.code) == (Escalatable, "authorization")
        assert "at http://mcp.example/mcp: tokens go by https only" in str(failure)

    run(story())


@pytest.mark.parametrize("settings", [{}, {"method": "post"}])
def test_an_origin_is_the_same_issuer_with_a_slash_at_its_end(
    gate: Gate, settings: dict[str, str]
) -> None:
    async def story() -> None:
        gate.resource = {"authorization_servers": [f"{gate.origin}/"]}
        async with using(place(gate, **settings)) as server:
            await used(server)

    run(story())

    assert len(gate.requests("/token")) == 1
