"""Permissions narrow on their way down: nothing above a call ever opens it."""

from typing import Any, Final

from hypothesis import given
from hypothesis import strategies as st

from tenuto.core.agent.lineage import Link, judged, nothing_forbids, open_question
from tenuto.core.agent.policy import Effect, Matcher, PermissionRule, Wish
from tenuto.core.session.effects import CallTool
from tenuto.core.workflow.model import AgentDefinition, Node
from tests.core.agent.test_messages import saying, wanting
from tests.core.session.story import Story, flow

STRENGTH: Final[dict[Effect, int]] = {"allow": 0, "ask": 1, "deny": 2}

effects = st.sampled_from(["allow", "ask", "deny"])
rules = st.lists(
    st.builds(
        PermissionRule,
        effect=effects,
        tools=st.sampled_from([(), ("refund",), ("look",), ("re*",)]),
        permissions=st.sampled_from([(), ("orders:*",), ("mail:*",)]),
        agents=st.sampled_from([(), ("clerk",), ("lead",)]),
        labels=st.sampled_from([(), ("untrusted",), ("*",)]),
        arguments=st.sampled_from([(), (Matcher(path="cents", at_most=5),)]),
        assignees=st.sampled_from([(), ("ada",)]),
        quorum=st.integers(1, 2),
    ),
    max_size=3,
).map(tuple)
links = st.builds(Link, agent=st.sampled_from(["lead", "boss"]), rules=rules)
wishes = st.builds(
    Wish,
    tool=st.sampled_from(["refund", "look"]),
    permission=st.sampled_from(["", "orders:refund"]),
    arguments=st.sampled_from([{}, {"cents": 3}, {"cents": 9}]),
    agent=st.just("clerk"),
    labels=st.sampled_from([(), ("untrusted",)]),
    safe=st.booleans(),
)


def strictest(process: Any, own: Any, above: Any, wish: Wish) -> Effect:
    chain = judged(process, own, above, wish)
    return max((part.verdict.effect for part in chain), key=STRENGTH.__getitem__)


@given(rules, rules, st.lists(links, max_size=3), links, st.integers(0, 3), wishes)
def test_one_more_agent_above_never_opens_anything(
    process: Any, own: Any, above: list[Link], more: Link, at: int, wish: Wish
) -> None:
    before = strictest(process, own, above, wish)

    after = strictest(process, own, [*above[:at], more, *above[at:]], wish)

    assert STRENGTH[after] >= STRENGTH[before]


@given(rules, rules, st.lists(links, max_size=3), wishes)
def test_what_is_denied_anywhere_in_the_chain_is_denied(
    process: Any, own: Any, above: list[Link], wish: Wish
) -> None:
    alone = [strictest((), (), [link], wish) for link in above]

    if "deny" in alone:
        assert strictest(process, own, above, wish) == "deny"


@given(rules, rules, st.lists(links, max_size=3), links, wishes, st.sets(st.just("permission")))
def test_one_more_agent_above_never_answers_a_question(
    process: Any, own: Any, above: list[Link], more: Link, wish: Wish, approved: set[str]
) -> None:
    before = open_question(judged(process, own, above, wish), tuple(approved))

    after = open_question(judged(process, own, [*above, more], wish), tuple(approved))

    assert before is None or after is not None


@given(rules, rules, st.lists(links, max_size=2), wishes)
def test_where_nothing_forbids_every_part_of_the_chain_allows(
    process: Any, own: Any, above: list[Link], wish: Wish
) -> None:
    if nothing_forbids(process, own, above, wish.labels):
        assert strictest(process, own, above, wish) == "allow"


def test_a_rule_anywhere_or_a_label_may_forbid() -> None:
    rule = asks()

    assert nothing_forbids((), (), (), ())
    assert not nothing_forbids(rule, (), (), ())
    assert not nothing_forbids((), rule, (), ())
    assert not nothing_forbids((), (), [Link(agent="lead", rules=rule)], ())
    assert not nothing_forbids((), (), (), ("untrusted",))


