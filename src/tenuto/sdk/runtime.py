"""The runtime as its users see it: start sessions, find them, look at them."""

from collections.abc import Callable
from typing import Any, Unpack

from tenuto.core.budget import UNBOUNDED
from tenuto.core.session import inputs as i
from tenuto.core.vocabulary import Json, SessionId
from tenuto.core.workflow.model import WorkflowDefinition
from tenuto.core.workflow.program import Program
from tenuto.ports.event_store import Head, HeadQuery
from tenuto.ports.schemas import Schemas
from tenuto.runtime.code import Code
from tenuto.runtime.engine import Engine
from tenuto.sdk.changes import Changes
from tenuto.sdk.duties import Duties
from tenuto.sdk.keeping import Keeping
from tenuto.sdk.looking import Looks
from tenuto.sdk.pool_lines import Pools
from tenuto.sdk.session import Session
from tenuto.sdk.starting import Facts, check_facts, checked_inputs
from tenuto.sdk.tool_list import ToolList, list_tools
from tenuto.sdk.workflow import Workflow

DRAIN_SECONDS = 10.0
"""How long closing waits for running work by default."""


class Runtime(Keeping):
    """Runs the sessions of one database. Made by `tenuto.open`, which also closes it.

    Example:
        async with tenuto.open("sqlite:///tenuto.db") as runtime:
            session = await runtime.start(flow, {"text": "hello"}, key="order-17")
            print(await session.result())
    """

    def __init__(self, engine: Engine, code: Code, schemas: Schemas) -> None:
        super().__init__(engine.clock)
        self._engine, self._code, self._schemas = engine, code, schemas
        self.looks = Looks(engine)
        """Sessions as they are now, for who shows many."""
        self.duties = Duties(engine)
        """What this process does for all that share the database."""
        self.pools = Pools(engine, code)
        """Lines of calls, and who carries them out."""

    @property
    def member(self) -> int | None:
        """This process's number among those that share the database; None: it has it alone."""
        sharing = self._engine.owning.sharing
        return None if sharing is None else sharing.seat.number

    def register(self, workflow: Workflow | WorkflowDefinition) -> None:
        """Make a workflow and its code known, so that its sessions of earlier processes can go
        on.

        Raises:
            DefinitionError: the workflow is wrong.
        """
        self._engine.programs.know(self.pools.take_in(workflow))

    async def start(
        self,
        workflow: Workflow | WorkflowDefinition,
        inputs: dict[str, Any] | None = None,
        **facts: Unpack[Facts],
    ) -> Session:
        """Return a session that survives any crash from now on (P1).

        Args:
            workflow, inputs: what is run, with what.
            key: with one that was used before, the session of that first start is returned and
                nothing is started.
            tenant, user: for whom; tenant `"local"` by default.
            budget: what it may spend, beside the bounds of the workflow.
            labels: of the inputs, as `["untrusted"]`; see the guide to permissions.

        Raises:
            DefinitionError: the workflow is wrong; every problem is named with its place.
            Rejected: the inputs do not fit the workflow's schema, are no JSON, or a guard does not
                let them pass.
            StoreUnavailable: the store did not take it; nothing was started.
        """
        check_facts(facts)
        key, tenant = facts.get("key"), facts.get("tenant", "local")
        program = await self._program(workflow, tenant)
        checked = checked_inputs(inputs or {}, program.definition, self._schemas)
        if key is not None:
            known = await self._engine.find(key, tenant=tenant)
            if known is not None:
                return Session(self._engine, known)
        now = self._engine.clock.now_ms()
        cause = i.StartSession(
            at_ms=now,
            session=self._engine.ids.session_id(now),
            inputs=checked,
            tenant=tenant,
            user=facts.get("user", ""),
            key=key,
            budget=facts.get("budget", UNBOUNDED),
            labels=tuple(facts.get("labels", ())),
        )
        return Session(self._engine, await self._engine.start(program, cause))

    def session(self, session_id: str) -> Session:
        """Return a handle on the session; whether there is one shows when it is used."""
        return Session(self._engine, SessionId(session_id))

    async def tools(self) -> ToolList:
        """Return what agents and nodes can name: tools of this process, and of its sources.

        Raises:
            Escalatable: a source needs a person before it lists its tools.
        """
        return await list_tools(self._code)

    async def deliver(self, session_id: SessionId, make: Callable[[int], i.SessionInput]) -> None:
        """Give a session the input that `make` makes for the present moment (ms since 1970)."""
        await self._engine.submit(session_id, make(self._engine.clock.now_ms()))

    async def sessions(self, query: HeadQuery | None = None) -> tuple[Head, ...]:
        """Return the heads that match, newest start first."""
        return await self._engine.store.heads(query or HeadQuery())

    @property
    def changes(self) -> Changes:
        """Return which sessions change, over all of the database."""
        return Changes(self._engine)

    def restored(self, value: Json, *, tenant: str = "local") -> Json:
        """Return the value with the personal data that stand behind its tokens, for people who may
        see them. Tokens of another tenant or key stay as they are; see the guide to guards."""
        return self._engine.borders.restored(value, tenant)

    def effects(self) -> tuple[int, int]:
        """Return how many effects run in this process, and how many wait for room."""
        performer = self._engine.performer
        return performer.room.running, len(performer.queue)

    async def drain(self, timeout: float = DRAIN_SECONDS) -> bool:
        """Return whether all running work ended within `timeout` seconds; nothing new is begun.

        What is interrupted stays promised in the log and is done when the database is opened
        again."""
        return await self._engine.drain(round(timeout * 1000))

    async def _program(self, workflow: Workflow | WorkflowDefinition, tenant: str) -> Program:
        return await self._engine.programs.add(self.pools.take_in(workflow), tenant)
