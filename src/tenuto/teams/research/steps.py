"""The nodes that are plain functions: before the agents, between them, and after."""

import os
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import tenuto
from tenuto.teams.research.report import Record, count_by_status, render, sources_of

CLAIMS_PER_FINDING_MAX: Final = 12
"""More from one sub-question are cut: each one costs two tool calls to check."""

UNCHECKED: Final = "it was not checked"


def index(ctx: tenuto.Context, question: str, documents: str) -> dict[str, Any]:
    """Return the collection's name and what indexing did; doing it again finds nothing to do.

    Raises:
        Fatal: there is no question, or there are no documents.
    """
    if not question.strip():
        raise tenuto.Fatal("There is no question; give `question`.", code="question_missing")
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


def collect(
    ctx: tenuto.Context, sub_questions: list[str], findings: list[Any]
) -> dict[str, list[Any]]:
    """Return the findings with an id for each claim, each claim once, and put all on record.

    What a model gives is taken as it comes: claims without a text or a place to cite are dropped.
    """
    seen: set[tuple[Any, ...]] = set()
    collected: list[dict[str, Any]] = []
    for at, (question, finding) in enumerate(zip(sub_questions, findings, strict=True), start=1):
        kept: list[dict[str, Any]] = []
        for claim in _claims_in(finding):
            cited = claim["citation"]
            key = (cited["file"], cited["first_line"], cited["last_line"], claim["text"])
            if key not in seen and len(kept) < CLAIMS_PER_FINDING_MAX:
                seen.add(key)
                kept.append({**claim, "id": f"{at}.{len(kept) + 1}"})
        for claim in kept:
            ctx.note("claim", {key: claim[key] for key in ("id", "text")})
            ctx.note("citation", {"claim": claim["id"], **claim["citation"]})
        collected.append(_collected(question, finding, kept))
    return {"findings": collected}


def judge(
    ctx: tenuto.Context, findings: list[dict[str, Any]], validations: list[Any]
) -> dict[str, list[dict[str, Any]]]:
    """Return all claims with their verdicts, the verdicts alone, and what the research left open.

    A claim without a verdict counts as not found: nobody stands for it."""
    given: dict[str, Record] = {}
    for validation in validations:
        if isinstance(validation, dict):
            given |= {str(verdict["claim"]): verdict for verdict in validation.get("verdicts", ())}
    claims: list[dict[str, Any]] = []
    verdicts: list[dict[str, Any]] = []
    for finding in findings:
        for claim in finding["claims"]:
            found = given.get(claim["id"], {})
            verdict = {
                "status": found.get("status", "not_found"),
                "reason": found.get("reason", UNCHECKED),
                "evidence": list(found.get("evidence", ())),
            }
            ctx.note("verdict", {"claim": claim["id"], **verdict})
            claims.append({**claim, "question": finding["question"], **verdict})
            verdicts.append({"claim": claim["id"], **verdict})
    return {"claims": claims, "verdicts": verdicts, "gaps": [*map(_gap, filter(_open, findings))]}


def finish(
    ctx: tenuto.Context,
    given: dict[str, Any],
    index: dict[str, Any],
    judged: dict[str, Any],
    synthesis: dict[str, Any],
) -> dict[str, Any]:
    """Return the session's output, and write the report to `given.output` unless that is empty.

    Writing it again writes the same.
    """
    claims = judged["claims"]
    report = render(
        question=given["question"],
        synthesis=synthesis,
        gaps=judged["gaps"],
        claims=claims,
        index=index,
    )
    if given["output"]:
        _write(Path(given["output"]), report)
        ctx.note("report", {"file": given["output"]})
    return {
        "report": report,
        "answer": synthesis["answer"],
        "claims": claims,
        **count_by_status(claims),
        "sources": sources_of(claims),
    }


def _open(finding: Record) -> bool:
    return not finding["answered"] or bool(finding["missing_terms"])


def _gap(finding: Record) -> dict[str, Any]:
    return {key: value for key, value in finding.items() if key != "claims"}


def _claims_in(finding: Any) -> list[dict[str, Any]]:
    claims = finding.get("claims") if isinstance(finding, dict) else None
    return [claim for claim in claims or () if _is_claim(claim)]


def _is_claim(claim: Any) -> bool:
    cited = claim.get("citation") if isinstance(claim, dict) else None
    return (
        isinstance(cited, dict)
        and bool(claim.get("text"))
        and isinstance(cited.get("file"), str)
        and all(isinstance(cited.get(key), int) for key in ("first_line", "last_line"))
        and isinstance(cited.get("quote"), str)
    )


def _collected(question: str, finding: Any, claims: list[dict[str, Any]]) -> dict[str, Any]:
    if not isinstance(finding, dict):
        finding = {}
    collected: dict[str, Any] = {
        "question": question,
        "answered": bool(finding.get("answered", claims)) and bool(_claims_in(finding)),
        "claims": claims,
        "missing_terms": list(finding.get("missing_terms") or ()),
    }
    if finding.get("error"):
        collected["error"] = str(finding["error"])
    return collected


def _write(path: Path, report: str) -> None:
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
