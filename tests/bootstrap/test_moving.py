"""All that a database holds moves to another one: whole, or not at all."""

import asyncio
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest

import tenuto
from tenuto import Agent, Workflow
from tenuto.adapters.sqlite import SqliteMailbox
from tenuto.adapters.sqlite.moving import LEFT
from tenuto.adapters.tables.lasting import LastingStore
from tenuto.adapters.tables.memory.schema import SUMS
from tenuto.bootstrap.moving import move_store
from tenuto.bootstrap.places import place_of
from tenuto.bootstrap.stores import beside, mailbox_at, open_store
from tenuto.core.agent.messages import ModelAnswer
from tenuto.core.errors import CorruptLog, NotFound, Rejected, StoreOwned, StoreUnavailable
from tenuto.core.vocabulary import SessionId
from tenuto.ports.answers import KeptAnswer
from tenuto.ports.deliveries import Delivery
from tenuto.ports.ledger import Change
from tenuto.ports.responses import Response
from tenuto.runtime.moving import Step
from tests.postgres import fresh_database, needs_postgres

LARGE = "a long letter, " * 10_000


async def write(ctx: tenuto.Context, text: str) -> dict[str, str]:
    return {"text": text * 2}


writing = Workflow("writing", inputs={"text": "string"}, output="outputs.write.text")
writing.node("write", function=write, inputs={"text": "inputs.text"})
waiting = Workflow("waiting", output="outputs.mail")
waiting.node("mail", wait="reply")
talking = Workflow("talking", inputs={"text": "string"}, output="outputs.say.text")
talking.node(
    "say",
    agent=Agent("speaker", instructions="Repeat.", memory=True),
    inputs={"text": "inputs.text"},
)
WORKFLOWS = [writing, waiting, talking]


def opened(url: str, **settings: Any) -> Any:
    return tenuto.open(url, workflows=WORKFLOWS, durability="wal", **settings)


