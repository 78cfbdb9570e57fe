"""The mailbox: inputs from other processes to the owner of a file."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tenuto.adapters.sqlite import SqliteEventStore, SqliteMailbox
from tenuto.adapters.tables import mailbox
from tenuto.core.errors import NotFound
from tenuto.core.vocabulary import SessionId
from tenuto.testing.contracts.event_store.case import A, B, start, write_at_once

Use = Callable[[SqliteEventStore, SqliteMailbox], Awaitable[None]]


def use(file: Path, scenario: Use) -> None:
    async def main() -> None:
        store = await SqliteEventStore.open(file)
        outside = SqliteMailbox(file)
        try:
            await scenario(store, outside)
        finally:
            outside.close()
            await store.close()

    asyncio.run(main())


def test_letters_are_taken_in_order_and_answered(tmp_path: Path) -> None:
    async def scenario(store: SqliteEventStore, outside: SqliteMailbox) -> None:
        inbox = store.inbox
        assert await inbox.take() == []
        first, second = outside.post(A, b"pause"), outside.post(B, b"cancel")

        assert await inbox.take() == [(first, A, b"pause"), (second, B, b"cancel")]
        assert await inbox.take() == []
        assert outside.answer(first) is None
        await inbox.settle(first, b"done")

        assert outside.answer(first) == b"done"
        assert outside.answer(second) is None

    use(tmp_path / "store.db", scenario)


def test_a_letter_that_was_not_settled_is_taken_again_by_the_next_owner(tmp_path: Path) -> None:
    letters: list[int] = []

    async def crash(store: SqliteEventStore, outside: SqliteMailbox) -> None:
        letters.extend([outside.post(A, b"1"), outside.post(A, b"2")])
        inbox = store.inbox
        assert len(await inbox.take()) == 2
        await inbox.settle(letters[0], b"done")

    async def next_owner(store: SqliteEventStore, outside: SqliteMailbox) -> None:
        assert await store.inbox.take() == [(letters[1], A, b"2")]

    use(tmp_path / "store.db", crash)
    use(tmp_path / "store.db", next_owner)


def test_a_letter_may_be_posted_while_there_is_no_owner(tmp_path: Path) -> None:
    async def nothing(store: SqliteEventStore, outside: SqliteMailbox) -> None:
        pass

    use(tmp_path / "store.db", nothing)
    outside = SqliteMailbox(tmp_path / "store.db")
    letter = outside.post(A, b"later")
    outside.close()

    async def scenario(store: SqliteEventStore, outside: SqliteMailbox) -> None:
        assert await store.inbox.take() == [(letter, A, b"later")]

    use(tmp_path / "store.db", scenario)


def test_letters_and_appends_do_not_disturb_each_other(tmp_path: Path) -> None:
    async def scenario(store: SqliteEventStore, outside: SqliteMailbox) -> None:
        async def append() -> None:
            for turn in range(20):
                sessions = [SessionId(f"{turn}.{number}") for number in range(20)]
                await write_at_once(store, *[start(session) for session in sessions])

        def post() -> list[int]:
            return [outside.post(A, str(number).encode()) for number in range(100)]

        posted, _ = await asyncio.gather(asyncio.to_thread(post), append())

        assert [letter[0] for letter in await store.inbox.take()] == posted
        assert len(await store.read(limit=10_000)) == 400

    use(tmp_path / "store.db", scenario)


def test_an_unknown_letter_and_a_missing_file_are_not_found(tmp_path: Path) -> None:
    async def scenario(store: SqliteEventStore, outside: SqliteMailbox) -> None:
        with pytest.raises(NotFound):
            outside.answer(12)

    use(tmp_path / "store.db", scenario)
    with pytest.raises(NotFound, match=r"missing\.db"):
        SqliteMailbox(tmp_path / "missing.db")


def test_old_answers_are_swept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(store: SqliteEventStore, outside: SqliteMailbox) -> None:
        old, unanswered = outside.post(A, b"old"), outside.post(A, b"unanswered")
        await store.inbox.settle(old, b"done")
        now_ms = mailbox.now_ms()
        monkeypatch.setattr(mailbox, "now_ms", lambda: now_ms + 2 * mailbox.ANSWERS_KEPT_MS)

        await store.inbox.settle(outside.post(A, b"new"), b"done")

        with pytest.raises(NotFound):
            outside.answer(old)
        assert outside.answer(unanswered) is None

    use(tmp_path / "store.db", scenario)
