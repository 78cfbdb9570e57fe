"""Batches: what can be judged together, and what the function `append` takes of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from tenuto.adapters.tables.heads import HEAD_COLUMNS, row_of
from tenuto.adapters.tables.rows import pack
from tenuto.core.vocabulary import Position, SessionId
from tenuto.ports.event_store import Commit, Head

_COLUMNS = HEAD_COLUMNS.split(", ")


class Chain:
    """The commits of one session in a batch, each beginning where the one before it ends."""

    def __init__(self, first: Commit) -> None:
        self.session, self.expected = first.session, first.expected
        self.head: Head | None = None
        self.heads = 0
        self.start = first.head

    def add(self, commit: Commit) -> None:
        """Take the next commit of the session."""
        if commit.head is not None:
            self.head, self.heads = commit.head, self.heads + 1

    @property
    def may_start(self) -> bool:
        """Whether its first commit would make the session, if there is none."""
        return self.start is not None and self.start.origin_version == self.expected


class Verdict(NamedTuple):
    """What the database says of a batch: the position before it, and of each chain the number of
    its session, or 0, and the version found, or -1."""

    last: int
    numbers: list[int]
    found: list[int]


class Arguments:
    """What `append` takes: of each chain, of each commit that has events, of each snapshot."""

    def __init__(self) -> None:
        self.sessions: list[SessionId] = []
        self.expected: list[int] = []
        self.chains: list[int] = []
        self.versions: list[int] = []
        self.counts: list[int] = []
        self.times: list[int] = []
        self.payloads: list[bytes] = []
        self.starts = self.heads = b"[]"
        """Lists of JSON, of the columns of table `sessions`."""
        self.snapshot_chains: list[int] = []
        self.snapshot_versions: list[int] = []
        self.snapshot_payloads: list[bytes] = []


class Batch:
    """Commits that can be judged together: those of a session follow one another, and none needs
    another session's."""

    def __init__(self, commits: Sequence[Commit]) -> None:
        self.commits = commits
        self.chains: list[Chain] = []
        self._of: dict[SessionId, int] = {}
        for commit in commits:
            number = self._of.get(commit.session)
            if number is None:
                number = self._of[commit.session] = len(self.chains)
                self.chains.append(Chain(commit))
            self.chains[number].add(commit)

    @property
    def is_plain(self) -> bool:
        """Whether it is one commit of events, by far the most frequent of a session that is
        alone."""
        if len(self.commits) > 1:
            return False
        one = self.commits[0]
        return bool(one.count) and one.head is None and one.snapshot is None

    def arguments(self) -> Arguments:
        """Return what `append` takes."""
        given = Arguments()
        snapshots: dict[int, tuple[int, bytes]] = {}
        for commit in self.commits:
            number = self._of[commit.session] + 1
            if commit.count:
                given.chains.append(number)
                given.versions.append(commit.expected + commit.count)
                given.counts.append(commit.count)
                given.times.append(commit.at_ms)
                given.payloads.append(commit.payload)
            if commit.snapshot is not None:
                packed = pack(commit.snapshot.payload)
                snapshots[number] = commit.snapshot.version, packed
        given.snapshot_chains += snapshots
        given.snapshot_versions += [version for version, _ in snapshots.values()]
        given.snapshot_payloads += [payload for _, payload in snapshots.values()]
        starts: list[dict[str, Any]] = []
        heads: list[dict[str, Any]] = []
        for number, chain in enumerate(self.chains, start=1):
            given.sessions.append(chain.session)
            given.expected.append(chain.expected)
            if chain.may_start and chain.start is not None:
                starts.append(_fields(chain.start))
            if chain.head is not None:
                sole = chain.heads == 1 and chain.head is chain.start
                heads.append(_fields(chain.head) | {"chain": number, "sole": sole})
        given.starts = msgspec.json.encode(starts)
        given.heads = msgspec.json.encode(heads)
        return given

    def positions(self, verdict: Verdict) -> list[Position | None]:
        """Return the position of each commit; None: it was refused."""
        position = verdict.last
        given: list[Position | None] = []
        for commit in self.commits:
            if not verdict.numbers[self._of[commit.session]]:
                given.append(None)
                continue
            position += commit.count
            given.append(Position(position))
        return given

    def chain_of(self, commit: Commit) -> tuple[int, Chain]:
        """Return the chain of a commit, and its place."""
        number = self._of[commit.session]
        return number, self.chains[number]


def _fields(head: Head) -> dict[str, Any]:
    """Return the head as the columns of table `sessions`; yes and no are 1 and 0 there."""
    fields = dict(zip(_COLUMNS, row_of(head), strict=True))
    return {**fields, "active": int(head.active)}
