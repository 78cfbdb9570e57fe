"""Requests to a server with a token, which is got and renewed as need be.

The SDK's client knows what to ask for, and in which order. Left to itself it sends everything by
the connection to the MCP server, one request at a time, without limits of its own; so it is run
here only when a token is wanted, and what it asks is fetched by `Fetching`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Any, Final

import httpx2
from mcp.client.auth import OAuthFlowError
from mcp.client.auth.utils import (
    extract_field_from_www_auth,
    extract_scope_from_www_auth,
    issuers_match,
)
from pydantic import ValidationError

from tenuto.adapters.mcp.oauth.fetching import Fetching, NotAllowed, shown
from tenuto.adapters.mcp.oauth.providers import Login, Named, SignInNeeded
from tenuto.adapters.mcp.oauth.tokens import Tokens
from tenuto.adapters.mcp.telling import Teller, retry_after_ms, short
from tenuto.core.errors import Rejected, Transient, WorkFailed

TOKENS_PER_REQUEST_MAX: Final = 2
"""One for a refused token, one more for a wider scope."""

_TOLD: Final = 200


class Flow(httpx2.Auth):
    """Puts the token into requests of the MCP server. `make` gives a client of the SDK, which
    is used once; `sign_in` tells a person what to do, for a scope."""

    def __init__(
        self,
        make: Callable[[Fetching], Any],
        tokens: Tokens,
        *,
        fetching: Fetching,
        teller: Teller,
        sign_in: Callable[[str], str],
    ) -> None:
        self._make, self._tokens = make, tokens
        self._fetching, self._teller = fetching, teller
        self._sign_in = sign_in
        self._lock = asyncio.Lock()
        self._widened: set[str] = set()

    async def async_auth_flow(
        self, request: httpx2.Request
    ) -> AsyncGenerator[httpx2.Request, httpx2.Response]:
        """See `httpx2.Auth`.

        Raises:
            WorkFailed: there is no token, in words for a person.
        """
        await self._prepare(request)
        response = yield request
        for _ in range(TOKENS_PER_REQUEST_MAX):
            scope = self._wider_scope(response)
            if not _asks_for_more(response) or not await self.renew(request, response):
                return
            self._widened.add(scope)
            response = yield request

    def _wider_scope(self, response: httpx2.Response) -> str:
        """Return the scope that is wanted, for one more token.

        Raises:
            WorkFailed: there was one more token for it before, and it is not enough.
        """
        if response.status_code != 403 or not _asks_for_more(response):
            return ""
        scope = extract_scope_from_www_auth(response) or "(not named)"
        if scope in self._widened:
            told = f"wants the scope {scope!r:.200}, and refuses the token that has it. Mend it,"
            raise self._teller.escalatable(told, "authorization")
        return scope

    async def _prepare(self, request: httpx2.Request) -> None:
        if not self._tokens.access:
            self._tokens.look()
        if not self._tokens.access and self._tokens.renewable:
            await self.renew(request, None)
        _put(request, self._tokens.access)

    async def renew(self, request: httpx2.Request, challenge: httpx2.Response | None) -> bool:
        """Return whether there is another token than the one in `request`, which then has it.

        Raises:
            WorkFailed: there can be none.
        """
        used = request.headers.get("Authorization", "").removeprefix("Bearer ")
        async with self._lock, self._tokens.alone():
            if not self._tokens.access or self._tokens.access == used:
                await self._told(request, challenge)
            token = self._tokens.access
        _put(request, token)
        return bool(token) and token != used

    async def renew_for(self, url: str) -> bool:
        """Do as `renew`, for a server that did not ask for a token."""
        return await self.renew(httpx2.Request("POST", url), httpx2.Response(401))

    async def _told(self, request: httpx2.Request, challenge: httpx2.Response | None) -> None:
        """Run the SDK's client, and say what it could not do."""
        self._fetching.refusal = ""
        try:
            await self._run(request, challenge)
        except SignInNeeded as error:
            raise self._teller.escalatable(self._sign_in(error.scope), "sign_in") from None
        except Rejected as error:
            raise self._teller.rejected(error) from None
        except NotAllowed as error:
            raise self._failed(str(error)) from None
        except TimeoutError:
            raise self._away("an authorization server does not answer") from None
        except (httpx2.HTTPError, OSError) as error:
            raise self._away(
                f"an authorization server cannot be reached ({short(error)})"
            ) from None
        except (OAuthFlowError, ValidationError, ValueError) as error:
            # Of an answer, the SDK would tell all that is in it.
            raise self._failed(self._fetching.refusal or short(error)) from None

    async def _run(self, request: httpx2.Request, challenge: httpx2.Response | None) -> None:
        provider, seen = self._make(self._fetching), _Seen(request)
        try:
            await self._drive(provider, request, challenge, seen)
        except OAuthFlowError:
            issuer = seen.named(provider)
            if not issuer:
                raise
            provider = self._make(self._fetching)
            provider.named_issuer = issuer
            await self._drive(provider, request, challenge, seen)

    async def _drive(
        self,
        provider: Any,
        request: httpx2.Request,
        challenge: httpx2.Response | None,
        seen: _Seen,
    ) -> None:
        refused = challenge is not None and challenge.status_code == 401
        if refused and not self._tokens.renewable:
            self._tokens.forget()
        if isinstance(provider, Login) and not self._tokens.last and not provider.has_person:
            raise SignInNeeded
        if refused or challenge is None:
            self._tokens.expire()
        before = self._tokens.last
        copy = httpx2.Request(request.method, request.url, headers=request.headers)
        flow = provider.async_auth_flow(copy)
        try:
            asked = await anext(flow)
            while True:
                if asked is copy:
                    if challenge is None or self._tokens.last != before:
                        return
                    answer = challenge
                else:
                    answer = await self._fetching(asked)
                    self._check(asked, answer)
                    seen.see(asked, answer)
                asked = await flow.asend(answer)
        except StopAsyncIteration:
            return
        finally:
            await flow.aclose()

    def _check(self, asked: httpx2.Request, answer: httpx2.Response) -> None:
        """Raise where the server has trouble: no answer may then be taken for a refusal."""
        if answer.status_code == 429 or answer.status_code >= 500:
            raise Transient(
                self._teller.line(
                    f"cannot be used now: {shown(str(asked.url))} answers with status "
                    f"{answer.status_code}."
                ),
                code="unavailable",
                retry_after_ms=retry_after_ms(answer.headers.get("retry-after", "")),
            )
        if answer.status_code != 200 and b"grant_type=refresh_token" in asked.content:
            self._tokens.spend()

    def _failed(self, reason: str) -> WorkFailed:
        told = f"grants no token: {reason[:_TOLD]}. Mend it,"
        return self._teller.escalatable(told, "authorization")

    def _away(self, reason: str) -> WorkFailed:
        return Transient(self._teller.line(f"grants no token now: {reason}."), code="unavailable")


