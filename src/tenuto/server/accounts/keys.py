"""API keys: made, listed, rotated and revoked."""

from typing import Final, TypedDict, Unpack

import msgspec

from tenuto.core.accounts.names import check_label
from tenuto.core.accounts.permissions import check_patterns
from tenuto.core.errors import Rejected
from tenuto.ports.clock import Clock
from tenuto.ports.ledger import Change, EntryQuery, Record, RecordQuery
from tenuto.server.accounts.directory import Directory
from tenuto.server.accounts.records import (
    KEY,
    USER,
    Asking,
    Digests,
    Key,
    User,
    added,
    changed,
    digests_of,
    private_of,
    read,
    value_of,
)
from tenuto.server.accounts.refusals import NoSuchAccount, NotPermitted
from tenuto.server.accounts.texts import digest_of, key_text, new_key_id

GRACE_MS: Final = 24 * 3_600_000
"""How long a key still works after its rotation, unless told otherwise."""
GRACE_MS_MAX: Final = 30 * 24 * 3_600_000
KEYS_MAX: Final = 200
"""Keys of one user."""


class Wish(TypedDict, total=False):
    """How a new key is to be."""

    user: str
    """Id of whose key it is; the asker's own by default."""
    label: str
    scopes: tuple[str, ...] | None
    expires_ms: int | None
    """When it ends, in milliseconds since 1970; None: it does not by itself."""


class MadeKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key, and its text, which is told this once."""

    record: Record
    text: str

    def __repr__(self) -> str:
        return f"MadeKey(id={self.record.id!r})"


class BadKey(Rejected):
    """What a key is to be does not fit."""


class Keys:
    """The keys of an organisation. `asking` says whose."""

    def __init__(self, directory: Directory, clock: Clock) -> None:
        self._directory, self._clock = directory, clock

    async def add(self, asking: Asking, **wish: Unpack[Wish]) -> MadeKey:
        """Return a new key. It cannot more than who asks for it.

        Raises:
            NotPermitted, NoSuchAccount: the key cannot be made by who asks, or for that user.
            BadKey, BadName, BadPermission: what it is to be does not fit.
        """
        change, text = await self.draft(asking, **wish)
        await self._directory.append([change])
        return MadeKey(record=await self._get(asking, change.target), text=text)

    async def draft(self, asking: Asking, **wish: Unpack[Wish]) -> tuple[Change, str]:
        """Return the change that makes a key, and its text. Raises as `add`."""
        principal, now = asking.principal, self._clock.now_ms()
        owner = wish.get("user") or principal.user
        scopes = wish.get("scopes")
        key = Key(
            user=owner,
            label=check_label(wish.get("label", "")),
            scopes=None if scopes is None else check_patterns(scopes),
            expires_ms=wish.get("expires_ms"),
        )
        if key.expires_ms is not None and key.expires_ms <= now:
            raise BadKey("The key would have expired already; give a time that is to come.")
        self._need(asking, owner)
        user = await self._directory.current(principal.organisation, USER, owner)
        if user is None:
            raise NoSuchAccount(USER, owner)
        self._refuse_more(asking, read(user, User), key)
        held = await self._directory.starting(principal.organisation, KEY, f"{owner}/")
        if len(held) >= KEYS_MAX:
            raise BadKey(f"The user has {KEYS_MAX} keys; revoke one that is not used.")
        id = new_key_id(principal.organisation)
        text = key_text(id)
        more = {
            "name": f"{owner}/{id}",
            "value": value_of(key),
            "private": private_of(Digests(current=digest_of(text))),
        }
        place = (principal.organisation, KEY, id)
        return added(asking, now, "key.add", *place, **more), text

    async def get(self, asking: Asking, id: str) -> Record:
        """Return a key.

        Raises:
            NoSuchAccount: there is none of that id that the asker may see.
        """
        record = await self._get(asking, id)
        own = read(record, Key).user == asking.principal.user
        if not (own and asking.principal.may("keys:own")) and not asking.principal.may("keys:read"):
            raise NoSuchAccount(KEY, id)
        return record

    async def own(self, asking: Asking) -> list[Record]:
        """Return the asker's own keys.

        Raises:
            NotPermitted: the asker may not.
        """
        self._need(asking, asking.principal.user)
        prefix = f"{asking.principal.user}/"
        return await self._directory.starting(asking.principal.organisation, KEY, prefix)

    async def page(
        self, asking: Asking, *, after: tuple[str, str] | None = None, limit: int = 100
    ) -> tuple[Record, ...]:
        """Return keys of all users, by user.

        Raises:
            NotPermitted: the asker may not see them.
        """
        if not asking.principal.may("keys:read"):
            raise NotPermitted("keys:read")
        tenant = asking.principal.organisation
        return await self._directory.page(
            RecordQuery(tenant=tenant, kind=KEY, after=after, limit=limit)
        )

    async def rotate(
        self, asking: Asking, id: str, *, grace_ms: int = GRACE_MS, expected: int | None = None
    ) -> MadeKey:
        """Return the key with a new text; the one before works for `grace_ms` more.

        Raises:
            NoSuchAccount, NotPermitted, Outdated, BadKey: nothing was changed.
        """
        if not 0 <= grace_ms <= GRACE_MS_MAX:
            raise BadKey(f"The grace period is 0 to {GRACE_MS_MAX // 3_600_000} hours.")
        record = await self.get(asking, id)
        key, now = read(record, Key), self._clock.now_ms()
        self._need(asking, key.user)
        user = await self._directory.current(record.tenant, USER, key.user)
        if user is None:
            raise NoSuchAccount(KEY, id)
        # Who gets the text can what the key can: so no key rotates one that can more.
        self._refuse_more(asking, read(user, User), key)
        text = key_text(id)
        digests = Digests(
            current=digest_of(text),
            former=digests_of(record).current if grace_ms else "",
            former_until_ms=now + grace_ms if grace_ms else 0,
        )
        more = {"private": private_of(digests), "detail": {"grace_ms": grace_ms}}
        change = changed(asking, now, "key.rotate", record, **more)
        if expected is not None:
            change = msgspec.structs.replace(change, expected=expected)
        await self._directory.append([change])
        return MadeKey(record=await self._get(asking, id), text=text)

    async def revoke(self, asking: Asking, id: str, *, expected: int | None = None) -> None:
        """End a key at once.

        Raises:
            NoSuchAccount, NotPermitted, Outdated: nothing was changed.
        """
        record = await self.get(asking, id)
        self._need(asking, read(record, Key).user)
        now = self._clock.now_ms()
        await self._directory.append(
            [changed(asking, now, "key.revoke", record, value=None, expected=expected)]
        )

    async def last_used_ms(self, record: Record) -> int | None:
        """Return when the ledger says that a key was used last: one entry is made a day."""
        found = await self._directory.entries(
            EntryQuery(
                tenant=record.tenant, actions=("key.use",), kind=KEY, target=record.id, limit=1
            )
        )
        return found[0].at_ms if found else None

    async def _get(self, asking: Asking, id: str) -> Record:
        record = await self._directory.current(asking.principal.organisation, KEY, id)
        if record is None:
            raise NoSuchAccount(KEY, id)
        return record

    def _need(self, asking: Asking, owner: str) -> None:
        own = owner == asking.principal.user
        if not (own and asking.principal.may("keys:own")) and not asking.principal.may(
            "keys:write"
        ):
            raise NotPermitted("keys:own" if own else "keys:write")

    def _refuse_more(self, asking: Asking, user: User, key: Key) -> None:
        principal = asking.principal
        if principal.user == key.user and principal.scopes is None:
            return  # One's own key can at most what one can.
        allowed = (
            principal.may_give(key.scopes)
            if key.scopes is not None
            else principal.may_manage(user.roles, user.grants)
        )
        if not allowed:
            raise NotPermitted(
                "keys:write",
                "The key would allow more than you may yourself; give it fewer scopes.",
            )
