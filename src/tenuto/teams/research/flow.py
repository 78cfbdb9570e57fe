"""The graph: index, plan, one session for each part, collect, synthesize, finish."""

from itertools import pairwise
from typing import Any, Final

from tenuto import Agent, Team, Workflow, body
from tenuto.teams.research import agents, steps
from tenuto.teams.research.part import part_workflow

SUB_QUESTIONS: Final = 4
"""Into how many parts a question may be split when the session does not say."""

CONCURRENCY: Final = 8
"""Sub-questions that are researched at once."""

DESCRIPTION: Final = (
    "Answers a question over a folder of documents: plans, researches, checks every claim against "
    "its source, and writes a cited report."
)

INPUTS: Final[dict[str, Any]] = {
    "question": {"type": "string", "minLength": 1, "description": "What to find out."},
    "documents": {
        "type": "string",
        "minLength": 1,
        "description": "A folder of .md, .rst, .txt, .html, .pdf and .docx files, or one such.",
    },
    "max_sub_questions": {
        "type": "integer",
        "minimum": 1,
        "maximum": 5,
        "default": SUB_QUESTIONS,
        "description": "Into how many parts the question may be split.",
    },
    "output": {
        "type": "string",
        "default": "",
        "description": "A file to write the report to as well.",
    },
}


def research_workflow(model: str = "offline") -> Workflow:
    """Return the workflow, with `model` for all four agents.

    Example:
        output = tenuto.run(research_workflow(), {"question": "…", "documents": "docs"})
    """
    flow = Workflow(
        "research",
        version="2",
        description=DESCRIPTION,
        inputs=INPUTS,
        state={"todo": ("replace", []), "parts": ("replace", []), "draft": "replace"},
        output="outputs.finish",
    )
    order = (
        _index(flow),
        _plan(flow, agents.planner(model)),
        _assign(flow),
        _parts(flow, model),
        _collect(flow),
        _synthesize(flow, agents.synthesizer(model)),
        _finish(flow),
    )
    for source, target in pairwise(order):
        flow.edge(source, target)
    return flow


def _index(flow: Workflow) -> str:
    given = {"question": "inputs.question", "documents": "inputs.documents"}
    flow.node("index", function=steps.index, inputs=given)
    return "index"


def _plan(flow: Workflow, planner: Agent) -> str:
    given = {"question": "inputs.question", "max_sub_questions": "inputs.max_sub_questions"}
    flow.node("plan", agent=planner, inputs=given)
    return "plan"


def _assign(flow: Workflow) -> str:
    given = {"sub_questions": "outputs.plan.sub_questions", "most": "inputs.max_sub_questions"}
    flow.node("assign", function=steps.assign, inputs=given)
    return "assign"


def _parts(flow: Workflow, model: str) -> str:
    given = {
        "at": "item.at",
        "question": "item.question",
        "faults": "item.faults",
        "main_question": "inputs.question",
        "collection": "outputs.index.collection",
    }
    flow.node(
        "parts",
        map="state.todo",
        do=body(workflow=part_workflow(model), inputs=given),
        concurrency=CONCURRENCY,
        on_item_failure="collect",
    )
    return "parts"


def _collect(flow: Workflow) -> str:
    given = {"todo": "state.todo", "results": "outputs.parts", "parts": "state.parts"}
    flow.node("collect", function=steps.collect, inputs=given)
    return "collect"


def _synthesize(flow: Workflow, synthesizer: Agent) -> str:
    given = {"question": "inputs.question", "findings": "state.parts"}
    # The whole draft under a key of its own: its `findings` is a text.
    flow.node("synthesize", agent=synthesizer, inputs=given, updates={"draft": "output"})
    return "synthesize"


def _finish(flow: Workflow) -> str:
    given = {
        "given": "inputs",
        "index": "outputs.index",
        "parts": "state.parts",
        "synthesis": "state.draft",
    }
    flow.node("finish", function=steps.finish, inputs=given)
    return "finish"


team = Team(name="research", description=DESCRIPTION, workflow=research_workflow())
