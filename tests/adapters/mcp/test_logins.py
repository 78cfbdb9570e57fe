"""Servers that a person signed in to, by OAuth: sessions use and renew what was granted."""

import asyncio
import json
import logging
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import httpx2
import pytest

import tenuto
from tenuto import Agent, Workflow
from tenuto.adapters.json_schema import JsonSchemas
from tenuto.adapters.mcp import Address, Auth
from tenuto.adapters.mcp.oauth.browser import NotSignedIn
from tenuto.adapters.mcp.oauth.logins import Granted, Logins
from tenuto.adapters.mcp.oauth.signing_in import SignedIn, sign_in
from tenuto.core.errors import Escalatable, Transient, WorkFailed
from tenuto.testing import MockLLM, calls
from tests.adapters.mcp.gate import Gate, Given, open_gate
from tests.adapters.mcp.using import call, failure_of, run, tools_of, using

pytestmark = pytest.mark.slow


@pytest.fixture
def gate() -> Iterator[Gate]:
    with open_gate() as gate:
        yield gate


class Desk:
    """Where somebody signs in, and sessions use the login."""

    def __init__(self, gate: Gate, folder: Path) -> None:
        self.gate, self.folder = gate, folder
        self.logins = Logins(folder)
        self.sent: list[str] = []

    def place(self, **settings: Any) -> Address:
        return Address(url=self.gate.url, auth=Auth(**settings), logins=str(self.folder))

    async def browse(self, url: str) -> None:
        """Be a browser that follows where it is sent."""
        self.sent.append(url)
        await asyncio.to_thread(urlopen, url)

    async def sign_in(self, **settings: Any) -> SignedIn:
        return await sign_in(
            "shop", self.place(**settings), schemas=JsonSchemas(), show=self.browse
        )

    def kept(self) -> Granted:
        granted = self.logins.read(self.gate.url)
        assert granted is not None
        return granted

    def change(self, **parts: Any) -> None:
        kept = self.kept()
        for name, value in parts.items():
            setattr(kept, name, value)
        self.logins.write(kept)


@pytest.fixture
def desk(gate: Gate, tmp_path: Path) -> Desk:
    return Desk(gate, tmp_path / "logins")


