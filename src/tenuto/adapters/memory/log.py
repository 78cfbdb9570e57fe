"""The log of a store in memory: what is true after each commit. Nothing here waits."""

from bisect import bisect_right
from dataclasses import dataclass, field

import msgspec

from tenuto.core.errors import NotFound, Stale
from tenuto.core.vocabulary import Position, SessionId, Version
from tenuto.ports.event_store import Commit, Head, HeadQuery, Snapshot, StoredCommit, StoredSession


@dataclass(slots=True, kw_only=True)
class SessionLog:
    """One session: `commits` are its own, those of a fork's origin are the origin's."""

    head: Head
    version: Version
    snapshot: Snapshot | None = None
    commits: list[StoredCommit] = field(default_factory=list)


class MemoryLog:
    """All sessions, in the order of their starts, and all commits, in the order of positions."""

    def __init__(self) -> None:
        self._sessions: dict[SessionId, SessionLog] = {}
        self._keys: dict[tuple[str, str], SessionId] = {}
        self._commits: list[StoredCommit] = []
        self._position = Position(0)

    def write(self, commit: Commit) -> Position:
        """Return the position of the commit's last event.

        Raises:
            Stale, NotFound: as `EventStore.append`; nothing was changed.
        """
        log = self._sessions.get(commit.session)
        if log is None:
            log = self._start(commit)
        elif log.version != commit.expected:
            raise Stale(session=commit.session, expected=commit.expected, found=log.version)
        elif commit.head is not None:
            log.head = _replaced(log.head, commit.head)
        if commit.count:
            self._position = Position(self._position + commit.count)
            log.version = Version(commit.expected + commit.count)
            stored = StoredCommit(
                session=commit.session,
                version=log.version,
                position=self._position,
                count=commit.count,
                payload=commit.payload,
                at_ms=commit.at_ms,
            )
            log.commits.append(stored)
            self._commits.append(stored)
        log.snapshot = commit.snapshot or log.snapshot
        return self._position

    def load(self, session: SessionId, *, at: Version | None) -> StoredSession:
        """Answer `EventStore.load`."""
        log = self._sessions.get(session)
        if log is None:
            raise NotFound(what="session", name=session)
        wanted = log.version if at is None else at
        if not 0 <= wanted <= log.version:
            raise NotFound(
                what="version", name=f"{session}@{wanted}", hint=f"It has {log.version}."
            )
        snapshot = self._snapshot(log, until=wanted)
        after = 0 if snapshot is None else snapshot.version
        commits = tuple(
            commit
            for commit in self.commits_of(session, after=after)
            if commit.version - commit.count < wanted
        )
        return StoredSession(head=log.head, version=log.version, snapshot=snapshot, commits=commits)

    def commits_of(self, session: SessionId, *, after: int) -> list[StoredCommit]:
        """Return the commits of a session with a version above `after`, its origin's first."""
        log = self._sessions.get(session)
        if log is None:
            return []
        commits: list[StoredCommit] = []
        head = log.head
        if head.origin is not None and after < head.origin_version:
            commits += [
                _cut(commit, until=head.origin_version)
                for commit in self.commits_of(head.origin, after=after)
                if commit.version - commit.count < head.origin_version
            ]
        first = bisect_right(log.commits, after, key=lambda commit: commit.version)
        return commits + log.commits[first:]

    def commits_after(self, position: int, *, limit: int) -> tuple[StoredCommit, ...]:
        """Return the commits of all sessions with a position above `position`."""
        first = bisect_right(self._commits, position, key=lambda commit: commit.position)
        return tuple(self._commits[first : first + limit])

    def heads(self, query: HeadQuery) -> tuple[Head, ...]:
        """Answer `EventStore.heads`."""
        found: list[Head] = []
        is_listed = query.before is None
        for session, log in reversed(self._sessions.items()):
            if len(found) >= query.limit:
                break
            if is_listed and _matches(log.head, query):
                found.append(log.head)
            is_listed = is_listed or session == query.before
        return tuple(found)

    def _start(self, commit: Commit) -> SessionLog:
        head = commit.head
        if head is None:
            raise NotFound(what="session", name=commit.session, hint="Give a head to start it.")
        if commit.expected != head.origin_version:
            raise Stale(session=commit.session, expected=commit.expected, found=head.origin_version)
        if head.origin is not None:
            origin = self._sessions.get(head.origin)
            if origin is None or origin.version < head.origin_version:
                raise NotFound(what="origin", name=f"{head.origin}@{head.origin_version}")
        if head.key is not None:
            holder = self._keys.setdefault((head.tenant, head.key), commit.session)
            if holder != commit.session:
                found = self._sessions[holder].version
                raise Stale(session=holder, expected=commit.expected, found=found)
        log = SessionLog(head=head, version=commit.expected)
        self._sessions[commit.session] = log
        return log

    def _snapshot(self, log: SessionLog, *, until: int) -> Snapshot | None:
        if log.snapshot is not None and log.snapshot.version <= until:
            return log.snapshot
        if log.head.origin is None:
            return None
        return self._snapshot(
            self._sessions[log.head.origin], until=min(until, log.head.origin_version)
        )


def _replaced(old: Head, new: Head) -> Head:
    """Return the new head, with what a start fixes for ever."""
    return msgspec.structs.replace(
        new,
        tenant=old.tenant,
        parent=old.parent,
        key=old.key,
        origin=old.origin,
        origin_version=old.origin_version,
        started_ms=old.started_ms,
    )


def _cut(commit: StoredCommit, *, until: int) -> StoredCommit:
    """Return the commit without the events above `until`; its payload stays whole."""
    beyond = commit.version - until
    if beyond <= 0:
        return commit
    return msgspec.structs.replace(
        commit,
        version=Version(until),
        position=Position(commit.position - beyond),
        count=commit.count - beyond,
    )


def _matches(head: Head, query: HeadQuery) -> bool:
    wake_ms = head.wake_ms
    return (
        query.tenant in (None, head.tenant)
        and (not query.statuses or head.status in query.statuses)
        and query.workflow in (None, head.workflow)
        and query.parent in (None, head.parent)
        and query.user in (None, head.user)
        and not (query.roots and head.parent is not None)
        and (query.since_ms is None or head.started_ms >= query.since_ms)
        and (query.until_ms is None or head.started_ms < query.until_ms)
        and _has_text(head, query.text)
        and query.key in (None, head.key)
        and query.active in (None, head.active)
        and (
            query.wake_before_ms is None or (wake_ms is not None and wake_ms < query.wake_before_ms)
        )
        and (not query.words or any(text in head.waiting_for for text in query.words))
        and (not query.waits_for or not set(query.waits_for).isdisjoint(head.waits_for))
        and head.session.startswith(query.prefix)
    )


def _has_text(head: Head, text: str) -> bool:
    key = head.key or ""
    return head.session.startswith(text) or key.startswith(text) or text in head.workflow