@pytest.fixture(params=["file", pytest.param("schema", marks=needs_postgres)])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An address where nothing is."""
    if request.param == "file":
        yield f"sqlite:///{tmp_path}/new.db"
        return
    with fresh_database() as url:
        yield url


@pytest.fixture
def source(tmp_path: Path) -> str:
    """A file that holds some of everything."""
    url = f"sqlite:///{tmp_path}/old.db"
    asyncio.run(_work(url))
    mailbox = SqliteMailbox(f"{tmp_path}/old.db")
    mailbox.post(SessionId("nobody"), b"a letter")
    mailbox.close()
    return url


async def _work(url: str) -> None:
    async with opened(url) as runtime:
        done = await runtime.start(writing, {"text": LARGE}, key="done")
        await done.result(10)
        await (await done.fork(at=1)).result(10)
        waits = await runtime.start(waiting, key="waits")
        await waits.wait_until_idle(10)
        await (await runtime.start(talking, {"text": "Hello."}, key="talks")).result(10)
        memories = runtime.memory()
        await memories.remember("Reports are one page.", id="m-1", user="ada")
        await runtime.ledger.append(
            [
                _change("add", expected=0),
                _change("change", expected=1),
                _change("look", writes=False),
            ]
        )
        await runtime.audit.checkpoint()
    async with opened(url, hold=True) as runtime:
        await runtime.start(writing, {"text": "short"}, key="runs")
    store, artifacts = await open_store(place_of(url))
    assert isinstance(store, LastingStore)
    await artifacts.put(b"a small one")
    await artifacts.put(b"a large one" * 100_000)
    await store.tables.answers.keep(
        KeptAnswer(owner="o", key="k", request="r", content=b"c", kept_ms=1, expires_ms=2**50)
    )
    await store.tables.deliveries.add(
        [Delivery(id="d", tenant="t", webhook="w", type="x", body=b"b", created_ms=1, due_ms=1)], 3
    )
    answer = ModelAnswer(text="yes")
    store.responses(entries_max=9).keep(
        Response(key="ab", tenant="t", agent="a", answer=answer, kept_ms=1, expires_ms=2**50)
    )
    await store.close()


def _change(action: str, *, expected: int | None = None, writes: bool = True) -> Change:
    value = {"says": action} if writes else None
    return Change(
        at_ms=5, tenant="local", actor="system", action=f"agent.{action}", kind="agent",
        target="a1", writes=writes, expected=expected, value=value,
    )  # fmt: skip


def test_everything_moves_and_goes_on_where_it_was(source: str, target: str) -> None:
    async def listed(url: str) -> Any:
        async with opened(url, readonly=True) as runtime:
            heads = await runtime.sessions()
            events = {h.session: await runtime.session(h.session).page() for h in heads}
            entries = [entry async for entry in runtime.audit.entries()]
            return heads, events, entries

    before = asyncio.run(listed(source))

    moved = move_store(source, target)

    assert asyncio.run(listed(target)) == before
    assert moved.rows["artifacts"] >= 4
    assert {"mailbox", "answers_1", "deliveries_1", "responses_1", "records"} <= set(moved.rows)

    async def go_on() -> None:
        async with opened(target) as runtime:
            by_key = {head.key: head for head in await runtime.sessions()}
            runs = runtime.session(by_key["runs"].session)
            assert await runs.result(10) == "shortshort"
            waits = runtime.session(by_key["waits"].session)
            await waits.signal("reply", {"is": "here"})
            assert await waits.result(10) == {"is": "here"}
            done = runtime.session(by_key["done"].session)
            assert await done.result(10) == LARGE * 2
            assert (await done.replay()).divergence is None
            verified = await runtime.audit.verify()
            assert verified.faults == ()
            found = await runtime.memory().search("how long is a report", user="ada")
            assert [match.item.id for match in found] == ["m-1"]
            record = await runtime.ledger.record("local", "agent", id="a1")
            assert record is not None and record.value == {"says": "change"}
            fresh = await runtime.start(writing, {"text": "new"})
            assert await fresh.result(10) == "newnew"

    asyncio.run(go_on())


def test_what_is_kept_for_a_server_moves_too(source: str, target: str) -> None:
    move_store(source, target)

    async def look() -> None:
        store, artifacts = await open_store(place_of(target))
        assert isinstance(store, LastingStore)
        assert (await store.tables.answers.find("o", "k", now_ms=5)) is not None
        assert await store.tables.deliveries.position() == 3
        assert await store.responses(entries_max=9).find("ab", since_ms=0) is not None
        letters = await store.inbox.take()
        assert [(session, payload) for _, session, payload in letters] == [("nobody", b"a letter")]
        large = await artifacts.put(b"a large one" * 100_000)
        assert artifacts.get(large) == b"a large one" * 100_000
        await store.close()

    asyncio.run(look())


def test_who_opens_the_old_one_is_told_where_to_without_a_password(
    source: str, target: str
) -> None:
    moved = move_store(source, target)

    for readonly in (True, False):
        with pytest.raises(StoreUnavailable, match="was moved to") as caught:
            asyncio.run(_open(source, readonly=readonly))
        assert moved.target in str(caught.value)
    assert "@" not in moved.target
    with pytest.raises(StoreUnavailable, match="was moved to"):
        SqliteMailbox(place_of(source).path)
    with pytest.raises(StoreUnavailable, match="was moved to"):
        move_store(source, target)


async def _open(url: str, *, readonly: bool = False) -> None:
    store, _ = await open_store(place_of(url), readonly=readonly)
    await store.close()


def test_who_had_the_old_one_open_can_write_nothing_more(source: str, target: str) -> None:
    path = place_of(source).path

    async def write_late() -> None:
        async with beside(place_of(source)) as store:
            await asyncio.to_thread(move_store, source, target)
            with pytest.raises(StoreUnavailable, match="was moved to"):
                await store.ledger.append([_change("late", writes=False)])

    mailbox = SqliteMailbox(path)
    asyncio.run(write_late())
    with pytest.raises(StoreUnavailable, match="was moved to"):
        mailbox.post(SessionId("nobody"), b"too late")
    mailbox.close()


def test_a_database_moves_back_and_the_same_comes_out(
    source: str, target: str, tmp_path: Path
) -> None:
    there = move_store(source, target)
    back = move_store(target, f"sqlite:///{tmp_path}/back.db")

    assert (back.rows, back.digest) == (there.rows, there.digest)
    with pytest.raises(StoreUnavailable, match=r"was moved to sqlite:///.*back\.db"):
        asyncio.run(_open(target))


@pytest.mark.parametrize("of", ["source", "target"])
def test_what_a_process_works_on_is_not_moved(of: str, source: str, target: str) -> None:
    async def try_to() -> None:
        async with opened(source if of == "source" else target):
            with pytest.raises(StoreOwned):
                await asyncio.to_thread(move_store, source, target)

    asyncio.run(try_to())
    move_store(source, target)


def test_a_target_that_holds_something_is_refused_and_nothing_changes(
    source: str, target: str
) -> None:
    async def start() -> None:
        async with opened(target) as runtime:
            await (await runtime.start(writing, {"text": "mine"}, key="mine")).result(10)

    asyncio.run(start())

    with pytest.raises(Rejected, match="is not empty"):
        move_store(source, target)

    async def keys(url: str) -> list[str | None]:
        async with opened(url, readonly=True) as runtime:
            return [head.key for head in await runtime.sessions()]

    assert asyncio.run(keys(target)) == ["mine"]
    assert "waits" in asyncio.run(keys(source))


def test_wrong_places_are_refused(source: str, tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="one database"):
        move_store(source, source)
    with pytest.raises(Rejected, match="memory://"):
        move_store(source, "memory://")
    with pytest.raises(NotFound):
        move_store(f"sqlite:///{tmp_path}/none.db", f"sqlite:///{tmp_path}/new.db")
    assert not (tmp_path / "none.db").exists()


def test_a_damaged_artifact_is_told_and_nothing_moves(source: str, target: str) -> None:
    file = next(Path(f"{place_of(source).path}.artifacts").rglob("??/*"))
    file.write_bytes(b"something else")

    with pytest.raises(CorruptLog, match="is damaged"):
        move_store(source, target)

    asyncio.run(_open(source))


@pytest.mark.parametrize("at", ["first", "commits", "compared", "settled"])
def test_a_killed_move_leaves_all_or_nothing_and_the_same_command_goes_on(
    at: str, source: str, target: str
) -> None:
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, source, target, at], check=False, timeout=60
    )
    assert killed.returncode == -signal.SIGKILL
    asyncio.run(_open(source))

    moved = move_store(source, target)

    assert moved.was_there == (at == "settled")
    with pytest.raises(StoreUnavailable, match="was moved to"):
        asyncio.run(_open(source))


KILLED = """
import os, signal, sys
from tenuto.bootstrap.moving import move_store
source, target, at = sys.argv[1:]
def tell(step):
    if at in ("first", step.stage) or (step.stage, step.table) == ("copied", at):
        os.kill(os.getpid(), signal.SIGKILL)
