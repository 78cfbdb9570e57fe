"""The JSON Schema of workflow files, for editors: what may stand where, and what it means.

It says less than reading does: names, expressions and the shape of the graph are not its matter."""

from typing import Final, get_args

from tenuto.core import limits
from tenuto.core.agent.remembering import RECALLED_MAX, Sharing
from tenuto.core.memory.items import MemoryKind
from tenuto.core.pools import PRIORITY_MAX
from tenuto.core.vocabulary import Json, JsonObject
from tenuto.core.workflow.kinds import BODY_KINDS, FIELDS, KIND_OF, NOT_IN_BODY, word_of
from tenuto.core.workflow.model import REDUCER_EMPTY, Reuse, Strategy
from tenuto.core.workflow.read_nodes import RULES
from tenuto.core.workflow.read_parts import ON_FAILURE
from tenuto.core.workflow.read_schemas import JSON_TYPES
from tenuto.core.workflow.read_tasks import ID_OF_TYPE, OWN_KEYS
from tenuto.core.workflow.schema_guards import guard_schema

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def workflow_schema() -> JsonObject:
    """Return the schema of a workflow file in either form."""
    return {
        "$schema": DIALECT,
        "title": "Tenuto workflow",
        "description": "A workflow: the graph form (workflow, graph) or the task form (id, tasks).",
        "type": "object",
        "if": {"anyOf": [{"required": ["tasks"]}, {"required": ["id"]}]},
        "then": {"$ref": "#/$defs/task_form", "required": ["id", "tasks"]},
        "else": {"$ref": "#/$defs/graph_form", "required": ["workflow", "graph"]},
        "$defs": {
            "graph_form": _closed(_graph_form(), "The graph form: nodes by name, and edges."),
            "task_form": _closed(_task_form(), "The task form: tasks, and what each depends on."),
            "graph": _graph(),
            "edge": _edge(),
            "conditional_edge": _conditional_edge(),
            "node": _work(KIND_OF, "A node: one keyword says what it does.", in_body=False),
            "body": _work(
                {word: kind for word, kind in KIND_OF.items() if kind in BODY_KINDS},
                "What a map or loop does each time.",
                in_body=True,
            ),
            "task": _task(),
            "agent": _agent(),
            "guard": guard_schema(),
            "state_key": _state_key(),
            "input": _input(),
            "retry": _retry(),
            "duration": _DURATION,
            "names": _NAMES,
            "expression": _EXPRESSION,
            "inputs": _INPUTS,
            "updates": _UPDATES,
        },
    }


def _ref(name: str, description: str = "") -> JsonObject:
    found: JsonObject = {"$ref": f"#/$defs/{name}"}
    if description:
        found["description"] = description
    return found


def _text(description: str) -> JsonObject:
    return {"type": "string", "minLength": 1, "description": description}


def _choice(options: tuple[str, ...], description: str) -> JsonObject:
    return {"enum": list(options), "description": description}


def _whole(minimum: int, maximum: int, description: str) -> JsonObject:
    return {
        "type": "integer",
        "minimum": minimum,
        "maximum": maximum,
        "description": description,
    }


def _closed(properties: JsonObject, description: str, *required: str) -> JsonObject:
    found: JsonObject = {
        "type": "object",
        "description": description,
        "properties": properties,
        "additionalProperties": False,
    }
    if required:
        found["required"] = list(required)
    return found


_DURATION: Final[JsonObject] = {
    "description": 'A number of seconds, or words such as "500ms", "30s", "5m", "2h", "1d".',
    "anyOf": [
        {"type": "number", "exclusiveMinimum": 0},
        {"type": "string", "pattern": r"^([0-9]+(\.[0-9]+)?(ms|s|m|h|d))+$"},
    ],
}
_NAMES: Final[JsonObject] = {
    "description": "A name, or a list of names.",
    "anyOf": [
        {"type": "string", "minLength": 1},
        {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1},
    ],
}
_EXPRESSION: Final[JsonObject] = {
    "description": "An expression in CEL over inputs, state, outputs and session.",
    "type": ["string", "boolean", "number", "array", "object", "null"],
}
_INPUTS: Final[JsonObject] = {
    "description": "Input to value. In the graph form a text is an expression; in the task form it "
    "is itself, unless written ${ expression }. Any other value is itself.",
    "type": "object",
}
_UPDATES: Final[JsonObject] = {
    "description": "State key to expression over output. Without it, keys of the output that the "
    "state declares go into the state.",
    "type": "object",
}
_SCHEMA: Final[JsonObject] = {"type": "object", "description": "A JSON Schema."}


