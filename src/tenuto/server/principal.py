"""Who asks, and what they may."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias

import msgspec

from tenuto.core.accounts.permissions import KNOWN, Thing
from tenuto.core.accounts.principal import HOME
from tenuto.core.accounts.principal import Principal as Principal
from tenuto.server.problems import ProblemError

if TYPE_CHECKING:
    from litestar.connection import ASGIConnection


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


class Need(msgspec.Struct, frozen=True, kw_only=True):
    """What a route takes of who asks."""

    one_of: tuple[str, ...] = ()
    """Permissions; none: no more than that it is known who asks."""
    everywhere: bool = True
    """For all things; else for some, of which the handler asks `check` once it knows for which."""
    home: bool = False
    """Only the organisation of the first start, whose admins run the server."""

    def refuse_others(self, principal: Principal | None) -> None:
        """Return where `principal` is somebody who may.

        Raises:
            ProblemError: `not_authenticated` or `not_permitted`.
        """
        somebody = known(principal)
        if self.one_of:
            may = somebody.may if self.everywhere else somebody.may_some
            if not any(map(may, self.one_of)):
                wanted = " or ".join(map(repr, self.one_of))
                raise ProblemError("not_permitted", f"This takes the permission {wanted}.")
        if self.home and somebody.organisation != HOME:
            raise ProblemError("not_permitted", f"This is for the organisation {HOME!r} only.")


# Not guards of the framework: for each request it would copy the handler for each of its guards,
# and it would ask them only behind the other middleware.
NEED: Final = "need"


def needs(*permissions: str, home: bool = False) -> dict[str, Any]:
    """Return the `opt` of a route for who has one of the permissions, for all things; with `home`
    only in the organisation of the first start."""
    return _opt(Need(one_of=permissions, home=home))


def needs_some(permission: str) -> dict[str, Any]:
    """Return the `opt` of a route for who may have the permission for some things."""
    return _opt(Need(one_of=(permission,), everywhere=False))


def logged_in() -> dict[str, Any]:
    """Return the `opt` of a route for whoever shows who they are."""
    return {NEED: Need()}


def check(principal: Principal, permission: str, thing: Thing) -> None:
    """Check that `principal` may do this to `thing`, as `{"workflow": "research"}`.

    Raises:
        ProblemError: `not_permitted`.
    """
    if not principal.may(permission, thing):
        raise ProblemError("not_permitted", f"This takes the permission {permission!r}.")


def known(principal: Principal | None) -> Principal:
    """Return who asks.

    Raises:
        ProblemError: `not_authenticated`.
    """
    if principal is None:
        raise ProblemError(
            "not_authenticated",
            "The request says nothing of who asks.",
            headers={"WWW-Authenticate": "Bearer"},
        )
    return principal


def _opt(need: Need) -> dict[str, Any]:
    # A slip of the pen would shut a route for everyone, silently.
    assert need.one_of and set(need.one_of) <= KNOWN, f"there is no permission like {need.one_of}"
    return {NEED: need}
