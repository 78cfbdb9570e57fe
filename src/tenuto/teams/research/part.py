"""One sub-question as a session of its own: research, number the claims, validate, judge."""

from itertools import pairwise
from typing import Any, Final

from tenuto import Workflow, body
from tenuto.teams.research import agents, claims

DESCRIPTION: Final = "Answers one sub-question from the documents, and checks what it claims."

INPUTS: Final[dict[str, Any]] = {
    "at": {"type": "integer", "minimum": 1},
    "question": {"type": "string", "minLength": 1},
    "main_question": {"type": "string"},
    "collection": {"type": "string"},
    "faults": {"type": "array", "items": {"type": "string"}, "default": []},
}


def part_workflow(model: str = "offline") -> Workflow:
    """Return the workflow; its output is one finding, whose claims have their verdicts."""
    flow = Workflow(
        "research-part",
        version="1",
        description=DESCRIPTION,
        inputs=INPUTS,
        output="outputs.judge",
    )
    asked = {name: f"inputs.{name}" for name in ("question", "main_question", "faults")}
    collection = {"collection": "inputs.collection"}
    flow.node("research", agent=agents.researcher(model), inputs={**asked, **collection})
    found = {"at": "inputs.at", "question": "inputs.question", "finding": "outputs.research"}
    flow.node("number", function=claims.number, inputs=found)
    # A map over at most one list of claims: nothing to check costs no request, and a validator
    # that fails leaves the claims unchecked instead of losing them.
    flow.node(
        "validate",
        map="size(outputs.number.claims) > 0 ? [outputs.number.claims] : []",
        do=body(agent=agents.validator(model), inputs={"claims": "item", **collection}),
        on_item_failure="collect",
    )
    given = {"finding": "outputs.number", "validations": "outputs.validate", **collection}
    flow.node("judge", function=claims.judge, inputs=given)
    for source, target in pairwise(("research", "number", "validate", "judge")):
        flow.edge(source, target)
    return flow
