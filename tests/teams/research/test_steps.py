"""The function nodes take what models give as it comes."""

from pathlib import Path
from typing import Any

import pytest

import tenuto
from tenuto.core.vocabulary import SessionId, TaskNo, effect_id
from tenuto.teams.research.steps import assign, collect, index, publish


def context() -> tenuto.Context:
    session, task = SessionId("s"), TaskNo(1)
    return tenuto.Context(session, effect_id(session, task), task=task, node="n", attempt=1)


def claim(text: str = "Salt is wet.", **cited: Any) -> dict[str, Any]:
    citation = {"file": "a.md", "first_line": 1, "last_line": 1, "quote": text, **cited}
    return {"text": text, "citation": citation}


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


def part(at: int, *claims: Any, **more: Any) -> dict[str, Any]:
    judged = [
        {**made, "id": f"{at}.{n}", "status": "supported", "reason": "so", "evidence": []}
        for n, made in enumerate(claims, start=1)
    ]
    return {
        "at": at,
        "question": f"{at}?",
        "answered": bool(claims),
        "claims": judged,
        "missing_terms": [],
        **more,
    }


def todo(*numbers: int) -> list[dict[str, Any]]:
    return [{"at": at, "question": f"{at}?", "faults": []} for at in numbers]


def test_sub_questions_are_numbered_once_each_and_no_more_than_wanted() -> None:
    found = assign(context(), ["A?", " ", "A?", " B? ", "C?"], most=2)

    assert found["todo"] == [
        {"at": 1, "question": "A?", "faults": []},
        {"at": 2, "question": "B?", "faults": []},
    ]


def test_a_plan_without_questions_is_one_fatal_error() -> None:
    with pytest.raises(tenuto.Fatal, match="no sub-question"):
        assign(context(), [" "], most=4)


def test_claims_are_put_on_record_with_their_citations_and_verdicts() -> None:
    ctx = context()

    collect(ctx, todo(1), [part(1, claim())], parts=[])

    assert [(note.kind, note.data) for note in ctx.notes] == [
        ("claim", {"id": "1.1", "text": "Salt is wet."}),
        ("citation", {"claim": "1.1", **claim()["citation"]}),
        ("verdict", {"claim": "1.1", "status": "supported", "reason": "so", "evidence": []}),
    ]


def test_a_claim_found_twice_is_kept_once_and_answers_both() -> None:
    found = collect(context(), todo(1, 2), [part(1, claim()), part(2, claim())], parts=[])["parts"]

    assert [len(made["claims"]) for made in found] == [1, 0]
    assert [made["answered"] for made in found] == [True, True]


def test_a_part_that_is_done_again_takes_the_place_of_its_former_self() -> None:
    before = [part(1, claim()), part(2, claim("Sea is salt."))]
    ctx = context()

    found = collect(ctx, todo(1), [part(1, claim("Salt is dry."))], parts=before)["parts"]

    assert [made["claims"][0]["text"] for made in found] == ["Salt is dry.", "Sea is salt."]
    assert [note.data["text"] for note in ctx.notes if note.kind == "claim"] == ["Salt is dry."]


def test_a_sub_question_whose_session_failed_is_kept_with_the_reason() -> None:
    found = collect(context(), todo(1), [{"error": "model unavailable"}], parts=[])["parts"]

    assert found == [part(1, error="model unavailable")]


def published(output: str) -> dict[str, Any]:
    return publish(
        context(),
        given={"question": "Is salt wet?", "output": output},
        index={"files": 1, "passages": 1, "problems": []},
        so_far={
            "parts": [],
            "draft": {"answer": "Yes.", "findings": ""},
            "faults": [],
            "revision": 0,
            "versions": [],
            "because": "",
            "declined": [],
        },
    )


def test_the_report_is_written_where_it_is_wanted_as_often_as_asked(tmp_path: Path) -> None:
    file = tmp_path / "reports" / "salt.md"

    first = published(str(file))

    assert file.read_text(encoding="utf-8") == first["report"]
    assert published(str(file)) == first
    assert list(file.parent.iterdir()) == [file]


def test_a_place_that_cannot_be_written_is_one_fatal_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")

    with pytest.raises(tenuto.Fatal, match="Name another file as `output`"):
        published(str(tmp_path / "file" / "report.md"))
