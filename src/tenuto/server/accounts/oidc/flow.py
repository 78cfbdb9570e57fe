"""The way to the provider and back.

What must hold when somebody comes back is kept in a cookie, signed by the server: which provider,
`state` and `nonce`, the secret of PKCE, and where to go then. So a login can only be ended by the
browser that began it, once, within ten minutes.
Source: RFC 6749 4.1, RFC 7636 (S256), RFC 9207 (`iss`), OpenID Connect Core 1.0 3.1.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote, urlencode

import msgspec

from tenuto.core.accounts.admission import Person, safe_return
from tenuto.ports.clock import Clock
from tenuto.server.accounts.oidc.id_tokens import verified
from tenuto.server.accounts.oidc.metadata import Described, Metadata
from tenuto.server.accounts.oidc.provider import LoginRefused, Provider, check_providers
from tenuto.server.accounts.signing import SigningKey, SigningKeys
from tenuto.server.accounts.texts import same
from tenuto.server.accounts.tokens import decoded

BEGUN_S_MAX: Final = 600
COOKIE_CHARS_MAX: Final = 3_000
PARAMETER_CHARS_MAX: Final = 4_000


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    """A login that somebody was sent to the provider for."""

    provider: str
    state: str
    nonce: str
    verifier: str
    redirect_uri: str
    return_to: str
    ends_s: int


class _Granted(msgspec.Struct, frozen=True, kw_only=True):
    access_token: str
    id_token: str
    token_type: str


class Flow:
    """Logins at the providers of a server."""

    def __init__(
        self,
        providers: Sequence[Provider],
        keys: SigningKeys,
        clock: Clock,
        *,
        client: Any = None,
    ) -> None:
        self._keys, self._clock = keys, clock
        self._providers = {
            one.name: Described(one, clock, client) for one in check_providers(providers)
        }

    @property
    def providers(self) -> tuple[Provider, ...]:
        """Return the providers, in the order in which they were given."""
        return tuple(one.provider for one in self._providers.values())

    async def start(self, name: str, *, redirect_uri: str, return_to: str) -> tuple[str, str]:
        """Return the address to send a browser to, and the value of its cookie.

        Raises:
            LoginRefused: there is no such provider. ProviderFailed: it does not answer.
        """
        described = self._described(name)
        metadata = await described.metadata()
        provider = described.provider
        begun = Begun(
            provider=name,
            state=secrets.token_urlsafe(32),
            nonce=secrets.token_urlsafe(32),
            verifier=secrets.token_urlsafe(48),
            redirect_uri=provider.redirect_uri or redirect_uri,
            return_to=safe_return(return_to),
            ends_s=self._clock.now_ms() // 1000 + BEGUN_S_MAX,
        )
        challenge = hashlib.sha256(begun.verifier.encode()).digest()
        query = {
            "response_type": "code",
            "client_id": provider.client_id,
            "redirect_uri": begun.redirect_uri,
            "scope": " ".join(provider.scopes),
            "state": begun.state,
            "nonce": begun.nonce,
            "code_challenge": _text(challenge),
            "code_challenge_method": "S256",
        }
        joint = "&" if "?" in metadata.authorization_endpoint else "?"
        url = f"{metadata.authorization_endpoint}{joint}{urlencode(query)}"
        return url, self._sealed(begun)

    async def finish(self, cookie: str, query: Mapping[str, str]) -> tuple[Provider, Person, str]:
        """Return the provider, who came back from it, and the path to go on to.

        Raises:
            LoginRefused: this is not the login that this browser began, or the provider refused.
            ProviderFailed: it does not answer as it must.
        """
        begun = self._opened(cookie)
        if not same(begun.state, query.get("state", "")):
            raise LoginRefused("This is not the login that was begun here; begin anew.")
        described = self._described(begun.provider)
        metadata = await described.metadata()
        named = query.get("iss")
        if named is None and metadata.authorization_response_iss_parameter_supported:
            raise LoginRefused("The provider does not say who it is; begin anew.")
        if named is not None and named != metadata.issuer:
            raise LoginRefused("Another provider answers than was asked; begin anew.")
        code = query.get("code", "")
        if "error" in query or not 0 < len(code) <= PARAMETER_CHARS_MAX:
            raise LoginRefused("The provider let nobody in; begin anew.")
        granted = await self._exchanged(described, metadata, begun, code)
        claims = await verified(
            granted.id_token,
            described,
            nonce=begun.nonce,
            access_token=granted.access_token,
            now_s=self._clock.now_ms() // 1000,
        )
        person = await self._person(described, metadata, claims, granted.access_token)
        return described.provider, person, begun.return_to

    async def close(self) -> None:
        """Let connections go."""
        for described in self._providers.values():
            await described.close()

    def _described(self, name: str) -> Described:
        if name not in self._providers:
            raise LoginRefused(f"There is no provider {name[:40]!r} here.")
        return self._providers[name]

    async def _exchanged(
        self, described: Described, metadata: Metadata, begun: Begun, code: str
    ) -> _Granted:
        provider, secret = described.provider, described.provider.secret()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": begun.redirect_uri,
            "code_verifier": begun.verifier,
        }
        headers = {"Accept": "application/json"}
        if secret and "client_secret_basic" in metadata.token_endpoint_auth_methods_supported:
            # Source: RFC 6749 2.3.1: both are form-encoded before they are joined.
            pair = f"{quote(provider.client_id, safe='')}:{quote(secret, safe='')}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            form["client_id"] = provider.client_id
            if secret:
                form["client_secret"] = secret
        granted: _Granted = await described.ask(
            "POST", metadata.token_endpoint, _Granted, data=form, headers=headers
        )
        if granted.token_type.lower() != "bearer":
            raise LoginRefused("The provider gives an access token of an unknown kind.")
        return granted

    async def _person(
        self, described: Described, metadata: Metadata, claims: dict[str, Any], access: str
    ) -> Person:
        wanted = ("email", described.provider.groups_claim)
        if metadata.userinfo_endpoint and any(name not in claims for name in wanted):
            more = await described.ask(
                "GET",
                metadata.userinfo_endpoint,
                dict[str, Any],
                headers={"Authorization": f"Bearer {access}", "Accept": "application/json"},
            )
            # Source: OpenID Connect Core 1.0, 5.3.2: without this, tokens could be swapped.
            if more.get("sub") != claims["sub"]:
                raise LoginRefused("The provider describes somebody else than it let in.")
            claims = {**more, **claims}
        groups = claims.get(described.provider.groups_claim)
        return Person(
            issuer=described.provider.issuer,
            subject=claims["sub"],
            email=_plain(claims.get("email")),
            email_verified=claims.get("email_verified") is True,
            name=_plain(claims.get("name")),
            groups=tuple(map(_plain, groups)) if isinstance(groups, list) else (),
        )

    def _sealed(self, begun: Begun) -> str:
        text = _text(msgspec.json.encode(begun))
        return f"{text}.{self._keys.first.kid}.{_mac(self._keys.first, text)}"

    def _opened(self, cookie: str) -> Begun:
        parts = cookie.split(".") if len(cookie) <= COOKIE_CHARS_MAX else []
        key = self._keys.get(parts[1]) if len(parts) == 3 else None
        if key is None or not same(_mac(key, parts[0]), parts[2]):
            raise LoginRefused("No login was begun in this browser, or its cookie is gone.")
        begun = msgspec.json.decode(decoded(parts[0]), type=Begun)
        if self._clock.now_ms() // 1000 >= begun.ends_s:
            raise LoginRefused("The login took too long; begin anew.")
        return begun


def _mac(key: SigningKey, text: str) -> str:
    return _text(hmac.digest(key.derived("oidc"), text.encode(), "sha256"))


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _plain(value: object) -> str:
    return value if isinstance(value, str) and len(value) <= 300 else ""
