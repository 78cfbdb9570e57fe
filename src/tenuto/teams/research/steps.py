"""The nodes that are plain functions: before the agents, between them, and after."""

import os
from contextlib import closing
from pathlib import Path
from typing import Any

import tenuto
from tenuto.teams.research.claims import key_of
from tenuto.teams.research.refining import body_of, changed
from tenuto.teams.research.report import (
    claims_in,
    count_by_status,
    render,
    sources_of,
)
from tenuto.teams.research.schemas import Record


def index(ctx: tenuto.Context, question: str, documents: str) -> dict[str, Any]:
    """Return the collection's name and what indexing did; doing it again finds nothing to do.

    Raises:
        Fatal: there is no question, there are no documents, or they lie where sessions may not
            read.
    """
    if not question.strip():
        raise tenuto.Fatal("There is no question; give `question`.", code="question_missing")
    tenuto.check_folder(documents)
    name = tenuto.add_collection(documents)
    with closing(tenuto.open_collection(name)) as collection:
        report = collection.refresh()
    problems = [
        {"file": problem.file, "code": problem.code, "message": problem.message}
        for problem in report.problems
    ]
    if not report.passages:
        found = f" {len(problems)} files could not be read." if problems else ""
        raise tenuto.Fatal(
            f"No text to search at {documents!r}: there are no .md, .rst, .txt, .html, .pdf or "
            f".docx files with text.{found} Name another folder.",
            code="documents_empty",
        )
    for problem in problems:
        ctx.note("document_problem", problem)
    return {
        "collection": name,
        "files": report.files,
        "passages": report.passages,
        "problems": problems,
    }


def assign(ctx: tenuto.Context, sub_questions: list[str], most: int) -> dict[str, Any]:
    """Return the sub-questions as the first parts to do, numbered from 1; at most `most` of them.

    Raises:
        Fatal: the planner gave none.
    """
    asked = list(dict.fromkeys(text.strip() for text in sub_questions if text.strip()))[:most]
    if not asked:
        raise tenuto.Fatal("The planner gave no sub-question.", code="plan_empty")
    todo = [{"at": at, "question": text, "faults": []} for at, text in enumerate(asked, start=1)]
    return {"todo": todo}


def collect(
    ctx: tenuto.Context, todo: list[dict[str, Any]], results: list[Any], parts: list[Any]
) -> dict[str, Any]:
    """Return all parts in order, those that were done now in place of their former selves.

    Each claim is kept once, in the first part that has it, and those of now are put on record.
    """
    known = {part["at"]: part for part in parts}
    done = {asked["at"]: _part(asked, result) for asked, result in zip(todo, results, strict=True)}
    seen: set[Any] = set()
    merged: list[dict[str, Any]] = []
    for at, part in sorted({**known, **done}.items()):
        kept = [claim for claim in part["claims"] if key_of(claim) not in seen]
        seen.update(map(key_of, kept))
        merged.append({**part, "claims": kept})
        if at in done:
            _put_on_record(ctx, kept)
    return {"parts": merged, "todo": []}


def publish(
    ctx: tenuto.Context, given: dict[str, Any], index: dict[str, Any], so_far: dict[str, Any]
) -> dict[str, Any]:
    """Return the next version of the report, and write it to `given.output` unless that is empty.

    Writing it again writes the same.
    """
    versions, draft = so_far["versions"], so_far["draft"]
    version: dict[str, Any] = {
        "version": len(versions) + 1,
        "because": so_far["because"],
        "declined": so_far["declined"],
        "change": changed(versions[-1] if versions else None, draft),
        "answer": draft["answer"],
        "unpassed": so_far["faults"],
        "text": body_of(draft),
    }
    history = {
        "faults": so_far["faults"],
        "revisions": so_far["revision"],
        "versions": [*versions, version],
    }
    report = render(
        question=given["question"],
        draft=draft,
        parts=so_far["parts"],
        index=index,
        history=history,
    )
    if given["output"]:
        _write(Path(given["output"]), report)
        ctx.note("report", {"file": given["output"], "version": version["version"]})
    return {**version, "report": report}


def finish(
    ctx: tenuto.Context,
    versions: list[dict[str, Any]],
    parts: list[dict[str, Any]],
    preferences: dict[str, Any],
) -> dict[str, Any]:
    """Return the session's output: the last report, what it stands on, and how it came to be."""
    claims, last = claims_in(parts), versions[-1]
    told = ("version", "because", "change", "declined")
    return {
        "report": last["report"],
        "answer": last["answer"],
        "claims": claims,
        **count_by_status(claims),
        "sources": sources_of(claims),
        "unpassed": last["unpassed"],
        "versions": [{key: version[key] for key in told} for version in versions],
        "preferences": preferences,
    }


def _part(asked: Record, result: Any) -> dict[str, Any]:
    if isinstance(result, dict) and "error" not in result:
        return result
    error = result.get("error") if isinstance(result, dict) else result
    empty = {"answered": False, "claims": [], "missing_terms": []}
    return {"at": asked["at"], "question": asked["question"], **empty, "error": str(error)}


def _put_on_record(ctx: tenuto.Context, claims: list[dict[str, Any]]) -> None:
    for claim in claims:
        ctx.note("claim", {key: claim[key] for key in ("id", "text")})
        ctx.note("citation", {"claim": claim["id"], **claim["citation"]})
        verdict = {key: claim[key] for key in ("status", "reason", "evidence")}
        ctx.note("verdict", {"claim": claim["id"], **verdict})


def _write(path: Path, report: str) -> None:
    tenuto.check_folder(path)
    draft = path.with_name(f"{path.name}.{os.getpid()}.draft")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(report, encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        raise tenuto.Fatal(
            f"The report cannot be written to {str(path)!r}: {error.strerror}. "
            "Name another file as `output`.",
            code="report_not_written",
        ) from error
