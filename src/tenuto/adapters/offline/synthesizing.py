"""The task `synthesize`: a short answer and the findings, in the documents' own sentences."""

from collections.abc import Mapping, Sequence
from typing import Final

from tenuto.adapters.offline.contract import (
    Claim,
    Evidence,
    Finding,
    Synthesis,
    SynthesizeInputs,
    Verdict,
)
from tenuto.adapters.offline.ranking import repeats
from tenuto.adapters.offline.words import content_stems

ANSWER_SENTENCES_MAX: Final = 4
SENTENCES_EACH_MAX: Final = 3
"""Of one part of the question."""
ANSWER_FLOOR: Final = 0.8
"""A sentence joins the short answer when it scores at least this share of the best one's."""

METHOD: Final = (
    "Made by extraction, without a language model: every sentence is taken from the documents as "
    "it stands, chosen by the words it shares with the question."
)

NO_ANSWER: Final = "The documents do not answer this question."


def synthesize(inputs: SynthesizeInputs) -> Synthesis:
    """Return the parts of the report. A claim that was not found in its source is left out."""
    verdicts = _verdicts(inputs)
    findings = [_checked(finding, verdicts) for finding in inputs.findings]
    return Synthesis(
        answer=_answer(inputs.question, findings, verdicts),
        findings="\n\n".join(_section(finding, verdicts) for finding in findings),
        method=METHOD,
    )


def _verdicts(inputs: SynthesizeInputs) -> dict[str, Verdict]:
    own = {
        claim.id: Verdict(
            claim=claim.id, status=claim.status, reason=claim.reason, evidence=claim.evidence
        )
        for finding in inputs.findings
        for claim in finding.claims
        if claim.status is not None
    }
    return {verdict.claim: verdict for verdict in inputs.verdicts} | own


def _checked(finding: Finding, verdicts: Mapping[str, Verdict]) -> Finding:
    kept = [claim for claim in finding.claims if _status(claim, verdicts) != "not_found"]
    return Finding(
        question=finding.question,
        # Without any claim to begin with, its claims were those of another finding.
        answered=finding.answered and (bool(kept) or not finding.claims),
        claims=kept,
        missing_terms=finding.missing_terms,
    )


def _status(claim: Claim, verdicts: Mapping[str, Verdict]) -> str:
    verdict = verdicts.get(claim.id)
    return verdict.status if verdict is not None else "unchecked"


def _answer(question: str, findings: Sequence[Finding], verdicts: Mapping[str, Verdict]) -> str:
    parts = [finding for finding in findings if finding.answered and finding.claims]
    if not parts:
        return NO_ANSWER
    if _is_compound(question, findings):
        return _told(
            _chosen(parts, verdicts, each=ANSWER_SENTENCES_MAX // len(parts) or 1), verdicts
        )
    # The first finding is on the question itself, the others are company.
    answer = _told(_chosen(parts[:1], verdicts, each=SENTENCES_EACH_MAX), verdicts)
    return answer if findings[0].answered else f"{NO_ANSWER} What comes closest: {answer}"


def _is_compound(question: str, findings: Sequence[Finding]) -> bool:
    """Return whether the first finding is on a part of the question rather than on all of it."""
    return not set(content_stems(question)) <= set(content_stems(findings[0].question))


def _chosen(
    findings: Sequence[Finding], verdicts: Mapping[str, Verdict], *, each: int
) -> list[Claim]:
    """Return the claims to tell. The other side of one that is told goes with it, not after it."""
    chosen: list[Claim] = []
    for finding in findings:
        fit = [claim for claim in finding.claims if claim.relevance >= ANSWER_FLOOR]
        best = sorted(fit, key=lambda claim: -claim.relevance)[:each]
        for claim in fit:
            told = any(_opposed(other, verdicts, claim) for other in chosen)
            if claim in best and not told and not _repeats(claim, chosen):
                chosen.append(claim)
    return chosen[:ANSWER_SENTENCES_MAX]


def _opposed(claim: Claim, verdicts: Mapping[str, Verdict], other: Claim) -> bool:
    """Return whether `other` is the side that stands against `claim`."""
    against = _against(claim, verdicts)
    return against is not None and against.quote == other.citation.quote


def _place(claim: Claim) -> tuple[str, int]:
    return claim.citation.file, claim.citation.first_line


def _told(claims: Sequence[Claim], verdicts: Mapping[str, Verdict]) -> str:
    """Return the claims as running text; neighbours of one place share its citation."""
    pieces: list[str] = []
    for at, claim in enumerate(claims):
        before = claims[at - 1] if at else None
        after = claims[at + 1] if at + 1 < len(claims) else None
        again = (
            before is not None and _place(before) == _place(claim) and before.label == claim.label
        )
        text = claim.text if again and not claim.columns else _text(claim)
        disputed = _disputed(claim, verdicts)
        cited = after is None or _place(after) != _place(claim) or bool(disputed)
        pieces.append(f"{_ended(text)} {_cited(claim)}{disputed}" if cited else _ended(text))
    return " ".join(pieces)


def _ended(text: str) -> str:
    """Return the text as a sentence: cells of a table often lack the stop."""
    text = text.rstrip(" :;,")
    return text if text.endswith((".", "!", "?", "”", '"', "`")) else f"{text}."


def _repeats(claim: Claim, chosen: Sequence[Claim]) -> bool:
    return any(repeats(claim.text, other.text) for other in chosen)


def _section(finding: Finding, verdicts: Mapping[str, Verdict]) -> str:
    title = f"### {finding.question}"
    if not finding.answered:
        return f"{title}\n\nNothing in the documents answers this."
    if not finding.claims:
        return f"{title}\n\nWhat answers this is told above."
    lines = [f"- {_shown(claim, verdicts, finding.claims)}" for claim in finding.claims]
    return "\n".join([title, "", *lines])


def _shown(claim: Claim, verdicts: Mapping[str, Verdict], beside: Sequence[Claim]) -> str:
    """Return the claim with what it is about, its place, and who says otherwise.

    The other side is quoted only where it does not stand beside it."""
    quoted = not any(_opposed(claim, verdicts, other) for other in beside)
    return f"{_text(claim)} {_cited(claim)}{_disputed(claim, verdicts, quoted=quoted)}"


def _cited(claim: Claim) -> str:
    return f"[{claim.citation.file}:{claim.citation.first_line}]"


def _disputed(claim: Claim, verdicts: Mapping[str, Verdict], *, quoted: bool = True) -> str:
    verdict = verdicts.get(claim.id)
    if verdict is None or verdict.status != "contradicted":
        return ""
    against = _against(claim, verdicts)
    if against is None:
        return f" (contradicted: {verdict.reason})"
    quote = f": “{against.quote}”" if quoted else ""
    return f" (contradicted by [{against.file}:{against.first_line}]{quote})"


def _against(claim: Claim, verdicts: Mapping[str, Verdict]) -> Evidence | None:
    verdict = verdicts.get(claim.id)
    found = verdict.evidence if verdict is not None else []
    return next((place for place in found if place.relation == "disagrees"), None)


def _text(claim: Claim) -> str:
    if claim.columns:
        pairs = zip(claim.columns.split(" — "), claim.text.split(" — "), strict=False)
        return (
            "; ".join(f"{column}: {cell}" if column != "…" else cell for column, cell in pairs)
            + "."
        )
    if claim.label and not claim.text.startswith(claim.label):
        return f"{claim.label}: {claim.text}"
    return claim.text
