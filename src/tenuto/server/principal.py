"""Who asks, and what they may."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from tenuto.core.accounts.permissions import ALL, Thing
from tenuto.core.accounts.principal import HOME
from tenuto.core.accounts.principal import Principal as Principal
from tenuto.server.problems import ProblemError

if TYPE_CHECKING:
    from litestar.connection import ASGIConnection
    from litestar.handlers import BaseRouteHandler
    from litestar.types import Guard


Connection: TypeAlias = "ASGIConnection[Any, Any, Any, Any]"


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

    _ADMIN = Principal(organisation=HOME, user="dev", name="dev", roles=("admin",))

    async def authenticate(self, connection: Connection) -> Principal | None:
        """See `Authenticator.authenticate`."""
        return self._ADMIN


def needs(permission: str) -> Guard:
    """Return a guard that lets through who has the permission, for all things.

    Raises:
        ProblemError: `not_authenticated` or `not_permitted`.
    """
    return _guard(permission, everywhere=True)


def needs_some(permission: str) -> Guard:
    """Return a guard that lets through who may have the permission for some things; the handler
    asks `check` once it knows for which.

    Raises:
        ProblemError: `not_authenticated` or `not_permitted`.
    """
    return _guard(permission, everywhere=False)


def needs_one_of(*permissions: str) -> Guard:
    """Return a guard that lets through who has one of the permissions; the handler knows which of
    them counts.

    Raises:
        ProblemError: `not_authenticated` or `not_permitted`.
    """

    async def guard(connection: Connection, _: BaseRouteHandler) -> None:
        principal = known(connection)
        if not any(principal.may(one) for one in permissions):
            wanted = " or ".join(map(repr, permissions))
            raise ProblemError("not_permitted", f"This takes the permission {wanted}.")

    return guard


async def logged_in(connection: Connection, _: BaseRouteHandler) -> None:
    """Guard that lets through whoever shows who they are.

    Raises:
        ProblemError: `not_authenticated`.
    """
    known(connection)


def of_home(connection: Connection, _: BaseRouteHandler) -> None:
    """Guard that lets through the organisation of the first start, whose admins run the server.

    Raises:
        ProblemError: `not_authenticated` or `not_permitted`.
    """
    if known(connection).organisation != HOME:
        raise ProblemError("not_permitted", f"This is for the organisation {HOME!r} only.")


def check(principal: Principal, permission: str, thing: Thing) -> None:
    """Check that `principal` may do this to `thing`, as `{"workflow": "research"}`.

    Raises:
        ProblemError: `not_permitted`.
    """
    if not principal.may(permission, thing):
        raise ProblemError("not_permitted", f"This takes the permission {permission!r}.")


def known(connection: Connection) -> Principal:
    """Return who asks.

    Raises:
        ProblemError: `not_authenticated`.
    """
    principal: Principal | None = connection.scope.get("user")
    if principal is None:
        raise ProblemError(
            "not_authenticated",
            "The request says nothing of who asks.",
            headers={"WWW-Authenticate": "Bearer"},
        )
    return principal


def _guard(permission: str, *, everywhere: bool) -> Guard:
    # A slip of the pen would shut a route for everyone, silently.
    assert permission in ALL, f"there is no permission {permission!r}"

    # A plain function would be run on a thread, which takes longer than all the rest of a request.
    async def guard(connection: Connection, _: BaseRouteHandler) -> None:
        principal = known(connection)
        if not (principal.may(permission) if everywhere else principal.may_some(permission)):
            raise ProblemError("not_permitted", f"This takes the permission {permission!r}.")

    return guard
