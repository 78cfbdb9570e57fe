"""The runtime as its users see it: start sessions, find them, look at them."""

from collections.abc import Callable, Sequence
from typing import Any, Final, TypedDict, Unpack

from tenuto.core.budget import UNBOUNDED, Budget
from tenuto.core.errors import Rejected
from tenuto.core.session import inputs as i
from tenuto.core.vocabulary import Json, JsonObject, SessionId
from tenuto.core.workflow.model import WorkflowDefinition
from tenuto.core.workflow.program import Program
from tenuto.ports.event_store import Head, HeadQuery
from tenuto.ports.ledger import Ledger
from tenuto.ports.responses import Responses, Reused
from tenuto.ports.schemas import Schemas
from tenuto.runtime.code import Code
from tenuto.runtime.engine import Engine
from tenuto.runtime.json_values import to_json
from tenuto.runtime.remembering import Rememberer
from tenuto.sdk.audit import AuditTrail
from tenuto.sdk.changes import Changes
from tenuto.sdk.memory import Memories
from tenuto.sdk.models import Models
from tenuto.sdk.read_models import ReadModels
from tenuto.sdk.session import Session
from tenuto.sdk.tool_list import ToolList, list_tools
from tenuto.sdk.workflow import Workflow

DRAIN_SECONDS = 10.0
"""How long closing waits for running work by default."""


class Facts(TypedDict, total=False):
    """What can be said about a session besides its inputs."""

    key: str | None
    tenant: str
    user: str
    budget: Budget
    labels: Sequence[str]


_TYPES: Final = {
    "key": (str, type(None)),
    "tenant": (str,),
    "user": (str,),
    "budget": (Budget,),
    "labels": (Sequence,),
}
_IN_WORDS: Final = {
    "key": "a text or None",
    "tenant": "a text",
    "user": 'a text, "" for nobody',
    "budget": "a tenuto.Budget",
    "labels": "a list of texts",
}


class Runtime:
    """Runs the sessions of one database. Made by `tenuto.open`, which also closes it.

    Example:
        async with tenuto.open("sqlite:///tenuto.db") as runtime:
            session = await runtime.start(flow, {"text": "hello"}, key="order-17")
            print(await session.result())
    """

    def __init__(self, engine: Engine, code: Code, schemas: Schemas) -> None:
        self._engine, self._code, self._schemas = engine, code, schemas
        self.rememberer: Rememberer | None = None
        self.responses: Responses | None = None
        """Answers of models that are kept to be given again."""
        self.models: Models | None = None
        """Providers and routes, and how they do; set by who composes."""
        self.ledger: Ledger | None = None
        """What people and programs did, and the records that follow from it."""
        self.audit: AuditTrail | None = None
        """Whether the ledger and the log are as they were written."""
        self.tables: ReadModels | None = None

    @property
    def read_models(self) -> ReadModels:
        """Return a handle on the tables that are kept from events; see the guide to read models.

        Raises:
            Rejected: this runtime has none.
        """
        if self.tables is None:
            raise Rejected("This runtime was put together without read models.")
        return self.tables

    def register(self, workflow: Workflow) -> None:
        """Make the workflow's code known, so that its sessions of earlier processes can go on.

        Raises:
            DefinitionError: the workflow is wrong.
        """
        self._code.register(workflow.code)
        self._engine.programs.know(workflow.definition())

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
        _refuse_others(facts)
        key, tenant = facts.get("key"), facts.get("tenant", "local")
        program = await self._program(workflow, tenant)
        checked = self._checked(program, inputs or {})
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

    def memory(self, *, tenant: str = "local") -> Memories:
        """Return a handle on what the tenant's agents remember.

        Raises:
            Rejected: this runtime keeps no memory.
        """
        if self.rememberer is None:
            raise Rejected("This runtime keeps no memory; open it with tenuto.open.")
        return Memories(self.rememberer, tenant)

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

    async def cached(self, tenant: str | None = None) -> tuple[Reused, ...]:
        """Return how many answers the cache holds for each tenant and agent, how often they were
        given again, and what that saved."""
        return await self._responses().statistics(tenant)

    async def forget_cached(
        self, tenant: str | None = None, *, older_than: float | None = None
    ) -> int:
        """Return how many answers were thrown out of the cache.

        Args:
            tenant: only its own; None: those of all tenants.
            older_than: seconds; only those that are older.
        """
        before_ms = None
        if older_than is not None:
            before_ms = self._engine.clock.now_ms() - round(older_than * 1000)
        return await self._responses().forget(tenant, before_ms=before_ms)

    def effects(self) -> tuple[int, int]:
        """Return how many effects run in this process, and how many wait for room."""
        return self._engine.performer.counts

    async def drain(self, timeout: float = DRAIN_SECONDS) -> bool:
        """Return whether all running work ended within `timeout` seconds; nothing new is begun.

        What is interrupted stays promised in the log and is done when the database is opened
        again."""
        return await self._engine.drain(round(timeout * 1000))

    def _responses(self) -> Responses:
        if self.responses is None:
            raise Rejected("This runtime was put together without a cache of answers.")
        return self.responses

    async def _program(self, workflow: Workflow | WorkflowDefinition, tenant: str) -> Program:
        if isinstance(workflow, WorkflowDefinition):
            return await self._engine.programs.add(workflow, tenant)
        self._code.register(workflow.code)
        return await self._engine.programs.add(workflow.definition(), tenant)

    def _checked(self, program: Program, inputs: dict[str, Any]) -> JsonObject:
        checked = to_json(inputs)
        if not isinstance(checked, dict):
            raise Rejected(f"Inputs are an object of names and values, found {inputs!r:.80}.")
        definition = program.definition
        if definition.input_schema is not None:
            checked = with_defaults(checked, definition.input_schema)
            fault = self._schemas.fault(definition.input_schema, checked)
            if fault is not None:
                raise Rejected(f"The inputs do not fit workflow {definition.name!r}: {fault}.")
        return checked


def _refuse_others(facts: Facts) -> None:
    others = [name for name in facts if name not in Facts.__annotations__]
    if others:
        known = ", ".join(Facts.__annotations__)
        raise Rejected(f"A session is started with {known}; found {others[0]!r}.")
    for name, wanted in _TYPES.items():
        if name in facts and not isinstance(facts.get(name), wanted):
            raise Rejected(
                f"The {name} of a session must be {_IN_WORDS[name]}; found {facts.get(name)!r:.60}."
            )
    labels = facts.get("labels", ())
    if isinstance(labels, str) or not all(isinstance(label, str) for label in labels):
        raise Rejected(f"The labels of a session must be a list of texts; found {labels!r:.60}.")


def with_defaults(inputs: JsonObject, schema: JsonObject) -> JsonObject:
    """Return `inputs` and, for those not given, the defaults that the schema names."""
    properties = schema.get("properties")
    if not isinstance(properties, dict):
        return inputs
    defaults = {
        name: part["default"]
        for name, part in properties.items()
        if isinstance(part, dict) and "default" in part
    }
    return {**defaults, **inputs}
