"""Forms as MCP clients can show them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenuto.adapters.json_schema import JsonSchemas
from tenuto.server.mcp.client.flat_forms import FIELDS_MAX, flat_form


def form(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "additionalProperties": False}


TITLED = [{"const": "a", "title": "A"}, {"const": "b", "title": "B"}]


def test_without_a_form_there_is_nothing_to_fill_in() -> None:
    assert flat_form(None) == {"type": "object", "properties": {}}


@pytest.mark.parametrize(
    "field",
    [
        {"type": "string", "minLength": 1, "maxLength": 9, "format": "email", "default": "a@b.c"},
        {"type": "integer", "minimum": 0, "maximum": 9, "title": "Cups", "description": "How many"},
        {"type": "number", "default": 0.5},
        {"type": "boolean", "default": True},
        {"type": "string", "enum": ["a", "b"]},
        {"type": "string", "enum": ["a", "b"], "enumNames": ["A", "B"]},
        {"type": "string", "oneOf": TITLED},
        {"type": "array", "items": {"type": "string", "enum": ["a", "b"]}, "maxItems": 2},
        {"type": "array", "items": {"anyOf": TITLED}},
    ],
)
def test_plain_fields_are_asked_as_they_are(field: dict[str, Any]) -> None:
    found = flat_form({**form(one=field), "required": ["one"]})

    assert found == {"type": "object", "properties": {"one": field}, "required": ["one"]}


@pytest.mark.parametrize(
    ("field", "shown"),
    [
        ({"type": "string", "pattern": "^a"}, {"type": "string"}),
        ({"type": "string", "format": "uuid"}, {"type": "string"}),
        ({"type": "integer", "multipleOf": 2}, {"type": "integer"}),
    ],
)
def test_what_clients_do_not_know_is_left_out(field: Any, shown: Any) -> None:
    assert flat_form(form(one=field)) == {"type": "object", "properties": {"one": shown}}


@pytest.mark.parametrize(
    "field",
    [
        True,
        {},
        {"type": "object", "properties": {}},
        {"type": "null"},
        {"type": ["string", "null"]},
        {"type": "array"},
        {"type": "array", "items": {"type": "string"}},
        {"type": "array", "items": {"type": "object"}},
        {"type": "string", "oneOf": [{"const": "a"}]},
        {"type": "string", "anyOf": []},
        {"type": "integer", "enum": [1, 2]},
        {"type": "string", "$ref": "#/$defs/x"},
    ],
)
def test_a_form_with_a_field_that_no_client_shows_stays_in_the_inbox(field: Any) -> None:
    assert flat_form(form(fine={"type": "string"}, one=field)) is None


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "array"},
        {"type": "object", "properties": []},
        {**form(), "$ref": "#"},
        {**form(), "allOf": []},
        {**form(), "required": ["elsewhere"]},
        form(**{f"f{n}": {"type": "string"} for n in range(FIELDS_MAX + 1)}),
    ],
)
def test_what_is_no_flat_object_stays_in_the_inbox(schema: Any) -> None:
    assert flat_form(schema) is None


_FIELD = st.one_of(
    st.fixed_dictionaries(
        {"type": st.sampled_from(["string", "integer", "number", "boolean", "array", "object"])},
        optional={
            "minLength": st.integers(0, 3),
            "minimum": st.integers(-3, 3),
            "pattern": st.just("a"),
            "enum": st.just(["a", "b"]),
            "oneOf": st.just(TITLED),
            "items": st.sampled_from([{"type": "string", "enum": ["a"]}, {"type": "object"}]),
            "default": st.just("a"),
        },
    ),
    st.just({"anyOf": [{"type": "string"}]}),
)
_VALUE = st.one_of(st.text("ab", max_size=3), st.integers(-4, 4), st.booleans(), st.just(["a"]))


@given(
    st.dictionaries(st.sampled_from("xyz"), _FIELD), st.dictionaries(st.sampled_from("xyz"), _VALUE)
)
def test_what_fits_a_form_fits_what_is_shown_of_it(fields: Any, value: Any) -> None:
    whole = form(**fields)
    shown = flat_form(whole)

    if shown is not None and JsonSchemas().fault(whole, value) is None:
        assert JsonSchemas().fault(shown, value) is None