class _Seen:
    """How an authorization server named itself in its metadata.

    The SDK expects just the name by which the metadata was found. Two others are the same server:
    with or without the slash at the end of an origin; and, where the MCP server has no metadata of
    its own (protocol 2025-03-26), a path at its own origin."""

    def __init__(self, request: httpx2.Request) -> None:
        self._origin = f"{request.url.scheme}://{request.url.netloc.decode()}"
        self._issuer = ""

    def see(self, asked: httpx2.Request, answer: httpx2.Response) -> None:
        """Take note of an answer, if it is metadata."""
        if "/.well-known/" not in asked.url.path or answer.status_code != 200:
            return
        try:
            self._issuer = str(answer.json().get("issuer") or self._issuer)
        except (ValueError, AttributeError):
            return

    def named(self, provider: Any) -> str:
        """Return the name, where `provider` may expect it; nothing where it may not."""
        if not self._issuer or not isinstance(provider, Named) or provider.named_issuer:
            return ""
        expected = provider.context.auth_server_url
        if expected is None:
            return self._issuer if self._issuer.startswith(f"{self._origin}/") else ""
        is_same = issuers_match(expected, self._issuer) and expected != self._issuer
        return self._issuer if is_same else ""


def _asks_for_more(response: httpx2.Response) -> bool:
    if response.status_code == 403:
        return extract_field_from_www_auth(response, "error") == "insufficient_scope"
    return response.status_code == 401


def _put(request: httpx2.Request, token: str) -> None:
    if token:
        request.headers["Authorization"] = f"Bearer {token}"
    else:
        request.headers.pop("Authorization", None)
