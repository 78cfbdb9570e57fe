"""What is started for a request that names a task, and perhaps agents and documents."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec

from tenuto.core.budget import UNBOUNDED, Budget
from tenuto.core.errors import DefinitionError, Rejected
from tenuto.core.workflow.named_code import faults_of_code
from tenuto.server.problems import ProblemError
from tenuto.server.registry.agents import AgentFound
from tenuto.server.registry.making import AGENTS_MAX, Mode, made_workflow
from tenuto.server.registry.registry import Registry
from tenuto.server.starting import StartKey, Wanted

RESEARCH: Final = "research"
"""The offered workflow that answers questions about documents where no agents are named."""

_DAY_S: Final = 86_400


class ExecutionContext(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the agents may look into."""

    document_ids: tuple[str, ...] = ()
    """Only these; of one collection. Empty: all of the collection."""
    collection_id: str | None = None


class TaskFor(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A task for one agent."""

    task_description: Annotated[str, msgspec.Meta(min_length=1, max_length=100_000)]
    context: ExecutionContext | None = None
    timeout: Annotated[float, msgspec.Meta(gt=0, le=366 * _DAY_S)] | None = None
    """Seconds that the session may take. When they are over it pauses and can be resumed."""
    key: StartKey | None = None
    """With one that was used before, the session of that first start is given."""
    budget: Budget | None = None


class Execution(TaskFor, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A task for agents."""

    agents: Annotated[list[str], msgspec.Meta(min_length=1, max_length=AGENTS_MAX)] | None = None
    """Ids of agents; null: the research team where there are documents, else all agents that the
    organisation registered."""
    execution_mode: Mode = "parallel"
    """sequential: each agent gets the answers of those before it."""


async def wanted_by(registry: Registry, organisation: str, asked: Execution) -> Wanted:
    """Return what is to be started for a request.

    Raises:
        NotFound: there is no such agent, collection or document.
        Rejected: there is no agent, or those that there are cannot work together.
    """
    context = asked.context or ExecutionContext()
    collection = await registry.documents.find(
        organisation, context.collection_id, context.document_ids
    )
    budget = asked.budget or UNBOUNDED
    if asked.timeout is not None:
        budget = msgspec.structs.replace(
            budget, seconds=min(asked.timeout, budget.seconds or asked.timeout)
        )
    if asked.agents is None and collection is not None and RESEARCH in registry.offered:
        research = registry.offered[RESEARCH]
        return Wanted(
            workflow=research.workflow,
            name=research.definition.name,
            inputs={"question": asked.task_description, "documents": collection},
            key=asked.key,
            budget=budget,
        )
    if asked.agents is None:
        agents = await _all(registry, organisation)
    else:
        agents = [await registry.agents.get(organisation, id) for id in asked.agents]
    for agent in agents:
        if not agent.active:
            raise ProblemError("conflict", f"The agent {agent.id!r} is not active.")
    others = await registry.agents.with_others(organisation, agents)
    definitions = [agent.definition for agent in agents]
    workflow = made_workflow(definitions, others, mode=asked.execution_mode)
    judge = registry.allowed.judge(await registry.workflows.domain(organisation))
    faults = faults_of_code(workflow, judge)
    if faults:
        raise DefinitionError([fault.problem() for fault in faults])
    if collection is not None:
        workflow = made_workflow(
            definitions, others, mode=asked.execution_mode, collection=collection
        )
    return Wanted(
        workflow=workflow,
        name=workflow.name,
        inputs={"task": asked.task_description},
        key=asked.key,
        budget=budget,
        agents=tuple(agent.id for agent in agents),
        detail={"agents": [f"{agent.id}/{agent.version}" for agent in agents]},
    )


async def _all(registry: Registry, organisation: str) -> list[AgentFound]:
    agents = await registry.agents.active(organisation, limit=AGENTS_MAX + 1)
    if not agents:
        raise Rejected(
            "No agent is named, and the organisation has registered none. Name some of "
            "GET /agents, or register one: POST /agents."
        )
    if len(agents) > AGENTS_MAX:
        raise Rejected(
            f"No agent is named, and more than {AGENTS_MAX} are registered; name those that are "
            "to work."
        )
    return agents
