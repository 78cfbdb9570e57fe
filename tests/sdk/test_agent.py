"""Agents: definitions with a name, a model, instructions and tools."""

from typing import Any

import msgspec
import pytest

from tenuto import Agent, tool
from tenuto.core.errors import DefinitionError


class Verdict(msgspec.Struct):
    """Output of a judge."""

    holds: bool
    why: str = ""


@tool
def search(query: str) -> str:
    """Find something."""
    return query


def test_an_agent_is_a_definition_and_the_code_it_may_use() -> None:
    clerk = Agent("clerk", model="offline", instructions="Sort.", tools=[search], turns_max=7)

    definition = clerk.definition()

    assert (definition.name, definition.model, definition.turns_max) == ("clerk", "offline", 7)
    assert definition.tools == (f"{__name__}:search",)
    assert clerk.tools == (search,)


def test_a_plain_function_becomes_a_tool() -> None:
    def look(query: str) -> str:
        """Look around."""
        return query

    clerk = Agent("clerk", tools=[look])

    assert [found.spec.name for found in clerk.tools] == ["look"]


class Model:
    """Stands for a pydantic model: they tell their schema by this method."""

    @classmethod
    def model_json_schema(cls) -> dict[str, Any]:
        """Return a schema."""
        return {"type": "object", "title": "Model"}


def test_the_shape_of_the_output_is_a_schema_a_struct_or_a_model() -> None:
    by_schema = Agent("a", output={"type": "object"}).definition().output_schema
    by_struct = Agent("a", output=Verdict).definition().output_schema
    by_model = Agent("a", output=Model).definition().output_schema

    assert by_schema == {"type": "object"}
    assert by_struct is not None and "Verdict" in str(by_struct["$defs"])
    assert by_model == {"type": "object", "title": "Model"}
    assert Agent("a").definition().output_schema is None


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("", {}, "An agent has no name."),
        ("a", {"turns_max": 0}, "has turns_max=0"),
        ("a", {"modle": "offline"}, "has no option 'modle'; there are: model, instructions"),
        ("a", {"model": 3}, "has model=3, which is no text"),
        ("a", {"tools": [search, search]}, "has two tools named 'search'"),
        ("a", {"output": complex}, "has no JSON Schema"),
    ],
)
def test_an_agent_that_cannot_work_is_refused(
    name: str, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(DefinitionError) as caught:
        Agent(name, **options)

    assert said in str(caught.value)


def test_all_that_is_wrong_with_an_agent_is_told_at_once() -> None:
    with pytest.raises(DefinitionError) as caught:
        Agent("", turns_max=0, tools=[search, search])

    assert len(caught.value.problems) == 3
