"""Accounts as a whole: who shows what, and therefore is whom."""

import asyncio
import hashlib
import logging
from collections import OrderedDict
from typing import Final

import msgspec

from tenuto.core.accounts.names import PASSWORD_CHARS_MAX
from tenuto.core.accounts.principal import HOME, Principal, Proof
from tenuto.core.errors import TenutoError
from tenuto.ports.clock import Clock
from tenuto.ports.ledger import Change, Ledger, Record, Source
from tenuto.server.accounts.directory import Directory
from tenuto.server.accounts.failures import Failures
from tenuto.server.accounts.keys import Keys
from tenuto.server.accounts.logins import LoggedIn, Logins, principal_of
from tenuto.server.accounts.organisations import Organisations
from tenuto.server.accounts.passwords import Passwords
from tenuto.server.accounts.records import (
    KEY,
    LOGIN,
    ORGANISATION,
    USER,
    Asking,
    Key,
    Login,
    Organisation,
    Secrets,
    User,
    changed,
    digests_of,
    private_of,
    read,
    secrets_of,
)
from tenuto.server.accounts.refusals import NotAuthenticated
from tenuto.server.accounts.signing import SigningKeys
from tenuto.server.accounts.texts import KEY_PREFIX, digest_of, key_place, same
from tenuto.server.accounts.tokens import Tokens
from tenuto.server.accounts.users import Users

_log = logging.getLogger("tenuto.server.accounts")

PROVED_MAX: Final = 10_000
DAY_MS: Final = 86_400_000
_BAD_LOGIN: Final = "The organisation, the name or the password is wrong."


class _Proved(msgspec.Struct, frozen=True):
    """What a credential proved while the records were those of `epoch`."""

    principal: Principal
    epoch: int


