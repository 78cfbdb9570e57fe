"""The whole team with a scripted language model in each role, over real documents."""

import asyncio
from pathlib import Path
from typing import Any, Final

import pytest

import tenuto
from tenuto.core.agent.messages import ModelRequest
from tenuto.teams.research import research_workflow
from tenuto.testing import MockLLM, calls

TEXT: Final = "# Salt\n\nSalt is wet in the morning.\nSalt is sold by the pound at Lorn.\n"
QUOTE: Final = "Salt is wet in the morning."


@pytest.fixture
def inputs(tmp_path: Path) -> dict[str, Any]:
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "salt.md").write_text(TEXT, encoding="utf-8")
    return {"question": "Is salt wet?", "documents": str(folder)}


def claim(line: int = 3, text: str = QUOTE, file: str = "salt.md") -> dict[str, Any]:
    cited = {"file": file, "first_line": line, "last_line": line, "quote": text}
    return {"text": text, "citation": cited}


def finding(*claims: Any) -> dict[str, Any]:
    return {"answered": True, "claims": list(claims)}


def approved(request: ModelRequest) -> dict[str, Any]:
    """Approve of every claim, whatever it says."""
    claims: Any = request.inputs["claims"]
    return {
        "verdicts": [{"claim": c["id"], "status": "supported", "reason": "surely"} for c in claims]
    }


def draft(answer: str, *, findings: str = "") -> dict[str, Any]:
    said = findings or f"### 1. Is salt wet?\n\n{answer}"
    return {"answer": answer, "findings": said}


WET: Final = draft("It is wet in the morning. [salt.md:3]")
PLAN: Final = {"sub_questions": ["Is salt wet?"]}
GOOD: Final = {"good": True, "faults": []}


def script(**more: Any) -> dict[str, Any]:
    """Return a script in which everything goes well, but for what `more` says."""
    return {
        "planner": [PLAN],
        "researcher": [finding(claim())],
        "validator": [approved],
        "synthesizer": [WET],
        "reviewer": [GOOD],
        **more,
    }


def researched(model: MockLLM, inputs: dict[str, Any]) -> dict[str, Any]:
    flow = research_workflow("mock:x")
    output = tenuto.run(flow, inputs, models={"mock": model}, timeout=30)
    assert isinstance(output, dict)
    return output


def asked(model: MockLLM, agent: str) -> list[ModelRequest]:
    return [request for request in model.requests if request.agent == agent]


def test_each_role_is_asked_once_when_all_goes_well(inputs: dict[str, Any]) -> None:
    model = MockLLM(script())

    output = researched(model, inputs)

    model.assert_used_up()
    assert output["answer"] == WET["answer"]
    assert (output["supported"], output["unpassed"]) == (1, [])
    assert "The report passed every check." in output["report"]


def test_every_role_is_told_its_job_and_the_shape_of_its_answer(inputs: dict[str, Any]) -> None:
    edit = {"done": True, "changes": []}
    model = MockLLM(script(editor=[edit]))

    async def main() -> None:
        async with tenuto.open("memory://", models={"mock": model}) as runtime:
            session = await runtime.start(research_workflow("mock:x"), {**inputs, "refine": True})
            await session.signal("feedback", "That is what I needed to know.")
            await session.result(30)

    asyncio.run(main())

    model.assert_used_up()
    for request in model.requests:
        assert len(request.instructions.split()) > 30, request.agent
        # Whatever the instructions name is in the inputs, in the answer, or a verdict.
        known = f"{request.output_schema} {dict(request.inputs)} 'contradicted'"
        for name in request.instructions.split("`")[1::2]:
            assert not name.isidentifier() or f"'{name}'" in known, (request.agent, name)


def test_the_researcher_uses_the_tools_on_the_collection(inputs: dict[str, Any]) -> None:
    def search(request: ModelRequest) -> Any:
        collection = request.inputs["collection"]
        return calls(("search", {"collection": collection, "query": "salt"}))

    def answer(request: ModelRequest) -> Any:
        found = request.messages[-1].results[0].value
        assert "Salt is wet" in str(found)
        return finding(claim())

    output = researched(MockLLM(script(researcher=[search, answer])), inputs)

    assert output["supported"] == 1


def test_an_invented_source_is_caught_though_validator_and_reviewer_approve_it(
    inputs: dict[str, Any],
) -> None:
    invented = claim(text="Salt is blue.", file="made-up.md")
    blue = draft("Salt is blue. [made-up.md:3]")
    model = MockLLM(
        script(
            researcher=[finding(invented)] * 3,
            validator=[approved] * 3,
            synthesizer=[blue] * 3,
            reviewer=[GOOD] * 3,
        )
    )

    output = researched(model, inputs)

    model.assert_used_up()
    assert (output["supported"], output["not_found"]) == (0, 1)
    assert {fault["check"] for fault in output["unpassed"]} == {"sources", "evidence"}
    assert "## Checks that it did not pass\n\nThe report was sent back 2 times" in output["report"]
    assert "The text cites [made-up.md:3], which none of the checked claims" in output["report"]
    assert "- `made-up.md`" not in output["report"]


