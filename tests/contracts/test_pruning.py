"""A file is pruned as every store is; the suite for a schema is in `test_postgres`."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenuto.adapters.sqlite import SqliteEventStore
from tenuto.core.vocabulary import SessionId, Version
from tenuto.ports.artifacts import Artifacts
from tenuto.ports.event_store import Commit, EventStore, HeadQuery
from tenuto.ports.pruning import PruneQuery, Pruning
from tenuto.testing.contracts import PruningContract
from tenuto.testing.contracts.event_store.case import head_of, write
from tenuto.testing.contracts.pruning import leaves_of, pruned


class TestSqlitePruning(PruningContract):
    folder: Path

    @pytest.fixture(autouse=True)
    def make_folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    async def open_store(self) -> EventStore:
        return await SqliteEventStore.open(self.folder / "store.db", durability="wal")

    def pruning_of(self, store: EventStore) -> Pruning:
        assert isinstance(store, SqliteEventStore)
        return store.pruning

    def artifacts_of(self, store: EventStore) -> Artifacts:
        assert isinstance(store, SqliteEventStore)
        return store.artifacts


SESSIONS = st.lists(
    st.tuples(
        st.sampled_from(["completed", "failed", "running", "waiting"]),
        st.sampled_from(["one", "two"]),
        # What it stands on, if anything: how, and which of the sessions before it.
        st.sampled_from(["alone", "child", "fork"]),
        st.integers(0, 9),
        st.integers(1, 4),
        st.booleans(),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=40, deadline=None)
@given(made=SESSIONS, tenant=st.sampled_from([None, "one"]))
def test_whatever_stands_on_whatever_nothing_that_is_left_misses_anything(
    tmp_path_factory: pytest.TempPathFactory, made: list[Any], tenant: str | None
) -> None:
    commits: list[Commit] = []
    for n, (status, whose, how, other, count, is_old) in enumerate(made):
        head = head_of(
            SessionId(f"s{n:02}"),
            status=status,
            active=status == "running",
            tenant=whose,
            updated_ms=1_000 if is_old else 9_000,
        )
        if n and how == "child":
            head = msgspec.structs.replace(head, parent=SessionId(f"s{other % n:02}"))
        elif n and how == "fork":
            head = msgspec.structs.replace(
                head, origin=SessionId(f"s{other % n:02}"), origin_version=Version(1)
            )
        commits.append(
            Commit(
                session=head.session,
                expected=head.origin_version,
                count=count,
                payload=b"all",
                at_ms=1_000,
                head=head,
            )
        )

    async def main() -> None:
        folder = tmp_path_factory.mktemp("pruned")
        store = await SqliteEventStore.open(folder / "store.db", durability="wal")
        try:
            await write(store, *commits)
            logs = {one.session: await store.load(one.session) for one in commits}
            before = await store.read()
            query = PruneQuery(ended_before_ms=5_000, tenant=tenant)

            gone = set(await pruned(store.pruning, query))

            heads = {head.session: head for head in await store.heads(HeadQuery(limit=1_000))}
            assert heads.keys() == logs.keys() - gone
            for session in heads:
                assert await store.load(session) == logs[session]
            for session in gone:
                head = logs[session].head
                assert head.status in ("completed", "failed") and head.updated_ms < 5_000
                assert tenant in (None, head.tenant)
            after = await store.read()
            assert [(c.position, c.count) for c in after] == [(c.position, c.count) for c in before]
            assert leaves_of(after) == leaves_of(before)
            kept = [c for c in before if c.session not in gone]
            assert [c for c in after if not c.is_pruned] == kept
        finally:
            await store.close()

    asyncio.run(main())
