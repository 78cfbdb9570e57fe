"""Accounts over a ledger in memory, with a clock that tests move."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from argon2 import PasswordHasher

from tenuto.adapters.memory import MemoryLedger
from tenuto.ports.ledger import EntryQuery, Ledger, Source
from tenuto.server.accounts.accounts import Accounts
from tenuto.server.accounts.logins import principal_of
from tenuto.server.accounts.organisations import Founded
from tenuto.server.accounts.passwords import Passwords
from tenuto.server.accounts.records import Asking
from tenuto.server.accounts.signing import SigningKeys, new_keys

HERE = Source(address="192.0.2.7", client="tests/1", request="r1")
PASSWORD = "correct horse battery"
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


class HandClock:
    """Tells the time that a test set."""

    def __init__(self) -> None:
        self.ms = 1_800_000_000_000

    def now_ms(self) -> int:
        return self.ms

    def advance(self, ms: int) -> None:
        self.ms += ms


class Office:
    """Accounts with a first admin, and who asks in a test."""

    def __init__(self, ledger: Ledger, clock: HandClock, keys: SigningKeys) -> None:
        self.ledger, self.clock, self.signing = ledger, clock, keys
        self.accounts = Accounts(ledger, clock, keys, passwords=Passwords(QUICK))
        self.founded: Founded | None = None

    def beside(self) -> Office:
        """Return accounts of another process on the same ledger."""
        return Office(self.ledger, self.clock, self.signing)

    async def admin(self) -> Asking:
        """Return the first admin, as who asks."""
        assert self.founded is not None
        return await self.asking(self.founded.key_text)

    async def asking(self, credential: str) -> Asking:
        """Return who shows `credential`."""
        return Asking(principal=await self.accounts.authenticate(credential, HERE), source=HERE)

    async def hire(self, name: str, *roles: str, **more: Any) -> Asking:
        """Return a new user with a password, as who asks."""
        given: dict[str, Any] = {"roles": roles, "password": PASSWORD, **more}
        user = await self.accounts.users.add(await self.admin(), name, **given)
        return Asking(principal=principal_of(user), source=HERE)

    async def actions(self) -> list[str]:
        """Return what the ledger says was done, oldest first."""
        return [one.action for one in await self.ledger.entries(EntryQuery(after=0))]


def at_office(work: Callable[[Office], Awaitable[None]]) -> None:
    """Run a test with an office that has just been founded."""

    async def main() -> None:
        office = Office(MemoryLedger(), HandClock(), new_keys())
        office.founded = await office.accounts.organisations.found_home()
        await work(office)
        await office.accounts.close()

    asyncio.run(main())
