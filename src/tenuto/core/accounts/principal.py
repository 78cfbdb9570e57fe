"""Who asks, and whether they may.

A key asks for its user: it may what the user may at that moment, and of this only what its scopes
allow. So a key never outlives a right of its user, and nobody can give away more than they have.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Final, Literal, TypeAlias

import msgspec

from tenuto.core.accounts.permissions import NOTHING, Thing, allows, covers, is_pattern, table
from tenuto.core.accounts.roles import permissions_of

HOME: Final = "local"
"""The organisation of the first start. Its admins make and disable the other organisations; they
see nothing else of them."""

Proof: TypeAlias = Literal["token", "cookie", "key", "none"]
"""How somebody showed who they are; `none`: the server runs without login."""


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """A user, or a key of a user, of one organisation."""

    organisation: str
    user: str
    """Id of the user; empty: this machine's own program, as the command line."""
    name: str = ""
    """Of the user, for people."""
    roles: tuple[str, ...] = ()
    grants: tuple[str, ...] = ()
    """Patterns of permissions beside those of the roles."""
    scopes: tuple[str, ...] | None = None
    """Patterns that what is asked for must match as well; None: there is no such limit."""
    key: str = ""
    """Id of the key that was shown, or nothing."""
    login: str = ""
    """Id of the login that the token belongs to, or nothing."""
    proof: Proof = "none"
    expires_ms: int | None = None
    """When this proof ends; None: it does not by itself."""

    @property
    def actor(self) -> str:
        """Return who acts, as the ledger names it: `key:ID`, `user:ID`, or `system`."""
        if self.key:
            return f"key:{self.key}"
        return f"user:{self.user}" if self.user else "system"

    def may(self, permission: str, thing: Thing = NOTHING) -> bool:
        """Return whether it may do `permission` to `thing`. What is not allowed is denied, and so
        is a permission that does not exist."""
        return allows(_held(self.roles, self.grants), permission, thing) and (
            self.scopes is None or allows(self.scopes, permission, thing)
        )

    def may_some(self, permission: str) -> bool:
        """Return whether there may be a thing that it may do `permission` to: so that a list is
        shown to those who may read a part of it."""
        held = _held(self.roles, self.grants)
        return permission in table(held) and (
            self.scopes is None or permission in table(self.scopes)
        )

    def may_give(self, patterns: Iterable[str]) -> bool:
        """Return whether it may itself do all that `patterns` allow, so that it may let
        others, or a key of its own, do so.

        Raises:
            BadPermission: one is no pattern.
        """
        held = _held(self.roles, self.grants)
        return all(
            covers(held, one) and (self.scopes is None or covers(self.scopes, one))
            for one in patterns
        )

    def may_manage(self, roles: Iterable[str], grants: Iterable[str]) -> bool:
        """Return whether it may make, change or take over an account that has these.

        A grant that is no pattern any more allows nothing, and hinders nobody.
        """
        known = tuple(one for one in grants if is_pattern(one))
        return self.may_give((*permissions_of(tuple(roles)), *known))

    def has_expired(self, now_ms: int) -> bool:
        """Return whether the proof has ended, which long streams ask from time to time."""
        return self.expires_ms is not None and now_ms >= self.expires_ms


@lru_cache(1024)
def _held(roles: tuple[str, ...], grants: tuple[str, ...]) -> tuple[str, ...]:
    return (*permissions_of(roles), *grants)
