"""How the suite opens ledgers, and what it enters."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Final, TypeAlias

from msgspec import structs

from tenuto.core.errors import TenutoError
from tenuto.core.vocabulary import JsonObject
from tenuto.ports.ledger import Change, Entry, EntryQuery, Ledger, Record, RecordQuery

Scenario: TypeAlias = Callable[[Ledger], Awaitable[None]]

SCENARIO_S_MAX: Final = 60.0
"""A scenario that takes longer hangs."""

NOW_MS: Final = 1_700_000_000_000


class LedgerCase(ABC):
    """Opens an empty ledger for each test."""

    @abstractmethod
    def open_ledger(self) -> AbstractAsyncContextManager[Ledger]:
        """Return a context in which an empty ledger is open."""

    def check(self, scenario: Scenario) -> None:
        """Run `scenario` on an empty ledger."""

        async def main() -> None:
            async with self.open_ledger() as ledger:
                await asyncio.wait_for(scenario(ledger), SCENARIO_S_MAX)

        asyncio.run(main())


def action(what: str = "session.cancel", /, **facts: object) -> Change:
    """Return an action of Ann's that changes no record, with `facts`."""
    change = Change(
        at_ms=NOW_MS, tenant="acme", actor="user:ann", action=what, kind="session", target="s1"
    )
    return structs.replace(change, **facts)


def change(id: str, value: JsonObject | None, /, **facts: object) -> Change:
    """Return a change by Ann of the user `id`, with `facts`."""
    asked = Change(
        at_ms=NOW_MS,
        tenant="acme",
        actor="user:ann",
        action="user.set",
        kind="user",
        target=id,
        writes=True,
        value=value,
    )
    return structs.replace(asked, **facts)


async def enter(ledger: Ledger, *changes: Change) -> tuple[Entry, ...]:
    """Return the entries of `changes`, each appended by itself."""
    return tuple([(await ledger.append([one]))[0] for one in changes])


async def user(ledger: Ledger, id: str, *, tenant: str = "acme") -> Record:
    """Return the record of a user, who must be there."""
    found = await ledger.record(tenant, "user", id=id)
    assert found is not None, f"no user {id}"
    return found


async def numbers(ledger: Ledger, **query: object) -> list[int]:
    """Return the numbers of the entries that match, in order."""
    return [one.number for one in await ledger.entries(structs.replace(EntryQuery(), **query))]


async def listed(ledger: Ledger, **query: object) -> list[str]:
    """Return the ids of the records that match, in order."""
    return [one.id for one in await ledger.records(structs.replace(RecordQuery(), **query))]


async def refused(
    ledger: Ledger, changes: Sequence[Change], error: type[TenutoError]
) -> TenutoError:
    """Return the error with which the ledger takes none of `changes`."""
    before = await ledger.digest()
    try:
        await ledger.append(changes)
    except error as raised:
        assert await ledger.digest() == before, "nothing was entered"
        return raised
    raise AssertionError(f"no {error.__name__} was raised")
