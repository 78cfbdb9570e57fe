"""Workflows that are made for a request: agents side by side, or one after the other.

The same request makes the same definition, and so the same digest: it is compiled and kept once.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Final, Literal, TypeAlias

import msgspec

from tenuto.core import limits
from tenuto.core.errors import Rejected
from tenuto.core.vocabulary import JsonObject
from tenuto.core.workflow.literals import literal
from tenuto.core.workflow.model import AgentDefinition, Edge, Node, WorkflowDefinition

Mode: TypeAlias = Literal["parallel", "sequential"]

AGENTS_MAX: Final = 20
"""Agents that one request gives work to."""

_SEARCH: Final = "tenuto.tools.documents:search"

_INPUTS: Final[JsonObject] = {
    "type": "object",
    "properties": {"task": {"type": "string", "minLength": 1}},
    "required": ["task"],
    "additionalProperties": False,
}


def made_workflow(
    agents: Sequence[AgentDefinition],
    others: Sequence[AgentDefinition],
    *,
    mode: Mode,
    collection: str | None = None,
) -> WorkflowDefinition:
    """Return a workflow that gives a task to agents.

    The output of one agent is its own; that of several is `{"answers": {agent: output}}`, and in a
    chain also `answer`, the last one's.

    Args:
        agents: who works, in this order; one may work several times.
        others: these, and all whom they may call.
        mode: parallel: each gets the task. sequential: each gets the answers before it, too.
        collection: what they may search, by the name that tools take; None: nothing.

    Raises:
        Rejected: there are none, or too many.
    """
    if not 0 < len(agents) <= AGENTS_MAX:
        raise Rejected(f"Work is given to 1 to {AGENTS_MAX} agents, not to {len(agents)}.")
    names = _node_names(agents)
    pairs = list(zip(names, agents, strict=True))
    chained = mode == "sequential"
    nodes = tuple(
        Node(
            id=name,
            kind="agent",
            ref=agent.name,
            inputs={"task": "inputs.task", **(_answers(pairs[:n]) if chained else {})},
        )
        for n, (name, agent) in enumerate(pairs)
    )
    edges = [Edge(sources=(one,), targets=(other,)) for one, other in pairwise(names)]
    return WorkflowDefinition(
        name=_name(agents, mode),
        description="Made for a request.",
        input_schema=_INPUTS,
        agents=tuple(_searching(agent, collection) for agent in others),
        nodes=nodes,
        edges=tuple(edges) if chained else (),
        entry=tuple(names[:1] if chained else names),
        output=_output(names, chained=chained),
    )


def search_tool(collection: str) -> str:
    """Return the name of the tool that searches a collection."""
    arguments = literal({"collection": collection, "name": "search_documents"})
    return f"{_SEARCH}({arguments})"


def _searching(agent: AgentDefinition, collection: str | None) -> AgentDefinition:
    if collection is None or search_tool(collection) in agent.tools:
        return agent
    tools = (*agent.tools, search_tool(collection))
    return msgspec.structs.replace(agent, tools=tools)


def _node_names(agents: Sequence[AgentDefinition]) -> list[str]:
    """Return a name for each that expressions can use: `outputs.lead-writer` would subtract."""
    names: list[str] = []
    for agent in agents:
        plain = re.sub(r"\W", "_", agent.name)[: limits.NAME_CHARS_MAX - 10]
        plain = plain if plain.isidentifier() else f"agent_{plain}"
        name, count = plain, 1
        while name in names:
            count += 1
            name = f"{plain}_{count}"
        names.append(name)
    return names


def _answers(before: list[tuple[str, AgentDefinition]]) -> dict[str, str]:
    if not before:
        return {}
    parts = [
        f"{{'agent': {literal(agent.name)}, 'answer': outputs.{name}}}" for name, agent in before
    ]
    return {"answers": f"[{', '.join(parts)}]"}


def _output(names: Sequence[str], *, chained: bool) -> str:
    if len(names) == 1:
        return f"outputs.{names[0]}"
    answers = ", ".join(f"'{name}': outputs.{name}" for name in names)
    if chained:
        return f"{{'answer': outputs.{names[-1]}, 'answers': {{{answers}}}}}"
    return f"{{'answers': {{{answers}}}}}"


def _name(agents: Sequence[AgentDefinition], mode: Mode) -> str:
    joint = " > " if mode == "sequential" else " + "
    name = f"agents/{joint.join(agent.name for agent in agents)}"
    most = limits.NAME_CHARS_MAX
    return name if len(name) <= most else f"{name[: most - 1]}…"
