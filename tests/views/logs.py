"""Real logs for tests of views: the rules decide them, on a clock that moves when told to."""

from collections.abc import Sequence

import msgspec

from tenuto.adapters.cel import CelExpressions
from tenuto.core.agent.messages import ModelAnswer, ToolCall, Usage
from tenuto.core.errors import Failure
from tenuto.core.session import events as e
from tenuto.core.session import inputs as i
from tenuto.core.session.decide import step
from tenuto.core.session.state import SessionState
from tenuto.core.vocabulary import Json, JsonObject, SessionId, TaskNo, Version
from tenuto.core.workflow.compile import compile_workflow
from tenuto.core.workflow.model import AgentDefinition, Edge, Node, StateKey, WorkflowDefinition

SESSION = SessionId("s1")
START_MS = 1_700_000_000_000

WRITER = AgentDefinition(name="writer", model="offline", tools=("desk:look", "desk:count"))


class Log:
    """A session without a runtime: the test says what the outside world answers."""

    def __init__(
        self,
        definition: WorkflowDefinition,
        inputs: JsonObject | None = None,
        *,
        tenant: str = "local",
        user: str = "",
    ) -> None:
        self.definition = definition
        self.program = compile_workflow(definition, CelExpressions())
        self.state = SessionState()
        self.events: list[tuple[Version, e.SessionEvent]] = []
        self.now_ms = START_MS
        started = i.StartSession(
            at_ms=self.now_ms, session=SESSION, inputs=inputs or {}, tenant=tenant, user=user
        )
        self.give(started)

    def give(self, cause: i.SessionInput) -> None:
        for event in step(self.state, [cause], self.program):
            self.events.append((Version(len(self.events) + 1), event))

    def later(self, ms: int) -> "Log":
        self.now_ms += ms
        return self

    def wake(self) -> None:
        self.give(i.Wake(at_ms=self.now_ms))

    def task(self, label: str) -> TaskNo:
        """Return the youngest open task of a node, or of a kind where no node is called so."""
        for no in sorted(self.state.tasks, reverse=True):
            task = self.state.tasks[no]
            if label in (task.node, task.kind):
                return no
        raise AssertionError(f"no open task is called {label!r}")

    def complete(self, label: str | TaskNo, output: Json = None, *notes: i.Note) -> None:
        no = label if isinstance(label, int) else self.task(label)
        self.give(i.CompleteTask(at_ms=self.now_ms, task=no, output=output, notes=notes))

    def fail(
        self, label: str | TaskNo, kind: str = "transient", message: str = "no answer"
    ) -> None:
        no = label if isinstance(label, int) else self.task(label)
        failure = msgspec.convert([kind, f"{kind}_code", message], Failure)
        self.give(i.FailTask(at_ms=self.now_ms, task=no, failure=failure))

    def answer(self, text: str = "", *calls: tuple[str, JsonObject]) -> None:
        """Answer the youngest open turn, wishing for `calls`."""
        answer = ModelAnswer(
            text=text,
            calls=tuple(
                ToolCall(id=f"c{n}", tool=tool, arguments=arguments)
                for n, (tool, arguments) in enumerate(calls)
            ),
            finish="tools" if calls else "stop",
            usage=Usage(input_tokens=100, output_tokens=10, cost_usd=0.5),
        )
        self.complete("model", msgspec.to_builtins(answer))


def flow(
    *nodes: Node,
    edges: Sequence[tuple[str, str]] = (),
    state: dict[str, StateKey] | None = None,
    agents: tuple[AgentDefinition, ...] = (),
) -> WorkflowDefinition:
    """Return a workflow of `nodes`, entered at the first."""
    return WorkflowDefinition(
        name="flow",
        state=state or {},
        agents=agents,
        nodes=nodes,
        edges=tuple(Edge(sources=(source,), targets=(target,)) for source, target in edges),
        entry=(nodes[0].id,),
    )


def function(id: str, **fields: object) -> Node:
    return msgspec.convert({"id": id, "kind": "function", "ref": f"shop:{id}", **fields}, Node)


def node(id: str, kind: str, **fields: object) -> Node:
    if kind == "approval":
        fields.setdefault("title", id)
    return msgspec.convert({"id": id, "kind": kind, **fields}, Node)


def mapped(id: str, items: str, **fields: object) -> Node:
    body = {"id": f"{id}.do", "kind": "function", "ref": "shop:one"}
    return node(id, "map", items=items, body=body, **fields)


def drafted() -> Log:
    """Return a finished session in which a writer asked for two tools and then answered."""
    log = Log(flow(node("draft", "agent", ref="writer"), agents=(WRITER,)), {"topic": "fog"})
    log.later(200).answer("", ("look", {"at": "the sea"}), ("count", {"what": "ships"}))
    tools = [no for no, task in log.state.tasks.items() if task.kind == "tool"]
    note = i.Note("citation", {"file": "sea.md", "line": 3})
    log.later(30).complete(tools[0], {"seen": "fog"}, note)
    log.later(5).fail(tools[1], "fatal", "nothing to count")
    log.later(100).answer("There is fog.")
    return log
