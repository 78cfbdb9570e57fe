"""What is particular to a store in a file: opening it again, owning it, files that are not ours."""

import asyncio
import os
import sqlite3
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tenuto.adapters.sqlite import SqliteEventStore, planning
from tenuto.adapters.sqlite.schema import APPLICATION_ID, FORMAT, MIGRATIONS
from tenuto.core.errors import (
    CorruptLog,
    Rejected,
    StoreOwned,
    StoreUnavailable,
    TenutoError,
)
from tenuto.core.vocabulary import SessionId
from tenuto.ports.event_store import HeadQuery
from tenuto.testing.contracts.event_store.case import (
    A,
    B,
    first,
    fork,
    more,
    refusal,
    snapshot,
    spans,
    start,
    write,
    write_at_once,
)

Use = Callable[[SqliteEventStore], Awaitable[None]]


def use(file: Path, scenario: Use, *, readonly: bool = False) -> None:
    """Open the file, run the scenario, and close it."""

    async def main() -> None:
        store = await SqliteEventStore.open(file, readonly=readonly)
        try:
            await scenario(store)
        finally:
            await store.close()

    asyncio.run(main())


def opening_error(file: Path | str, *, readonly: bool = False) -> TenutoError:
    async def main() -> TenutoError:
        try:
            store = await SqliteEventStore.open(file, readonly=readonly)
        except TenutoError as error:
            return error
        await store.close()
        raise AssertionError(f"{file} was opened")

    return asyncio.run(main())


async def nothing(store: SqliteEventStore) -> None:
    pass


async def a_little(store: SqliteEventStore) -> None:
    await write(store, start(A, key="k"), start(B), more(A, 1, count=2, snapshot=snapshot(3)))


def run_python(code: str, *arguments: object) -> str:
    """Return what another process printed."""
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    return done.stdout.strip()


def test_a_file_that_was_closed_opens_as_it_was_left(tmp_path: Path) -> None:
    file = tmp_path / "store.db"
    use(file, a_little)

    async def go_on(store: SqliteEventStore) -> None:
        assert spans(await store.read()) == [(A, 1, 1), (B, 1, 1), (A, 2, 3)]
        assert (await store.load(A)).snapshot == snapshot(3)
        assert await write(store, more(A, 3), more(B, 1), start(SessionId("c"))) == [5, 6, 7]
        error = await refusal(store.append(start(SessionId("d"), key="k")))
        assert isinstance(error, TenutoError)

    use(file, go_on)


def test_a_closed_store_leaves_one_file_and_its_lock(tmp_path: Path) -> None:
    use(tmp_path / "store.db", a_little)

    assert sorted(os.listdir(tmp_path)) == ["store.db", "store.db.lock"]


def modes_in(folder: Path, *, besides: str) -> set[int]:
    """Return what is allowed on the files of a folder."""
    return {file.stat().st_mode & 0o777 for file in folder.iterdir() if file.name != besides}


def test_a_new_file_is_its_owners_alone(tmp_path: Path) -> None:
    async def writing(store: SqliteEventStore) -> None:
        await store.append(start(A))
        assert modes_in(tmp_path, besides="store.db.lock") == {0o600}

    use(tmp_path / "store.db", writing)


def test_the_file_says_whose_it_is_and_of_which_format(tmp_path: Path) -> None:
    use(tmp_path / "store.db", nothing)

    connection = sqlite3.connect(tmp_path / "store.db")
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    format = connection.execute("PRAGMA user_version").fetchone()[0]
    connection.close()
    assert (application, format) == (APPLICATION_ID, FORMAT)


def test_a_second_owner_is_refused_and_told_who_the_first_is(tmp_path: Path) -> None:
    file, link = tmp_path / "store.db", tmp_path / "link.db"
    link.symlink_to(file)

    async def scenario(store: SqliteEventStore) -> None:
        for name in (file, link):
            with pytest.raises(StoreOwned, match=rf"{file} is owned already, by pid {os.getpid()}"):
                await SqliteEventStore.open(name)

    use(file, scenario)
    use(link, nothing)


def test_another_process_is_refused_too(tmp_path: Path) -> None:
    async def scenario(store: SqliteEventStore) -> None:
        code = """
import asyncio, sys
from tenuto.adapters.sqlite import SqliteEventStore
from tenuto.core.errors import StoreOwned
try:
    asyncio.run(SqliteEventStore.open(sys.argv[1]))
except StoreOwned as error:
    print(error)
"""
        said = await asyncio.to_thread(run_python, code, tmp_path / "store.db")
        assert f"pid {os.getpid()}" in said
        assert "reading only" in said

    use(tmp_path / "store.db", scenario)


