"""The graph: index, plan, research each part, collect, validate, judge, synthesize, finish."""

from itertools import pairwise
from typing import Any, Final

from tenuto import Agent, Team, Workflow, body
from tenuto.teams.research import agents, steps

SUB_QUESTIONS: Final = 4
"""Into how many parts a question may be split when the session does not say."""

CONCURRENCY: Final = 8
"""Sub-questions that are looked up, or findings that are checked, at once."""

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

_COLLECTION: Final = "outputs.index.collection"


def research_workflow(model: str = "offline") -> Workflow:
    """Return the workflow, with `model` for all four agents.

    Example:
        output = tenuto.run(research_workflow(), {"question": "…", "documents": "docs"})
    """
    flow = Workflow(
        "research", version="1", description=DESCRIPTION, inputs=INPUTS, output="outputs.finish"
    )
    order = (
        _index(flow),
        _plan(flow, agents.planner(model)),
        _research(flow, agents.researcher(model)),
        _collect(flow),
        _validate(flow, agents.validator(model)),
        _judge(flow),
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


def _research(flow: Workflow, researcher: Agent) -> str:
    given = {
        "question": "item",
        "main_question": "inputs.question",
        "collection": _COLLECTION,
    }
    flow.node(
        "research",
        map="outputs.plan.sub_questions",
        do=body(agent=researcher, inputs=given),
        concurrency=CONCURRENCY,
        on_item_failure="collect",
    )
    return "research"


def _collect(flow: Workflow) -> str:
    given = {"sub_questions": "outputs.plan.sub_questions", "findings": "outputs.research"}
    flow.node("collect", function=steps.collect, inputs=given)
    return "collect"


def _validate(flow: Workflow, validator: Agent) -> str:
    given = {"claims": "item.claims", "collection": _COLLECTION}
    flow.node(
        "validate",
        map="outputs.collect.findings",
        do=body(agent=validator, inputs=given),
        concurrency=CONCURRENCY,
        on_item_failure="collect",
    )
    return "validate"


def _judge(flow: Workflow) -> str:
    given = {"findings": "outputs.collect.findings", "validations": "outputs.validate"}
    flow.node("judge", function=steps.judge, inputs=given)
    return "judge"


def _synthesize(flow: Workflow, synthesizer: Agent) -> str:
    given = {
        "question": "inputs.question",
        "findings": "outputs.collect.findings",
        "verdicts": "outputs.judge.verdicts",
    }
    flow.node("synthesize", agent=synthesizer, inputs=given)
    return "synthesize"


def _finish(flow: Workflow) -> str:
    given = {
        "given": "inputs",
        "index": "outputs.index",
        "judged": "outputs.judge",
        "synthesis": "outputs.synthesize",
    }
    flow.node("finish", function=steps.finish, inputs=given)
    return "finish"


team = Team(name="research", description=DESCRIPTION, workflow=research_workflow())
