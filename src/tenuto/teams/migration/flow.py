"""The graph of the conductor, who directs those who think and those who work.

```text
check → think ─► ask ⇄ settle → begin → prepare → direct ⇄ work, measure (rest, late, monitor)
          │               │                          │
          └► (a dry run)  └► (denied)                ▼
                        collect → build → verify → validator ─► learn → finish
                                                       └► accept ────────►┘
```

Directions are strict: this graph starts the layers below as sessions of their own, they give back
what they found, and none of them starts or tells one above it.
"""

from typing import Any, Final

from tenuto import Team, Workflow, body
from tenuto.teams.migration import agents, conducting, rounds
from tenuto.teams.migration.cognition import planning_workflow
from tenuto.teams.migration.execution import AWAY, LANES_MAX, worker_workflow
from tenuto.teams.migration.options import INPUTS, PATIENCE

DESCRIPTION: Final = (
    "Moves a database to another system and proves that it behaves the same: scouts, plans, asks "
    "what it cannot know, moves every row once, mends or puts aside what does not fit, verifies."
)

VERIFYING: Final = "2d"
"""How long building and verifying may take."""

_FORM: Final[dict[str, Any]] = {
    "plan": {"type": "string", "default": "", "description": "The plan as YAML, edited."},
    "answers": {
        "type": "object",
        "additionalProperties": {"type": "string"},
        "default": {},
        "description": "Question to one of its choices.",
    },
}
_LATE: Final[dict[str, Any]] = {
    "deadline": {
        "type": "string",
        "default": "",
        "description": "A new one, as 2026-12-01T06:00:00+01:00, or 9h from the start; none: it "
        "takes as long as it takes.",
    },
}


def migration_workflow(model: str = "offline") -> Workflow:
    """Return the workflow, with `model` for the agents that judge.

    Example:
        output = tenuto.run(
            migration_workflow(),
            {"source": "sqlite:///old.db", "target": "postgresql://localhost/new"},
        )
    """
    flow = Workflow(
        "migration",
        version="1",
        description=DESCRIPTION,
        inputs=INPUTS,
        state={
            "plan": "replace",
            "standing": "replace",
            "message": ("replace", ""),
            "accepted": ("replace", False),
        },
        output="inputs.dry_run ? outputs.tell : outputs.finish",
    )
    _plan(flow, model)
    _work(flow, model)
    _prove(flow, model)
    return flow


def _plan(flow: Workflow, model: str) -> None:
    flow.node("check", function=conducting.check, inputs={"given": "inputs"}, retry=AWAY)
    flow.node(
        "think",
        workflow=planning_workflow(model),
        inputs={"given": "inputs"},
        updates={"plan": "output.plan"},
    )
    flow.node(
        "ask",
        approval="Carry this plan out?",
        inputs={"plan": "state.plan", "message": "state.message"},
        form=_FORM,
        timeout=PATIENCE,
        on_expiry="deny",
    )
    annotated = {"annotated": "outputs.think.annotated"}
    flow.node(
        "settle",
        function=conducting.settle,
        inputs={"plan": "state.plan", "said": "outputs.ask", **annotated},
    )
    flow.edge("check", "think").edge("ask", "settle")
    asks = "inputs.approve || outputs.think.open > 0"
    flow.switch("think", [("inputs.dry_run", "tell"), (asks, "ask")], default="begin")
    flow.node("tell", function=conducting.tell, inputs={"plan": "state.plan", "given": "inputs"})
    following = [
        ("outputs.settle.next == 'go'", "begin"),
        ("outputs.settle.next == 'ask'", "ask"),
    ]
    flow.switch("settle", following, default="give_up")
    flow.node("give_up", function=conducting.give_up, inputs={"said": "outputs.ask"})


