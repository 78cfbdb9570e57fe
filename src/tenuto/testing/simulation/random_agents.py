"""Agents that nobody would write: strategies, sub-agents, rules, memories by seeded dice."""

import random
from typing import Any, Final

from msgspec import structs

from tenuto.core.agent.guards import Guard
from tenuto.core.agent.policy import Matcher, PermissionRule
from tenuto.core.agent.remembering import MemoryPolicy, tools_with
from tenuto.core.vocabulary import JsonObject
from tenuto.core.workflow.addresses import EVERYBODY, ROLE, reached, used_agents
from tenuto.core.workflow.model import AgentDefinition, WorkflowDefinition
from tenuto.testing.simulation.marks import mark
from tenuto.testing.simulation.random_code import GUARD

SEEN: Final = ("state.names", "has(inputs.seen) ? inputs.seen : []")
"""Expressions whose values may bear marks."""

_NAMES: Final = ("reader", "clerk", "judge", "scribe", "scout", "hasty")
_ROLES: Final = ("", "keeper", "seeker")
_TOOLS: Final = ("look", "fetch", "open", "study", "pay", "pay", "mail", "post")

_BEST: Final[JsonObject] = {
    "type": "object",
    "properties": {"best": {"type": "integer"}},
    "required": ["best"],
}
_NAMED: Final[JsonObject] = {
    "type": "object",
    "properties": {"names": {"type": "array", "items": {"type": "string"}}},
    "required": ["names"],
}

_ANYTHING: Final = PermissionRule(effect="allow", permissions=("*",))
_POLICIES: Final[tuple[tuple[PermissionRule, ...], ...]] = (
    (_ANYTHING,),
    (PermissionRule(effect="allow", permissions=("*",), labels=("*",)),),
    (PermissionRule(effect="allow", permissions=("*",), labels=("untrusted",)),),
    (PermissionRule(effect="deny", tools=("mail",)), _ANYTHING),
    (PermissionRule(effect="deny", tools=("pay", "post"), labels=("secret",)),),
    (PermissionRule(effect="ask", permissions=("orders:*",)), _ANYTHING),
    (PermissionRule(effect="ask", tools=("mail",), assignees=("ann",), expires_ms=90_000),),
    (PermissionRule(effect="ask", permissions=("news:*", "mail:*"), quorum=2), _ANYTHING),
    (PermissionRule(effect="deny", arguments=(Matcher(path="what", glob="*:secret*"),)),),
)
_GUARDS: Final = (
    Guard.length(60, at=["after_tool"], cut=True),
    Guard.regex(at=["before_tool"], deny=mark("secret")),
    Guard.pii(redact=True),
    Guard.function(GUARD, at=["before_tool"]),
    Guard.function(GUARD, at=["after_tool", "handoff"]),
    Guard.function(GUARD, at=["input", "output"]),
    Guard.function(GUARD, at=["before_model"], assignees=["bob"], expires_ms=60_000),
)


def random_agents(dice: random.Random) -> tuple[AgentDefinition, ...]:
    """Return two to five agents; each may have those after it work for it."""
    names = dice.sample(_NAMES, dice.randint(2, 5))
    return tuple(_agent(dice, name, names[at + 1 : at + 3]) for at, name in enumerate(names))


def _agent(dice: random.Random, name: str, below: list[str]) -> AgentDefinition:
    tools = dice.choices(_TOOLS, k=dice.choice((0, 1, 2, 2, 3)))
    called = dice.sample(below, min(len(below), dice.choice((0, 0, 1, 2))))
    handoffs = tuple(name for name in called if dice.random() < 0.3)
    more: dict[str, Any] = {}
    if dice.random() < 0.35:
        more["strategy"] = dice.choice(("plan", "tree", "reflect"))
        more.update(rounds=dice.choice((0, 1)), width=2, depth=dice.choice((1, 2)), keep=1)
    if dice.random() < 0.25:
        more["output_schema"] = dice.choice((_BEST, _NAMED))
    if dice.random() < 0.4:
        more["policy"] = dice.choice(_POLICIES)
    if called and dice.random() < 0.3:
        more["narrowed"] = {called[0]: dice.choice(_POLICIES)}
    if dice.random() < 0.5:
        more["writes_to"] = (dice.choice((*_NAMES, EVERYBODY, EVERYBODY, f"{ROLE}keeper")),)
        # Who writes has often seen what not everybody may hand on.
        tools.append(dice.choice(("look", "fetch", "open")))
    if dice.random() < 0.25:
        more["memory"] = MemoryPolicy(
            shared=dice.choice(("user", "agent", "team")), tools=dice.random() < 0.5
        )
    if dice.random() < 0.15:
        more["context_tokens"] = dice.choice((30, 150))
    if dice.random() < 0.25:
        more["guards"] = tuple(dice.sample(_GUARDS, dice.choice((1, 1, 2))))
    refs = [f"simulated:{tool}" for tool in tools]
    return AgentDefinition(
        name=name,
        model="simulated",
        role=dice.choice(_ROLES),
        tools=tools_with(tuple(dict.fromkeys(refs)), more.get("memory")),
        delegates=tuple(name for name in called if name not in handoffs),
        handoffs=handoffs,
        turns_max=dice.choice((1, 2, 4, 8, 8)),
        **more,
    )


def with_writers(definition: WorkflowDefinition) -> WorkflowDefinition:
    """Return the definition without addresses that reach nobody in it."""
    used = used_agents(definition)
    agents = tuple(
        structs.replace(
            agent,
            writes_to=tuple(part for part in agent.writes_to if reached(part, agent.name, used)),
        )
        for agent in definition.agents
    )
    return structs.replace(definition, agents=agents)