def test_a_killed_owner_does_not_keep_the_file(tmp_path: Path) -> None:
    file = tmp_path / "store.db"
    code = """
import asyncio, os, signal, sys
from tenuto.adapters.sqlite import SqliteEventStore
from tenuto.testing.contracts.event_store.case import start
async def main():
    store = await SqliteEventStore.open(sys.argv[1])
    await store.append(start("a"))
    os.kill(os.getpid(), signal.SIGKILL)
asyncio.run(main())
"""
    killed = subprocess.run([sys.executable, "-c", code, str(file)], timeout=30)
    assert killed.returncode == -9

    async def scenario(store: SqliteEventStore) -> None:
        assert spans(await store.read()) == [(A, 1, 1)]

    use(file, scenario, readonly=True)
    use(file, scenario)


def test_a_reader_sees_what_the_owner_writes(tmp_path: Path) -> None:
    async def scenario(owner: SqliteEventStore) -> None:
        await a_little(owner)
        digest = await owner.artifacts.put(b"artifact")
        reader = await SqliteEventStore.open(tmp_path / "store.db", readonly=True)
        try:
            assert [head.session for head in await reader.heads(HeadQuery())] == [B, A]
            assert await reader.load(A) == await owner.load(A)
            assert await reader.read() == await owner.read()
            assert reader.artifacts.get(digest) == b"artifact"
            follower = reader.follow(after=2)
            assert spans(await first(follower, 1)) == [(A, 2, 3)]
            coming = asyncio.ensure_future(first(follower, 2))
            await write(owner, more(B, 1), fork(SessionId("f"), A, 2))
            assert spans(await coming) == [(B, 2, 2), ("f", 3, 3)]
        finally:
            await reader.close()

    use(tmp_path / "store.db", scenario)


def test_another_process_reads_while_the_owner_writes(tmp_path: Path) -> None:
    async def scenario(store: SqliteEventStore) -> None:
        await a_little(store)
        code = """
import asyncio, sys
from tenuto.adapters.sqlite import SqliteEventStore
async def main():
    store = await SqliteEventStore.open(sys.argv[1], readonly=True)
    print([commit.position for commit in await store.read()])
    await store.close()
asyncio.run(main())
"""
        said = await asyncio.to_thread(run_python, code, tmp_path / "store.db")
        assert said == "[1, 2, 4]"
        assert await store.append(more(B, 1)) == 5

    use(tmp_path / "store.db", scenario)


def test_a_reader_writes_nothing(tmp_path: Path) -> None:
    use(tmp_path / "store.db", a_little)

    async def scenario(store: SqliteEventStore) -> None:
        with pytest.raises(StoreUnavailable, match="opened for reading only"):
            store.append(more(A, 3))
        with pytest.raises(StoreUnavailable, match="opened for reading only"):
            await store.artifacts.put(b"x")

    use(tmp_path / "store.db", scenario, readonly=True)


def test_what_sessions_of_an_older_file_wait_for_is_read_from_their_sentences(
    tmp_path: Path,
) -> None:
    file = tmp_path / "old.db"
    said = {
        "a": ("waiting", "a decision on 'sign' (task 1); timer 'soon'"),
        "b": ("waiting", "a signal for 'go'"),
        "c": ("failed", "a person to blame"),
    }
    connection = sqlite3.connect(file)
    for statement in [statement for before in MIGRATIONS[:2] for statement in before]:
        connection.execute(statement)
    for number, (id, (status, words)) in enumerate(said.items(), start=1):
        row = (number, id, "x", "", "w", "1", None, None, None, 0, status, words, None, 0, 1, 1, 1)
        connection.execute(f"INSERT INTO sessions VALUES ({','.join('?' * 17)})", row)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute("PRAGMA user_version = 2")
    connection.commit()
    connection.close()

    async def scenario(store: SqliteEventStore) -> None:
        heads = await store.heads(HeadQuery())
        found = {str(head.session): head.waits_for for head in heads}
        assert found == {"a": ("approval", "timer"), "b": ("signal",), "c": ()}

    use(file, scenario)


def test_a_database_of_a_newer_release_is_not_touched(tmp_path: Path) -> None:
    file = tmp_path / "store.db"
    use(file, a_little)
    connection = sqlite3.connect(file)
    connection.execute(f"PRAGMA user_version = {FORMAT + 6}")
    connection.close()
    before = file.read_bytes()

    for readonly in (False, True):
        error = opening_error(file, readonly=readonly)

        assert isinstance(error, CorruptLog)
        assert str(file) in str(error)
        assert f"format {FORMAT + 6}" in str(error)
        assert f"up to {FORMAT}" in str(error)
        assert "newer release" in str(error)
    assert file.read_bytes() == before


def test_the_database_of_another_program_is_not_touched(tmp_path: Path) -> None:
    file = tmp_path / "other.db"
    connection = sqlite3.connect(file)
    connection.execute("CREATE TABLE customers(name)")
    connection.commit()
    connection.close()
    before = file.read_bytes()

    error = opening_error(file)

    assert isinstance(error, CorruptLog)
    assert "another program" in str(error)
    assert file.read_bytes() == before


