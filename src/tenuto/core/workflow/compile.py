"""From a definition to a program: expressions compiled, names checked, the shape worked out."""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Final

from msgspec.structs import replace

from tenuto.core.errors import DefinitionError, Rejected
from tenuto.core.workflow.addresses import addresses_of
from tenuto.core.workflow.faults import Fault, Path, Place, meant
from tenuto.core.workflow.literals import path_expression
from tenuto.core.workflow.model import (
    RETRY_FUNCTION,
    RETRY_TOOL,
    Node,
    RetryPolicy,
    WorkflowDefinition,
    definition_digest,
    encode_definition,
)
from tenuto.core.workflow.program import (
    CompiledNode,
    CompiledSwitch,
    Expression,
    Expressions,
    Join,
    Program,
)
from tenuto.core.workflow.topology import Topology, topology_of
from tenuto.core.workflow.validate import faults_of

_NAMES: Final = frozenset({"inputs", "state", "outputs", "session"})
_SESSION: Final = ("id", "started_ms", "tenant", "user", "workflow")
"""What `session` holds; see `core.session.scope`."""

_RETRY: Final = {"function": RETRY_FUNCTION, "tool": RETRY_TOOL}
_NO_RETRY: Final = RetryPolicy(max_attempts=1)


def compile_workflow(
    definition: WorkflowDefinition,
    expressions: Expressions,
    *,
    file: str = "",
    place: Place | None = None,
) -> Program:
    """Return `definition` ready to run.

    Raises:
        DefinitionError: with every problem found in one pass.
    """
    faults = faults_of(definition)
    compiler = _Compiler(definition, expressions)
    program = compiler.program(topology_of(definition)) if not faults else None
    if program is None or compiler.faults:
        faults = faults or compiler.faults
        raise DefinitionError([fault.problem(file=file, place=place) for fault in faults])
    return program


def faults_of_expressions(definition: WorkflowDefinition, expressions: Expressions) -> list[Fault]:
    """Return what is wrong with the expressions of a definition, whatever else may be wrong."""
    compiler = _Compiler(definition, expressions)
    for node in definition.nodes:
        compiler.node(node)
    for n in range(len(definition.switches)):
        compiler.switch(n)
    compiler.output()
    for child in definition.children:
        inner = faults_of_expressions(child, expressions)
        compiler.faults += [fault.below(("workflows", child.name)) for fault in inner]
    return compiler.faults