def _fields(description: str) -> JsonObject:
    return {
        "type": "object",
        "description": description,
        "if": {"properties": {"type": {"const": "object"}}, "required": ["type"]},
        "then": {},
        "else": {"additionalProperties": _ref("input")},
    }


def _both_forms() -> JsonObject:
    return {
        "version": {
            "type": ["string", "integer"],
            "description": "Version of the workflow; sessions keep the one they began with.",
        },
        "description": _text("What the workflow is for."),
        "inputs": _fields("Input to type or JSON Schema, or one JSON Schema of all inputs."),
        "state": {
            "type": "object",
            "description": "State key to reducer.",
            "additionalProperties": _ref("state_key"),
        },
        "agents": {
            "type": "object",
            "description": "Agents by name.",
            "additionalProperties": _ref("agent"),
        },
        "output": _text(
            "Expression of the session's output; by default the outputs of nodes with no edge out."
        ),
        "limits": _closed(
            {
                "steps": _whole(1, 2**53, f"Activations of nodes, {limits.STEPS_MAX} by default."),
                "tokens": _whole(0, 2**53, "Of models, in and out."),
                "usd": {"type": "number", "minimum": 0, "description": "Cost of models."},
                "turns": _whole(0, 2**53, "Requests to models."),
                "tool_calls": _whole(0, 2**53, "Calls that models make."),
                "seconds": {"type": "number", "minimum": 0, "description": "Wall time."},
            },
            "What a session, with all below it, may spend before it stops and asks.",
        ),
        "guards": {
            "type": "array",
            "items": _ref("guard"),
            "description": "At the borders of the session and of all its agents.",
        },
        "workflows": {
            "type": "object",
            "description": "Workflows that nodes of this one start, by name.",
            "additionalProperties": {
                "type": "object",
                "if": {"required": ["tasks"]},
                "then": _ref("task_form"),
                "else": _ref("graph_form"),
            },
        },
    }


def _graph_form() -> JsonObject:
    return {
        "workflow": _text("Name of the workflow."),
        **_both_forms(),
        "on_failure": _choice(ON_FAILURE, "What a failed task means for the session."),
        "graph": _ref("graph"),
    }


def _graph() -> JsonObject:
    properties: JsonObject = {
        "nodes": {
            "type": "object",
            "description": "Nodes by name.",
            "additionalProperties": _ref("node"),
            "minProperties": 1,
        },
        "edges": {"type": "array", "items": _ref("edge")},
        "conditional_edges": {"type": "array", "items": _ref("conditional_edge")},
        "entry": _ref("names", "Where a session begins; by default where no edge leads."),
        "parallel_nodes": {
            "type": "array",
            "description": "Nodes said to run side by side; checked against the edges.",
            "items": {"type": ["string", "array"]},
        },
    }
    return _closed(properties, "Nodes and edges.", "nodes")


def _edge() -> JsonObject:
    properties: JsonObject = {
        "from": _ref("names", "Several sources are a join: it waits for all of them."),
        "to": _ref("names", "Several targets are a split: all of them start."),
    }
    return _closed(properties, "An edge.", "from", "to")


def _conditional_edge() -> JsonObject:
    case = _closed(
        {"if": _ref("expression"), "then": _text("Node to go on with.")}, "A case.", "if", "then"
    )
    default = _closed(
        {"else": {"type": ["string", "null"], "description": "Node, or null to end the branch."}},
        "What is taken when no case is true.",
        "else",
    )
    properties: JsonObject = {
        "from": _text("Node whose token is led on."),
        "conditions": {
            "type": "array",
            "description": "The first case that is true is taken, else the else.",
            "items": {"if": {"required": ["else"]}, "then": default, "else": case},
            "minItems": 1,
        },
    }
    return _closed(properties, "A switch.", "from", "conditions")


