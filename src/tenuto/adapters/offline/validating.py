"""The task `validate`: each claim against the lines it cites, then against everything else.

First turn: read what each claim cites, and search for what else is said about it. Second turn:
judge. `supported` means that the cited lines say it and nothing found says otherwise; it does not
mean true.
"""

from collections.abc import Sequence
from typing import Final

from tenuto.adapters.offline.comparing import Comparison, Statement, compare
from tenuto.adapters.offline.contract import (
    Claim,
    Evidence,
    ValidateInputs,
    Validation,
    Verdict,
)
from tenuto.adapters.offline.researching import Wish, kind_of, passages_in, results_of
from tenuto.adapters.offline.sentences import Sentence, sentences_of
from tenuto.adapters.offline.words import (
    content_stems,
    is_negated,
    quantities,
    words_of,
)
from tenuto.core.agent.messages import ModelRequest, ToolResult

SEARCH_PASSAGES: Final = 6
EVIDENCE_MAX: Final = 4

PARAPHRASE_SHARE_MIN: Final = 0.6
"""A claim in other words shares at least this much of its stems with what it cites."""


def validate(inputs: ValidateInputs, request: ModelRequest) -> list[Wish] | Validation:
    """Return the calls to make next, or the verdicts in the order of the claims."""
    claims = inputs.claims
    results = list(results_of(request))
    if claims and not results:
        return [wish for claim in claims for wish in _wishes(claim)]
    reads = [result for result in results if kind_of(result.tool) == "read"]
    searches = [result for result in results if kind_of(result.tool) == "search"]
    return Validation(
        verdicts=[
            _verdict(claim, _nth(reads, at), _nth(searches, at)) for at, claim in enumerate(claims)
        ]
    )


def _wishes(claim: Claim) -> list[Wish]:
    cited = claim.citation
    return [
        Wish(
            tool="read",
            arguments={
                "file": cited.file,
                "first_line": cited.first_line,
                "last_line": cited.last_line,
            },
        ),
        Wish(tool="search", arguments={"query": _query(claim), "limit": SEARCH_PASSAGES}),
    ]


def _query(claim: Claim) -> str:
    about = claim.heading[-1] if claim.heading else ""
    return f"{claim.label} {claim.text} {about}".strip()


def _nth(results: Sequence[ToolResult], at: int) -> ToolResult | None:
    return results[at] if at < len(results) else None


def _verdict(claim: Claim, read: ToolResult | None, search: ToolResult | None) -> Verdict:
    lines = passages_in(read) if read is not None else []
    if not lines:
        why = (read.error if read is not None else None) or "the cited lines could not be read"
        return Verdict(claim=claim.id, status="not_found", reason=why)
    text = lines[0].text
    if not _holds(text, claim.citation.quote):
        return Verdict(
            claim=claim.id, status="not_found", reason="the quote does not stand in the cited lines"
        )
    unlike = _unlike(claim, text)
    if unlike:
        return Verdict(claim=claim.id, status="not_found", reason=unlike, evidence=[_source(claim)])
    others = _others(claim, search)
    against = [(sentence, found) for sentence, found in others if found.relation == "disagrees"]
    evidence = [_source(claim), *(_evidence(sentence, found) for sentence, found in others)]
    if against:
        sentence, found = against[0]
        reason = f"{sentence.file}:{sentence.first_line} says otherwise: {found.reason}"
        return Verdict(
            claim=claim.id, status="contradicted", reason=reason, evidence=evidence[:EVIDENCE_MAX]
        )
    places = len(evidence) - 1
    reason = "the cited lines say so" + (f", and {places} more agree" if places else "")
    return Verdict(
        claim=claim.id, status="supported", reason=reason, evidence=evidence[:EVIDENCE_MAX]
    )


def _flat(text: str) -> str:
    return f" {' '.join(words_of(text)).lower()} "


def _holds(text: str, quote: str) -> bool:
    return bool(words_of(quote)) and _flat(quote) in _flat(text)


def _unlike(claim: Claim, text: str) -> str:
    """Return why the cited lines do not say what the claim says, or nothing."""
    if _holds(text, claim.text):
        return ""
    stems, cited = set(content_stems(claim.text)), set(content_stems(text))
    if not stems or len(stems & cited) < PARAPHRASE_SHARE_MIN * len(stems):
        return "the cited lines are about something else"
    if not set(quantities(claim.text)) <= set(quantities(text)):
        return "the cited lines give other numbers"
    if is_negated(claim.text) != is_negated(claim.citation.quote):
        return "the cited lines say the reverse"
    return ""


def _others(claim: Claim, search: ToolResult | None) -> list[tuple[Sentence, Comparison]]:
    """Return what other places say about the claim, those that disagree first."""
    if claim.columns or (claim.label and claim.text.startswith(claim.label)):
        # A row of figures has no verb; what its numbers count cannot be told from the words.
        return []
    statement = Statement(text=claim.text, heading=claim.heading, label=claim.label)
    found: list[tuple[Sentence, Comparison]] = []
    for place, passage in enumerate(passages_in(search) if search is not None else []):
        for sentence in sentences_of(passage, rank=place):
            if sentence.kind in ("row", "code") or _is_cited(sentence, claim):
                continue
            other = Statement(text=sentence.text, heading=sentence.heading, label=sentence.label)
            comparison = compare(statement, other)
            if comparison.relation != "unrelated":
                found.append((sentence, comparison))
    found.sort(key=lambda pair: pair[1].relation != "disagrees")
    return found


def _is_cited(sentence: Sentence, claim: Claim) -> bool:
    same_file = sentence.file == claim.citation.file
    return same_file and _holds(claim.citation.quote, sentence.quote)


def _source(claim: Claim) -> Evidence:
    cited = claim.citation
    return Evidence(
        relation="source",
        file=cited.file,
        first_line=cited.first_line,
        last_line=cited.last_line,
        quote=cited.quote,
    )


def _evidence(sentence: Sentence, comparison: Comparison) -> Evidence:
    return Evidence(
        relation="disagrees" if comparison.relation == "disagrees" else "agrees",
        file=sentence.file,
        first_line=sentence.first_line,
        last_line=sentence.last_line,
        quote=sentence.quote,
    )
