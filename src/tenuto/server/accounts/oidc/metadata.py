"""What a provider says of itself: its addresses, and the keys that it signs with.

Read when first needed, kept for an hour. A token signed with an unknown key has the keys read
anew, but not more often than every half minute: a stranger's token must not make us ask.
Source: OpenID Connect Discovery 1.0, 4.3; RFC 8414.
"""

import asyncio
from typing import Any, Final

import msgspec

from tenuto.ports.clock import Clock
from tenuto.server.accounts.oidc.provider import Provider, ProviderFailed, check_url

KEPT_MS: Final = 3_600_000
KEYS_PAUSE_MS: Final = 30_000
BYTES_MAX: Final = 1_000_000
SECONDS_MAX: Final = 10.0


class Metadata(msgspec.Struct, frozen=True, kw_only=True):
    """The part of a provider's description that login needs."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str = ""
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    authorization_response_iss_parameter_supported: bool = False


class Described:
    """A provider that is asked over HTTP when something is needed of it."""

    def __init__(self, provider: Provider, clock: Clock, client: Any = None) -> None:
        self.provider = provider
        self._clock, self._client, self._own = clock, client, client is None
        self._metadata: Metadata | None = None
        self._keys: Any = None
        self._read_ms = self._keys_ms = -KEPT_MS
        self._lock = asyncio.Lock()

    async def metadata(self) -> Metadata:
        """Return what the provider says of itself.

        Raises:
            ProviderFailed: it says nothing, or something that it must not.
        """
        async with self._lock:
            if self._metadata is None or not 0 <= self._age(self._read_ms) < KEPT_MS:
                issuer = self.provider.issuer
                url = issuer.rstrip("/") + "/.well-known/openid-configuration"
                found = await self.ask("GET", url, Metadata)
                if found.issuer != issuer:
                    raise ProviderFailed(f"{url} describes another issuer than {issuer!r}.")
                for what in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
                    check_url(getattr(found, what), what)
                if found.userinfo_endpoint:
                    check_url(found.userinfo_endpoint, "userinfo_endpoint")
                self._metadata, self._read_ms = found, self._clock.now_ms()
            return self._metadata

    async def keys(self, *, lacking: str | None = None) -> Any:
        """Return the keys that the provider signs with; with `lacking`, read anew where that key
        id is not among them.

        Raises:
            ProviderFailed: it gives none.
        """
        metadata = await self.metadata()
        async with self._lock:
            stale = not 0 <= self._age(self._keys_ms) < KEPT_MS
            missing = lacking is not None and lacking not in self._ids()
            if self._keys is None or stale or (missing and self._may_ask_again()):
                found = await self.ask("GET", metadata.jwks_uri, dict[str, Any])
                self._keys, self._keys_ms = _key_set(found), self._clock.now_ms()
            return self._keys

    async def ask(self, method: str, url: str, type: Any, **request: Any) -> Any:
        """Return the JSON answer of the provider, as `type`.

        Raises:
            ProviderFailed: there is none. The message holds nothing of what was sent.
        """
        import httpx2

        if self._client is None:
            self._client = httpx2.AsyncClient(timeout=SECONDS_MAX, follow_redirects=False)
        where = url.partition("?")[0]
        body = bytearray()
        try:
            async with asyncio.timeout(SECONDS_MAX):
                async with self._client.stream(method, url, **request) as answer:
                    async for piece in answer.aiter_bytes():
                        body += piece
                        if len(body) > BYTES_MAX:
                            raise ProviderFailed(f"{where} answers more than {BYTES_MAX:,} bytes.")
        except (httpx2.HTTPError, TimeoutError, OSError) as error:
            raise ProviderFailed(f"{where} cannot be reached: {type_name(error)}.") from None
        if answer.status_code != 200:
            raise ProviderFailed(f"{where} answers with status {answer.status_code}.")
        try:
            return msgspec.json.decode(bytes(body), type=type)
        except (msgspec.MsgspecError, RecursionError):
            raise ProviderFailed(f"{where} answers what is not expected there.") from None

    async def close(self) -> None:
        """Let connections go."""
        if self._own and self._client is not None:
            await self._client.aclose()

    def _ids(self) -> set[str]:
        return {key.kid for key in self._keys} if self._keys is not None else set()

    def _may_ask_again(self) -> bool:
        return not 0 <= self._age(self._keys_ms) < KEYS_PAUSE_MS

    def _age(self, then_ms: int) -> int:
        return self._clock.now_ms() - then_ms


def type_name(error: BaseException) -> str:
    """Return the kind of an error, whose text may hold what was sent."""
    return type(error).__name__


def _key_set(found: dict[str, Any]) -> Any:
    """Return the public keys for signatures among those found."""
    from joserfc.errors import JoseError
    from joserfc.jwk import KeySet

    given = found.get("keys")
    usable = [
        one
        for one in (given if isinstance(given, list) else [])
        # A shared secret among public keys would let everybody sign.
        if isinstance(one, dict) and one.get("kty") != "oct" and one.get("use", "sig") == "sig"
    ]
    try:
        return KeySet.import_key_set({"keys": usable})
    except (JoseError, ValueError, KeyError, TypeError):
        raise ProviderFailed("The provider's keys cannot be read, or there are none.") from None