def _keywords() -> JsonObject:
    return {
        "agent": _text("Name of the agent that does the task."),
        "tool": _text("Tool to call: module:name, or of a source, as github.search_issues."),
        "function": {
            "type": "string",
            "pattern": r"^[^\s:]+:[^\s:]+$",
            "description": "Python function, as module:function.",
        },
        "workflow": _text("Workflow to run as a session of its own."),
        "condition": _ref("expression", "Expression whose value becomes the output `result`."),
        "map": _ref("expression", "Expression of the list to go over."),
        "loop": _ref("body", "What is done again and again."),
        "approval": _text("What a person is asked."),
        "wait": _text("Name of the signal to wait for."),
        "timer": {
            "type": ["string", "number"],
            "description": 'A duration such as "5m", seconds, or an expression of milliseconds.',
        },
        "timer_until": _ref("expression", "Expression of the moment: RFC 3339, or milliseconds."),
    }


def _particulars() -> JsonObject:
    """Keys that belong to one keyword."""
    return {
        "do": _ref("body", "What is done with each item; it can read item and index."),
        "concurrency": _whole(1, limits.MAP_ITEMS_MAX, "Items that are open at once."),
        "on_item_failure": _choice(("fail", "collect"), "collect: its error becomes the result."),
        "while": _ref("expression", "Asked after each run; it can read output and index."),
        "max": _whole(1, limits.STEPS_MAX * 100, "Runs at most."),
        "assignees": _ref("names", "Who may decide."),
        "on_expiry": _choice(("deny", "approve", "fail"), "What the end of the timeout means."),
        "on_timeout": _choice(("fail", "continue"), "continue: the output is null."),
        "form": _fields("What comes with the answer or the signal: field to type or JSON Schema."),
    }


def _rules() -> JsonObject:
    """Keys that several kinds of node share."""
    return {
        "inputs": _ref("inputs"),
        "updates": _ref("updates"),
        "if": _ref("expression", "The node runs when this is true, and is skipped otherwise."),
        "retry": _ref("retry"),
        "timeout": {
            "anyOf": [_ref("duration"), _ref("expression")],
            "description": "Of one attempt; for approval and wait, in all. "
            "Of a wait also an expression of milliseconds or of a duration.",
        },
        "once": {"type": "boolean", "description": "Never run twice blindly."},
        "on_failure": _choice(("fail", "continue"), "continue: a failure counts as skipped."),
        "recover": _text("Function that proposes changed inputs after a recoverable failure."),
        "compensate": _text("Function that undoes the task when the session fails."),
        "pool": _text("Pool whose workers carry it out."),
        "priority": _whole(-PRIORITY_MAX, PRIORITY_MAX, "In its pool; a higher one goes first."),
    }


_OF_KEYWORD: Final = {
    "map": ("do", "concurrency", "on_item_failure"),
    "loop": ("while", "max"),
    "approval": ("assignees", "on_expiry", "form"),
    "wait": ("on_timeout", "form"),
}
assert {word_of(field) for field in RULES} == set(_rules())


def _keys_of(keyword: str, *, in_body: bool) -> list[Json]:
    fields = FIELDS[KIND_OF[keyword]]
    rules = [
        word_of(field)
        for field in RULES
        if field in fields and not (in_body and field in NOT_IN_BODY)
    ]
    return [keyword, *_OF_KEYWORD.get(keyword, ()), *rules]


def _work(keywords: dict[str, Json] | object, description: str, *, in_body: bool) -> JsonObject:
    assert isinstance(keywords, dict)
    words = [str(word) for word in keywords]
    rules = _rules()
    if in_body:
        rules = {key: value for key, value in rules.items() if key not in _words_not_in_body()}
    particulars = {
        key: value
        for key, value in _particulars().items()
        if any(key in _OF_KEYWORD.get(word, ()) for word in words)
    }
    every = _keywords()
    found = _closed({**{word: every[word] for word in words}, **particulars, **rules}, description)
    found["oneOf"] = [{"required": [word]} for word in words]
    found["allOf"] = [
        {
            "if": {"required": [word]},
            "then": {"propertyNames": {"enum": _keys_of(word, in_body=in_body)}},
        }
        for word in words
    ]
    if not in_body:
        found["dependentRequired"] = {"map": ["do"]}
    return found


