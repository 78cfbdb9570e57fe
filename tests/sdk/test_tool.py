"""Tools: functions described by their own signatures and docstrings."""

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from tenuto import tool
from tenuto.core.errors import DefinitionError, Rejected
from tenuto.ports.tool import ToolCode
from tenuto.sdk.tool import Tool


class Address(msgspec.Struct):
    """Where a parcel goes."""

    street: str
    city: str = "Ulm"


@tool
def search(query: str, limit: int = 10, tags: list[str] | None = None) -> list[str]:
    """Find passages.

    The best come first.

    Args:
        query: what to look for,
            in plain words.
        limit (int): how many at most.

    Returns:
        Their texts.
    """
    return [query] * limit


@tool(name="pay-back", once=True, permission="orders:refund", timeout=2.5)
async def refund(ctx: Any, order_id: str, cents: int) -> dict[str, Any]:
    """Pay an order back."""
    return {"order": order_id, "cents": cents}


def test_a_tool_describes_itself_by_its_signature_and_its_docstring() -> None:
    assert search.spec.name == "search"
    assert search.spec.description == "Find passages.\n\nThe best come first."
    assert search.spec.parameters == {
        "type": "object",
        "properties": {
            "query": {"type": "string", "description": "what to look for, in plain words."},
            "limit": {"type": "integer", "default": 10, "description": "how many at most."},
            "tags": {
                "anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "null"}],
                "default": None,
            },
        },
        "required": ["query"],
        "additionalProperties": False,
    }


def test_a_tool_stays_callable() -> None:
    assert search("x", limit=2) == ["x", "x"]
    assert asyncio.run(refund(None, "o-1", 5)) == {"order": "o-1", "cents": 5}


def test_a_tool_is_what_the_runtime_asks_for() -> None:
    assert isinstance(refund, ToolCode)
    assert (refund.spec.name, refund.once, refund.timeout_ms) == ("pay-back", True, 2_500)
    assert (refund.permission, refund.takes_context) == ("orders:refund", True)
    assert refund.ref == f"{__name__}:refund"


def test_a_tool_tells_how_often_it_is_tried_and_what_is_true_of_its_results() -> None:
    @tool(retries=4, labels=["untrusted"], safe=True)
    def look(place: str) -> str:
        """Look."""
        return place

    assert (look.attempts_max, look.labels, look.safe) == (5, ("untrusted",), True)
    assert (search.attempts_max, search.labels, search.safe) == (0, (), False)
    assert tool(retries=0)(look.function).attempts_max == 1


def test_the_context_is_hidden_from_models() -> None:
    assert list(refund.spec.parameters["properties"]) == ["order_id", "cents"]  # type: ignore[arg-type]


def test_arguments_are_bound_with_their_defaults() -> None:
    assert search.bind({"query": "x"}) == {"query": "x", "limit": 10, "tags": None}


def test_structured_arguments_become_what_the_function_asks_for() -> None:
    @tool
    def send(to: Address, notes: list[str] = ["fragile"]) -> None:  # noqa: B006
        """Send it."""

    bound = send.bind({"to": {"street": "Hafengasse 1"}})

    assert bound == {"to": Address(street="Hafengasse 1"), "notes": ["fragile"]}
    assert "Address" in send.spec.parameters["$defs"]  # type: ignore[operator]


def test_a_default_that_can_change_is_made_anew_for_each_call() -> None:
    @tool
    def send(notes: list[str] = ["fragile"]) -> None:  # noqa: B006
        """Send it."""

    send.bind({})["notes"].append("heavy")

    assert send.bind({}) == {"notes": ["fragile"]}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, "missing required field `query`"),
        ({"query": 1}, "Expected `str`, got `int` - at `$.query`"),
        ({"query": "x", "limit": "3"}, "Expected `int`, got `str` - at `$.limit`"),
        ({"query": "x", "limit": 1.5}, "Expected `int`, got `float`"),
        ({"query": "x", "lmit": 3}, "has no argument 'lmit'; it takes: query, limit, tags"),
    ],
)
def test_arguments_that_do_not_fit_are_refused_in_words_for_a_model(
    arguments: dict[str, Any], said: str
) -> None:
    with pytest.raises(Rejected) as caught:
        search.bind(arguments)

    assert said in str(caught.value)


def test_a_function_that_cannot_be_a_tool_is_refused_with_the_reason() -> None:
    def many(*queries: str) -> None: ...

    def any_of(**queries: str) -> None: ...

    def by_place(query: str, /) -> None: ...

    def odd(query: complex) -> None: ...

    def unknown(query: "Nowhere") -> None: ...  # type: ignore[name-defined]  # noqa: F821

    cases: list[tuple[Callable[..., Any], str]] = [
        (many, "takes *queries: str"),
        (any_of, "takes **queries: str"),
        (by_place, "are passed by name"),
        (odd, "cannot be described to a model"),
        (unknown, "name 'Nowhere' is not defined"),
        (lambda query: query, "is named '<lambda>'"),
    ]
    for function, said in cases:
        with pytest.raises(DefinitionError) as caught:
            Tool(function)
        assert said in str(caught.value)


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ({"name": "pay back"}, "models take letters, digits, _ and -"),
        ({"timeout": -1}, "has timeout=-1"),
        ({"timeout": "5m"}, "has timeout='5m'"),
        ({"verify": print}, "once=True"),
        ({"retries": -1}, "has retries=-1; give 0 to 99"),
        ({"retries": True}, "has retries=True"),
        ({"retries": "2"}, "has retries='2'"),
        ({"pool": "a b"}, "has pool='a b', which is no name of a pool"),
        ({"pool": 5}, "has pool=5"),
        ({"priority": 1_001}, "has priority=1001, which is no priority"),
        ({"priority": True}, "has priority=True"),
        ({"labels": "untrusted"}, "give a list of names, as ['untrusted']"),
        ({"labels": [""]}, "has labels=['']"),
        ({"safe": True, "once": True}, "what changes nothing may run twice"),
        ({"onse": True}, "has no rule 'onse'; there are: name, once"),
    ],
)
def test_a_rule_that_does_not_fit_is_refused(rules: dict[str, Any], said: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        tool(**rules)(search.function)

    assert said in str(caught.value)
