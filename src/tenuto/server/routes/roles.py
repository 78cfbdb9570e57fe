"""Roles, and what they allow."""

import msgspec
from litestar import get
from litestar.handlers import HTTPRouteHandler

from tenuto.core.accounts.permissions import ALL
from tenuto.core.accounts.roles import ALLOWED
from tenuto.server.principal import logged_in


class Role(msgspec.Struct, kw_only=True):
    """A role that users may have."""

    name: str
    permissions: list[str]


class Roles(msgspec.Struct, kw_only=True):
    """What may be given to users and keys."""

    roles: list[Role]
    permissions: list[str]
    """All that there are."""


@get("/roles", tags=["accounts"], opt=logged_in())
async def show_roles() -> Roles:
    """Return the roles with what they allow, and all permissions that there are."""
    roles = [Role(name=name, permissions=list(allowed)) for name, allowed in ALLOWED.items()]
    return Roles(roles=roles, permissions=list(ALL))


ROUTES: list[HTTPRouteHandler] = [show_roles]
