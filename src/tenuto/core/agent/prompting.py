"""What a model is told at the beginning of a turn that has a purpose."""

import msgspec

from tenuto.core.agent.compacting import ASKED
from tenuto.core.agent.state import AgentState, Turn
from tenuto.core.agent.strategy import (
    Critique,
    Plan,
    Thoughts,
    kept_lines,
    result_text,
    workers_of,
)
from tenuto.core.workflow.model import AgentDefinition

_REVIEW = (
    "Review your answer as somebody who did not write it. Does it do all that was asked, is each "
    "claim supported by what you were given, is anything wrong or missing? Say whether it is good "
    "as it is, and name each fault so that it can be mended."
)


def prompt_for(purpose: str, state: AgentState, definition: AgentDefinition) -> str:
    """Return what is said before a turn for `purpose` that follows the turns of `state`."""
    match purpose:
        case "compact":
            return ASKED
        case "plan":
            return _planning(definition)
        case "synthesize":
            return (
                "All steps of the plan have been worked on; what they gave is above. Put it "
                "together into the answer to the task. Say openly what is missing."
            )
        case "critique":
            return _REVIEW
        case "revise":
            return _revising(state)
        case "propose":
            return _proposing(state, definition)
        case "score":
            return _scoring(state)
        case "conclude":
            line = kept_lines(state, definition)[0]
            return f"This line of thought is the best:\n\n{_line(line)}\n\nGive the answer now."
    return ""


def results_of_plan(turn: Turn) -> str:
    """Return what the workers of a plan gave, in its order."""
    plan = msgspec.convert(turn.answer.data, Plan)
    return "\n\n".join(result_text(step, turn, n) for n, step in enumerate(plan.steps))


def _planning(definition: AgentDefinition) -> str:
    workers = ", ".join(workers_of(definition))
    return (
        "Make a plan first: split the task into steps. Each step has an id, a task that tells its "
        "worker all that it needs to know, and `after`: the ids of the steps whose results it "
        f"needs; the others run side by side. Workers: {workers}. Answer with the plan only; a "
        "task that needs no steps gets none."
    )


def _revising(state: AgentState) -> str:
    faults = msgspec.convert(state.turns[-1].answer.data, Critique).faults
    told = "\n".join(f"- {fault}" for fault in faults) or "- it is not good enough"
    return f"Revise your answer; give the whole of it again. Its faults:\n{told}"


def _proposing(state: AgentState, definition: AgentDefinition) -> str:
    lines = kept_lines(state, definition)
    if not lines:
        return (
            f"Do not answer yet. Propose {definition.width} different thoughts with which to begin "
            "on the task; `follows` is 0."
        )
    told = "\n\n".join(f"Line {number}:\n{_line(line)}" for number, line in enumerate(lines))
    return (
        f"These lines of thought are kept:\n\n{told}\n\nPropose {definition.width} different next "
        "thoughts for each; `follows` is the number of its line."
    )


def _scoring(state: AgentState) -> str:
    thoughts = msgspec.convert(state.turns[-1].answer.data, Thoughts).thoughts
    told = "\n".join(f"{number}. {one.thought}" for number, one in enumerate(thoughts, start=1))
    return (
        "Score each of these thoughts from 0 (leads nowhere) to 10 (surely leads to the answer), "
        f"in their order:\n{told}"
    )


def _line(thoughts: list[str]) -> str:
    return "\n".join(f"- {thought}" for thought in thoughts)
