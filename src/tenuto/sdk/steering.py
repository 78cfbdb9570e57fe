"""Steers a session: signals, decisions, pause, resume, cancel."""

from collections.abc import Sequence

from tenuto.core.budget import UNBOUNDED, Budget
from tenuto.core.session import inputs as i
from tenuto.core.vocabulary import SessionId, TaskNo
from tenuto.runtime.engine import Engine
from tenuto.runtime.json_values import to_json


class Steering:
    """What can be told to a session. Every method returns when the change is committed."""

    def __init__(self, engine: Engine, session_id: SessionId) -> None:
        self._engine = engine
        self.id = session_id

    async def signal(
        self,
        name: str,
        data: object = None,
        *,
        by: str = "",
        labels: Sequence[str] = (),
        key: str = "",
    ) -> None:
        """Send a signal; a `wait` node takes it now, or when it comes to wait.

        `labels` are of the data, as `["untrusted"]`; data must fit the `form` of the node. A signal
        with the `key` of one that the session has taken is not taken again: so it can be sent
        anew when no answer came. A session knows its latest 256 keys."""
        cause = i.SendSignal(
            at_ms=self._engine.clock.now_ms(),
            name=name,
            data=to_json(data),
            by=by,
            labels=tuple(labels),
            key=key,
        )
        await self._engine.submit(self.id, cause)

    async def approve(
        self,
        task: int = 0,
        *,
        by: str = "",
        note: str = "",
        data: object = None,
        labels: Sequence[str] = (),
    ) -> None:
        """Approve what waits for a person; `task` says which where several do.

        `labels` are of the data; data must fit the `form` of the node."""
        cause = i.DecideApproval(
            at_ms=self._engine.clock.now_ms(),
            approved=True,
            task=TaskNo(task),
            by=by,
            note=note,
            data=to_json(data),
            labels=tuple(labels),
        )
        await self._engine.submit(self.id, cause)

    async def deny(self, task: int = 0, *, by: str = "", note: str = "") -> None:
        """Deny what waits for a person."""
        now = self._engine.clock.now_ms()
        cause = i.DecideApproval(at_ms=now, approved=False, task=TaskNo(task), by=by, note=note)
        await self._engine.submit(self.id, cause)

    async def pause(self, *, by: str = "", reason: str = "") -> None:
        """Start nothing new; what runs may finish."""
        now = self._engine.clock.now_ms()
        await self._engine.submit(self.id, i.PauseSession(at_ms=now, by=by, reason=reason))

    async def resume(self, steps: int = 0, *, budget: Budget = UNBOUNDED, by: str = "") -> None:
        """Go on after a pause; `steps` and `budget` add to what it may spend."""
        cause = i.ResumeSession(
            at_ms=self._engine.clock.now_ms(), by=by, steps=steps, budget=budget
        )
        await self._engine.submit(self.id, cause)

    async def cancel(self, reason: str = "", *, by: str = "") -> None:
        """Give the session up, and its child sessions with it."""
        now = self._engine.clock.now_ms()
        await self._engine.submit(self.id, i.CancelSession(at_ms=now, by=by, reason=reason))
