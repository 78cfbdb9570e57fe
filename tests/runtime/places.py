"""Opens the real runtime on the stores that ship, and on one that can be away."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import pytest

import tenuto
from tenuto.adapters.cel import CelExpressions
from tenuto.adapters.json_schema import JsonSchemas
from tenuto.adapters.memory import MemoryArtifacts, MemoryEventStore
from tenuto.adapters.memory.log import MemoryLog
from tenuto.adapters.sealing import AesSivSealing
from tenuto.adapters.system import SystemClock
from tenuto.core.errors import StoreUnavailable
from tenuto.core.vocabulary import Digest, SessionId, Version
from tenuto.ports.event_store import Commit, Head, HeadQuery, Receipt, StoredSession
from tenuto.runtime.asking import Asker
from tenuto.runtime.borders import Borders
from tenuto.runtime.calling import Caller
from tenuto.runtime.code import Code
from tenuto.runtime.engine import Engine
from tenuto.runtime.judging import Judges
from tenuto.runtime.performer import Performer
from tenuto.runtime.programs import Programs
from tenuto.sdk.runtime import Runtime
from tenuto.testing import FakeIds

SECONDS_MAX: Final = 30.0
"""A test that takes longer hangs."""

on_each_store = pytest.mark.parametrize("kind", ["memory", "sqlite"])


def place(kind: str, folder: Path) -> str:
    """Return the address of an empty database."""
    return "memory://" if kind == "memory" else f"sqlite:///{folder / 'test.db'}"


def run(test: Coroutine[Any, Any, None]) -> None:
    """Run a test's coroutine to its end, and not for ever."""
    asyncio.run(asyncio.wait_for(test, SECONDS_MAX))


class AwayStore(MemoryEventStore):
    """A store that refuses as many calls as it is told to, each with its own number."""

    def __init__(self) -> None:
        super().__init__()
        self.refuse_appends = self.refuse_loads = self.refuse_heads = 0
        self.appended = asyncio.Event()

    @property
    def log(self) -> MemoryLog:
        return self._log

    def append(self, commit: Commit) -> "asyncio.Future[Any]":
        if self.refuse_appends:
            self.refuse_appends -= 1
            receipt = Receipt(loop=asyncio.get_running_loop())
            receipt.settle(StoreUnavailable("the disk is away"))
            return receipt
        self.appended.set()
        return super().append(commit)

    async def load(self, session: SessionId, *, at: Version | None = None) -> StoredSession:
        if self.refuse_loads:
            self.refuse_loads -= 1
            raise StoreUnavailable("the disk is away")
        return await super().load(session, at=at)

    async def heads(self, query: HeadQuery) -> tuple[Head, ...]:
        if self.refuse_heads:
            self.refuse_heads -= 1
            raise StoreUnavailable("the disk is away")
        return await super().heads(query)


class AwayArtifacts(MemoryArtifacts):
    """Artifacts that cannot be stored as often as they are told."""

    refuse_puts = 0

    async def put(self, payload: bytes) -> Digest:
        if self.refuse_puts:
            self.refuse_puts -= 1
            raise StoreUnavailable("the disk is away")
        return await super().put(payload)


@asynccontextmanager
async def opened_on(
    store: MemoryEventStore, artifacts: MemoryArtifacts, *, concurrency: int = 64
) -> AsyncGenerator[Runtime, None]:
    """Give a runtime on a store that the test holds in its hands."""
    code, schemas, clock, ids = Code(), JsonSchemas(), SystemClock(), FakeIds()
    performer = Performer(
        caller=Caller(code, clock=clock, threads=0),
        asker=Asker({}, code=code, schemas=schemas),
        clock=clock,
        ids=ids,
        concurrency=concurrency,
    )
    performer.borders = Borders(Judges(code=code, schemas=schemas, sealing=AesSivSealing()))
    engine = Engine(
        store=store,
        artifacts=artifacts,
        clock=clock,
        ids=ids,
        programs=Programs(CelExpressions(), artifacts),
        performer=performer,
    )
    await engine.recover()
    runtime = Runtime(engine, code, schemas)
    try:
        yield runtime
    finally:
        await engine.drain(1_000)
        await store.close()


def one(function: Any, **parts: Any) -> tenuto.Workflow:
    """Return a workflow of one node, which runs `function`."""
    flow = tenuto.Workflow("one")
    flow.node("work", function=function, **parts)
    return flow
