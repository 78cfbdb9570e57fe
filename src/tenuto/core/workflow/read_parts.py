"""What both forms say alike: state, inputs, agents, limits, and the workflows they start."""

from typing import Final, get_args

import msgspec

from tenuto.core import limits
from tenuto.core.agent.policy import PermissionRule, faults_of_rule
from tenuto.core.agent.remembering import MemoryPolicy, policy_from, tools_with
from tenuto.core.budget import NAMES, Budget, fault_of
from tenuto.core.vocabulary import JsonObject
from tenuto.core.workflow.faults import unknown
from tenuto.core.workflow.model import (
    REDUCER_EMPTY,
    AgentDefinition,
    Limits,
    OnFailure,
    Reducer,
    Reuse,
    StateKey,
    Strategy,
)
from tenuto.core.workflow.read_guards import guards_of
from tenuto.core.workflow.read_schemas import object_schema
from tenuto.core.workflow.read_structs import structs_of
from tenuto.core.workflow.section import Section, duration, members, shown

_REDUCERS: Final[tuple[Reducer, ...]] = (
    "replace",
    "append",
    "extend",
    "add",
    "max",
    "min",
    "merge",
    "union",
)
ON_FAILURE: Final[tuple[OnFailure, ...]] = ("fail", "compensate", "continue")


def version_of(section: Section) -> str:
    """Return a version: text, or a whole number."""
    value = section.get("version")
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    hint = f'Quote it: version: "{value}".' if isinstance(value, float) else ""
    return section.text("version", "1", hint=hint)


def state_of(section: Section) -> dict[str, StateKey]:
    """Return the declared state: key to reducer, or to `{reducer, initial}`."""
    found: dict[str, StateKey] = {}
    state = section.section("state", "the state")
    if state is None:
        return found
    for name, value in state.data.items():
        section.reading.origins["state", name] = (*state.path, name)
        if isinstance(value, dict):
            key = state.section(name, f"state key {name!r}")
            assert key is not None, "it is an object"
            found[name] = _state_key(key)
        else:
            reducer = _reducer(state, name)
            found[name] = StateKey(reducer=reducer, initial=REDUCER_EMPTY[reducer])
    return found


def _state_key(section: Section) -> StateKey:
    if "reducer" not in section.data:
        section.lacks("reducer", f"Write one of: {', '.join(_REDUCERS)}.")
        section.get("reducer")
        reducer: Reducer = "replace"
    else:
        reducer = _reducer(section, "reducer")
    initial = section.get("initial") if "initial" in section.data else REDUCER_EMPTY[reducer]
    section.close(["initial"])
    return StateKey(reducer=reducer, initial=initial)


def _reducer(section: Section, key: str) -> Reducer:
    value = section.get(key)
    for reducer in _REDUCERS:
        if value == reducer:
            return reducer
    path = section.at(key)
    if isinstance(value, str):
        section.reading.faults.append(unknown("reducer", value, _REDUCERS, path))
    else:
        message = f"A state key has a reducer, found {shown(value)}."
        hint = f"Write one of {', '.join(_REDUCERS)}, or {{reducer: replace, initial: 0}}."
        section.reading.fault(path, message, hint)
    return "replace"


def input_schema_of(section: Section) -> JsonObject | None:
    """Return the JSON Schema of the inputs: as it is written, or put together from one per name.

    In the short form there are no other inputs, and all without a default are required."""
    return object_schema(section, "inputs", "the inputs", each="Input")


def agents_of(section: Section) -> tuple[AgentDefinition, ...]:
    """Return the agents: name to definition."""
    agents = section.section("agents", "the agents")
    if agents is None:
        return ()
    found = []
    for name, agent in members(agents, "agent"):
        section.reading.origins["agents", name] = agent.path
        found.append(agent_of(agent, name))
        agent.close()
    for name in agents.data:
        if not isinstance(agents.data[name], dict):
            section.reading.broken.add(("agents", name))
            found.append(AgentDefinition(name=name))
    return tuple(found)


