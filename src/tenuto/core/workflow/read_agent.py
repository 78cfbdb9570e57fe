"""From plain data to one agent by itself: as under `agents` of a workflow, and with its name."""

from collections.abc import Sequence
from typing import Unpack

import msgspec

from tenuto.core.errors import DefinitionError
from tenuto.core.vocabulary import Json
from tenuto.core.workflow.faults import Fault, Place
from tenuto.core.workflow.model import AgentDefinition, Node, WorkflowDefinition
from tenuto.core.workflow.read import Checks, faults_by, in_data, in_order
from tenuto.core.workflow.read_parts import agent_of
from tenuto.core.workflow.section import Reading, Section, flag, shown
from tenuto.core.workflow.validate import name_fault

_CAPABILITIES_MAX = 100


class AgentText(msgspec.Struct, frozen=True, kw_only=True):
    """An agent, and what lists say of it."""

    definition: AgentDefinition
    capabilities: tuple[str, ...] = ()
    """What it is good for, in words to look for."""
    active: bool = True
    """False: it is kept, and not started."""


def read_agent(
    data: Json,
    *,
    others: Sequence[AgentDefinition] = (),
    place: Place | None = None,
    **checks: Unpack[Checks],
) -> AgentText:
    """Return the agent that `data` describes.

    Args:
        data: what a YAML or JSON parser gave.
        others: agents that it may call or leave its task to.
        place: gives line and column of a path into the data.
        checks: who knows what the definition alone does not tell.

    Raises:
        DefinitionError: with every problem found.
    """
    reading = Reading()
    found = _read(reading, data)
    faults = reading.faults.copy()
    if found is not None:
        whole = alone(found.definition, others)
        name = found.definition.name
        mine = [
            fault
            for fault in faults_by(checks, whole, reading)
            if fault.path[:2] == ("agents", name)
        ]
        faults += in_data(mine, reading)
    if faults or found is None:
        raise DefinitionError(in_order(faults, "", place))
    return found


def alone(agent: AgentDefinition, others: Sequence[AgentDefinition]) -> WorkflowDefinition:
    """Return a workflow that does nothing but give a task to the agent."""
    beside = tuple(other for other in others if other.name != agent.name)
    return WorkflowDefinition(
        name="agent",
        agents=(agent, *beside),
        nodes=(Node(id="task", kind="agent", ref=agent.name),),
        entry=("task",),
    )


def _read(reading: Reading, data: Json) -> AgentText | None:
    if not isinstance(data, dict):
        message = f"An agent is an object of keys and values, found {shown(data)}."
        reading.fault((), message, "Begin with name: clerk.")
        return None
    section = Section(reading, (), data, what="the agent")
    if not section.has("name"):
        section.lacks("name", "Give the agent a name: name: clerk.")
    name = section.text("name")
    fault = name_fault(name, ("name",), "registered agent") if name else None
    if fault is not None:
        reading.faults.append(Fault(fault.path, fault.message, fault.hint))
    reading.origins["agents", name] = ()
    definition = agent_of(section, name)
    capabilities = section.names("capabilities") if section.data.get("capabilities") else ()
    section.get("capabilities")
    if len(capabilities) > _CAPABILITIES_MAX:
        section.wrong("capabilities", f"a list of at most {_CAPABILITIES_MAX} texts")
    active = flag(section, "is_active") if "is_active" in data else True
    section.close(["name", "capabilities", "is_active"])
    return AgentText(definition=definition, capabilities=capabilities, active=active)
