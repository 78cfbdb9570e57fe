"""What is used, added up over sessions, is what each of them cost."""

import asyncio
import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterator
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenuto.adapters.memory import MemoryReadModels
from tenuto.adapters.tables.read_models import rows, sums
from tenuto.codec.events import EventDecoder, encode_events
from tenuto.core.agent.messages import ModelAnswer, ToolCall, Usage
from tenuto.core.session.state import SessionState
from tenuto.core.tables import Change
from tenuto.core.workflow.model import AgentDefinition
from tenuto.ports.read_models import By, Reached, UsageQuery, UsageSum
from tenuto.views.cost import Cost, Costs
from tenuto.views.tables.sessions import SessionTables
from tests.core.session.story import folded
from tests.views.logs import Log, flow, node

DAY_MS = 86_400_000
NANO = 1_000_000_000


class Turn(msgspec.Struct, kw_only=True):
    """What a test has an agent do."""

    usage: Usage
    fails_before: bool
    calls: bool
    tool_fails: bool
    days_later: int
    model: str


class Worked(msgspec.Struct, kw_only=True):
    """A session, and the batches in which its events are taken in."""

    tenant: str
    user: str
    agent: str
    turns: list[Turn]
    cuts: set[int]


COUNTS = st.integers(0, 2**40)
USAGES = st.builds(
    Usage,
    input_tokens=COUNTS,
    output_tokens=COUNTS,
    cached_tokens=COUNTS,
    cost_usd=st.floats(0, 100),
)
TURNS = st.builds(
    Turn,
    usage=USAGES,
    fails_before=st.booleans(),
    calls=st.booleans(),
    tool_fails=st.booleans(),
    days_later=st.integers(0, 2),
    model=st.sampled_from(["", "openai:x", "openai:y"]),
)
SESSIONS = st.builds(
    Worked,
    tenant=st.sampled_from(["local", "other"]),
    user=st.sampled_from(["", "ada", "bob"]),
    agent=st.sampled_from(["writer", "critic"]),
    turns=st.lists(TURNS, max_size=4),
    cuts=st.sets(st.integers(1, 40), max_size=6),
)


def log_of(session: Worked) -> Log:
    agent = AgentDefinition(name=session.agent, model="offline", tools=("desk:look",))
    definition = flow(node("work", "agent", ref=session.agent), agents=(agent,))
    log = Log(definition, tenant=session.tenant, user=session.user)
    for turn in session.turns:
        if not log.state.tasks:
            break
        log.later(turn.days_later * DAY_MS)
        if turn.fails_before:
            log.fail("model")
            log.later(60_000).wake()
        calls = (ToolCall(id="c", tool="look", arguments={}),) if turn.calls else ()
        answer = ModelAnswer(text="so", calls=calls, usage=turn.usage, model=turn.model)
        log.complete("model", msgspec.to_builtins(answer))
        if turn.calls and turn.tool_fails:
            log.fail("tool", "fatal")
        elif turn.calls:
            log.complete("tool", {"seen": "fog"})
    return log


def cost_of(log: Log) -> Costs:
    costs = Costs(log.definition)
    for version, event in log.events:
        costs.add(version, event)
    return costs


def batches_of(log: Log, cuts: set[int]) -> Iterator[list[Change]]:
    """Yield what each batch changes, taken in by a process that begins anew for every batch."""
    events = [event for _, event in log.events]
    places = [0, *sorted(cut for cut in cuts if cut < len(events)), len(events)]
    decoder = EventDecoder(lambda digest: b"")
    for start, end in pairwise(places):
        state = folded(events[:start]) if start else SessionState()
        tables = SessionTables(state, log.program)
        yield tables.add(decoder.decode(encode_events(events[start:end]).payload))


class Kept:
    """The same changes in memory and in a file."""

    def __init__(self) -> None:
        self.memory, self.file = MemoryReadModels(), sqlite3.connect(":memory:")

    def apply(self, changes: list[Change]) -> None:
        asyncio.run(self.memory.apply(changes, Reached()))
        rows.apply(self.file, changes, Reached())

    def sums(self, tenant: str, by: By | None) -> dict[str, UsageSum]:
        query = UsageQuery(tenant=tenant, by=by)
        found = sums.usage(self.file, query)
        assert found == asyncio.run(self.memory.usage(query))
        return {one.group: one for one in found}


def check(found: UsageSum, wanted: list[Cost]) -> None:
    assert found.turns == sum(cost.turns for cost in wanted)
    assert found.tool_calls == sum(cost.calls for cost in wanted)
    assert found.failed_attempts == sum(cost.failed_attempts for cost in wanted)
    assert found.input_tokens == sum(cost.input_tokens for cost in wanted)
    assert found.output_tokens == sum(cost.output_tokens for cost in wanted)
    usd = sum(cost.usd for cost in wanted)
    assert found.cost_nano_usd / NANO == pytest.approx(usd, abs=found.turns / NANO, rel=1e-12)


@given(st.lists(SESSIONS, max_size=5))
def test_sums_by_any_group_are_those_of_the_costs_of_all_sessions(sessions: list[Worked]) -> None:
    kept = Kept()
    costs: dict[tuple[str, str], dict[str, list[Cost]]] = defaultdict(lambda: defaultdict(list))
    for session in sessions:
        log = log_of(session)
        for batch in batches_of(log, session.cuts):
            kept.apply(batch)
        total = cost_of(log).total
        if msgspec.structs.replace(total, tasks=0) == Cost():
            continue
        for by, group in (
            ("", ""),
            ("agent", session.agent),
            ("user", session.user),
            ("workflow", "flow"),
        ):
            costs[session.tenant, by][group].append(total)

    named: tuple[By, ...] = ("agent", "user", "workflow")
    splits: tuple[By | None, ...] = (None, "day", "model")
    for tenant in ("local", "other"):
        whole = costs[tenant, ""][""]
        for one_by in named:
            found = kept.sums(tenant, one_by)
            assert found.keys() == costs[tenant, one_by].keys()
            for group, one in found.items():
                check(one, costs[tenant, one_by][group])
        for split in splits:
            parts = kept.sums(tenant, split).values()
            if whole:
                check(_added(parts), whole)
            else:
                assert not parts


def _added(parts: Collection[UsageSum]) -> UsageSum:
    names = [name for name in UsageSum.__struct_fields__ if name != "group"]
    return UsageSum(**{name: sum(getattr(one, name) for one in parts) for name in names})


def test_work_counts_on_its_day_and_for_the_model_that_answered() -> None:
    turn = Turn(
        usage=Usage(input_tokens=7, output_tokens=2, cached_tokens=5, cost_usd=0.1),
        fails_before=True,
        calls=True,
        tool_fails=False,
        days_later=1,
        model="openai:x",
    )
    last = msgspec.structs.replace(turn, calls=False, fails_before=False, model="")
    session = Worked(tenant="local", user="ada", agent="writer", turns=[turn, last], cuts={1, 3, 5})
    kept = Kept()

    for batch in batches_of(log_of(session), session.cuts):
        kept.apply(batch)

    days, models = kept.sums("local", "day"), kept.sums("local", "model")
    assert list(days) == ["2023-11-16", "2023-11-15"]
    assert [one.turns for one in days.values()] == [1, 1]
    assert days["2023-11-15"].cost_nano_usd == 100_000_000
    assert models["openai:x"].tool_calls == 1 and models["openai:x"].cached_tokens == 5
    assert models["offline"].failed_attempts == 1, "nobody answered: it is the agent's own model"
