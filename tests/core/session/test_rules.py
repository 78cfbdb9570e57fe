"""The rules under arbitrary inputs, in every state that arbitrary inputs lead to."""

from typing import Any

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tenuto.core.agent.messages import ModelAnswer, ToolCall, Usage
from tenuto.core.budget import Budget
from tenuto.core.errors import Failure, Rejected
from tenuto.core.lifecycle import TERMINAL
from tenuto.core.session import events as e
from tenuto.core.session import inputs as i
from tenuto.core.session.decide import decide, step
from tenuto.core.session.effects import pending
from tenuto.core.session.moves import whole_moves
from tenuto.core.vocabulary import EffectId, Json, SessionId, TaskNo, Version
from tenuto.core.workflow.compile import compile_workflow
from tenuto.testing.simulation.random_workflow import random_workflow
from tests.core.session.story import EXPRESSIONS, START_MS, Story, plain

numbers = st.integers(-3, 30)
values = st.recursive(
    st.none() | st.booleans() | numbers | st.sampled_from(["", "x", "news"]),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abn"), inner, max_size=2)
    ),
    max_leaves=4,
)
updates = st.fixed_dictionaries(
    {},
    optional={
        "total": numbers | values,
        "rounds": st.just(1),
        "marks": values,
        "words": st.lists(numbers, max_size=2) | values,
        "best": numbers | values,
        "facts": st.dictionaries(st.sampled_from("ab"), numbers, max_size=2) | values,
        "names": st.lists(st.sampled_from("ab"), max_size=2),
    },
)
outputs = updates | values
kinds = st.sampled_from(["transient", "recoverable", "escalatable", "fatal", "partial"])
codes = st.sampled_from(["broken", "in_doubt"])
signals = st.sampled_from(["news", "reply", "other"])
tools = st.sampled_from(
    ["look", "look", "reader", "clerk", "judge", "scribe", "scout", "send_message", "reply_message"]
)
arguments = st.sampled_from(
    [
        {},
        {"task": "go on"},
        {"to": "*", "text": "hello", "kind": "request"},
        {"to": "clerk", "text": "hello"},
        {"message": 1, "text": "so it is"},
    ]
)
answers = st.builds(
    ModelAnswer,
    text=st.sampled_from(["", "words"]),
    calls=st.lists(
        st.builds(ToolCall, id=st.just("c"), tool=tools, arguments=arguments),
        max_size=2,
    ).map(tuple),
    usage=st.sampled_from([Usage(), Usage(input_tokens=60, cost_usd=0.001)]),
    finish=st.sampled_from(["stop", "tools", "refusal"]),
    fault=st.sampled_from(["", "", "it does not fit"]),
)
budgets = st.sampled_from(
    [Budget(), Budget(tokens=500, usd=1.0, turns=3, tool_calls=3, seconds=60.0), Budget(turns=-1)]
)
pieces = st.integers(0, 8)
"""Which of the open tasks; beyond them, one that does not exist."""


