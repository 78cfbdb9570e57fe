"""What a batch of commits would write, judged against the versions that the store has.

Nothing here writes: a plan is made, written in one transaction, and kept or thrown away as a whole.
Later commits of a batch are judged as if the earlier ones were written.
"""

import sqlite3
from collections.abc import Sequence
from typing import Final

import msgspec

from tenuto.adapters.tables.connection import Row
from tenuto.adapters.tables.heads import row_of
from tenuto.adapters.tables.rows import pack
from tenuto.adapters.tables.waits import mask_of
from tenuto.core.errors import NotFound, Stale, TenutoError
from tenuto.core.vocabulary import Position, SessionId, Version
from tenuto.ports.event_store import Commit, Head

RECENT_SESSIONS_MAX: Final = 8_192
"""Sessions whose version is kept in memory; any other costs one look into an index."""


class Known(msgspec.Struct, frozen=True, gc=False):
    """What must be known of a session to judge a commit, and to write its head sparingly."""

    number: int
    version: int
    status: str
    wake_ms: int | None
    active: bool
    waits: int


class Recent:
    """The sessions that were written lately, forgetting those that were not.

    Two generations: what is asked for moves to the young one; when that is full it becomes the old
    one, and the old one is dropped. An entry costs no bookkeeping, unlike in a linked list."""

    def __init__(self) -> None:
        self._young: dict[SessionId, Known] = {}
        self._old: dict[SessionId, Known] = {}

    def get(self, session: SessionId) -> Known | None:
        known = self._young.get(session)
        if known is None and (known := self._old.get(session)) is not None:
            self._young[session] = known
        return known

    def update(self, known: dict[SessionId, Known]) -> None:
        if len(self._young) + len(known) > RECENT_SESSIONS_MAX // 2:
            self._old, self._young = self._young, {}
        self._young.update(known)
        if len(self._young) > RECENT_SESSIONS_MAX:
            self._young = dict(known)

    def put(self, session: SessionId, known: Known) -> None:
        """Replace an entry that `get` has just returned."""
        self._young[session] = known

    def clear(self) -> None:
        self._young, self._old = {}, {}

    def __len__(self) -> int:
        return len(self._young) + len(self._old)


SELECT_KNOWN: Final = """
    SELECT s.id, s.number,
        coalesce((SELECT max(version) FROM commits WHERE session = s.number), s.origin_version),
        s.status, s.wake_ms, s.active, s.waits
    FROM json_each(?) AS wanted CROSS JOIN sessions AS s ON s.id = wanted.value"""

SELECT_KEY_HOLDER: Final = (
    "SELECT id FROM sessions WHERE tenant = ? AND key = ? AND key IS NOT NULL"
)


class Plan:
    """The rows that a batch would write. `position` and `number` are the last ones given out."""

    def __init__(
        self, connection: sqlite3.Connection, recent: Recent, *, position: int, number: int
    ) -> None:
        self._connection = connection
        self._recent = recent
        self._keys: dict[tuple[str, str], SessionId] = {}
        self.position = position
        self.number = number
        self.known: dict[SessionId, Known] = {}
        self.commits: list[Row] = []
        self.starts: list[Row] = []
        self.heads: list[Row] = []
        self.touches: list[Row] = []
        self.snapshots: list[Row] = []
        self.size_bytes = 0

    def judge(self, commits: Sequence[Commit]) -> list[Position | TenutoError]:
        """Return for each commit the position it gets, or why it is refused."""
        self._look_up(commits)
        return [self._judge(commit) for commit in commits]

    @property
    def rows_count(self) -> int:
        rows = len(self.commits) + len(self.starts) + len(self.heads)
        return rows + len(self.touches) + len(self.snapshots)

    def _look_up(self, commits: Sequence[Commit]) -> None:
        missing = []
        for commit in commits:
            known = self._recent.get(commit.session)
            if known is None:
                missing.append(commit.session)
            else:
                self.known[commit.session] = known
        if missing:
            self._read(missing)

    def _read(self, sessions: list[SessionId]) -> None:
        # One statement for all: each statement costs a release of the interpreter's lock, which a
        # busy loop's thread gives back only after its switch interval.
        wanted = msgspec.json.encode(sessions).decode()
        for id, number, version, *indexed in self._connection.execute(SELECT_KNOWN, (wanted,)):
            self.known[id] = Known(number, version, *indexed)

    def _judge(self, commit: Commit) -> Position | TenutoError:
        known = self.known.get(commit.session)
        head = commit.head
        if known is None:
            refusal = self._refusal_of_start(commit)
            if refusal is not None:
                return refusal
            assert head is not None, "a start without a head is refused"
            self.number += 1
            known = Known(self.number, commit.expected, *_indexed(head))
            self.starts.append((self.number, *row_of(head)))
            if head.key is not None:
                self._keys[head.tenant, head.key] = head.session
        elif known.version != commit.expected:
            return Stale(
                session=commit.session, expected=commit.expected, found=Version(known.version)
            )
        elif head is not None:
            known = self._replace_head(head, known)
        self._add(commit, known)
        return Position(self.position)

    def _refusal_of_start(self, commit: Commit) -> TenutoError | None:
        head, session = commit.head, commit.session
        if head is None:
            return NotFound(what="session", name=session, hint="Give a head to start it.")
        if commit.expected != head.origin_version:
            return Stale(session=session, expected=commit.expected, found=head.origin_version)
        if head.origin is not None:
            origin = self._find(head.origin)
            if origin is None or origin.version < head.origin_version:
                return NotFound(what="origin", name=f"{head.origin}@{head.origin_version}")
        if head.key is not None:
            holder = self._holder(head.tenant, head.key)
            if holder is not None:
                known = self._find(holder)
                assert known is not None, "the holder of a key has a row"
                return Stale(session=holder, expected=commit.expected, found=Version(known.version))
        return None

    def _find(self, session: SessionId) -> Known | None:
        if session not in self.known:
            known = self._recent.get(session)
            if known is not None:
                return known
            self._read([session])
        return self.known.get(session)

    def _holder(self, tenant: str, key: str) -> SessionId | None:
        holder = self._keys.get((tenant, key))
        if holder is None:
            row = self._connection.execute(SELECT_KEY_HOLDER, (tenant, key)).fetchone()
            holder = None if row is None else SessionId(row[0])
        return holder

    def _replace_head(self, head: Head, known: Known) -> Known:
        rest: Row = (head.user, head.workflow, head.workflow_version, head.waiting_for)
        rest += (head.updated_ms, head.version, known.number)
        indexed = _indexed(head)
        if (known.status, known.wake_ms, known.active, known.waits) == indexed:
            # Columns without an index: one page is written instead of four.
            self.touches.append(rest)
        else:
            self.heads.append((*indexed, *rest))
        return Known(known.number, known.version, *indexed)

    def _add(self, commit: Commit, known: Known) -> None:
        version = commit.expected + commit.count
        if commit.count:
            self.position += commit.count
            row = (self.position, known.number, version, commit.count, commit.at_ms, commit.payload)
            self.commits.append(row)
            self.size_bytes += len(commit.payload)
        if commit.snapshot is not None:
            packed = pack(commit.snapshot.payload)
            self.snapshots.append((known.number, commit.snapshot.version, packed))
            self.size_bytes += len(packed)
        self.known[commit.session] = msgspec.structs.replace(known, version=version)


def _indexed(head: Head) -> tuple[str, int | None, bool, int]:
    return head.status, head.wake_ms, head.active, mask_of(head.waits_for)