class _Compiler:
    """Compiles the parts of one definition, collecting faults as it goes."""

    def __init__(self, definition: WorkflowDefinition, expressions: Expressions) -> None:
        self._definition, self._expressions = definition, expressions
        self.faults: list[Fault] = []
        self._readable: dict[str, frozenset[str] | None] = {
            "outputs": frozenset(node.id for node in definition.nodes),
            "state": frozenset(definition.state),
            "inputs": _closed_inputs(definition),
            "session": frozenset(_SESSION),
        }

    def program(self, shape: Topology) -> Program:
        """Return the program; where faults were found it must not be used."""
        definition = self._definition
        routed = _Routes(definition, shape.joins)
        switches: dict[str, list[CompiledSwitch]] = {}
        for n, switch in enumerate(definition.switches):
            switches.setdefault(switch.source, []).append(self.switch(n))
        nodes: dict[str, CompiledNode] = {}
        bodies: dict[str, CompiledNode] = {}
        for node in definition.nodes:
            compiled = replace(
                self.node(node),
                targets=tuple(routed.targets.get(node.id, ())),
                joins=tuple(routed.joins.get(node.id, ())),
                switches=tuple(switches.get(node.id, ())),
                loop=shape.cycle_of.get(node.id, -1),
                forward_in=shape.forward_in[node.id],
                inner_edges=node.id in shape.inner_edges,
            )
            nodes[node.id] = compiled
            if compiled.body is not None:
                bodies[compiled.body.id] = compiled.body
        for child in definition.children:
            inner = faults_of_expressions(child, self._expressions)
            self.faults += [fault.below(("workflows", child.name)) for fault in inner]
        return Program(
            digest=definition_digest(encode_definition(definition)),
            definition=definition,
            nodes={**nodes, **bodies},
            joins=shape.joins,
            cycles=shape.cycles,
            back_edges=shape.back_edges,
            output=self.output(),
            sinks=tuple(name for name, targets in shape.graph.items() if not targets),
            agents={agent.name: agent for agent in definition.agents},
            addresses=addresses_of(definition),
        )

    def node(self, node: Node) -> CompiledNode:
        """Return `node` compiled, with its body and without its routes."""
        path: Path = ("nodes", node.id)
        body = None
        if node.body is not None:
            extra = {"item", "index"} if node.kind == "map" else {"last", "index"}
            body = self._work(node.body, _NAMES | extra, (*path, "body"), None)
        return self._work(node, _NAMES, path, body)

    def switch(self, index: int) -> CompiledSwitch:
        """Return the switch number `index` compiled."""
        switch = self._definition.switches[index]
        return CompiledSwitch(
            cases=tuple(
                (
                    self._compile(case.condition, _NAMES, ("switches", index, n, "condition")),
                    case.target,
                )
                for n, case in enumerate(switch.cases)
            ),
            default=switch.default,
        )

    def output(self) -> Expression | None:
        """Return the expression of the session's output, if the definition has one."""
        return self._optional(self._definition.output, _NAMES, ("output",))

    def _work(
        self, node: Node, names: frozenset[str], path: Path, body: CompiledNode | None
    ) -> CompiledNode:
        inputs = self._all(node.inputs, names, (*path, "inputs"))
        updates = None
        if node.updates is not None:
            updates = self._all(node.updates, names | {"output"}, (*path, "updates"))
        items = self._optional(node.items, names, (*path, "items"))
        delay = self._optional(node.delay, names, (*path, "delay"))
        until = self._optional(node.until, names, (*path, "until"))
        again = _NAMES | {"output", "index"}
        repeat = self._optional(node.repeat, again, (*path, "repeat"))
        own = frozenset(node.inputs)
        condition = self._optional(node.condition, names, (*path, "condition"), own)
        read = [found for _, found in (*inputs, *(updates or ()))]
        single = (condition, items, repeat, delay, until)
        read += [found for found in single if found is not None]
        return CompiledNode(
            id=node.id,
            node=node,
            inputs=inputs,
            captures=_captures(read, body.captures if body is not None else ()),
            updates=updates,
            condition=condition,
            items=items,
            repeat=repeat,
            delay=delay,
            until=until,
            body=body,
            retry=node.retry or _RETRY.get(node.kind, _NO_RETRY),
        )

    def _all(
        self, sources: Mapping[str, str], names: frozenset[str], path: Path
    ) -> tuple[tuple[str, Expression], ...]:
        return tuple(
            (name, self._compile(source, names, (*path, name))) for name, source in sources.items()
        )

    def _optional(
        self, source: str, names: frozenset[str], path: Path, own: frozenset[str] = frozenset()
    ) -> Expression | None:
        return self._compile(source, names, path, own) if source else None

    def _compile(
        self, source: str, names: frozenset[str], path: Path, own: frozenset[str] = frozenset()
    ) -> Expression:
        try:
            expression = self._expressions.compile(source, roots=names)
        except Rejected as error:
            self.faults.append(Fault(path, str(error), partial(self._hint_for, source)))
            # A stand-in: with a fault no program is given out.
            return self._expressions.compile("null", roots=names)
        for root, name in expression.reads:
            known = self._readable.get(root)
            if not name or known is None or name in known or (root == "inputs" and name in own):
                continue
            message = f"Expression {source!r} reads {root}.{name}; {_NO_SUCH[root].format(name)}."
            hint = partial(self._hint, root, name, known | own)
            self.faults.append(Fault(path, message, hint))
        return expression

    def _hint(self, root: str, name: str, known: frozenset[str]) -> str:
        for other in sorted(known):
            if other.startswith(f"{name}-"):
                return f"A name with a hyphen is written {path_expression(root, other)}."
        if not known:
            return _NONE.get(root, "")
        return meant(name, known)

    def _hint_for(self, source: str) -> str:
        """Return a hint where a name with a hyphen was read as a subtraction, or a text as code."""
        for name in sorted(self._readable["outputs"] or ()):
            if "-" in name and f"outputs.{name}" in source:
                return f"A name with a hyphen is written {path_expression('outputs', name)}."
        if not _CODE.search(source):
            return (
                f"If it is a text, a text within an expression has its own quotes: \"'{source}'\"."
            )
        return ""


_CODE: Final = re.compile(
    r"""['"(]|\b(?:inputs|state|outputs|session|item|index|output|last)\b|[=<>!]=|&&|\|\|"""
)
"""What a text that is not meant as an expression will hardly hold."""

_NO_SUCH: Final = {
    "outputs": "there is no node {0!r}",
    "state": "the state has no key {0!r}",
    "inputs": "the workflow has no input {0!r}",
    "session": "a session has no {0!r}",
}
_NONE: Final = {
    "state": "Declare it in the state section.",
    "inputs": "The workflow takes no inputs.",
}


class _Routes:
    """Edges by the node that they lead from."""

    def __init__(self, definition: WorkflowDefinition, joins: Iterable[Join]) -> None:
        self.targets: dict[str, list[str]] = {}
        self.joins: dict[str, list[Join]] = {}
        for edge in definition.edges:
            if len(edge.sources) == 1:
                self.targets.setdefault(edge.sources[0], []).extend(edge.targets)
        for join in joins:
            for source in join.sources:
                self.joins.setdefault(source, []).append(join)


def _captures(expressions: Iterable[Expression], of_body: Iterable[str]) -> tuple[str, ...]:
    """Return the paths that later events may change, sorted; a whole root covers its parts."""
    found = set(of_body)
    found.update(_changing(expressions))
    whole = found & {"state", "outputs"}
    return tuple(sorted(path for path in found if path in whole or _root(path) not in whole))


def _changing(expressions: Iterable[Expression]) -> Iterator[str]:
    for expression in expressions:
        for root, name in expression.reads:
            if root in ("state", "outputs"):
                yield f"{root}.{name}" if name else root


def _root(path: str) -> str:
    return path.partition(".")[0]


def _closed_inputs(definition: WorkflowDefinition) -> frozenset[str] | None:
    """Return the inputs that may be read, or None where the schema allows any."""
    schema = definition.input_schema
    if schema is None or schema.get("additionalProperties") is not False:
        return None
    properties = schema.get("properties")
    if not isinstance(properties, dict) or "patternProperties" in schema:
        return None
    return frozenset(properties)
