"""The graph: plan, one session for each part, a draft, the gate, the report, feedback.

```text
recall → index → plan → assign → parts → collect → synthesize → check → review → decide
                                   ↑                   ↑                           │
                                   ├───────────────────┴──── back, with faults ────┤
                                   │                   │                           ↓
                                   └───────────────────┴─ revise ← edit ← hear ← publish
                                                                           ↓       ↓
                                                                          remember → finish
```
"""

from typing import Any, Final

from tenuto import Team, Workflow, body
from tenuto.teams.research import agents, gate, preferences, refining, rounds, steps
from tenuto.teams.research.part import part_workflow
from tenuto.teams.research.schemas import PREFERENCES

SUB_QUESTIONS: Final = 4
"""Into how many parts a question may be split when the session does not say."""

CONCURRENCY: Final = 8
"""Sub-questions that are researched at once."""

FEEDBACK_WAIT: Final = "1d"
"""How long each version waits for feedback when the session does not say: no wait is without
end."""

DESCRIPTION: Final = (
    "Answers a question over a folder of documents: plans, researches, checks every claim against "
    "its source, and writes a cited report."
)

INPUTS: Final[dict[str, Any]] = {
    "question": {"type": "string", "minLength": 1, "description": "What to find out."},
    "documents": {
        "type": "string",
        "minLength": 1,
        "description": "A folder of .md, .rst, .txt, .html, .pdf and .docx files, one such, or the "
        "name of a collection.",
    },
    "max_sub_questions": {
        "type": "integer",
        "minimum": 1,
        "maximum": 5,
        "default": SUB_QUESTIONS,
        "description": "Into how many parts the question may be split.",
    },
    "max_revisions": {
        "type": "integer",
        "minimum": 0,
        "maximum": 5,
        "default": rounds.REVISIONS,
        "description": "How often a draft that does not pass its checks is sent back.",
    },
    "refine": {
        "type": "boolean",
        "default": False,
        "description": "Wait for feedback after the report.",
    },
    "feedback_wait": {
        "type": "string",
        "pattern": r"^((\d+(\.\d+)?(ms|s|m|h|d))+)?$",
        "default": "",
        "description": f"The same, and for how long at most: 90s, 2h, 3d. Else {FEEDBACK_WAIT}.",
    },
    "preferences": {
        **PREFERENCES,
        "default": {},
        "description": "How the reader likes reports: `preferences` of an earlier output.",
    },
    "output": {
        "type": "string",
        "default": "",
        "description": "A file to write the report to as well.",
    },
}

STATE: Final[dict[str, Any]] = {
    "preferences": ("replace", {}),
    "words_max": ("replace", {}),
    "todo": ("replace", []),
    "parts": ("replace", []),
    "draft": "replace",
    "faults": ("replace", []),
    "revision": ("replace", 0),
    "because": ("replace", ""),
    "changes": "extend",
    "declined": ("replace", []),
    "versions": "append",
}

_COLLECTION: Final = "outputs.index.collection"
_PATIENCE: Final = f"inputs.feedback_wait == '' ? '{FEEDBACK_WAIT}' : inputs.feedback_wait"


def research_workflow(model: str = "offline") -> Workflow:
    """Return the workflow, with `model` for all its agents.

    Example:
        output = tenuto.run(research_workflow(), {"question": "…", "documents": "docs"})
    """
    flow = Workflow(
        "research",
        version="2",
        description=DESCRIPTION,
        inputs=INPUTS,
        state=STATE,
        output="outputs.finish",
    )
    _prepare(flow, model)
    _write(flow, model)
    _guard(flow, model)
    _refine(flow, model)
    return flow


def _prepare(flow: Workflow, model: str) -> None:
    flow.node("recall", function=preferences.recall, inputs={"given": "inputs.preferences"})
    given = {"question": "inputs.question", "documents": "inputs.documents"}
    flow.node("index", function=steps.index, inputs=given)
    given = {"question": "inputs.question", "max_sub_questions": "inputs.max_sub_questions"}
    flow.node("plan", agent=agents.planner(model), inputs=given)
    given = {"sub_questions": "outputs.plan.sub_questions", "most": "inputs.max_sub_questions"}
    flow.node("assign", function=steps.assign, inputs=given)
    flow.edge("recall", "index").edge("index", "plan").edge("plan", "assign")
    flow.edge("assign", "parts")


