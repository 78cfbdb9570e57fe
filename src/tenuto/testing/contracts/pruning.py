"""What every store that can be pruned must do, in the words of `tenuto.ports.pruning`."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Final

from tenuto.core.audit.checkpoints import commit_leaf
from tenuto.core.errors import NotFound, TenutoError
from tenuto.core.vocabulary import Digest, SessionId, Version
from tenuto.ports.artifacts import Artifacts
from tenuto.ports.event_store import Commit, EventStore, HeadQuery, StoredCommit
from tenuto.ports.pruning import PruneQuery, Pruning
from tenuto.testing.contracts.event_store.case import (
    A,
    B,
    C,
    StoreCase,
    first,
    fork,
    head_of,
    more,
    refusal,
    snapshot,
    start,
    write,
)

NEWEST: Final = SessionId("z")
"""One that came later than all others: the newest session always stays."""
LONG_AGO: Final = PruneQuery(ended_before_ms=5_000)


SOME_DAY_MS: Final = 1 << 60


def reference(digest: Digest) -> bytes:
    """Return how an event refers to an artifact: a MessagePack extension."""
    return b"\xc7\x20\x01" + bytes.fromhex(digest)


def ended(
    session: SessionId,
    *,
    at_ms: int = 2_000,
    count: int = 1,
    payload: bytes = b"all",
    **head: object,
) -> Commit:
    """Return the commit of a session that ends as soon as it starts."""
    over = {"status": "completed", "active": False, "updated_ms": at_ms}
    return start(session, count=count, payload=payload, **over, **head)


async def pruned(pruning: Pruning, query: PruneQuery = LONG_AGO) -> list[str]:
    """Prune to the end; return which sessions went, in their order."""
    gone: list[str] = []
    while (found := await pruning.find(query)).sessions:
        removed = await pruning.remove(found, found.sessions)
        assert removed, "nobody starts anything meanwhile"
        gone += [one.session for one in removed]
    while await pruning.sweep():
        pass
    return gone


def leaves_of(commits: Sequence[StoredCommit]) -> list[bytes]:
    """Return what an audit has of the commits."""
    return [
        one.payload
        if one.is_pruned
        else commit_leaf(
            (one.session, one.version, one.position, one.count, one.at_ms), one.payload
        )
        for one in commits
    ]


async def listed(store: EventStore) -> list[SessionId]:
    """Return the ids of all sessions, the oldest first."""
    return [head.session for head in await store.heads(HeadQuery())][::-1]


class PruningContract(StoreCase):
    """The whole suite. Subclass it and say how to open an empty store."""

    @abstractmethod
    def pruning_of(self, store: EventStore) -> Pruning:
        """Return what prunes the store."""

    @abstractmethod
    def artifacts_of(self, store: EventStore) -> Artifacts:
        """Return the artifacts that are kept with the store."""

    def test_an_artifact_goes_with_the_last_event_that_refers_to_it(self) -> None:
        async def scenario(store: EventStore) -> None:
            pruning, artifacts = self.pruning_of(store), self.artifacts_of(store)
            texts = [name + size * b"x" for name in (b"one", b"two") for size in (10, 200_000)]
            digests = [await artifacts.put(text) for text in texts]
            all_of_them = b"".join(map(reference, digests))
            gone, shared = digests[:2], digests[2:]
            await write(store, ended(A, payload=b"of a" + all_of_them))
            await write(store, start(B, payload=b"of b" + b"".join(map(reference, shared))))
            assert await pruned(pruning) == [A]

            # Not yet, and then once.
            assert await pruning.drop_artifacts(left_before_ms=0) == 0
            assert await pruning.drop_artifacts(left_before_ms=SOME_DAY_MS) == 4
            assert await pruning.drop_artifacts(left_before_ms=SOME_DAY_MS) == 0

            assert [artifacts.get(digest) for digest in shared] == texts[2:]
            for digest, text in zip(gone, texts, strict=False):
                assert _is_gone(artifacts, digest)
                assert await artifacts.put(text) == digest
                assert artifacts.get(digest) == text

        self.check(scenario)

    def test_an_artifact_that_is_stored_again_before_its_event_comes_stays(self) -> None:
        async def scenario(store: EventStore) -> None:
            pruning, artifacts = self.pruning_of(store), self.artifacts_of(store)
            for size in (10, 200_000):
                text = b"x" * size
                digest = await artifacts.put(text)
                session, after = SessionId(f"s{size}"), SessionId(f"t{size}")
                await write(store, ended(session, payload=reference(digest)), start(after))
                assert await pruned(pruning) == [session]

                assert await artifacts.put(text) == digest

                assert await pruning.drop_artifacts(left_before_ms=SOME_DAY_MS) == 0
                assert artifacts.get(digest) == text

        self.check(scenario)

    def test_sessions_that_ended_long_ago_go_and_the_others_stay(self) -> None:
        async def scenario(store: EventStore) -> None:
            await write(
                store,
                *(ended(A), start(B), ended(C, at_ms=6_000)),
                start(SessionId("w"), status="waiting", active=False),
                start(SessionId("p"), status="paused", active=False),
                start(NEWEST),
            )

            assert await pruned(self.pruning_of(store)) == [A]
            assert await listed(store) == [B, C, "w", "p", NEWEST]
            assert await pruned(self.pruning_of(store)) == []

        self.check(scenario)

    def test_a_session_that_is_gone_is_as_if_it_had_never_been(self) -> None:
        async def scenario(store: EventStore) -> None:
            await write(store, ended(A, count=2, key="k"), more(A, 2, snapshot=snapshot(2)))
            await write(store, start(NEWEST))
            await pruned(self.pruning_of(store))

            assert await store.read(session=A) == ()
            assert isinstance(await _load_error(store, A), NotFound)
            assert isinstance(await refusal(store.append(more(A, 3))), NotFound)
            assert isinstance(await refusal(store.append(fork(B, A, 1))), NotFound)
            # Its key, and its id too, may be taken again.
            await store.append(start(A, key="k"))
            loaded = await store.load(A)
            assert (loaded.version, loaded.snapshot) == (1, None)

        self.check(scenario)

    def test_positions_keep_their_order_and_have_no_gap(self) -> None:
        async def scenario(store: EventStore) -> None:
            await write(store, start(B), ended(A, count=3), more(B, 1), start(NEWEST))
            before = await store.read()
            await pruned(self.pruning_of(store))

            after = await store.read()

            assert (
                [one.position for one in after] == [one.position for one in before] == [1, 4, 5, 6]
            )
            assert [one.count for one in after] == [1, 3, 1, 1]
            assert [one.is_pruned for one in after] == [False, True, False, False]
            assert [one for one in after if not one.is_pruned] == [before[0], *before[2:]]
            assert after[1].session == ""
            assert await first(store.follow(after=2), 3) == list(after[1:])
            assert await store.append(more(B, 2)) == 7

        self.check(scenario)

    def test_what_an_audit_knows_of_the_log_stays_the_same(self) -> None:
        async def scenario(store: EventStore) -> None:
            await write(store, ended(A, count=3), start(B), more(A, 3), start(NEWEST))
            pruning, before = self.pruning_of(store), leaves_of(await store.read())

            found = await pruning.find(LONG_AGO)
            await pruning.remove(found, found.sessions)
            # In between, too.
            assert leaves_of(await store.read()) == before
            assert [one.is_pruned for one in await store.read()] == [True, False, True, False]
            while await pruning.sweep():
                pass

            assert leaves_of(await store.read()) == before

        self.check(scenario)

    def test_an_origin_goes_only_after_the_last_of_its_forks(self) -> None:
        async def scenario(store: EventStore) -> None:
            pruning = self.pruning_of(store)
            forked = fork(B, A, 1)
            await write(store, ended(A, count=2), forked, start(NEWEST))
            assert await pruned(pruning) == []
            assert len((await store.load(B)).commits) == 2

            over = head_of(B, status="completed", active=False, origin=A, origin_version=Version(1))
            await write(store, more(B, 2, head=over))

            assert await pruned(pruning) == [B, A]

        self.check(scenario)

    def test_a_fork_that_is_made_after_the_look_keeps_its_origin(self) -> None:
        async def scenario(store: EventStore) -> None:
            pruning = self.pruning_of(store)
            await write(store, ended(A), start(NEWEST))
            found = await pruning.find(LONG_AGO)
            await write(store, fork(B, A, 1))

            assert await pruning.remove(found, found.sessions) == ()
            assert len((await store.load(B)).commits) == 2

        self.check(scenario)

    def test_a_child_goes_only_after_its_parent(self) -> None:
        async def scenario(store: EventStore) -> None:
            pruning = self.pruning_of(store)
            await write(store, start(A), ended(B, parent=A), start(NEWEST))
            assert await pruned(pruning) == []

            await write(store, more(A, 1, head=head_of(A, status="failed", active=False)))

            assert await pruned(pruning) == [A, B]

        self.check(scenario)

    def test_only_sessions_of_the_tenants_that_are_meant_go(self) -> None:
        async def scenario(store: EventStore) -> None:
            await write(
                store,
                *(ended(A, tenant="one"), ended(B, tenant="two"), ended(C, tenant="three")),
                start(NEWEST),
            )
            pruning = self.pruning_of(store)

            of_one = PruneQuery(ended_before_ms=5_000, tenant="one")
            assert await pruned(pruning, of_one) == [A]
            assert await pruned(pruning, PruneQuery(ended_before_ms=5_000, but=("two",))) == [C]
            assert await listed(store) == [B, NEWEST]

        self.check(scenario)

    def test_a_long_session_goes_in_steps_and_each_may_be_the_last_for_now(self) -> None:
        async def scenario(store: EventStore) -> None:
            await store.append(ended(A))
            for version in range(1, 450):
                await store.append(more(A, version))
            await write(store, start(NEWEST))
            pruning, before = self.pruning_of(store), leaves_of(await store.read())
            found = await pruning.find(LONG_AGO)
            await pruning.remove(found, found.sessions)

            steps = 0
            while swept := await pruning.sweep():
                steps += 1
                assert swept <= 250
                assert leaves_of(await store.read()) == before

            assert steps >= 2

        self.check(scenario)


def _is_gone(artifacts: Artifacts, digest: Digest) -> bool:
    try:
        artifacts.get(digest)
    except NotFound:
        return True
    return False


async def _load_error(store: EventStore, session: SessionId) -> TenutoError:
    try:
        await store.load(session)
    except TenutoError as error:
        return error
    raise AssertionError(f"{session!r} was loaded")
