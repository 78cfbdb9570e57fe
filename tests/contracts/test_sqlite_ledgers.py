"""The ledger in a file: it costs nothing until it is used, and what was private is gone."""

import asyncio
import random
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

import pytest

from tenuto.adapters.memory import MemoryLedger
from tenuto.adapters.sqlite import SqliteEventStore
from tenuto.adapters.tables.ledger.rows import list_entries
from tenuto.core.errors import CorruptLog, NotFound, Rejected, StoreUnavailable
from tenuto.ports.ledger import Change, EntryQuery, Ledger, RecordQuery
from tenuto.testing.contracts.event_store.case import A, more, start
from tenuto.testing.contracts.ledger.case import NOW_MS, action, change, enter, numbers, user

Use = Callable[[SqliteEventStore], Awaitable[None]]

SECRET = b"the hash of a password"


def use(file: Path, scenario: Use, *, readonly: bool = False) -> None:
    async def main() -> None:
        store = await SqliteEventStore.open(file, readonly=readonly)
        try:
            await scenario(store)
        finally:
            await store.close()

    asyncio.run(main())


def tables_of(file: Path) -> set[str]:
    with closing(sqlite3.connect(file)) as connection:
        return {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}


def bytes_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir())


async def nothing(store: SqliteEventStore) -> None:
    pass


def test_a_file_has_no_tables_of_the_ledger_before_something_is_entered(tmp_path: Path) -> None:
    async def look(store: SqliteEventStore) -> None:
        assert await store.ledger.entries(EntryQuery()) == ()
        assert await store.ledger.records(RecordQuery()) == ()
        assert await store.ledger.record("acme", "user", id="a") is None

    async def add(store: SqliteEventStore) -> None:
        await enter(store.ledger, action())

    use(tmp_path / "store.db", look)
    assert not {"ledger", "records"} & tables_of(tmp_path / "store.db")

    use(tmp_path / "store.db", add)
    assert {"ledger", "records"} <= tables_of(tmp_path / "store.db")


def test_what_was_entered_is_there_when_the_file_is_opened_again(tmp_path: Path) -> None:
    async def add(store: SqliteEventStore) -> None:
        await enter(store.ledger, change("a", {"n": 1}), action())

    async def look(store: SqliteEventStore) -> None:
        assert await numbers(store.ledger) == [2, 1]
        assert (await user(store.ledger, "a")).value == {"n": 1}

    use(tmp_path / "store.db", add)
    use(tmp_path / "store.db", look)
    use(tmp_path / "store.db", look, readonly=True)


@pytest.mark.parametrize("value", [{"n": 2}, None])
@pytest.mark.parametrize("size", [1, 5_000])
def test_what_was_private_is_gone_from_the_file_once_the_record_changes(
    tmp_path: Path, value: dict[str, object] | None, size: int
) -> None:
    secret = SECRET * size

    async def scenario(store: SqliteEventStore) -> None:
        await enter(store.ledger, change("a", {"n": 1}, private=secret))
        assert SECRET in bytes_in(tmp_path)

        await enter(store.ledger, change("a", value))  # type: ignore[arg-type]  # JSON

        assert SECRET not in bytes_in(tmp_path)

    use(tmp_path / "store.db", scenario)
    assert SECRET not in bytes_in(tmp_path)


def test_entries_and_commits_of_sessions_do_not_wait_for_each_other_s_faults(
    tmp_path: Path,
) -> None:
    async def scenario(store: SqliteEventStore) -> None:
        appended = store.append(start(A))
        wrong = store.ledger.append([change("a", {}, expected=7)])
        entered = store.ledger.append([action()])

        assert await appended
        with pytest.raises(Rejected):
            await wrong
        assert (await entered)[0].number == 1
        await store.append(more(A, 1))

    use(tmp_path / "store.db", scenario)


def test_appends_of_many_at_once_share_commits(tmp_path: Path) -> None:
    async def scenario(store: SqliteEventStore) -> None:
        await enter(store.ledger, action())
        transactions = 0
        performer = store.ledger._works
        writer = performer._writer  # type: ignore[union-attr]  # those of an owner
        perform = writer.perform

        def counted(*arguments: object, **options: object) -> object:
            nonlocal transactions
            transactions += 1
            return perform(*arguments, **options)

        writer.perform = counted
        await asyncio.gather(*[store.ledger.append([action()]) for _ in range(200)])

        assert transactions <= 10

    use(tmp_path / "store.db", scenario)


def test_a_process_that_only_reads_enters_nothing(tmp_path: Path) -> None:
    async def scenario(store: SqliteEventStore) -> None:
        with pytest.raises(StoreUnavailable, match="for reading only"):
            await store.ledger.append([action()])

    use(tmp_path / "store.db", nothing)
    use(tmp_path / "store.db", scenario, readonly=True)