def asks(**parts: Any) -> tuple[PermissionRule, ...]:
    return (PermissionRule(effect="ask", **parts),)


WISH: Final = Wish(tool="refund", permission="orders:refund", arguments={}, agent="clerk")


def test_a_question_for_certain_people_is_asked_although_somebody_has_approved() -> None:
    above = (Link(agent="lead", rules=asks(assignees=("ada",))),)
    chain = judged((), asks(), above, WISH)

    first = open_question(chain, ("permission",))
    assert first is not None and first.kind == "permission:lead"
    assert open_question(chain, ("permission", "permission:lead")) is None


def test_whom_certain_people_have_approved_nobody_else_is_asked() -> None:
    above = (Link(agent="lead", rules=asks(quorum=2)), Link(agent="boss", rules=asks()))
    chain = judged(asks(), asks(), above, WISH)

    first = open_question(chain, ())
    assert first is not None and first.kind == "permission:lead"
    assert open_question(chain, ("permission:lead",)) is None


def test_the_process_and_the_agent_each_ask_their_own_people() -> None:
    chain = judged(asks(assignees=("ada",)), asks(assignees=("bob",)), (), WISH)

    kinds: list[str] = []
    while (part := open_question(chain, kinds)) is not None:
        kinds.append(part.kind)

    assert kinds == ["permission:process", "permission"]


def test_a_yes_to_something_else_answers_nothing() -> None:
    assert open_question(judged((), asks(), (), WISH), ("guard",)) is not None


DENY: Final = (PermissionRule(effect="deny", tools=("dig",)),)
ALLOW: Final = (PermissionRule(effect="allow", tools=("dig",)),)


def lineage(story: Story) -> list[tuple[str, str]]:
    (effect,) = story.pending()
    assert isinstance(effect, CallTool)
    return [(link.agent, link.to) for link in effect.lineage]


def test_a_call_stands_under_the_rules_of_all_agents_above_it() -> None:
    boss = AgentDefinition(name="boss", policy=DENY, delegates=("lead",))
    lead = AgentDefinition(name="lead", handoffs=("scout",), narrowed={"scout": ALLOW})
    scout = AgentDefinition(name="scout", tools=("m:dig",), policy=ALLOW)
    node = Node(id="ask", kind="agent", ref="boss")
    story = Story(flow(node, agents=(boss, lead, scout)), {})
    story.done("ask", wanting(("lead", {"task": "x"})))
    story.done("ask", wanting(("scout", {"task": "x"})))

    story.done("ask", wanting(("dig", {})))

    assert lineage(story) == [("lead", "scout"), ("boss", "")]


def test_a_worker_of_a_plan_stands_under_the_rules_of_the_planner() -> None:
    lead = AgentDefinition(name="lead", strategy="plan", delegates=("scout",), policy=DENY)
    scout = AgentDefinition(name="scout", tools=("m:dig",))
    story = Story(flow(Node(id="ask", kind="agent", ref="lead"), agents=(lead, scout)), {})
    steps = {"steps": [{"id": "a", "task": "dig", "agent": "scout", "after": []}]}
    call = ["a", "scout", {"task": "dig"}]
    story.done("ask", ["", [call], steps, "stop", [0, 0, 0.0, 0], "", "", "", [], "plan"])

    story.done("ask", wanting(("dig", {})))

    assert lineage(story) == [("lead", "")]


def test_an_agent_of_a_node_stands_under_nobody_s_rules() -> None:
    nodes = [Node(id="one", kind="agent", ref="lead"), Node(id="two", kind="agent", ref="scout")]
    lead = AgentDefinition(name="lead", policy=DENY)
    scout = AgentDefinition(name="scout", tools=("m:dig",))
    story = Story(flow(*nodes, edges=[("one", "two")], agents=(lead, scout)), {})
    story.done("one", saying("Go."))

    story.done("two", wanting(("dig", {})))

    assert lineage(story) == []
