"""A database with a bit of everything, and hands that change it behind Tenuto's back."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final, TypeAlias

import msgspec
from msgspec import structs

import tenuto
from tenuto.adapters.tables.ledger.rows import ENTRY, entry_of
from tenuto.core.audit.chain import START, body_of, canonical, link
from tenuto.core.audit.checkpoints import (
    KIND,
    Checkpoint,
    commit_leaf,
    entry_leaf,
    read_checkpoint,
    value_of,
)
from tenuto.core.audit.merkle import Tree
from tenuto.core.vocabulary import JsonObject
from tenuto.ports.ledger import Change, Entry
from tenuto.runtime.verifying.verifier import Verified

KEY: Final = "k" * 40
OTHER_KEY: Final = "o" * 40
NOW_MS: Final = 1_700_000_000_000

Value: TypeAlias = int | float | str | bytes | None
Row: TypeAlias = tuple[Value, ...]


async def greet(ctx: tenuto.Context, name: str) -> str:
    return f"Hello, {name}!"


async def much(ctx: tenuto.Context) -> str:
    return "x" * 60_000


def flows() -> tuple[tenuto.Workflow, ...]:
    """Return a short one, one that is snapshotted, and one that waits."""
    return (
        tenuto.Workflow("hello").node("greet", function=greet, inputs={"name": "inputs.name"}),
        tenuto.Workflow("much")
        .node("first", function=much)
        .node("second", function=much)
        .node("third", function=much)
        .edge("first", "second")
        .edge("second", "third"),
        tenuto.Workflow("gated").node("gate", approval={"title": "Go on?"}),
    )


def change(target: str, value: JsonObject | None, **facts: Any) -> Change:
    asked = Change(
        at_ms=NOW_MS,
        tenant="acme",
        actor="user:ann",
        action="user.set",
        kind="user",
        target=target,
        writes=True,
        value=value,
    )
    return structs.replace(asked, **facts)


async def fill(file: Path, *, key: str = KEY) -> None:
    """Make the database: sessions, records, entries, three checkpoints."""
    hello, long, gated = flows()
    async with tenuto.open(f"sqlite:///{file}", audit=True, audit_key=key) as runtime:
        assert runtime.ledger is not None and runtime.audit is not None
        session = await runtime.start(hello, {"name": "Ada"}, user="ada")
        await session.result()
        ledger = runtime.ledger
        await ledger.append(
            [
                change("ann", {"role": "admin"}, name="Ann", private=b"hash of ann"),
                change("bob", {"role": "viewer"}, name="Bob", private=b"hash of bob"),
                change("eve", {"role": "viewer"}, at_ms=NOW_MS + 1),
            ]
        )
        await runtime.audit.checkpoint()
        await (await runtime.start(long)).result()
        await runtime.start(gated, tenant="acme", key="k1")
        await session.fork(at=2)
        await ledger.append([change("bob", {"role": "operator"}, name="Bob", expected=1)])
        await ledger.append([change("eve", None, at_ms=NOW_MS + 2)])
        await runtime.audit.checkpoint()
        login = change("ann", None, writes=False, action="user.login", detail={"n": 1})
        await ledger.append([login, change("eve", {"role": "admin"}, at_ms=NOW_MS + 3)])


async def verified(file: Path, *, key: str = KEY, anchor: str | Path = "") -> Verified:
    """Return what an audit finds; without the anchors where `anchor` names a file that has none."""
    async with tenuto.open_audit(f"sqlite:///{file}", key=key, anchor=anchor) as trail:
        return await trail.verify()


def copied(file: Path, folder: Path) -> Path:
    """Return a copy of the database and of its anchors in an empty folder."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(file.parent, folder)
    return folder / file.name


@contextmanager
def inside(file: Path) -> Iterator[sqlite3.Connection]:
    """Give a connection whose changes are kept."""
    with closing(sqlite3.connect(file)) as connection:
        yield connection
        connection.commit()


def columns_of(connection: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]


def rows_of(connection: sqlite3.Connection, table: str) -> list[Row]:
    return connection.execute(f"SELECT rowid, * FROM {table} ORDER BY rowid").fetchall()


class Forger:
    """Changes entries, and makes everything that follows from them anew, but for the marks."""

    def __init__(self, file: Path) -> None:
        self._file = file
        with inside(file) as connection:
            rows = connection.execute(f"SELECT {ENTRY} FROM ledger ORDER BY number").fetchall()
            self.entries = [entry_of(row) for row in rows]

    def write(self) -> None:
        """Put the entries, numbered and chained anew, into the file, with records to match."""
        digest, made, before = START, list[Entry](), None
        with inside(self._file) as connection:
            connection.execute("DELETE FROM ledger")
            for number, old in enumerate(self.entries, start=1):
                entry = structs.replace(old, number=number)
                if entry.kind == KIND:
                    found = read_checkpoint(entry.after)
                    assert found is not None
                    anew = _anew(connection, found, made)
                    entry = structs.replace(entry, after=value_of(anew), before=before)
                    before = entry.after
                body = body_of(entry)
                digest = link(digest, canonical(entry, body))
                entry = structs.replace(entry, digest=digest)
                made.append(entry)
                row = (
                    *(entry.number, entry.at_ms, entry.tenant, entry.actor, entry.action),
                    *(entry.kind, entry.target, entry.version, body, bytes.fromhex(digest)),
                )
                connection.execute(f"INSERT INTO ledger VALUES ({','.join('?' * 10)})", row)
                if entry.kind == KIND:
                    value = msgspec.json.encode(entry.after, order="sorted")
                    connection.execute("UPDATE records SET value = ? WHERE kind = ?", (value, KIND))


def _anew(connection: sqlite3.Connection, old: Checkpoint, made: list[Entry]) -> Checkpoint:
    entries, events = Tree(), Tree()
    for entry in made[old.entries_after : old.entries]:
        entries.add(entry_leaf(entry.digest))
    for *names, payload in connection.execute(
        """SELECT s.id, c.version, c.position, c.count, c.at_ms, c.payload FROM commits c
        JOIN sessions s ON s.number = c.session WHERE position > ? AND position <= ?
        ORDER BY position""",
        (old.events_after, old.events),
    ):
        events.add(commit_leaf(names, payload))
    return structs.replace(
        old,
        entries_digest=made[old.entries - 1].digest,
        entries_root=entries.root(),
        events_root=events.root(),
        commits=events.count,
    )
