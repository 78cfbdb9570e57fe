"""One agent by itself, as a registry takes it."""

from typing import Any

import pytest

from tenuto.core.errors import DefinitionError
from tenuto.core.vocabulary import Json
from tenuto.core.workflow.model import AgentDefinition
from tenuto.core.workflow.read_agent import read_agent


def faults(data: Json, **more: Any) -> list[tuple[str, str]]:
    with pytest.raises(DefinitionError) as caught:
        read_agent(data, **more)
    return [(problem.path, problem.message) for problem in caught.value.problems]


def test_it_is_written_as_below_agents_with_its_name() -> None:
    found = read_agent(
        {
            "name": "clerk",
            "tools": ["github.*"],
            "delegates": ["critic"],
            "capabilities": ["mail", "post"],
            "is_active": False,
        },
        others=[AgentDefinition(name="critic"), AgentDefinition(name="clerk", role="old")],
    )

    assert found.definition == AgentDefinition(
        name="clerk", tools=("github.*",), delegates=("critic",)
    )
    assert (found.capabilities, found.active) == (("mail", "post"), False)


@pytest.mark.parametrize(
    ("data", "path", "message"),
    [
        ("clerk", "", "An agent is an object"),
        ({"role": "x"}, "", "'name' is missing"),
        ({"name": "my clerk"}, "name", "is no name of a registered agent"),
        ({"name": "clerk", "is_active": "no"}, "is_active", "must be true or false"),
        ({"name": "clerk", "capabilities": 3}, "capabilities", "a name or a list of names"),
        ({"name": "clerk", "capabilities": ["x"] * 101}, "capabilities", "at most 100"),
        ({"name": "clerk", "capabilties": ["x"]}, "capabilties", "cannot have 'capabilties'"),
        ({"name": "clerk", "delegates": ["none"]}, "delegates", "there is none"),
        ({"name": "clerk", "turns_max": 0}, "turns_max", "a whole number"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(data: Json, path: str, message: str) -> None:
    found = faults(data)

    assert [where for where, _ in found] == [path]
    assert message in found[0][1]


def test_what_is_wrong_with_others_is_not_told_here() -> None:
    others = [AgentDefinition(name="critic", delegates=("gone",))]

    assert read_agent({"name": "clerk"}, others=others).definition.name == "clerk"
