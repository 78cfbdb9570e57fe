"""From settings and a store to a runtime: the parts that an open database is made of."""

from collections.abc import Mapping

from tenuto.adapters.cel import CelExpressions
from tenuto.adapters.hashing import HashingEmbedder
from tenuto.adapters.json_schema import JsonSchemas
from tenuto.adapters.memory import (
    MemoryCalls,
    MemoryEventStore,
    MemoryPieces,
    MemoryReadModels,
    MemoryResponses,
    VolatileMemory,
)
from tenuto.adapters.sealing import AesSivSealing
from tenuto.adapters.system import SystemClock, SystemIds
from tenuto.adapters.tables.lasting import LastingStore
from tenuto.bootstrap.auditing import audit_keys, ledger_of
from tenuto.bootstrap.models import Providers
from tenuto.bootstrap.pools import pools_of
from tenuto.bootstrap.settings import CONCURRENCY, Settings, cache_of
from tenuto.core.agent.guards import checked_guards
from tenuto.ports.artifacts import Artifacts
from tenuto.ports.event_store import EventStore
from tenuto.ports.memory import Memory
from tenuto.ports.responses import Responses
from tenuto.ports.tool import ToolSource
from tenuto.runtime.asking import Asker
from tenuto.runtime.auditing import Checkpointer
from tenuto.runtime.borders import Borders
from tenuto.runtime.caching import AnswerCache, Cache
from tenuto.runtime.calling import Caller
from tenuto.runtime.carrying import Carrier
from tenuto.runtime.code import Code
from tenuto.runtime.consolidating import Consolidator
from tenuto.runtime.engine import Engine
from tenuto.runtime.guarding import GuardedCalls, GuardedTurns
from tenuto.runtime.judging import Judges
from tenuto.runtime.performer import Performer
from tenuto.runtime.pool_side import Ground, PoolSide
from tenuto.runtime.programs import Programs
from tenuto.runtime.projected import Folds
from tenuto.runtime.projecting import Projector
from tenuto.runtime.pruning import Pruner
from tenuto.runtime.recollecting import Recollecting
from tenuto.runtime.remembering import Rememberer
from tenuto.runtime.summarist import Summarist
from tenuto.sdk.audit import AuditTrail
from tenuto.sdk.models import Models
from tenuto.sdk.read_models import ReadModels
from tenuto.sdk.runtime import Runtime


