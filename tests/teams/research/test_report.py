"""The report says what was verified and what was not, whatever the models wrote."""

from typing import Any

from tenuto.teams.research.report import (
    NOTHING,
    VERIFIED,
    render,
    sources_of,
    strange_citations,
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


def gap(**parts: Any) -> Any:
    return {
        "question": "Is salt wet?",
        "answered": True,
        "missing_terms": [],
        **parts,
    }


def rendered(**parts: Any) -> str:
    return render(
        **{
            "question": "Is salt wet?",
            "synthesis": {"answer": "Yes. [a.md:3]", "findings": "", "method": "By hand."},
            "gaps": [],
            "claims": [claim()],
            "index": {"files": 2, "passages": 5, "problems": []},
            **parts,
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
    report = rendered(claims=[], synthesis={"answer": "Nothing.", "findings": ""})

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

    report = rendered(claims=sides)

    line = "- Contradicted: “Salt is wet.” [a.md:3], but “Salt is dry.” [b.md:3]"
    assert line in report
    assert report.count("- Contradicted") == 1


def test_a_claim_that_is_not_in_its_source_is_told_and_cites_nothing() -> None:
    report = rendered(claims=[claim(status="not_found", reason="the quote is not there")])

    assert "- Not found: “Salt is wet.” [a.md:3]: the quote is not there." in report
    assert "- `a.md`" not in report


def test_gaps_and_failures_of_the_research_are_told() -> None:
    report = rendered(
        gaps=[
            gap(answered=False, missing_terms=["brine", "lye"]),
            gap(question="Why?", answered=False, error="model unavailable"),
        ]
    )

    assert "- No answer found: Is salt wet?" in report
    assert "- No document has the word “brine”, “lye” of: Is salt wet?" in report
    assert "- Not looked up: Why? model unavailable" in report


def test_documents_that_could_not_be_read_are_told() -> None:
    problem = {"file": "x.md", "code": "binary", "message": "It holds zero bytes."}

    report = rendered(index={"files": 2, "passages": 5, "problems": [problem]})

    assert "- Document `x.md`: It holds zero bytes." in report


def test_a_source_that_a_model_made_up_is_told() -> None:
    synthesis = {"answer": "Yes [a.md:4], surely [made-up.md:7].", "findings": "See [x](http://y)"}

    report = rendered(synthesis=synthesis)

    assert "The text cites [made-up.md:7], which none of the checked claims does." in report
    assert VERIFIED not in report


def test_addresses_and_links_are_no_citations() -> None:
    assert strange_citations("[http://host:80] [see here](b.md) [note]", []) == []


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
