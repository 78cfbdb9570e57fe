"""The task form: a list of tasks and what each depends on. Source: DESIGN section 4."""

from graphlib import CycleError, TopologicalSorter
from typing import Final

from msgspec.structs import replace

from tenuto.core.workflow.faults import meant, unknown
from tenuto.core.workflow.kinds import KIND_OF
from tenuto.core.workflow.literals import path_expression
from tenuto.core.workflow.model import Edge, Node, OnFailure, RetryPolicy, WorkflowDefinition
from tenuto.core.workflow.read_guards import guards_of
from tenuto.core.workflow.read_nodes import NodeReader, retry_policy
from tenuto.core.workflow.read_parts import (
    ON_FAILURE,
    agents_of,
    input_schema_of,
    limits_of,
    output_of,
    state_of,
    version_of,
)
from tenuto.core.workflow.section import Section, sections
from tenuto.core.workflow.topology import entries_of

ID_OF_TYPE: Final = {
    "agent": "agent_id",
    "tool": "tool_id",
    "function": "function_id",
    "workflow": "workflow_id",
}
"""The key that names what a task of each type runs."""


def read_task_form(
    section: Section, *, name: str, children: tuple[WorkflowDefinition, ...]
) -> WorkflowDefinition:
    """Return the workflow in `section`; what cannot be read is reported and left out."""
    title, description = section.text("name"), section.text("description")
    retry = retry_policy(section, "retry_config") if section.has("retry_config") else None
    reader = _TaskReader(section, retry)
    reader.read_tasks()
    edges = _edges(section, reader)
    definition = WorkflowDefinition(
        name=name or section.text("id"),
        version=version_of(section),
        description=": ".join(filter(None, (title, description))),
        input_schema=input_schema_of(section),
        state=state_of(section),
        agents=agents_of(section),
        nodes=reader.wired(edges),
        edges=edges,
        entry=entries_of(reader.nodes.values(), edges, ()),
        output=output_of(section),
        on_failure=_on_failure(section),
        limits=limits_of(section),
        children=children,
        guards=guards_of(section),
    )
    section.close(["id"])
    return definition


class _TaskReader:
    """Reads tasks, and remembers which of their outputs go where."""

    def __init__(self, section: Section, retry: RetryPolicy | None) -> None:
        self._section = section
        self._reader = NodeReader(texts_are_literal=True, retry=retry)
        self.nodes: dict[str, Node] = {}
        self._wires: list[tuple[Section, str, str, str]] = []
        """Where it stands, source, key of its output, and `task.input`."""

    def read_tasks(self) -> None:
        reading = self._section.reading
        reading.origins[("nodes",)] = (*self._section.path, "tasks")
        if "tasks" not in self._section.data:
            self._section.lacks("tasks", "Write tasks: [{id: …, type: …}, …].")
            reading.broken.add(("nodes",))
        for task in sections(self._section, "tasks", "task"):
            id = task.text("id")
            if not id:
                if "id" not in task.data:
                    task.lacks("id", "Each task has a name of its own.")
                reading.broken.add(("reach",))
                continue
            task.what = f"task {id!r}"
            if id in self.nodes:
                task.fault("id", f"Two tasks are named {id!r}.", "Rename one of them.")
                continue
            self.nodes[id] = self._task(task, id)

    def _task(self, task: Section, id: str) -> Node:
        task.text("name")
        task.text("description")
        self._remember_outputs(task, id)
        kind = self._keyword(task)
        if kind is None:
            task.reading.broken.add(("nodes", id))
            return Node(id=id, kind="function")
        data = {key: value for key, value in task.data.items() if key not in OWN_KEYS}
        section = Section(task.reading, task.path, data, what=task.what)
        named = ID_OF_TYPE.get(kind, "")
        if named and kind not in data:
            if named not in data:
                task.lacks(named, f"Say which {kind} the task runs: {named}: ….")
                task.reading.broken.add(("nodes", id))
                return Node(id=id, kind="function")
            data[kind] = data.pop(named)
            section.written[kind] = named
        if "condition" in data and kind not in ("", "condition"):
            data["if"] = data.pop("condition")
            section.written["if"] = "condition"
        return self._reader.node(section, id, ("nodes", id))

    def _keyword(self, task: Section) -> str | None:
        """Return the keyword that the task's type stands for; empty: it has none; None: a wrong
        one."""
        kind = task.get("type")
        if kind is None and "type" not in task.data:
            return ""
        if not isinstance(kind, str) or kind not in KIND_OF:
            hint = meant(kind, KIND_OF) if isinstance(kind, str) else ""
            task.wrong("type", "a kind of task", hint)
            return None
        return kind

    def _remember_outputs(self, task: Section, id: str) -> None:
        outputs = task.section("outputs", f"the outputs of task {id!r}")
        if outputs is None:
            return
        for key in outputs.data:
            for target in outputs.names(key):
                self._wires.append((outputs, id, key, target))

    def wired(self, edges: tuple[Edge, ...]) -> tuple[Node, ...]:
        """Return the nodes with the outputs of others as their inputs."""
        for section, source, key, target in self._wires:
            id, _, name = target.partition(".")
            path = (*section.path, key)
            if not name:
                hint = "Write task.input, as write.text."
                section.reading.fault(path, f"{target!r} names no input of a task.", hint)
            elif id not in self.nodes:
                section.reading.faults.append(unknown("task", id, self.nodes, path))
            elif name in self.nodes[id].inputs:
                message = f"Input {name!r} of task {id!r} has a value already."
                section.reading.fault(path, message, "Take one of the two away.")
            elif not _runs_after(edges, source, id):
                message = f"Task {id!r} takes {key!r} of {source!r}, but does not run after it."
                hint = f"Add to dependencies: {{{id}: [{source}]}}."
                section.reading.fault(path, message, hint)
            else:
                node = self.nodes[id]
                value = path_expression("outputs", source, key)
                section.reading.origins["nodes", id, "inputs", name] = path
                self.nodes[id] = replace(node, inputs={**node.inputs, name: value})
        return tuple(self.nodes.values())


