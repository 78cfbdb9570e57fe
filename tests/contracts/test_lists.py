"""Lists of sessions: the quick way of a prepared file finds what looking at each one finds."""

import asyncio
import sqlite3
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenuto.adapters.memory import MemoryEventStore
from tenuto.adapters.sqlite import SqliteEventStore
from tenuto.adapters.tables.conditions import beyond
from tenuto.core.vocabulary import SessionId
from tenuto.ports.event_store import EventStore, HeadQuery
from tenuto.testing.contracts import EventStoreContract
from tenuto.testing.contracts.event_store.case import head_of, more, start


class TestPreparedSqliteEventStore(EventStoreContract):
    folder: Path

    @pytest.fixture(autouse=True)
    def make_folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    async def open_store(self) -> EventStore:
        store = await SqliteEventStore.open(self.folder / "store.db", durability="wal")
        await store.lists.prepare()
        return store


names = st.sampled_from(["", "a", "ab", "abc", "b", "ba", "é"])
moments = st.integers(0, 8)
kinds = st.lists(st.sampled_from(["approval", "signal", "timer"]), max_size=2, unique=True)
statuses = st.sampled_from(["running", "waiting", "completed", "failed"])
sessions = st.lists(
    st.fixed_dictionaries(
        {
            "tenant": st.sampled_from(["x", "x", "y"]),
            "user": names,
            "workflow": names,
            "status": statuses,
            "started_ms": moments,
            "waits_for": kinds.map(sorted).map(tuple),
            "key": st.booleans(),
            "below": st.booleans(),
        }
    ),
    max_size=25,
)
queries = st.fixed_dictionaries(
    {"tenant": st.sampled_from(["x", "y", "z"]), "limit": st.integers(0, 6)},
    optional={
        "user": names,
        "workflow": names,
        "statuses": st.lists(statuses, max_size=3).map(tuple),
        "waits_for": kinds.map(tuple),
        "roots": st.booleans(),
        "since_ms": moments,
        "until_ms": moments,
        "text": names,
        "prefix": names,
        "before": st.integers(0, 26),
    },
)


def ids_of(count: int) -> list[SessionId]:
    """Return ids with beginnings in common, in no order."""
    return [SessionId(f"{'ab'[n % 2]}{'abc'[n % 3]}{n}") for n in range(count)]


async def fill(store: EventStore, rows: list[dict[str, Any]]) -> None:
    ids = ids_of(len(rows))
    for n, (id_, row) in enumerate(zip(ids, rows, strict=True)):
        facts = {**row, "key": f"{'ab'[n % 2]}-{n}" if row["key"] else None}
        facts["parent"] = ids[0] if facts.pop("below") and n else None
        await store.append(start(id_, **{**facts, "status": "pending"}))
        # Lists follow a change of status.
        head = head_of(id_, **facts)
        await store.append(more(id_, 1, head=head))


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(rows=sessions, asked=st.lists(queries, min_size=1, max_size=12))
def test_a_prepared_file_gives_the_lists_that_memory_gives(
    rows: list[dict[str, Any]], asked: list[dict[str, Any]]
) -> None:
    async def main(folder: str) -> None:
        plain = MemoryEventStore()
        bare = await SqliteEventStore.open(f"{folder}/bare.db", durability="wal")
        ready = await SqliteEventStore.open(f"{folder}/ready.db", durability="wal")
        await ready.lists.prepare()
        for store in (plain, bare, ready):
            await fill(store, rows)
        ids = [*ids_of(len(rows)), SessionId("nobody")]
        for query in asked:
            before = query.get("before")
            given = {**query, "before": ids[before % len(ids)]} if before is not None else query
            question = msgspec.structs.replace(HeadQuery(), **given)
            wanted = await plain.heads(question)
            assert await ready.heads(question) == wanted
            with pytest.MonkeyPatch.context() as patch:
                # As if what there is were very much.
                for name, bound in (("FEW", 1), ("NEWEST", 2), ("LIGHT", 3)):
                    patch.setattr(f"tenuto.adapters.sqlite.lists.{name}", bound)
                assert await ready.heads(question) == wanted
            assert await bare.heads(question) == wanted
            count = await plain.lists.count(question, at_most=3)
            assert await ready.lists.count(question, at_most=3) == count
            assert await bare.lists.count(question, at_most=3) == count
        for store in (plain, bare, ready):
            await store.close()

    with TemporaryDirectory() as folder:
        asyncio.run(main(folder))


def test_many_with_one_beginning_are_found_as_few_are(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tenuto.adapters.sqlite.lists.FEW", 2)

    async def main() -> None:
        store = await SqliteEventStore.open(tmp_path / "test.db", durability="wal")
        await store.lists.prepare()
        for n in range(20):
            name = SessionId(f"{'ab'[n // 10]}{n}")
            await store.append(start(name, key=f"k{n}", tenant="x", workflow="w"))

        async def listed(**query: Any) -> list[str]:
            return [head.session for head in await store.heads(HeadQuery(tenant="x", **query))]

        assert await listed(prefix="a", limit=3) == ["a9", "a8", "a7"]
        assert await listed(text="a", limit=3) == ["a9", "a8", "a7"]
        assert await listed(text="k", limit=3) == ["b19", "b18", "b17"]
        assert await listed(text="k1", before=SessionId("b12")) == ["b11", "b10", "a1"]
        await store.close()

    asyncio.run(main())


def test_only_who_shows_lists_pays_for_them(tmp_path: Path) -> None:
    def indexes() -> int:
        connection = sqlite3.connect(tmp_path / "test.db")
        found = connection.execute(
            "SELECT count(*) FROM sqlite_master WHERE type = 'index' AND name LIKE 'sessions_list%'"
        ).fetchone()
        connection.close()
        return int(found[0])

    async def main() -> None:
        store = await SqliteEventStore.open(tmp_path / "test.db")
        before = indexes()
        await store.lists.prepare()
        await store.lists.prepare()
        await store.close()

        assert (before, indexes()) == (0, 8)

    asyncio.run(main())


def test_a_count_says_when_there_are_more(tmp_path: Path) -> None:
    async def main() -> None:
        store = await SqliteEventStore.open(tmp_path / "test.db")
        for n in range(5):
            await store.append(start(SessionId(f"s{n}")))
        exact = await store.lists.count(HeadQuery(tenant="local"))
        least = await store.lists.count(HeadQuery(tenant="local"), at_most=4)
        await store.close()

        assert (exact.count, exact.is_exact) == (5, True)
        assert (least.count, least.is_exact) == (4, False)

    asyncio.run(main())


@given(st.text(min_size=1), st.text())
def test_the_end_of_a_range_is_after_all_that_begin_so(text: str, rest: str) -> None:
    end = beyond(text)

    assert not end or text + rest < end
    assert not end or not end.startswith(text)
