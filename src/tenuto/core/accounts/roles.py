"""Roles: what each allows, and how they contain one another.

viewer < operator < developer < admin, and viewer < approver < admin: who runs sessions does not
thereby approve what they ask for.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final, Literal, TypeAlias, get_args

from tenuto.core.accounts.permissions import ALL
from tenuto.core.errors import Rejected

Role: TypeAlias = Literal["viewer", "operator", "approver", "developer", "admin"]
ROLES: Final[tuple[str, ...]] = get_args(Role)

_VIEWER: Final = (
    "sessions:read",
    "approvals:read",
    "agents:read",
    "workflows:read",
    "memory:read",
    "memory:write",
    "documents:read",
    "collections:read",
    "tools:read",
    "models:read",
    "usage:read",
    "keys:own",
)
_OPERATOR: Final = (*_VIEWER, "sessions:start", "sessions:write")
_APPROVER: Final = (*_VIEWER, "approvals:decide")
_DEVELOPER: Final = (
    *_OPERATOR,
    "agents:write",
    "workflows:write",
    "documents:write",
    "collections:write",
    "tools:write",
    "tools:call",
    "models:write",
    "webhooks:read",
    "webhooks:write",
)

ALLOWED: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "viewer": _VIEWER,
        "operator": _OPERATOR,
        "approver": _APPROVER,
        "developer": _DEVELOPER,
        "admin": ALL,
    }
)
"""Role to its permissions."""


class UnknownRole(Rejected):
    """A text names no role."""

    def __init__(self, role: str) -> None:
        self.role = role
        super().__init__(f"There is no role {role!r}; choose of {', '.join(ROLES)}.")


def check_roles(roles: Iterable[str]) -> tuple[str, ...]:
    """Return `roles` without repetition, in the order of ROLES.

    Raises:
        UnknownRole: one is none.
    """
    wanted = set(roles)
    for role in sorted(wanted - set(ROLES)):
        raise UnknownRole(role)
    return tuple(role for role in ROLES if role in wanted)


@lru_cache(256)
def permissions_of(roles: tuple[str, ...]) -> tuple[str, ...]:
    """Return what `roles` allow together. A name that is no role allows nothing."""
    return tuple(dict.fromkeys(one for role in roles for one in ALLOWED.get(role, ())))
