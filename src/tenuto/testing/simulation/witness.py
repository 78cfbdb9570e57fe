"""Sees every commit as it reaches the log, folds it, and holds it against the promises.

The witness stands outside of all processes: it shares nothing with the runtime but the rules' fold,
and a crash does not touch it.
"""

from collections.abc import Iterable, Iterator
from typing import TypeAlias

import msgspec

from tenuto.adapters.memory.log import MemoryLog
from tenuto.codec.events import EventDecoder
from tenuto.codec.snapshots import decode_snapshot, encode_snapshot
from tenuto.core.budget import Budget
from tenuto.core.errors import CorruptLog
from tenuto.core.session import events as e
from tenuto.core.session.evolve import evolve
from tenuto.core.session.state import SessionState
from tenuto.core.vocabulary import Position, SessionId, TaskNo
from tenuto.core.workflow.program import Program
from tenuto.ports.event_store import Commit, Head, StoredCommit
from tenuto.testing.simulation.account import Account
from tenuto.testing.simulation.border import Consents
from tenuto.testing.simulation.cast import Cast
from tenuto.testing.simulation.mail import Mail

Attempt: TypeAlias = tuple[TaskNo, int]


class Violation(AssertionError):
    """A promise of DESIGN 3.2 was broken. `promise` is its name, as `P2`."""

    def __init__(self, promise: str, message: str) -> None:
        self.promise, self.message = promise, message
        super().__init__(f"{promise}: {message}")


class Seen:
    """What the witness knows of one session."""

    def __init__(self, head: Head) -> None:
        self.head = head
        self.state = SessionState()
        self.log: list[e.SessionEvent] = []
        self.promised: dict[Attempt, int] = {}
        """Attempt at a task to the version of the event that promised it."""
        self.kinds: dict[TaskNo, str] = {}
        self.begun: dict[Attempt, int] = {}
        """Attempt at a `once` effect to the version of its `TaskBegun`."""
        self.acknowledged = 0
        """The highest version that its owner was told is written."""
        self.cast, self.account, self.mail = Cast(), Account(), Mail()
        self.consents = Consents()

    def fold(self, event: e.SessionEvent) -> None:
        """Add one event of the log.

        Raises:
            CorruptLog: it cannot follow.
        """
        evolve(self.state, event)
        self.log.append(event)
        version = self.state.version
        match event:
            case e.TaskStarted() | e.UndoStarted():
                self.promised[event.task, 1] = version
                self.kinds[event.task] = event.kind if isinstance(event, e.TaskStarted) else "undo"
            case e.ChildrenStarted():
                for no in range(event.first, event.first + event.count):
                    self.promised[TaskNo(no), 1] = version
                    self.kinds[TaskNo(no)] = event.kind
            case e.TaskRetried():
                self.promised[event.task, self.state.tasks[event.task].attempt] = version
            case e.TaskBegun():
                self.begun[event.task, self.state.tasks[event.task].attempt] = version


