"""Who may write to whom: the addresses of a workflow's agents, found once per definition.

An address is the name of an agent, `role:` and a role, or `*` for everybody. It never reaches the
sender. An agent may use every address that reaches only such agents as its `writes_to` reaches.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec

from tenuto.core.workflow.faults import Fault, Path
from tenuto.core.workflow.model import AgentDefinition, Node, WorkflowDefinition

EVERYBODY: Final = "*"
ROLE: Final = "role:"


class Addresses(msgspec.Struct, frozen=True, kw_only=True):
    """What one agent may do with messages."""

    to: dict[str, tuple[str, ...]]
    """Each address that it may write to, with the agents that this reaches."""
    is_written_to: bool
    """Somebody may write to it, so it may have to answer."""


def addresses_of(definition: WorkflowDefinition) -> dict[str, Addresses]:
    """Return the addresses by agent, of those that write or are written to."""
    agents = used_agents(definition)
    if not any(agent.writes_to for agent in agents.values()):
        return {}
    reach = {
        name: {other for part in agent.writes_to for other in reached(part, name, agents)}
        for name, agent in agents.items()
    }
    written_to = {other for found in reach.values() for other in found}
    found = {}
    for name, agent in agents.items():
        known = dict.fromkeys((*agent.writes_to, *agents, *_roles(agents), EVERYBODY))
        reached_by = {part: reached(part, name, agents) for part in known}
        to = {
            part: others
            for part, others in reached_by.items()
            if others and reach[name].issuperset(others)
        }
        if to or name in written_to:
            found[name] = Addresses(to=to, is_written_to=name in written_to)
    return found


def reached(address: str, sender: str, agents: Mapping[str, AgentDefinition]) -> tuple[str, ...]:
    """Return the agents that a message of `sender` to `address` reaches, in order of definition."""
    if address == EVERYBODY:
        found: Iterable[str] = agents
    elif address.startswith(ROLE):
        role = address.removeprefix(ROLE)
        found = (name for name, agent in agents.items() if role and agent.role == role)
    else:
        found = (address,) if address in agents else ()
    return tuple(name for name in found if name != sender)


def used_agents(definition: WorkflowDefinition) -> dict[str, AgentDefinition]:
    """Return the agents that work in a session: those of nodes, and those that these call."""
    known = {agent.name: agent for agent in definition.agents}
    waiting = [node.ref for top in definition.nodes for node in _within(top)]
    used: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in known and name not in used:
            used.add(name)
            waiting += (*known[name].delegates, *known[name].handoffs)
    return {name: agent for name, agent in known.items() if name in used}


def faults_of_addresses(definition: WorkflowDefinition) -> Iterator[Fault]:
    """Return each address of `writes_to` that reaches nobody."""
    agents = used_agents(definition)
    for agent in definition.agents:
        path: Path = ("agents", agent.name, "writes_to")
        for address in agent.writes_to:
            if not reached(address, agent.name, agents):
                others = (*agents, *_roles(agents), EVERYBODY)
                reach = [part for part in others if reached(part, agent.name, agents)]
                known = ", ".join(reach) or "nobody else"
                why = (
                    "that is itself" if address == agent.name else "no node leads to such an agent"
                )
                yield Fault(
                    path,
                    f"Agent {agent.name!r} may write to {address!r}, and {why}.",
                    f"In this workflow there are: {known}.",
                )


def _within(node: Node) -> Iterator[Node]:
    if node.kind == "agent":
        yield node
    if node.body is not None:
        yield from _within(node.body)


def _roles(agents: Mapping[str, AgentDefinition]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(f"{ROLE}{agent.role}" for agent in agents.values() if agent.role))
