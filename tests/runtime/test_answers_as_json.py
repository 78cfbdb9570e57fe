"""A model's answer becomes the JSON that it always became, and is refused for the same reasons."""

import datetime
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenuto.core.agent.messages import ModelAnswer, Recollection, ToolCall, Usage
from tenuto.runtime.json_values import NotJson, answer_to_json, to_json

texts = st.text(max_size=8)
numbers = st.one_of(st.integers(), st.floats(), st.just(2**63), st.just(2**64), st.just(-(2**63)))
odd = st.one_of(
    st.just("\ud800"),
    st.binary(max_size=2),
    st.just(datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)),
    st.just((1, 2)),
    st.just({1: "x"}),
)
values = st.recursive(
    st.one_of(st.none(), st.booleans(), texts, numbers, odd),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
answers = st.builds(
    ModelAnswer,
    text=st.one_of(texts, st.just("\ud800")),
    calls=st.lists(
        st.builds(
            ToolCall, id=texts, tool=texts, arguments=st.dictionaries(texts, values, max_size=3)
        ),
        max_size=2,
    ).map(tuple),
    data=values,
    usage=st.builds(
        Usage,
        input_tokens=st.one_of(st.integers(0, 9), st.sampled_from([2**53, 2**63, 2**64])),
        cost_usd=st.one_of(st.floats(0, 1), st.floats()),
    ),
    trail=st.lists(texts, max_size=2).map(tuple),
    recalled=st.lists(st.builds(Recollection, id=texts, kind=texts, text=texts), max_size=1).map(
        tuple
    ),
)


def outcome(make: Any, answer: ModelAnswer) -> tuple[str, str]:
    """Return what came of it, numbers with their types."""
    try:
        return "given", repr(make(answer))
    except Exception as error:
        return type(error).__name__, str(error)


@given(answers)
def test_it_is_what_it_becomes_node_by_node(answer: ModelAnswer) -> None:
    def node_by_node(answer: ModelAnswer) -> Any:
        return to_json(msgspec.to_builtins(answer))

    assert outcome(answer_to_json, answer) == outcome(node_by_node, answer)


@dataclass
class Found:
    when: datetime.datetime


def test_data_of_a_class_is_taken_as_the_object_that_it_describes() -> None:
    when = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)

    written: Any = answer_to_json(ModelAnswer(data=Found(when)))  # type: ignore[arg-type]

    assert written[2] == {"when": "2026-01-01T00:00:00Z"}


def test_nobody_holds_what_is_in_it() -> None:
    arguments = {"rows": [1]}
    answer = ModelAnswer(calls=(ToolCall(id="a", tool="t", arguments=arguments),))

    written: Any = answer_to_json(answer)
    written[1][0][2]["rows"].append(2)

    assert arguments == {"rows": [1]}


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (ModelAnswer(text="\ud800"), "a text is no Unicode"),
        (ModelAnswer(data=float("nan")), "At [2]: nan is no JSON number"),
        (ModelAnswer(usage=Usage(cost_usd=float("inf"))), "At [4][2]: inf is no JSON number"),
        (ModelAnswer(usage=Usage(input_tokens=2**64)), "At [4][0]: an integer is beyond 64 bits"),
    ],
)
def test_what_json_cannot_hold_is_refused_with_its_place(answer: ModelAnswer, said: str) -> None:
    with pytest.raises(NotJson) as raised:
        answer_to_json(answer)

    assert said in str(raised.value)
