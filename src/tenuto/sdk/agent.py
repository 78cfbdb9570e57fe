"""Agents: named, versioned definitions of a role, a model, instructions and tools."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypedDict, Unpack, get_args

import msgspec

from tenuto.core import limits
from tenuto.core.agent.guards import Guard, checked_guards
from tenuto.core.agent.policy import PermissionRule, faults_of_rule
from tenuto.core.agent.remembering import MemoryPolicy, policy_from, tools_with
from tenuto.core.agent.tool_names import REF_HINT, ref_fault
from tenuto.core.agent.writing import REPLY, SEND
from tenuto.core.errors import DefinitionError, Problem
from tenuto.core.vocabulary import JsonObject
from tenuto.core.workflow.model import AgentDefinition, Reuse, Strategy
from tenuto.runtime.json_values import NotJson, to_json
from tenuto.sdk.tool import Tool


class Narrowed:
    """An agent, with rules that whoever calls it sets for it; see `Agent.narrowed`."""

    def __init__(self, agent: "Agent", rules: tuple[PermissionRule, ...]) -> None:
        self.agent, self.rules = agent, rules


class Options(TypedDict, total=False):
    """What can be said about an agent besides its name."""

    model: str | Sequence[str]
    instructions: str
    tools: "Sequence[Tool | Agent | Narrowed | Callable[..., Any] | str]"
    role: str
    description: str
    version: str
    output: Any
    turns_max: int
    strategy: Strategy
    rounds: int
    width: int
    depth: int
    keep: int
    handoffs: "Sequence[Agent | Narrowed]"
    writes_to: Sequence[str]
    cache: Reuse
    cache_ttl: float
    settings: Mapping[str, Any]
    policy: Sequence[PermissionRule]
    memory: bool | MemoryPolicy
    context_tokens: int
    guards: Sequence[Guard]


class Agent:
    """A definition; stateless, so one agent may work in any number of workflows and sessions.

    Args:
        name: unique in a workflow.
        model: `provider:model`, `offline`, or `route:name`; several are asked in turn until one
            answers.
        instructions: what every request begins with.
        tools: what it may call; plain functions become tools. Another agent is called with a text,
            its `task`, and what it gives is the result. A text names tools of the sources that
            `tenuto.open(tools={…})` has at run time: `"github.search_issues"`, `"github.*"`.
        role, description, version: what it is, for people and lists.
        output: shape of its output: a JSON Schema, a msgspec struct or a pydantic model. None:
            text, as `{"text": …}`.
        turns_max: model requests in one task.
        strategy: `"react"`, the default: call tools until there is an answer. `"reflect"`: review
            and revise it. `"plan"`: split the task, have workers do the steps, put it together.
            `"tree"`: propose thoughts, score them, go on with the best.
        rounds: reflect, plan: how often an answer is revised at most; 2 by default.
        width, depth, keep: tree: thoughts for each line, levels, and lines that are kept.
        handoffs: agents that it may leave its task to, with the conversation; their answer is its
            own.
        writes_to: whom it may write messages to: names of agents, `role:…`, or `*` for everybody in
            the session.
        cache: `"off"`, the default: every turn asks the model. `"exact"`: a request that was made
            before gets its answer again. `"semantic"`: also one that asks the same in other words.
        cache_ttl: seconds that such an answer may be old; as `tenuto.open` says by default.
        settings: handed to the model as they are.
        policy: which tools it may call with what; none: all of its own, with anything.
        memory: True, or a `MemoryPolicy`: it remembers from session to session.
        context_tokens: above so many its conversation is summed up by its model; 0: never.
        guards: what is looked at on its way in and out, as `Guard.pii(redact=True)`.

    Raises:
        DefinitionError: a name is missing, two tools share one, or a type has no schema.

    Example:
        clerk = Agent("clerk", model="offline", instructions="Sort the mail.", tools=[refund])
    """

    name: str

    def __init__(self, name: str, **options: Unpack[Options]) -> None:
        passed = (*options.get("tools", ()), *options.get("handoffs", ()))
        narrowed = {part.agent.name: part.rules for part in passed if isinstance(part, Narrowed)}
        given = [_whole(part) for part in options.get("tools", ())]
        self.delegates = tuple(found for found in given if isinstance(found, Agent))
        self.handoffs = tuple(_agent(part) for part in options.get("handoffs", ()))
        self.tools = tuple(found for found in given if isinstance(found, Tool))
        names = (*self.called(), *((SEND, REPLY) if options.get("writes_to") else ()))
        problems = [Problem(message=message) for message in _faults(name, options, names)]
        if problems:
            raise DefinitionError(problems)
        self.name = name
        memory = policy_from(to_json(options.get("memory", False)))
        self._definition = AgentDefinition(
            name=name,
            version=options.get("version", "1"),
            role=options.get("role", ""),
            description=options.get("description", ""),
            model=_named(options.get("model", "offline")),
            instructions=options.get("instructions", ""),
            tools=tools_with(
                tuple(_ref_of(found) for found in given if not isinstance(found, Agent)), memory
            ),
            delegates=tuple(found.name for found in self.delegates),
            output_schema=_schema_of(options.get("output")),
            turns_max=options.get("turns_max", limits.TURNS_MAX),
            handoffs=tuple(found.name for found in self.handoffs),
            writes_to=tuple(options.get("writes_to", ())),
            strategy=options.get("strategy", "react"),
            rounds=options.get("rounds", 2),
            width=options.get("width", 3),
            depth=options.get("depth", 2),
            keep=options.get("keep", 2),
            cache=options.get("cache", "off"),
            cache_ttl_ms=round(options.get("cache_ttl", 0) * 1000),
            settings=dict(options.get("settings") or {}),
            policy=tuple(options.get("policy", ())),
            narrowed=narrowed,
            memory=memory,
            context_tokens=options.get("context_tokens", 0),
            guards=checked_guards(options.get("guards", ()), f"Agent {name!r}"),
        )

    def __repr__(self) -> str:
        return f"Agent({self.name!r})"

    def narrowed(self, *rules: PermissionRule) -> Narrowed:
        """Return this agent for the `tools` or `handoffs` of another one, which lets it do only
        what these rules allow too, and all that it calls in turn.

        Raises:
            DefinitionError: no rules are given, or something else.

        Example:
            lead = Agent("lead", tools=[scout.narrowed(PermissionRule(effect="deny", tools=["x"]))])
        """
        faults = _rule_faults(self.name, "narrowed", rules)
        if not rules:
            faults = [f"Agent {self.name!r} is narrowed by no rules."]
        if faults:
            raise DefinitionError([Problem(message=message) for message in faults])
        return Narrowed(self, rules)

    def called(self) -> tuple[str, ...]:
        """Return the names under which its model calls tools and other agents."""
        agents = (*self.delegates, *self.handoffs)
        return (*(found.spec.name for found in self.tools), *(agent.name for agent in agents))

    def definition(self) -> AgentDefinition:
        """Return the agent as data."""
        return self._definition


def _faults(name: str, options: Options, names: tuple[str, ...]) -> list[str]:
    known = Options.__annotations__
    faults = [
        f"Agent {name!r} has no option {option!r}; there are: {', '.join(known)}."
        for option in options
        if option not in known
    ]
    given: object = name
    if not isinstance(given, str) or not given.strip():
        faults.append("An agent has no name.")
    model: object = options.get("model", "")
    if not isinstance(model, str) and not _are_texts(model):
        faults.append(f"Agent {name!r} has model={model!r:.60}, which is no text.")
    for option in ("instructions", "role", "description", "version"):
        value = options.get(option, "")
        if not isinstance(value, str):
            faults.append(f"Agent {name!r} has {option}={value!r:.60}, which is no text.")
    faults += [
        f"Agent {name!r} has two tools named {twice!r}; give one another name: @tool(name=…)."
        for twice in sorted({found for found in names if names.count(found) > 1})
    ]
    writes_to: object = options.get("writes_to", ())
    if writes_to and not _are_texts(writes_to):
        faults.append(f"Agent {name!r} has writes_to={writes_to!r:.60}, which is no list of texts.")
    faults += _rule_faults(name, "policy", options.get("policy", ()))
    given_tools: Sequence[object] = options.get("tools", ())
    if isinstance(given_tools, str):
        faults.append(f"Agent {name!r} has tools={given_tools!r:.60}, a text; give a list.")
    faults += [
        f"Among the tools of agent {name!r}, {fault}. {REF_HINT}"
        for fault in (ref_fault(found) for found in given_tools if isinstance(found, str))
        if fault
    ]
    strategy = options.get("strategy", "react")
    if strategy not in get_args(Strategy):
        known_ones = ", ".join(get_args(Strategy))
        faults.append(f"Agent {name!r} has strategy={strategy!r}; there are: {known_ones}.")
    faults += [
        f"Agent {name!r} has {option}={options.get(option)!r}, which is no whole number from "
        f"{least} up."
        for option, least in (("rounds", 0), ("width", 1), ("depth", 1), ("keep", 1))
        if not _is_whole(options.get(option, least), least)
    ]
    faults += _memory_faults(name, options, names)
    cache = options.get("cache", "off")
    if cache not in get_args(Reuse):
        known_ones = ", ".join(get_args(Reuse))
        faults.append(f"Agent {name!r} has cache={cache!r}; there are: {known_ones}.")
    ttl: object = options.get("cache_ttl", 0)
    if isinstance(ttl, bool) or not isinstance(ttl, int | float) or not 0 <= ttl < float("inf"):
        faults.append(f"Agent {name!r} has cache_ttl={ttl!r}; give it seconds, 0 or more.")
    turns: object = options.get("turns_max", limits.TURNS_MAX)
    if not isinstance(turns, int) or turns < 1:
        faults.append(f"Agent {name!r} has turns_max={turns!r}; give it 1 or more.")
    return faults


def _rule_faults(name: str, option: str, rules: Sequence[object]) -> list[str]:
    return [
        f"Agent {name!r} has {option}={rule!r:.60}, which is no PermissionRule."
        for rule in rules
        if not isinstance(rule, PermissionRule)
    ] + [
        f"A rule of agent {name!r} {fault}"
        for rule in rules
        if isinstance(rule, PermissionRule)
        for fault in faults_of_rule(rule)
    ]


def _whole(part: "Tool | Agent | Narrowed | Callable[..., Any] | str") -> "Tool | Agent | str":
    if isinstance(part, Narrowed):
        return part.agent
    return part if isinstance(part, Tool | Agent | str) else Tool(part)


def _agent(part: "Agent | Narrowed") -> Agent:
    return part.agent if isinstance(part, Narrowed) else part


def _ref_of(tool: Tool | str) -> str:
    return tool if isinstance(tool, str) else tool.ref


def _memory_faults(name: str, options: Options, names: tuple[str, ...]) -> list[str]:
    faults = []
    try:
        memory = policy_from(to_json(options.get("memory", False)))
    except (msgspec.ValidationError, NotJson) as error:
        given = f"memory={options.get('memory')!r:.60}"
        return [f"Agent {name!r} has {given}, which is no MemoryPolicy: {error}."]
    if not _is_whole(options.get("context_tokens", 0), 0):
        given = f"context_tokens={options.get('context_tokens')!r}"
        faults.append(f"Agent {name!r} has {given}; give a number of tokens.")
    brought = {ref.rpartition(":")[2] for ref in tools_with((), memory)}
    faults += [
        f"Agent {name!r} has a tool named {twice!r}, and its memory brings one; give it another "
        "name, or memory=MemoryPolicy(tools=False)."
        for twice in sorted(brought.intersection(names))
    ]
    return faults


def _named(model: str | Sequence[str]) -> str:
    return model if isinstance(model, str) else ", ".join(model)


def _are_texts(value: object) -> bool:
    return (
        isinstance(value, list | tuple) and bool(value) and all(isinstance(v, str) for v in value)
    )


def _is_whole(value: object, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _schema_of(output: Any) -> JsonObject | None:
    if output is None or isinstance(output, dict):
        return output
    schema_of = getattr(output, "model_json_schema", None)
    if callable(schema_of):
        schema: JsonObject = schema_of()
        return schema
    try:
        return msgspec.json.schema(output)
    except TypeError as error:
        message = f"The output {output!r} has no JSON Schema: {error}"
        raise DefinitionError([Problem(message=message)]) from None
