"""What a workflow is called among tools."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenuto import Workflow
from tenuto.core.errors import Rejected
from tenuto.server.mcp.names import tool_name
from tenuto.server.mcp.offers import by_tool, offer_of

TAKEN_BY_MCP = re.compile(r"[A-Za-z0-9._-]{1,128}")


def flow(name: str, **more: object) -> Workflow:
    made = Workflow(name, **more)  # type: ignore[arg-type]
    made.node("nothing", condition="true")
    return made


@given(st.text(min_size=1, max_size=200))
def test_every_name_becomes_one_that_mcp_takes(name: str) -> None:
    assert TAKEN_BY_MCP.fullmatch(tool_name(name))


@given(st.from_regex(TAKEN_BY_MCP, fullmatch=True))
def test_a_name_that_mcp_takes_stays_as_it_is(name: str) -> None:
    assert tool_name(name) == name


def test_what_mcp_refuses_is_replaced() -> None:
    assert tool_name("weekly report / EU") == "weekly_report___EU"


def test_names_of_other_scripts_stay_apart() -> None:
    assert tool_name("报告") != tool_name("天气")


def test_two_workflows_of_one_tool_are_refused_with_both_names() -> None:
    with pytest.raises(Rejected, match=r"'a b' and 'a/b' would both be tool 'a_b'"):
        by_tool([offer_of(flow("a b")), offer_of(flow("a/b"))])


def test_a_workflow_cannot_stand_in_for_a_tool_of_sessions() -> None:
    with pytest.raises(Rejected, match="'session_approve' is there for all"):
        by_tool([offer_of(flow("session_approve"))])


def test_a_tool_says_what_its_workflow_says_of_itself() -> None:
    inputs = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$defs": {"a": {}}}

    told = offer_of(flow("a b", description="Does a and b.", inputs=inputs)).told()

    assert (told.name, told.title, told.description) == ("a_b", "a b", "Does a and b.")
    assert told.input_schema == {**inputs, "type": "object"}


def test_a_workflow_that_says_nothing_is_described_and_takes_any_object() -> None:
    told = offer_of(flow("plain")).told()

    assert told.description == "Run workflow 'plain'."
    assert told.input_schema == {"type": "object"}
