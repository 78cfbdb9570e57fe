"""Logins: what begins with a password or a provider, and lasts as long as tokens are refreshed.

A login is a record; its refresh tokens are numbered, and signed with the server's key, so that the
database alone makes none. Each is used once. The one before the current is answered again for
REPEAT_MS, since an answer can be lost and two tabs can ask at once; any older one means that
somebody has a copy, and ends the login. Source: RFC 9700, 4.14.2.
"""

import base64
import hmac
import re
from typing import Any, Final

import msgspec

from tenuto.core.accounts.principal import Principal
from tenuto.ports.clock import Clock
from tenuto.ports.ledger import Change, Outdated, Record, Source
from tenuto.server.accounts.directory import Directory
from tenuto.server.accounts.records import (
    LOGIN,
    ORGANISATION,
    USER,
    Asking,
    Login,
    Organisation,
    User,
    added,
    changed,
    read,
    value_of,
)
from tenuto.server.accounts.refusals import NotAuthenticated
from tenuto.server.accounts.signing import SigningKey
from tenuto.server.accounts.texts import new_id, same
from tenuto.server.accounts.tokens import Tokens

IDLE_MS: Final = 7 * 24 * 3_600_000
"""A login that is not refreshed for so long has ended."""
LIFE_MS: Final = 30 * 24 * 3_600_000
"""A login ends then, refreshed or not."""
REPEAT_MS: Final = 10_000
LOGINS_MAX: Final = 50
"""Of one user; the oldest goes first."""

_REFRESH: Final = re.compile(
    r"tnr_([a-z0-9](?:[a-z0-9-]{0,37}[a-z0-9])?)-([0-9a-z]{12})"
    r"_([1-9][0-9]{0,8})_([0-9A-Za-z_-]{12})_([0-9A-Za-z_-]{43})",
    re.ASCII,
)
_CHARS_MAX: Final = 200


class LoggedIn(msgspec.Struct, frozen=True, kw_only=True):
    """What a client holds after login or refresh."""

    access: str
    access_ends_ms: int
    refresh: str
    refresh_ends_ms: int
    login: str
    csrf: str
    """What a page sends back in a header with each change, to show that it can read its cookies."""
    user: Record

    def __repr__(self) -> str:
        return f"LoggedIn(login={self.login!r}, user={self.user.id!r})"


