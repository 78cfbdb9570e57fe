"""The SDK's OAuth clients, as the settings of a server ask for them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final, Protocol

import httpx2
from mcp.client.auth import OAuthClientProvider, OAuthFlowError
from mcp.client.auth.extensions.client_credentials import (
    ClientCredentialsOAuthProvider,
    PrivateKeyJWTOAuthProvider,
    SignedJWTParameters,
)
from mcp.client.auth.extensions.identity_assertion import IdentityAssertionOAuthProvider
from mcp.client.auth.utils import issuers_match, union_scopes
from mcp.shared.auth import (
    AuthorizationCodeResult,
    OAuthClientInformationFull,
    OAuthClientMetadata,
)
from pydantic import AnyUrl

from tenuto.adapters.mcp.oauth.settings import Auth, is_safe_address
from tenuto.adapters.mcp.oauth.tokens import Tokens

METHODS: Final = {"basic": "client_secret_basic", "post": "client_secret_post"}
NOWHERE: Final = "http://127.0.0.1/callback"
"""The redirect of a client that asks nobody."""

_EXCHANGE: Final = "urn:ietf:params:oauth:grant-type:token-exchange"
_ID_TOKEN: Final = "urn:ietf:params:oauth:token-type:id_token"
_ID_JAG: Final = "urn:ietf:params:oauth:token-type:id-jag"


class SignInNeeded(Exception):
    """Only a person can get the tokens; `scope` is what they must be good for."""

    def __init__(self, scope: str = "") -> None:
        super().__init__("a person must sign in")
        self.scope = scope


class Person(Protocol):
    """Somebody with a browser."""

    redirect_uri: str

    async def send(self, url: str) -> None:
        """Bring the person to `url`."""
        ...

    async def come_back(self) -> AuthorizationCodeResult:
        """Return with what the person was sent back with."""
        ...


class Named(OAuthClientProvider):
    """A client that was told how the authorization server names itself, where that is another way
    to write what was expected."""

    named_issuer = ""

    def _expected_issuer(self) -> str:
        return self.named_issuer or super()._expected_issuer()


class Login(Named):
    """The authorization code grant, with PKCE; `person` None: tokens are only renewed."""

    def __init__(
        self, url: str, auth: Auth, tokens: Tokens, *, secret: str, person: Person | None
    ) -> None:
        self._auth, self._tokens, self._person = auth, tokens, person
        redirect = AnyUrl(person.redirect_uri if person else NOWHERE)
        super().__init__(
            url,
            OAuthClientMetadata(redirect_uris=[redirect], client_name="Tenuto"),
            tokens,
            person.send if person else None,
            person.come_back if person else None,
            client_metadata_url=auth.metadata_url or None,
        )
        self._client: OAuthClientInformationFull | None = None
        if auth.client_id:
            self._client = OAuthClientInformationFull(
                client_id=auth.client_id,
                client_secret=secret or None,
                token_endpoint_auth_method=METHODS[auth.method] if secret else "none",
                redirect_uris=[redirect],
                issuer=auth.issuer or None,
            )
            tokens.keeps_client = False

    @property
    def has_person(self) -> bool:
        """Whether somebody can sign in now."""
        return self._person is not None

    async def _initialize(self) -> None:
        await super()._initialize()
        self._tokens.restore(self.context)
        known = self.context.client_info
        if self._client is not None:
            self.context.client_info = self._client
        elif known is not None and self._person is not None:
            # Servers send nobody back to another address than the one that was registered.
            is_there = known.redirect_uris == self.context.client_metadata.redirect_uris
            self.context.client_info = known if is_there else None

    def _select_authorization_server(self, advertised: list[str]) -> str:
        wanted = self._auth.issuer
        return next((one for one in advertised if issuers_match(one, wanted)), advertised[0])

    async def _perform_authorization(self) -> httpx2.Request:
        metadata, asked = self.context.oauth_metadata, self.context.client_metadata
        asked.scope = union_scopes(asked.scope, self._auth.scope)
        if self._person is None:
            raise SignInNeeded(asked.scope or "" if self._tokens.last else "")
        if self._client is not None and self._auth.issuer:
            found = self._expected_issuer() if metadata is not None else "none"
            if not issuers_match(found, self._auth.issuer):
                raise OAuthFlowError(
                    f"the client is registered at {self._auth.issuer}, and the server names {found}"
                )
        if metadata is not None and "S256" not in (metadata.code_challenge_methods_supported or ()):
            # Source: MCP 2025-11-25, authorization, "Authorization Code Protection".
            raise OAuthFlowError("the authorization server does not say that it takes PKCE")
        place = str(metadata.authorization_endpoint) if metadata else self.context.server_url
        if not is_safe_address(place):
            raise OAuthFlowError(f"the page to sign in is not https: {place:.200}")
        return await super()._perform_authorization()


class _Credentials(Named, ClientCredentialsOAuthProvider):
    """The client credentials grant with a secret."""

    scope = ""

    async def _perform_authorization(self) -> httpx2.Request:
        self.context.client_metadata.scope = union_scopes(
            self.context.client_metadata.scope, self.scope
        )
        return await super()._perform_authorization()


class _Signed(Named, PrivateKeyJWTOAuthProvider):
    """The client credentials grant with a signed assertion."""

    scope = ""

    async def _perform_authorization(self) -> httpx2.Request:
        self.context.client_metadata.scope = union_scopes(
            self.context.client_metadata.scope, self.scope
        )
        return await super()._perform_authorization()


Fetch = Callable[[httpx2.Request], Awaitable[httpx2.Response]]


def credentials_provider(
    url: str, auth: Auth, tokens: Tokens, secrets: dict[str, str]
) -> OAuthClientProvider:
    """Return the client that has credentials of its own."""
    made: _Credentials | _Signed
    if auth.private_key:
        parameters = SignedJWTParameters(
            issuer=auth.client_id,
            subject=auth.client_id,
            signing_key=secrets["private_key"],
            signing_algorithm=auth.algorithm,
        )
        made = _Signed(
            url, tokens, auth.client_id, parameters.create_assertion_provider(), issuer=auth.issuer
        )
    else:
        made = _Credentials(
            url,
            tokens,
            auth.client_id,
            secrets["client_secret"],
            "client_secret_post" if auth.method == "post" else "client_secret_basic",
            issuer=auth.issuer,
        )
    made.scope = auth.scope
    return made


def cross_app_provider(
    url: str, auth: Auth, tokens: Tokens, secrets: dict[str, str], fetch: Fetch
) -> IdentityAssertionOAuthProvider:
    """Return the client that is let in by the word of an identity provider (SEP-990)."""

    async def assertion(audience: str, resource: str) -> str:
        """Exchange the identity token for a grant at `audience`. Source: RFC 8693; SEP-990."""
        form = {
            "grant_type": _EXCHANGE,
            "requested_token_type": _ID_JAG,
            "subject_token": secrets["identity_token"],
            "subject_token_type": _ID_TOKEN,
            "audience": audience,
            "resource": resource,
            "client_id": auth.identity_client,
        }
        if auth.scope:
            form["scope"] = auth.scope
        answer = await fetch(httpx2.Request("POST", auth.identity_endpoint, data=form))
        given: Any = answer.json() if answer.status_code == 200 else {}
        if given.get("issued_token_type") != _ID_JAG or not given.get("access_token"):
            raise OAuthFlowError("the identity provider grants nothing")
        return str(given["access_token"])

    return IdentityAssertionOAuthProvider(
        url,
        tokens,
        auth.client_id,
        secrets["client_secret"],
        auth.issuer,
        assertion,
        scope=auth.scope or None,
        token_endpoint_auth_method=(
            "client_secret_post" if auth.method == "post" else "client_secret_basic"
        ),
    )
