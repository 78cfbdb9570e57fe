"""A COMMIT that fails is not guessed about: the file is asked whether it happened."""

import asyncio
import sqlite3
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest

from tenuto.adapters.sqlite import SqliteEventStore
from tenuto.adapters.sqlite.connection import Connect
from tenuto.adapters.sqlite.writing import SELECT_LAST
from tenuto.adapters.tables import group_commit
from tenuto.core.errors import StoreUnavailable
from tests.faults.ledger import Ledger, check, commit_of


@dataclass
class Script:
    """What the next COMMIT of the writer does, and how many questions after it go unanswered."""

    commit: Literal["works", "is done but fails", "is not done and fails"] = "works"
    unanswered: int = 0
    questions: int = 0
    was_asked_often: threading.Event = field(default_factory=threading.Event)

    def refuse_question(self) -> None:
        self.unanswered -= 1
        self.questions += 1
        if self.questions == 5:
            self.was_asked_often.set()
        raise sqlite3.OperationalError("disk I/O error")


def scripted(script: Script) -> Connect:
    """Return a `sqlite3.connect` whose connections follow the script."""

    class Connection(sqlite3.Connection):
        is_writing = False

        def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
            if sql == "BEGIN IMMEDIATE":
                self.is_writing = True
            if sql == "COMMIT" and self.is_writing and script.commit != "works":
                super().execute("COMMIT" if script.commit == "is done but fails" else "ROLLBACK")
                script.commit = "works"
                raise sqlite3.OperationalError("disk I/O error")
            if sql == SELECT_LAST and script.unanswered:
                script.refuse_question()
            return super().execute(sql, parameters)

    def connect(*arguments: Any, **options: Any) -> sqlite3.Connection:
        return sqlite3.connect(*arguments, factory=Connection, **options)

    return connect


def play(
    file: Path, scene: Callable[[SqliteEventStore, Script, Ledger], Awaitable[None]]
) -> Ledger:
    """Run a scene on a store of one session at version 3, and return what was acknowledged."""
    ledger, script = Ledger(), Script()

    async def main() -> None:
        store = await SqliteEventStore.open(file, connect=scripted(script))
        try:
            for version in (1, 2, 3):
                await ledger.append(store, "s", version)
            await scene(store, script, ledger)
        finally:
            await store.close()

    asyncio.run(main())
    return ledger


def test_a_commit_that_was_done_although_it_failed_is_acknowledged(tmp_path: Path) -> None:
    async def scene(store: SqliteEventStore, script: Script, ledger: Ledger) -> None:
        script.commit = "is done but fails"

        await ledger.append(store, "s", 4)

        assert not ledger.errors
        await ledger.append(store, "s", 5)

    ledger = play(tmp_path / "store.db", scene)
    asyncio.run(check(tmp_path / "store.db", ledger, is_exact=True))


def test_a_commit_that_was_not_done_is_refused_and_may_be_repeated(tmp_path: Path) -> None:
    async def scene(store: SqliteEventStore, script: Script, ledger: Ledger) -> None:
        script.commit = "is not done and fails"

        await ledger.append(store, "s", 4)

        assert len(ledger.errors) == 1
        await ledger.append(store, "s", 5)

    ledger = play(tmp_path / "store.db", scene)
    asyncio.run(check(tmp_path / "store.db", ledger, is_exact=True))


@pytest.mark.parametrize("was_done", [True, False])
@pytest.mark.parametrize("version", [4, 5])
def test_nobody_is_answered_until_the_file_can_be_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, was_done: bool, version: int
) -> None:
    # Version 5 brings a snapshot, so it is written by the thread; version 4 is written inline.
    monkeypatch.setattr(group_commit, "UNKNOWN_PAUSE_S", 0.001)

    async def scene(store: SqliteEventStore, script: Script, ledger: Ledger) -> None:
        if version == 5:
            await ledger.append(store, "s", 4)
        script.commit = "is done but fails" if was_done else "is not done and fails"
        script.unanswered = 10**9

        append = asyncio.ensure_future(ledger.append(store, "s", version))
        behind = asyncio.ensure_future(ledger.append(store, "other", 1))
        await asyncio.to_thread(script.was_asked_often.wait, 10)
        assert not append.done()
        assert not behind.done()

        script.unanswered = 0
        await asyncio.gather(append, behind)
        assert bool(ledger.errors) is not was_done

    ledger = play(tmp_path / "store.db", scene)
    asyncio.run(check(tmp_path / "store.db", ledger, is_exact=True))


def test_a_store_that_is_closed_meanwhile_says_that_it_does_not_know(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "UNKNOWN_PAUSE_S", 0.001)
    monkeypatch.setattr(group_commit, "UNKNOWN_CLOSING_S_MAX", 0.01)

    async def scene(store: SqliteEventStore, script: Script, ledger: Ledger) -> None:
        script.commit, script.unanswered = "is done but fails", 10**9
        append = store.append(commit_of("s", 4))

        await store.close()

        error = append.exception()
        assert isinstance(error, StoreUnavailable)
        assert "whether it was written" in str(error)

    ledger = play(tmp_path / "store.db", scene)
    asyncio.run(check(tmp_path / "store.db", ledger, is_exact=False))
