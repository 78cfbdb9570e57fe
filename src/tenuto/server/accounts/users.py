"""Users: added, changed, disabled, removed, and their passwords."""

from typing import Any, TypedDict, Unpack

import msgspec

from tenuto.core.accounts.names import check_label, check_password, check_user
from tenuto.core.accounts.permissions import check_patterns
from tenuto.core.accounts.principal import Principal
from tenuto.core.accounts.roles import check_roles
from tenuto.ports.clock import Clock
from tenuto.ports.ledger import Change, Record, RecordQuery
from tenuto.server.accounts.directory import Directory
from tenuto.server.accounts.passwords import Passwords
from tenuto.server.accounts.records import (
    KEY,
    LOGIN,
    USER,
    Asking,
    Secrets,
    User,
    added,
    changed,
    private_of,
    read,
    secrets_of,
    value_of,
)
from tenuto.server.accounts.refusals import (
    LastAdmin,
    NoSuchAccount,
    NotAuthenticated,
    NotPermitted,
)
from tenuto.server.accounts.texts import new_id


class NewUser(TypedDict, total=False):
    """How a new user is to be."""

    label: str
    roles: tuple[str, ...]
    grants: tuple[str, ...]
    password: str


class UserChange(TypedDict, total=False):
    """What is to be different; what is not named stays."""

    label: str
    roles: tuple[str, ...]
    grants: tuple[str, ...]
    disabled: bool
    password: str
    """A new one; ends all logins of the user."""
    expected: int | None
    """The version that the change is made for."""


