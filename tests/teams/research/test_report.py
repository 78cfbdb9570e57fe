"""The report says what was verified and what was not, whatever the models wrote."""

from typing import Any

from tenuto.teams.research.report import (
    NOTHING,
    VERIFIED,
    render,
    sources_of,
)


def place(file: str = "a.md", first: int = 3, last: int = 4, quote: str = "Salt is wet.") -> Any:
    return {"file": file, "first_line": first, "last_line": last, "quote": quote}


def claim(id: str = "1.1", status: str = "supported", **parts: Any) -> Any:
    return {
        "id": id,
        "text": "Salt is wet.",
        "citation": place(),
        "status": status,
        "reason": "the cited lines say so",
        "evidence": [{"relation": "source", **place()}],
        **parts,
    }


def part(*claims: Any, **parts: Any) -> Any:
    return {
        "at": 1,
        "question": "Is salt wet?",
        "answered": True,
        "claims": list(claims),
        "missing_terms": [],
        **parts,
    }


def version(number: int = 1, **parts: Any) -> Any:
    return {"version": number, "because": "", "change": "9 words", "declined": [], **parts}


def rendered(*parts: Any, **more: Any) -> str:
    return render(
        **{
            "question": "Is salt wet?",
            "draft": {"answer": "Yes. [a.md:3]", "findings": "", "method": "By hand."},
            "parts": list(parts) or [part(claim())],
            "index": {"files": 2, "passages": 5, "problems": []},
            "history": {"faults": [], "revisions": 0, "versions": [version()]},
            **more,
        }
    )


def test_a_report_without_doubts_says_so_and_counts() -> None:
    report = rendered()

    assert report.startswith("# Is salt wet?\n\n## Short answer\n\nYes. [a.md:3]\n")
    assert VERIFIED in report
    assert "- `a.md`: lines 3–4" in report
    assert "1 claims checked: 1 supported, 0 contradicted, 0 not found." in report
    assert "By hand." in report


def test_a_report_without_claims_does_not_say_that_they_were_verified() -> None:
    report = rendered(part(), draft={"answer": "Nothing.", "findings": ""})

    assert NOTHING in report
    assert VERIFIED not in report


def test_a_contradiction_is_told_with_both_sides_once() -> None:
    other = place(file="b.md", quote="Salt is dry.")
    sides = [
        claim(status="contradicted", evidence=[{"relation": "disagrees", **other}]),
        claim(
            id="1.2",
            text="Salt is dry.",
            citation=other,
            status="contradicted",
            evidence=[{"relation": "disagrees", **place()}],
        ),
    ]

    report = rendered(part(*sides))

    line = "- Contradicted: “Salt is wet.” [a.md:3], but “Salt is dry.” [b.md:3]"
    assert line in report
    assert report.count("- Contradicted") == 1


def test_a_claim_that_is_not_in_its_source_is_told_and_cites_nothing() -> None:
    report = rendered(part(claim(status="not_found", reason="the quote is not there")))

    assert "- Not found: “Salt is wet.” [a.md:3]: the quote is not there." in report
    assert "- `a.md`" not in report


def test_gaps_and_failures_of_the_research_are_told() -> None:
    report = rendered(
        part(answered=False, missing_terms=["brine", "lye"]),
        part(question="Why?", answered=False, error="model unavailable"),
    )

    assert "- No answer found: Is salt wet?" in report
    assert "- No document has the word “brine”, “lye” of: Is salt wet?" in report
    assert "- Not looked up: Why? model unavailable" in report


def test_documents_that_could_not_be_read_are_told() -> None:
    problem = {"file": "x.md", "code": "binary", "message": "It holds zero bytes."}

    report = rendered(index={"files": 2, "passages": 5, "problems": [problem]})

    assert "- Document `x.md`: It holds zero bytes." in report


def test_only_sources_that_the_text_cites_are_listed() -> None:
    untold = claim(id="1.2", citation=place(file="b.md"))

    report = rendered(part(claim(), untold))

    assert "- `a.md`: lines 3–4" in report
    assert "- `b.md`" not in report


def test_checks_that_the_report_did_not_pass_are_told_plainly() -> None:
    faults = [{"check": "sources", "text": "The text cites [made-up.md:7], which none does."}]

    report = rendered(history={"faults": faults, "revisions": 2, "versions": [version()]})

    assert (
        "## Checks that it did not pass\n\nThe report was sent back 2 times, and does not pass "
        "these checks all the same:\n\n- `sources`: The text cites [made-up.md:7], which none does."
    ) in report
    assert "passed every check" not in report


def test_a_report_that_passed_says_so_and_on_which_attempt() -> None:
    again = rendered(history={"faults": [], "revisions": 1, "versions": [version()]})

    assert "The report passed every check." in rendered()
    assert "The report passed every check, on attempt 2." in again


def test_versions_are_told_once_there_are_several() -> None:
    second = version(2, because="shorter", change="9 → 4 words", declined=["French: no"])
    history = {"faults": [], "revisions": 0, "versions": [version(), second]}

    report = rendered(history=history)

    assert "1. The first report: 9 words.\n2. After “shorter”: 9 → 4 words." in report
    assert "   - Not done: French: no" in report
    assert "## Versions" not in rendered()


def test_sources_are_sorted_with_their_lines() -> None:
    claims = [
        claim(citation=place(file="b.md", first=9, last=9)),
        claim(citation=place(file="a.md", first=7, last=8)),
        claim(citation=place(file="a.md", first=1, last=1)),
        claim(citation=place(file="a.md", first=1, last=1)),
    ]

    assert sources_of(claims) == [
        {"file": "a.md", "lines": [[1, 1], [7, 8]]},
        {"file": "b.md", "lines": [[9, 9]]},
    ]
