"""Questions to the tables, answered on a connection for reading. Every function blocks."""

import zlib
from collections.abc import Iterator
from typing import Final, NamedTuple, TypeAlias

import msgspec

from tenuto.adapters.tables.connection import Connection
from tenuto.adapters.tables.heads import HEAD_COLUMNS, head_of
from tenuto.adapters.tables.pruning import NOBODY, id_of
from tenuto.core.audit.checkpoints import commit_leaf
from tenuto.core.errors import CorruptLog, NotFound
from tenuto.core.vocabulary import Position, SessionId, Version
from tenuto.ports.event_store import Head, Snapshot, StoredCommit, StoredSession

ALL: Final = 1 << 62
"""As a limit."""

SELECT_SESSION: Final = f"""
    SELECT number, coalesce((SELECT max(version) FROM commits WHERE session = number),
        origin_version), {HEAD_COLUMNS} FROM sessions WHERE id = ?"""
SELECT_SNAPSHOT: Final = "SELECT version, payload FROM snapshots WHERE session = ? AND version <= ?"
SELECT_RANGE: Final = """
    SELECT version, position, count, payload, at_ms FROM commits
    WHERE session = :number AND version > :after AND version <= coalesce(
        (SELECT min(version) FROM commits WHERE session = :number AND version >= :until), :until)
    ORDER BY version LIMIT :limit"""
"""From the commit that holds version `after` + 1 to the one that holds version `until`."""
SELECT_ALL: Final = """
    SELECT c.version, c.position, c.count, c.payload, c.at_ms, s.id, c.session
    FROM commits AS c LEFT JOIN sessions AS s ON s.number = c.session
    WHERE c.position > ? ORDER BY c.position LIMIT ?"""

SNAPSHOT_ZLIB_LEVEL: Final = 1

SessionRow: TypeAlias = tuple[int, int, Head]
CommitRow: TypeAlias = tuple[int, int, int, bytes, int]


class Stretch(NamedTuple):
    """Versions `after` + 1 … `until` of a session are those of the commits of `number`."""

    number: int
    session: SessionId
    after: int
    until: int
    is_origin: bool


def find(connection: Connection, session: SessionId) -> SessionRow | None:
    """Return number, version and head of the session."""
    row = connection.execute(SELECT_SESSION, (session,)).fetchone()
    return None if row is None else (row[0], row[1], head_of(row[2:]))


def load(
    connection: Connection, session: SessionId, *, at: Version | None, file: str
) -> StoredSession:
    """Answer `EventStore.load`."""
    found = find(connection, session)
    if found is None:
        raise NotFound(what="session", name=session)
    _, version, head = found
    wanted = version if at is None else at
    if not 0 <= wanted <= version:
        raise NotFound(what="version", name=f"{session}@{wanted}", hint=f"It has {version}.")
    stretches, snapshot = lineage(connection, session, until=wanted, file=file)
    commits: list[StoredCommit] = []
    reached = 0 if snapshot is None else snapshot.version
    for stretch in stretches:
        commits += commits_of(connection, stretch, limit=ALL, reached=reached, file=file)
        reached = max(reached, stretch.until)
    if (commits[-1].version if commits else reached) < wanted:
        raise _gap(file, session, after=reached, found=None)
    return StoredSession(
        head=head, version=Version(version), snapshot=snapshot, commits=tuple(commits)
    )


def read_session(
    connection: Connection, session: SessionId, *, after: int, limit: int, file: str
) -> tuple[StoredCommit, ...]:
    """Answer `EventStore.read` of one session."""
    found = find(connection, session)
    if found is None:
        return ()
    stretches, _ = lineage(connection, session, until=found[1], file=file, snapshots=False)
    commits: list[StoredCommit] = []
    for stretch in stretches:
        if stretch.until > after and len(commits) < limit:
            part = stretch._replace(after=max(after, stretch.after))
            rest = limit - len(commits)
            commits += commits_of(connection, part, limit=rest, reached=part.after, file=file)
    return tuple(commits)


