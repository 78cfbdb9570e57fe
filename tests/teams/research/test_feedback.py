"""After the report: feedback, versions, a deadline, preferences; with the offline model."""

import asyncio
from pathlib import Path
from typing import Any, Final

import pytest

import tenuto
from tenuto.adapters.memory import VolatileMemory
from tenuto.ports.memory import MemoryQuery
from tenuto.teams.research import team
from tests.adapters.offline.conversation import LIGHTHOUSES

QUESTION: Final = "How many nights do the batteries at Kittiwake Rock last?"


def inputs(**more: Any) -> dict[str, Any]:
    return {"question": QUESTION, "documents": str(LIGHTHOUSES), **more}


def refined(*feedback: Any, **more: Any) -> dict[str, Any]:
    """Return the output after this feedback, each given to the version before it."""

    async def main() -> dict[str, Any]:
        async with tenuto.open("memory://") as runtime:
            session = await runtime.start(team.workflow, inputs(**{"refine": True, **more}))
            for said in feedback:
                await session.signal("feedback", said)
            output = await session.result(30)
            assert isinstance(output, dict)
            return output

    return asyncio.run(main())


def test_a_session_that_is_not_asked_to_refine_ends_with_its_report() -> None:
    output: Any = tenuto.run(team.workflow, inputs(), timeout=30)

    assert [version["because"] for version in output["versions"]] == [""]
    assert output["preferences"] == {}


def test_two_feedbacks_and_done_make_three_versions() -> None:
    output = refined("shorter, and compare Gannet Head", "as bullet points", "done")

    assert [version["version"] for version in output["versions"]] == [1, 2, 3]
    assert "### What is said about Gannet Head?" in output["report"]
    assert output["answer"].startswith("- ")
    assert "2. After “shorter, and compare Gannet Head”: " in output["report"]
    assert output["unpassed"] == []


def test_shorter_is_shorter_and_still_tells_both_sides() -> None:
    long: Any = tenuto.run(team.workflow, inputs(), timeout=30)
    short = refined("shorter", "done")

    assert len(short["report"].split()) < 0.9 * len(long["report"].split())
    assert "10 nights" in short["answer"] and "18 nights" in short["answer"]


def test_what_is_emphasised_comes_into_the_short_answer() -> None:
    output = refined("focus on storms", "done")

    assert "storm" in output["answer"]
    assert "10 nights" in output["answer"]


def test_what_the_model_cannot_do_is_said_to_be_not_done() -> None:
    output = refined("in German and juggle three balls", "done")

    assert "- Not done: Writing in German" in output["report"]
    assert "juggle" in output["report"]
    assert output["preferences"] == {"language": "German"}


def test_feedback_that_is_no_text_changes_nothing() -> None:
    output = refined(17, {"wrong": True}, "", {"text": "done"})

    assert len(output["versions"]) == 1


def test_the_state_keeps_the_text_of_every_version(tmp_path: Path) -> None:
    async def main() -> tuple[Any, Any]:
        async with tenuto.open("memory://") as runtime:
            given = inputs(refine=True, output=str(tmp_path / "report.md"))
            session = await runtime.start(team.workflow, given)
            await session.wait_until_idle(30)
            first = (tmp_path / "report.md").read_text(encoding="utf-8")
            await session.signal("feedback", "shorter")
            await session.wait_until_idle(30)
            return first, (await session.state()).values["versions"]

    first, versions = asyncio.run(main())

    assert versions[0]["report"] == first
    assert versions[1]["report"] == (tmp_path / "report.md").read_text(encoding="utf-8") != first


@pytest.mark.slow
def test_a_wait_for_feedback_ends_with_its_deadline() -> None:
    output = refined(refine=False, feedback_wait="100ms")

    assert len(output["versions"]) == 1


def test_a_wait_for_feedback_says_until_when() -> None:
    async def main() -> int:
        async with tenuto.open("memory://") as runtime:
            session = await runtime.start(team.workflow, inputs(feedback_wait="2d"))
            await session.wait_until_idle(30)
            state = await session.state()
            return next(iter(state.due.values())) - state.updated_ms

    assert asyncio.run(main()) == 2 * 86_400_000


@pytest.mark.parametrize(
    "wrong",
    [
        {"feedback_wait": "soon"},
        {"refine": "yes"},
        {"max_revisions": 9},
        {"preferences": {"length": "tiny"}},
        {"preferences": {"lenght": "short"}},
    ],
)
def test_wishes_that_do_not_fit_are_refused_before_anything_starts(wrong: dict[str, Any]) -> None:
    with pytest.raises(tenuto.Rejected):
        tenuto.run(team.workflow, inputs(**wrong), timeout=30)


def test_what_a_reader_prefers_is_remembered_for_the_next_session_and_for_no_other_reader() -> None:
    async def main() -> tuple[list[Any], tuple[tenuto.MemoryItem, ...]]:
        async with tenuto.open("memory://") as runtime:
            outputs = []
            for user, said in (("ada", "as bullet points"), ("ada", ""), ("bob", "")):
                given = inputs(question="Who founded the trust?", refine=bool(said))
                session = await runtime.start(team.workflow, given, user=user)
                for feedback in (said, "done") if said else ():
                    await session.signal("feedback", feedback)
                outputs.append(await session.result(30))
            return outputs, await runtime.memory().list(past=True)

    (_, again, other), items = asyncio.run(main())

    assert again["preferences"] == {"format": "bullets"}
    assert again["answer"].startswith("- ")
    assert other["preferences"] == {}
    assert not other["answer"].startswith("- ")
    assert [item.text for item in items] == ["This reader wants reports with: format bullets."]


class Away(VolatileMemory):
    """A memory that can be neither read nor written."""

    async def items(self, query: MemoryQuery) -> tuple[tenuto.MemoryItem, ...]:
        raise tenuto.MemoryUnavailable("the disk is gone")


def test_a_memory_that_is_away_costs_nobody_the_report() -> None:
    output: Any = tenuto.run(team.workflow, inputs(), timeout=30, memory=Away())

    assert output["unpassed"] == []


def test_preferences_that_are_given_stand_over_those_that_are_remembered() -> None:
    first = refined("shorter", "as bullet points", "done")
    again: Any = tenuto.run(
        team.workflow,
        inputs(question="Who founded the trust?", preferences=first["preferences"]),
        timeout=30,
    )

    assert first["preferences"] == {"length": "short", "format": "bullets"}
    assert again["answer"].startswith("- ")
    assert len(again["answer"].splitlines()) <= 2
    assert again["preferences"] == first["preferences"]
