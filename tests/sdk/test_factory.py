"""Tools that a factory makes are found again by what they were made from."""

import asyncio
import gc
from pathlib import Path
from typing import Any

import pytest

import tenuto
from tenuto import Agent, DefinitionError, Tool, Workflow, tool_factory
from tenuto.core.workflow.model import AgentDefinition, Node, WorkflowDefinition
from tenuto.runtime.code import Code, CodeNotFound
from tenuto.testing import MockLLM, calls

HERE = __name__


@tool_factory
def lookup(table: str, *, limit: int = 10, **more: Any) -> Tool:
    """Return a tool that looks a key up."""
    if table == "none":
        raise tenuto.Rejected("there is no such table")

    def find(key: str) -> list[Any]:
        """Find a row."""
        return [table, key, limit, more]

    return Tool(find, name="find")


@tool_factory
def made_wrong() -> Tool:
    """Return what is no tool."""
    return 7  # type: ignore[return-value]  # that is the mistake


def kind_of(given: object) -> str:
    return type(given).__name__


def plain(table: str) -> Tool:
    return Tool(lambda key: key, name=table)


def test_a_tool_is_named_by_its_factory_and_what_it_was_given() -> None:
    assert lookup("orders").ref == f'{HERE}:lookup({{"table":"orders"}})'
    assert lookup(table="orders", limit=3).ref == f'{HERE}:lookup({{"limit":3,"table":"orders"}})'
    assert lookup("orders", b=1, a=[2]).ref == f'{HERE}:lookup({{"a":[2],"b":1,"table":"orders"}})'


def test_what_is_as_by_default_is_not_in_the_name() -> None:
    assert lookup("orders", limit=10).ref == lookup("orders").ref


def test_the_same_arguments_give_the_same_tool() -> None:
    first = lookup("orders")

    assert lookup(table="orders") is first
    assert lookup("customers") is not first


def test_tools_that_nobody_uses_are_let_go() -> None:
    ref = lookup("gone").ref
    gc.collect()

    kept = [found for found in gc.get_objects() if isinstance(found, Tool) and found.ref == ref]

    assert kept == []


def test_paths_and_functions_are_named() -> None:
    tool = lookup("orders", place=Path("a/b"), send=plain)

    assert f'"place":"a/b","send":"{HERE}:plain"' in tool.ref


@pytest.mark.parametrize(
    "given",
    [object(), {1: 2}, float("nan"), lambda: 1, b"bytes"],
    ids=kind_of,
)
def test_what_a_definition_cannot_hold_is_refused(given: Any) -> None:
    with pytest.raises(DefinitionError):
        lookup("orders", odd=given)


def test_a_factory_within_a_function_is_refused() -> None:
    with pytest.raises(DefinitionError, match="cannot be imported"):

        @tool_factory
        def inner() -> Tool:
            return lookup("orders")


def test_another_process_makes_the_tool_from_its_name() -> None:
    ref = lookup("orders", limit=3).ref

    found = Code().tool(ref)

    assert found.function("k") == ["orders", "k", 3, {}]


@pytest.mark.parametrize(
    ("ref", "said"),
    [
        (f"{HERE}:plain({{}})", "makes no tools; put @tenuto.tool_factory above it"),
        ("os:system({})", "makes no tools"),
        (f"{HERE}:lookup(orders)", "cannot be made"),
        (f'{HERE}:lookup(["orders"])', "cannot be made"),
        (f"{HERE}:lookup()", "missing a required argument: 'table'"),
        (f'{HERE}:lookup({{"table": "none"}})', "there is no such table"),
        (f"{HERE}:made_wrong()", "made no tool"),
        (f"{HERE}:nothing()", "cannot be imported"),
    ],
)
def test_a_name_that_makes_no_tool_says_why(ref: str, said: str) -> None:
    with pytest.raises(CodeNotFound) as caught:
        Code().tool(ref)

    assert said in str(caught.value)


def test_a_session_goes_on_in_a_process_that_was_given_no_code(tmp_path: Path) -> None:
    """The second process knows nothing but the database."""
    db = f"sqlite:///{tmp_path / 'a.db'}"
    clerk = Agent("clerk", model="mock:any", tools=[lookup("orders", limit=3)])
    flow = Workflow("finding", output="outputs.work.text").node("work", agent=clerk)

    async def begin() -> str:
        async with tenuto.open(db, models={"mock": MockLLM([])}, hold=True) as runtime:
            return (await runtime.start(flow)).id

    async def go_on(session_id: str) -> Any:
        model = MockLLM([calls(("find", {"key": "k"})), "found"])
        async with tenuto.open(db, models={"mock": model}) as runtime:
            output = await runtime.session(session_id).result(20)
        return output, model.requests[1].messages[-1].results[0].value

    assert asyncio.run(go_on(asyncio.run(begin()))) == ("found", ["orders", "k", 3, {}])


def test_a_definition_names_a_tool_that_nobody_made_yet() -> None:
    """As YAML does."""
    name = f'{HERE}:lookup({{"table": "orders"}})'
    agent = AgentDefinition(name="clerk", model="mock:any", tools=(name,))
    nodes = (Node(id="work", kind="agent", ref="clerk"),)
    flow = WorkflowDefinition(name="finding", agents=(agent,), nodes=nodes, entry=("work",))

    async def main() -> Any:
        model = MockLLM([calls(("find", {"key": "k"})), "found"])
        async with tenuto.open("memory://", models={"mock": model}) as runtime:
            await (await runtime.start(flow)).result(20)
        return model.requests[1].messages[-1].results[0].value

    assert asyncio.run(main())[:2] == ["orders", "k"]


def test_two_agents_of_a_workflow_use_the_same_tool() -> None:
    def agent(name: str) -> Agent:
        return Agent(name, model="mock:any", tools=[lookup("orders")])

    flow = Workflow("two").node("a", agent=agent("one")).node("b", agent=agent("other"))

    assert len(flow.code) == 1