def test_a_file_that_is_no_database_is_not_touched(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("These are notes, and no database at all. " * 50)
    before = file.read_bytes()

    for readonly in (False, True):
        error = opening_error(file, readonly=readonly)

        assert isinstance(error, CorruptLog)
        assert f"{file} is not an SQLite database" in str(error)
    assert file.read_bytes() == before


def test_a_path_that_cannot_be_is_explained(tmp_path: Path) -> None:
    missing = opening_error(tmp_path / "no" / "such" / "store.db")
    folder = opening_error(tmp_path)
    unread = opening_error(tmp_path / "store.db", readonly=True)

    assert isinstance(missing, StoreUnavailable)
    assert "does not exist" in str(missing)
    assert isinstance(folder, StoreUnavailable)
    assert "is a folder" in str(folder)
    assert isinstance(unread, StoreUnavailable)
    assert "There is no file" in str(unread)
    assert not os.path.exists(tmp_path / "store.db")


def test_an_empty_file_cannot_be_read_but_opened(tmp_path: Path) -> None:
    file = tmp_path / "store.db"
    file.touch()

    assert isinstance(opening_error(file, readonly=True), StoreUnavailable)
    use(file, a_little)


def test_names_with_characters_of_uris_are_names_like_any(tmp_path: Path) -> None:
    for name in ("a b.db", "100%.db", "what?.db", "a#b.db", "ümlaut&x=1.db"):
        use(tmp_path / name, a_little)

        assert (tmp_path / name).exists()
        use(tmp_path / name, nothing, readonly=True)


def test_sessions_that_were_forgotten_are_looked_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "RECENT_SESSIONS_MAX", 10)
    sessions = [SessionId(f"s{number}") for number in range(200)]

    async def scenario(store: SqliteEventStore) -> None:
        await write_at_once(store, *[start(session) for session in sessions])
        for version in (1, 2, 3):
            for session in sessions:
                await store.append(more(session, version))
        assert await write_at_once(store, *[more(s, 4) for s in sessions]) == list(range(801, 1001))

    use(tmp_path / "store.db", scenario)


def test_the_memory_of_versions_is_bounded() -> None:
    recent = planning.Recent()
    known = planning.Known(1, 1, "running", None, True, 0)

    for number in range(5 * planning.RECENT_SESSIONS_MAX):
        recent.update({SessionId(str(number)): known})

    assert len(recent) <= planning.RECENT_SESSIONS_MAX
    assert recent.get(SessionId(str(number))) == known
    assert recent.get(SessionId("0")) is None


def test_a_commit_that_no_row_can_hold_fails_alone(tmp_path: Path) -> None:
    async def scenario(store: SqliteEventStore) -> None:
        await write(store, start(A), start(B))
        broken = [
            start(SessionId("c"), started_ms=2**70),
            start(SessionId("d"), user="\ud800"),
            start(SessionId("e\ud800")),
        ]

        answers = await write_at_once(store, more(A, 1), *broken, more(B, 1))

        assert [type(answer) for answer in answers[1:4]] == [Rejected] * 3
        assert [answers[0], answers[4]] == [3, 4]
        assert "cannot be stored" in str(answers[1])

    use(tmp_path / "store.db", scenario)


def test_a_log_with_a_hole_is_not_read_over(tmp_path: Path) -> None:
    file = tmp_path / "store.db"

    async def fill(store: SqliteEventStore) -> None:
        await write(store, start(A), start(B), *[more(A, version) for version in range(1, 6)])

    use(file, fill)
    connection = sqlite3.connect(file)
    connection.execute("DELETE FROM commits WHERE position = 4")
    connection.commit()
    connection.close()

    async def scenario(store: SqliteEventStore) -> None:
        with pytest.raises(CorruptLog, match="no event at position 4"):
            await store.read()
        with pytest.raises(CorruptLog, match=r"'a' in .* has no event of version 3"):
            await store.load(A)
        with pytest.raises(CorruptLog):
            await store.read(session=A)
        assert (await store.load(B)).version == 1

    use(file, scenario)


def test_a_damaged_snapshot_is_said_to_be_damaged(tmp_path: Path) -> None:
    file = tmp_path / "store.db"
    use(file, a_little)
    connection = sqlite3.connect(file)
    connection.execute("UPDATE snapshots SET payload = x'00'")
    connection.commit()
    connection.close()

    async def scenario(store: SqliteEventStore) -> None:
        with pytest.raises(CorruptLog, match="snapshot of 'a'"):
            await store.load(A)

    use(file, scenario)


def test_a_damaged_database_is_said_to_be_damaged(tmp_path: Path) -> None:
    file = tmp_path / "store.db"

    async def fill(store: SqliteEventStore) -> None:
        await write(store, start(A), *[more(A, version) for version in range(1, 400)])

    use(file, fill)
    content = bytearray(file.read_bytes())
    for page in range(2 * 4096, len(content), 4096):
        content[page : page + 200] = b"\xab" * 200
    file.write_bytes(content)

    async def scenario() -> None:
        store = await SqliteEventStore.open(file)
        try:
            await store.load(A)
        finally:
            await store.close()

    with pytest.raises(CorruptLog, match=r"store\.db is damaged \(SQLITE_CORRUPT"):
        asyncio.run(scenario())
