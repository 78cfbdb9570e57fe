"""The code and the workflows that a definition names, wherever it does; who may name them is said
elsewhere."""

from collections.abc import Callable, Iterator
from typing import Literal, TypeAlias

import msgspec

from tenuto.core.agent.guards import Guard
from tenuto.core.workflow.faults import Fault, Path
from tenuto.core.workflow.model import Node, WorkflowDefinition

CodeKind: TypeAlias = Literal["function", "tool", "workflow"]

CodeFault: TypeAlias = Callable[[str, CodeKind], Fault | None]
"""Gives what is wrong with naming this here, under an empty path, or None."""


class Named(msgspec.Struct, frozen=True):
    """One name, and where the definition has it."""

    path: Path
    ref: str
    kind: CodeKind
    """What it is used as: a tool that is named as a function is called without the rules that hold
    for tools."""


def named_code(definition: WorkflowDefinition) -> Iterator[Named]:
    """Yield each function, tool and workflow that the definition names, those of workflows within
    included. Workflows that are written within it, and its own name, are none."""
    within = {definition.name, *(child.name for child in definition.children)}
    for node in definition.nodes:
        yield from _of_node(node, ("nodes", node.id), within)
    for agent in definition.agents:
        path: Path = ("agents", agent.name)
        for n, tool in enumerate(agent.tools):
            yield Named((*path, "tools", n), tool, "tool")
        yield from _of_guards(agent.guards, (*path, "guards"))
    yield from _of_guards(definition.guards, ("guards",))
    for child in definition.children:
        for found in named_code(child):
            yield Named(("workflows", child.name, *found.path), found.ref, found.kind)


def faults_of_code(definition: WorkflowDefinition, fault_of: CodeFault) -> list[Fault]:
    """Return what is wrong with what the definition names."""
    faults: list[Fault] = []
    for named in named_code(definition):
        fault = fault_of(named.ref, named.kind)
        if fault is not None:
            faults.append(fault.below(named.path))
    return [*faults, *_faults_of_pools(definition, ())]


def _faults_of_pools(definition: WorkflowDefinition, path: Path) -> Iterator[Fault]:
    """Which calls go first, and in which line, is the owner's to say, who has the code."""
    for node in definition.nodes:
        place: Path = (*path, "nodes", node.id)
        while node.body is not None:
            node, place = node.body, (*place, "body")
        for field in ("pool", "priority"):
            if getattr(node, field):
                message = f"A workflow from outside cannot have {field!r}."
                hint = "Whoever runs the server gives tools their pools."
                yield Fault((*place, field), message, hint)
    for child in definition.children:
        yield from _faults_of_pools(child, (*path, "workflows", child.name))


def _of_node(node: Node, path: Path, within: set[str]) -> Iterator[Named]:
    match node.kind:
        case "function" | "tool":
            yield Named((*path, "ref"), node.ref, node.kind)
        case "workflow" if node.ref not in within:
            yield Named((*path, "ref"), node.ref, "workflow")
    for part in ("recover", "compensate"):
        ref = getattr(node, part)
        if ref:
            yield Named((*path, part), ref, "function")
    if node.body is not None:
        yield from _of_node(node.body, (*path, "body"), within)


def _of_guards(guards: tuple[Guard, ...], path: Path) -> Iterator[Named]:
    for n, guard in enumerate(guards):
        if guard.ref:
            yield Named((*path, n, "ref"), guard.ref, "function")
