"""Drafts by wish and after faults, and what the reviewer makes of them."""

from typing import Any

import msgspec

from tenuto.adapters.offline.contract import Review, Synthesis
from tests.adapters.offline.conversation import converse


def claim(number: int, text: str, **parts: Any) -> dict[str, Any]:
    cited = {"file": "a.md", "first_line": number, "last_line": number, "quote": text}
    made = {"id": f"1.{number}", "text": text, "citation": cited, "status": "supported"}
    return {**made, "relevance": 1 - number / 100, **parts}


SALT = [
    claim(1, "Salt is wet in the morning."),
    claim(2, "Salt keeps meat through the winter."),
    claim(3, "Salt costs a penny by the pound."),
]


def finding(*claims: Any, question: str = "What is salt?") -> dict[str, Any]:
    return {"question": question, "answered": True, "claims": list(claims)}


def drafted(*findings: Any, **wishes: Any) -> Synthesis:
    inputs = {"question": "What is salt?", "findings": list(findings) or [finding(*SALT)], **wishes}
    return msgspec.convert(converse("synthesize", inputs), type=Synthesis)


def test_a_short_draft_tells_one_thing_under_each_heading() -> None:
    made = drafted(preferences={"length": "short"})

    assert made.answer == "Salt is wet in the morning. [a.md:1]"
    assert made.findings.count("\n- ") == 1


def test_formats_are_bullets_or_prose_in_both_texts() -> None:
    bullets = drafted(preferences={"format": "bullets"})
    prose = drafted(preferences={"format": "prose"})

    assert bullets.answer.splitlines()[0] == "- Salt is wet in the morning. [a.md:1]"
    assert "\n- " not in prose.findings
    assert "Salt is wet in the morning. [a.md:1] Salt keeps" in prose.findings


def test_no_more_words_than_allowed_but_always_one_statement() -> None:
    made = drafted(words_max={"answer": 10, "findings": 14})

    assert made.answer == "Salt is wet in the morning. [a.md:1]"
    assert made.findings.count("\n- ") == 1


def test_what_is_emphasised_stands_with_the_answer_and_first_among_the_findings() -> None:
    tides = finding(claim(9, "Tides rise twice a day.", id="2.1"), question="What of tides?")

    made = drafted(finding(*SALT), tides, preferences={"emphasis": ["the tides"]})

    assert "Tides rise twice a day. [a.md:9]" in made.answer
    assert made.answer.startswith("Salt is wet")
    assert made.findings.startswith("### What of tides?")


def test_what_the_reader_asked_for_stands_in_the_answer() -> None:
    tides = finding(
        claim(9, "Tides rise twice a day.", id="2.1"), question="What is said about tides?"
    )

    made = drafted(finding(*SALT), tides, changes=["Add what is said about tides."])

    assert made.answer.endswith("Tides rise twice a day. [a.md:9]")


def test_what_is_to_go_goes_but_never_all_of_a_part() -> None:
    some = drafted(changes=["Leave out: meat"])
    every = drafted(changes=["Leave out: salt"])

    assert "meat" not in some.findings and "penny" in some.findings
    assert every.findings == "### What is salt?\n\n- Salt is wet in the morning. [a.md:1]"


def test_a_statement_that_a_check_named_is_left_out() -> None:
    fault = {"check": "citations", "text": "No citation follows “Salt keeps meat…” in the text."}

    assert "meat" not in drafted(faults=[fault]).findings


def test_a_language_that_it_cannot_write_is_said() -> None:
    assert "cannot write in German" in drafted(preferences={"language": "German"}).method


def reviewed(answer: str, **more: Any) -> Review:
    inputs = {
        "question": "What is salt?",
        "findings": [finding(*SALT)],
        "draft": {"answer": answer, "findings": ""},
        **more,
    }
    return msgspec.convert(converse("review", inputs), type=Review)


def test_an_answer_about_the_question_passes_and_another_does_not() -> None:
    assert reviewed("Salt is wet.").good
    assert reviewed("It costs a penny. [a.md:3]").good
    assert reviewed("The documents do not answer this question.").good
    assert not reviewed("Whales sing.").good


def test_an_answer_without_what_is_emphasised_does_not_pass_if_there_is_any() -> None:
    missing = reviewed("Salt is wet.", preferences={"emphasis": ["penny"]})

    assert "leaves out what the reader wants emphasised: penny" in missing.faults[0].text
    assert reviewed("Salt costs a penny.", preferences={"emphasis": ["penny"]}).good
    assert reviewed("Salt is wet.", preferences={"emphasis": ["whales"]}).good