class Users:
    """The users of an organisation. `asking` says whose."""

    def __init__(self, directory: Directory, passwords: Passwords, clock: Clock) -> None:
        self._directory, self._passwords, self._clock = directory, passwords, clock

    async def add(self, asking: Asking, name: str, **wish: Unpack[NewUser]) -> Record:
        """Return a new user, who logs in by `name`.

        Raises:
            NotPermitted: the asker may not, or gives away more than they may themselves.
            NameTaken, BadName, BadPermission, UnknownRole: it does not fit.
        """
        change = await self.draft(asking, name, **wish)
        await self._directory.append([change])
        return await self._get(asking, change.target)

    async def draft(self, asking: Asking, name: str, **wish: Unpack[NewUser]) -> Change:
        """Return the change that adds a user. Raises as `add`, but for NameTaken."""
        _need(asking, "accounts:write")
        name = check_user(name)
        user = User(
            label=check_label(wish.get("label", "")),
            roles=check_roles(wish.get("roles", ("viewer",))),
            grants=check_patterns(wish.get("grants", ())),
        )
        _refuse_more(asking.principal, user)
        kept = Secrets()
        if wish.get("password"):
            check_password(wish["password"], name=name)
            kept = Secrets(password=await self._passwords.hash(wish["password"]))
        more = {"name": name, "value": value_of(user), "private": private_of(kept)}
        place = (asking.principal.organisation, USER, new_id())
        return added(asking, self._clock.now_ms(), "user.add", *place, **more)

    async def get(self, asking: Asking, id: str) -> Record:
        """Return a user; oneself is always shown.

        Raises:
            NoSuchAccount, NotPermitted: there is none here, or it may not be seen.
        """
        if id != asking.principal.user:
            _need(asking, "accounts:read")
        return await self._get(asking, id)

    async def named(self, asking: Asking, name: str) -> Record:
        """Return the user who logs in by `name`. Raises as `get`."""
        _need(asking, "accounts:read")
        found = await self._directory.named(
            asking.principal.organisation, USER, name.strip().lower()
        )
        if found is None:
            raise NoSuchAccount(USER, name)
        return found

    async def page(
        self, asking: Asking, *, after: tuple[str, str] | None = None, limit: int = 100
    ) -> tuple[Record, ...]:
        """Return users by name.

        Raises:
            NotPermitted: the asker may not see them.
        """
        _need(asking, "accounts:read")
        tenant = asking.principal.organisation
        return await self._directory.page(
            RecordQuery(tenant=tenant, kind=USER, after=after, limit=limit)
        )

    async def all(self, asking: Asking) -> list[Record]:
        """Return all users, by name. Raises as `page`."""
        _need(asking, "accounts:read")
        return await self._directory.starting(asking.principal.organisation, USER, "")

    async def change(self, asking: Asking, id: str, **wish: Unpack[UserChange]) -> Record:
        """Return the user as changed. Who is disabled, or gets a new password, is logged out.

        Raises:
            NotPermitted, NoSuchAccount, LastAdmin, Outdated, BadName, BadPermission, UnknownRole:
                nothing was changed.
        """
        _need(asking, "accounts:write")
        record = await self._get(asking, id)
        user = read(record, User)
        _refuse_more(asking.principal, user)
        fields: dict[str, Any] = {
            "label": check_label(wish.get("label", user.label)),
            "roles": check_roles(wish.get("roles", user.roles)),
            "grants": check_patterns(wish.get("grants", user.grants)),
            "disabled": wish.get("disabled", user.disabled),
        }
        new = msgspec.structs.replace(user, **fields)
        _refuse_more(asking.principal, new)
        kept = secrets_of(record)
        detail: dict[str, Any] = {}
        if wish.get("password"):
            check_password(wish["password"], name=record.name)
            kept = Secrets(password=await self._passwords.hash(wish["password"]))
            detail["password"] = "changed"
        if detail or (new.disabled and not user.disabled):
            new = msgspec.structs.replace(new, generation=user.generation + 1)
        if _is_admin(user) and not _is_admin(new):
            await self._refuse_last(record)
        more = {"value": value_of(new), "private": private_of(kept), "detail": detail}
        change = changed(asking, self._clock.now_ms(), "user.change", record, **more)
        return await self._append(asking, change, wish.get("expected"))

    async def change_own_password(self, asking: Asking, old: str, new: str) -> Record:
        """Return the asker with a new password; all their logins end.

        Raises:
            NotAuthenticated: `old` is not the password.
            NotPermitted: a key asks, or this machine's own program.
            BadName: `new` cannot be one.
        """
        principal = asking.principal
        if principal.key or not principal.user:
            raise NotPermitted("accounts:write", "A key cannot change the password of its user.")
        record = await self._get(asking, principal.user)
        if not await self._passwords.verify(secrets_of(record).password, old):
            raise NotAuthenticated("The present password is another one.")
        check_password(new, name=record.name)
        kept = Secrets(password=await self._passwords.hash(new))
        user = read(record, User)
        ended = msgspec.structs.replace(user, generation=user.generation + 1)
        more = {"value": value_of(ended), "private": private_of(kept)}
        change = changed(asking, self._clock.now_ms(), "user.password", record, **more)
        return await self._append(asking, change, None)

    async def log_out(self, asking: Asking, id: str) -> None:
        """End all logins of a user. One may do so for oneself.

        Raises:
            NotPermitted, NoSuchAccount: nothing was changed.
        """
        own = id == asking.principal.user and not asking.principal.key
        if not own:
            _need(asking, "accounts:write")
        record = await self._get(asking, id)
        user = read(record, User)
        more = {"value": value_of(msgspec.structs.replace(user, generation=user.generation + 1))}
        await self._directory.append(
            [changed(asking, self._clock.now_ms(), "user.log_out", record, **more)]
        )

    async def remove(self, asking: Asking, id: str, *, expected: int | None = None) -> None:
        """Delete a user with their keys and logins; the ledger keeps what they did.

        Raises:
            NotPermitted, NoSuchAccount, LastAdmin, Outdated: nothing was changed.
        """
        _need(asking, "accounts:write")
        record = await self._get(asking, id)
        user = read(record, User)
        _refuse_more(asking.principal, user)
        if _is_admin(user):
            await self._refuse_last(record)
        now = self._clock.now_ms()
        version = record.version if expected is None else expected
        gone = [changed(asking, now, "user.remove", record, value=None, expected=version)]
        for kind, action in ((KEY, "key.revoke"), (LOGIN, "login.end")):
            for one in await self._directory.starting(record.tenant, kind, f"{id}/"):
                gone.append(changed(asking, now, action, one, value=None, expected=None))
        await self._directory.append(gone)

    async def _append(self, asking: Asking, change: Change, expected: int | None) -> Record:
        if expected is not None:
            change = msgspec.structs.replace(change, expected=expected)
        await self._directory.append([change])
        return await self._get(asking, change.target)

    async def _get(self, asking: Asking, id: str) -> Record:
        found = await self._directory.current(asking.principal.organisation, USER, id)
        if found is None:
            raise NoSuchAccount(USER, id)
        return found

    async def _refuse_last(self, leaving: Record) -> None:
        users = await self._directory.starting(leaving.tenant, USER, "")
        if not any(_is_admin(read(one, User)) for one in users if one.id != leaving.id):
            raise LastAdmin(leaving.name)


def _is_admin(user: User) -> bool:
    return "admin" in user.roles and not user.disabled


def _need(asking: Asking, permission: str) -> None:
    if not asking.principal.may(permission):
        raise NotPermitted(permission)


def _refuse_more(principal: Principal, user: User) -> None:
    if not principal.may_manage(user.roles, user.grants):
        raise NotPermitted(
            "accounts:write", "The account allows more than you may yourself; ask an admin."
        )