def agent_of(section: Section, name: str) -> AgentDefinition:
    """Return one agent; whoever calls says what else may stand in the section."""
    schema = section.section("output_schema", f"the output schema of agent {name!r}")
    settings = section.section("settings", f"the settings of agent {name!r}")
    memory = _memory(section)
    return AgentDefinition(
        name=name,
        version=version_of(section),
        role=section.text("role"),
        description=section.text("description"),
        model=_model(section),
        instructions=section.text("instructions"),
        tools=tools_with(_named(section, "tools"), memory),
        strategy=section.choice("strategy", get_args(Strategy), "react"),
        output_schema=schema.data if schema is not None else None,
        turns_max=section.whole("turns_max", limits.TURNS_MAX, minimum=1, maximum=10_000),
        model_timeout_ms=duration(section, "model_timeout") or 120_000,
        settings=settings.data if settings is not None else {},
        policy=_policy(section),
        delegates=_named(section, "delegates"),
        handoffs=_named(section, "handoffs"),
        narrowed=_narrowed(section),
        writes_to=_named(section, "writes_to"),
        rounds=section.whole("rounds", 2, minimum=0, maximum=100),
        width=section.whole("width", 3, minimum=1, maximum=20),
        depth=section.whole("depth", 2, minimum=1, maximum=20),
        keep=section.whole("keep", 2, minimum=1, maximum=20),
        memory=memory,
        context_tokens=section.whole("context_tokens", 0, minimum=0, maximum=2**53),
        guards=guards_of(section),
        cache=section.choice("cache", get_args(Reuse), "off"),
        cache_ttl_ms=duration(section, "cache_ttl"),
    )


def _model(section: Section) -> str:
    """Return one model, or several as one text: they are asked in turn."""
    if isinstance(section.data.get("model"), list):
        return ", ".join(section.names("model"))
    return section.text("model", "offline")


def _policy(section: Section) -> tuple[PermissionRule, ...]:
    what = f"rule {{n}} of {section.what}"
    return structs_of(section, "policy", PermissionRule, what, judge=faults_of_rule)


def _narrowed(section: Section) -> dict[str, tuple[PermissionRule, ...]]:
    found = section.section("narrowed", f"what {section.what} narrows")
    if found is None:
        return {}
    what = f"of {section.what}"
    return {
        name: structs_of(
            found, name, PermissionRule, f"rule {{n}} for {name!r} {what}", judge=faults_of_rule
        )
        for name in list(found.data)
    }


def _memory(section: Section) -> MemoryPolicy | None:
    if "memory" not in section.data:
        return None
    try:
        return policy_from(section.get("memory"))
    except msgspec.ValidationError as error:
        message = f"The memory of {section.what} cannot be read: {error}."
        section.fault("memory", message, "Write true, or what differs: {recall: 3}.")
        return None


def _named(section: Section, key: str) -> tuple[str, ...]:
    value = section.get(key)
    return () if value == [] else section.names(key)


def limits_of(section: Section) -> Limits:
    """Return what a session may spend."""
    found = section.section("limits", "the limits")
    if found is None:
        return Limits()
    steps = found.whole("steps", limits.STEPS_MAX, minimum=1, maximum=2**53)
    budget = _budget(found)
    found.close(NAMES)
    return Limits(steps=steps, budget=budget)


def _budget(section: Section) -> Budget:
    given = {name: section.get(name) for name in NAMES if name in section.data}
    for name in list(given):
        try:
            budget = msgspec.convert({name: given[name]}, Budget)
        except msgspec.ValidationError:
            section.wrong(name, "a number" if name in ("usd", "seconds") else "a whole number")
            del given[name]
            continue
        fault = fault_of(budget)
        if fault:
            section.fault(name, f"{fault[0].upper()}{fault[1:]}.")
            del given[name]
    return msgspec.convert(given, Budget)


def output_of(section: Section) -> str:
    """Return the expression of the session's output, or nothing."""
    value = section.get("output")
    section.reading.origins[("output",)] = section.at("output")
    if value is None and "output" not in section.data:
        return ""
    if isinstance(value, str) and value.strip():
        return value
    hint = "To give several values write: output: \"{'a': outputs.x, 'b': outputs.y}\"."
    section.wrong("output", "an expression", hint)
    return ""
