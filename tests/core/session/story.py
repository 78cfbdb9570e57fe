"""Tells a session's story to the rules: no runtime, no clock, no store.

A story checks after every step what must always hold: the log folds to the state, the state alone
tells what is pending, and the log can be decided again from what it implies.
"""

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any, Final

import msgspec

from tenuto.adapters.cel import CelExpressions
from tenuto.codec.events import EventDecoder, encode_events
from tenuto.core.budget import Budget
from tenuto.core.errors import Failure, FailureClass
from tenuto.core.lifecycle import TERMINAL
from tenuto.core.session import events as e
from tenuto.core.session import inputs as i
from tenuto.core.session.decide import step
from tenuto.core.session.effects import Effect, pending
from tenuto.core.session.evolve import evolve
from tenuto.core.session.state import SessionState
from tenuto.core.session.status import waits_of
from tenuto.core.vocabulary import EffectId, Json, JsonObject, SessionId, TaskNo, Version
from tenuto.core.workflow.compile import compile_workflow
from tenuto.core.workflow.model import Case, Edge, Node, StateKey, Switch, WorkflowDefinition
from tenuto.core.workflow.program import Program
from tenuto.core.workflow.topology import entries_of
from tenuto.runtime.heads import Waits
from tenuto.runtime.replaying import replay

EXPRESSIONS: Final = CelExpressions()
START_MS: Final = 1_000


def function(name: str, **parts: Any) -> Node:
    """Return a node that runs a function of its own name."""
    return Node(id=name, kind="function", ref=f"story:{name}", **parts)


def flow(
    *nodes: Node,
    edges: Iterable[tuple[str | tuple[str, ...], str | tuple[str, ...]]] = (),
    switches: Iterable[Switch] = (),
    state: Mapping[str, StateKey] | None = None,
    **parts: Any,
) -> WorkflowDefinition:
    """Return a workflow; an edge with several sources is a join."""
    made = tuple(Edge(sources=_names(a), targets=_names(b)) for a, b in edges)
    parts.setdefault("entry", entries_of(nodes, made, tuple(switches)))
    return WorkflowDefinition(
        name=parts.pop("name", "story"),
        nodes=nodes,
        edges=made,
        switches=tuple(switches),
        state=dict(state or {}),
        **parts,
    )


def switch(source: str, *cases: tuple[str, str], default: str | None = None) -> Switch:
    """Return a switch whose cases are (condition, target)."""
    made = tuple(Case(condition=condition, target=target) for condition, target in cases)
    return Switch(source=source, cases=made, default=default)


def chain(*names: str, **parts: Any) -> WorkflowDefinition:
    """Return functions one after another."""
    nodes = [function(name) for name in names]
    return flow(*nodes, edges=list(pairwise(names)), **parts)


