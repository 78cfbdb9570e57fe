"""A session as spans: one for itself, each task, each attempt where there were several, each turn
and each call of a tool. Child sessions have traces of their own, linked both ways.
"""

from collections.abc import Iterator
from typing import Final, assert_never

import msgspec

from tenuto.core.errors import Failure
from tenuto.core.session import events as e
from tenuto.core.vocabulary import Json, SessionId, TaskNo, effect_id
from tenuto.core.workflow.model import WorkflowDefinition
from tenuto.views.excerpts import excerpt
from tenuto.views.open_tasks import NO_TASK, OpenTask, OpenTasks, answer_of
from tenuto.views.otlp import (
    CLIENT,
    INTERNAL,
    Fact,
    Facts,
    Span,
    span_event,
    span_id_of,
    span_link,
    trace_id_of,
)

_PAYLOAD_CHARS_MAX: Final = 4_000
"""Payloads are cut: a trace is for looking at, and the log keeps the whole."""


class Trace:
    """The fold. Spans leave it as they end, so it holds the open ones only."""

    def __init__(self, session: SessionId, definition: WorkflowDefinition | None = None) -> None:
        self._session = session
        self._tasks = OpenTasks(definition)
        self._spans: dict[TaskNo, Span] = {}
        self._root: Span | None = None
        self._last_ms = 0
        self._told: set[TaskNo] = set()
        """Open tasks whose present attempt has left as a span."""

    def add(self, event: e.SessionEvent) -> Iterator[Span]:
        """Fold one event; yield the spans that it ends. To be exhausted."""
        self._last_ms = event.at_ms
        self._tasks.begin(event)
        match event:
            case e.TaskStarted() | e.UndoStarted():
                self._start(event.task)
            case e.ChildrenStarted():
                for offset in range(event.count):
                    self._start(TaskNo(event.first + offset))
            case e.TaskSkipped():
                yield self._skipped(event)
            case e.TaskCompleted() | e.TaskFailed() | e.TaskCancelled():
                yield from self._settle(event)
            case e.AttemptFailed() | e.TaskEscalated():
                self._told.add(event.task)
                yield self._attempt(self._tasks[event.task], event.failure)
                self._happen(event)
            case e.TaskRetried():
                self._told.discard(event.task)
                self._happen(event)
            case _:
                self._happen(event)
        self._tasks.end(event)

    def close(self) -> Iterator[Span]:
        """Yield the spans that are still open, ended at the last event; the session's own is last.

        Those that work is left for have `tenuto.open`."""
        for span in self._spans.values():
            span.end_ms, span.facts["tenuto.open"] = self._last_ms, True
            yield span
        self._spans.clear()
        root = self._root
        if root is not None:
            if root.end_ms is None:
                root.end_ms, root.facts["tenuto.open"] = self._last_ms, True
            yield root

    def _start(self, no: TaskNo) -> None:
        task = self._tasks[no]
        name, kind, facts = _described(task)
        parent = effect_id(self._session, task.parent) if task.parent else self._session
        self._spans[no] = Span(
            trace_id=trace_id_of(self._session),
            span_id=span_id_of(effect_id(self._session, no)),
            parent_id=span_id_of(parent),
            name=name,
            kind=kind,
            start_ms=task.started_ms,
            facts={
                "tenuto.task": no,
                "tenuto.node": task.node,
                "tenuto.kind": task.kind,
                "tenuto.path": self._tasks.path(no),
                "gen_ai.conversation.id": self._session if task.agent else None,
                **facts,
            },
            events=[],
            links=[],
        )

    def _skipped(self, event: e.TaskSkipped) -> Span:
        return Span(
            trace_id=trace_id_of(self._session),
            span_id=span_id_of(effect_id(self._session, event.task)),
            parent_id=span_id_of(self._session),
            name=event.node,
            start_ms=event.at_ms,
            end_ms=event.at_ms,
            facts={"tenuto.task": event.task, "tenuto.node": event.node, "tenuto.skipped": True},
        )

    def _settle(self, event: e.TaskCompleted | e.TaskFailed | e.TaskCancelled) -> Iterator[Span]:
        task, span = self._tasks[event.task], self._spans.pop(event.task)
        failure = event.failure if isinstance(event, e.TaskFailed) else None
        if task.attempt > 1:
            if task.no not in self._told:
                yield self._attempt(task, failure)
            span.facts["tenuto.attempts"] = task.attempt
        self._told.discard(task.no)
        span.end_ms = event.at_ms
        match event:
            case e.TaskCompleted():
                span.ok = True
                self._add_output(task, span, event.output)
            case e.TaskFailed():
                span.error = event.failure.message
                span.facts.update(_failure_facts(event.failure))
            case e.TaskCancelled():
                span.facts["tenuto.cancelled"] = True
            case _:
                assert_never(event)
        yield span

    def _add_output(self, task: OpenTask, span: Span, output: Json) -> None:
        if task.kind == "model":
            answer = answer_of(output)
            span.facts |= {
                "gen_ai.usage.input_tokens": answer.usage.input_tokens,
                "gen_ai.usage.output_tokens": answer.usage.output_tokens,
                "gen_ai.response.finish_reasons": [answer.finish],
                "tenuto.cost_usd": answer.usage.cost_usd,
                "tenuto.answer": excerpt(answer.text, _PAYLOAD_CHARS_MAX) or None,
                "tenuto.fault": answer.fault or None,
            }
            agent = self._spans[task.parent]
            for name in ("gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"):
                before, more = agent.facts.get(name), span.facts[name]
                assert isinstance(more, int), "tokens are counted"
                agent.facts[name] = more + (before if isinstance(before, int) else 0)
        elif task.call is not None:
            span.facts["gen_ai.tool.call.result"] = excerpt(output, _PAYLOAD_CHARS_MAX)

    def _attempt(self, task: OpenTask, failure: Failure | None) -> Span:
        """Return one of several attempts at a task, ended now."""
        effect = effect_id(self._session, task.no)
        return Span(
            trace_id=trace_id_of(self._session),
            span_id=span_id_of(f"{effect} attempt {task.attempt}"),
            parent_id=span_id_of(effect),
            name=f"attempt {task.attempt}",
            start_ms=task.since_ms,
            end_ms=self._last_ms,
            facts={
                "tenuto.task": task.no,
                "tenuto.attempt": task.attempt,
                **(_failure_facts(failure) if failure is not None else {}),
            },
            error=failure.message if failure is not None else None,
            ok=failure is None,
        )

    def _happen(self, event: e.SessionEvent) -> None:
        """Put a moment on the span that it belongs to, or an outcome on the session's."""
        match event:
            case e.SessionStarted():
                self._root = self._root_of(event)
            case e.SessionCompleted():
                self._end_root(event.at_ms, error=None)
            case e.SessionFailed():
                self._end_root(event.at_ms, error=event.failure)
            case e.SessionCancelled():
                self._end_root(event.at_ms, error=None)
                self._add_fact("tenuto.cancelled", True)
            case e.SessionForked():
                link = span_link(event.origin, event.origin, {"tenuto.link": "origin"})
                self._mark(NO_TASK, "tenuto.forked", event.at_ms, {}, link=link)
            case e.ChildSessionStarted():
                link = span_link(event.session, event.session, {"tenuto.link": "child"})
                facts: Facts = {"tenuto.session": event.session}
                self._mark(event.task, "tenuto.child.started", event.at_ms, facts, link=link)
            case e.AttemptFailed() | e.TaskEscalated():
                escalated = isinstance(event, e.TaskEscalated)
                name = "tenuto.escalated" if escalated else "tenuto.attempt.failed"
                self._mark(event.task, name, event.at_ms, _failure_facts(event.failure))
            case _:
                happening = _happening(event)
                if happening is not None:
                    task, name, facts = happening
                    self._mark(task, name, event.at_ms, facts)

    def _mark(
        self, task: TaskNo, name: str, at_ms: int, facts: Facts, *, link: Json = None
    ) -> None:
        span = self._spans[task] if task else self._root
        assert span is not None, "a log begins with its start"
        span.events.append(span_event(name, at_ms, facts))
        if link is not None:
            span.links.append(link)

    def _root_of(self, event: e.SessionStarted) -> Span:
        root = Span(
            trace_id=trace_id_of(self._session),
            span_id=span_id_of(self._session),
            name=f"session {event.workflow}",
            start_ms=event.at_ms,
            facts={
                "tenuto.session": self._session,
                "tenuto.workflow": event.workflow,
                "tenuto.workflow.version": event.workflow_version,
                "tenuto.tenant": event.tenant,
                "tenuto.inputs": excerpt(event.inputs, _PAYLOAD_CHARS_MAX),
            },
            events=[],
            links=[],
        )
        if event.parent is not None and event.parent_effect is not None:
            facts: Facts = {"tenuto.link": "parent"}
            root.links.append(span_link(event.parent, event.parent_effect, facts))
        return root

    def _end_root(self, at_ms: int, *, error: Failure | None) -> None:
        root = self._root
        assert root is not None, "a log begins with its start"
        root.end_ms, root.ok = at_ms, error is None
        if error is not None:
            root.error = error.message
            root.facts.update(_failure_facts(error))

    def _add_fact(self, name: str, fact: bool) -> None:
        assert self._root is not None, "a log begins with its start"
        self._root.ok, self._root.facts[name] = False, fact