def _write(flow: Workflow, model: str) -> None:
    given = {
        "at": "item.at",
        "question": "item.question",
        "faults": "item.faults",
        "main_question": "inputs.question",
        "collection": _COLLECTION,
    }
    flow.node(
        "parts",
        map="state.todo",
        do=body(workflow=part_workflow(model), inputs=given),
        concurrency=CONCURRENCY,
        on_item_failure="collect",
    )
    given = {"todo": "state.todo", "results": "outputs.parts", "parts": "state.parts"}
    flow.node("collect", function=steps.collect, inputs=given)
    given = {
        "question": "inputs.question",
        "findings": "state.parts",
        **{name: f"state.{name}" for name in ("draft", "faults", "changes")},
        **{name: f"state.{name}" for name in ("preferences", "words_max")},
    }
    # The whole draft under a key of its own: its `findings` is a text.
    flow.node(
        "synthesize",
        agent=agents.synthesizer(model),
        inputs=given,
        updates={"draft": "output"},
    )
    flow.edge("parts", "collect").edge("collect", "synthesize").edge("synthesize", "check")


def _guard(flow: Workflow, model: str) -> None:
    given = {name: f"state.{name}" for name in ("parts", "draft", "words_max")}
    flow.node(
        "check",
        function=gate.check,
        inputs={**given, "collection": _COLLECTION},
        updates={},
    )
    given = {
        "question": "inputs.question",
        "findings": "state.parts",
        "draft": "item",
        "preferences": "state.preferences",
        "changes": "state.changes",
    }
    # A map over one draft: a reviewer that fails leaves it unreviewed instead of losing it.
    flow.node(
        "review",
        map="[state.draft]",
        do=body(agent=agents.reviewer(model), inputs=given),
        on_item_failure="collect",
    )
    so_far = (
        "{'revision': state.revision, 'revisions_max': inputs.max_revisions, 'parts': state.parts}"
    )
    given = {"faults": "outputs.check.faults", "reviews": "outputs.review", "so_far": so_far}
    flow.node("decide", function=rounds.decide, inputs=given)
    flow.edge("check", "review").edge("review", "decide")
    back = [
        ("outputs.decide.next == 'research'", "parts"),
        ("outputs.decide.next == 'write'", "synthesize"),
    ]
    flow.switch("decide", back, default="publish")


def _refine(flow: Workflow, model: str) -> None:
    names = ("parts", "draft", "faults", "revision", "versions", "because", "declined")
    so_far = "{" + ", ".join(f"'{name}': state.{name}" for name in names) + "}"
    given = {"given": "inputs", "index": "outputs.index", "so_far": so_far}
    flow.node("publish", function=steps.publish, inputs=given, updates={"versions": "output"})
    flow.node("feedback", wait="feedback", timeout=_PATIENCE, on_timeout="continue")
    flow.node("hear", function=refining.hear, inputs={"said": "outputs.feedback"})
    given = {
        "feedback": "item",
        "question": "inputs.question",
        "report": "outputs.publish.report",
        "sub_questions": "state.parts.map(part, part.question)",
        "preferences": "state.preferences",
    }
    flow.node(
        "edit",
        map="[outputs.hear.feedback]",
        do=body(agent=agents.editor(model), inputs=given),
        on_item_failure="collect",
    )
    so_far = "{'parts': state.parts, 'preferences': state.preferences}"
    given = {"edits": "outputs.edit", "feedback": "outputs.hear.feedback", "so_far": so_far}
    flow.node("revise", function=refining.revise, inputs=given)
    given = {"preferences": "state.preferences"}
    flow.node("remember", function=preferences.remember, inputs=given, updates={})
    given = {name: f"state.{name}" for name in ("versions", "parts", "preferences")}
    flow.node("finish", function=steps.finish, inputs=given, updates={})
    asked = "inputs.refine || inputs.feedback_wait != ''"
    flow.switch("publish", [(asked, "feedback")], default="remember")
    flow.edge("feedback", "hear").edge("edit", "revise").edge("remember", "finish")
    heard = [("outputs.hear.next == 'wait'", "feedback"), ("outputs.hear.next == 'edit'", "edit")]
    flow.switch("hear", heard, default="remember")
    onward = [
        ("outputs.revise.next == 'research'", "parts"),
        ("outputs.revise.next == 'write'", "synthesize"),
        ("outputs.revise.next == 'wait'", "feedback"),
    ]
    flow.switch("revise", onward, default="remember")


team = Team(name="research", description=DESCRIPTION, workflow=research_workflow())
