"""One process of a simulation: an event loop, a runtime on it, and what dies with them."""

import asyncio
import random
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from typing import Any, Final

import msgspec

from tenuto.adapters.hashing import HashingEmbedder
from tenuto.adapters.json_schema import JsonSchemas
from tenuto.adapters.memory import VolatileMemory
from tenuto.adapters.sealing import AesSivSealing
from tenuto.core.errors import NotFound, TenutoError
from tenuto.core.session import inputs as i
from tenuto.core.vocabulary import Json, SessionId, TaskNo
from tenuto.core.workflow.model import WorkflowDefinition
from tenuto.core.workflow.program import Expression, Expressions
from tenuto.ports.event_store import Commit, StoredCommit
from tenuto.ports.memory import MemoryQuery, MemoryUnavailable
from tenuto.ports.tool import ToolSource
from tenuto.runtime.asking import Asker
from tenuto.runtime.borders import Borders
from tenuto.runtime.calling import Caller
from tenuto.runtime.code import Code
from tenuto.runtime.engine import Engine
from tenuto.runtime.guarding import GuardedCalls, GuardedTurns
from tenuto.runtime.judging import Judges
from tenuto.runtime.performer import Performer
from tenuto.runtime.programs import Programs
from tenuto.runtime.recollecting import Recollecting
from tenuto.runtime.remembering import Rememberer
from tenuto.runtime.summing import Summing, sum_up
from tenuto.sdk.runtime import Runtime
from tenuto.testing.ids import FakeIds
from tenuto.testing.simulation.faults import SimulatedClock, Weather
from tenuto.testing.simulation.loop import VirtualLoop, VirtualTime
from tenuto.testing.simulation.memory import FaultyMemory
from tenuto.testing.simulation.models import AnyProvider, Counted, SimulatedModel
from tenuto.testing.simulation.store import FaultyArtifacts, FaultyStore
from tenuto.testing.simulation.witness import Witness, WitnessedLog
from tenuto.testing.simulation.world import Execution, WeatheredSource, World

SNAPSHOT_TAIL_BYTES_MIN: Final = 600
"""Simulated sessions are small, and are to be snapshot all the same."""

GUARD_KEY: Final = "a key that holds for simulations only"

_SUMMED_UP: Final = 3
_SUMMED_UP_WITHIN_S: Final = 20.0
"""How often a process sums up what is remembered, and how long it waits before each time."""

_CONCURRENCY: Final = (1, 2, 3, 64)


class Site(msgspec.Struct, kw_only=True, eq=False):
    """What outlives a process: the log, the artifacts, the world, and time."""

    seed: str
    definition: WorkflowDefinition
    code: Mapping[str, Any]
    guards: Mapping[str, Any] = {}
    """Functions of guards: no weather comes over them."""
    time: VirtualTime
    clock: SimulatedClock
    ids: FakeIds
    weather: Weather
    witness: Witness
    world: World
    log: WitnessedLog
    artifacts: FaultyArtifacts
    expressions: Expressions
    models: Mapping[str, Counted] = {}
    """Providers by name; empty: a simulated model answers for all."""
    tools: Mapping[str, ToolSource] = {}
    """Sources of tools by namespace."""
    crash_after: int = 0
    """Number of the commit after which the process dies; 0: none."""
    memory: VolatileMemory = msgspec.field(default_factory=VolatileMemory)
    story: list[tuple[int, float, str]] = []
    """What happened beside the log: number of commits before it, the moment, in words."""

    def tell(self, what: str) -> None:
        """Add a line to the story."""
        self.story.append((len(self.witness.commits), self.time.now_s, what))


class Process:
    """Runs the sessions of the site's log until it is killed."""

    def __init__(self, site: Site, number: int) -> None:
        self.site, self.number = site, number
        weather, dice = site.weather, random.Random(f"{site.seed}/process/{number}")
        in_order = dice.random() >= weather.faults.disorder
        self.loop = VirtualLoop(  # type: ignore[abstract]  # no sockets, no signals, no threads
            site.time, dice, in_order=in_order
        )
        self.store = FaultyStore(site.log, weather=weather, witness=site.witness)
        self.in_flight: dict[Execution, None] = {}
        self.model = SimulatedModel(weather, site.witness)
        self.followed: list[StoredCommit] = []
        self.is_open = False
        self.has_failed = False
        with self.loop.running():
            self._assemble(dice)
            self.spawn(self._open())
            self.spawn(self._follow(dice.randrange(len(site.witness.commits) + 1)))
            self.spawn(self._sum_up())

    def _assemble(self, dice: random.Random) -> None:
        site = self.site
        code, schemas = Code(), JsonSchemas()
        code.register(site.world.wrapped(site.code, self))
        code.register(site.guards)
        for name, source in site.tools.items():
            code.sources[name] = WeatheredSource(source, site.world, self)
        models = site.models or AnyProvider(self.model)
        memory = FaultyMemory(site.memory, site.weather)
        rememberer = Rememberer(memory, embedder=HashingEmbedder(), clock=site.clock)
        self._rememberer = rememberer
        judges = Judges(code=code, schemas=schemas, sealing=AesSivSealing(GUARD_KEY), inline=True)
        caller = Caller(code, clock=site.clock, threads=0, around=[GuardedCalls(judges)])
        caller.rememberer = rememberer
        performer = Performer(
            caller=caller,
            asker=Asker(
                models,
                code=code,
                schemas=schemas,
                around=[Recollecting(rememberer), GuardedTurns(judges, schemas)],
            ),
            clock=site.clock,
            ids=site.ids,
            concurrency=dice.choice(_CONCURRENCY),
        )
        performer.borders = Borders(judges)
        self.engine = Engine(
            store=self.store,
            artifacts=site.artifacts,
            clock=site.clock,
            ids=site.ids,
            programs=Programs(site.expressions, site.artifacts),
            performer=performer,
        )
        self.engine.turns.snapshot_tail_bytes_min = SNAPSHOT_TAIL_BYTES_MIN
        self.runtime = Runtime(self.engine, code, schemas)

    async def _open(self) -> None:
        """Take up what earlier processes left; one that cannot is ended, and another is tried."""
        try:
            self.engine.programs.know(self.site.definition)
            await self.engine.recover()
            self.is_open = True
        except TenutoError as error:
            self.site.tell(f"process {self.number} cannot open: {error}")
            self.has_failed = True

    async def _follow(self, commits: int) -> None:
        """Read the log of all sessions live, from somewhere in it."""
        known = self.site.witness.commits
        after = known[commits - 1][0].position if commits else 0
        async for commit in self.store.follow(after=after):
            self.followed.append(commit)

    async def _sum_up(self) -> None:
        """Sum up what is remembered, a few times, and mostly while sessions remember more."""
        chance = random.Random(f"{self.site.seed}/summing/{self.number}")
        summing = Summing(bound=1, inline=True)
        for _ in range(_SUMMED_UP):
            await asyncio.sleep(chance.uniform(0, _SUMMED_UP_WITHIN_S))
            for tenant in sorted({item.scope.tenant for item in self.site.memory.everything()}):
                with suppress(MemoryUnavailable, NotFound):
                    await sum_up(self._rememberer, MemoryQuery(tenant=tenant), summing)

    def spawn(self, chore: Coroutine[Any, Any, None]) -> None:
        """Run `chore` for as long as the process lives."""
        self.loop.create_task(chore)

    async def deliver(self, session: SessionId, task: TaskNo, output: Json) -> None:
        """Report the outcome of a task, as whoever carried it out might do again."""
        now = self.site.clock.now_ms()
        try:
            await self.engine.submit(session, i.CompleteTask(at_ms=now, task=task, output=output))
        except TenutoError as error:
            self.site.tell(f"an outcome of task {task} of {session} is refused: {error}")

    def kill(self) -> list[Commit]:
        """End the process between two callbacks; return the commits that were lost with it."""
        queued = self.store.queued()
        written = self.site.weather.dice.randrange(queued + 1) if queued else 0
        lost = self.store.die(written)
        with self.loop.running():
            self.loop.end()
        return lost


class KnownExpressions:
    """Compiles each expression once for all simulations of a program."""

    def __init__(self, expressions: Expressions) -> None:
        self._expressions = expressions
        self._known: dict[tuple[str, frozenset[str]], Expression] = {}

    def compile(self, source: str, *, roots: frozenset[str]) -> Expression:
        """See `Expressions.compile`."""
        key = (source, roots)
        if key not in self._known:
            self._known[key] = self._expressions.compile(source, roots=roots)
        return self._known[key]