class Logins:
    """Begins, refreshes and ends logins."""

    def __init__(self, directory: Directory, tokens: Tokens, clock: Clock) -> None:
        self._directory, self._tokens, self._clock = directory, tokens, clock

    async def begin(self, user: Record, source: Source, *, method: str) -> LoggedIn:
        """Return the tokens of a new login of `user`, who has shown who they are.

        Raises:
            NotAuthenticated: the user or the organisation is disabled.
        """
        said = read(user, User)
        if not await self._is_enabled(user):
            raise NotAuthenticated
        now, id = self._clock.now_ms(), new_id()
        login = Login(
            user=user.id,
            generation=said.generation,
            refreshed_ms=now,
            ends_ms=now + LIFE_MS,
            method=method,
            agent=source.client[:200],
            address=source.address,
        )
        asking = _asking(user, source)
        place = (user.tenant, LOGIN, id)
        new = added(asking, now, "login.add", *place, name=f"{user.id}/{id}", value=value_of(login))
        await self._directory.append([new, *await self._surplus(user, asking, now)])
        return self._answer(user, id, login)

    async def refresh(self, text: str, source: Source) -> LoggedIn:
        """Return new tokens for a refresh token, which is then used up.

        Raises:
            NotAuthenticated: it is none, or was used, or its login, user or organisation has ended.
        """
        tenant, id, count = self._opened(text)
        for _ in range(3):
            record = await self._directory.current(tenant, LOGIN, id)
            if record is None:
                raise NotAuthenticated
            user, login = await self._valid(record)
            now = self._clock.now_ms()
            asking = _asking(user, source)
            if count == login.count - 1 and now - login.refreshed_ms < REPEAT_MS:
                return self._answer(user, id, login)
            if count != login.count:
                gone = changed(asking, now, "login.reuse", record, value=None)
                await self._directory.append([gone])
                raise NotAuthenticated
            if now >= self._ends_ms(login):
                await self._directory.append(
                    [changed(asking, now, "login.expire", record, value=None)]
                )
                raise NotAuthenticated
            next = msgspec.structs.replace(login, count=count + 1, refreshed_ms=now)
            try:
                await self._directory.append(
                    [changed(asking, now, "login.refresh", record, value=value_of(next))]
                )
            except Outdated:
                continue
            return self._answer(user, id, next)
        raise NotAuthenticated

    async def end(self, asking: Asking, login: str) -> None:
        """End a login of the asker's organisation; one that is not there has ended."""
        record = await self._directory.current(asking.principal.organisation, LOGIN, login)
        if record is not None:
            now = self._clock.now_ms()
            await self._directory.append(
                [changed(asking, now, "login.end", record, value=None, expected=None)]
            )

    async def end_by_refresh(self, text: str, source: Source) -> None:
        """End the login that a refresh token belongs to; without it, nothing happens."""
        try:
            tenant, id, _ = self._opened(text)
        except NotAuthenticated:
            return
        record = await self._directory.current(tenant, LOGIN, id)
        if record is not None:
            principal = Principal(organisation=tenant, user=read(record, Login).user)
            await self.end(Asking(principal=principal, source=source), id)

    def login_of(self, text: str) -> str:
        """Return the login that a refresh token is for, used or not; empty: it is none of ours."""
        try:
            return self._opened(text)[1]
        except NotAuthenticated:
            return ""

    async def of_user(self, tenant: str, user: str) -> list[Record]:
        """Return the logins of a user that have not ended."""
        now = self._clock.now_ms()
        found = await self._directory.starting(tenant, LOGIN, f"{user}/")
        return [record for record in found if now < self._ends_ms(read(record, Login))]

    def csrf_of(self, login: str) -> str:
        """Return what a page with cookies of `login` sends back in a header."""
        return _text(hmac.digest(self._tokens.keys.first.derived("csrf"), login.encode(), "sha256"))

    def is_csrf_of(self, login: str, text: str) -> bool:
        """Return whether `text` is what `csrf_of` gave, with this key of the server or another."""
        return any(
            same(_text(hmac.digest(key.derived("csrf"), login.encode(), "sha256")), text)
            for key in self._tokens.keys
        )

    async def _valid(self, record: Record) -> tuple[Record, Login]:
        login = read(record, Login)
        user = await self._directory.current(record.tenant, USER, login.user)
        if user is None or not await self._is_enabled(user):
            raise NotAuthenticated
        if read(user, User).generation != login.generation:
            raise NotAuthenticated
        return user, login

    async def _is_enabled(self, user: Record) -> bool:
        place = (user.tenant, ORGANISATION, user.tenant)
        organisation = await self._directory.current(*place)
        return (
            organisation is not None
            and not read(organisation, Organisation).disabled
            and not read(user, User).disabled
        )

    async def _surplus(self, user: Record, asking: Asking, now: int) -> list[Change]:
        """Return the removal of logins that have ended or are too many."""
        found = await self._directory.starting(user.tenant, LOGIN, f"{user.id}/")
        found.sort(key=lambda record: read(record, Login).refreshed_ms, reverse=True)
        ended = [
            record
            for place, record in enumerate(found)
            if place >= LOGINS_MAX - 1 or now >= self._ends_ms(read(record, Login))
        ]
        return [
            changed(asking, now, "login.expire", record, value=None, expected=None)
            for record in ended
        ]

    def _ends_ms(self, login: Login) -> int:
        return min(login.ends_ms, login.refreshed_ms + IDLE_MS)

    def _answer(self, user: Record, id: str, login: Login) -> LoggedIn:
        access, ends_ms = self._tokens.make(
            user=user.id, organisation=user.tenant, login=id, jti=new_id()
        )
        key = self._tokens.keys.first
        head = f"tnr_{user.tenant}-{id}_{login.count}_{key.kid}"
        return LoggedIn(
            access=access,
            access_ends_ms=ends_ms,
            refresh=f"{head}_{_mac(key, head)}",
            refresh_ends_ms=self._ends_ms(login),
            login=id,
            csrf=self.csrf_of(id),
            user=user,
        )

    def _opened(self, text: str) -> tuple[str, str, int]:
        match = _REFRESH.fullmatch(text) if len(text) <= _CHARS_MAX else None
        if match is None:
            raise NotAuthenticated
        tenant, id, count, kid, mac = match.groups()
        key = self._tokens.keys.get(kid)
        if key is None or not same(_mac(key, text[: -len(mac) - 1]), mac):
            raise NotAuthenticated
        return tenant, id, int(count)


def _mac(key: SigningKey, head: str) -> str:
    return _text(hmac.digest(key.derived("refresh"), head.encode(), "sha256"))


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _asking(user: Record, source: Source) -> Asking:
    principal = Principal(organisation=user.tenant, user=user.id)
    return Asking(principal=principal, source=source)


def principal_of(user: Record, **more: Any) -> Principal:
    """Return the principal that a user is, with `more` of its fields."""
    said = read(user, User)
    return Principal(
        organisation=user.tenant,
        user=user.id,
        name=user.name,
        roles=said.roles,
        grants=said.grants,
        **more,
    )
