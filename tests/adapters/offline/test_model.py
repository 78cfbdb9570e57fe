"""The model as the runtime meets it: requests in, calls and answers out."""

import asyncio
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from tenuto.adapters.offline import OfflineModel
from tenuto.adapters.offline.contract import Citation, Claim, Validation, as_json
from tenuto.core.agent.messages import Delta, Message, ModelAnswer, ModelRequest, ToolResult
from tenuto.core.errors import Fatal
from tenuto.core.vocabulary import JsonObject
from tenuto.ports.model import StreamingModel
from tests.adapters.offline.conversation import (
    conversation,
    converse,
    lighthouses,
    request_of,
)


def asked(request: ModelRequest) -> ModelAnswer:
    return asyncio.run(OfflineModel().answer("", request))


def free(
    inputs: JsonObject, schema: JsonObject | None = None, instructions: str = ""
) -> ModelAnswer:
    request = request_of(None, inputs, messages=[])
    return asked(msgspec.structs.replace(request, output_schema=schema, instructions=instructions))


def test_research_searches_before_it_answers(tmp_path: Path) -> None:
    with closing(lighthouses(tmp_path)) as collection:
        data, calls = conversation("research", {"question": "How tall is Gannet Head?"}, collection)

    assert calls[0].tool == "search"
    assert isinstance(data, dict) and data["answered"]


def test_little_found_means_a_second_search_in_other_words(tmp_path: Path) -> None:
    with closing(lighthouses(tmp_path)) as collection:
        _, calls = conversation(
            "research", {"question": "What does a helipad at Gannet Head cost?"}, collection
        )

    assert [call.tool for call in calls] == ["search", "search"]
    assert "crown" in str(calls[1].arguments["query"])
    assert "Gannet Head" in str(calls[1].arguments["query"])


def test_a_sentence_that_announces_a_list_is_read_on(tmp_path: Path) -> None:
    with closing(lighthouses(tmp_path)) as collection:
        _, calls = conversation(
            "research",
            {"question": "Which list does the weekly visit of the warden follow?"},
            collection,
        )

    assert "read" in [call.tool for call in calls]


def test_tools_are_found_by_the_last_part_of_their_name() -> None:
    request = request_of("research", {"question": "Why?"}, messages=[])
    tools = tuple(msgspec.structs.replace(tool, name=f"docs.{tool.name}") for tool in request.tools)

    answer = asked(msgspec.structs.replace(request, tools=tools))

    assert [call.tool for call in answer.calls] == ["docs.search"]
    assert answer.finish == "tools"


def test_a_missing_tool_is_named() -> None:
    request = request_of("research", {"question": "Why?"}, messages=[])

    with pytest.raises(Fatal, match="needs a tool named 'search'"):
        asked(msgspec.structs.replace(request, tools=()))


def test_a_search_that_failed_ends_in_an_honest_finding() -> None:
    call = asked(request_of("research", {"question": "Why salt?"}, messages=[])).calls[0]
    result = ToolResult(id=call.id, tool=call.tool, error="the index is gone")
    messages = [
        Message(role="assistant", calls=(call,)),
        Message(role="tool", results=(result,)),
    ]

    answer = asked(request_of("research", {"question": "Why salt?"}, messages=messages, turn=9))

    assert answer.data == {
        "question": "Why salt?",
        "answered": False,
        "claims": [],
        "missing_terms": [],
    }


def test_an_unknown_task_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(Fatal, match=r"no task 'dream'.*plan, .*review and edit"):
        asked(request_of("dream", {}, messages=[]))


def test_inputs_that_do_not_fit_say_which_field() -> None:
    with pytest.raises(Fatal, match="question"):
        asked(request_of("plan", {"query": "?"}, messages=[]))


def claim(text: str, quote: str, line: int, file: str = "stations/fulmar-point.md") -> Claim:
    cited = Citation(file=file, first_line=line, last_line=line, quote=quote)
    return Claim(id="1", text=text, citation=cited)


STEPS = "There are 163 steps."


@pytest.mark.parametrize(
    ("made", "status", "reason"),
    [
        (claim(STEPS, STEPS, 11), "supported", "say so"),
        (claim("The tower has 163 steps.", STEPS, 11), "supported", "say so"),
        (claim("The tower has 99 steps.", STEPS, 11), "not_found", "other numbers"),
        (claim("There are not 163 steps.", STEPS, 11), "not_found", "reverse"),
        (claim("Whales sing at dawn.", STEPS, 11), "not_found", "something else"),
        (claim(STEPS, STEPS, 3), "not_found", "quote does not stand"),
        (claim(STEPS, STEPS, 999), "not_found", "beyond its end"),
        (claim(STEPS, STEPS, 1, "nowhere.md"), "not_found", "No file"),
        (claim(STEPS, "", 11), "not_found", "quote does not stand"),
    ],
)
def test_a_claim_is_held_against_the_lines_it_cites(
    tmp_path: Path, made: Claim, status: str, reason: str
) -> None:
    with closing(lighthouses(tmp_path)) as collection:
        data = converse("validate", {"claims": as_json([made])}, collection)

    (verdict,) = msgspec.convert(data, type=Validation).verdicts
    assert verdict.status == status
    assert reason in verdict.reason


def test_no_claims_need_no_tools() -> None:
    assert converse("validate", {"claims": []}) == {"verdicts": []}


def test_without_a_task_the_inputs_are_extracted_and_it_is_said_so() -> None:
    answer = free(
        {
            "question": "When does the ferry leave?",
            "text": "The harbour is old. The ferry leaves at nine. Bread is sold at the pier.",
        }
    )

    assert answer.text.startswith("The ferry leaves at nine.")
    assert "without a language model" in answer.text
    assert "Bread" not in answer.text


def test_where_no_question_is_asked_and_no_word_fits_the_text_is_given_from_its_beginning() -> None:
    answer = free({"text": "My parcel is broken. I am not happy."}, instructions="Say the wish.")

    assert answer.text.startswith("My parcel is broken. I am not happy.\n\n(Taken from")


def test_without_any_text_that_is_said() -> None:
    assert "no text that answers this" in free({"n": 3}).text


def test_a_choice_is_made_by_the_words_of_the_inputs() -> None:
    schema: JsonObject = {
        "type": "object",
        "properties": {
            "kind": {"enum": ["complaint", "refund", "praise"]},
            "summary": {"type": "string"},
            "order_id": {"type": "string"},
            "urgent": {"type": "boolean"},
            "count": {"type": "integer"},
            "points": {"type": "array", "items": {"type": "string"}},
        },
    }

    answer = free({"text": "I want a refund for my broken kettle.", "order_id": "o-17"}, schema)

    assert answer.data == {
        "kind": "refund",
        "summary": "I want a refund for my broken kettle.",
        "order_id": "o-17",
        "urgent": False,
        "count": 0,
        "points": ["I want a refund for my broken kettle."],
    }


def test_an_answer_comes_sentence_by_sentence_to_who_reads_along() -> None:
    text = "It rains in May. It rains in June."
    request = request_of(None, {"question": "When does it rain?", "text": text}, messages=[])

    async def main() -> list[Delta | ModelAnswer]:
        return [piece async for piece in OfflineModel().stream("any", request)]

    *pieces, answer = asyncio.run(main())

    assert isinstance(OfflineModel(), StreamingModel)
    assert answer == asked(request)
    texts = [piece.text for piece in pieces]
    assert "".join(texts) == answer.text
    assert len(texts) > 1
    assert texts[0].endswith(".")