def _happening(event: e.SessionEvent) -> tuple[TaskNo, str, Facts] | None:
    """Return the task, name and facts of a moment that is shown on a span, or None."""
    match event:
        case e.TaskRetried():
            return event.task, "tenuto.retried", {"tenuto.by": event.by or None}
        case e.TaskBegun():
            return event.task, "tenuto.once.begun", {}
        case e.TaskDoubted():
            return event.task, "tenuto.once.doubted", {}
        case e.MapOpened():
            return event.task, "tenuto.map.opened", {"tenuto.items": event.count}
        case e.Noted():
            data = excerpt(event.data, _PAYLOAD_CHARS_MAX)
            return event.task, f"tenuto.note.{event.kind}", {"tenuto.data": data}
        case e.ApprovalDecided():
            word = "tenuto.approved" if event.approved else "tenuto.denied"
            return event.task, word, {"tenuto.by": event.by, "tenuto.note": event.note or None}
        case e.SignalTaken():
            return event.task, "tenuto.signal.taken", {"tenuto.signal": event.name}
        case e.SignalReceived():
            facts: Facts = {"tenuto.signal": event.name, "tenuto.by": event.by or None}
            return NO_TASK, "tenuto.signal.received", facts
        case e.SessionPausing():
            return NO_TASK, "tenuto.pausing", {"tenuto.reason": event.reason}
        case e.SessionPaused():
            return NO_TASK, "tenuto.paused", {}
        case e.SessionResumed():
            return NO_TASK, "tenuto.resumed", {"tenuto.by": event.by or None}
        case e.SessionFailing():
            return NO_TASK, "tenuto.failing", _failure_facts(event.failure)
    return None


