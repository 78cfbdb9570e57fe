"""How one server is asked with tokens; what it was granted outlives its connections."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tenuto.adapters.mcp.credentials import Credentials
from tenuto.adapters.mcp.oauth.logins import Logins
from tenuto.adapters.mcp.oauth.settings import Auth, is_safe_address
from tenuto.adapters.mcp.oauth.tokens import Tokens
from tenuto.adapters.mcp.settings import Address
from tenuto.adapters.mcp.telling import Teller

if TYPE_CHECKING:
    from tenuto.adapters.mcp.oauth.fetching import Fetching
    from tenuto.adapters.mcp.oauth.flow import Flow
    from tenuto.adapters.mcp.oauth.providers import Person


def access_to(
    place: Address, credentials: Credentials, teller: Teller, person: Person | None
) -> Access | None:
    """Return how the server is asked with tokens; None where it is asked without."""
    if place.auth is None:
        return None
    return Access(place.auth, credentials, teller, logins=Logins(place.logins), person=person)


class Access:
    """Makes what puts tokens into the requests of one server."""

    def __init__(
        self,
        auth: Auth,
        credentials: Credentials,
        teller: Teller,
        *,
        logins: Logins,
        person: Person | None = None,
    ) -> None:
        self._auth, self._credentials, self._teller = auth, credentials, teller
        self._logins, self._person = logins, person
        self._tokens: dict[str, Tokens] = {}

    def tokens(self, url: str) -> Tokens:
        """Return the tokens for the server at `url`."""
        place = str(Address(url=url))
        if place not in self._tokens:
            self._tokens[place] = Tokens(
                place,
                logins=self._logins if self._auth.grant == "login" else None,
                remember=self._credentials.remember,
            )
            self._tokens[place].begins_anew = self._person is not None
        return self._tokens[place]

    def flow(self, url: str) -> Flow:
        """Return what puts tokens into the requests to `url`; for one connection.

        Raises:
            Escalatable: a variable that holds a secret is not set, or tokens may not go there.
        """
        if not is_safe_address(url):
            told = (
                f"is at {Address(url=url)}: tokens go by https only, or to this machine. Mend it,"
            )
            raise self._teller.escalatable(told, "authorization")
        from tenuto.adapters.mcp.oauth.fetching import Fetching
        from tenuto.adapters.mcp.oauth.flow import Flow

        trusted = (self._auth.issuer, self._auth.identity_endpoint)
        return Flow(
            self._maker(url),
            self.tokens(url),
            fetching=Fetching(url, trusted),
            teller=self._teller,
            sign_in=lambda scope: self._told(str(Address(url=url)), scope),
        )

    def _maker(self, url: str) -> Callable[[Fetching], Any]:
        from tenuto.adapters.mcp.oauth import providers

        auth, tokens = self._auth, self.tokens(url)
        secrets = {
            name: self._credentials.filled(text, where=f"auth {name!r}")
            for name in ("client_secret", "private_key", "identity_token")
            if (text := getattr(auth, name))
        }

        def made(fetching: Fetching) -> Any:
            if auth.grant == "client_credentials":
                return providers.credentials_provider(url, auth, tokens, secrets)
            if auth.grant == "cross_app":
                return providers.cross_app_provider(url, auth, tokens, secrets, fetching)
            return providers.Login(
                url,
                auth,
                tokens,
                secret=secrets.get("client_secret", ""),
                person=self._person,
            )

        return made

    def _told(self, url: str, scope: str) -> str:
        """Return what a person is told to do."""
        auth = self._auth
        words = ["tenuto", "mcp-login", url]
        for option, value in (
            ("--client-id", auth.client_id),
            ("--secret-variable", auth.client_secret[2:-1]),
            ("--issuer", auth.issuer),
            ("--metadata-url", auth.metadata_url),
            ("--scope", scope),
        ):
            words += [option, value] if value else []
        return f"needs a person to sign in: run {shlex.join(words)},"
