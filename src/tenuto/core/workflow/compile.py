"""From a definition to a program: expressions compiled, names checked, the shape worked out."""

from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import Final, TypeAlias

import msgspec

from tenuto.core.errors import DefinitionError, Problem, Rejected
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
    Program,
)
from tenuto.core.workflow.topology import Topology, topology_of
from tenuto.core.workflow.validate import problems_of

Path: TypeAlias = tuple[str | int, ...]
Place: TypeAlias = Callable[[Path], tuple[int, int]]
"""Gives line and column of a path into the text that a definition was read from."""

_NAMES: Final = frozenset({"inputs", "state", "outputs", "session"})
_ONCE: Final = RetryPolicy(max_attempts=1)


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
    problems = problems_of(definition)
    if problems:
        raise DefinitionError([_placed(problem, file, place) for problem in problems])
    compiler = _Compiler(definition, expressions)
    program = compiler.program(topology_of(definition))
    if compiler.problems:
        raise DefinitionError([_placed(problem, file, place) for problem in compiler.problems])
    return program


def _placed(problem: Problem, file: str, place: Place | None) -> Problem:
    if place is None:
        return problem
    path: Path = tuple(int(part) if part.isdigit() else part for part in problem.path.split("."))
    line, column = place(path)
    return Problem(
        message=problem.message,
        path=problem.path,
        file=file,
        line=line,
        column=column,
        hint=problem.hint,
    )


class _Compiler:
    """Compiles one definition, collecting problems as it goes."""

    def __init__(self, definition: WorkflowDefinition, expressions: Expressions) -> None:
        self._definition, self._expressions = definition, expressions
        self.problems: list[Problem] = []
        self._outputs = {node.id for node in definition.nodes}
        self._inputs = _closed_inputs(definition)

    def program(self, shape: Topology) -> Program:
        definition = self._definition
        nodes = {node.id: self._node(node, shape) for node in definition.nodes}
        bodies = {node.body.id: node.body for node in nodes.values() if node.body is not None}
        return Program(
            digest=definition_digest(encode_definition(definition)),
            definition=definition,
            nodes={**nodes, **bodies},
            joins=shape.joins,
            cycles=shape.cycles,
            back_edges=shape.back_edges,
            output=self._optional(definition.output, _NAMES, "output"),
            sinks=tuple(name for name, targets in shape.graph.items() if not targets),
            agents={agent.name: agent for agent in definition.agents},
        )

    def _node(self, node: Node, shape: Topology) -> CompiledNode:
        path = f"nodes.{node.id}"
        body = self._body(node, path) if node.body is not None else None
        switches = tuple(
            CompiledSwitch(
                cases=tuple(
                    (self._compile(case.condition, _NAMES, f"switches.{n}.{m}"), case.target)
                    for m, case in enumerate(switch.cases)
                ),
                default=switch.default,
            )
            for n, switch in enumerate(self._definition.switches)
            if switch.source == node.id
        )
        return msgspec.structs.replace(
            self._compiled(node, names=_NAMES, path=path, body=body),
            targets=tuple(
                target
                for edge in self._definition.edges
                if edge.sources == (node.id,)
                for target in edge.targets
            ),
            joins=tuple(join for join in shape.joins if node.id in join.sources),
            switches=switches,
            loop=shape.cycle_of.get(node.id, -1),
            forward_in=shape.forward_in[node.id],
            inner_edges=node.id in shape.inner_edges,
        )

    def _body(self, node: Node, path: str) -> CompiledNode:
        assert node.body is not None, "only nodes with a body get here"
        extra = {"item", "index"} if node.kind == "map" else {"last", "index"}
        return self._compiled(node.body, names=_NAMES | extra, path=f"{path}.do", body=None)

    def _compiled(
        self,
        node: Node,
        *,
        names: frozenset[str],
        path: str,
        body: CompiledNode | None,
    ) -> CompiledNode:
        inputs = tuple(
            (name, self._compile(source, names, f"{path}.inputs.{name}"))
            for name, source in node.inputs.items()
        )
        updates = None
        if node.updates is not None:
            updates = tuple(
                (name, self._compile(source, names | {"output"}, f"{path}.updates.{name}"))
                for name, source in node.updates.items()
            )
        condition = self._optional(node.condition, names, f"{path}.condition")
        items = self._optional(node.items, names, f"{path}.map")
        delay = self._optional(node.delay, names, f"{path}.delay")
        until = self._optional(node.until, names, f"{path}.until")
        repeat = self._optional(node.repeat, _NAMES | {"output", "index"}, f"{path}.while")
        read = [expression for _, expression in (*inputs, *(updates or ()))]
        read += [found for found in (condition, items, delay, until) if found is not None]
        captures = set(_captures(read))
        if body is not None:
            captures.update(body.captures)
        return CompiledNode(
            id=node.id,
            node=node,
            inputs=inputs,
            captures=tuple(sorted(captures)),
            updates=updates,
            condition=condition,
            items=items,
            repeat=repeat,
            delay=delay,
            until=until,
            body=body,
            retry=_retry(node),
        )

    def _optional(self, source: str, names: frozenset[str], path: str) -> Expression | None:
        return self._compile(source, names, path) if source else None

    def _compile(self, source: str, names: frozenset[str], path: str) -> Expression:
        try:
            expression = self._expressions.compile(source, roots=names)
        except Rejected as error:
            self.problems.append(Problem(message=str(error), path=path))
            return _Broken(source)
        for root, name in expression.reads:
            self._check_read(root, name, source, path)
        return expression

    def _check_read(self, root: str, name: str, source: str, path: str) -> None:
        known: Iterable[str] | None = None
        what = ""
        if root == "outputs":
            known, what = self._outputs, "node"
        elif root == "state":
            known, what = self._definition.state, "state key"
        elif root == "inputs" and self._inputs is not None and not path.endswith(".condition"):
            known, what = self._inputs, "input"
        if name and known is not None and name not in known:
            close = get_close_matches(name, sorted(known), 1)
            hint = f"Did you mean {root}.{close[0]}?" if close else f"Known are: {_list(known)}."
            message = f"Expression {source!r} reads {root}.{name}, and there is no {what} {name!r}."
            self.problems.append(Problem(message=message, path=path, hint=hint))


class _Broken:
    """Stands for an expression that did not compile; the definition is refused as a whole."""

    reads: tuple[tuple[str, str], ...] = ()

    def __init__(self, source: str) -> None:
        self.source = source

    def evaluate(self, scope: object) -> None:
        """Never called: a definition with problems gives no program."""
        raise AssertionError("a broken expression cannot be evaluated")


def _captures(expressions: Iterable[Expression]) -> Iterable[str]:
    for expression in expressions:
        for root, name in expression.reads:
            if root in ("state", "outputs"):
                yield f"{root}.{name}" if name else root


def _retry(node: Node) -> RetryPolicy:
    if node.retry is not None:
        return node.retry
    return {"function": RETRY_FUNCTION, "tool": RETRY_TOOL}.get(node.kind, _ONCE)


def _closed_inputs(definition: WorkflowDefinition) -> set[str] | None:
    """The inputs that may be read, where the schema says that there are no others."""
    schema = definition.input_schema
    if schema is None or schema.get("additionalProperties") is not False:
        return None
    properties = schema.get("properties")
    return set(properties) if isinstance(properties, dict) else None


def _list(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"
