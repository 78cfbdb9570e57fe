"""Search among tools: who is found by which words, and what a task remembers of it."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tenuto.core.agent.messages import ModelAnswer, ToolCall, ToolResult, ToolSpec
from tenuto.core.agent.state import Turn
from tenuto.core.agent.tool_search import FIND_TOOLS, best_of, recalled, summary_of
from tenuto.core.vocabulary import Json


def spec(name: str, description: str = "", **parameters: Any) -> ToolSpec:
    schema: dict[str, Json] = {"type": "object", "properties": parameters}
    return ToolSpec(name=name, description=description, parameters=schema)


TOOLS = [
    spec("github__search_issues", "Search issues and pull requests.", query={"type": "string"}),
    spec("github__create_issue", "Open a new issue in a repository.", title={"type": "string"}),
    spec("github__mergePullRequest", "Merge a pull request.", number={"type": "integer"}),
    spec("shop__price", "Tell what an article costs.", article={"type": "string"}),
    spec("shop__send_order", "Send an order to a supplier.", supplierId={"type": "string"}),
    spec("mail__send", "Send a letter.", to={"type": "string"}),
]


def names(query: str, most: int = 10) -> list[str]:
    return [found.name for found in best_of(query, TOOLS, most=most)]


def test_the_words_of_the_name_count_most() -> None:
    assert names("price")[0] == "shop__price"
    assert names("send")[:2] in (["mail__send", "shop__send_order"], ["shop__send_order"])
    assert names("merge")[0] == "github__mergePullRequest"


def test_description_and_parameters_are_searched_too() -> None:
    assert names("what does it cost") == ["shop__price"]
    assert names("supplier id") == ["shop__send_order"]
    assert names("letter") == ["mail__send"]


def test_singular_and_plural_camel_case_and_capitals_are_the_same_word() -> None:
    assert names("ISSUE") == names("issues")
    assert set(names("issue")) == {"github__search_issues", "github__create_issue"}
    assert "github__mergePullRequest" in names("pull requests")
    assert names("repositories") == names("repository") == ["github__create_issue"]


def test_what_has_none_of_the_words_is_not_found() -> None:
    assert names("weather") == []
    assert names("") == []
    assert names("?!") == []
    assert best_of("price", [], most=3) == []


def test_no_more_are_given_than_are_wanted() -> None:
    assert len(names("send a pull request issue", most=2)) == 2


words = st.text("abcde_ S", max_size=12)
specs = st.lists(st.builds(spec, words, words), max_size=8)


@given(words, specs, st.integers(0, 5))
def test_a_search_is_a_ranking_of_some_of_the_tools(
    query: str, tools: list[ToolSpec], most: int
) -> None:
    found = best_of(query, tools, most=most)

    assert len(found) <= most
    assert all(any(one is tool for tool in tools) for one in found)
    assert found == best_of(query, tools, most=most)
    assert found == best_of(f" {query} {query}", tools, most=most)


@given(specs, st.integers(0, 7))
def test_a_tool_is_found_by_its_own_name(tools: list[ToolSpec], at: int) -> None:
    tools = [*tools, spec("wanted_zebra", "runs")]

    assert tools[-1] in best_of("zebra", tools, most=1)


def test_a_summary_tells_name_purpose_and_parameters() -> None:
    found = summary_of(
        ToolSpec(
            name="find",
            description="Find\n  things. " + "x" * 400,
            parameters={
                "type": "object",
                "properties": {
                    "query": {"type": "string"},
                    "limit": {"type": ["integer", "null"]},
                    "anything": {},
                },
                "required": ["query"],
            },
        )
    )

    assert found["name"] == "find"
    assert str(found["description"]).startswith("Find things. xx")
    assert len(str(found["description"])) == 301
    assert found["parameters"] == (
        "query: string; limit: integer or null, optional; anything: any, optional"
    )


def test_a_summary_of_a_strange_schema_is_a_summary_all_the_same() -> None:
    strange = ToolSpec(name="x", description="", parameters={"properties": [], "required": 3})
    many = spec("y", **{f"p{n}": True for n in range(30)})

    assert summary_of(strange)["parameters"] == ""
    assert str(summary_of(many)["parameters"]).endswith("p19: any, optional; …")


def turn(*called: str, found: Json = None) -> Turn:
    made = [ToolCall(id="c", tool=name, arguments={}) for name in called]
    results: list[ToolResult | None] = [ToolResult(id="c", tool=name) for name in called]
    if found is not None:
        made.append(ToolCall(id="f", tool=FIND_TOOLS, arguments={"query": "q"}))
        results.append(ToolResult(id="f", tool=FIND_TOOLS, value=found))
    return Turn(answer=ModelAnswer(calls=tuple(made)), results=results)


def listed(*tools: str) -> Json:
    return {"tools": [{"name": name} for name in tools]}


def test_a_task_remembers_what_it_called_and_what_it_found() -> None:
    turns = [turn("a"), turn(found=listed("b", "c")), turn("gone")]

    assert recalled(turns, {"a", "b", "c", "d"}, most=10) == {"a", "b", "c"}


def test_what_was_named_last_is_remembered_when_there_is_no_room_for_all() -> None:
    turns = [turn(found=listed("a", "b")), turn("c"), turn("a")]

    assert recalled(turns, {"a", "b", "c"}, most=2) == {"a", "c"}


def test_only_a_search_has_results_that_name_tools() -> None:
    said = Turn(
        answer=ModelAnswer(calls=(ToolCall(id="c", tool="a", arguments={}),)),
        results=[ToolResult(id="c", tool="a", value=listed("b"))],
    )

    assert recalled([said], {"a", "b"}, most=5) == {"a"}


def test_results_of_another_shape_name_nothing() -> None:
    odd: list[Json] = ["x", {"tools": 3}, {"tools": ["x", {"name": 3}, {}]}, {}]
    open_one = Turn(
        answer=ModelAnswer(calls=(ToolCall(id="f", tool=FIND_TOOLS, arguments={}),)), results=[None]
    )

    assert recalled([*(turn(found=value) for value in odd), open_one], {"x"}, most=5) == set()
