"""Those who start sessions and meddle with them: at random in the storm, to the point after it."""

import random
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final

from tenuto.core.budget import Budget
from tenuto.core.errors import Rejected, StoreUnavailable, TenutoError
from tenuto.core.lifecycle import TERMINAL
from tenuto.core.session.decide import needs_person
from tenuto.core.session.state import Task
from tenuto.core.vocabulary import Json, JsonObject, SessionId, effect_id
from tenuto.testing.simulation.marks import labels_in
from tenuto.testing.simulation.process import Process, Site
from tenuto.testing.simulation.witness import Seen

_GRANTS_MAX: Final = 3
"""How often somebody who must decide is kind; then he denies or cancels, so that all comes to an
end."""
_STEPS_GRANTED: Final = 15
_TRIES_MAX: Final = 40
_GRANTED: Final = Budget(tokens=3_000, usd=0.05, turns=6, tool_calls=8, seconds=600.0)
_NAMES: Final = ("ann", "bob", "cy")

Act = Callable[[Process, Seen], Awaitable[None]]


class People:
    """Users of a simulation, and what they were promised."""

    def __init__(self, site: Site, inputs: list[JsonObject]) -> None:
        self._site = site
        self.inputs = inputs
        self.dice = random.Random(f"{site.seed}/people")
        self.started: dict[int, SessionId] = {}
        """Start number to the session that was acknowledged."""
        self.signalled: list[tuple[SessionId, Json]] = []
        """Signals that were acknowledged; the data of each is unique."""
        self._signals = 0
        self._grants: dict[tuple[SessionId, int], int] = {}
        self._starting: dict[int, int] = {}

    def start_all(self, process: Process) -> None:
        """Start, in this process, the sessions that no process has acknowledged yet."""
        for number in range(len(self.inputs)):
            if number not in self.started and self._starting.get(number) != process.number:
                self._starting[number] = process.number
                process.spawn(self._start(process, number))

    async def _start(self, process: Process, number: int) -> None:
        for _ in range(_TRIES_MAX):
            try:
                inputs = self.inputs[number]
                session = await process.runtime.start(
                    self._site.definition,
                    inputs,
                    key=f"start-{number}",
                    labels=labels_in(inputs),
                )
            except StoreUnavailable:
                continue
            known = self.started.setdefault(number, session.id)
            if known != session.id:
                self._site.witness.object_to(
                    "P1", f"Key 'start-{number}' started {known!r} and then {session.id!r}."
                )
            return
        self._starting.pop(number)

    # While it storms

    def meddle(self, process: Process) -> None:
        """Have somebody do something to some session."""
        sessions = list(self._site.witness.sessions.values())
        if not sessions or not process.is_open:
            return
        seen = self.dice.choice(sessions)
        act = self.dice.choice(self._deeds())
        self._do(process, seen, act)

    def _deeds(self) -> tuple[Act, ...]:
        signal, decide = self._signal, self._decide_any
        return (
            signal,
            signal,
            decide,
            decide,
            _pause,
            _pause,
            _resume,
            _resume,
            _cancel,
            self._fork,
        )

    def _do(self, process: Process, seen: Seen, act: Act) -> None:
        process.spawn(self._guarded(process, seen, act))

    async def _guarded(self, process: Process, seen: Seen, act: Act) -> None:
        name = getattr(act, "__name__", "act").strip("_")
        tell, session = self._site.tell, seen.head.session
        try:
            await act(process, seen)
            tell(f"somebody did {name} {session}")
        except Rejected as error:
            tell(f"somebody may not {name} {session}: {error}")
        except TenutoError as error:
            tell(f"somebody could not {name} {session}: {error}")

    async def _signal(self, process: Process, seen: Seen) -> None:
        names = sorted(
            {node.node.signal for node in self._site.witness.program(seen).nodes.values()}
        )
        self._signals += 1
        data: Json = {"signal": self._signals}
        session = seen.head.session
        await process.runtime.session(session).signal(self.dice.choice(names) or "news", data)
        self.signalled.append((session, data))

    async def _decide_any(self, process: Process, seen: Seen) -> None:
        waiting = [task for task in seen.state.tasks.values() if needs_person(task)]
        if waiting:
            await self._decide(process, seen, self.dice.choice(waiting))

    async def _decide(self, process: Process, seen: Seen, task: Task) -> None:
        session = process.runtime.session(seen.head.session)
        if task.waiting == "doubt":
            # Whoever is asked looks, and tells the truth.
            found = self._site.world.happened(effect_id(seen.head.session, task.no))
            if found is not None:
                await session.approve(task.no, by="ann", data=found.output)
            else:
                await session.deny(task.no, by="ann")
        elif self.dice.random() < 0.7 and self._grant(seen, task.no):
            by, data = self._who_may(task), None
            if task.ask is not None and task.kind == "tool" and self.dice.random() < 0.2:
                data = {"what": "something else"}
            await session.approve(task.no, by=by, note="go on", data=data)
        else:
            await session.deny(task.no, by=self._who_may(task))

    def _who_may(self, task: Task) -> str:
        """Return somebody who may decide and has not."""
        ask = task.ask
        asked = ask.assignees if ask is not None and ask.assignees else _NAMES
        return self.dice.choice([name for name in asked if name not in task.approvers] or asked)

    async def _fork(self, process: Process, seen: Seen) -> None:
        if len(self._site.witness.sessions) > 2 * len(self.inputs) + 6:
            return
        await process.runtime.session(seen.head.session).fork(
            at=self.dice.randint(1, max(1, seen.state.version))
        )

    # After the storm

    def settle(self, process: Process) -> bool:
        """Have everybody who is waited for act once; return whether anybody had to."""
        acts = list(self._due())
        for seen, act in acts:
            self._do(process, seen, act)
        return bool(acts)

    def _due(self) -> "list[tuple[Seen, Act]]":
        due: list[tuple[Seen, Act]] = []
        for seen in self._site.witness.sessions.values():
            state = seen.state
            if state.phase in TERMINAL:
                continue
            if state.phase == "paused":
                due.append((seen, _grant_steps if self._grant(seen, 0) else _cancel))
                continue
            for task in state.tasks.values():
                if needs_person(task):
                    due.append((seen, _bound(self._decide, task)))
                elif task.kind == "wait":
                    due.append((seen, self._signal))
        return due

    def _grant(self, seen: Seen, task: int) -> bool:
        key = (seen.head.session, task)
        self._grants[key] = self._grants.get(key, 0) + 1
        return self._grants[key] <= _GRANTS_MAX


def _bound(decide: Callable[[Process, Seen, Task], Coroutine[Any, Any, None]], task: Task) -> Act:
    async def decided(process: Process, seen: Seen) -> None:
        await decide(process, seen, task)

    return decided


async def _pause(process: Process, seen: Seen) -> None:
    await process.runtime.session(seen.head.session).pause(by="ann")


async def _resume(process: Process, seen: Seen) -> None:
    await process.runtime.session(seen.head.session).resume(by="ann")


async def _grant_steps(process: Process, seen: Seen) -> None:
    await process.runtime.session(seen.head.session).resume(
        _STEPS_GRANTED, budget=_GRANTED, by="ann"
    )


async def _cancel(process: Process, seen: Seen) -> None:
    await process.runtime.session(seen.head.session).cancel("enough", by="bob")
