"""Checkpoints are taken when they are due, by whoever has the key, and follow each other."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

import tenuto
from tenuto.adapters.memory import MemoryEventStore, MemoryLedger
from tenuto.core.audit.checkpoints import ACTION, KIND, TARGET, TENANT, Anchor, Key, read_checkpoint
from tenuto.core.audit.faults import FAULTS_MAX
from tenuto.core.errors import CorruptLog, Rejected
from tenuto.ports.anchors import AnchorsUnavailable
from tenuto.ports.ledger import EntryQuery, Record, RecordQuery
from tenuto.runtime.auditing import Audit, Auditor, Checkpointer, keys_of
from tenuto.runtime.verifying.findings import Findings
from tenuto.runtime.verifying.records import RecordsCheck
from tenuto.runtime.verifying.verifier import Sources, Verified, Verifier
from tenuto.testing.clock import FakeClock
from tenuto.testing.contracts.event_store.case import A, more, start
from tenuto.testing.contracts.ledger.case import action, change, enter

KEY = Key("k" * 40)


class Notes:
    """Anchors in memory."""

    def __init__(self) -> None:
        self.kept: list[Anchor] = []
        self.away = False

    async def add(self, anchor: Anchor) -> None:
        if self.away:
            raise AnchorsUnavailable("away")
        self.kept.append(anchor)

    async def read(self) -> Any:
        for anchor in self.kept:
            yield anchor


class Parts:
    """A ledger, a log, and who takes checkpoints of them."""

    def __init__(self, *keys: Key) -> None:
        self.ledger, self.events, self.notes = MemoryLedger(), MemoryEventStore(), Notes()
        self.maker = self.another(*keys)

    def another(self, *keys: Key) -> Checkpointer:
        maker = Checkpointer(self.ledger, self.events, clock=FakeClock(), keys=keys)
        maker.anchors = self.notes
        return maker

    async def verify(self, *keys: Key) -> Verified:
        sources = Sources(ledger=self.ledger, events=self.events, anchors=self.notes, keys=keys)
        return await Verifier(sources).verify()


def run(scenario: Callable[[Parts], Awaitable[None]], *keys: Key) -> None:
    async def main() -> None:
        await scenario(Parts(*keys))

    asyncio.run(main())


def test_a_checkpoint_covers_what_came_since_the_one_before_it() -> None:
    async def scenario(parts: Parts) -> None:
        await enter(parts.ledger, action(), action())
        await parts.events.append(start(A))
        first = await parts.maker.take()
        await enter(parts.ledger, action())
        await parts.events.append(more(A, 1))
        second = await parts.maker.take()

        covered = [read_checkpoint(entry.after) for entry in (first, second) if entry]

        assert [(c.entries_after, c.entries) for c in covered if c] == [(0, 2), (2, 4)]
        assert [(c.events_after, c.commits) for c in covered if c] == [(0, 1), (1, 1)]
        assert [anchor.number for anchor in parts.notes.kept] == [3, 5]
        found = await parts.verify()
        assert found.faults == ()
        assert (found.checkpoints, found.open_entries, found.open_commits) == (2, 0, 0)

    run(scenario)


def test_none_is_taken_where_nothing_came() -> None:
    async def scenario(parts: Parts) -> None:
        assert await parts.maker.take() is None
        await enter(parts.ledger, action())
        assert await parts.maker.take() is not None
        assert await parts.maker.take() is None
        await parts.events.append(start(A))
        assert await parts.maker.take() is not None
        assert await parts.maker.take() is None

    run(scenario)


def test_two_that_are_taken_at_once_follow_each_other() -> None:
    async def scenario(parts: Parts) -> None:
        await enter(parts.ledger, action())

        await asyncio.gather(*[parts.another().take() for _ in range(3)])

        found = await parts.verify()
        assert found.faults == ()
        assert found.checkpoints >= 1

    run(scenario)


def test_who_has_no_key_takes_none_behind_those_that_bear_marks() -> None:
    async def scenario(parts: Parts) -> None:
        await enter(parts.ledger, action())
        await parts.maker.take()
        await enter(parts.ledger, action())

        with pytest.raises(Rejected, match=r"\$TENUTO_AUDIT_KEY"):
            await parts.another().take()

        await parts.another(KEY).take()
        found = await parts.verify(KEY)
        assert (found.faults, found.marks) == ((), 2)

    run(scenario, KEY)


def test_a_key_may_come_later_and_another_may_follow_it() -> None:
    later = Key("l" * 40)

    async def scenario(parts: Parts) -> None:
        for keys in ((), (KEY,), (later, KEY)):
            await enter(parts.ledger, action())
            await parts.another(*keys).take()

        found = await parts.verify(later, KEY)
        assert (found.faults, found.marks, found.checkpoints) == ((), 2, 3)
        assert "which was not given" in (await parts.verify(KEY)).faults[0].message

    run(scenario)


def test_the_last_checkpoint_must_bear_a_mark_where_a_key_is_given() -> None:
    async def scenario(parts: Parts) -> None:
        assert (await parts.verify(KEY)).faults == ()
        await enter(parts.ledger, action())
        assert "there is none" in (await parts.verify(KEY)).faults[0].message
        await parts.maker.take()
        (fault,) = (await parts.verify(KEY)).faults
        assert (fault.part, fault.number) == ("checkpoints", 2)
        assert "bears none" in fault.message

    run(scenario)


def test_a_checkpoint_that_cannot_be_noted_outside_is_taken_all_the_same() -> None:
    async def scenario(parts: Parts) -> None:
        await enter(parts.ledger, action())
        parts.notes.away = True

        with pytest.raises(AnchorsUnavailable):
            await parts.maker.take()

        assert len(await parts.ledger.entries(EntryQuery(actions=(ACTION,)))) == 1
        assert "noted outside" in (await parts.verify()).notes[-1]

    run(scenario)


def test_none_is_taken_behind_one_that_cannot_be_read() -> None:
    async def scenario(parts: Parts) -> None:
        spoilt = change(TARGET, {"entries": "many"}, tenant=TENANT, kind=KIND)
        await enter(parts.ledger, spoilt)

        with pytest.raises(CorruptLog, match="audit verify"):
            await parts.maker.take()

        assert (await parts.verify()).faults[0].message == "Entry 1 is no checkpoint."

    run(scenario)


def test_checkpoints_of_a_long_history_are_taken_part_by_part(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tenuto.runtime.auditing.COVERED_MAX", 3)
    monkeypatch.setattr("tenuto.runtime.auditing.ENTRIES_PAGE", 2)
    monkeypatch.setattr("tenuto.runtime.auditing.COMMITS_PAGE", 2)

    async def scenario(parts: Parts) -> None:
        await parts.ledger.append([action() for _ in range(10)])
        await parts.events.append(start(A))
        for version in range(1, 8):
            await parts.events.append(more(A, version))

        taken = 0
        while await parts.maker.take() is not None:
            taken += 1

        found = await parts.verify()
        assert found.faults == ()
        assert (found.checkpoints, found.commits) == (taken, 8)
        assert found.open_entries <= 3

    run(scenario)


class Ticking:
    """Counts the checkpoints that an auditor asks for."""

    def __init__(self, parts: Parts, **settings: Any) -> None:
        always = settings.pop("always", True)
        self.parts = parts
        self.auditor = Auditor(parts.maker, Audit(**settings), always=always)

    async def look(self, *, at_once: bool = False) -> int:
        await self.auditor.look(at_once=at_once)
        return len(self.parts.notes.kept)


def test_one_is_due_after_so_many_entries() -> None:
    async def scenario(parts: Parts) -> None:
        ticking = Ticking(parts, entries=3, seconds=1e9)
        await enter(parts.ledger, action())
        assert await ticking.look() == 0
        await enter(parts.ledger, action(), action())
        assert await ticking.look() == 0
        await enter(parts.ledger, action())
        assert await ticking.look() == 1
        await enter(parts.ledger, action(), action())
        assert await ticking.look() == 1

    run(scenario)


def test_one_is_due_after_so_long_if_anything_is_new() -> None:
    async def scenario(parts: Parts) -> None:
        ticking = Ticking(parts, entries=1000, seconds=1e-9)
        await enter(parts.ledger, action())
        await ticking.look()
        await asyncio.sleep(0)
        assert await ticking.look() == 1
        assert await ticking.look() == 1

    run(scenario)


def test_where_nobody_asked_for_audits_one_is_taken_only_if_the_ledger_holds_something() -> None:
    async def scenario(parts: Parts) -> None:
        ticking = Ticking(parts, always=False)
        await parts.events.append(start(A))
        assert await ticking.look(at_once=True) == 0
        await enter(parts.ledger, action())
        assert await ticking.look(at_once=True) == 1

    run(scenario)


def test_what_hinders_a_checkpoint_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario(parts: Parts) -> None:
        parts.notes.away = True
        await enter(parts.ledger, action())

        assert await Ticking(parts).look(at_once=True) == 0

    run(scenario)
    assert "away" in caplog.text


async def greet(ctx: tenuto.Context) -> str:
    return "hello"


def test_closing_a_database_takes_a_last_checkpoint_where_it_was_asked_for(tmp_path: Path) -> None:
    flow = tenuto.Workflow("hello").node("greet", function=greet)

    async def entries(audit: Audit | bool | None) -> list[str]:
        file = tmp_path / f"{audit!r:.5}.db"
        settings: dict[str, Any] = {} if audit is None else {"audit": audit}
        async with tenuto.open(f"sqlite:///{file}", **settings) as runtime:
            await (await runtime.start(flow)).result()
        async with tenuto.open_audit(f"sqlite:///{file}") as trail:
            return [entry.action async for entry in trail.entries()]

    async def main() -> None:
        assert await entries(None) == []
        assert await entries(False) == []
        assert await entries(True) == [ACTION]
        assert await entries(Audit(anchor=str(tmp_path / "anchors"))) == [ACTION]

    asyncio.run(main())
    assert (tmp_path / "anchors").exists()
    assert sorted(path.name for path in tmp_path.glob("*.checkpoints")) == ["True.db.checkpoints"]


def test_a_runtime_in_memory_has_a_ledger_too() -> None:
    async def main() -> None:
        async with tenuto.open("memory://") as runtime:
            assert runtime.ledger is not None and runtime.audit is not None
            await enter(runtime.ledger, change("a", {"n": 1}))
            found = await runtime.audit.verify()
            assert (found.entries, found.records, found.faults) == (1, 1, ())

    asyncio.run(main())


def test_settings_that_make_no_sense_are_refused() -> None:
    for settings in (
        {"audit": "yes"},
        {"audit": Audit(entries=0)},
        {"audit": Audit(seconds=0)},
    ):
        with pytest.raises(Rejected):
            tenuto.open("memory://", **settings)  # type: ignore[typeddict-item]  # the fault
    with pytest.raises(Rejected, match="32 random characters") as raised:
        keys_of("short-secret")
    assert "short-secret" not in str(raised.value)
    assert len(keys_of(f"{'a' * 40} {'b' * 40}")) == 2


@pytest.mark.parametrize("reads_max", [3, 40, 10**9])
def test_an_audit_finds_nothing_wrong_with_what_comes_while_it_looks(reads_max: int) -> None:
    class Busy(MemoryLedger):
        """Makes, changes and deletes records while it is read."""

        reads = 0

        async def records(self, query: RecordQuery) -> tuple[Record, ...]:
            found = await super().records(query)
            self.reads += 1
            if self.reads <= reads_max:
                fresh = change(f"u{self.reads}", {})
                gone = change(f"u{self.reads - 3}", None)
                await self.append([fresh, gone, change("a", {"n": self.reads})])
            return found

    async def scenario(parts: Parts) -> None:
        busy = Busy()
        await busy.append([change("a", {"n": 0}), change("b", {"n": 0})])
        await Checkpointer(busy, parts.events, clock=FakeClock()).take()

        found = await Verifier(Sources(ledger=busy, events=parts.events)).verify()

        assert found.faults == ()

    run(scenario)


def test_an_audit_tells_how_far_it_is_and_keeps_a_bounded_number_of_faults() -> None:
    told: list[tuple[str, int, int]] = []

    class Foreign(MemoryLedger):
        """Gives back other values than were written."""

        async def records(self, query: RecordQuery) -> tuple[Record, ...]:
            found = await super().records(query)
            return tuple(structs.replace(one, value={"forged": True}) for one in found)

        async def record(self, tenant: str, kind: str, **by: str) -> Record | None:
            one = await super().record(tenant, kind, **by)
            return None if one is None else structs.replace(one, value={"forged": True})

    async def scenario(parts: Parts) -> None:
        foreign = Foreign()
        await foreign.append([change(f"u{n}", {"n": n}) for n in range(1_500)])
        sources = Sources(ledger=foreign, events=parts.events)

        check = RecordsCheck(foreign, Findings())
        faults = await check.check(1_500, 1_500)
        await Verifier(sources, lambda *how_far: told.append(how_far)).verify()

        assert len(faults) == FAULTS_MAX
        assert check.count == FAULTS_MAX
        assert told[:2] == [("entries", 1_000, 1_500), ("entries", 1_500, 1_500)]

    run(scenario)