class Rules(RuleBasedStateMachine):
    """A session of a random workflow, to which anything may happen at any time."""

    @initialize(seed=st.integers(0, 400), n=st.integers(0, 5))
    def start(self, seed: int, n: int) -> None:
        self.story = Story(random_workflow(seed, EXPRESSIONS, nodes_max=5))
        self.put(i.StartSession(at_ms=START_MS, session=SessionId("s"), inputs={"n": n}))

    def put(self, cause: i.SessionInput) -> None:
        """Decide alone first, which must change nothing; then take the input up for good."""
        story = self.story
        before = plain(story.state)
        try:
            facts = decide(story.state, cause, story.program)
        except Rejected as error:
            assert str(error)
            facts = None
        assert plain(story.state) == before, "deciding changes nothing"
        if facts is None:
            return
        events = step(story.state, [cause], story.program)
        assert tuple(events[: len(facts)]) == facts, "the same question has the same answer"
        story.log += events
        story.waits.follow(story.state, events)

    def open_task(self, piece: int) -> TaskNo:
        tasks = list(self.story.state.tasks)
        return tasks[piece] if piece < len(tasks) else TaskNo(piece - 4)

    def is_model(self, no: TaskNo) -> bool:
        task = self.story.state.tasks.get(no)
        return task is not None and task.kind == "model"

    @rule(
        piece=pieces,
        output=outputs,
        answer=answers,
        notes=st.booleans(),
        labels=st.sampled_from([(), (), ("secret",)]),
    )
    def work_is_done(
        self,
        *,
        piece: int,
        output: Json,
        answer: ModelAnswer,
        notes: bool,
        labels: tuple[str, ...],
    ) -> None:
        no = self.open_task(piece)
        if self.is_model(no):
            output = msgspec.json.decode(msgspec.json.encode(answer))
        noted = (i.Note("claim", {"n": 1}),) if notes else ()
        now = self.story.now_ms
        self.put(i.CompleteTask(at_ms=now, task=no, output=output, notes=noted, labels=labels))

    @rule(
        piece=pieces,
        kind=kinds,
        code=codes,
        after=st.integers(0, 5_000),
        jitter=st.floats(0, 0.99),
        attempts=st.integers(0, 4),
    )
    def work_fails(
        self, *, piece: int, kind: Any, code: str, after: int, jitter: float, attempts: int
    ) -> None:
        failure = Failure(kind=kind, code=code, message="it broke")
        self.put(
            i.FailTask(
                at_ms=self.story.now_ms,
                task=self.open_task(piece),
                failure=failure,
                retry_after_ms=after,
                jitter=jitter,
                attempts_max=attempts,
            )
        )

    @rule(piece=pieces)
    def work_begins(self, piece: int) -> None:
        self.put(i.BeginTask(at_ms=self.story.now_ms, task=self.open_task(piece)))

    @rule()
    def the_process_dies(self) -> None:
        self.put(i.RecoverSession(at_ms=self.story.now_ms))

    @rule(piece=pieces, happened=st.sampled_from([True, False, None]), output=outputs)
    def a_doubt_is_settled(self, piece: int, happened: bool | None, output: Json) -> None:
        no = self.open_task(piece)
        if not self.is_model(no):
            self.put(
                i.SettleDoubt(at_ms=self.story.now_ms, task=no, happened=happened, output=output)
            )

    @rule(ms=st.sampled_from([0, 1, 500, 4_000, 90_000, 7_200_000, -1_000]))
    def time_passes(self, ms: int) -> None:
        self.story.now_ms += ms
        self.put(i.Wake(at_ms=self.story.now_ms))

    @rule(name=signals, data=values)
    def a_signal_comes(self, name: str, data: Json) -> None:
        self.put(i.SendSignal(at_ms=self.story.now_ms, name=name, data=data))

    @rule(piece=pieces, any_task=st.booleans(), approved=st.booleans(), data=outputs)
    def a_person_decides(self, piece: int, any_task: bool, approved: bool, data: Json) -> None:
        no = TaskNo(0) if any_task else self.open_task(piece)
        now = self.story.now_ms
        self.put(i.DecideApproval(at_ms=now, approved=approved, task=no, by="ann", data=data))

    @rule(piece=pieces)
    def a_child_session_starts(self, piece: int) -> None:
        now, no = self.story.now_ms, self.open_task(piece)
        task = self.story.state.tasks.get(no)
        if task is None or task.kind == "workflow":
            self.put(i.RecordChild(at_ms=now, task=no, session=SessionId("kid")))

    @rule(piece=pieces)
    def a_child_session_is_released(self, piece: int) -> None:
        orphans = list(self.story.state.orphans)
        effect = orphans[0] if orphans else EffectId(f"s:{piece}")
        self.put(i.ReleaseChild(at_ms=self.story.now_ms, effect=effect))

    @rule()
    def its_report_is_confirmed(self) -> None:
        self.put(i.ConfirmReport(at_ms=self.story.now_ms))

    @rule()
    def somebody_pauses(self) -> None:
        self.put(i.PauseSession(at_ms=self.story.now_ms))

    @rule(steps=st.sampled_from([0, 5, -1]), budget=budgets)
    def somebody_resumes(self, steps: int, budget: Budget) -> None:
        self.put(i.ResumeSession(at_ms=self.story.now_ms, steps=steps, budget=budget))

    @precondition(lambda self: len(self.story.log) > 25)
    @rule()
    def somebody_cancels(self) -> None:
        self.put(i.CancelSession(at_ms=self.story.now_ms))

    @rule()
    def somebody_starts_it_again(self) -> None:
        now = self.story.now_ms
        self.put(i.StartSession(at_ms=now, session=SessionId("again"), inputs={}))

    @rule(parent=pieces)
    def the_core_is_asked_to_move(self, parent: int) -> None:
        no = self.open_task(parent) if parent else TaskNo(0)
        decide(self.story.state, i.Advance(at_ms=self.story.now_ms, parent=no), self.story.program)

    @rule(at=st.integers(1, 60), patch=updates)
    def somebody_forks(self, at: int, patch: dict[str, Any]) -> None:
        """The fork's own log folds and replays; its origin does not notice."""
        log = self.story.log
        at = whole_moves(log, min(at, len(log)))
        before = plain(self.story.state)
        try:
            fork = self.story.fork(at=at, patch=patch)
        except Rejected:
            return
        fork.check()
        assert plain(self.story.state) == before

    @invariant()
    def what_always_holds(self) -> None:
        if not hasattr(self, "story"):
            return
        self.story.check()
        state = self.story.state
        assert state.steps <= state.steps_max
        if state.phase in TERMINAL:
            assert not [f for f in pending(state, self.story.program) if hasattr(f, "task")]


Rules.TestCase.settings = settings(max_examples=80, stateful_step_count=30)
test_rules = Rules.TestCase


def test_a_fork_s_version_is_its_origin_s_and_one_more() -> None:
    story = Story(random_workflow(3, EXPRESSIONS, nodes_max=3), {"n": 1})

    fork = story.fork(at=1)

    forked = next(event for event in fork.log if isinstance(event, e.SessionForked))
    assert forked.origin_version == Version(1)
    assert compile_workflow(fork.program.definition, EXPRESSIONS).digest == story.state.digest
