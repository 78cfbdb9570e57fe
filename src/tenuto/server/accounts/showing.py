"""How requests show who asks: `Authorization: Bearer`, else the cookie of a page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias
from urllib.parse import urlsplit

from tenuto.core.accounts.principal import Principal
from tenuto.ports.ledger import Source
from tenuto.server.accounts.accounts import Accounts
from tenuto.server.accounts.cookies import ACCESS, CSRF, CSRF_HEADER, value_of
from tenuto.server.accounts.refusals import NotAuthenticated
from tenuto.server.accounts.texts import same
from tenuto.server.problems import ProblemError

if TYPE_CHECKING:
    from litestar.connection import ASGIConnection
    from litestar.types import Scope

Connection: TypeAlias = "ASGIConnection[Any, Any, Any, Any]"

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class Shown:
    """An `Authenticator` over accounts."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    async def authenticate(self, connection: Connection) -> Principal | None:
        """See `Authenticator.authenticate`. A cookie that no longer counts is no cookie: a page
        then asks for a new one."""
        if connection.scope["route_handler"].opt.get("limit") == "login":
            return None  # Nobody has to be known there, and an old token must not hinder.
        header = _authorization(connection.scope)
        if header is not None:
            return await self._by_header(connection, header)
        return await self._by_cookie(connection)

    async def _by_header(self, connection: Connection, header: str) -> Principal:
        scheme, _, credential = header.partition(" ")
        if scheme.lower() != "bearer":
            raise _problem("The header Authorization is `Bearer` and a key or token.")
        principal = self._accounts.at_hand(credential)
        if principal is not None:
            return principal
        try:
            return await self._accounts.authenticate(credential, source_of(connection))
        except NotAuthenticated as error:
            raise _problem(str(error)) from None

    async def _by_cookie(self, connection: Connection) -> Principal | None:
        secure = is_secure(connection)
        credential = value_of(connection.cookies, ACCESS, secure=secure)
        if not credential:
            return None
        try:
            principal = await self._accounts.authenticate(
                credential, source_of(connection), proof="cookie"
            )
        except NotAuthenticated:
            return None
        method = connection.scope.get("method")
        if method is None:  # a WebSocket, to which pages can add no header
            check_origin(connection)
        elif method not in SAFE:
            check_csrf(self._accounts, connection, principal.login)
        return principal


def _authorization(scope: Scope) -> str | None:
    # `connection.headers` is made of all headers, for each connection object anew.
    for name, value in scope["headers"]:
        if name == b"authorization":
            return value.decode("latin-1")
    return None


def check_csrf(accounts: Accounts, connection: Connection, login: str) -> None:
    """Check that the page that asks can read its cookies.

    Raises:
        ProblemError: `csrf_token_missing`.
    """
    cookie = value_of(connection.cookies, CSRF, secure=is_secure(connection))
    header = connection.headers.get(CSRF_HEADER, "")
    if not header or not same(cookie, header) or not accounts.logins.is_csrf_of(login, header):
        raise ProblemError("csrf_token_missing", "A change by cookie needs X-CSRF-Token.")


def check_origin(connection: Connection) -> None:
    """Check that a page of this very host asks, as far as the browser says.

    Raises:
        ProblemError: `foreign_page`.
    """
    origin = connection.headers.get("origin")
    here = connection.headers.get("host", "")
    if origin is not None and urlsplit(origin).netloc != here:
        raise ProblemError("foreign_page", "A page of another origin asks by a cookie.")


def _problem(detail: str) -> ProblemError:
    return ProblemError("not_authenticated", detail, headers={"WWW-Authenticate": "Bearer"})


def is_secure(connection: Connection) -> bool:
    """Return whether the client came by https."""
    return connection.scope.get("scheme") in ("https", "wss")


def source_of(connection: Connection) -> Source:
    """Return from where is asked, for the ledger."""
    client = connection.client
    return Source(
        address=client.host if client is not None else "",
        client=connection.headers.get("user-agent", "")[:200],
        request=str(connection.scope.get("request_id", "")),
    )