def _words_not_in_body() -> set[str]:
    return {word_of(field) for field in NOT_IN_BODY}


def _task() -> JsonObject:
    named: JsonObject = {
        key: _text(f"What a task of type {kind} runs.") for kind, key in ID_OF_TYPE.items()
    }
    own: JsonObject = {
        "id": _text("Name of the task."),
        "type": _choice(tuple(KIND_OF), "What kind of task it is."),
        "name": _text("Name for people."),
        "description": _text("What the task is for."),
        "outputs": {
            "type": "object",
            "description": "Key of the output to task.input, where it goes.",
            "additionalProperties": _ref("names"),
        },
    }
    assert set(own) == OWN_KEYS
    rules = {**_rules(), "condition": _ref("expression", "The task runs when this is true.")}
    properties = {**own, **named, **_keywords(), **_particulars(), **rules}
    found = _closed(properties, "A task.", "id")
    found["anyOf"] = [{"required": [word]} for word in ("type", *KIND_OF)]
    found["allOf"] = [
        {
            "if": {"properties": {"type": {"const": kind}}, "required": ["type"]},
            "then": {"anyOf": [{"required": [key]}, {"required": [kind]}]},
        }
        for kind, key in ID_OF_TYPE.items()
    ]
    return found


def _task_form() -> JsonObject:
    return {
        "id": _text("Name of the workflow."),
        "name": _text("Name for people."),
        **_both_forms(),
        "tasks": {"type": "array", "items": _ref("task"), "minItems": 1},
        "dependencies": {
            "type": "object",
            "description": "Task to the tasks it comes after; several are waited for.",
            "additionalProperties": {"anyOf": [_ref("names"), {"type": "array", "maxItems": 0}]},
        },
        "retry_config": _ref("retry", "Of each task that has no retry of its own."),
        "error_handling": _closed(
            {"on_failure": _choice(ON_FAILURE, "What a failed task means for the session.")},
            "What happens on failure.",
        ),
    }


def _agent() -> JsonObject:
    properties: JsonObject = {
        "version": {"type": ["string", "integer"], "description": "Version of the agent."},
        "role": _text("What the agent is."),
        "description": _text("What the agent is for."),
        "model": {
            "type": ["string", "array"],
            "items": {"type": "string"},
            "description": "provider:model, offline, or route:name; several are asked in turn.",
        },
        "instructions": _text("What every request begins with."),
        "tools": {
            "type": ["array", "string"],
            "description": "Tools that it may call: module:name, or of a source, as github.*.",
        },
        "delegates": {
            "type": ["array", "string"],
            "description": "Agents of the workflow that it may call as tools.",
        },
        "handoffs": {
            "type": ["array", "string"],
            "description": "Agents of the workflow that it may leave its task to.",
        },
        "writes_to": {
            "type": ["array", "string"],
            "description": "Whom it may write messages to: agents, role:…, or * for everybody.",
        },
        "strategy": _choice(get_args(Strategy), "How it goes about a task."),
        "rounds": _whole(0, 100, "reflect, plan: how often an answer is revised at most."),
        "width": _whole(1, 20, "tree: thoughts that are proposed for each line."),
        "depth": _whole(1, 20, "tree: how often thoughts are proposed and scored."),
        "keep": _whole(1, 20, "tree: lines that are kept."),
        "cache": _choice(
            get_args(Reuse),
            "Which answers it takes from the cache: none, those to the same request, or also those "
            "to one that asks for the same in other words.",
        ),
        "cache_ttl": _ref("duration", "How old such an answer may be."),
        "output_schema": _SCHEMA,
        "turns_max": _whole(1, 10_000, "Model requests in one task."),
        "model_timeout": _ref("duration", "Of one model request."),
        "settings": {"type": "object", "description": "Handed to the model as they are."},
        "policy": {
            "type": "array",
            "items": _rule(),
            "description": "Which tools it may call with what.",
        },
        "narrowed": {
            "type": "object",
            "additionalProperties": {"type": "array", "items": _rule()},
            "description": "Agents that it passes work to, with rules for them and all below.",
        },
        "memory": _memory(),
        "context_tokens": _whole(0, 2**53, "Above so many its conversation is summed up."),
        "guards": {
            "type": "array",
            "items": _ref("guard"),
            "description": "What is looked at on its way in and out.",
        },
    }
    return _closed(properties, "An agent.")


