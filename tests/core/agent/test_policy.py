"""Rules about calls of tools: what is denied, asked about and allowed, and what doubt does."""

import fnmatch
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenuto.core.agent.policy import Effect, Matcher, PermissionRule, Wish, fits, judge


def rule(effect: Effect, **parts: Any) -> PermissionRule:
    return PermissionRule(effect=effect, **parts)


def wish(**parts: Any) -> Wish:
    given = {
        "tool": "refund",
        "permission": "orders:refund",
        "arguments": {"order": {"amount": 40, "lines": ["a", "b"]}, "note": "broken", "sure": True},
        "agent": "clerk",
        "tenant": "acme",
        "user": "ada",
    }
    return Wish(**{**given, **parts})


def effect(*rules: PermissionRule, **parts: Any) -> str:
    return judge(rules, wish(**parts)).effect


def test_without_rules_everything_is_allowed() -> None:
    assert effect() == "allow"


def test_where_there_are_rules_a_permission_that_none_speaks_of_is_asked_about() -> None:
    other = rule("allow", tools=("look",))

    verdict = judge([other], wish())

    assert (verdict.effect, verdict.rule) == ("ask", None)
    assert "permission 'orders:refund'" in verdict.reason
    assert effect(other, permission="") == "allow"


@pytest.mark.parametrize("turned", [False, True])
def test_deny_beats_ask_and_ask_beats_allow_in_any_order(turned: bool) -> None:
    deny, ask, allow = rule("deny"), rule("ask"), rule("allow")
    order = reversed if turned else list

    assert effect(*order([allow, ask, deny])) == "deny"
    assert effect(*order([allow, ask])) == "ask"
    assert effect(allow) == "allow"


@pytest.mark.parametrize(
    ("parts", "matches"),
    [
        ({"tools": ("refund",)}, True),
        ({"tools": ("ref*",)}, True),
        ({"tools": ("look", "re?und")}, True),
        ({"tools": ("Refund",)}, False),
        ({"permissions": ("orders:*",)}, True),
        ({"permissions": ("stock:*",)}, False),
        ({"agents": ("clerk",)}, True),
        ({"agents": ("boss",)}, False),
        ({"tenants": ("acme",)}, True),
        ({"tenants": ("umbrella",)}, False),
        ({"users": ("a*",)}, True),
        ({"users": ("b*",)}, False),
        ({"tools": ("refund",), "users": ("bob",)}, False),
    ],
)
def test_a_rule_matches_by_all_the_names_that_it_gives(
    parts: dict[str, Any], matches: bool
) -> None:
    assert effect(rule("deny", **parts)) == ("deny" if matches else "ask")


def test_a_name_that_is_not_there_matches_no_glob() -> None:
    assert effect(rule("allow", users=("*",)), user="") == "ask"
    assert effect(rule("deny", permissions=("*",)), permission="") == "allow"


@pytest.mark.parametrize(
    ("matcher", "holds"),
    [
        ({"path": "order.amount", "equals": 40}, True),
        ({"path": "order.amount", "equals": 41}, False),
        ({"path": "order.amount", "within": (1, 40)}, True),
        ({"path": "order.amount", "within": (1, 2)}, False),
        ({"path": "order.amount", "at_most": 40}, True),
        ({"path": "order.amount", "at_most": 39.5}, False),
        ({"path": "order.amount", "at_least": 40}, True),
        ({"path": "order.amount", "at_least": 41}, False),
        ({"path": "order.amount", "at_least": 10, "at_most": 30}, False),
        ({"path": "order.lines.1", "equals": "b"}, True),
        ({"path": "order.lines", "length_max": 2}, True),
        ({"path": "order.lines", "length_max": 1}, False),
        ({"path": "note", "glob": "bro*"}, True),
        ({"path": "note", "glob": "Bro*"}, False),
        ({"path": "note", "length_max": 6}, True),
        ({"path": "sure", "equals": True}, True),
        ({"path": "sure", "equals": 1}, False),
        ({"path": "sure", "within": (1,)}, False),
        ({"path": "note"}, True),
    ],
)
def test_arguments_are_matched_by_path(matcher: dict[str, Any], holds: bool) -> None:
    allowed = rule("allow", arguments=(Matcher(**matcher),))

    assert effect(allowed) == ("allow" if holds else "ask")


