"""Guards as data: what can be said, what is refused, and how a file says it."""

from typing import Any

import pytest

from tenuto import Agent, DefinitionError, Guard, PermissionRule, Workflow
from tenuto.adapters.json_schema import JsonSchemas
from tenuto.core.agent.guards import guards_at
from tenuto.core.workflow.model import decode_definition, encode_definition
from tenuto.core.workflow.read import read_workflow
from tenuto.core.workflow.schema import workflow_schema


def test_a_guard_without_borders_stands_at_those_that_are_usual_for_its_kind() -> None:
    assert Guard.pii().borders == ("input", "before_model", "after_tool")
    assert Guard.injection().borders == ("input", "after_tool", "handoff")
    assert Guard.injection(at=["output"]).borders == ("output",)


def test_who_restores_looks_at_what_comes_back() -> None:
    guard = Guard.pii(redact=True, restore="mail:send", at=["input"])

    assert guard.borders == ("input", "after_tool")


def test_equal_guards_are_asked_once() -> None:
    mine, other = Guard.pii(), Guard.pii(name="other")

    assert guards_at("input", (mine,), (Guard.pii(), other), ()) == (mine, other)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Guard.regex(deny="(?=x)", at=["output"]), "looks around or back"),
        (lambda: Guard.regex(deny=r"(a)\1", at=["output"]), "looks around or back"),
        (lambda: Guard.regex(deny="a++", at=["output"]), "looks around or back"),
        (lambda: Guard.regex(at=["output"]), "has no pattern"),
        (lambda: Guard.regex(deny="x", at=["output"], action="rewrite"), "cannot rewrite"),
        (lambda: Guard.length(at=["input"]), "bounds nothing"),
        (lambda: Guard.schema({}, at=[]), "stands nowhere"),
        (lambda: Guard.schema({}, at=["after_model"]), "holds a conversation against a schema"),
        (lambda: Guard.pii(restore="x"), "restores what it does not redact"),
        (lambda: Guard.pii(only=["name"]), "cannot be made: Invalid enum value 'name'"),
        (lambda: Guard.pii(at=["door"]), "cannot be made: Invalid enum value 'door'"),
        (lambda: Guard.pii(colour="red"), "unknown field `colour`"),
        (lambda: Guard.function("x:y", at=["output"], timeout_ms=0), "no time at all"),
        (lambda: Guard.function(lambda v, c: True, at=["output"]), "has no name by which"),
        (lambda: Agent("a", guards=[Guard(kind="length", at=("input",))]), "bounds nothing"),
        (lambda: Agent("a", guards=[Guard(kind="pii", fits={})]), "has fits, which only"),
        (lambda: Agent("a", guards=["pii"]), "which is no Guard"),
        (lambda: Workflow("w", guards=[{"kind": "pii"}]), "which is no Guard"),
    ],
)
def test_what_makes_no_sense_is_refused_when_it_is_made(make: Any, message: str) -> None:
    with pytest.raises(DefinitionError, match=message):
        make()


def test_an_escaped_backslash_before_a_digit_is_no_reference_back() -> None:
    assert Guard.regex(deny=r"\\1", at=["output"]).deny == (r"\\1",)


def written(*guards: Any, at_agent: bool = False) -> dict[str, Any]:
    data: dict[str, Any] = {
        "workflow": "w",
        "agents": {"clerk": {}},
        "graph": {"nodes": {"work": {"agent": "clerk"}}},
    }
    (data["agents"]["clerk"] if at_agent else data)["guards"] = list(guards)
    return data


@pytest.mark.parametrize("at_agent", [False, True])
def test_a_file_says_guards_of_workflows_and_agents(at_agent: bool) -> None:
    full = {"kind": "pii", "action": "rewrite", "at": ["input"], "restore": ["mail:*"]}
    data = written("injection", full, at_agent=at_agent)

    definition = read_workflow(data)

    found = definition.agents[0].guards if at_agent else definition.guards
    assert found == (Guard.injection(), Guard.pii(redact=True, at=["input"], restore=["mail:*"]))
    assert decode_definition(encode_definition(definition)) == definition
    assert JsonSchemas().fault(workflow_schema(), data) is None


def test_the_task_form_says_them_too() -> None:
    data: dict[str, Any] = {
        "id": "w",
        "tasks": [{"id": "a", "type": "function", "function_id": "x:y"}],
        "guards": ["secrets"],
    }

    assert read_workflow(data).guards == (Guard.secrets(),)


@pytest.mark.parametrize(
    ("guard", "message"),
    [
        ({"kind": "pii", "acton": "rewrite"}, "cannot have 'acton'"),
        ({"kind": "length", "at": ["input"]}, "bounds nothing"),
        ("regex", "has no pattern"),
        ({"kind": "nothing"}, "'kind' of guard 1 of agent 'clerk' cannot be 'nothing'"),
        (7, "must be an object of keys and values, found 7"),
    ],
)
def test_a_guard_in_a_file_that_is_not_understood_is_told_with_its_place(
    guard: Any, message: str
) -> None:
    with pytest.raises(DefinitionError) as caught:
        read_workflow(written(guard, at_agent=True))

    for problem in caught.value.problems:
        assert problem.path.startswith("agents.clerk.guards[0]")
    assert message in str(caught.value)


def test_a_definition_without_guards_is_what_it_was() -> None:
    definition = read_workflow(written())

    assert b"guards" not in encode_definition(definition)


def test_all_that_is_wrong_with_guards_and_rules_is_told_in_one_pass() -> None:
    data: Any = written({"kind": "secrets", "restore": ["x"]}, at_agent=True)
    agent = data["agents"]["clerk"]
    agent["guards"] += [{"kind": "length", "at": "output", "chars": 5}, None]
    agent["policy"] = [
        {"effect": "maybe"},
        {"effect": "ask", "quorum": 2, "assignees": ["ada"]},
        {"effect": "allow", "tools": ["x"], "assignees": ["ada"]},
        {"effect": "ask", "arguments": [{"path": "a", "at_least": 2, "at_most": 1}]},
        {"tools": ["x"]},
    ]
    data["limits"] = {"tokens": "lots", "usd": -1}

    with pytest.raises(DefinitionError) as caught:
        read_workflow(data)

    told = {(problem.path, problem.message) for problem in caught.value.problems}
    guards, policy = "agents.clerk.guards", "agents.clerk.policy"
    assert told >= {
        (f"{guards}[1].at", "'at' of guard 2 of agent 'clerk' must be a list, found text."),
        (f"{guards}[1].chars", "Guard 2 of agent 'clerk' cannot have 'chars'."),
        (f"{policy}[0].effect", "'effect' of rule 1 of agent 'clerk' cannot be 'maybe'."),
        (f"{policy}[4]", "'effect' is missing in rule 5 of agent 'clerk'."),
        ("limits.tokens", "'tokens' of the limits must be a whole number, found 'lots'."),
        ("limits.usd", "A budget of -1.0 usd makes no sense; give 0 or more."),
    }
    parts = {path for path, _ in told}
    assert {f"{guards}[0]", f"{guards}[2]", f"{policy}[1]", f"{policy}[2]", f"{policy}[3]"} <= parts


def test_a_rule_that_could_never_be_granted_is_refused_in_python_too() -> None:
    rule = PermissionRule(effect="ask", quorum=2, assignees=("ada",))

    with pytest.raises(DefinitionError, match="could never be granted"):
        Agent("clerk", policy=[rule])
