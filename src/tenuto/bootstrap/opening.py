"""From an address to a running runtime, and back to nothing."""

import asyncio
from functools import partial
from typing import Any, Unpack

from tenuto.adapters.tables.lasting import LastingStore
from tenuto.bootstrap.assembling import Assembly
from tenuto.bootstrap.auditing import auditor_of
from tenuto.bootstrap.beside import beside_of
from tenuto.bootstrap.models import Providers
from tenuto.bootstrap.places import Place, place_of
from tenuto.bootstrap.settings import Settings, check_settings
from tenuto.bootstrap.shelves import close_shared, open_shared
from tenuto.bootstrap.stores import open_store
from tenuto.core.vocabulary import Json
from tenuto.core.workflow.model import WorkflowDefinition
from tenuto.ports.artifacts import Artifacts
from tenuto.ports.event_store import EventStore
from tenuto.ports.shelves import SharedShelves
from tenuto.runtime import auditing, projecting
from tenuto.runtime.auditing import Auditor
from tenuto.runtime.consolidating import Consolidator
from tenuto.runtime.engine import Engine
from tenuto.runtime.letters import Postman
from tenuto.runtime.projecting import Projector
from tenuto.sdk.runtime import DRAIN_SECONDS, Runtime
from tenuto.sdk.sources import close_sources, sources_from
from tenuto.sdk.starting import Facts
from tenuto.sdk.workflow import Workflow


class OpenRuntime:
    """An async context manager that gives a `Runtime` and closes it with grace."""

    def __init__(self, url: str | None, settings: Settings) -> None:
        check_settings(settings)
        self._place, self._settings = place_of(url), settings
        self._readonly = settings.get("readonly", False)
        self._sources = sources_from(settings.get("tools", {}))
        self.beside = beside_of(self._place, settings)
        """The Redis of those that share the database; None: there is none."""
        self._store: EventStore | None = None
        self.shelves: SharedShelves | None = None
        """Those of the database, while it is open; None: it has none."""
        self._engine: Engine | None = None
        self._providers: Providers | None = None
        self._consolidator: Consolidator | None = None
        self._auditor: Auditor | None = None
        self._reading: asyncio.Task[None] | None = None
        self._projector: Projector | None = None
        self._projecting: asyncio.Task[None] | None = None

    @property
    def store(self) -> EventStore:
        """The store, while it is open."""
        assert self._store is not None, "it was entered"
        return self._store

    async def __aenter__(self) -> Runtime:
        store, artifacts = await self._open_store(self._place)
        self._store = store
        try:
            self.shelves = open_shared(self._place)
            made = Assembly(self._settings, store, artifacts, self._sources)
            self._engine, self._providers = made.engine, made.providers
            self._consolidator = made.consolidator
            self._auditor = auditor_of(made.checkpointer, self._place, self._settings)
            keeps_tables = self._settings.get("read_models", False) and not self._readonly
            self._projector = made.projector if keeps_tables else None
            made.projector.leads = partial(made.engine.owning.leads, projecting.DUTY)
            if self._auditor is not None:
                self._auditor.leads = partial(made.engine.owning.leads, auditing.DUTY)
            await self._begin(made.engine, store)
            if self._auditor is not None:
                self._auditor.start()
            if self._projector is not None:
                self._projecting = asyncio.create_task(self._projector.run())
        except BaseException:
            try:
                await close_sources(self._sources)
            finally:
                await self._close_shelves()
                await self._close_store()
            raise
        return made.runtime

    async def _begin(self, engine: Engine, store: EventStore) -> None:
        """Have the engine go on with what is there."""
        together = store.together if isinstance(store, LastingStore) else None
        holds, recovers = self._settings.get("hold", False), self._settings.get("recover", True)
        if holds:
            engine.hold()
        if together is not None:
            keepers = {projecting.DUTY: self._projector, auditing.DUTY: self._auditor}
            duties = [duty for duty, keeper in keepers.items() if keeper is not None]
            await engine.share(
                together, works=not holds, takes_up=recovers and not holds, duties=duties
            )
            sharing = engine.owning.sharing
            if self.beside is not None and sharing is not None:
                seat = sharing.seat
                self.beside.members = lambda: len(seat.survey.members)
        if engine.pools is not None and not self._readonly:
            serves = self._settings.get("serves")
            if not holds or serves is not None:
                await engine.pools.start(engine.owning)
        if recovers and not holds and not self._readonly:
            await engine.recover()
        if not self._readonly and isinstance(store, LastingStore):
            signals = None if together is None else together.signals
            postman = Postman(store.inbox, engine.submit_here, engine.clock, signals)
            self._reading = asyncio.create_task(postman.run())

    async def __aexit__(self, *exc_info: object) -> None:
        if self._reading is not None:
            self._reading.cancel()
        try:
            if self._engine is not None:
                await self._engine.drain(round(DRAIN_SECONDS * 1000))
        finally:
            try:
                if self._consolidator is not None:
                    await self._consolidator.close()
                await close_sources(self._sources)
                await self._end_projecting()
            finally:
                if self._providers is not None:
                    await self._providers.close()
                if self._auditor is not None:
                    await self._auditor.close()
                await self._close_shelves()
                await self._close_store()

    async def _close_shelves(self) -> None:
        shelves, self.shelves = self.shelves, None
        await close_shared(shelves)

    async def _end_projecting(self) -> None:
        """Leave tables that say all that happened, so that who looks at the file finds it."""
        if self._projector is not None and self._projecting is not None:
            self._projector.close()
            await self._projecting
            if self._projector.leads():
                await self._projector.catch_up()

    async def _open_store(self, place: Place) -> tuple[EventStore, Artifacts]:
        durability = self._settings.get("durability", "sync")
        alone = self._settings.get("alone", False)
        if self.beside is None:
            return await open_store(
                place, durability=durability, readonly=self._readonly, shared=not alone
            )
        await self.beside.open()
        try:
            return await open_store(
                place, durability=durability, shared=True, fan_out=self.beside.signals
            )
        except BaseException:
            await self.beside.close()
            raise

    async def _close_store(self) -> None:
        if self.beside is not None:
            await self.beside.close()
        if self._store is not None:
            await self._store.close()


