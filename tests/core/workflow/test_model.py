"""A definition as canonical JSON: what names it for ever."""

import msgspec
import pytest
from hypothesis import given
from msgspec.structs import replace

from tenuto.core.workflow.model import (
    Node,
    WorkflowDefinition,
    decode_definition,
    definition_digest,
    encode_definition,
)
from tests.core.workflow.shapes import drawn, shapes


@given(shapes())
def test_what_is_written_is_read_back_the_same(definition: WorkflowDefinition) -> None:
    payload = encode_definition(definition)

    assert decode_definition(payload) == definition
    assert encode_definition(decode_definition(payload)) == payload


def test_the_order_in_which_inputs_were_given_does_not_change_the_name() -> None:
    def of(inputs: dict[str, str]) -> str:
        node = Node(id="a", kind="function", ref="m:f", inputs=inputs)
        definition = WorkflowDefinition(name="w", nodes=(node,), entry=("a",))
        return definition_digest(encode_definition(definition))

    assert of({"x": "1", "y": "2"}) == of({"y": "2", "x": "1"})
    assert of({"x": "1", "y": "2"}) != of({"x": "1", "y": "3"})


def test_what_is_by_default_is_not_written() -> None:
    assert encode_definition(drawn("a")) == (
        b'{"entry":["a"],"name":"drawn","nodes":[{"id":"a","kind":"function","ref":"m:f"}]}'
    )


def test_what_is_no_definition_is_not_read() -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_definition(b'{"name": "w"}')


def test_another_version_is_another_definition() -> None:
    one = drawn("a > b")

    assert encode_definition(one) != encode_definition(replace(one, version="2"))
