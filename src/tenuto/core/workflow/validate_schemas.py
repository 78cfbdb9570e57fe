"""What is wrong with the JSON Schemas and patterns of a definition, by who knows such."""

from collections.abc import Callable, Iterator
from typing import TypeAlias

from tenuto.core.agent.guards import Guard
from tenuto.core.vocabulary import JsonObject
from tenuto.core.workflow.faults import Fault, Path
from tenuto.core.workflow.model import Node, WorkflowDefinition

SchemaFault: TypeAlias = Callable[[JsonObject], str]
"""Gives why something is no JSON Schema, as a sentence; empty if it is one."""


def faults_of_schemas(definition: WorkflowDefinition, fault_of: SchemaFault) -> list[Fault]:
    """Return what is wrong with schemas of inputs, outputs and guards, and patterns of guards."""
    found: list[Fault] = []
    for path, schema in _schemas(definition):
        fault = fault_of(schema)
        if fault and schema.keys() == {"pattern"}:
            fault = f"{schema['pattern']!r:.80} is no regular expression that can be used."
        if fault:
            found.append(Fault(path, fault))
    for child in definition.children:
        path = ("workflows", child.name)
        found += [fault.below(path) for fault in faults_of_schemas(child, fault_of)]
    return found


def _schemas(definition: WorkflowDefinition) -> Iterator[tuple[Path, JsonObject]]:
    if definition.input_schema is not None:
        yield ("inputs",), definition.input_schema
    for node in definition.nodes:
        yield from _of_node(("nodes", node.id), node)
    yield from _of_guards(("guards",), definition.guards)
    for agent in definition.agents:
        path = ("agents", agent.name)
        if agent.output_schema is not None:
            yield (*path, "output_schema"), agent.output_schema
        yield from _of_guards((*path, "guards"), agent.guards)


def _of_node(path: Path, node: Node) -> Iterator[tuple[Path, JsonObject]]:
    if node.form is not None:
        yield (*path, "form"), node.form
    if node.body is not None:
        yield from _of_node((*path, "body"), node.body)


def _of_guards(path: Path, guards: tuple[Guard, ...]) -> Iterator[tuple[Path, JsonObject]]:
    for n, guard in enumerate(guards):
        if guard.fits is not None:
            yield (*path, n, "fits"), guard.fits
        for name in ("deny", "require"):
            for m, pattern in enumerate(getattr(guard, name)):
                yield (*path, n, name, m), {"pattern": pattern}
