"""What a turn is for: the strategies besides `react`, as purposes that follow from one another.

| strategy | turns |
| --- | --- |
| `react` | turns without a purpose: call tools until there is an answer |
| `reflect` | a draft, as `react`; then `critique` and `revise`, for `rounds` or until it is good |
| `plan` | `plan`; workers do its steps; `synthesize`; then `critique` and `revise` as above |
| `tree` | `propose` and `score`, `depth` times, keeping the best `keep` lines; then `conclude` |

An agent with `context_tokens` sums its conversation up in turns for `compact` between them.

The purpose of a turn is kept with its answer, so what comes next follows from the turns alone.
Source of the strategies: DESIGN section 6; of `tree`: Yao et al., Tree of Thoughts, 2023; of
`reflect`: Madaan et al., Self-Refine, 2023.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from tenuto.core import limits
from tenuto.core.agent.compacting import COMPACT, as_summary, is_full, without_summaries
from tenuto.core.agent.messages import ModelAnswer, ToolCall
from tenuto.core.agent.state import AgentState, Turn
from tenuto.core.vocabulary import Json, JsonObject
from tenuto.core.workflow.model import AgentDefinition

WITHOUT_TOOLS: Final = frozenset({"plan", "propose", "score", COMPACT})
"""Purposes for which a model is shown no tools."""

_ASIDE: Final = frozenset({"critique", COMPACT})
"""Purposes of turns that give no output."""

_FIRST: Final = {"react": "", "reflect": "", "plan": "plan", "tree": "propose"}


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a plan."""

    id: str
    task: str
    agent: str = ""
    after: tuple[str, ...] = ()


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to `plan`."""

    steps: tuple[Step, ...]


class Critique(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to `critique`."""

    good: bool
    faults: tuple[str, ...] = ()


class Thought(msgspec.Struct, frozen=True, kw_only=True):
    """One thought; `follows` numbers the kept line that it goes on from, counted from 0."""

    thought: str
    follows: int = 0