def _work(flow: Workflow, model: str) -> None:
    plan = {"plan": "state.plan", "given": "inputs"}
    flow.node(
        "begin",
        function=conducting.begin,
        inputs=plan,
        retry=AWAY,
        timeout=VERIFYING,
        compensate=conducting.roll_back,
    )
    started = {**plan, "started_ms": "session.started_ms"}
    flow.node("prepare", function=conducting.prepare, inputs=started, retry=AWAY, timeout=VERIFYING)
    known = {**plan, "standing": "state.standing", "known": "outputs.prepare.known"}
    flow.node("direct", function=rounds.direct, inputs=known, retry=AWAY, timeout=VERIFYING)
    flow.node(
        "work",
        map="outputs.direct.lanes",
        do=body(workflow=worker_workflow(model), inputs={"ranges": "item"}),
        concurrency=LANES_MAX,
    )
    came = {"standing": "state.standing", "turn": "outputs.direct", "reports": "outputs.work"}
    flow.node("measure", function=rounds.measure, inputs={"plan": "state.plan", **came})
    seen = {one: f"outputs.measure.{one}" for one in ("alerts", "metrics", "limits", "answers")}
    flow.node("monitor", agent=agents.monitor(model), inputs=seen)
    answered = {"standing": "state.standing", "answers": "outputs.monitor.answers"}
    flow.node("answer", function=rounds.answer, inputs={"plan": "state.plan", **answered})
    flow.node("rest", timer_until="outputs.direct.until_ms")
    flow.node(
        "late",
        approval="The deadline has passed, and rows are still to be moved. Go on?",
        form=_LATE,
        timeout=PATIENCE,
        on_expiry="deny",
    )
    said = {"said": "outputs.late", "started_ms": "session.started_ms"}
    flow.node("go_on", function=rounds.go_on, inputs={**said, "standing": "state.standing"})
    moved = {"plan": "state.plan", "standing": "state.standing"}
    flow.node("collect", function=conducting.collect, inputs=moved)
    following = [(f"outputs.direct.next == '{to}'", to) for to in ("work", "rest", "late")]
    flow.switch("direct", following, default="collect")
    flow.switch("measure", [("size(outputs.measure.alerts) > 0", "monitor")], default="direct")
    flow.edge("work", "measure").edge("monitor", "answer").edge("answer", "direct")
    flow.edge("rest", "direct")
    flow.edge("late", "go_on").edge("go_on", "direct")
    flow.node("build", function=conducting.build, inputs=plan, retry=AWAY, timeout=VERIFYING)
    flow.edge("begin", "prepare").edge("prepare", "direct").edge("collect", "build")


def _prove(flow: Workflow, model: str) -> None:
    plan = {"plan": "state.plan", "given": "inputs"}
    flow.node("verify", function=conducting.verify, inputs=plan, retry=AWAY, timeout=VERIFYING)
    given = {name: f"outputs.verify.{name}" for name in ("differences", "explanations")}
    flow.node("validator", agent=agents.validator(model), inputs=given)
    said = {**given, "explanations": "outputs.validator.explanations"}
    judged = {**said, "advice": "outputs.verify.advice", "reason": "outputs.verify.reason"}
    flow.node("conductor", agent=agents.conductor(model), inputs=judged)
    advised = {"advice": "outputs.conductor.advice", "reason": "outputs.conductor.reason"}
    flow.node(
        "accept",
        approval="The target does not behave as the source in every way. Take it as it is?",
        inputs={**said, **advised},
        updates={"accepted": "output.approved"},
        timeout=PATIENCE,
        on_expiry="deny",
    )
    facts = (
        "{'plan': state.plan, 'annotated': outputs.think.annotated, "
        "'moved': outputs.collect.moved, 'built': outputs.build, "
        "'verification': outputs.verify.verification, "
        "'explanations': outputs.validator.explanations, "
        "'happened': outputs.collect.happened, "
        "'accepted': state.accepted}"
    )
    flow.node("finish", function=conducting.finish, inputs={"given": "inputs", "facts": facts})
    taught = {"plan": "state.plan", "annotated": "outputs.think.annotated"}
    flow.node(
        "extract",
        function=conducting.extract,
        inputs={**taught, "fixes": "outputs.collect.fixes"},
        on_failure="continue",
    )
    flow.node(
        "learning",
        agent=agents.learning(model),
        inputs={"patterns": "outputs.extract.patterns"},
        on_failure="continue",
    )
    flow.node(
        "learn",
        function=conducting.learn,
        inputs={
            "found": "outputs.extract.patterns",
            "kept": "outputs.learning.patterns",
            "tenant": "session.tenant",
        },
        on_failure="continue",
    )
    flow.edge("build", "verify").edge("verify", "validator").edge("accept", "finish")
    following = [("!outputs.verify.verified", "conductor"), ("!inputs.learn", "finish")]
    flow.switch("validator", following, default="extract")
    flow.edge("extract", "learning").edge("learning", "learn").edge("learn", "finish")
    flow.edge("conductor", "accept")


team = Team(name="migration", description=DESCRIPTION, workflow=migration_workflow())