OWN_KEYS: Final = frozenset({"id", "type", "name", "description", "outputs"})


def _runs_after(edges: tuple[Edge, ...], source: str, target: str) -> bool:
    """Return whether a chain of dependencies leads from `source` to `target`."""
    direct: dict[str, set[str]] = {}
    for edge in edges:
        for name in edge.targets:
            direct.setdefault(name, set()).update(edge.sources)
    seen: set[str] = set()
    work = [target]
    while work:
        for name in direct.get(work.pop(), ()):
            if name == source:
                return True
            if name not in seen:
                seen.add(name)
                work.append(name)
    return False


def _edges(section: Section, reader: _TaskReader) -> tuple[Edge, ...]:
    found = section.section("dependencies", "the dependencies")
    edges: list[Edge] = []
    if found is None:
        return ()
    reading = section.reading
    for task, value in found.data.items():
        path = (*found.path, task)
        found.get(task)
        if task not in reader.nodes:
            reading.faults.append(unknown("task", task, reader.nodes, path))
            continue
        if value == [] or value is None:
            continue
        sources = found.names(task)
        strange = [name for name in sources if name not in reader.nodes]
        reading.faults += [unknown("task", name, reader.nodes, path) for name in strange]
        if strange:
            reading.broken.add(("reach",))
        elif sources:
            reading.origins["edges", len(edges)] = path
            edges.append(Edge(sources=sources, targets=(task,)))
    _check_order(section, tuple(edges))
    return tuple(edges)


def _check_order(section: Section, edges: tuple[Edge, ...]) -> None:
    """Report tasks that wait for each other: none of them could begin."""
    waits: dict[str, set[str]] = {}
    for edge in edges:
        waits.setdefault(edge.targets[0], set()).update(edge.sources)
    try:
        TopologicalSorter(waits).prepare()
    except CycleError as error:
        circle = " -> ".join(map(repr, error.args[1]))
        message = f"Tasks wait for each other: {circle}."
        section.reading.broken.add(("reach",))
        hint = "Take one dependency away; a workflow that goes in circles is written as a graph."
        section.fault("dependencies", message, hint)


def _on_failure(section: Section) -> OnFailure:
    section.reading.origins[("on_failure",)] = section.at("error_handling")
    found = section.section("error_handling", "the error handling")
    if found is None:
        return "fail"
    choice = found.choice("on_failure", ON_FAILURE, "fail")
    found.close()
    return choice