def test_two_processes_enter_in_turn(tmp_path: Path) -> None:
    async def scenario(store: SqliteEventStore) -> None:
        beside = await SqliteEventStore.open_beside(tmp_path / "store.db")
        other = beside.ledger
        try:
            appends = [
                (store.ledger if n % 2 else other).append([action(f"a.{n}")]) for n in range(60)
            ]
            await asyncio.gather(*appends)

            assert await numbers(other, after=0) == list(range(1, 61))
        finally:
            await beside.close()

    use(tmp_path / "store.db", scenario)


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"none\.db"):
        asyncio.run(SqliteEventStore.open_beside(tmp_path / "none.db"))

    assert not (tmp_path / "none.db").exists()


def test_a_ledger_of_a_newer_release_is_left_alone(tmp_path: Path) -> None:
    async def add(store: SqliteEventStore) -> None:
        await enter(store.ledger, action())

    async def refused(store: SqliteEventStore) -> None:
        with pytest.raises(CorruptLog, match="format 2, and this release reads format 1"):
            await store.ledger.append([action()])

    use(tmp_path / "store.db", add)
    with closing(sqlite3.connect(tmp_path / "store.db")) as connection:
        connection.execute("UPDATE ledger_format SET number = 2")
        connection.commit()
    use(tmp_path / "store.db", refused)


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (EntryQuery(), "SCAN ledger"),
        (EntryQuery(after=5), "INTEGER PRIMARY KEY"),
        (EntryQuery(tenant="a"), "ledger_of_tenant"),
        (EntryQuery(tenant="a", actor="user:ann"), "ledger_by_actor"),
        (EntryQuery(tenant="a", actions=("user.add",)), "ledger_by_action"),
        (EntryQuery(tenant="a", kind="user", target="x"), "ledger_by_target"),
        (EntryQuery(since_ms=5), "ledger_by_time"),
    ],
)
def test_each_filter_has_an_index_that_gives_the_entries_in_their_order(
    tmp_path: Path, query: EntryQuery, index: str
) -> None:
    asked: list[str] = []

    async def scenario(store: SqliteEventStore) -> None:
        await enter(store.ledger, action())
        reads = store.ledger._reads

        def plan(connection: sqlite3.Connection) -> None:
            statements: list[str] = []
            connection.set_trace_callback(statements.append)
            list_entries(connection, query)
            connection.set_trace_callback(None)
            (sql,) = [one for one in statements if "body" in one]
            asked.extend(row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}"))

        await reads.run(plan)

    use(tmp_path / "store.db", scenario)

    assert index in asked[0]
    if query.since_ms is None:
        assert len(asked) == 1, "nothing is sorted"


def test_both_ledgers_give_the_same_answers(tmp_path: Path) -> None:
    chance = random.Random(5)

    def any_change() -> Change:
        target, tenant = chance.choice("abcd"), chance.choice(["acme", "rival"])
        facts = {"tenant": tenant, "at_ms": NOW_MS + chance.randrange(50)}
        if chance.random() < 0.3:
            return action(chance.choice(["a.x", "a.y"]), target=target, **facts)
        value = None if chance.random() < 0.25 else {"n": chance.choice([1, 1.5, "π", None])}
        return change(
            target,
            value,
            name=chance.choice(["", "", "ann", "bob", target]),
            expected=chance.choice([None, None, None, 0, 1, 2]),
            private=chance.choice([b"", b"", b"\x00x"]),
            **facts,
        )

    async def answer(ledger: Ledger, changes: list[Change], query: EntryQuery) -> object:
        try:
            made: object = await ledger.append(changes)
        except Rejected as error:
            made = str(error)
        records = await ledger.records(RecordQuery())
        return made, await ledger.entries(query), records, await ledger.digest()

    async def scenario(store: SqliteEventStore) -> None:
        memory, ledger = MemoryLedger(), store.ledger
        for _ in range(300):
            changes = [any_change() for _ in range(chance.randrange(1, 4))]
            query = EntryQuery(
                tenant=chance.choice([None, "acme", "rival"]),
                actions=chance.choice([(), ("a.x",), ("a.x", "user.set")]),
                target=chance.choice(["", "", "a"]),
                since_ms=chance.choice([None, NOW_MS + 20]),
                before=chance.choice([None, chance.randrange(100)]),
                limit=20,
            )
            assert await answer(ledger, changes, query) == await answer(memory, changes, query)

    use(tmp_path / "store.db", scenario)


def test_what_another_process_changed_is_in_the_next_answer(tmp_path: Path) -> None:
    file = tmp_path / "store.db"

    async def scenario(store: SqliteEventStore) -> None:
        ledger, query = store.ledger, RecordQuery(tenant="acme", kind="user")
        await ledger.append([change("a", {"n": 1}, tenant="acme")])
        assert [record.value for record in await ledger.records(query)] == [{"n": 1}]
        assert await ledger.records(query) is await ledger.records(query)

        beside = await SqliteEventStore.open_beside(file)
        await beside.ledger.append([change("a", {"n": 2}, tenant="acme")])
        await beside.close()

        assert [record.value for record in await ledger.records(query)] == [{"n": 2}]

    use(file, scenario)