def _names(names: str | tuple[str, ...]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else names


class Story:
    """One session, driven input by input. `log` is everything that has happened."""

    def __init__(self, definition: WorkflowDefinition, inputs: JsonObject | None = None) -> None:
        self.program: Program = compile_workflow(definition, EXPRESSIONS)
        self.state = SessionState()
        self.log: list[e.SessionEvent] = []
        self.waits = Waits(self.state)
        self.now_ms = START_MS
        if inputs is not None:
            self.start(inputs)

    # What arrives

    def put(self, *causes: i.SessionInput, review: bool | None = None) -> list[e.SessionEvent]:
        """Return what the inputs add, all taken up in one turn."""
        events = step(self.state, causes, self.program, review=review)
        self.log += events
        self.waits.follow(self.state, events)
        self.check()
        return events

    def start(self, inputs: JsonObject | None = None, **parts: Any) -> list[e.SessionEvent]:
        parts.setdefault("session", SessionId("s"))
        return self.put(i.StartSession(at_ms=self.now_ms, inputs=inputs or {}, **parts))

    def done(self, node: str, output: Json = None, *, n: int = 0) -> list[e.SessionEvent]:
        """Complete the `n`-th piece of work that is pending at `node`."""
        return self.put(i.CompleteTask(at_ms=self.now_ms, task=self.task(node, n), output=output))

    def fails(
        self, node: str, kind: FailureClass = "fatal", *, n: int = 0, **parts: Any
    ) -> list[e.SessionEvent]:
        """Fail the `n`-th piece of work that is pending at `node`."""
        failure = Failure(kind=kind, code=parts.pop("code", "broken"), message="it broke")
        task = self.task(node, n)
        return self.put(i.FailTask(at_ms=self.now_ms, task=task, failure=failure, **parts))

    def wait(self, ms: int) -> list[e.SessionEvent]:
        """Let time pass, and the session be woken at its end."""
        self.now_ms += ms
        return self.put(i.Wake(at_ms=self.now_ms))

    def signal(self, name: str, data: Json = None, *, key: str = "") -> list[e.SessionEvent]:
        return self.put(i.SendSignal(at_ms=self.now_ms, name=name, data=data, key=key))

    def decide(self, approved: bool, task: int = 0, **parts: Any) -> list[e.SessionEvent]:
        no = TaskNo(task)
        return self.put(
            i.DecideApproval(at_ms=self.now_ms, approved=approved, task=no, by="ann", **parts)
        )

    def pause(self) -> list[e.SessionEvent]:
        return self.put(i.PauseSession(at_ms=self.now_ms, by="ann"))

    def resume(self, steps: int = 0, **more: Any) -> list[e.SessionEvent]:
        """Go on; `more` is what is added to the budget."""
        budget = Budget(**more)
        return self.put(i.ResumeSession(at_ms=self.now_ms, by="ann", steps=steps, budget=budget))

    def cancel(self) -> list[e.SessionEvent]:
        return self.put(i.CancelSession(at_ms=self.now_ms, by="ann", reason="enough"))

    def crash(self) -> list[e.SessionEvent]:
        """Lose the process, and be loaded by another."""
        return self.put(i.RecoverSession(at_ms=self.now_ms))

    def fork(self, at: int, patch: JsonObject | None = None) -> "Story":
        """Return the story of a fork at version `at`."""
        other = Story.__new__(Story)
        other.program, other.now_ms = self.program, self.now_ms
        other.log = self.log[:at]
        other.state = folded(other.log)
        other.waits = Waits(other.state)
        other.put(
            i.ForkSession(
                at_ms=self.now_ms,
                session=SessionId("fork"),
                origin=self.state.session,
                origin_version=Version(at),
                patch=patch or {},
            )
        )
        return other

    # What there is to see

    @property
    def phase(self) -> str:
        return self.state.phase

    def pending(self) -> list[Effect]:
        return list(pending(self.state, self.program))

    def waiting_work(self) -> list[str]:
        """Return the nodes whose work the outside world owes, in order."""
        return [effect.node for effect in self.pending() if hasattr(effect, "node")]

    def task(self, node: str, n: int = 0) -> TaskNo:
        """Return the number of the `n`-th open task of `node` that has work pending."""
        found = [f.task for f in self.pending() if getattr(f, "node", None) == node]
        assert len(found) > n, f"{node!r} has no such work pending; pending: {self.waiting_work()}"
        task: TaskNo = found[n]
        return task

    def effect(self, node: str) -> Any:
        return next(f for f in self.pending() if getattr(f, "node", None) == node)

    def child_effect(self, node: str) -> EffectId:
        effect: EffectId = self.effect(node).effect
        return effect

    def happened(self, kind: type[e.SessionEvent]) -> list[Any]:
        """Return the events of one type, in order."""
        return [event for event in self.log if isinstance(event, kind)]

    def ran(self) -> list[str]:
        """Return the nodes that were started, in order."""
        return [event.node for event in self.happened(e.TaskStarted)]

    def skipped(self) -> list[str]:
        return [event.node for event in self.happened(e.TaskSkipped)]

    # What always holds

    def check(self) -> None:
        """Check the fold, the codec, the work that is pending, what is waited for, and the
        replay."""
        again = folded(self.log)
        assert plain(again) == plain(self.state), "the log folds to the state"
        decoder = EventDecoder(lambda digest: b"")
        assert decoder.decode(encode_events(self.log).payload) == self.log
        all_of_it = pending(self.state, self.program)
        assert pending(again, self.program) == all_of_it, "the state alone tells what is pending"
        for after in range(self.state.promises + 1):
            tail = tuple(effect for effect in all_of_it if effect.promise > after)
            assert pending(self.state, self.program, after=after) == tail
        assert self.waits.now(self.state) == waits_of(self.state), "the events tell who waits"
        if self.log:
            report = replay(self.log, self.program)
            assert report.divergence is None, report
        if self.phase in TERMINAL:
            assert not self.state.tasks, "who has ended has nothing open"


def folded(log: list[e.SessionEvent]) -> SessionState:
    """Return the fold of a log, as a process that has just begun would make it."""
    state = SessionState()
    payload = encode_events(log).payload
    for event in EventDecoder(lambda digest: b"").decode(payload) if log else []:
        evolve(state, event)
    return state


def plain(state: SessionState) -> bytes:
    """Return a state as bytes, but for the work list of the moment."""
    return msgspec.msgpack.encode(msgspec.structs.replace(state, tend={}))
