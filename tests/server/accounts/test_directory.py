"""Records at hand, while another server may change them."""

from __future__ import annotations

import asyncio

from tenuto.adapters.memory import MemoryLedger
from tenuto.ports.ledger import Change
from tenuto.server.accounts.directory import Directory
from tenuto.server.accounts.records import KEY
from tests.server.accounts.offices import HandClock


class SlowLedger(MemoryLedger):
    """Tells where it ends only when it may, and then where it ended when it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.may_tell, self.asked = asyncio.Event(), 0

    async def digest(self) -> tuple[int, str]:
        self.asked += 1
        found = await super().digest()
        await self.may_tell.wait()
        return found


def change(expected: int, text: str) -> Change:
    return Change(
        at_ms=0,
        tenant="local",
        actor="system",
        action="key.add",
        kind=KEY,
        target="k",
        writes=True,
        expected=expected,
        value={"text": text},
    )


def test_who_asks_after_a_change_is_not_told_what_a_look_before_it_found() -> None:
    async def main() -> None:
        ledger = SlowLedger()
        directory = Directory(ledger, HandClock())
        directory.has_others = lambda: True
        ledger.may_tell.set()
        await ledger.append([change(0, "old")])
        assert await directory.get("local", KEY, "k") is not None

        ledger.may_tell.clear()
        early = asyncio.create_task(directory.get("local", KEY, "k"))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await ledger.append([change(1, "new")])
        late = [asyncio.create_task(directory.get("local", KEY, "k")) for _ in range(20)]
        await asyncio.sleep(0)
        before = ledger.asked
        ledger.may_tell.set()
        await early
        for one in late:
            record = await one
            assert record is not None and record.value == {"text": "new"}
        assert ledger.asked == before + 1, "one look for all of them"

    asyncio.run(asyncio.wait_for(main(), 10))
