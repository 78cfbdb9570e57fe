"""Who of those whom a provider knows is let in, and with which roles."""

from collections.abc import Iterable
from typing import Final

import msgspec

from tenuto.core.accounts.roles import check_roles

RETURN_CHARS_MAX: Final = 500


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody, as a provider describes them."""

    issuer: str
    subject: str
    email: str = ""
    email_verified: bool = False
    name: str = ""
    groups: tuple[str, ...] = ()


class Rules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is let in. Without domains and groups nobody new is."""

    domains: tuple[str, ...] = ()
    """Of verified e-mail addresses; exact, so `example.org` does not stand for what is below it."""
    groups: dict[str, tuple[str, ...]] = {}
    """Groups and the roles that their members get, in addition to `roles`."""
    roles: tuple[str, ...] = ("viewer",)
    """Of everybody who is let in."""


def admitted(person: Person, rules: Rules) -> tuple[str, ...] | None:
    """Return the roles of `person`, or None: they are not let in.

    Where domains are named the address must be of one of them; where groups are, the person must
    be in one. Where both are, both must hold.

    Raises:
        UnknownRole: the rules name a role that does not exist.
    """
    if not rules.domains and not rules.groups:
        return None
    if rules.domains and not _is_of(person, rules.domains):
        return None
    given = [roles for group, roles in rules.groups.items() if group in person.groups]
    if rules.groups and not given:
        return None
    return check_roles([*rules.roles, *_flat(given)])


def safe_return(path: str) -> str:
    """Return the path on this server to go back to after login; `/` for everything else.

    A path begins with one slash: `//host`, and `/\\host`, which browsers read alike, lead away.
    """
    plain = path.startswith("/") and not path.startswith(("//", "/\\"))
    fit = len(path) <= RETURN_CHARS_MAX and path.isascii() and path.isprintable()
    return path if plain and fit and "\\" not in path and " " not in path else "/"


def _is_of(person: Person, domains: tuple[str, ...]) -> bool:
    local, at, domain = person.email.rpartition("@")
    known = {one.lower() for one in domains}
    return person.email_verified and bool(local and at) and domain.lower() in known


def _flat(given: Iterable[tuple[str, ...]]) -> list[str]:
    return [role for roles in given for role in roles]
