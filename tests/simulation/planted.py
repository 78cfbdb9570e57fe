"""Ways to break the runtime and the rules on purpose, one function each.

Each patches what it breaks for the length of a `with`, and is as small as the slip that would make
it. What is patched is named in full, so that a change of the product that moves it fails loudly.
"""

import random
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final, TypeAlias

import msgspec

from tenuto.adapters.memory import MemoryEventStore
from tenuto.adapters.memory.log import MemoryLog
from tenuto.codec.snapshots import encode_snapshot
from tenuto.core.errors import StoreUnavailable
from tenuto.core.session import decide as rules
from tenuto.core.session import events as e
from tenuto.core.session import evolve as fold
from tenuto.core.session import failing, tending
from tenuto.core.session import inputs as i
from tenuto.core.session.routing import Router
from tenuto.core.session.state import SessionState
from tenuto.core.vocabulary import Position
from tenuto.ports.event_store import Commit, Snapshot, StoredCommit
from tenuto.runtime import turns as turns_module
from tenuto.runtime.calling import Caller
from tenuto.runtime.deadlines import Deadlines
from tenuto.runtime.engine import Engine
from tenuto.runtime.family import Family
from tenuto.runtime.performer import Performer
from tenuto.runtime.turns import Turns

Bug: TypeAlias = Callable[[], AbstractContextManager[None]]


@contextmanager
def replaced(owner: Any, name: Any, new: Any) -> Generator[None, None, None]:
    """Replace an attribute, or an entry of a table, for a while."""
    if isinstance(owner, dict):
        before = owner[name]
        owner[name] = new
    else:
        before = getattr(owner, name)
        setattr(owner, name, new)
    try:
        yield
    finally:
        if isinstance(owner, dict):
            owner[name] = before
        else:
            setattr(owner, name, before)


@contextmanager
def both(one: Any, other: Any) -> Generator[None, None, None]:
    with one, other:
        yield


def dispatch_before_commit() -> AbstractContextManager[None]:
    """Effects run as soon as they are decided, while their promise is still on its way."""
    append = Turns._append

    def impatient(self: Turns, live: Any, events: Any, waiters: Any) -> None:
        append(self, live, events, waiters)
        if live.busy:
            self._after(live, ending=False)

    return replaced(Turns, "_append", impatient)


def outcome_recorded_twice() -> AbstractContextManager[None]:
    """An outcome is taken although its task is settled."""
    complete = rules._complete

    def gullible(state: SessionState, cause: Any, program: Any) -> Any:
        events = complete(state, cause, program)
        if events or cause.task >= state.next_task or state.phase != "running":
            return events
        return [
            e.TaskCompleted(
                at_ms=cause.at_ms, task=cause.task, output=cause.output, updates=None, undo=False
            )
        ]

    return replaced(rules._RULES, i.CompleteTask, gullible)


def lost_wake_up() -> AbstractContextManager[None]:
    """An input that comes while a commit is under way is not taken up after it."""
    acknowledged = Turns._acknowledged

    def forgetful(self: Turns, live: Any, *rest: Any) -> None:
        schedule = self.schedule
        try:
            self.schedule = lambda live: None  # type: ignore[method-assign]
            acknowledged(self, live, *rest)
        finally:
            self.schedule = schedule  # type: ignore[method-assign]

    return replaced(Turns, "_acknowledged", forgetful)


def timers_forgotten_after_restart() -> AbstractContextManager[None]:
    """A new process does not look up the deadlines that an earlier one knew."""

    async def start(self: Deadlines) -> None:
        self._sweeper = None

    return replaced(Deadlines, "start", start)


def deadline_set_once_only() -> AbstractContextManager[None]:
    """A session's next deadline is not noticed when it comes before the one that is set."""
    arm = Deadlines._arm

    def lazy(self: Deadlines) -> None:
        if self._timer is None:
            arm(self)

    return replaced(Deadlines, "_arm", lazy)


def retry_forgotten() -> AbstractContextManager[None]:
    """The moment of the next attempt is not kept."""
    folds = fold._FOLDS
    failed = folds[e.AttemptFailed]

    def careless(state: SessionState, event: e.AttemptFailed) -> None:
        failed(state, event)
        state.due.pop(event.task, None)

    return replaced(folds, e.AttemptFailed, careless)