def _memory() -> JsonObject:
    full = _closed(
        {
            "recall": _whole(0, RECALLED_MAX, "Items recalled when a task begins."),
            "characters": _whole(0, 100_000, "Of what is recalled, together."),
            "kinds": {"type": "array", "items": {"enum": list(get_args(MemoryKind))}},
            "shared": _choice(get_args(Sharing), "Whose the items are that it keeps."),
            "learn": {"type": "boolean", "description": "It keeps what it did."},
            "tools": {"type": "boolean", "description": "Its model may remember by itself."},
            "keep_days": {"type": "number", "minimum": 0, "maximum": 36_500},
            "sum_up": _whole(0, 100_000, "Above so many the oldest are summed up; 0: never."),
            "summary_model": _text("Writes the summaries: own, or provider:model; empty: none."),
        },
        "What differs from the default.",
    )
    return {"if": {"type": "object"}, "then": full, "else": {"type": "boolean"}}


def _rule() -> JsonObject:
    names: JsonObject = {"type": "array", "items": {"type": "string"}}
    matcher = _closed(
        {
            "path": _text("Names joined by dots, as order.amount."),
            "equals": {"description": "The value."},
            "within": {"type": "array", "description": "One of these."},
            "glob": _text("A text of this shape."),
            "at_least": {"type": "number"},
            "at_most": {"type": "number"},
            "length_max": _whole(0, 2**53, "Of a text, list or object."),
        },
        "What one value of the arguments must be.",
        "path",
    )
    return _closed(
        {
            "effect": _choice(("deny", "ask", "allow"), "What follows for calls that match."),
            **dict.fromkeys(("tools", "permissions", "agents", "tenants", "users"), names),
            "labels": names,
            "arguments": {"type": "array", "items": matcher},
            "reason": _text("Told to the model, or to the person who is asked."),
            "assignees": names,
            "quorum": _whole(1, 100, "How many different people must approve."),
            "expires_ms": _whole(0, 2**53, "After so long it counts as denied; 0: it waits."),
        },
        "A rule about calls of tools.",
        "effect",
    )


def _state_key() -> JsonObject:
    reducers = tuple(REDUCER_EMPTY)
    full = _closed(
        {
            "reducer": _choice(reducers, "How a new value is put together with the old one."),
            "initial": {"description": "What the key holds before the first value."},
        },
        "A reducer with an initial value.",
        "reducer",
    )
    return {"if": {"type": "object"}, "then": full, "else": _choice(reducers, "A reducer.")}


def _input() -> JsonObject:
    return {
        "if": {"type": "object"},
        "then": _SCHEMA,
        "else": _choice(JSON_TYPES, "The type of the input."),
    }


def _retry() -> JsonObject:
    year = 366 * 86_400
    seconds: JsonObject = {"type": "number", "minimum": 0, "maximum": year}
    full = _closed(
        {
            "max_attempts": _whole(1, limits.ATTEMPTS_MAX, "Attempts in all."),
            "backoff": _choice(("exponential", "fixed"), "How the wait grows."),
            "initial_seconds": {**seconds, "description": "The wait after the first attempt."},
            "factor": {"type": "number", "minimum": 1, "maximum": 1000},
            "max_seconds": {**seconds, "description": "The longest wait."},
            "jitter": {"type": "number", "minimum": 0, "maximum": 1},
        },
        "How often and how long apart transient failures are tried again.",
    )
    attempts = _whole(1, limits.ATTEMPTS_MAX, "Attempts in all.")
    return {"if": {"type": "object"}, "then": full, "else": attempts}
