"""Claims, from what a model gives to what a report may say: numbered, judged, looked up.

What a model gives is taken as it comes. An id is `2.3`: the third claim of the second sub-question.
"""

from contextlib import closing
from typing import Any, Final

import tenuto
from tenuto.teams.research.quotes import Places
from tenuto.teams.research.schemas import Record

CLAIMS_PER_FINDING_MAX: Final = 12
"""More from one sub-question are cut: each one costs two tool calls to check."""

UNCHECKED: Final = "it was not checked"


def number(ctx: tenuto.Context, at: int, question: str, finding: Any) -> dict[str, Any]:
    """Return the finding on sub-question `at` with an id for each claim, each claim once.

    Claims without a text or a place to cite are dropped.
    """
    finding = finding if isinstance(finding, dict) else {}
    given = finding.get("claims")
    kept: dict[tuple[Any, ...], dict[str, Any]] = {}
    for claim in filter(_is_claim, given if isinstance(given, list) else ()):
        if len(kept) < CLAIMS_PER_FINDING_MAX:
            kept.setdefault(key_of(claim), {**claim, "id": f"{at}.{len(kept) + 1}"})
    return {
        "at": at,
        "question": question,
        "answered": bool(finding.get("answered", True)) and bool(kept),
        "claims": list(kept.values()),
        "missing_terms": _texts(finding.get("missing_terms")),
    }


def judge(
    ctx: tenuto.Context, finding: dict[str, Any], validations: list[Any], collection: str
) -> dict[str, Any]:
    """Return the finding with a verdict in each claim: `status`, `reason`, `evidence`.

    A claim without a verdict counts as not found: nobody stands for it. So does one whose quote
    does not stand where it is said to stand, whatever its verdict.
    """
    given = _verdicts_in(validations)
    with closing(Places(collection)) as places:
        claims = [_judged(claim, given.get(claim["id"], {}), places) for claim in finding["claims"]]
    return {**finding, "claims": claims}


def key_of(claim: Record) -> tuple[Any, ...]:
    """Return what makes two claims one."""
    cited = claim["citation"]
    return cited["file"], cited["first_line"], cited["last_line"], claim["text"]


def _judged(claim: Record, verdict: Record, places: Places) -> dict[str, Any]:
    status, reason = verdict.get("status", "not_found"), verdict.get("reason", UNCHECKED)
    evidence = [place for place in verdict.get("evidence") or () if not places.fault(place)]
    fault = places.fault(claim["citation"])
    if fault:
        status, reason, evidence = "not_found", fault, []
    return {**claim, "status": status, "reason": reason, "evidence": evidence}


def _verdicts_in(validations: list[Any]) -> dict[str, Record]:
    return {
        str(verdict["claim"]): verdict
        for validation in validations
        if isinstance(validation, dict)
        for verdict in validation.get("verdicts", ())
    }


def _is_claim(claim: Any) -> bool:
    cited = claim.get("citation") if isinstance(claim, dict) else None
    return (
        isinstance(cited, dict)
        and bool(claim.get("text"))
        and isinstance(cited.get("file"), str)
        and all(isinstance(cited.get(key), int) for key in ("first_line", "last_line"))
        and isinstance(cited.get("quote"), str)
    )


def _texts(value: Any) -> list[str]:
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []
