"""`simulate` and `simulate_random`: one fleet per call, and the shortest story of a failure."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from tenuto.adapters.cel import CelExpressions
from tenuto.codec.events import EventDecoder
from tenuto.core.vocabulary import EffectId, Json, JsonObject
from tenuto.core.workflow.compile import compile_workflow
from tenuto.core.workflow.model import WorkflowDefinition
from tenuto.core.workflow.program import Program
from tenuto.ports.model import Model
from tenuto.ports.tool import ToolSource
from tenuto.sdk.workflow import Workflow
from tenuto.testing.ids import FakeIds
from tenuto.testing.simulation.faults import Faults, SimulatedClock, Weather
from tenuto.testing.simulation.fleet import Fleet
from tenuto.testing.simulation.loop import VirtualTime
from tenuto.testing.simulation.marks import LABELS, mark
from tenuto.testing.simulation.models import Counted
from tenuto.testing.simulation.people import People
from tenuto.testing.simulation.process import KnownExpressions, Site
from tenuto.testing.simulation.random_code import GUARDS, random_code
from tenuto.testing.simulation.random_workflow import NODES_MAX, random_workflow
from tenuto.testing.simulation.report import SimulationReport, digest_of, timeline_of
from tenuto.testing.simulation.store import FaultyArtifacts
from tenuto.testing.simulation.witness import Witness, WitnessedLog
from tenuto.testing.simulation.world import World

SESSIONS_MAX: Final = 3


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """How rough it is, who answers for models, and where the process dies for certain."""

    faults: Faults
    models: Mapping[str, Model] | None = None
    """Providers by name, in place of a simulated one; they must answer by rule."""
    tools: Mapping[str, ToolSource] = {}
    """Sources of tools by namespace."""
    crash_after: int = 0
    """Number of the commit after which the process dies, whatever the faults; 0: none."""


_expressions: Final = KnownExpressions(CelExpressions())


def simulate(
    workflow: Workflow | WorkflowDefinition,
    inputs: Mapping[str, Any] | None = None,
    *,
    functions: Mapping[str, Any] | None = None,
    seed: int | str = 0,
    faults: Faults | None = None,
    sessions: int = 2,
) -> SimulationReport:
    """Return what becomes of `sessions` sessions of `workflow` under random faults.

    Time is virtual, processes crash between any two callbacks, the store and the work fail, people
    meddle; the same seed gives the same log to the byte. Promises P1 to P9 are checked throughout.

    Args:
        workflow: what runs. Its functions are called for real: they must not wait for the real
            world.
        inputs: of every session.
        functions: code by the names that the workflow uses, beside or in place of its own.
        faults: how rough it is; `Faults.none()` for a quiet day.

    Raises:
        DefinitionError: the workflow is wrong.

    Example:
        simulate(flow, {"text": "hello"}, seed=7).check()
    """
    given = [dict(inputs or {}) for _ in range(sessions)]
    plan = Plan(faults=faults or Faults())
    return run_plan(workflow, given, plan, functions=functions, seed=seed)


def run_plan(
    workflow: Workflow | WorkflowDefinition,
    inputs: list[JsonObject],
    plan: Plan,
    *,
    functions: Mapping[str, Any] | None = None,
    seed: int | str = 0,
) -> SimulationReport:
    """Return what becomes of a session of `workflow` for each of `inputs`, as `plan` says.

    Raises:
        DefinitionError: the workflow is wrong.
    """
    code: dict[str, Any] = {}
    if isinstance(workflow, Workflow):
        code.update(workflow.code)
        workflow = workflow.definition()
    code.update(functions or {})
    return _run(str(seed), workflow, lambda world: code, inputs, plan)


def simulate_random(
    seed: int,
    *,
    faults: Faults | None = None,
    nodes_max: int = NODES_MAX,
    sessions: int = 0,
    shorten: bool = True,
) -> SimulationReport:
    """Return what becomes of a random fleet: workflow, inputs, faults and order follow from
    `seed`.

    A failure is looked for again with fewer nodes, sessions and kinds of fault, and the shortest
    story that still breaks the same promise is returned, unless `shorten` is False."""
    chosen = faults or Faults.drawn(seed)
    report = _random(seed, chosen, nodes_max, sessions)
    if report.violation is not None and shorten:
        report = _shortest(seed, chosen, nodes_max, report)
    return report


def _random(seed: int, faults: Faults, nodes_max: int, sessions: int) -> SimulationReport:
    definition = random_workflow(seed, _expressions, nodes_max=nodes_max)
    inputs = _random_inputs(seed, sessions)
    report = _run(str(seed), definition, _random_code, inputs, Plan(faults=faults))
    changed = [
        f"{name}={getattr(faults, name)}"
        for name in Faults.__struct_fields__
        if getattr(faults, name) != getattr(Faults(), name)
    ]
    reproduce = (
        f"simulate_random({seed}, nodes_max={nodes_max}, sessions={len(inputs)}, "
        f"faults=Faults({', '.join(changed)})).check()"
    )
    return msgspec.structs.replace(report, reproduce=reproduce)


def _random_inputs(seed: int, sessions: int) -> list[JsonObject]:
    """Every fourth session begins with data that bears a mark."""
    marks: list[Json] = [mark(LABELS[seed % 2])]
    return [
        {"n": (seed + n) % 5, **({"seen": marks} if (seed + n) % 4 == 3 else {})}
        for n in range(sessions or 1 + seed % SESSIONS_MAX)
    ]


def _shortest(
    seed: int, faults: Faults, nodes_max: int, report: SimulationReport
) -> SimulationReport:
    """Leave out what the failure does not need, as long as the same promise breaks."""
    assert report.violation is not None, "there is something to look for"
    promise, best, sessions = report.violation.promise, report, 0

    def fails(candidate: SimulationReport) -> bool:
        violation = candidate.violation
        return violation is not None and violation.promise == promise

    for count in range(1, nodes_max):
        candidate = _random(seed, faults, count, 0)
        if fails(candidate) and candidate.events <= best.events:
            best, nodes_max = candidate, count
            break
    for count in range(1, best.sessions):
        candidate = _random(seed, faults, nodes_max, count)
        if fails(candidate) and candidate.events <= best.events:
            best, sessions = candidate, count
            break
    for name in Faults.__struct_fields__:
        calmer = msgspec.structs.replace(faults, **{name: 0.0})
        candidate = _random(seed, calmer, nodes_max, sessions)
        if fails(candidate):
            best, faults = candidate, calmer
    return best


def _random_code(world: World) -> dict[str, Any]:
    def verify(effect: str) -> Json:
        weather = world.weather
        if weather.strikes(weather.faults.work_transient):
            raise ConnectionError("the simulated bank does not answer")
        execution = world.happened(EffectId(effect))
        return None if execution is None else execution.output

    return random_code(verify)


def _run(
    seed: str,
    definition: WorkflowDefinition,
    code_of: Callable[[World], Mapping[str, Any]],
    inputs: list[JsonObject],
    plan: Plan,
) -> SimulationReport:
    site, fleet = _assembled(seed, definition, code_of, inputs, plan)
    violation = fleet.run()
    witness = site.witness
    statuses: dict[str, int] = {}
    for seen in witness.sessions.values():
        statuses[seen.state.phase] = statuses.get(seen.state.phase, 0) + 1
    return SimulationReport(
        seed=seed,
        violation=violation,
        log_digest=digest_of(site),
        definition=definition,
        faults=plan.faults,
        sessions=len(inputs),
        commits=len(witness.commits),
        outputs=tuple(seen.state.output for seen in witness.sessions.values()),
        remembered=site.memory.everything(),
        asked=sum(model.requests for model in site.models.values()),
        events=sum(stored.count for stored, _ in witness.commits),
        crashes=fleet.crashes,
        executions=site.world.executions,
        virtual_seconds=site.time.now_s,
        statuses=statuses,
        timeline=timeline_of(site) if violation is not None else (),
    )


def random_site(seed: int) -> Site:
    """Return all that is left of a random fleet: its log, and what the witness made of it."""
    definition = random_workflow(seed, _expressions)
    site, fleet = _assembled(
        str(seed),
        definition,
        _random_code,
        _random_inputs(seed, 0),
        Plan(faults=Faults.drawn(seed)),
    )
    fleet.run()
    return site


def _assembled(
    seed: str,
    definition: WorkflowDefinition,
    code_of: Callable[[World], Mapping[str, Any]],
    inputs: list[JsonObject],
    plan: Plan,
) -> tuple[Site, Fleet]:
    time = VirtualTime()
    weather = Weather(plan.faults, seed, time)
    artifacts = FaultyArtifacts(weather)
    witness = Witness(EventDecoder(artifacts.get))
    for program in _programs(definition):
        witness.programs[program.digest] = program
    world = World(weather, witness)
    site = Site(
        seed=seed,
        definition=definition,
        code=code_of(world),
        guards=GUARDS,
        time=time,
        clock=SimulatedClock(time),
        ids=FakeIds(0),
        weather=weather,
        witness=witness,
        world=world,
        log=WitnessedLog(witness),
        artifacts=artifacts,
        expressions=_expressions,
        models={name: Counted(model) for name, model in (plan.models or {}).items()},
        tools=plan.tools,
        crash_after=plan.crash_after,
    )
    return site, Fleet(site, People(site, inputs))


def _programs(definition: WorkflowDefinition) -> list[Program]:
    """Return the workflow and all that it can start, compiled."""
    programs = [compile_workflow(definition, _expressions)]
    for child in definition.children:
        programs += _programs(child)
    return programs