def test_a_session_waits_for_a_login_and_then_goes_on(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TENUTO_MCP_LOGINS", str(desk.folder))
    shop = tenuto.mcp_server(url=desk.gate.url, name="shop", auth="login")
    clerk = Agent("clerk", model="scripted:any", tools=["shop.*"])
    flow = Workflow("ask", output="outputs.work.text").node("work", agent=clerk)

    async def story() -> None:
        model = MockLLM([calls(("shop__echo", {})), "It is here."])
        async with tenuto.open("memory://", models={"scripted": model}, tools={"shop": shop}) as rt:
            session = await rt.start(flow)
            head = await session.wait_until_idle(20)
            assert head.status == "waiting"
            assert f"run tenuto mcp-login {desk.gate.url}, then approve" in head.waiting_for

            await desk.sign_in()
            await session.approve()
            assert await session.result(20) == "It is here."

    run(story())


def test_who_signs_in_is_sent_with_pkce_and_taken_back_at_loopback(desk: Desk) -> None:
    async def story() -> None:
        signed_in = await desk.sign_in()

        assert signed_in == SignedIn(url=desk.gate.url, scope="read", renewable=True, tools_count=1)

    run(story())

    (sent,) = desk.gate.requests("/authorize")
    assert sent.query["code_challenge_method"] == "S256"
    assert sent.query["resource"] == desk.gate.url
    assert sent.query["redirect_uri"].startswith("http://127.0.0.1:")
    assert len(sent.query["state"]) > 40


def test_what_was_granted_is_in_a_file_that_only_its_owner_may_read(desk: Desk) -> None:
    run(desk.sign_in())

    path = desk.logins.path(desk.gate.url)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert desk.kept().token["access_token"] == "access-token-1"

    path.chmod(0o644)

    async def story() -> None:
        async with using(desk.place()) as server:
            failure = await failure_of(server.tools())

        assert (type(failure), failure.code) == (Escalatable, "sign_in")
        assert f"Others may read {path}" in str(failure)

    if os.name == "posix":
        run(story())


def test_a_token_that_ended_is_renewed_where_it_was_granted_and_kept(desk: Desk) -> None:
    async def story() -> None:
        await desk.sign_in()
        desk.change(expires_s=1.0)
        async with using(desk.place()) as server:
            assert await call((await tools_of(server))["echo"]) == "here"

    run(story())

    assert [one.form["grant_type"] for one in desk.gate.requests("/token")] == [
        "authorization_code",
        "refresh_token",
    ]
    assert desk.kept().token["refresh_token"] == "refresh-token-2"
    assert desk.kept().client["client_id"] == "client-1"
    assert len(desk.sent) == 1


def test_a_token_that_is_refused_is_renewed_without_a_person(desk: Desk) -> None:
    async def story() -> None:
        await desk.sign_in()
        async with using(desk.place()) as server:
            echo = (await tools_of(server))["echo"]
            desk.gate.good.clear()
            assert await asyncio.gather(call(echo), call(echo)) == ["here", "here"]

    run(story())

    assert len(desk.gate.requests("/token")) == 2


def test_two_processes_renew_a_token_once(desk: Desk) -> None:
    async def story() -> None:
        await desk.sign_in()
        desk.change(expires_s=1.0)
        async with using(desk.place()) as one, using(desk.place()) as two:
            await asyncio.gather(one.tools(), two.tools())

    run(story())

    assert len(desk.gate.requests("/token")) == 2


def test_a_refresh_token_that_is_refused_wants_a_person(desk: Desk) -> None:
    async def story() -> None:
        await desk.sign_in()
        desk.gate.good.clear()
        desk.gate.refreshable.clear()
        async with using(desk.place()) as server:
            failure = await failure_of(server.tools())

            assert (type(failure), failure.code) == (Escalatable, "sign_in")
            assert "needs a person to sign in: run tenuto mcp-login" in str(failure)

            await desk.sign_in()
            await asyncio.sleep(0.6)
            assert await call((await tools_of(server))["echo"]) == "here"

    run(story())


def test_an_authorization_server_in_trouble_costs_no_login(desk: Desk) -> None:
    async def story() -> None:
        await desk.sign_in()
        desk.change(expires_s=1.0)
        desk.gate.instead["/token"] = [Given(status=503), Given(status=503)]
        async with using(desk.place()) as server:
            failure = await failure_of(server.tools())
            assert type(failure) is Transient
            assert desk.kept().token["refresh_token"] == "refresh-token-1"
            await asyncio.sleep(0.6)
            assert len(await server.tools()) == 1

    run(story())


def test_a_call_that_wants_a_wider_scope_says_how_to_sign_in_for_it(desk: Desk) -> None:
    async def story() -> None:
        await desk.sign_in()
        desk.gate.scope_of_calls = "write"
        async with using(desk.place()) as server:
            echo = (await tools_of(server))["echo"]
            failure = await failure_of(call(echo))

            assert (type(failure), failure.code) == (Escalatable, "sign_in")
            assert f"run tenuto mcp-login {desk.gate.url} --scope 'read write'," in str(failure)

            await desk.sign_in(scope="read write")
            assert await call(echo) == "here"

    run(story())


def test_the_client_is_registered_once_for_later_logins(desk: Desk) -> None:
    async def story() -> None:
        await desk.sign_in()
        await desk.sign_in()

    run(story())

    assert len(desk.gate.requests("/register")) == 1
    assert len(desk.gate.requests("/authorize")) == 2


def test_a_client_of_ones_own_is_told_to_whoever_signs_in(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_SECRET", "a-secret-of-ours")
    settings = {
        "client_id": "ours",
        "client_secret": "${SHOP_SECRET}",
        "issuer": desk.gate.origin,
    }

    async def story() -> None:
        async with using(desk.place(**settings)) as server:
            failure = await failure_of(server.tools())
            assert (
                f"mcp-login {desk.gate.url} --client-id ours --secret-variable SHOP_SECRET "
                f"--issuer {desk.gate.origin}," in str(failure)
            )
        await desk.sign_in(**settings)

    run(story())

    assert not desk.gate.requests("/register")
    assert "a-secret-of-ours" not in desk.logins.path(desk.gate.url).read_text()


@pytest.mark.parametrize(
    ("back", "said"),
    [
        ({"iss": "https://login.example"}, "iss mismatch"),
        ({"error": "access_denied", "error_description": "No."}, "access_denied: No."),
    ],
)
def test_who_is_sent_back_with_something_else_than_a_code_of_that_server_is_not_in(
    desk: Desk, back: dict[str, str], said: str
) -> None:
    async def story() -> None:
        desk.gate.back = back
        failure = await failure_of(desk.sign_in())

        assert said in str(failure)

    run(story())

    assert not desk.gate.requests("/token")
    assert desk.logins.read(desk.gate.url) is None
    if "error" in back:
        assert len(desk.sent) == 1


def test_a_missing_issuer_is_a_mix_up_where_one_was_promised(desk: Desk) -> None:
    async def story() -> None:
        desk.gate.metadata = {"authorization_response_iss_parameter_supported": True}
        failure = await failure_of(desk.sign_in())

        assert "missing iss parameter" in str(failure)

    run(story())


@pytest.mark.parametrize(
    ("metadata", "said"),
    [
        ({"code_challenge_methods_supported": ["plain"]}, "takes PKCE"),
        ({"code_challenge_methods_supported": None}, "takes PKCE"),
        ({"authorization_endpoint": "http://login.example/in"}, "page to sign in is not https"),
        ({"token_endpoint": "http://login.example/token"}, "login.example/token is not https"),
        ({"registration_endpoint": "http://login.example/new"}, "login.example/new is not https"),
    ],
)
def test_nobody_is_sent_where_a_login_would_not_be_safe(
    desk: Desk, metadata: dict[str, Any], said: str
) -> None:
    async def story() -> None:
        desk.gate.metadata = metadata
        failure = await failure_of(desk.sign_in())

        assert said in str(failure)

    run(story())

    assert not desk.gate.requests("/token")


def test_metadata_of_another_resource_is_not_followed(desk: Desk) -> None:
    async def story() -> None:
        desk.gate.resource = {"resource": "https://evil.example/mcp"}
        failure = await failure_of(desk.sign_in())

        assert "does not match expected" in str(failure)

    run(story())

    assert desk.sent == []


def test_only_the_browser_that_was_sent_out_is_taken_back(desk: Desk) -> None:
    async def impatient(url: str) -> None:
        back = httpx2.URL(url).params["redirect_uri"]
        async with httpx2.AsyncClient(trust_env=False) as other:
            for query in ("code=stolen&state=guessed", "code=stolen", "state=", ""):
                assert (await other.get(f"{back}?{query}")).status_code == 400
            assert (await other.post(f"{back}?code=x")).status_code == 404
            assert (await other.get(back.replace("/callback", "/"))).status_code == 404
        await desk.browse(url)

    async def story() -> None:
        await sign_in("shop", desk.place(), schemas=JsonSchemas(), show=impatient)

    run(story())

    (asked,) = desk.gate.requests("/token")
    assert asked.form["code"] == "the-code"


def test_a_port_that_is_taken_is_told(desk: Desk) -> None:
    async def story() -> None:
        server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        try:
            with pytest.raises(NotSignedIn, match=f"Port {port} of this machine"):
                await sign_in(
                    "shop", desk.place(), schemas=JsonSchemas(), show=desk.browse, port=port
                )
        finally:
            server.close()

    run(story())


def test_a_server_that_lets_all_list_its_tools_is_signed_in_to_all_the_same(desk: Desk) -> None:
    async def story() -> None:
        desk.gate.good.add("")
        signed_in = await desk.sign_in()

        assert signed_in.tools_count == 1

    run(story())

    assert len(desk.sent) == 1


def test_no_log_and_no_failure_holds_what_was_granted(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    failures: list[WorkFailed] = []

    async def story() -> None:
        await desk.sign_in()
        desk.gate.instead["/token"] = [
            Given(status=400, body={"error": "invalid_grant", "error_description": told})
            for told in ["refresh-token-1"] * 3
        ]
        desk.gate.good.clear()
        async with using(desk.place()) as server:
            failures.append(await failure_of(server.tools()))

    run(story())

    (asked, *_) = desk.gate.requests("/token")
    (sent,) = desk.gate.requests("/authorize")
    secrets = ["access-token-1", "refresh-token-1", asked.form["code_verifier"], "the-code"]
    for secret in [*secrets, sent.query["state"]]:
        assert secret not in caplog.text
        assert secret not in str(failures)


def test_a_login_that_cannot_be_read_is_told_with_what_to_do(desk: Desk) -> None:
    run(desk.sign_in())
    desk.logins.path(desk.gate.url).write_text(json.dumps({"token": 3}))

    async def story() -> None:
        async with using(desk.place()) as server:
            failure = await failure_of(server.tools())

        assert "cannot be read" in str(failure)
        assert f"tenuto mcp-login {desk.gate.url}" in str(failure)

    run(story())


def test_a_token_that_is_refused_however_new_it_is_is_told(desk: Desk) -> None:
    async def story() -> None:
        await desk.sign_in()
        desk.gate.good = _Never()
        async with using(desk.place()) as server:
            failure = await failure_of(server.tools())

        assert (type(failure), failure.code) == (Escalatable, "authentication")
        assert "refuses the token that was granted for it" in str(failure)

    run(story())


class _Never(set[str]):
    def __contains__(self, token: object) -> bool:
        return False
