"""Builds a workflow in Python: the same value that YAML becomes, and the code that it names."""

from collections.abc import Sequence
from typing import Any, Unpack

import msgspec

from tenuto.core.agent.guards import checked_guards
from tenuto.core.budget import UNBOUNDED
from tenuto.core.errors import DefinitionError, Problem
from tenuto.core.limits import STEPS_MAX
from tenuto.core.pools import Pool
from tenuto.core.workflow.model import (
    AgentDefinition,
    Case,
    Edge,
    Limits,
    Node,
    Switch,
    WorkflowDefinition,
)
from tenuto.core.workflow.topology import entries_of
from tenuto.core.workflow.validate import problems_of
from tenuto.sdk.agent import Agent
from tenuto.sdk.body import Work, node_of
from tenuto.sdk.options import Options, input_schema_from, refuse_others, state_from
from tenuto.sdk.pools import pools_in


class Workflow:
    """A directed graph of nodes under construction; `definition()` is the finished value.

    Args:
        name, version: what sessions of it are listed under.
        state: key to reducer, or to `(reducer, initial)`.
        inputs: JSON Schema of the inputs, or input name to type or schema of its value (then all of
            them are required unless they have a default, and there are no others).
        output: expression of the session's output; by default the outputs of nodes with no edge
            out.
        on_failure: `"fail"`, `"compensate"` or `"continue"`.
        steps: node activations that a session may make before it asks for more.
        budget: what it may spend, with all sessions below it, before it asks for more.
        guards: what is looked at on its way into the session, and in and out of all its agents.

    Raises:
        DefinitionError: an option does not fit. What nodes and edges lack shows in `definition()`.

    Example:
        flow = Workflow("triage", state={"findings": "append"})
        flow.node("evaluate", agent=clerk, inputs={"text": "inputs.text"})
        flow.node("record", function=record)
        flow.edge("evaluate", "record")
    """

    def __init__(self, name: str, **options: Unpack[Options]) -> None:
        refuse_others(f"Workflow {name!r}", options)
        self.name, self.version = name, options.get("version", "1")
        self._description = options.get("description", "")
        self._output = options.get("output", "")
        self._on_failure = options.get("on_failure", "fail")
        self._state = state_from(options.get("state"))
        self._input_schema = input_schema_from(options.get("inputs"))
        self._limits = Limits(
            steps=options.get("steps", STEPS_MAX), budget=options.get("budget", UNBOUNDED)
        )
        self._guards = checked_guards(options.get("guards", ()), f"Workflow {name!r}")
        self._nodes: list[Node] = []
        self._edges: list[Edge] = []
        self._switches: list[Switch] = []
        self._entry: tuple[str, ...] = ()
        self._agents: dict[str, Agent] = {}
        self._children: dict[str, Workflow] = {}
        self._code: dict[str, Any] = {}
        self._pools: list[Pool] = []
        self._made: tuple[tuple[object, ...], WorkflowDefinition] | None = None

    def __repr__(self) -> str:
        return f"Workflow({self.name!r}, version={self.version!r})"

    def node(self, id: str, **parts: Any) -> "Workflow":
        """Add a node and return the workflow. Exactly one of these says what it does:

        `agent=` an Agent; `tool=` a Tool; `function=` a callable `(ctx, **inputs)` or
        `"module:name"`; `workflow=` a Workflow to run as a child session; `condition=` an
        expression, whose truth is the output `result`; `map=` an expression of a list, with `do=`
        and `concurrency=`; `loop=True` with `do=`, `repeat=` (an expression asked after each run)
        and `max_iterations=`; `approval=` a title; `wait=` a signal's name; `timer=` a duration or
        an expression; `timer_until=` an expression of a moment. `do=` takes a callable, Tool,
        Agent, Workflow, or `body(...)`.

        The others: `inputs=` name to expression, or to a value that is no text; `updates=` state
        key to expression over `output`; `run_if=` expression; `retry=` RetryPolicy or number of
        attempts; `timeout=` seconds or "5m", of a wait also an expression; `once=`, `on_failure=`,
        `recover=`, `compensate=`, `on_item_failure=`, `assignees=`, `on_expiry=`, `on_timeout=`,
        `pool=` a Pool, or the name of one, whose workers carry it out, `priority=` of its calls;
        `form=` schemas of what comes with an approval or a signal, as `inputs=` of a workflow.

        Raises:
            DefinitionError: the parts do not make a node.
        """
        found = node_of(id, parts)
        self._take(found)
        self._nodes.append(found.node)
        return self

    def edge(self, source: str | Sequence[str], *targets: str) -> "Workflow":
        """Lead tokens from `source` to each target; from several sources: once all have arrived."""
        sources = (source,) if isinstance(source, str) else tuple(source)
        self._edges.append(Edge(sources=sources, targets=targets))
        return self

    def switch(
        self, source: str, cases: Sequence[tuple[str, str]], *, default: str | None = None
    ) -> "Workflow":
        """Lead the token of `source` to the target of the first true case, else to `default`."""
        made = tuple(Case(condition=condition, target=target) for condition, target in cases)
        self._switches.append(Switch(source=source, cases=made, default=default))
        return self

    def entry(self, *ids: str) -> "Workflow":
        """Say where a session begins; by default at the nodes that no edge leads to."""
        self._entry = ids
        return self

    @property
    def code(self) -> dict[str, Any]:
        """Functions and tools by the names that the definition uses, those of children included."""
        code = dict(self._code)
        for child in self._children.values():
            code.update(child.code)
        return code

    @property
    def pools(self) -> tuple[Pool, ...]:
        """Pools that its nodes and tools brought along, those of children included.

        Raises:
            DefinitionError: two of one name differ.
        """
        brought = [pool for child in self._children.values() for pool in child.pools]
        return pools_in(self._code, [*self._pools, *brought])

    def with_model(self, model: str) -> "Workflow":
        """Return a workflow whose agents all use `model`."""
        other = Workflow.__new__(Workflow)
        other.__dict__.update(self.__dict__)
        other._made = None
        other._agents = {name: _remodelled(agent, model) for name, agent in self._agents.items()}
        other._children = {name: child.with_model(model) for name, child in self._children.items()}
        return other

    def definition(self) -> WorkflowDefinition:
        """Return the workflow as data.

        Raises:
            DefinitionError: it is wrong; every problem is named. Expressions are checked when it is
                opened or started.
        """
        children = tuple(child.definition() for child in self._children.values())
        made = self._made
        if made is not None and made[0] == self._growth() and made[1].children == children:
            # The same object while nothing is added: who knows it need not compile it again.
            return made[1]
        definition = WorkflowDefinition(
            name=self.name,
            version=self.version,
            description=self._description,
            input_schema=self._input_schema,
            state=self._state,
            agents=tuple(self._agent_definitions()),
            nodes=tuple(self._nodes),
            edges=tuple(self._edges),
            switches=tuple(self._switches),
            entry=self._entry or entries_of(self._nodes, self._edges, self._switches),
            output=self._output,
            on_failure=self._on_failure,
            limits=self._limits,
            children=children,
            guards=self._guards,
        )
        problems = problems_of(definition)
        if problems:
            raise DefinitionError(problems)
        self._made = self._growth(), definition
        return definition

    def _growth(self) -> tuple[object, ...]:
        """Return what differs once something was added or renamed; nothing is ever taken away."""
        counts = len(self._nodes), len(self._edges), len(self._switches), len(self._agents)
        return (self.name, self.version, self._entry, *counts)

    def _agent_definitions(self) -> list[AgentDefinition]:
        return [agent.definition() for agent in self._agents.values()]

    def _take(self, found: Work) -> None:
        path = f"nodes.{found.node.id}"
        self._pools += found.pools
        for agent in _with_delegates(found.agents):
            known = self._agents.setdefault(agent.name, agent)
            if known is not agent and known.definition() != agent.definition():
                raise _twice("agents are", agent.name, path)
            found.code.update({found_tool.ref: found_tool for found_tool in agent.tools})
        for ref, code in found.code.items():
            if self._code.setdefault(ref, code) != code:
                raise _twice("functions are", ref, path)
        for child in found.workflows:
            if not isinstance(child, Workflow) or child is self:
                continue
            if self._children.setdefault(child.name, child) is not child:
                raise _twice("workflows are", child.name, path)


def _with_delegates(agents: Sequence[Agent]) -> list[Agent]:
    """Return the agents, and all that they may come to call."""
    found: list[Agent] = []
    waiting = list(agents)
    while waiting:
        agent = waiting.pop(0)
        if not any(agent is known for known in found):
            found.append(agent)
            waiting += (*agent.delegates, *agent.handoffs)
    return found


def _twice(what: str, name: str, path: str) -> DefinitionError:
    message = f"Two different {what} named {name!r}."
    hint = "Give one of them a name of its own."
    return DefinitionError([Problem(message=message, path=path, hint=hint)])


def _remodelled(agent: Agent, model: str) -> Agent:
    other = Agent.__new__(Agent)
    other.__dict__.update(agent.__dict__)
    other._definition = msgspec.structs.replace(agent.definition(), model=model)
    return other
