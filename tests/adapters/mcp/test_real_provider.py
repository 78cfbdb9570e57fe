"""A server of the official SDK that takes tokens of a real authorization server, and our client."""

import asyncio
import contextlib
import json
import os
import re
import socket
import subprocess
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import urljoin

import httpx2
import pytest
import uvicorn
from joserfc import jwt
from joserfc.jwk import KeySet
from mcp.server.auth.provider import AccessToken
from mcp.server.auth.settings import AuthSettings
from mcp.server.mcpserver import MCPServer

from scripts import openid_provider
from tenuto.adapters.json_schema import JsonSchemas
from tenuto.adapters.mcp import Address, Auth
from tenuto.adapters.mcp.oauth.logins import Logins
from tenuto.adapters.mcp.oauth.signing_in import sign_in
from tests.adapters.mcp.using import call, run, tools_of, using
from tests.server.accounts.oidc.providing import needs_provider

pytestmark = [pytest.mark.slow, needs_provider]

SECRET: Final = "a secret: of the machine/+%"
PROGRAM: Final = Path(__file__).with_name("provider.mjs")
_FORM: Final = re.compile(r'action="([^"]+)"')


@contextlib.asynccontextmanager
async def provider(resource: str) -> AsyncIterator[str]:
    """Give the issuer of a provider that runs while this lasts."""
    process = await asyncio.create_subprocess_exec(
        openid_provider.node(),
        *("--input-type=module", "-e", PROGRAM.read_text("utf-8")),
        cwd=openid_provider.home(),
        env={
            **os.environ,
            "PROVIDER_SETTINGS": json.dumps({"resource": resource, "secret": SECRET}),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert process.stdout is not None
        yield (await asyncio.wait_for(process.stdout.readline(), 30)).decode().strip()
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


class Verifier:
    """Takes access tokens that the issuer signed for the resource."""

    def __init__(self, issuer: str, resource: str) -> None:
        self._issuer, self._resource = issuer, resource
        self.seen: list[dict[str, Any]] = []

    async def verify_token(self, token: str) -> AccessToken | None:
        async with httpx2.AsyncClient(trust_env=False) as client:
            keys = KeySet.import_key_set((await client.get(f"{self._issuer}/jwks")).json())
        try:
            claims = jwt.decode(token, keys).claims
        except ValueError:
            return None
        if (claims["iss"], claims["aud"]) != (self._issuer, self._resource):
            return None
        self.seen.append(claims)
        return AccessToken(
            token=token,
            client_id=claims["client_id"],
            scopes=claims.get("scope", "").split(),
            resource=self._resource,
        )


@contextlib.contextmanager
def serving(listening: socket.socket, issuer: str, verifier: Verifier, url: str) -> Iterator[None]:
    """Serve a tool to whoever has a token."""
    server: MCPServer[Any] = MCPServer(
        "guarded",
        log_level="CRITICAL",
        token_verifier=verifier,
        # From texts: an address made before would have a slash at its end that the issuer has not.
        auth=AuthSettings.model_validate(
            {
                "issuer_url": issuer,
                "resource_server_url": url,
                "required_scopes": ["tools:use"],
                "validate_token_resource": True,
            }
        ),
    )

    @server.tool(structured_output=False)
    def echo(text: str) -> str:
        """Give the text back."""
        return text

    app = uvicorn.Server(
        uvicorn.Config(
            server.streamable_http_app(), log_level="critical", timeout_graceful_shutdown=1
        )
    )
    thread = threading.Thread(target=app.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        app.should_exit = True
        thread.join(10)


@contextlib.asynccontextmanager
async def world() -> AsyncIterator[tuple[str, str, Verifier]]:
    """Give the address of the server, its issuer, and what it saw."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/mcp"
        async with provider(url) as issuer:
            verifier = Verifier(issuer, url)
            with serving(listening, issuer, verifier, url):
                yield url, issuer, verifier


async def walk(url: str) -> None:
    """Log ada in, as a browser would, until she is sent back to this machine's command."""
    async with httpx2.AsyncClient(trust_env=False) as browser:
        for _ in range(12):
            answer = await browser.get(url)
            if answer.status_code == 200 and "/callback" in url:
                return
            if answer.status_code == 200:
                form = _FORM.search(answer.text)
                assert form is not None, answer.text[:500]
                step = "login" if 'name="login"' in answer.text else "consent"
                body = {"prompt": step, "login": "ada", "password": "any"}
                answer = await browser.post(urljoin(url, form[1]), data=body)
            assert answer.status_code in (302, 303), f"{answer.status_code} {answer.text[:300]}"
            url = urljoin(str(answer.url), answer.headers["Location"])
    raise AssertionError("the provider does not come to an end")


def test_a_person_signs_in_and_sessions_renew_the_token(tmp_path: Path) -> None:
    async def story() -> None:
        async with world() as (url, issuer, verifier):
            place = Address(url=url, auth=Auth(), logins=str(tmp_path))
            granted = await sign_in("guarded", place, schemas=JsonSchemas(), show=walk)
            assert granted.renewable
            assert granted.tools_count == 1
            assert {claims["sub"] for claims in verifier.seen} == {"ada"}

            logins = Logins(tmp_path)
            kept = logins.read(url)
            assert kept is not None
            assert kept.metadata["issuer"] == issuer
            kept.expires_s = 1.0
            logins.write(kept)
            async with using(place) as server:
                assert await call((await tools_of(server))["echo"], text="hello") == "hello"
            renewed = logins.read(url)
            assert renewed is not None
            assert renewed.token["access_token"] != kept.token["access_token"]
            assert renewed.token["refresh_token"] != kept.token["refresh_token"]

    run(story())


@pytest.mark.parametrize("secret", [SECRET, "another secret"])
def test_a_machine_is_let_in_with_its_own_secret_only(
    secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MACHINE_SECRET", secret)

    async def story() -> None:
        async with world() as (url, issuer, verifier):
            auth = Auth(
                grant="client_credentials",
                client_id="machine",
                client_secret="${MACHINE_SECRET}",
                issuer=issuer,
            )
            async with using(Address(url=url, auth=auth)) as server:
                if secret != SECRET:
                    with pytest.raises(Exception, match="grants no token: invalid_client"):
                        await server.tools()
                    return
                assert await call((await tools_of(server))["echo"], text="hello") == "hello"
            assert {claims["client_id"] for claims in verifier.seen} == {"machine"}

    run(story())
