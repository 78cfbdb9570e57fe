"""How claims are told: their words, their places, and who says otherwise."""

from collections.abc import Mapping, Sequence

from tenuto.adapters.offline.contract import Claim, Evidence, Verdict


def opposed(claim: Claim, verdicts: Mapping[str, Verdict], other: Claim) -> bool:
    """Return whether `other` is the side that stands against `claim`."""
    against = _against(claim, verdicts)
    return against is not None and against.quote == other.citation.quote


def running(claims: Sequence[Claim], verdicts: Mapping[str, Verdict]) -> str:
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


def listed(claims: Sequence[Claim], verdicts: Mapping[str, Verdict]) -> str:
    """Return the claims as a list. The other side is quoted only where it is no item itself."""
    lines: list[str] = []
    for claim in claims:
        quoted = not any(opposed(claim, verdicts, other) for other in claims)
        disputed = _disputed(claim, verdicts, quoted=quoted)
        lines.append(f"- {_text(claim)} {_cited(claim)}{disputed}")
    return "\n".join(lines)


def _place(claim: Claim) -> tuple[str, int]:
    return claim.citation.file, claim.citation.first_line


def _ended(text: str) -> str:
    """Return the text as a sentence: cells of a table often lack the stop."""
    text = text.rstrip(" :;,")
    return text if text.endswith((".", "!", "?", "”", '"', "`")) else f"{text}."


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