@pytest.mark.parametrize(
    "matcher",
    [
        {"path": "nowhere", "equals": 1},
        {"path": "order.lines.2", "equals": "c"},
        {"path": "order.lines.-1", "equals": "b"},
        {"path": "note.deeper", "equals": 1},
        {"path": "note", "at_most": 5},
        {"path": "sure", "at_least": 0},
        {"path": "order.amount", "glob": "4*"},
        {"path": "order.amount", "length_max": 9},
    ],
)
def test_what_cannot_be_compared_never_opens_and_always_closes(matcher: dict[str, Any]) -> None:
    parts = {"arguments": (Matcher(**matcher),)}

    assert effect(rule("allow", **parts)) == "ask"
    assert effect(rule("allow"), rule("deny", **parts)) == "deny"
    assert effect(rule("allow"), rule("ask", **parts)) == "ask"


def test_the_reason_is_the_rule_s_own_or_tells_what_it_does() -> None:
    assert judge([rule("deny", reason="not on Sundays")], wish()).reason == "not on Sundays"
    assert judge([rule("deny")], wish()).reason == "a rule forbids tool 'refund'"


names = st.lists(st.sampled_from(["refund", "look", "r*", "*", "clerk"]), max_size=2).map(tuple)
rules = st.builds(
    PermissionRule,
    effect=st.sampled_from(["deny", "ask", "allow"]),
    tools=names,
    agents=names,
    arguments=st.lists(
        st.builds(
            Matcher,
            path=st.sampled_from(["note", "order.amount", "gone"]),
            at_most=st.sampled_from([1.0, 50.0]),
        ),
        max_size=1,
    ).map(tuple),
)
STRENGTH = {"allow": 0, "ask": 1, "deny": 2}


@given(st.lists(rules, max_size=4), rules.filter(lambda added: added.effect != "allow"))
def test_a_rule_that_denies_or_asks_never_opens_anything(
    given_rules: list[PermissionRule], added: PermissionRule
) -> None:
    before, after = judge(given_rules, wish()), judge([*given_rules, added], wish())

    if given_rules:
        assert STRENGTH[after.effect] >= STRENGTH[before.effect]


@given(st.lists(rules, min_size=1, max_size=4), st.randoms())
def test_the_order_of_rules_changes_nothing(given_rules: list[PermissionRule], dice: Any) -> None:
    turned = list(given_rules)
    dice.shuffle(turned)

    assert judge(given_rules, wish()).effect == judge(turned, wish()).effect


@pytest.mark.parametrize(
    "written",
    [
        {"effect": "permit"},
        {"effect": "deny", "tool": "refund"},
        {"effect": "allow", "arguments": [{"path": "a", "equal": 1}]},
        {"effect": "allow", "arguments": [{"equals": 1}]},
        {"tools": ["x"]},
        {"effect": "deny", "tools": "refund"},
    ],
)
def test_a_rule_that_is_not_understood_is_refused(written: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(written, PermissionRule)


@given(st.text("ab*?", max_size=7), st.text("ab", max_size=7))
def test_a_glob_means_what_it_means_to_the_shell(glob: str, text: str) -> None:
    assert fits(glob, text) == fnmatch.fnmatchcase(text, glob)


def test_brackets_have_no_meaning_and_nothing_takes_for_ever() -> None:
    assert fits("[a]", "[a]")
    assert not fits("[a]", "a")
    assert not fits("*a" * 200, "a" * 199 + "b")