class Assembly:
    """The parts of one open database."""

    def __init__(
        self,
        settings: Settings,
        store: EventStore,
        artifacts: Artifacts,
        sources: Mapping[str, ToolSource],
    ) -> None:
        self._settings, self._store = settings, store
        self._clock, self._schemas, self._code = SystemClock(), JsonSchemas(), Code()
        self._code.register(settings.get("code", {}))
        self._code.sources.update(sources)
        self._guards = checked_guards(settings.get("guards", ()), "The process")
        self._judges = Judges(
            code=self._code,
            schemas=self._schemas,
            sealing=AesSivSealing(settings.get("guard_key")),
        )
        self._judges.check(self._guards)
        self._pieces = store.pieces if isinstance(store, LastingStore) else MemoryPieces()
        self._rememberer = Rememberer(
            settings.get("memory") or _memory_of(store),
            embedder=settings.get("embedder") or HashingEmbedder(),
            clock=self._clock,
        )
        self.consolidator = Consolidator(self._rememberer)
        self._rememberer.watch = self.consolidator.kept
        self._responses = _responses_of(store, cache_of(settings) or Cache())
        self.providers = Providers(
            settings.get("models", {}),
            routes=settings.get("routes", {}),
            clock=self._clock,
            schemas=self._schemas,
            keys=settings.get("provider_keys"),
        )
        self.checkpointer = Checkpointer(
            ledger_of(store),
            store,
            clock=self._clock,
            keys=audit_keys(settings.get("audit_key")),
        )
        self.consolidator.summarist = self._summarist()
        self.engine = self._engine(artifacts)
        self.projector = self._projector(artifacts)
        self.runtime = self._runtime(artifacts)

    def _engine(self, artifacts: Artifacts) -> Engine:
        ids = SystemIds()
        performer = Performer(
            caller=self._caller(),
            asker=self._asker(),
            clock=self._clock,
            ids=ids,
            concurrency=self._settings.get("concurrency", CONCURRENCY),
        )
        performer.borders = Borders(self._judges, self._guards)
        engine = Engine(
            store=self._store,
            artifacts=artifacts,
            clock=self._clock,
            ids=ids,
            programs=Programs(CelExpressions(), artifacts),
            performer=performer,
            readonly=self._settings.get("readonly", False),
        )
        engine.pieces = self._pieces
        engine.pools = self._pools(performer)
        return engine

    def _pools(self, performer: Performer) -> PoolSide:
        return PoolSide(
            self._ground(),
            Carrier(self._code, performer.caller.attempts),
            performer,
            pools=pools_of(self._settings.get("pools")),
            serves=self._settings.get("serves"),
        )

    def _ground(self) -> Ground:
        """Return where calls of pools are kept: in the process, where it has its store alone."""
        store = self._store
        if isinstance(store, LastingStore) and store.together is not None:
            return Ground(store.together.calls, store.lines, store.together.signals)
        calls = MemoryCalls(self._clock)
        lines = store.lines if isinstance(store, LastingStore) else None
        return Ground(calls, calls if lines is None else lines)

    def _projector(self, artifacts: Artifacts) -> Projector:
        store = self._store
        # Definitions of the past are not to be found by name by those who start sessions.
        folds = Folds(store, self.engine.decoder, Programs(CelExpressions(), artifacts))
        if isinstance(store, LastingStore):
            return Projector(store, store.read_models, folds)
        memory = self._rememberer.memory
        kept = memory if isinstance(memory, VolatileMemory) else None
        return Projector(store, MemoryReadModels(kept), folds)

    def _caller(self) -> Caller:
        caller = Caller(
            self._code,
            clock=self._clock,
            policy=tuple(self._settings.get("policy", ())),
            around=[GuardedCalls(self._judges, self._guards)],
        )
        caller.rememberer = self._rememberer
        return caller

    def _asker(self) -> Asker:
        asker = Asker(
            self.providers,
            code=self._code,
            schemas=self._schemas,
            # Guards see what is recalled, and memory what guards have let through.
            around=[
                Recollecting(self._rememberer),
                GuardedTurns(self._judges, self._schemas, self._guards),
            ],
            pieces=self._pieces if self._settings.get("stream", False) else None,
        )
        cache = cache_of(self._settings)
        if cache is not None:
            asker.cache = AnswerCache(
                self._responses,
                embedder=cache.embedder or HashingEmbedder(),
                clock=self._clock,
                settings=cache,
            )
        return asker

    def _summarist(self) -> Summarist:
        """Nobody reads along, nothing is recalled, and no answer is given a second time."""
        guarded = GuardedTurns(self._judges, self._schemas, self._guards)
        return Summarist(
            Asker(self.providers, code=self._code, schemas=self._schemas, around=[guarded])
        )

    def _runtime(self, artifacts: Artifacts) -> Runtime:
        runtime = Runtime(self.engine, self._code, self._schemas)
        runtime.rememberer = self._rememberer
        runtime.responses = self._responses
        router = self.providers.router
        runtime.models = Models(self.providers, routes=router.routes, health=router.health)
        runtime.ledger = self.projector.intake.ledger = self.checkpointer.ledger
        runtime.audit = AuditTrail(self.checkpointer, artifacts)
        is_kept = self._settings.get("read_models", False)
        runtime.tables = ReadModels(self._store, self.projector, is_kept=is_kept)
        if isinstance(self._store, LastingStore | MemoryEventStore):
            runtime.lists = self._store.lists
        if isinstance(self._store, LastingStore):
            runtime.pruner = Pruner(self._store.pruning, runtime.ledger, self._clock)
            runtime.pruner.removed = runtime.looks.forget
        for workflow in self._settings.get("workflows", ()):
            runtime.register(workflow)
        return runtime


def _memory_of(store: EventStore) -> Memory:
    return store.memory if isinstance(store, LastingStore) else VolatileMemory()


def _responses_of(store: EventStore, cache: Cache) -> Responses:
    if isinstance(store, LastingStore):
        return store.responses(entries_max=cache.entries_max)
    return MemoryResponses(entries_max=cache.entries_max)
