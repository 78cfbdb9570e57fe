"""Starts: ids and idempotency keys."""

from tenuto.core.errors import NotFound, Stale
from tenuto.core.vocabulary import SessionId, Version
from tenuto.ports.event_store import EventStore, HeadQuery
from tenuto.testing.contracts.event_store.case import (
    A,
    B,
    C,
    StoreCase,
    head_of,
    more,
    refusal,
    start,
    write,
    write_at_once,
)


class Starting(StoreCase):
    """What a commit with a head does for a session that the store does not know."""

    def test_a_start_makes_a_session(self) -> None:
        async def scenario(store: EventStore) -> None:
            position = await store.append(start(A, count=3, payload=b"\x00three", user="ann"))

            stored = await store.load(A)
            assert position == 3
            assert stored.version == 3
            assert stored.head == head_of(A, user="ann")
            assert [commit.payload for commit in stored.commits] == [b"\x00three"]

        self.check(scenario)

    def test_a_start_without_events_makes_a_session_of_version_0(self) -> None:
        async def scenario(store: EventStore) -> None:
            await store.append(start(A, count=0, payload=b""))

            assert (await store.load(A)).version == 0
            assert await store.read() == ()
            assert await store.append(more(A, 0)) == 1

        self.check(scenario)

    def test_an_id_is_taken_once(self) -> None:
        async def scenario(store: EventStore) -> None:
            await write(store, start(A), more(A, 1))

            error = await refusal(store.append(start(A, user="other")))

            assert isinstance(error, Stale)
            assert (error.session, error.expected, error.found) == (A, 0, 2)
            assert (await store.load(A)).head.user == ""

        self.check(scenario)

    def test_a_key_is_taken_once_and_the_error_names_the_session_that_has_it(self) -> None:
        async def scenario(store: EventStore) -> None:
            await write(store, start(A, key="order-17"), more(A, 1))

            error = await refusal(store.append(start(B, key="order-17")))

            assert isinstance(error, Stale)
            assert (error.session, error.expected, error.found) == (A, 0, 2)
            assert isinstance(await refusal(store.append(more(B, 1))), NotFound)
            assert [head.session for head in await store.heads(HeadQuery())] == [A]

        self.check(scenario)

    def test_of_two_starts_with_one_key_queued_together_the_first_wins(self) -> None:
        async def scenario(store: EventStore) -> None:
            answers = await write_at_once(store, start(A, key="k"), start(B, key="k"), start(C))

            assert answers[0] == 1
            assert isinstance(answers[1], Stale)
            assert answers[2] == 2

        self.check(scenario)

    def test_a_start_refused_for_its_key_may_be_made_with_another(self) -> None:
        async def scenario(store: EventStore) -> None:
            await write_at_once(store, start(A, key="k"), start(B, key="k"))

            await store.append(start(B, key="other"))

            assert (await store.load(B)).head.key == "other"

        self.check(scenario)

    def test_each_tenant_has_keys_of_its_own(self) -> None:
        async def scenario(store: EventStore) -> None:
            commits = [start(A, key="k", tenant="x"), start(B, key="k", tenant="y")]

            assert await write(store, *commits) == [1, 2]

        self.check(scenario)

    def test_without_a_key_nothing_is_shared(self) -> None:
        async def scenario(store: EventStore) -> None:
            assert await write(store, start(A), start(B), start(C)) == [1, 2, 3]

        self.check(scenario)

    def test_an_append_to_an_unknown_session_without_a_head_is_refused(self) -> None:
        async def scenario(store: EventStore) -> None:
            for expected in (0, 5):
                error = await refusal(store.append(more(A, expected)))

                assert isinstance(error, NotFound)
                assert error.name == A

        self.check(scenario)

    def test_a_start_that_expects_events_is_stale_unless_it_is_a_fork(self) -> None:
        async def scenario(store: EventStore) -> None:
            error = await refusal(store.append(more(A, 4, head=head_of(A))))

            assert isinstance(error, Stale)
            assert (error.session, error.expected, error.found) == (A, 4, 0)

        self.check(scenario)

    def test_what_a_start_fixes_is_fixed(self) -> None:
        async def scenario(store: EventStore) -> None:
            await store.append(start(A, key="k", tenant="x", parent=SessionId("p")))
            changed = head_of(A, key="other", tenant="y", parent=None, started_ms=9, user="ann")

            await store.append(more(A, 1, head=changed))

            head = (await store.load(A)).head
            assert (head.key, head.tenant, head.parent, head.started_ms) == ("k", "x", "p", 1_000)
            assert head.user == "ann"

        self.check(scenario)

    def test_ids_and_keys_are_compared_character_by_character(self) -> None:
        async def scenario(store: EventStore) -> None:
            names = ["Straße", "STRASSE", "a'b", 'a"b', "a%b", "ａ", "é", "e\u0301", " ", "a\nb"]
            sessions = [SessionId(name) for name in names]

            await write_at_once(store, *[start(name, key=name) for name in sessions])

            for name in sessions:
                assert (await store.load(name)).head.key == name
                assert (await store.load(name)).version == Version(1)

        self.check(scenario)