def read_all(
    connection: Connection, *, after: int, limit: int, file: str
) -> tuple[StoredCommit, ...]:
    """Answer `EventStore.read` of all sessions."""
    commits: list[StoredCommit] = []
    reached = after
    for version, position, count, payload, at_ms, session, number in connection.execute(
        SELECT_ALL, (after, limit)
    ).fetchall():
        first = position - count + 1
        if first != reached + 1 and not (first <= reached and not commits):
            raise CorruptLog(
                f"{file} has no event at position {reached + 1}; the next is at {first}. "
                "Restore the file from a backup."
            )
        reached = position
        row = version, position, count, payload, at_ms
        commits.append(
            _husk(connection, number, row, file) if session is None else _stored(session, row)
        )
    return tuple(commits)


def _husk(connection: Connection, number: int, row: CommitRow, file: str) -> StoredCommit:
    version, position, count, payload, at_ms = row
    if number != NOBODY:
        id = id_of(connection, number)
        if id is None:
            raise CorruptLog(
                f"{file} has a commit at position {position} of session number {number}, and no "
                "such session. Restore it from a backup."
            )
        payload = commit_leaf((id, version, position, count, at_ms), bytes(payload))
    return msgspec.structs.replace(
        _stored("", (position, position, count, payload, 0)), is_pruned=True
    )


def lineage(
    connection: Connection,
    session: SessionId,
    *,
    until: int,
    file: str,
    snapshots: bool = True,
) -> tuple[list[Stretch], Snapshot | None]:
    """Return whose commits make up the session, oldest first, and the snapshot to begin from.

    A fork's events begin with its origin's; the walk ends at the first snapshot that is old
    enough."""
    stretches: list[Stretch] = []
    snapshot = None
    walked: SessionId | None = session
    while walked is not None and snapshot is None:
        found = find(connection, walked)
        if found is None:
            raise CorruptLog(f"{file} has no session {walked!r}, which {session!r} is a fork of.")
        number, _, head = found
        after = int(head.origin_version)
        if snapshots and (row := connection.execute(SELECT_SNAPSHOT, (number, until)).fetchone()):
            snapshot = Snapshot(version=Version(row[0]), payload=_unpacked(row[1], walked, file))
            after = max(after, row[0])
        if after < until:
            stretches.append(Stretch(number, walked, after, until, walked != session))
        until = min(until, int(head.origin_version))
        walked = head.origin
    return stretches[::-1], snapshot


def commits_of(
    connection: Connection, stretch: Stretch, *, limit: int, reached: int, file: str
) -> Iterator[StoredCommit]:
    """Yield the commits of a stretch, checked to be without gap.

    Where an origin's commit goes on after the fork, `count`, `version` and `position` are cut
    back to what the fork has of it; the payload is whole."""
    values = {
        "number": stretch.number,
        "after": stretch.after,
        "until": stretch.until,
        "limit": limit,
    }
    for version, position, count, payload, at_ms in connection.execute(SELECT_RANGE, values):
        if version - count > reached:
            raise _gap(file, stretch.session, after=reached, found=version - count + 1)
        reached = version
        if stretch.is_origin and (beyond := version - stretch.until) > 0:
            version, position, count = version - beyond, position - beyond, count - beyond
        yield _stored(stretch.session, (version, position, count, payload, at_ms))


def _stored(session: str, row: CommitRow) -> StoredCommit:
    version, position, count, payload, at_ms = row
    return StoredCommit(
        session=SessionId(session),
        version=Version(version),
        position=Position(position),
        count=count,
        payload=payload,
        at_ms=at_ms,
    )


def _gap(file: str, session: SessionId, *, after: int, found: int | None) -> CorruptLog:
    next = "there is none after it" if found is None else f"the next is {found}"
    return CorruptLog(
        f"Session {session!r} in {file} has no event of version {after + 1}; {next}. "
        "Restore the file from a backup."
    )


def pack(snapshot: bytes) -> bytes:
    """Return a snapshot as it is stored."""
    return zlib.compress(snapshot, SNAPSHOT_ZLIB_LEVEL)


def _unpacked(packed: bytes, session: SessionId, file: str) -> bytes:
    try:
        return zlib.decompress(packed)
    except zlib.error as error:
        raise CorruptLog(f"The snapshot of {session!r} in {file} is damaged: {error}.") from error
