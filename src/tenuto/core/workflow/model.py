"""The definition of a workflow as plain data: what YAML, JSON and the Python builder all become.

A definition is canonical JSON; its SHA-256 names it for ever, so that a session started under it
can be opened by another process, on another day, under the very same rules.

Expressions are strings of CEL. What they may read, by place:

| place | names |
| --- | --- |
| node `inputs`, `items`, `delay`, `until` | `inputs state outputs session` |
| a body (`do` of a map or loop) | these, and `item index` (map) or `last index` (loop) |
| node `condition` | the same; `inputs` are the session's with the node's own over them |
| `updates` | these, and `output` |
| loop `repeat` | these, and `output index` |
| switch cases, workflow `output` | `inputs state outputs session` |
"""

import hashlib
from typing import Final, Literal, TypeAlias

import msgspec

from tenuto.core import limits
from tenuto.core.agent.guards import Guard
from tenuto.core.agent.policy import PermissionRule
from tenuto.core.agent.remembering import MemoryPolicy
from tenuto.core.budget import UNBOUNDED, Budget
from tenuto.core.vocabulary import Digest, Json, JsonObject

Reducer: TypeAlias = Literal["replace", "append", "extend", "add", "max", "min", "merge", "union"]

REDUCER_EMPTY: Final[dict[str, Json]] = {
    "replace": None,
    "append": [],
    "extend": [],
    "add": 0,
    "max": None,
    "min": None,
    "merge": {},
    "union": [],
}
"""The initial value of a state key that names none. Source: DESIGN section 4."""

NodeKind: TypeAlias = Literal[
    "agent",
    "tool",
    "function",
    "condition",
    "loop",
    "map",
    "workflow",
    "approval",
    "wait",
    "timer",
]

Strategy: TypeAlias = Literal["react", "plan", "tree", "reflect"]

Reuse: TypeAlias = Literal["off", "exact", "semantic"]
"""Which answers an agent takes from the cache: none, those to the same request, or also those to a
request that asks for the same in other words."""

OnFailure: TypeAlias = Literal["fail", "compensate", "continue"]


class StateKey(msgspec.Struct, frozen=True, kw_only=True):
    """How one key of the state takes new values, and what it holds before the first."""

    reducer: Reducer
    initial: Json = None