class Thoughts(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to `propose`."""

    thoughts: tuple[Thought, ...]


class Scores(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to `score`: one number per thought, from 0 to 10, in their order."""

    scores: tuple[float, ...]


def next_purpose(state: AgentState, definition: AgentDefinition) -> str | None:
    """Return what the next turn is for; None when the output is there."""
    if not state.turns:
        return _FIRST[definition.strategy]
    if not definition.context_tokens:
        return _next(state, definition)
    purpose = _next(without_summaries(state), definition)
    if purpose is not None and is_full(state, definition.context_tokens):
        return COMPACT
    return purpose


def _next(state: AgentState, definition: AgentDefinition) -> str | None:
    last = state.turns[-1].answer
    if last.fault or (last.calls and last.purpose != "plan"):
        return last.purpose
    match definition.strategy:
        case "react":
            return None
        case "plan" if last.purpose == "plan":
            return "synthesize"
        case "plan" | "reflect":
            return _after_review(state.turns, definition)
        case "tree" if last.purpose == "propose":
            return "score"
        case "tree" if last.purpose == "score":
            scored = sum(1 for turn in state.turns if _is_done(turn, "score"))
            return "propose" if scored < definition.depth else "conclude"
    return None


def purpose_once_more(definition: AgentDefinition) -> str:
    """Return what a turn is for that comes after the output: it may put another in its place."""
    return "conclude" if definition.strategy == "tree" else ""


def _after_review(turns: Sequence[Turn], definition: AgentDefinition) -> str | None:
    last = turns[-1].answer
    if last.purpose != "critique":
        revised = sum(1 for turn in turns if _is_done(turn, "revise"))
        return "critique" if revised < definition.rounds else None
    return None if msgspec.convert(last.data, Critique).good else "revise"


def _is_done(turn: Turn, purpose: str) -> bool:
    answer = turn.answer
    return answer.purpose == purpose and not answer.fault and not answer.calls


def output_of(state: AgentState) -> Json:
    """Return the output: what was answered last, but for the review of it."""
    for turn in reversed(state.turns):
        answer = turn.answer
        if answer.purpose not in _ASIDE and not answer.calls and not answer.fault:
            return answer.data if answer.data is not None else {"text": answer.text}
    return None


def schema_for(purpose: str, definition: AgentDefinition) -> JsonObject | None:
    """Return the schema of an answer that is given for `purpose`."""
    match purpose:
        case "plan":
            return _plan_schema(definition)
        case "critique":
            return _CRITIQUE
        case "propose":
            return _THOUGHTS
        case "score":
            return _SCORES
        case "" if definition.strategy == "tree":
            return None
        case "compact":
            return None
    return definition.output_schema


def workers_of(definition: AgentDefinition) -> tuple[str, ...]:
    """Return the agents that can do a step: those that it may call, else itself without a plan."""
    return definition.delegates or (definition.name,)


def fitted(answer: ModelAnswer, state: AgentState, definition: AgentDefinition) -> ModelAnswer:
    """Return an answer that has a purpose as it is kept: with what is wrong with it, or, of a plan,
    with a call for each step."""
    if answer.purpose == COMPACT:
        return as_summary(answer, state)
    fault = misfit(answer, state, definition)
    if fault:
        return msgspec.structs.replace(answer, fault=fault)
    if answer.purpose != "plan":
        return answer
    workers = workers_of(definition)
    calls = tuple(
        ToolCall(id=step.id, tool=step.agent or workers[0], arguments={"task": step.task})
        for step in msgspec.convert(answer.data, Plan).steps
    )
    return msgspec.structs.replace(answer, calls=calls)


def misfit(answer: ModelAnswer, state: AgentState, definition: AgentDefinition) -> str:
    """Return what is wrong with an answer of the right shape, in words for the model."""
    if answer.purpose == "plan":
        return _plan_fault(msgspec.convert(answer.data, Plan), definition)
    if answer.purpose == "score":
        wanted = len(_last(state, Thoughts, "propose").thoughts)
        found = len(msgspec.convert(answer.data, Scores).scores)
        return "" if found == wanted else f"there are {wanted} thoughts and {found} scores."
    if answer.purpose == "propose":
        kept = max(1, len(kept_lines(state, definition)))
        for thought in msgspec.convert(answer.data, Thoughts).thoughts:
            if not 0 <= thought.follows < kept:
                return f"a thought follows line {thought.follows}; lines are 0 to {kept - 1}."
    return ""


def _plan_fault(plan: Plan, definition: AgentDefinition) -> str:
    ids = [step.id for step in plan.steps]
    if len(ids) > limits.PLAN_STEPS_MAX:
        return f"it has {len(ids)} steps; at most {limits.PLAN_STEPS_MAX} are allowed."
    for step in plan.steps:
        if ids.count(step.id) > 1:
            return f"two steps are named {step.id!r}."
        if step.agent and step.agent not in workers_of(definition):
            return f"step {step.id!r} names agent {step.agent!r}, and there is none."
        for name in step.after:
            if name not in ids:
                return f"step {step.id!r} comes after {name!r}, and there is no such step."
    done: set[str] = set()
    while ready := [s.id for s in plan.steps if s.id not in done and done.issuperset(s.after)]:
        done.update(ready)
    circle = [name for name in ids if name not in done]
    return f"steps {', '.join(circle)} wait for each other." if circle else ""


def ready_steps(turn: Turn, under_way: frozenset[int]) -> tuple[int, ...]:
    """Return the steps of a plan that can begin: not begun, and all before them done."""
    plan = msgspec.convert(turn.answer.data, Plan)
    done = {
        step.id for step, result in zip(plan.steps, turn.results, strict=True) if result is not None
    }
    return tuple(
        index
        for index, (step, result) in enumerate(zip(plan.steps, turn.results, strict=True))
        if result is None and index not in under_way and done.issuperset(step.after)
    )


def step_inputs(turn: Turn, index: int) -> JsonObject:
    """Return what the worker of a step gets: its task, and what the steps before it gave."""
    plan = msgspec.convert(turn.answer.data, Plan)
    step = plan.steps[index]
    before = [
        result_text(other, turn, number)
        for number, other in enumerate(plan.steps)
        if other.id in step.after
    ]
    parts = [step.task, *(["What was found before:", *before] if before else [])]
    return {"task": "\n\n".join(parts)}


def result_text(step: Step, turn: Turn, index: int) -> str:
    """Return what came of a step, for a model to read."""
    result = turn.results[index]
    if result is None:
        return f"## {step.id}: not done"
    if result.error is not None:
        return f"## {step.id}: failed\n{result.error}"
    return f"## {step.id}: {step.task}\n{as_text(result.value)}"


def kept_lines(state: AgentState, definition: AgentDefinition) -> list[list[str]]:
    """Return the best lines of thought so far, best first; each begins with its first thought.

    Of equal scores the thought that was proposed first is the better one."""
    lines: list[list[str]] = []
    thoughts: tuple[Thought, ...] = ()
    for turn in state.turns:
        if _is_done(turn, "propose"):
            thoughts = msgspec.convert(turn.answer.data, Thoughts).thoughts
        elif _is_done(turn, "score"):
            scores = msgspec.convert(turn.answer.data, Scores).scores
            best = sorted(range(len(thoughts)), key=lambda n: (-scores[n], n))[: definition.keep]
            lines = [
                [*(lines[thoughts[n].follows] if lines else []), thoughts[n].thought] for n in best
            ]
    return lines


def _last(state: AgentState, kind: type[Thoughts], purpose: str) -> Thoughts:
    for turn in reversed(state.turns):
        if _is_done(turn, purpose):
            return msgspec.convert(turn.answer.data, kind)
    return Thoughts(thoughts=())


def as_text(value: Json) -> str:
    """Return a value for a model to read."""
    if isinstance(value, dict) and len(value) == 1:
        (value,) = value.values()
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


_TEXT: Final[JsonObject] = {"type": "string"}


def _object(required: list[Json], **properties: Json) -> JsonObject:
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def _list(item: JsonObject) -> JsonObject:
    return {"type": "array", "items": item}


def _plan_schema(definition: AgentDefinition) -> JsonObject:
    agent: JsonObject = {"type": "string", "enum": list(workers_of(definition))}
    step = _object(["id", "task"], id=_TEXT, task=_TEXT, agent=agent, after=_list(_TEXT))
    return _object(["steps"], steps=_list(step))


_CRITIQUE: Final = _object(["good", "faults"], good={"type": "boolean"}, faults=_list(_TEXT))
_THOUGHTS: Final = _object(
    ["thoughts"],
    thoughts={
        **_list(_object(["thought"], thought=_TEXT, follows={"type": "integer", "minimum": 0})),
        "minItems": 1,
    },
)
_SCORES: Final = _object(["scores"], scores=_list({"type": "number", "minimum": 0, "maximum": 10}))
