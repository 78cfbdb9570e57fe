"""Who runs which sessions: every member comes to the same answer by itself."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tenuto.adapters.system import SystemIds
from tenuto.core.sharing import (
    NOBODY,
    SHARDS,
    Member,
    Shard,
    Survey,
    owned_by,
    plan,
    shard_of,
    spread,
)
from tenuto.core.vocabulary import SessionId

members = st.lists(st.integers(1, 10_000), min_size=1, max_size=12, unique=True).map(
    lambda numbers: tuple(sorted(numbers))
)


def survey_of(*there: Member, owners: dict[Shard, int] | None = None) -> Survey:
    known = {name for member in there for name in member.workflows}
    shards = {Shard(name, number): NOBODY for name in known for number in range(SHARDS)}
    return Survey(members=there, owners=shards | (owners or {}))


@given(members)
def test_no_member_gets_more_than_its_part(numbers: tuple[int, ...]) -> None:
    counts = Counter(spread(numbers))
    assert set(counts) <= set(numbers)
    assert max(counts.values()) <= -(-SHARDS // len(numbers))
    assert sum(counts.values()) == SHARDS


@given(members, st.integers(10_001, 20_000))
def test_few_shards_change_hands_when_one_comes(numbers: tuple[int, ...], other: int) -> None:
    before, after = spread(numbers), spread((*numbers, other))
    moved = sum(one != two for one, two in zip(before, after, strict=True))
    # With `hash % members` all but one in as many would. What the bounds push on comes on top of
    # what the new one gets.
    assert moved <= SHARDS // 2


def test_sessions_are_spread_evenly_over_the_shards() -> None:
    ids = SystemIds()
    counts = Counter(shard_of("w", ids.session_id(7)).number for _ in range(64_000))
    assert len(counts) == SHARDS
    assert max(counts.values()) < 1.4 * 1_000


def test_a_session_beside_another_is_in_a_shard_of_the_same_number() -> None:
    ids = SystemIds()
    for _ in range(100):
        parent = ids.session_id(7)
        child = ids.session_id(8, beside=parent)
        assert shard_of("child", child).number == shard_of("parent", parent).number
        assert child != parent


@pytest.mark.parametrize("id", ["a", "ab", "ses_000001", "é", "日本"])
def test_any_id_has_a_shard(id: str) -> None:
    assert 0 <= shard_of("w", SessionId(id)).number < SHARDS


def test_what_a_dead_member_had_is_taken_by_whom_it_is_meant_for() -> None:
    # given: member 1 died, and all was its
    one, two = (Member(number=n, name="", workflows=("w",)) for n in (2, 3))
    dead = {Shard("w", number): 1 for number in range(SHARDS)}
    survey = survey_of(one, two, owners=dead)
    # then: the others take everything, and nothing twice
    first, second = plan(2, survey).take, plan(3, survey).take
    assert first | second == dead.keys()
    assert not first & second


def test_sessions_of_a_workflow_go_to_those_who_know_it() -> None:
    knows = Member(number=1, name="", workflows=("w",))
    adopts = Member(number=2, name="", workflows=("v",), adopts=True)
    survey = survey_of(knows, adopts)
    assert {shard.workflow for shard in plan(1, survey).take} == {"w"}
    assert {shard.workflow for shard in plan(2, survey).take} == {"v"}


def test_what_nobody_knows_goes_to_those_who_adopt_it() -> None:
    # given: a workflow whose only process is gone
    adopts = Member(number=2, name="", adopts=True)
    other = Member(number=3, name="", workflows=("v",))
    left = {Shard("w", number): 1 for number in range(SHARDS)}
    survey = survey_of(adopts, other, owners=left)
    assert plan(2, survey).take == left.keys()
    assert not any(shard.workflow == "w" for shard in plan(3, survey).take)


def test_who_does_not_work_gets_nothing_and_gives_what_it_has() -> None:
    # given: one that took a shard to steer a session of it, and one that works
    steers = Member(number=1, name="", works=False)
    works = Member(number=2, name="", workflows=("w",))
    survey = survey_of(steers, works, owners={Shard("w", 5): 1})
    assert plan(1, survey).give == {Shard("w", 5): 2}
    assert not plan(1, survey).take


class Cluster(RuleBasedStateMachine):
    """Members come, go and look, in any order, each with what it saw last."""

    def __init__(self) -> None:
        super().__init__()
        self.owners = {Shard("w", number): NOBODY for number in range(SHARDS)}
        self.there: dict[int, Member] = {}
        self.last = 0

    @rule()
    def come(self) -> None:
        self.last += 1
        self.there[self.last] = Member(number=self.last, name="", workflows=("w",))

    @precondition(lambda self: self.there)
    @rule(data=st.data())
    def go(self, data: st.DataObject) -> None:
        del self.there[data.draw(st.sampled_from(sorted(self.there)))]

    @precondition(lambda self: self.there)
    @rule(data=st.data())
    def look(self, data: st.DataObject) -> None:
        self.do(data.draw(st.sampled_from(sorted(self.there))))

    def do(self, me: int) -> None:
        wanted = plan(me, self.survey())
        for shard in wanted.take:
            assert self.owners[shard] not in self.there, "taken from nobody who is there"
            self.owners[shard] = me
        for shard, other in wanted.give.items():
            assert self.owners[shard] == me
            assert other in self.there
            self.owners[shard] = other

    def survey(self) -> Survey:
        return Survey(members=tuple(self.there.values()), owners=dict(self.owners))

    @invariant()
    def all_is_somebodys_once_everybody_has_looked(self) -> None:
        if not self.there:
            return
        kept = dict(self.owners)
        # Once to take what the dead had, once to give what others took first.
        for me in [*sorted(self.there), *sorted(self.there)]:
            self.do(me)
        parts = [owned_by(me, self.owners) for me in self.there]
        assert sum(map(len, parts)) == SHARDS
        assert max(map(len, parts)) <= -(-SHARDS // len(parts))
        for me in self.there:
            wanted = plan(me, self.survey())
            assert not wanted.take
            assert not wanted.give
        self.owners = kept


TestCluster = Cluster.TestCase
TestCluster.settings = settings(max_examples=30, stateful_step_count=12, deadline=None)
