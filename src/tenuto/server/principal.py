"""Who asks, and what they may."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import msgspec

from tenuto.server.problems import ProblemError

if TYPE_CHECKING:
    from litestar.connection import ASGIConnection
    from litestar.handlers import BaseRouteHandler
    from litestar.types import Guard


Connection: TypeAlias = "ASGIConnection[Any, Any, Any, Any]"


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """A user or an API key, for the length of a request."""

    organisation: str
    user: str
    actor: str
    """As the ledger names it: `user:ID`, `key:ID`."""
    permissions: frozenset[str]

    def may(self, permission: str) -> bool:
        """Return whether it has the permission."""
        return permission in self.permissions or "*" in self.permissions


class Authenticator(Protocol):
    """Finds out who asks."""

    async def authenticate(self, connection: Connection) -> Principal | None:
        """Return who asks, or None where nobody says who they are.

        Raises:
            ProblemError: they say who they are, and it is not so.
        """
        ...


class NoLogin:
    """For `--dev`: everybody is the admin of the organisation `local`."""

    _ADMIN = Principal(
        organisation="local", user="", actor="user:dev", permissions=frozenset({"*"})
    )

    async def authenticate(self, connection: Connection) -> Principal | None:
        """See `Authenticator.authenticate`."""
        return self._ADMIN


def needs(permission: str) -> Guard:
    """Return a guard that lets through who has the permission.

    Raises:
        ProblemError: `not_authenticated` or `not_permitted`.
    """

    def guard(connection: Connection, _: BaseRouteHandler) -> None:
        principal: Principal | None = connection.scope.get("user")
        if principal is None:
            raise ProblemError(
                "not_authenticated",
                "The request says nothing of who asks.",
                headers={"WWW-Authenticate": "Bearer"},
            )
        if not principal.may(permission):
            raise ProblemError("not_permitted", f"This takes the permission {permission!r}.")

    return guard