class Accounts:
    """Users, keys, logins and organisations over one ledger."""

    def __init__(
        self,
        ledger: Ledger,
        clock: Clock,
        keys: SigningKeys,
        *,
        passwords: Passwords | None = None,
        issuer: str = "tenuto",
    ) -> None:
        self._clock = clock
        self.passwords = passwords or Passwords()
        self.directory = Directory(ledger, clock)
        self.tokens = Tokens(keys, clock, issuer=issuer)
        self.failures = Failures(clock)
        self.organisations = Organisations(self.directory, clock)
        self.users = Users(self.directory, self.passwords, clock)
        self.keys = Keys(self.directory, clock)
        self.logins = Logins(self.directory, self.tokens, clock)
        self._proved: OrderedDict[bytes, _Proved] = OrderedDict()
        self._used: OrderedDict[str, int] = OrderedDict()
        self._later: set[asyncio.Task[None]] = set()

    def at_hand(self, credential: str) -> Principal | None:
        """Return who shows this key or access token where that is known, and nothing is to be
        entered of it; else None: `authenticate` says who it is."""
        now = self._clock.now_ms()
        held = self._proved.get(_digest(credential))
        if held is None or held.epoch != self.directory.epoch or not self.directory.is_fresh(now):
            return None
        principal = held.principal
        if principal.has_expired(now):
            return None
        if principal.key:
            if now // DAY_MS != self._used.get(principal.key, 0) // DAY_MS:
                return None
            self._used[principal.key] = now
        elif principal.proof != "token":
            return None
        return principal

    async def authenticate(
        self, credential: str, source: Source, *, proof: Proof = "token"
    ) -> Principal:
        """Return who shows this key or access token.

        Raises:
            NotAuthenticated: it is none, or has ended, or its user or organisation is disabled.
            StoreUnavailable: whether it still counts cannot be read.
        """
        digest, now = _digest(credential), self._clock.now_ms()
        if not self.directory.is_fresh(now):
            await self.directory.refresh()
        held = self._proved.get(digest)
        if held is None or held.epoch != self.directory.epoch or held.principal.has_expired(now):
            held = await self._prove(credential, source, proof)
            self._proved[digest] = held
            if len(self._proved) > PROVED_MAX:
                self._proved.popitem(last=False)
        elif held.principal.proof != proof and not held.principal.key:
            return msgspec.structs.replace(held.principal, proof=proof)
        if held.principal.key and now // DAY_MS != self._used.get(held.principal.key, 0) // DAY_MS:
            await self._enter_use(held.principal, source)
        if held.principal.key:
            self._used[held.principal.key] = now
        return held.principal

    async def log_in(
        self, name: str, password: str, source: Source, *, organisation: str = HOME
    ) -> LoggedIn:
        """Return the tokens of a new login. An unknown name takes as long as a wrong password.

        Raises:
            NotAuthenticated: something is wrong; what, is not told.
            TooManyAttempts, TooBusy: the password was not looked at.
        """
        name = name.strip().lower()
        place = {"user": f"{organisation}/{name}"[:300], "address": source.address}
        self.failures.begin(**place)
        user = await self.directory.named(organisation, USER, name) if name else None
        kept = secrets_of(user).password if user is not None else ""
        right = await self.passwords.verify(kept, password[: PASSWORD_CHARS_MAX + 1])
        try:
            if user is None or not right:
                raise NotAuthenticated
            begun = await self.logins.begin(user, source, method="password")
        except NotAuthenticated:
            if user is not None:
                self._enter_failure(user, source)
            raise NotAuthenticated(_BAD_LOGIN) from None
        self.failures.succeeded(**place)
        if self.passwords.is_outdated(kept):
            await self._rehash(begun.user, password, source)
        return begun

    async def change_own_password(self, asking: Asking, old: str, new: str) -> Record:
        """Return the asker with a new password. Raises as `Users` does, and TooManyAttempts."""
        principal, address = asking.principal, asking.source.address
        place = {"user": f"{principal.organisation}/{principal.name}", "address": address}
        self.failures.begin(**place)
        changed = await self.users.change_own_password(asking, old, new)
        self.failures.succeeded(**place)
        return changed

    async def last_used_ms(self, key: Record) -> int | None:
        """Return when a key was used last: exactly for this process, to the day for others."""
        return self._used.get(key.id) or await self.keys.last_used_ms(key)

    async def close(self) -> None:
        """Wait for what was still to be entered."""
        await asyncio.gather(*self._later, return_exceptions=True)

    async def _prove(self, credential: str, source: Source, proof: Proof) -> _Proved:
        epoch = self.directory.epoch
        if credential.startswith(KEY_PREFIX):
            return _Proved(await self._of_key(credential), epoch)
        return _Proved(await self._of_token(credential, proof), epoch)

    async def _of_key(self, text: str) -> Principal:
        place = key_place(text)
        record = await self.directory.get(place[0], KEY, place[1]) if place is not None else None
        if record is None:
            raise NotAuthenticated
        now, digest, digests = self._clock.now_ms(), digest_of(text), digests_of(record)
        key = read(record, Key)
        ends_ms = key.expires_ms
        if not same(digest, digests.current):
            if not digests.former or not same(digest, digests.former):
                raise NotAuthenticated
            ends_ms = min(digests.former_until_ms, ends_ms or digests.former_until_ms)
        if ends_ms is not None and now >= ends_ms:
            raise NotAuthenticated
        user, _ = await self._user(record.tenant, key.user)
        return principal_of(user, scopes=key.scopes, key=record.id, proof="key", expires_ms=ends_ms)

    async def _of_token(self, text: str, proof: Proof) -> Principal:
        access = self.tokens.verify(text)
        record = await self.directory.get(access.org, LOGIN, access.sid)
        if record is None:
            raise NotAuthenticated
        login = read(record, Login)
        user, said = await self._user(access.org, access.sub)
        if login.user != user.id or login.generation != said.generation:
            raise NotAuthenticated
        return principal_of(user, login=record.id, proof=proof, expires_ms=access.exp * 1000)

    async def _user(self, tenant: str, id: str) -> tuple[Record, User]:
        organisation = await self.directory.get(tenant, ORGANISATION, tenant)
        user = await self.directory.get(tenant, USER, id)
        if organisation is None or read(organisation, Organisation).disabled or user is None:
            raise NotAuthenticated
        said = read(user, User)
        if said.disabled:
            raise NotAuthenticated
        return user, said

    async def _enter_use(self, principal: Principal, source: Source) -> None:
        self._used[principal.key] = self._clock.now_ms()
        if len(self._used) > PROVED_MAX:
            self._used.popitem(last=False)
        change = Change(
            at_ms=self._clock.now_ms(),
            tenant=principal.organisation,
            actor=principal.actor,
            action="key.use",
            kind=KEY,
            target=principal.key,
            source=source,
        )
        await self.directory.append([change])

    def _enter_failure(self, user: Record, source: Source) -> None:
        # Not waited for: the time of an answer must not tell whether the user is there.
        change = Change(
            at_ms=self._clock.now_ms(),
            tenant=user.tenant,
            actor="system",
            action="login.fail",
            kind=USER,
            target=user.id,
            source=source,
        )
        task = asyncio.ensure_future(self._try([change]))
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    async def _try(self, changes: list[Change]) -> None:
        try:
            await self.directory.append(changes)
        except TenutoError as error:
            _log.warning("a failed login could not be entered: %s", error)

    async def _rehash(self, user: Record, password: str, source: Source) -> None:
        kept = Secrets(password=await self.passwords.hash(password))
        asking = Asking(principal=principal_of(user), source=source)
        more = {"private": private_of(kept), "detail": {"password": "hashed anew"}}
        await self._try([changed(asking, self._clock.now_ms(), "user.rehash", user, **more)])


def _digest(credential: str) -> bytes:
    return hashlib.sha256(credential.encode("utf-8", "surrogatepass")).digest()