def once_effect_repeated_blindly() -> AbstractContextManager[None]:
    """After a crash, an effect that must happen once is simply carried out again."""

    def reckless(state: SessionState, cause: Any, program: Any) -> Any:
        return [
            e.TaskRetried(at_ms=cause.at_ms, task=task.no, inputs=None, by="")
            for task in state.tasks.values()
            if task.begun and not task.waiting
        ]

    return replaced(rules._RULES, i.RecoverSession, reckless)


def once_effect_runs_before_its_intent() -> AbstractContextManager[None]:
    """The intent to carry out a `once` effect is sent, and not waited for."""

    async def hasty(self: Caller, live: Any, task: Any) -> None:
        now = self._clock.now_ms()
        self.turns.put(live, i.BeginTask(at_ms=now, task=task))

    return replaced(Caller, "_begin", hasty)


def snapshot_of_an_earlier_state() -> AbstractContextManager[None]:
    """A snapshot says that it holds the last event of its commit, and does not."""
    append = Turns._append

    def stale(self: Turns, live: Any, events: Any, waiters: Any) -> None:
        store = self._store
        real = store.append

        def sent(commit: Commit) -> Any:
            if commit.snapshot is not None:
                state = msgspec.structs.replace(live.state, steps=live.state.steps + 1)
                payload = encode_snapshot(state)
                snapshot = Snapshot(version=commit.snapshot.version, payload=payload)
                commit = msgspec.structs.replace(commit, snapshot=snapshot)
            return real(commit)

        store.append = sent  # type: ignore[method-assign]
        try:
            append(self, live, events, waiters)
        finally:
            store.append = real  # type: ignore[method-assign]

    return replaced(Turns, "_append", stale)


def stale_writer_accepted() -> AbstractContextManager[None]:
    """The log takes a commit without looking at the version that it expects."""
    write = MemoryLog.write

    def trusting(self: MemoryLog, commit: Commit) -> Position:
        log = self._sessions.get(commit.session)
        if log is not None and log.version != commit.expected:
            log.version = commit.expected
        return write(self, commit)

    return replaced(MemoryLog, "write", trusting)


def skip_tokens_lost() -> AbstractContextManager[None]:
    """A branch that is not taken tells nobody."""
    send = Router._send

    def silent(self: Router, source: Any, target: str, *, live: bool) -> None:
        if live:
            send(self, source, target, live=live)

    return replaced(Router, "_send", silent)


def join_fires_with_the_first_source() -> AbstractContextManager[None]:
    """A join does not wait for all of its sources."""
    mark = Router._mark_arrival

    def eager(self: Router, source: str, join: Any, *, live: bool) -> None:
        if live:
            self.joins[str(join.index)] = None
            for target in join.targets:
                self._count_and_activate(self.program.nodes[target], live=True, inside=False)
        else:
            mark(self, source, join, live=live)

    return replaced(Router, "_mark_arrival", eager)


def map_window_exceeded() -> AbstractContextManager[None]:
    """A map starts more items at once than its window allows."""
    start = tending.start_children

    def generous(state: Any, parent: Any, *, count: int, **rest: Any) -> Any:
        if parent.kind == "map":
            count = parent.progress.total - parent.progress.started
        return start(state, parent, count=count, **rest)

    return replaced(tending, "start_children", generous)


def child_outcome_lost() -> AbstractContextManager[None]:
    """A child session is told that its parent knows, also where the parent could not be told."""
    report = Family._report

    async def once(self: Family, live: Any, effect: Any) -> None:
        try:
            await report(self, live, effect)
        except StoreUnavailable:
            now = self._house.clock.now_ms()
            self._house.turns.put(live, i.ConfirmReport(at_ms=now))

    return replaced(Family, "_report", once)


def cancel_leaves_children_running() -> AbstractContextManager[None]:
    """A parent that is given up does not look after its child sessions."""

    async def release(self: Family, live: Any, effect: Any) -> None:
        now = self._house.clock.now_ms()
        self._house.turns.put(live, i.ReleaseChild(at_ms=now, effect=effect.effect))

    return replaced(Family, "_cancel", release)


def child_started_under_a_new_key() -> AbstractContextManager[None]:
    """Every start of a child session is a new one, also after a crash in its midst."""
    start = Engine.start

    async def fresh(self: Engine, program: Any, cause: i.StartSession) -> Any:
        if cause.parent is not None:
            cause = msgspec.structs.replace(cause, key=f"{cause.key}/{cause.session}")
        return await start(self, program, cause)

    return replaced(Engine, "start", fresh)


