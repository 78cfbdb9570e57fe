"""Organisations: the tenants of a server, and how the first one comes about."""

from typing import Any

import msgspec

from tenuto.core.accounts.names import check_label, check_organisation
from tenuto.core.accounts.principal import HOME, Principal
from tenuto.core.errors import Rejected
from tenuto.ports.clock import Clock
from tenuto.ports.ledger import Change, Outdated, Record, RecordQuery
from tenuto.ports.wall import everywhere
from tenuto.server.accounts.directory import Directory
from tenuto.server.accounts.records import (
    KEY,
    ORGANISATION,
    USER,
    Asking,
    Digests,
    Key,
    Organisation,
    User,
    added,
    changed,
    private_of,
    read,
    value_of,
)
from tenuto.server.accounts.refusals import NoSuchAccount, NotPermitted
from tenuto.server.accounts.texts import digest_of, key_text, new_id, new_key_id

ADMIN: str = "admin"
"""Name of the first user of an organisation."""


class Founded(msgspec.Struct, frozen=True, kw_only=True):
    """A new organisation, and the key of its first admin, which is told this once."""

    record: Record
    admin: str
    """Id of the user."""
    key_text: str

    def __repr__(self) -> str:
        return f"Founded(organisation={self.record.id!r})"


def system(organisation: str) -> Principal:
    """Return this machine's own program as the admin of `organisation`."""
    return Principal(organisation=organisation, user="", name="system", roles=("admin",))


class Organisations:
    """The organisations of a server. Those of HOME that may write accounts manage them."""

    def __init__(self, directory: Directory, clock: Clock) -> None:
        self._directory, self._clock = directory, clock

    async def found_home(self) -> Founded | None:
        """Make the first organisation with an admin; None: there is one already."""
        if await self._directory.page(RecordQuery(kind=ORGANISATION, limit=1)):
            return None
        try:
            return await self._found(Asking(principal=system(HOME)), HOME, "")
        except Outdated:
            return None  # Another process was first.

    async def add(self, asking: Asking, name: str, *, label: str = "") -> Founded:
        """Return a new organisation with an admin.

        Raises:
            NotPermitted: the asker does not manage organisations.
            BadName: it cannot be called so.
            Rejected: there is one of that name.
        """
        self._need(asking.principal, "accounts:write")
        if not asking.principal.may_manage((ADMIN,), ()):
            raise NotPermitted("accounts:write", "Its admin would be allowed more than you are.")
        check_organisation(name)
        try:
            return await self._found(asking, name, check_label(label))
        except Outdated:
            raise Rejected(
                f"There is an organisation {name!r}, or there was one; choose another name."
            ) from None

    async def get(self, asking: Asking, name: str) -> Record:
        """Return an organisation; one's own is always shown.

        Raises:
            NoSuchAccount: there is none, or the asker may not see it.
        """
        principal = asking.principal
        seen = name == principal.organisation or self._manages(principal, "accounts:read")
        # Who manages the others reads what is theirs.
        with everywhere():
            found = await self._directory.current(name, ORGANISATION, name) if seen else None
        if found is None:
            raise NoSuchAccount(ORGANISATION, name)
        return found

    async def page(
        self, asking: Asking, *, after: tuple[str, str] | None = None, limit: int = 100
    ) -> tuple[Record, ...]:
        """Return the organisations that the asker may see, by name."""
        if self._manages(asking.principal, "accounts:read"):
            with everywhere():
                return await self._directory.page(
                    RecordQuery(kind=ORGANISATION, after=after, limit=limit)
                )
        return () if after else (await self.get(asking, asking.principal.organisation),)

    async def change(
        self,
        asking: Asking,
        name: str,
        *,
        expected: int | None = None,
        **wish: Any,
    ) -> Record:
        """Return the organisation with another `label`, or `disabled` or not.

        One's own label may be changed; who is disabled cannot use the server, and loses nothing.

        Raises:
            NotPermitted, NoSuchAccount, Outdated, BadName: nothing was changed.
        """
        record = await self.get(asking, name)
        if name != asking.principal.organisation or "disabled" in wish:
            self._need(asking.principal, "accounts:write")
        elif not asking.principal.may("accounts:write"):
            raise NotPermitted("accounts:write")
        said = read(record, Organisation)
        disabled = bool(wish.get("disabled", said.disabled))
        if disabled and name == HOME:
            raise Rejected(f"The organisation {HOME!r} manages the others and stays enabled.")
        new = Organisation(label=check_label(wish.get("label", said.label)), disabled=disabled)
        more: dict[str, Any] = {"value": value_of(new)}
        if expected is not None:
            more["expected"] = expected
        await self._directory.append(
            [changed(asking, self._clock.now_ms(), "organisation.change", record, **more)]
        )
        return await self.get(asking, name)

    async def _found(self, asking: Asking, name: str, label: str) -> Founded:
        admin, key = new_id(), new_key_id(name)
        text = key_text(key)
        await self._directory.append(self._founding(asking, name, label, admin, key, text))
        with everywhere():
            record = await self._directory.current(name, ORGANISATION, name)
        assert record is not None, "it was just made"
        return Founded(record=record, admin=admin, key_text=text)

    def _founding(self, asking: Asking, *words: str) -> list[Change]:
        name, label, admin, key, text = words
        now = self._clock.now_ms()
        said = User(label="First admin", roles=(ADMIN,))
        return [
            added(
                asking,
                now,
                "organisation.add",
                *(name, ORGANISATION, name),
                name=name,
                value=value_of(Organisation(label=label)),
            ),
            added(asking, now, "user.add", *(name, USER, admin), name=ADMIN, value=value_of(said)),
            added(
                asking,
                now,
                "key.add",
                *(name, KEY, key),
                name=f"{admin}/{key}",
                value=value_of(Key(user=admin, label="First key")),
                private=private_of(Digests(current=digest_of(text))),
            ),
        ]

    def _manages(self, principal: Principal, permission: str) -> bool:
        return principal.organisation == HOME and principal.may(permission)

    def _need(self, principal: Principal, permission: str) -> None:
        if not self._manages(principal, permission):
            raise NotPermitted(
                permission,
                f"Organisations are managed by admins of the organisation {HOME!r}.",
            )
