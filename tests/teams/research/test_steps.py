"""The function nodes take what models give as it comes."""

from pathlib import Path
from typing import Any

import pytest

import tenuto
from tenuto.core.vocabulary import SessionId, TaskNo, effect_id
from tenuto.teams.research.steps import CLAIMS_PER_FINDING_MAX, collect, finish, index, judge


def context() -> tenuto.Context:
    session, task = SessionId("s"), TaskNo(1)
    return tenuto.Context(session, effect_id(session, task), task=task, node="n", attempt=1)


def claim(text: str = "Salt is wet.", **cited: Any) -> dict[str, Any]:
    citation = {"file": "a.md", "first_line": 1, "last_line": 1, "quote": text, **cited}
    return {"text": text, "citation": citation}


def finding(*claims: Any, **parts: Any) -> dict[str, Any]:
    return {"answered": True, "claims": list(claims), "missing_terms": [], **parts}


def folder_with(tmp_path: Path, text: str) -> Path:
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "a.md").write_text(text, encoding="utf-8")
    return folder


def test_indexing_twice_gives_the_same(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, "Salt is wet.")

    first = index(context(), "Is it?", str(folder))

    assert index(context(), "Is it?", str(folder)) == first
    assert (first["files"], first["passages"], first["problems"]) == (1, 1, [])


def test_what_could_not_be_read_is_returned_and_put_on_record(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, "Salt is wet.")
    (folder / "b.md").write_bytes(b"\0")
    ctx = context()

    found = index(ctx, "Is it?", str(folder))

    assert [problem["file"] for problem in found["problems"]] == ["b.md"]
    assert [note.kind for note in ctx.notes] == ["document_problem"]


@pytest.mark.parametrize(
    ("question", "text", "code"),
    [("  ", "Salt.", "question_missing"), ("Is it?", "", "documents_empty")],
)
def test_bad_input_is_one_fatal_error(tmp_path: Path, question: str, text: str, code: str) -> None:
    folder = folder_with(tmp_path, text)

    with pytest.raises(tenuto.Fatal) as caught:
        index(context(), question, str(folder))

    assert caught.value.code == code


def test_a_missing_folder_is_one_fatal_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(tenuto.Fatal, match=r"No documents at '.*nowhere'"):
        index(context(), "Is it?", str(tmp_path / "nowhere"))


def test_claims_get_ids_and_are_put_on_record_with_their_citations() -> None:
    ctx = context()

    found = collect(ctx, ["A?", "B?"], [finding(claim()), finding(claim("Sea is salt."))])

    assert [c["id"] for part in found["findings"] for c in part["claims"]] == ["1.1", "2.1"]
    assert [(note.kind, note.data) for note in ctx.notes][:2] == [
        ("claim", {"id": "1.1", "text": "Salt is wet."}),
        ("citation", {"claim": "1.1", **claim()["citation"]}),
    ]


def test_a_claim_found_twice_is_kept_once_and_answers_both() -> None:
    found = collect(context(), ["A?", "B?"], [finding(claim()), finding(claim())])["findings"]

    assert [len(part["claims"]) for part in found] == [1, 0]
    assert [part["answered"] for part in found] == [True, True]


def test_what_is_no_claim_is_dropped() -> None:
    broken = [
        None,
        "text",
        {"text": "no citation"},
        {"text": "", "citation": claim()["citation"]},
        claim(first_line="one"),
        claim(file=None),
    ]

    found = collect(context(), ["A?"], [finding(*broken)])["findings"]

    assert (found[0]["claims"], found[0]["answered"]) == ([], False)


def test_a_sub_question_whose_research_failed_is_kept_with_the_reason() -> None:
    found = collect(context(), ["A?"], [{"error": "model unavailable"}])["findings"]

    assert found == [
        {
            "question": "A?",
            "answered": False,
            "claims": [],
            "missing_terms": [],
            "error": "model unavailable",
        }
    ]


def test_claims_of_one_finding_are_bounded() -> None:
    many = [claim(f"Statement {n}.") for n in range(3 * CLAIMS_PER_FINDING_MAX)]

    found = collect(context(), ["A?"], [finding(*many)])["findings"]

    assert len(found[0]["claims"]) == CLAIMS_PER_FINDING_MAX


def test_a_claim_without_a_verdict_counts_as_not_found() -> None:
    findings = collect(context(), ["A?"], [finding(claim(), claim("Sea."))])["findings"]
    given = {"claim": "1.1", "status": "supported", "reason": "it stands there", "evidence": []}
    ctx = context()

    found = judge(ctx, findings, [{"verdicts": [given]}, {"error": "failed"}])

    assert [verdict["status"] for verdict in found["verdicts"]] == ["supported", "not_found"]
    assert [made["question"] for made in found["claims"]] == ["A?", "A?"]
    assert [note.kind for note in ctx.notes] == ["verdict", "verdict"]


def test_what_the_research_left_open_is_told_apart() -> None:
    left = finding(claim("Sea."), missing_terms=["brine"])
    findings = collect(context(), ["A?", "B?", "C?"], [finding(claim()), left, {}])["findings"]

    gaps = judge(context(), findings, [])["gaps"]

    assert [(gap["question"], gap["missing_terms"]) for gap in gaps] == [
        ("B?", ["brine"]),
        ("C?", []),
    ]
    assert all("claims" not in gap for gap in gaps)


def finished(output: str) -> dict[str, Any]:
    return finish(
        context(),
        given={"question": "Is salt wet?", "output": output},
        index={"files": 1, "passages": 1, "problems": []},
        judged={"claims": [], "verdicts": [], "gaps": []},
        synthesis={"answer": "Yes.", "findings": ""},
    )


def test_the_report_is_written_where_it_is_wanted_as_often_as_asked(tmp_path: Path) -> None:
    file = tmp_path / "reports" / "salt.md"

    first = finished(str(file))

    assert file.read_text(encoding="utf-8") == first["report"]
    assert finished(str(file)) == first
    assert list(file.parent.iterdir()) == [file]


def test_a_place_that_cannot_be_written_is_one_fatal_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")

    with pytest.raises(tenuto.Fatal, match="Name another file as `output`"):
        finished(str(tmp_path / "file" / "report.md"))