def test_missing_evidence_is_researched_again_with_what_was_wrong(inputs: dict[str, Any]) -> None:
    invented = claim(text="Salt is wet.", file="made-up.md")
    honest = draft("The documents do not say.")
    model = MockLLM(
        script(
            researcher=[finding(invented), finding(claim())],
            validator=[approved] * 2,
            synthesizer=[honest, WET],
            reviewer=[GOOD] * 2,
        )
    )

    output = researched(model, inputs)

    model.assert_used_up()
    first, second = asked(model, "researcher")
    assert first.inputs["faults"] == []
    assert "there are no such lines" in str(second.inputs["faults"])
    assert (output["supported"], output["not_found"], output["unpassed"]) == (1, 0, [])
    assert "passed every check, on attempt 2" in output["report"]


def test_a_draft_with_faults_goes_back_to_its_author_with_all_of_them(
    inputs: dict[str, Any],
) -> None:
    uncited = draft("It is wet in the morning, as everybody knows.")
    dull = {"good": False, "faults": [{"text": "It is dull."}]}
    model = MockLLM(script(synthesizer=[uncited, WET], reviewer=[dull, GOOD]))

    output = researched(model, inputs)

    model.assert_used_up()
    second = asked(model, "synthesizer")[1]
    faults: Any = second.inputs["faults"]
    assert {fault["check"] for fault in faults} == {"citations", "sub_questions", "review"}
    assert second.inputs["draft"] == uncited
    assert output["unpassed"] == []


def test_a_draft_is_sent_back_as_often_as_the_session_says(inputs: dict[str, Any]) -> None:
    uncited = draft("It is wet in the morning, as everybody knows.")
    model = MockLLM(script(synthesizer=[uncited], reviewer=[GOOD]))

    output = researched(model, {**inputs, "max_revisions": 0})

    model.assert_used_up()
    assert "The report does not pass these checks:\n\n- `citations`: No" in output["report"]


def test_a_reviewer_that_fails_leaves_the_report_unreviewed_and_says_so(
    inputs: dict[str, Any],
) -> None:
    model = MockLLM(script(reviewer=[tenuto.Fatal("The reviewer is out.", code="out")]))

    output = researched(model, inputs)

    assert output["answer"] == WET["answer"]
    assert "- `unreviewed`: Nobody reviewed the report:" in output["report"]


def test_a_validator_that_fails_leaves_its_claims_unchecked_and_says_so(
    inputs: dict[str, Any],
) -> None:
    honest = draft("The documents do not say.")
    failed = tenuto.Fatal("The validator is out.", code="out")
    model = MockLLM(script(validator=[failed], synthesizer=[honest]))

    output = researched(model, {**inputs, "max_revisions": 0})

    assert output["not_found"] == 1
    assert "it was not checked" in output["report"]


def test_feedback_reaches_the_author_as_changes_and_the_next_session_as_preferences(
    inputs: dict[str, Any],
) -> None:
    edit = {
        "done": False,
        "changes": ["Say where it is sold."],
        "sub_questions": ["Where is salt sold?"],
        "preferences": {"length": "short", "language": "German"},
        "declined": ["A picture: the documents have none."],
    }
    sold = claim(4, "Salt is sold by the pound at Lorn.")
    second = draft(
        "Nass [salt.md:3], aus Lorn [salt.md:4].",
        findings="### 1. Nass?\n\nJa. [salt.md:3]\n\n### 2. Wo?\n\nIn Lorn. [salt.md:4]",
    )
    model = MockLLM(
        script(
            researcher=[finding(claim()), finding(sold)],
            validator=[approved] * 2,
            synthesizer=[WET, second],
            reviewer=[GOOD] * 2,
            editor=[edit],
        )
    )

    async def main() -> Any:
        async with tenuto.open("memory://", models={"mock": model}) as runtime:
            session = await runtime.start(research_workflow("mock:x"), {**inputs, "refine": True})
            await session.signal("feedback", "In German, shorter, and where is it sold?")
            await session.signal("feedback", "done")
            return await session.result(30)

    output = asyncio.run(main())

    model.assert_used_up()
    author = asked(model, "synthesizer")[1].inputs
    assert author["changes"] == ["Say where it is sold."]
    assert author["preferences"] == {"length": "short", "language": "German"}
    assert author["draft"] == WET
    assert asked(model, "editor")[0].inputs["sub_questions"] == ["Is salt wet?"]
    assert asked(model, "researcher")[1].inputs["question"] == "Where is salt sold?"
    assert output["preferences"] == {"length": "short", "language": "German"}
    assert [version["because"] for version in output["versions"]] == [
        "",
        "In German, shorter, and where is it sold?",
    ]
    assert "   - Not done: A picture: the documents have none." in output["report"]
    assert output["unpassed"] == []


def test_an_editor_that_fails_costs_nobody_the_report(inputs: dict[str, Any]) -> None:
    model = MockLLM(script(editor=[tenuto.Fatal("The editor is out.", code="out")]))

    async def main() -> Any:
        async with tenuto.open("memory://", models={"mock": model}) as runtime:
            session = await runtime.start(research_workflow("mock:x"), {**inputs, "refine": True})
            await session.signal("feedback", "Shorter, please.")
            await session.signal("feedback", "done")
            return await session.result(30)

    output = asyncio.run(main())

    assert output["answer"] == WET["answer"]
    assert len(output["versions"]) == 1
