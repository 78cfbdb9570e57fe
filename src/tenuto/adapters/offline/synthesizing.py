"""The task `synthesize`: a short answer and the findings, in the documents' own sentences."""

from collections.abc import Mapping, Sequence
from typing import Final

from tenuto.adapters.offline.contract import (
    Claim,
    Finding,
    Synthesis,
    SynthesizeInputs,
    Verdict,
)
from tenuto.adapters.offline.ranking import repeats
from tenuto.adapters.offline.telling import listed, opposed, running
from tenuto.adapters.offline.wishes import Wishes
from tenuto.adapters.offline.words import content_stems, words_of

METHOD: Final = (
    "Made by extraction, without a language model: every sentence is taken from the documents as "
    "it stands, chosen by the words it shares with the question."
)

NO_ANSWER: Final = "The documents do not answer this question."


def synthesize(inputs: SynthesizeInputs) -> Synthesis:
    """Return the parts of the report. A claim that was not found in its source is left out."""
    verdicts = _verdicts(inputs)
    wishes = Wishes(inputs)
    findings = [_checked(finding, verdicts, wishes) for finding in inputs.findings]
    language = f" It cannot write in {wishes.language}." if wishes.language else ""
    return Synthesis(
        answer=_answer(inputs.question, findings, verdicts, wishes),
        findings=_findings(findings, verdicts, wishes),
        method=METHOD + language,
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


def _checked(finding: Finding, verdicts: Mapping[str, Verdict], wishes: Wishes) -> Finding:
    kept = [claim for claim in finding.claims if _status(claim, verdicts) != "not_found"]
    return Finding(
        question=finding.question,
        # Without any claim to begin with, its claims were those of another finding.
        answered=finding.answered and (bool(kept) or not finding.claims),
        claims=wishes.kept(kept),
        missing_terms=finding.missing_terms,
    )


def _status(claim: Claim, verdicts: Mapping[str, Verdict]) -> str:
    verdict = verdicts.get(claim.id)
    return verdict.status if verdict is not None else "unchecked"


def _answer(
    question: str, findings: Sequence[Finding], verdicts: Mapping[str, Verdict], wishes: Wishes
) -> str:
    parts = [finding for finding in findings if finding.answered and finding.claims]
    if not parts:
        return NO_ANSWER
    asked_for = [finding for finding in parts if wishes.is_asked_for(finding)]
    own = [finding for finding in parts if finding not in asked_for] or parts
    measure = wishes.measure
    if _is_compound(question, findings):
        each = measure.sentences // len(own) or 1
        claims = _chosen(own, verdicts, each=each, wishes=wishes)
    else:
        # The first finding is on the question itself, the others are company.
        claims = _chosen(own[:1], verdicts, each=measure.each, wishes=wishes)
    claims = claims[: measure.sentences]
    claims += _others(_chosen(asked_for, verdicts, each=1, wishes=wishes), claims)
    seen = [claim for finding in parts for claim in finding.claims if wishes.is_emphasised(claim)]
    seen.sort(key=lambda claim: -claim.relevance)
    first = [claim for claim in claims if wishes.is_emphasised(claim)]
    # What answers the question stays in front of what is only emphasised.
    first = first or [*claims[:1], *_others(seen[:1], claims)]
    claims = [*first, *_others(claims, first)]
    answer = _within(claims, verdicts, wishes)
    return answer if findings[0].answered else f"{NO_ANSWER} What comes closest: {answer}"


def _others(claims: Sequence[Claim], told: Sequence[Claim]) -> list[Claim]:
    return [claim for claim in claims if claim not in told and not _repeats(claim, told)]


def _within(claims: Sequence[Claim], verdicts: Mapping[str, Verdict], wishes: Wishes) -> str:
    """Return as many of the claims as fit, at least the first."""
    tell = listed if wishes.format == "bullets" else running
    for count in range(len(claims), 1, -1):
        text = tell(claims[:count], verdicts)
        if len(words_of(text)) <= wishes.words_max.answer:
            return text
    return tell(claims[:1], verdicts)


def _findings(findings: Sequence[Finding], verdicts: Mapping[str, Verdict], wishes: Wishes) -> str:
    """Return the sections, what the reader emphasised first, with as many claims as fit."""
    ordered = sorted(findings, key=lambda found: not any(map(wishes.is_emphasised, found.claims)))
    most = max((len(finding.claims) for finding in findings), default=1)
    text = ""
    for count in range(min(most, wishes.measure.claims), 0, -1):
        text = "\n\n".join(
            _section(finding, verdicts, count=count, prose=wishes.format == "prose")
            for finding in ordered
        )
        if len(words_of(text)) <= wishes.words_max.findings:
            break
    return text or "\n\n".join(
        _section(finding, verdicts, count=1, prose=False) for finding in ordered
    )


def _section(finding: Finding, verdicts: Mapping[str, Verdict], *, count: int, prose: bool) -> str:
    title = f"### {finding.question}"
    if not finding.answered:
        return f"{title}\n\nNothing in the documents answers this."
    if not finding.claims:
        return f"{title}\n\nWhat answers this is told above."
    best = sorted(finding.claims, key=lambda claim: -claim.relevance)[:count]
    claims = [claim for claim in finding.claims if claim in best]
    return f"{title}\n\n{(running if prose else listed)(claims, verdicts)}"


def _is_compound(question: str, findings: Sequence[Finding]) -> bool:
    """Return whether the first finding is on a part of the question rather than on all of it."""
    return not set(content_stems(question)) <= set(content_stems(findings[0].question))


def _chosen(
    findings: Sequence[Finding], verdicts: Mapping[str, Verdict], *, each: int, wishes: Wishes
) -> list[Claim]:
    """Return the claims to tell. The other side of one that is told goes with it, not after it."""
    chosen: list[Claim] = []
    for finding in findings:
        fit = [claim for claim in finding.claims if claim.relevance >= wishes.measure.floor]
        best = sorted(fit, key=lambda claim: -claim.relevance)[:each]
        for claim in fit:
            told = any(opposed(other, verdicts, claim) for other in chosen)
            if claim in best and not told and not _repeats(claim, chosen):
                chosen.append(claim)
    return chosen


def _repeats(claim: Claim, chosen: Sequence[Claim]) -> bool:
    return any(repeats(claim.text, other.text) for other in chosen)