def open(url: str | None = None, **settings: Unpack[Settings]) -> OpenRuntime:
    """Return an async context manager that gives a `Runtime` on the database at `url`.

    What earlier processes left unsettled goes on at once.

    Args:
        url: `sqlite:///path`, `postgresql://host/database`, or `memory://`; None: `$TENUTO_DB`,
            else `sqlite:///tenuto.db`.
        settings: `durability`, `readonly`, `workflows`, `models`, `routes`, `memory`,
            `embedder`, `stream`, `code`, `tools`, `guards`, `guard_key`, `policy`,
            `concurrency`, `pools`, `serves`, `cache`, `audit`, `audit_key`, `read_models`,
            `recover`, `hold`, `redis`, `alone`; see `Settings`.

    Raises:
        Rejected: the address or a setting is wrong. On entering: StoreOwned, StoreUnavailable,
            CorruptLog.
    """
    return OpenRuntime(url, settings)


class RunSettings(Settings, Facts, total=False):
    """How a database is opened, and for whom the session is."""


def run(
    workflow: Workflow | WorkflowDefinition,
    inputs: dict[str, Any] | None = None,
    *,
    db: str = "memory://",
    timeout: float | None = None,
    **settings: Unpack[RunSettings],
) -> Json:
    """Return the output of one session of `workflow`, run here and now. Blocks; for scripts.

    `settings` are those of `tenuto.open`, as `models`, and those of `Runtime.start`, as `user`.

    Raises:
        DefinitionError, Rejected: the workflow or the inputs are wrong.
        SessionFailedError, SessionCancelledError: it did not end well.
        TimeoutError: it had not ended after `timeout` seconds.
    """

    given: dict[str, Any] = {**settings}
    facts = {name: given.pop(name) for name in Facts.__annotations__ if name in given}

    async def main() -> Json:
        async with open(db, **given) as runtime:
            session = await runtime.start(workflow, inputs, **facts)
            return await session.result(timeout)

    return asyncio.run(main())