class Witness:
    """Everything that ever reached the log, and what was wrong with it."""

    def __init__(self, decoder: EventDecoder) -> None:
        self._decoder = decoder
        self.sessions: dict[SessionId, Seen] = {}
        self.commits: list[tuple[StoredCommit, list[e.SessionEvent]]] = []
        self.violations: list[Violation] = []
        self.programs: dict[str, Program] = {}
        """Definitions in use, by digest."""
        self._position = 0

    def program(self, seen: Seen) -> Program:
        """Return the program that a session runs under."""
        return self.programs[seen.state.digest]

    def object_to(self, promise: str, message: str) -> None:
        """Record that a promise was broken."""
        self.violations.append(Violation(promise, message))

    def observe(self, commit: Commit, position: Position) -> None:
        """Take in a commit that the log has just accepted."""
        seen = self.sessions.get(commit.session)
        if seen is None:
            seen = self._begin(commit)
        if commit.head is not None:
            seen.head = commit.head
        if commit.count:
            self._take(seen, commit, position)
        snapshot = commit.snapshot
        if snapshot is not None:
            if snapshot.version != seen.state.version:
                self.object_to("P5", f"{_where(seen)} got a snapshot of {snapshot.version}.")
            elif not is_same(decode_snapshot(snapshot.payload), seen.state):
                self.object_to("P5", f"{_where(seen)}: the snapshot is not the fold of the log.")

    def acknowledge(self, commit: Commit) -> None:
        """Remember that the owner of a session was told that a commit is written."""
        seen = self.sessions[commit.session]
        seen.acknowledged = max(seen.acknowledged, commit.expected + commit.count)

    def read(self, session: SessionId, version: int) -> None:
        """Remember that somebody read a session of whose beginning nobody was told yet."""
        seen = self.sessions[session]
        if not seen.acknowledged:
            seen.acknowledged = version

    def reopened(self) -> None:
        """A new process reads the log: all that is in it counts as acknowledged."""
        for seen in self.sessions.values():
            seen.acknowledged = seen.state.version

    def _begin(self, commit: Commit) -> Seen:
        assert commit.head is not None, "the log takes no first commit without a head"
        seen = self.sessions[commit.session] = Seen(commit.head)
        origin = commit.head.origin
        if origin is not None:
            for event in self.sessions[origin].log[: commit.head.origin_version]:
                # What is wrong there was said when it came.
                list(self._fold(seen, event))
        return seen

    def _fold(self, seen: Seen, event: e.SessionEvent) -> Iterator[tuple[str, str]]:
        """Add one event to what is known of a session, and yield what promises it breaks.

        Raises:
            CorruptLog: it cannot follow.
        """
        seen.fold(event)
        seen.cast.take(event, self.program(seen))
        seen.account.take(event, seen.cast)
        seen.consents.take(event)
        for fault in seen.mail.take(event, seen.cast, seen.state.tasks):
            yield "M1", fault
        parent = self._above(seen)
        if isinstance(event, e.SessionStarted) and parent is not None:
            parent.account.below.append(seen.account)
            fault = parent.account.overpromised()
            if fault:
                yield "P9", f"session {parent.head.session!r} {fault}"
        if isinstance(event, e.SessionResumed):
            self._allow_above(seen, event.budget)
        if seen.account.has_news:
            yield from self._spending_faults(seen)

    def _allow_above(self, seen: Seen, granted: Budget) -> None:
        """What people grant a session is its own, and none of what is above it."""
        above = self._above(seen)
        while above is not None:
            above.account.allow(granted)
            above = self._above(above)

    def _above(self, seen: Seen) -> Seen | None:
        """Return the parent of a session; a fork has none, whatever its origin had."""
        return self.sessions.get(seen.head.parent) if seen.head.parent is not None else None

    def _spending_faults(self, seen: Seen) -> Iterator[tuple[str, str]]:
        """Book what an event has spent with its session and all above it, and hold it against
        their budgets."""
        account = seen.account
        spent, leeway = account.news()
        misstated = account.misstated(seen.state)
        if misstated:
            yield "P9", misstated
        above: Seen | None = seen
        while above is not None:
            above.account.book(spent, leeway)
            fault = above.account.overspent()
            if fault:
                yield "P9", f"session {above.head.session!r} {fault}"
            above = self._above(above)

    def _take(self, seen: Seen, commit: Commit, position: Position) -> None:
        events = self._decoder.decode(commit.payload)
        if commit.expected != seen.state.version or len(events) != commit.count:
            self.object_to(
                "P4",
                f"{_where(seen)} got {len(events)} events, said to be {commit.count} "
                f"after version {commit.expected}.",
            )
            return
        if position != self._position + commit.count:
            self.object_to("P4", f"Position {position} follows on {self._position}.")
        self._position = position
        for event in events:
            try:
                for promise, fault in self._fold(seen, event):
                    self.object_to(promise, f"{_where(seen)}: {fault}.")
            except CorruptLog as error:
                self.object_to("P2", f"{_where(seen)} does not fold: {error} ({event!r:.200})")
                return
            self._check_state(seen, event)
        stored = StoredCommit(
            session=commit.session,
            version=seen.state.version,
            position=position,
            count=commit.count,
            payload=commit.payload,
            at_ms=commit.at_ms,
        )
        self.commits.append((stored, events))

    def _check_state(self, seen: Seen, event: e.SessionEvent) -> None:
        state = seen.state
        if state.steps > state.steps_max:
            self.object_to(
                "P9", f"{_where(seen)} has made {state.steps} steps of {state.steps_max}."
            )
        if isinstance(event, e.ChildrenStarted) and event.kind != "recover":
            node = self.program(seen).nodes[state.tasks[event.parent].node].node
            parent = event.parent
            if node.kind == "map":
                open_items = sum(task.parent == parent for task in state.tasks.values())
                if open_items > node.concurrency:
                    message = f"{_where(seen)}: {open_items} items of {node.id!r} are open"
                    self.object_to("P9", f"{message}, at most {node.concurrency} may be.")


class WitnessedLog(MemoryLog):
    """The disk of the simulation: what is in it survives every crash."""

    def __init__(self, witness: Witness) -> None:
        super().__init__()
        self._witness = witness

    def write(self, commit: Commit) -> Position:
        """See `MemoryLog.write`."""
        position = super().write(commit)
        self._witness.observe(commit, position)
        return position


def _where(seen: Seen) -> str:
    return f"Session {seen.head.session!r} at version {seen.state.version}"


def is_same(one: SessionState | None, other: SessionState) -> bool:
    """Return whether two folds agree. `tend` is a work list of the moment: losing it costs
    nothing."""
    if one is None:
        return False
    plain = [msgspec.structs.replace(state, tend={}) for state in (one, other)]
    return encode_snapshot(plain[0]) == encode_snapshot(plain[1])


def settled(log: Iterable[e.SessionEvent]) -> dict[TaskNo, e.SessionEvent]:
    """Return the outcome of each task of a log that has one."""
    found: dict[TaskNo, e.SessionEvent] = {}
    for event in log:
        if isinstance(event, e.TaskCompleted | e.TaskFailed | e.TaskCancelled | e.TaskSkipped):
            found.setdefault(event.task, event)
    return found
