"""The graph: index, plan, research each part, collect, validate, judge, synthesize, finish."""

from typing import Final

from tenuto import Team, Workflow, body
from tenuto.teams.research import agents, steps

SUB_QUESTIONS: Final = 4
"""Asked of the planner when the session does not say."""

CONCURRENCY: Final = 8
"""Sub-questions that are looked up, or findings that are checked, at once."""

DESCRIPTION: Final = (
    "Answers a question over a folder of documents: plans, researches, checks every claim against "
    "its source, and writes a cited report."
)

_COLLECTION: Final = "outputs.index.collection"


def research_workflow(model: str = "offline") -> Workflow:
    """Return the workflow, with `model` for all four agents."""
    flow = Workflow(
        "research",
        version="1",
        description=DESCRIPTION,
        inputs={
            "question": {"type": "string", "minLength": 1, "description": "What to find out."},
            "documents": {
                "type": "string",
                "minLength": 1,
                "description": "A folder of .md, .rst, .txt and .html files, or one such file.",
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
                "description": "File to write the report to as well.",
            },
        },
        output="outputs.finish",
    )
    flow.node(
        "index",
        function=steps.index,
        inputs={"question": "inputs.question", "documents": "inputs.documents"},
    )
    flow.node(
        "plan",
        agent=agents.planner(model),
        inputs={
            "question": "inputs.question",
            "max_sub_questions": "inputs.max_sub_questions",
        },
    )
    flow.node(
        "research",
        map="outputs.plan.sub_questions",
        do=body(
            agent=agents.researcher(model),
            inputs={
                "question": "item",
                "main_question": "inputs.question",
                "collection": _COLLECTION,
            },
        ),
        concurrency=CONCURRENCY,
        on_item_failure="collect",
    )
    flow.node(
        "collect",
        function=steps.collect,
        inputs={"sub_questions": "outputs.plan.sub_questions", "findings": "outputs.research"},
    )
    flow.node(
        "validate",
        map="outputs.collect.findings",
        do=body(
            agent=agents.validator(model),
            inputs={"claims": "item.claims", "collection": _COLLECTION},
        ),
        concurrency=CONCURRENCY,
        on_item_failure="collect",
    )
    flow.node(
        "judge",
        function=steps.judge,
        inputs={"findings": "outputs.collect.findings", "validations": "outputs.validate"},
    )
    flow.node(
        "synthesize",
        agent=agents.synthesizer(model),
        inputs={
            "question": "inputs.question",
            "findings": "outputs.collect.findings",
            "verdicts": "outputs.judge.verdicts",
        },
    )
    flow.node(
        "finish",
        function=steps.finish,
        inputs={
            "question": "inputs.question",
            "index": "outputs.index",
            "findings": "outputs.collect.findings",
            "claims": "outputs.judge.claims",
            "synthesis": "outputs.synthesize",
            "output": "inputs.output",
        },
    )
    for source, target in (
        ("index", "plan"),
        ("plan", "research"),
        ("research", "collect"),
        ("collect", "validate"),
        ("validate", "judge"),
        ("judge", "synthesize"),
        ("synthesize", "finish"),
    ):
        flow.edge(source, target)
    return flow


team = Team(name="research", description=DESCRIPTION, workflow=research_workflow())
