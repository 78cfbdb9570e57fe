"""Texts to definitions, as a user's file is read: parsed, read, validated, its expressions
compiled."""

from textwrap import dedent

from tenuto.adapters.cel import CelExpressions
from tenuto.adapters.yaml import parse_yaml
from tenuto.core.errors import DefinitionError, Problem
from tenuto.core.workflow.compile import compile_workflow
from tenuto.core.workflow.model import Node, WorkflowDefinition
from tenuto.core.workflow.program import Program
from tenuto.core.workflow.read import read_workflow

EXPRESSIONS = CelExpressions()


def read(text: str) -> WorkflowDefinition:
    """Return the definition in `text`."""
    data, place = parse_yaml(dedent(text), "flow.yaml")
    return read_workflow(data, file="flow.yaml", place=place, expressions=EXPRESSIONS)


def compiled(text: str) -> Program:
    """Return the program of the definition in `text`."""
    return compile_workflow(read(text), EXPRESSIONS)


def problems(text: str) -> tuple[Problem, ...]:
    """Return everything wrong with `text`, none if nothing is."""
    try:
        read(text)
    except DefinitionError as error:
        return error.problems
    return ()


def node(text: str) -> Node:
    """Return the node that `text` describes, in a workflow with all that it may name."""
    lines = "".join(f"      {line}\n" for line in dedent(text).strip().splitlines())
    definition = read(_AROUND + lines)
    return definition.nodes[0]


_AROUND = """\
workflow: around
state: {found: extend, round: {reducer: add, initial: 0}}
agents: {clerk: {}}
workflows: {child: {graph: {nodes: {only: {function: "m:f"}}}}}
graph:
  nodes:
    it:
"""
