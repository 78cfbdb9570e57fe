"""From somebody whom a provider knows to a user of an organisation."""

import hashlib

import msgspec

from tenuto.core.accounts.admission import Person, admitted
from tenuto.core.accounts.names import LABEL_CHARS_MAX, BadName, check_user
from tenuto.core.accounts.principal import Principal
from tenuto.ports.clock import Clock
from tenuto.ports.ledger import NameTaken, Outdated, Record, Source
from tenuto.server.accounts.directory import Directory
from tenuto.server.accounts.oidc.provider import LoginRefused, Provider
from tenuto.server.accounts.records import (
    IDENTITY,
    USER,
    Asking,
    Identity,
    User,
    added,
    changed,
    read,
    value_of,
)
from tenuto.server.accounts.texts import new_id


async def user_of(
    person: Person, provider: Provider, directory: Directory, clock: Clock, source: Source
) -> Record:
    """Return the user that `person` is, made or brought up to date by the provider's rules.

    Whoever is called like a user of another kind is not that user: an address at a provider is no
    proof of an account that somebody else made here.

    Raises:
        LoginRefused: the rules do not let them in.
    """
    roles = admitted(person, provider.rules)
    if roles is None:
        raise LoginRefused(
            "You are known to the provider, but may not use this server; ask an admin."
        )
    tenant = provider.organisation
    asking = Asking(principal=Principal(organisation=tenant, user=""), source=source)
    place = (tenant, IDENTITY, identity_id(person))
    identity = await directory.current(*place)
    user = (
        await directory.current(tenant, USER, read(identity, Identity).user)
        if identity is not None
        else None
    )
    now = clock.now_ms()
    if user is not None:
        said = read(user, User)
        if not provider.rules.groups or said.roles == roles:
            return user
        new = msgspec.structs.replace(said, roles=roles)
        more = {"value": value_of(new), "detail": {"provider": provider.name}}
        await directory.append([changed(asking, now, "user.change", user, **more)])
        return await _read(directory, tenant, user.id)
    id = new_id()
    said = User(label=_label(person), roles=roles)
    link = value_of(Identity(user=id, issuer=person.issuer, subject=person.subject))
    make_user = added(
        asking, now, "user.add", *(tenant, USER, id), name=_name(person), value=value_of(said)
    )
    make_link = (
        added(asking, now, "identity.add", *place, value=link)
        if identity is None
        else changed(asking, now, "identity.change", identity, value=link)
    )
    try:
        await directory.append([make_user, make_link])
    except NameTaken:
        raise LoginRefused(
            f"There is another user {_name(person)!r} here already; ask an admin to rename it."
        ) from None
    except Outdated:
        raise LoginRefused("You logged in twice at the same time; log in again.") from None
    return await _read(directory, tenant, id)


def identity_id(person: Person) -> str:
    """Return the id of the record that says which user somebody at a provider is."""
    return hashlib.sha256(f"{person.issuer}\x00{person.subject}".encode()).hexdigest()[:40]


async def _read(directory: Directory, tenant: str, id: str) -> Record:
    found = await directory.current(tenant, USER, id)
    assert found is not None, "it was just written"
    return found


def _name(person: Person) -> str:
    if person.email_verified:
        try:
            return check_user(person.email)
        except BadName:
            pass
    return f"oidc-{identity_id(person)[:16]}"


def _label(person: Person) -> str:
    text = "".join(letter for letter in person.name if letter.isprintable())
    return text.strip()[:LABEL_CHARS_MAX]
