"""The tokens of one server, as the SDK stores them: in memory, and in a file after a login."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

import msgspec

from tenuto.adapters.mcp.oauth.logins import Granted, Logins

if TYPE_CHECKING:
    from mcp.client.auth.oauth2 import OAuthContext
    from mcp.shared.auth import OAuthClientInformationFull, OAuthToken

EARLY_S: Final = 10.0
"""So long before its end a token is renewed: on its way a request may take some of it."""


class Tokens:
    """A `TokenStorage` of the SDK. `remember` is told each secret, to be kept out of messages."""

    def __init__(
        self,
        url: str,
        *,
        logins: Logins | None,
        remember: Callable[[str], None],
        now: Callable[[], float] = time.time,
    ) -> None:
        self._url, self._logins = url, logins
        self._remember, self._now = remember, now
        self._granted = Granted(url=url)
        self._context: OAuthContext | None = None
        self._spent = ""
        self.keeps_client = True
        """Whether the client was registered for this login, and is kept with it."""
        self.begins_anew = False
        """True: the tokens of an earlier login are not used; a person signs in again."""

    def look(self) -> None:
        """See what another process, or a person, has changed.

        Raises:
            Escalatable: the file cannot be used.
        """
        if self._logins is not None:
            self._granted = self._logins.read(self._url) or Granted(url=self._url)
            self._remember_all()
            if self.begins_anew:
                self.forget()

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Let nobody else renew them meanwhile."""
        if self._logins is None:
            yield
            return
        async with self._logins.alone(self._url):
            self.look()
            yield

    @property
    def access(self) -> str:
        """The access token, or nothing where there is none that holds for a while."""
        token, ends_s = self._granted.token, self._granted.expires_s
        if not token or (ends_s and self._now() > ends_s - EARLY_S):
            return ""
        return str(token["access_token"])

    @property
    def last(self) -> str:
        """The access token, though it may have ended."""
        return str(self._granted.token.get("access_token", ""))

    @property
    def renewable(self) -> bool:
        """Whether there is a refresh token that was not refused."""
        return bool(self._granted.token.get("refresh_token", self._spent) != self._spent)

    def spend(self) -> None:
        """Take note that the refresh token was refused."""
        self._spent = self._granted.token.get("refresh_token", "")

    def forget(self) -> None:
        """Drop the tokens; the client that was registered stays."""
        self._granted.token, self._granted.expires_s = {}, 0.0

    def expire(self) -> None:
        """Take the access token for ended: the server has refused it."""
        self._granted.expires_s = 1.0

    def restore(self, context: OAuthContext) -> None:
        """Give the SDK what was known of the authorization server when the token was granted, and
        when it ends: it would take it for good for ever, and have it renewed at the server."""
        from mcp.shared.auth import OAuthMetadata, ProtectedResourceMetadata

        self._context = context
        granted = self._granted
        context.token_expiry_time = granted.expires_s or None
        context.auth_server_url = granted.authorization_server or None
        if granted.metadata:
            context.oauth_metadata = OAuthMetadata.model_validate(granted.metadata)
        if granted.resource:
            context.protected_resource_metadata = ProtectedResourceMetadata.model_validate(
                granted.resource
            )

    async def get_tokens(self) -> OAuthToken | None:
        from mcp.shared.auth import OAuthToken

        return OAuthToken.model_validate(self._granted.token) if self._granted.token else None

    async def set_tokens(self, tokens: OAuthToken) -> None:
        ends_s = self._now() + tokens.expires_in if tokens.expires_in else 0.0
        self._granted = Granted(
            url=self._url,
            token=_plain(tokens),
            expires_s=ends_s,
            client=self._granted.client,
        )
        context = self._context
        if context is not None:
            self._granted.metadata = _plain(context.oauth_metadata)
            self._granted.resource = _plain(context.protected_resource_metadata)
            self._granted.authorization_server = context.auth_server_url or ""
        self._remember_all()
        self.begins_anew = False
        if self._logins is not None:
            self._logins.write(self._granted)

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        from mcp.shared.auth import OAuthClientInformationFull

        kept = self._granted.client
        return OAuthClientInformationFull.model_validate(kept) if kept else None

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        if self.keeps_client:
            self._granted = msgspec.structs.replace(self._granted, client=_plain(client_info))
            self._remember_all()

    def _remember_all(self) -> None:
        for secret in (
            self._granted.token.get("access_token"),
            self._granted.token.get("refresh_token"),
            self._granted.client.get("client_secret"),
        ):
            if secret:
                self._remember(str(secret))


def _plain(model: Any) -> dict[str, Any]:
    """Return a model of the SDK as JSON, without what is not set."""
    if model is None:
        return {}
    plain: dict[str, Any] = model.model_dump(mode="json", by_alias=True, exclude_none=True)
    return plain
