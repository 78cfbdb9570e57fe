"""What was made by hand with values of wrong types is told, in words."""

import asyncio
from typing import Any

import pytest

import tenuto
from tenuto import Agent, DefinitionError, Guard, Matcher, PermissionRule, Rejected, Route, Workflow


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (
            {"effect": "denied"},
            "has 'effect', which cannot be 'denied'. There are: deny, ask, allow",
        ),
        ({"effect": "deny", "tools": "refund"}, "has 'tools', which must be a list, found text"),
        (
            {"effect": "ask", "quorum": "2"},
            "'quorum', which must be a whole number, found text",
        ),
        (
            {"effect": "allow", "arguments": [Matcher(path="cents", at_most="9")]},  # type: ignore[arg-type]
            "has 'arguments[0].at_most', which must be a number, found text",
        ),
        ({"effect": "allow", "assignees": ("ada",)}, "only one that asks can"),
        ({"effect": "ask", "quorum": 0}, "wants 0 people"),
        ({"effect": "ask", "expires_ms": -1}, "expires after -1 ms"),
    ],
)
def test_a_rule_that_would_not_do_what_it_says_is_refused(rule: Any, message: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        Agent("clerk", policy=[PermissionRule(**rule)])
    assert message in str(caught.value)

    with pytest.raises(Rejected) as refused:
        tenuto.open("memory://", policy=[PermissionRule(**rule)])
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Guard.regex(deny=5, at=["output"]), "'deny' must be a list, found a whole number"),
        (lambda: Guard.regex(deny="a", at="output"), "'at' must be a list, found text"),
        (lambda: Guard.pii(only=["mail"]), "'only[0]' cannot be 'mail'. There are: email, iban"),
        (lambda: Guard.injection(redact=True), "it cannot have 'redact'"),
        (lambda: Agent("a", guards=Guard.pii()), "which is no list; write guards=[…]"),
        (lambda: Workflow("a", guards="pii"), "Workflow 'a' has guards='pii', which is no list"),
        (lambda: Agent("a", policy=PermissionRule(effect="ask")), "no list; write policy=[…]"),
        (lambda: Agent("a", guards=[Guard(kind="pii", at="input")]), "'at', which must be a list"),
        (lambda: Agent("a", guards=[Guard(kind="pii", only=(object(),))]), "what is no data"),
    ],
)
def test_a_guard_of_wrong_parts_is_told_in_words(make: Any, message: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        make()

    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"gaurds": []}, "not opened with 'gaurds'. Did you mean 'guards'?"),
        ({"code": ["x"]}, "code is an object of names and values"),
        ({"guards": Guard.pii()}, "write guards=[…]"),
        ({"guard_key": "too short"}, "32 random characters or more"),
        ({"guard_key": 5}, "32 random characters or more"),
    ],
)
def test_a_setting_that_is_none_is_refused_when_the_database_is_opened(
    settings: Any, message: str
) -> None:
    with pytest.raises((Rejected, DefinitionError)) as caught:
        tenuto.open("memory://", **settings)

    assert message in str(caught.value)
    assert "too short" not in str(caught.value)


@pytest.mark.parametrize(
    ("route", "message"),
    [
        (Route(models="first:any"), "'a' has 'models', which must be a list, found text"),  # type: ignore[arg-type]
        (Route(models=("a:x",), order="fast"), "There are: failover, round_robin"),  # type: ignore[arg-type]
        ({"models": ["a:x"], "order": "fast"}, "Route 'a': 'order' cannot be 'fast'"),
        (["a:x"], "Route 'a' must be an object, found a list"),
    ],
)
def test_a_route_of_wrong_parts_is_told_in_words(route: Any, message: str) -> None:
    async def main() -> None:
        async with tenuto.open("memory://", routes={"a": route}):
            pass

    with pytest.raises(DefinitionError) as caught:
        asyncio.run(main())

    assert message in str(caught.value)
