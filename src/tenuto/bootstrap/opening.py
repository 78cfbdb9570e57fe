"""From an address to a running runtime, and back to nothing."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypedDict, Unpack, get_args

from tenuto.adapters.cel import CelExpressions
from tenuto.adapters.hashing import HashingEmbedder
from tenuto.adapters.json_schema import JsonSchemas
from tenuto.adapters.memory import (
    MemoryArtifacts,
    MemoryEventStore,
    MemoryPieces,
    MemoryResponses,
    VolatileMemory,
)
from tenuto.adapters.sealing import AesSivSealing
from tenuto.adapters.sqlite import SqliteEventStore
from tenuto.adapters.sqlite.connection import Durability
from tenuto.adapters.system import SystemClock, SystemIds
from tenuto.bootstrap.letters import keep_answering
from tenuto.bootstrap.models import Providers, refuse_reserved
from tenuto.bootstrap.places import Place, place_of
from tenuto.core.agent.guards import Guard, checked_guards
from tenuto.core.agent.policy import PermissionRule
from tenuto.core.agent.routes import Route
from tenuto.core.errors import Rejected
from tenuto.core.vocabulary import Json
from tenuto.core.workflow.model import WorkflowDefinition
from tenuto.ports.artifacts import Artifacts
from tenuto.ports.clock import Clock
from tenuto.ports.embedder import Embedder
from tenuto.ports.event_store import EventStore
from tenuto.ports.memory import Memory
from tenuto.ports.model import Model
from tenuto.ports.responses import Responses
from tenuto.runtime.asking import Asker
from tenuto.runtime.caching import AnswerCache, Cache
from tenuto.runtime.calling import Caller
from tenuto.runtime.code import Code
from tenuto.runtime.engine import Engine
from tenuto.runtime.guarding import GuardedCalls, GuardedStarts, GuardedTurns
from tenuto.runtime.judging import Judges
from tenuto.runtime.performer import Performer
from tenuto.runtime.programs import Programs
from tenuto.runtime.recollecting import Recollecting
from tenuto.runtime.remembering import Rememberer
from tenuto.sdk.runtime import DRAIN_SECONDS, Runtime
from tenuto.sdk.workflow import Workflow

CONCURRENCY: Final = 256
"""Effects that run at once in one process."""


class Settings(TypedDict, total=False):
    """How a database is opened; everything has a default."""

    durability: Durability
    """`sync`, the default: an acknowledged event survives a power cut. `wal`: a killed process."""
    readonly: bool
    """Look, while another process owns the file."""
    workflows: Sequence[Workflow]
    """Those whose code sessions of earlier processes need."""
    models: Mapping[str, Model]
    """Provider name to model, beside `offline` and those that the extra `pydantic_ai` brings."""
    routes: Mapping[str, Route | Mapping[str, Any]]
    """Several models under one name: an agent with `model="route:name"` asks one of them."""
    memory: Memory
    """Where agents remember; by default the database itself."""
    embedder: Embedder
    """What memory compares meanings with; by default words and pieces of words, without a model."""
    stream: bool
    """True: models give their answers in pieces where they can; see `Session.tokens`."""
    code: Mapping[str, Any]
    """Functions and tools by the names that definitions use, before any that can be imported."""
    guards: Sequence[Guard]
    """At the borders of all that runs in this process, beside those of workflows and agents."""
    guard_key: str
    """What personal data are sealed with; by default `$TENUTO_GUARD_KEY`."""
    policy: Sequence[PermissionRule]
    """Which tools may be called by whom with what; holds beside the rules of each agent."""
    concurrency: int
    """Effects that run at once; 256 by default."""
    cache: Cache | bool
    """How answers of models are kept for agents that take them from the cache; False: no agent
    does."""
    recover: bool
    """False: what earlier processes left unsettled waits until it is asked for."""
    hold: bool
    """True: inputs are recorded, nothing is carried out."""


class OpenRuntime:
    """An async context manager that gives a `Runtime` and closes it with grace."""

    def __init__(self, url: str | None, settings: Settings) -> None:
        self._place = place_of(url)
        self._settings = settings
        self._readonly = settings.get("readonly", False)
        durability = settings.get("durability", "sync")
        if durability not in get_args(Durability):
            raise Rejected(f"There is no durability {durability!r}; choose 'sync' or 'wal'.")
        self._durability: Durability = durability
        if settings.get("concurrency", 1) < 1:
            raise Rejected("At least one effect must be able to run: concurrency is 1 or more.")
        refuse_reserved(settings.get("models", {}))
        self._cache = _cache_from(settings.get("cache", True))
        self._guards = checked_guards(settings.get("guards", ()), "The process")
        self._store: EventStore | None = None
        self._engine: Engine | None = None
        self._providers: Providers | None = None
        self._reading: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Runtime:
        store, artifacts = await self._open_store(self._place)
        self._store = store
        try:
            runtime = self._assemble(store, artifacts)
            assert self._engine is not None, "assembling makes an engine"
            if self._settings.get("hold", False):
                self._engine.hold()
            elif self._settings.get("recover", True) and not self._readonly:
                await self._engine.recover()
            if not self._readonly and isinstance(store, SqliteEventStore):
                self._reading = asyncio.create_task(keep_answering(store.inbox, self._engine))
        except BaseException:
            await store.close()
            raise
        return runtime

    async def __aexit__(self, *exc_info: object) -> None:
        if self._reading is not None:
            self._reading.cancel()
        try:
            if self._engine is not None:
                await self._engine.drain(round(DRAIN_SECONDS * 1000))
        finally:
            if self._providers is not None:
                await self._providers.close()
            if self._store is not None:
                await self._store.close()

    async def _open_store(self, place: Place) -> tuple[EventStore, Artifacts]:
        if place.kind == "memory":
            return MemoryEventStore(), MemoryArtifacts()
        store = await SqliteEventStore.open(
            place.path,
            durability=self._durability,
            readonly=self._readonly,
        )
        return store, store.artifacts

    def _assemble(self, store: EventStore, artifacts: Artifacts) -> Runtime:
        clock, ids, code, schemas = SystemClock(), SystemIds(), Code(), JsonSchemas()
        self._providers = Providers(
            self._settings.get("models", {}),
            routes=self._settings.get("routes", {}),
            clock=clock,
            schemas=schemas,
        )
        pieces = store.pieces if isinstance(store, SqliteEventStore) else MemoryPieces()
        responses = self._responses(store)
        rememberer = Rememberer(
            self._settings.get("memory") or _memory_of(store),
            embedder=self._settings.get("embedder") or HashingEmbedder(),
            clock=clock,
        )
        judges = Judges(
            code=code, schemas=schemas, sealing=AesSivSealing(self._settings.get("guard_key"))
        )
        judges.check(self._guards)
        caller = Caller(
            code,
            clock=clock,
            policy=tuple(self._settings.get("policy", ())),
            around=[GuardedCalls(judges, self._guards)],
        )
        caller.rememberer = rememberer
        asker = Asker(
            self._providers,
            code=code,
            schemas=schemas,
            # Guards see what is recalled, and memory what guards have let through.
            around=[Recollecting(rememberer), GuardedTurns(judges, schemas, self._guards)],
            pieces=pieces if self._settings.get("stream", False) else None,
        )
        asker.cache = self._answers(responses, clock)
        performer = Performer(
            caller=caller,
            asker=asker,
            clock=clock,
            ids=ids,
            concurrency=self._settings.get("concurrency", CONCURRENCY),
        )
        self._engine = Engine(
            store=store,
            artifacts=artifacts,
            clock=clock,
            ids=ids,
            programs=Programs(CelExpressions(), artifacts),
            performer=performer,
            readonly=self._readonly,
        )
        self._engine.pieces = pieces
        self._engine.starts = GuardedStarts(judges, self._guards)
        code.register(self._settings.get("code", {}))
        runtime = Runtime(self._engine, code, schemas)
        runtime.responses = responses
        runtime.rememberer = rememberer
        for workflow in self._settings.get("workflows", ()):
            runtime.register(workflow)
        return runtime

    def _responses(self, store: EventStore) -> Responses:
        entries_max = (self._cache or Cache()).entries_max
        if isinstance(store, SqliteEventStore):
            return store.responses(entries_max=entries_max)
        return MemoryResponses(entries_max=entries_max)

    def _answers(self, responses: Responses, clock: Clock) -> AnswerCache | None:
        settings = self._cache
        if settings is None:
            return None
        embedder = settings.embedder or HashingEmbedder()
        return AnswerCache(responses, embedder=embedder, clock=clock, settings=settings)


def _cache_from(given: object) -> Cache | None:
    """Return the settings of the cache; None: there is none."""
    if given is False:
        return None
    if given is True:
        return Cache()
    if not isinstance(given, Cache):
        raise Rejected(f"cache is tenuto.Cache(…), True or False; found {given!r:.60}.")
    given.check()
    return given


def _memory_of(store: EventStore) -> Memory:
    return store.memory if isinstance(store, SqliteEventStore) else VolatileMemory()


def open(url: str | None = None, **settings: Unpack[Settings]) -> OpenRuntime:
    """Return an async context manager that gives a `Runtime` on the database at `url`.

    What earlier processes left unsettled goes on at once.

    Args:
        url: `sqlite:///path`, or `memory://`; None: `$TENUTO_DB`, else `sqlite:///tenuto.db`.
        settings: `durability`, `readonly`, `workflows`, `models`, `routes`, `memory`,
            `embedder`, `stream`, `code`, `guards`, `guard_key`, `policy`, `concurrency`, `cache`,
            `recover`, `hold`; see `Settings`.

    Raises:
        Rejected: the address or a setting is wrong. On entering: StoreOwned, StoreUnavailable,
            CorruptLog.
    """
    return OpenRuntime(url, settings)


def run(
    workflow: Workflow | WorkflowDefinition,
    inputs: dict[str, Any] | None = None,
    *,
    db: str = "memory://",
    timeout: float | None = None,
    models: Mapping[str, Model] | None = None,
) -> Json:
    """Return the output of one session of `workflow`, run here and now. Blocks; for scripts.

    Raises:
        DefinitionError, Rejected: the workflow or the inputs are wrong.
        SessionFailedError, SessionCancelledError: it did not end well.
        TimeoutError: it had not ended after `timeout` seconds.
    """

    async def main() -> Json:
        async with open(db, models=models or {}) as runtime:
            session = await runtime.start(workflow, inputs)
            return await session.result(timeout)

    return asyncio.run(main())
