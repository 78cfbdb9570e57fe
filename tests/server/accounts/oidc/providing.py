"""Providers for tests: a real program on loopback, and one of this process that can lie."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx2
import pytest
from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

from scripts import openid_provider
from tenuto.server.accounts.oidc.id_tokens import at_hash

FAULT = openid_provider.fault()
needs_provider = pytest.mark.skipif(
    bool(FAULT), reason=f"{FAULT}. Skipped: login at a real provider of OpenID Connect."
)
"""On a test that runs the program. With CI=true a skipped test is a failed one."""

CLIENT: Final = "tenuto"
SECRET: Final = "a secret: of the client/+%"
PROGRAM: Final = Path(__file__).with_name("provider.mjs")
_FORM: Final = re.compile(r'action="([^"]+)"')


@contextlib.asynccontextmanager
async def real_provider(redirect_uri: str, **settings: Any) -> AsyncIterator[str]:
    """Give the issuer of a real provider that runs while this lasts."""
    given = {"client_id": CLIENT, "client_secret": SECRET, "people": {}, **settings}
    given["redirect_uris"] = [redirect_uri]
    process = await asyncio.create_subprocess_exec(
        openid_provider.node(),
        *("--input-type=module", "-e", PROGRAM.read_text("utf-8")),
        cwd=openid_provider.home(),
        env={**os.environ, "PROVIDER_SETTINGS": json.dumps(given)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert process.stdout is not None
        line = await asyncio.wait_for(process.stdout.readline(), 30)
        yield line.decode().strip()
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def walk_through(browser: httpx2.AsyncClient, url: str, person: str) -> str:
    """Log `person` in at the real provider, as a browser would; return where it sends them."""
    for _ in range(12):
        answer = await browser.get(url)
        if answer.status_code == 200:
            form = _FORM.search(answer.text)
            assert form is not None, answer.text[:500]
            step = "login" if 'name="login"' in answer.text else "consent"
            body = {"prompt": step, "login": person, "password": "any"}
            answer = await browser.post(urljoin(url, form[1]), data=body)
        assert answer.status_code in (302, 303), f"{answer.status_code} {answer.text[:300]}"
        url = urljoin(str(answer.url), answer.headers["Location"])
        if "/api/v1/auth/oidc/callback" in url:
            return url
    raise AssertionError("the provider does not come to an end")


class LyingProvider:
    """A provider whose every answer a test can change. Its address is only a name."""

    issuer = "https://provider.example"

    def __init__(self, now_s: Callable[[], int]) -> None:
        self.now_s = now_s
        self.keys: list[Any] = [RSAKey.generate_key(2048, {"kid": "k1", "use": "sig"})]
        self.asked: list[str] = []
        self.header: dict[str, Any] = {}
        self.claims: dict[str, Any] = {}
        self.metadata: dict[str, Any] = {}
        self.userinfo: dict[str, Any] = {"sub": "ada"}
        self.grant: dict[str, Any] = {}
        self.sign: Callable[[dict[str, Any], bytes], str] = self.signed
        self.nonce = self.challenge = ""
        self.form: dict[str, str] = {}

    def client(self) -> httpx2.AsyncClient:
        """Return a client for which this is the world."""
        return httpx2.AsyncClient(transport=httpx2.MockTransport(self._answer))

    def begin(self, url: str) -> dict[str, str]:
        """Return the query with which a browser is sent back, after it came by `url`."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        self.nonce, self.challenge = asked["nonce"], asked["code_challenge"]
        return {"code": "a-code", "state": asked["state"], "iss": self.issuer}

    def signed(self, header: dict[str, Any], payload: bytes) -> str:
        """Return a token with these parts, by the first key."""
        algorithm = header["alg"]
        return jws.serialize_compact(header, payload, self.keys[0], algorithms=[algorithm])

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        path = request.url.path
        self.asked.append(path)
        if path == "/.well-known/openid-configuration":
            return httpx2.Response(200, json={**self._metadata(), **self.metadata})
        if path == "/keys":
            keys = [key.as_dict(private=False) for key in self.keys]
            return httpx2.Response(200, json={"keys": keys})
        if path == "/userinfo":
            return httpx2.Response(200, json=self.userinfo)
        assert path == "/token"
        body = parse_qs(request.content.decode())
        self.form = {name: values[0] for name, values in body.items()}
        self.form["authorization"] = request.headers.get("authorization", "")
        return httpx2.Response(200, json={**self._granted(), **self.grant})

    def _metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/auth",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "authorization_response_iss_parameter_supported": True,
        }

    def _granted(self) -> dict[str, Any]:
        now = self.now_s()
        header: dict[str, Any] = {"alg": "RS256", "kid": "k1", **self.header}
        claims = {
            "iss": self.issuer,
            "sub": "ada",
            "aud": CLIENT,
            "exp": now + 300,
            "iat": now,
            "nonce": self.nonce,
            "at_hash": at_hash("RS256", "an-access-token"),
            **self.claims,
        }
        kept = {name: value for name, value in claims.items() if value is not None}
        head = {name: value for name, value in header.items() if value is not None}
        return {
            "access_token": "an-access-token",
            "token_type": "Bearer",
            "id_token": self.sign(head, json.dumps(kept).encode()),
        }


def new_ec_key(kid: str) -> Any:
    """Return another key for signatures."""
    return ECKey.generate_key("P-256", {"kid": kid, "use": "sig"})