move_store(source, target, tell=tell)
"""


def test_a_move_that_was_cut_short_is_found_even_when_work_went_on_at_the_target(
    source: str, target: str
) -> None:
    def tell(step: Step) -> None:
        if step.stage == "settled":
            raise KeyboardInterrupt

    with suppress(KeyboardInterrupt):
        move_store(source, target, tell=tell)

    async def go_on() -> None:
        async with opened(target) as runtime:
            await (await runtime.start(writing, {"text": "more"})).result(10)

    asyncio.run(go_on())

    assert move_store(source, target).was_there


def test_a_target_of_an_earlier_state_is_refused(source: str, target: str) -> None:
    move_store(source, target)
    changed = place_of(source).path
    with closing(sqlite3.connect(changed, isolation_level=None)) as connection:
        connection.execute('DROP TRIGGER "moved mailbox update"')
        connection.execute("UPDATE mailbox SET posted_ms = posted_ms + 1")

    with pytest.raises(Rejected, match="another database, or from an earlier state"):
        move_store(source, target, again=True)


def test_a_lost_target_is_made_again(source: str, target: str, tmp_path: Path) -> None:
    first = move_store(source, target)

    again = move_store(source, f"sqlite:///{tmp_path}/other.db", again=True)

    assert again.digest == first.digest
    with pytest.raises(StoreUnavailable, match=r"was moved to sqlite:///.*other\.db"):
        asyncio.run(_open(source))


def test_numbers_of_letters_that_are_gone_do_not_come_again(source: str, target: str) -> None:
    path = place_of(source).path
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE sqlite_sequence SET seq = 41 WHERE name = 'mailbox'")

    move_store(source, target)

    mailbox = mailbox_at(place_of(target))
    assert mailbox.post(SessionId("nobody"), b"the next") == 42
    mailbox.close()


@needs_postgres
def test_what_the_server_cannot_store_is_told_with_its_table(source: str) -> None:
    path = place_of(source).path
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE memory_items SET text = 'a' || char(0) || 'b'")

    with fresh_database() as url:
        with pytest.raises(Rejected, match="table memory_items holds what"):
            move_store(source, url)
        with psycopg.connect(url) as connection:
            (count,) = connection.execute("SELECT count(*) FROM tenuto.commits").fetchone() or ()
        assert count == 0
    asyncio.run(_open(source))


def test_every_table_of_a_store_moves_or_is_named_as_one_that_does_not(source: str) -> None:
    path = place_of(source).path
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("INSERT INTO snapshots VALUES (1000, 7, x'00ff')")
        for statement in SUMS:
            connection.execute(statement)
        connection.execute("INSERT INTO memory_sums VALUES ('local', 'm-1', 'm-2')")
        rows = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        )
        tables = {name for (name,) in rows}

    moved = move_store(source, f"{source.removesuffix('.db')}-new.db")

    assert tables - LEFT == set(moved.rows)