class RetryPolicy(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How often and how long apart transient failures are tried again.

    The wait before attempt n+1 is `initial_ms * factor ** (n - 1)`, at most `max_ms`, times a
    random number between `1 - jitter` and 1; a longer wait that the failure itself asks for
    wins."""

    max_attempts: int = 3
    backoff: Literal["exponential", "fixed"] = "exponential"
    initial_ms: int = 500
    factor: float = 2.0
    max_ms: int = 60_000
    jitter: float = 0.2


RETRY_FUNCTION: Final = RetryPolicy()
RETRY_TOOL: Final = RetryPolicy(max_attempts=3, initial_ms=500, backoff="fixed")
"""A tool that timed out is tried twice more, 500 ms apart. Source: DESIGN 3.4."""
RETRY_MODEL: Final = RetryPolicy(max_attempts=4, initial_ms=1_000, max_ms=4_000)
"""A model is asked three times more, after 1, 2 and 4 s. Source: DESIGN 3.4."""


class Node(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One node of the graph. Which fields count depends on `kind`; validation refuses the
    others."""

    id: str
    kind: NodeKind
    ref: str = ""
    """agent: its name; tool: its id; function: `module:name`; workflow: its name."""
    inputs: dict[str, str] = {}
    """Input name to expression."""
    updates: dict[str, str] | None = None
    """State key to expression over `output`. None: the keys of the output that the state
    declares."""
    condition: str = ""
    """The node runs when this is true and is skipped otherwise. Empty: always."""
    retry: RetryPolicy | None = None
    timeout_ms: int = 0
    """Of one attempt; for approval and wait: how long to wait in all. 0: none."""
    once: bool = False
    """Never run twice blindly (P3)."""
    on_failure: Literal["fail", "continue"] = "fail"
    """continue: the failed task counts as skipped; its output is null."""
    recover: str = ""
    """Function that gets `error`, `inputs`, `attempt` and proposes changed inputs, or null."""
    compensate: str = ""
    """Function that gets `output`, `inputs` and undoes the task when the session fails."""
    pool: str = ""
    """Whose workers carry it out. Empty: the session's own process, or as its tool says."""
    priority: int = 0
    """Calls of a pool with a higher one go first. 0: as its tool says."""
    # map and loop
    items: str = ""
    """map: expression giving the list."""
    body: "Node | None" = None
    concurrency: int = limits.MAP_CONCURRENCY
    on_item_failure: Literal["fail", "collect"] = "fail"
    """collect: a failed item leaves `{"error": ...}` in its place and the map goes on."""
    repeat: str = ""
    """loop: the body runs again while this is true; it is asked after each run."""
    max_iterations: int = 0
    # approval
    title: str = ""
    assignees: tuple[str, ...] = ()
    on_expiry: Literal["deny", "approve", "fail"] = "deny"
    form: JsonObject | None = None
    """Of approval and wait: JSON Schema of the data that comes with the answer or the signal.
    None: any data, or none."""
    # wait
    signal: str = ""
    on_timeout: Literal["fail", "continue"] = "fail"
    # timer
    delay: str = ""
    """Expression giving milliseconds (number) or a duration as `"90s"`, `"5m"`, `"2h"`, `"1d"`.
    Of a wait: how long it waits at most, where `timeout_ms` does not say."""
    until: str = ""
    """Expression giving a moment: milliseconds since 1970 (UTC), or RFC 3339 text."""


class Edge(msgspec.Struct, frozen=True, kw_only=True):
    """Leads tokens on. One source: each token activates every target. Several: a join."""

    sources: tuple[str, ...]
    targets: tuple[str, ...]


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One way out of a switch."""

    condition: str
    target: str


class Switch(msgspec.Struct, frozen=True, kw_only=True):
    """Conditional edges: the first case that is true is taken, else `default`; null ends the
    branch."""

    source: str
    cases: tuple[Case, ...]
    default: str | None = None


class AgentDefinition(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A named, versioned agent as data. Tools are ids; code is found by the runtime."""

    name: str
    version: str = "1"
    role: str = ""
    description: str = ""
    model: str = "offline"
    instructions: str = ""
    tools: tuple[str, ...] = ()
    strategy: Strategy = "react"
    output_schema: JsonObject | None = None
    turns_max: int = limits.TURNS_MAX
    model_timeout_ms: int = 120_000
    settings: JsonObject = {}
    policy: tuple[PermissionRule, ...] = ()
    """Which tools it may call with what. Empty: all of its own, with anything."""
    delegates: tuple[str, ...] = ()
    """Agents of the workflow that it may call as tools, each with one text, its `task`."""
    handoffs: tuple[str, ...] = ()
    """Agents that it may leave the task to: their answer is its own."""
    narrowed: dict[str, tuple[PermissionRule, ...]] = {}
    """Agents that it passes work to, with rules that hold for them and all below them."""
    writes_to: tuple[str, ...] = ()
    """Whom it may write messages to: names, `role:…`, or `*` for everybody. Empty: nobody."""
    rounds: int = 2
    """reflect, plan: how often an answer is revised at most."""
    width: int = 3
    """tree: thoughts that are proposed for each line."""
    depth: int = 2
    """tree: how often thoughts are proposed and scored."""
    keep: int = 2
    """tree: lines that are kept."""
    memory: MemoryPolicy | None = None
    """None: it remembers nothing from session to session."""
    context_tokens: int = 0
    """Above so many the conversation of a task is summed up by its own model. 0: never."""
    guards: tuple[Guard, ...] = ()
    """Beside those of the workflow and of the process."""
    cache: Reuse = "off"
    cache_ttl_ms: int = 0
    """How old an answer from the cache may be; 0: as the process says."""


class Limits(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a session may spend."""

    steps: int = limits.STEPS_MAX
    budget: Budget = UNBOUNDED
    """Of this session and all below it."""


class WorkflowDefinition(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A whole workflow. `digest` names its canonical form."""

    name: str
    version: str = "1"
    description: str = ""
    input_schema: JsonObject | None = None
    """JSON Schema of the inputs; None: any object."""
    state: dict[str, StateKey] = {}
    agents: tuple[AgentDefinition, ...] = ()
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...] = ()
    switches: tuple[Switch, ...] = ()
    entry: tuple[str, ...]
    output: str = ""
    """Expression giving the session's output. Empty: the outputs of nodes with no edge out."""
    on_failure: OnFailure = "fail"
    limits: Limits = Limits()
    children: "tuple[WorkflowDefinition, ...]" = ()
    """Workflows that `workflow` nodes start, so that any process can go on with a session."""
    guards: tuple[Guard, ...] = ()
    """Of the session's inputs, of all its agents, and of its `tool` nodes; children have their
    own."""


def encode_definition(definition: WorkflowDefinition) -> bytes:
    """Return the canonical JSON of `definition`: sorted keys, defaults left out."""
    return msgspec.json.encode(definition, order="sorted")


def decode_definition(payload: bytes) -> WorkflowDefinition:
    """Return the definition that `encode_definition` wrote.

    Raises:
        msgspec.DecodeError: the bytes are no such definition.
    """
    return msgspec.json.decode(payload, type=WorkflowDefinition)


def definition_digest(payload: bytes) -> Digest:
    """Return the name of a canonical definition: its SHA-256."""
    return Digest(hashlib.sha256(payload).hexdigest())