def recovery_skips_a_session() -> AbstractContextManager[None]:
    """Opening takes up all sessions with unsettled work but the oldest."""
    recover = Engine.recover

    async def most(self: Engine) -> int:
        heads = self.store.heads

        async def fewer(query: Any) -> Any:
            found = await heads(query)
            return found[:-1] if query.active else found

        self.store.heads = fewer  # type: ignore[method-assign]
        try:
            return await recover(self)
        finally:
            self.store.heads = heads  # type: ignore[method-assign]

    return replaced(Engine, "recover", most)


def head_not_kept_up() -> AbstractContextManager[None]:
    """The stored head is not brought up to date when a session begins to wait."""
    return replaced(turns_module, "is_news", lambda old, state, waits: False)


def budget_of_steps_ignored() -> AbstractContextManager[None]:
    """A session makes as many steps as it likes."""

    def spendthrift(state: SessionState, finished: Any, program: Any, at_ms: int) -> Any:
        router = Router(state, program, at_ms)
        router.pass_tokens(finished)
        return rules._activate(state, router, finished.task, program)

    return replaced(rules, "_route", spendthrift)


def compensation_out_of_order() -> AbstractContextManager[None]:
    """What was done first is undone first."""
    undo = fold._FOLDS[e.UndoStarted]
    compensate = rules._compensate

    def oldest(state: SessionState, at_ms: int) -> Any:
        if not state.undo:
            return compensate(state, at_ms)
        return [e.UndoStarted(at_ms=at_ms, task=state.next_task, of=state.undo[0].task)]

    def folded(state: SessionState, event: e.UndoStarted) -> None:
        state.undo.append(state.undo.pop(0))
        undo(state, event)

    return both(
        replaced(rules, "_compensate", oldest), replaced(fold._FOLDS, e.UndoStarted, folded)
    )


def place_of_interrupted_work_lost() -> AbstractContextManager[None]:
    """Work that is interrupted before its first step never gives its place back."""

    def plain(self: Performer, live: Any, no: Any, task: Any) -> None:
        task.cancel()

    return replaced(Performer, "_interrupt", plain)


def deadlines_decided_together() -> AbstractContextManager[None]:
    """Deadlines that come at once are decided on the same state."""
    wake = rules._wake

    def together(state: SessionState, cause: Any, program: Any) -> Any:
        if state.phase != "running":
            return wake(state, cause, program)
        events: list[Any] = []
        for no in sorted(no for no, due in state.due.items() if due <= cause.at_ms):
            events += rules._due(state, state.tasks[no], program, cause.at_ms)
        return events

    return replaced(rules._RULES, i.Wake, together)


def follower_skips_what_comes_together() -> AbstractContextManager[None]:
    """A follower that finds several commits goes on after the last of them, having told the
    first."""
    read = MemoryEventStore._read

    def first(self: Any, session: Any, *, after: int, limit: int) -> tuple[StoredCommit, ...]:
        found = read(self, session, after=after, limit=limit)
        return found[-1:] if session is None and len(found) > 1 else found

    return replaced(MemoryEventStore, "_read", first)


def decisions_by_chance() -> AbstractContextManager[None]:
    """A rule throws dice of its own, so that nobody can decide the log again."""
    wait_ms = failing.retry_wait_ms
    dice = random.Random(0)

    def chancy(policy: Any, *, attempt: int, jitter: float) -> int:
        return wait_ms(policy, attempt=attempt, jitter=0.0) + dice.randint(1, 9)

    return replaced(failing, "retry_wait_ms", chancy)


BUGS: Final[tuple[Bug, ...]] = (
    dispatch_before_commit,
    outcome_recorded_twice,
    lost_wake_up,
    timers_forgotten_after_restart,
    deadline_set_once_only,
    retry_forgotten,
    once_effect_repeated_blindly,
    once_effect_runs_before_its_intent,
    snapshot_of_an_earlier_state,
    stale_writer_accepted,
    skip_tokens_lost,
    join_fires_with_the_first_source,
    map_window_exceeded,
    child_outcome_lost,
    cancel_leaves_children_running,
    child_started_under_a_new_key,
    recovery_skips_a_session,
    head_not_kept_up,
    budget_of_steps_ignored,
    compensation_out_of_order,
    place_of_interrupted_work_lost,
    deadlines_decided_together,
    follower_skips_what_comes_together,
    decisions_by_chance,
)