def _described(task: OpenTask) -> tuple[str, int, dict[str, Fact]]:
    """Return a task's span name, kind and what the conventions for generative AI want of it."""
    if task.kind == "model":
        provider = task.model.partition(":")[0]
        return (
            f"chat {task.model}".rstrip(),
            CLIENT,
            {
                "gen_ai.operation.name": "chat",
                "gen_ai.provider.name": provider or None,
                "gen_ai.request.model": task.model.partition(":")[2] or provider or None,
                "gen_ai.agent.name": task.agent,
            },
        )
    if task.call is not None and task.kind == "tool":
        arguments = msgspec.json.encode(task.call.arguments).decode()
        return (
            f"execute_tool {task.call.tool}",
            INTERNAL,
            {
                "gen_ai.operation.name": "execute_tool",
                "gen_ai.tool.name": task.call.tool,
                "gen_ai.tool.type": "function",
                "gen_ai.tool.call.id": task.call.id,
                "gen_ai.tool.call.arguments": arguments[:_PAYLOAD_CHARS_MAX],
                "gen_ai.agent.name": task.agent,
            },
        )
    if task.kind == "agent":
        return (
            f"invoke_agent {task.agent}",
            INTERNAL,
            {
                "gen_ai.operation.name": "invoke_agent",
                "gen_ai.agent.name": task.agent,
                "gen_ai.request.model": task.model or None,
            },
        )
    return task.label, INTERNAL, {}


def _failure_facts(failure: Failure) -> dict[str, Fact]:
    return {
        "error.type": failure.code,
        "tenuto.failure.class": failure.kind,
        "tenuto.failure.message": failure.message,
    }
