"""Loads and reads: what was written comes back, from anywhere on."""

from tenuto.core.errors import NotFound, TenutoError
from tenuto.core.vocabulary import SessionId, Version
from tenuto.ports.event_store import EventStore, StoredSession
from tenuto.testing.contracts.event_store.case import (
    A,
    B,
    StoreCase,
    more,
    snapshot,
    spans,
    start,
    write,
)


async def load_error(store: EventStore, session: SessionId, at: int | None) -> TenutoError:
    try:
        await store.load(session, at=None if at is None else Version(at))
    except TenutoError as error:
        return error
    raise AssertionError(f"{session!r} was loaded at {at}")


def folded(stored: StoredSession) -> tuple[int, list[tuple[str, int, int]]]:
    """Return the snapshot's version (0: none) and the spans of the commits."""
    begin = 0 if stored.snapshot is None else stored.snapshot.version
    return begin, spans(stored.commits)


class Reading(StoreCase):
    """What `load` and `read` return."""

    def test_a_load_returns_all_commits_of_the_session_in_order(self) -> None:
        async def scenario(store: EventStore) -> None:
            await write(store, start(A), start(B), more(A, 1, count=3), more(B, 1), more(A, 4))

            stored = await store.load(A)

            assert stored.version == 5
            assert folded(stored) == (0, [(A, 1, 1), (A, 2, 4), (A, 5, 5)])
            assert [commit.position for commit in stored.commits] == [1, 5, 7]
            assert [commit.at_ms for commit in stored.commits] == [1_000, 2_000, 2_000]

        self.check(scenario)

    def test_a_load_at_a_version_returns_what_folds_to_it(self) -> None:
        async def scenario(store: EventStore) -> None:
            await write(store, start(A), more(A, 1, count=3), more(A, 4), more(A, 5, count=2))

            loaded = {at: await store.load(A, at=Version(at)) for at in range(8)}

            assert loaded[0].commits == ()
            assert spans(loaded[1].commits) == [(A, 1, 1)]
            for at in (2, 3, 4):
                assert spans(loaded[at].commits) == [(A, 1, 1), (A, 2, 4)]
            assert spans(loaded[5].commits) == [(A, 1, 1), (A, 2, 4), (A, 5, 5)]
            assert loaded[7].commits == (await store.load(A)).commits
            assert {stored.version for stored in loaded.values()} == {7}

        self.check(scenario)

    def test_what_does_not_exist_is_not_found(self) -> None:
        async def scenario(store: EventStore) -> None:
            await store.append(start(A, count=2))

            assert isinstance(await load_error(store, B, None), NotFound)
            assert isinstance(await load_error(store, B, 1), NotFound)
            assert isinstance(await load_error(store, A, 3), NotFound)
            assert isinstance(await load_error(store, A, -1), NotFound)

        self.check(scenario)

    def test_a_load_begins_with_the_snapshot(self) -> None:
        async def scenario(store: EventStore) -> None:
            await write(store, start(A), more(A, 1, count=3, snapshot=snapshot(4)), more(A, 4))

            stored = await store.load(A)

            assert stored.snapshot == snapshot(4)
            assert folded(stored) == (4, [(A, 5, 5)])

        self.check(scenario)

    def test_the_first_commit_may_begin_before_the_end_of_the_snapshot(self) -> None:
        async def scenario(store: EventStore) -> None:
            await write(store, start(A), more(A, 1, count=3, snapshot=snapshot(2)))

            assert folded(await store.load(A)) == (2, [(A, 2, 4)])

        self.check(scenario)

    def test_a_snapshot_replaces_the_one_before(self) -> None:
        async def scenario(store: EventStore) -> None:
            await write(store, start(A, count=5), more(A, 5, snapshot=snapshot(3, b"old" * 999)))

            await store.append(more(A, 6, count=0, payload=b"", snapshot=snapshot(6, b"new")))

            stored = await store.load(A)
            assert stored.snapshot == snapshot(6, b"new")
            assert stored.commits == ()
            assert folded(await store.load(A, at=Version(5))) == (0, [(A, 1, 5)])

        self.check(scenario)

    def test_a_snapshot_beyond_the_version_asked_for_is_not_used(self) -> None:
        async def scenario(store: EventStore) -> None:
            await write(store, start(A), more(A, 1), more(A, 2, snapshot=snapshot(3)), more(A, 3))

            assert folded(await store.load(A, at=Version(2))) == (0, [(A, 1, 1), (A, 2, 2)])
            assert folded(await store.load(A, at=Version(3))) == (3, [])
            assert folded(await store.load(A, at=Version(4))) == (3, [(A, 4, 4)])

        self.check(scenario)

    def test_reads_of_a_session_page_through_its_log(self) -> None:
        async def scenario(store: EventStore) -> None:
            await write(store, start(A, count=2), start(B))
            await write(store, *[more(A, version) for version in range(2, 12)])

            pages = []
            after = 0
            while page := await store.read(session=A, after=after, limit=4):
                pages.append(spans(page))
                after = page[-1].version

            assert [len(page) for page in pages] == [4, 4, 3]
            read = [span for page in pages for span in page]
            assert read == [(A, 1, 2), *[(A, v, v) for v in range(3, 13)]]

        self.check(scenario)

    def test_a_read_from_within_a_commit_begins_with_that_commit(self) -> None:
        async def scenario(store: EventStore) -> None:
            await write(store, start(A, count=2), start(B, count=3), more(A, 2))

            assert spans(await store.read(session=A, after=1)) == [(A, 1, 2), (A, 3, 3)]
            assert spans(await store.read(session=A, after=2)) == [(A, 3, 3)]
            assert spans(await store.read(after=3)) == [(B, 1, 3), (A, 3, 3)]
            assert spans(await store.read(after=5)) == [(A, 3, 3)]

        self.check(scenario)

    def test_a_read_of_all_is_in_the_order_of_positions(self) -> None:
        async def scenario(store: EventStore) -> None:
            await write(store, start(A), start(B), more(B, 1, count=2), more(A, 1))

            stored = await store.read()

            assert spans(stored) == [(A, 1, 1), (B, 1, 1), (B, 2, 3), (A, 2, 2)]
            assert [commit.position for commit in stored] == [1, 2, 4, 5]
            assert spans(await store.read(limit=2)) == [(A, 1, 1), (B, 1, 1)]

        self.check(scenario)

    def test_a_read_beyond_the_end_is_empty(self) -> None:
        async def scenario(store: EventStore) -> None:
            await store.append(start(A))

            assert await store.read(after=1) == ()
            assert await store.read(session=A, after=1) == ()
            assert await store.read(session=B) == ()

        self.check(scenario)

    def test_what_was_acknowledged_is_read(self) -> None:
        async def scenario(store: EventStore) -> None:
            await store.append(start(A))
            for version in range(1, 50):
                position = await store.append(more(A, version))

                assert (await store.load(A)).version == version + 1
                assert (await store.read(after=position - 1))[0].version == version + 1

        self.check(scenario)
