"""From plain data, as YAML or JSON give it, to a workflow definition. Source: DESIGN section 4."""

from typing import TypedDict, Unpack

from tenuto.core.errors import DefinitionError, Problem
from tenuto.core.vocabulary import Json
from tenuto.core.workflow.compile import faults_of_expressions
from tenuto.core.workflow.faults import TOLD_MAX, Fault, Path, Place
from tenuto.core.workflow.model import WorkflowDefinition
from tenuto.core.workflow.named_code import CodeFault, faults_of_code
from tenuto.core.workflow.program import Expressions
from tenuto.core.workflow.read_graph import read_graph_form
from tenuto.core.workflow.read_tasks import read_task_form
from tenuto.core.workflow.section import Reading, Section, members, shown
from tenuto.core.workflow.validate import faults_of
from tenuto.core.workflow.validate_schemas import SchemaFault, faults_of_schemas


class Checks(TypedDict, total=False):
    """Who knows what the definition alone does not tell."""

    expressions: Expressions | None
    schemas: SchemaFault | None
    code: CodeFault | None


def read_workflow(
    data: Json, *, file: str = "", place: Place | None = None, **checks: Unpack[Checks]
) -> WorkflowDefinition:
    """Return the workflow that `data` describes, in the graph form or the task form.

    With `expressions` its expressions are compiled as well, so that what is wrong with them is told
    in the same pass, with its place; with `schemas` so is what is wrong with schemas and patterns,
    with `code` what functions, tools and workflows it may not name.

    Args:
        data: what a YAML or JSON parser gave.
        file: what problems call the text.
        place: gives line and column of a path into the data.

    Raises:
        DefinitionError: with every problem found.
    """
    reading = Reading()
    definition = _read(reading, (), data, name="")
    faults = reading.faults.copy()
    if definition is not None:
        faults += in_data(faults_by(checks, definition, reading), reading)
    if faults:
        raise DefinitionError(in_order(faults, file, place))
    assert definition is not None, "data without faults is a workflow"
    return definition


def faults_by(checks: Checks, definition: WorkflowDefinition, reading: Reading) -> list[Fault]:
    """Return what is wrong with a definition that was read, by all who know something."""
    found = faults_of(definition, broken=reading.is_broken)
    expressions, schemas = checks.get("expressions"), checks.get("schemas")
    if expressions is not None:
        found += faults_of_expressions(definition, expressions)
    if schemas is not None:
        found += faults_of_schemas(definition, schemas)
    code = checks.get("code")
    if code is not None:
        found += faults_of_code(definition, code)
    return found


def _read(reading: Reading, path: Path, data: Json, *, name: str) -> WorkflowDefinition | None:
    if not isinstance(data, dict):
        message = f"A workflow is an object of keys and values, found {shown(data)}."
        reading.fault(path, message, "Begin with workflow: name, and graph: {nodes: {…}}.")
        return None
    section = Section(reading, path, data, what="the workflow")
    children = _children(section)
    is_graph, is_tasks = "graph" in data or "workflow" in data, "tasks" in data or "id" in data
    if is_graph and is_tasks:
        extra = next(key for key in data if key in ("tasks", "id"))
        section.fault(
            extra,
            "The workflow is written in two forms at once.",
            "Keep workflow: and graph:, or id: and tasks:.",
        )
        return None
    if not is_graph and not is_tasks:
        keys = ", ".join(map(repr, list(data)[:6])) or "nothing"
        reading.fault(
            path,
            f"There is neither a graph nor tasks; found {keys}.",
            "Write graph: {nodes: …, edges: …} or tasks: [{id: …, type: …}].",
        )
        return None
    if is_graph:
        _named(section, "workflow", name)
        return read_graph_form(section, name=name, children=children)
    _named(section, "id", name)
    return read_task_form(section, name=name, children=children)


def _named(section: Section, key: str, name: str) -> None:
    section.reading.origins[("name",)] = section.at(key)
    if not name and key not in section.data:
        section.lacks(key, f"Give the workflow a name: {key}: triage.")
        section.reading.broken.add(("name",))
    if name and section.has(key) and section.data[key] != name:
        found = shown(section.data[key])
        section.fault(key, f"The workflow is called {name!r} above, and {found} here.")


def _children(section: Section) -> tuple[WorkflowDefinition, ...]:
    """Return the workflows that are written within this one: name to workflow."""
    found = section.section("workflows", "the workflows")
    if found is None:
        return ()
    children = []
    for name, child in members(found, "workflow"):
        inner = Reading()
        inner.origins[()] = child.path
        definition = _read(inner, child.path, child.data, name=name)
        section.reading.faults += inner.faults
        if definition is not None:
            children.append(definition)
            for part, path in inner.origins.items():
                section.reading.origins["workflows", name, *part] = path
            section.reading.broken |= {("workflows", name, *part) for part in inner.broken}
    return tuple(children)


def in_data(found: list[Fault], reading: Reading) -> list[Fault]:
    """Return faults of the definition as faults of the data, less those that follow from others."""
    told = {fault.path for fault in reading.faults}
    kept = []
    for fault in found:
        path = reading.origin(fault.path)
        if not reading.is_broken(fault.path) and path not in told:
            kept.append(Fault(path, fault.message, fault.hint))
    return kept


def in_order(faults: list[Fault], file: str, place: Place | None) -> list[Problem]:
    """Return each fault once, as a problem, in the order of the text."""
    unique = list({(fault.path, fault.message): fault for fault in faults}.values())
    told = [fault.problem(file=file, place=place) for fault in unique[:TOLD_MAX]]
    told.sort(key=lambda problem: (problem.line, problem.column))
    if len(unique) > TOLD_MAX:
        message = f"There are {len(unique) - TOLD_MAX} more problems."
        told.append(Problem(message=message, file=file, hint="Mend these first."))
    return told
