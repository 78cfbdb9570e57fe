"""What passes between a parent session and its children. Every step is idempotent: a child is
started under its effect id as key, and an outcome that the parent has recorded changes nothing a
second time."""

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Protocol, TypeAlias

from msgspec import structs

from tenuto.core import limits
from tenuto.core.errors import Failure, NotFound, Rejected, SessionEnded
from tenuto.core.session import inputs as i
from tenuto.core.session.effects import CancelChild, ReportOutcome, StartChild
from tenuto.core.vocabulary import EffectId, SessionId, Version, task_of
from tenuto.core.workflow.program import Program
from tenuto.ports.clock import Clock, Ids
from tenuto.runtime.insisting import insist
from tenuto.runtime.live import Live
from tenuto.runtime.programs import Programs
from tenuto.runtime.turns import Turns

Relation: TypeAlias = StartChild | CancelChild | ReportOutcome
"""Effects that concern another session."""


class House(Protocol):
    """What the family needs of the engine."""

    clock: Clock
    ids: Ids
    programs: Programs
    turns: Turns

    async def start(self, program: Program, cause: i.StartSession) -> SessionId:
        """Start a session."""
        ...

    async def find(self, key: str | None, *, tenant: str) -> SessionId | None:
        """Find a session by its key."""
        ...

    async def submit(self, session: SessionId, cause: i.SessionInput) -> Version:
        """Give a session an input."""
        ...


class Family:
    """Carries out effects that concern other sessions."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._starting: dict[EffectId, asyncio.Event] = {}
        """Starts under way: a child that is not wanted any more is cancelled after its start."""

    def carry_out(self, live: Live, effect: Relation) -> Coroutine[None, None, None]:
        """Return the chore that carries out `effect` of `live` and records that it is done.

        A start counts as under way from here on, whenever the chore gets its turn."""
        match effect:
            case StartChild():
                started = self._starting[effect.effect] = asyncio.Event()
                return self._start_and_tell(live, effect, started)
            case CancelChild():
                return insist(lambda: self._cancel(live, effect))
            case ReportOutcome():
                return insist(lambda: self._report(live, effect))

    async def _start_and_tell(self, live: Live, effect: StartChild, started: asyncio.Event) -> None:
        try:
            await self._start(live, effect)
        finally:
            started.set()
            if self._starting.get(effect.effect) is started:
                del self._starting[effect.effect]

    async def _start(self, live: Live, effect: StartChild) -> None:
        house, parent = self._house, live.state
        try:
            if parent.depth >= limits.CHILD_DEPTH_MAX:
                raise Rejected(
                    f"Sessions are nested {limits.CHILD_DEPTH_MAX} deep already; "
                    f"workflow {effect.workflow!r} seems to start itself without end."
                )
            child = await insist(lambda: self._started(live, effect))
        except Rejected as error:
            failure = Failure(kind="fatal", code="child_not_started", message=str(error))
            now = house.clock.now_ms()
            house.turns.put(live, i.FailTask(at_ms=now, task=effect.task, failure=failure))
            return
        now = house.clock.now_ms()
        house.turns.put(live, i.RecordChild(at_ms=now, task=effect.task, session=child))

    async def _started(self, live: Live, effect: StartChild) -> SessionId:
        """Return the child's id; the key makes it one child, however often it is started."""
        house, parent = self._house, live.state
        program = await self._program(live.program, effect.workflow, parent.tenant)
        now = house.clock.now_ms()
        return await house.start(
            program,
            i.StartSession(
                at_ms=now,
                session=house.ids.session_id(now, beside=parent.session),
                inputs=effect.inputs,
                tenant=parent.tenant,
                user=parent.user,
                key=effect.effect,
                parent=parent.session,
                parent_effect=effect.effect,
                depth=parent.depth + 1,
                budget=effect.budget,
                labels=effect.labels,
            ),
        )

    async def _program(self, parent: Program, name: str, tenant: str) -> Program:
        if name == parent.definition.name:
            return parent
        for definition in parent.definition.children:
            if definition.name == name:
                return await self._house.programs.add(definition, tenant)
        return self._house.programs.by_name(name, tenant)

    async def _cancel(self, live: Live, effect: CancelChild) -> None:
        house = self._house
        if effect.effect in self._starting:
            await self._starting[effect.effect].wait()
        now = house.clock.now_ms()
        child = await house.find(effect.effect, tenant=live.state.tenant)
        if child is not None:
            reason = f"its parent session {live.state.session!r} does not want it any more"
            with contextlib.suppress(SessionEnded):
                await house.submit(child, i.CancelSession(at_ms=now, by="parent", reason=reason))
        house.turns.put(live, i.ReleaseChild(at_ms=now, effect=effect.effect))

    async def _report(self, live: Live, effect: ReportOutcome) -> None:
        house = self._house
        now = house.clock.now_ms()
        task = task_of(effect.effect)
        cause: i.CompleteTask | i.FailTask
        if effect.failure is None:
            cause = i.CompleteTask(at_ms=now, task=task, output=effect.output)
        else:
            message = f"Session {live.state.session!r} failed: {effect.failure.message}"
            failure = Failure(kind="fatal", code="child_failed", message=message)
            cause = i.FailTask(at_ms=now, task=task, failure=failure)
        cause = structs.replace(cause, spent=effect.spent, labels=effect.labels)
        with contextlib.suppress(NotFound):
            await house.submit(effect.parent, cause)
        house.turns.put(live, i.ConfirmReport(at_ms=now))
