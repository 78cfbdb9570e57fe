"""The report: what the agents made, and what no agent is trusted with.

A model writes the answer and the findings. The rest is written here from the verdicts, so that it
is true whichever model was at work: what could not be verified, the sources, the counts.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

Record = Mapping[str, Any]
"""JSON as it passes between the nodes."""

_CITATION: Final = re.compile(r"\[([^\[\]\n]+?):(\d+)(?:[-–](\d+))?\]")

VERIFIED: Final = (
    "Every claim above stands in the place that it cites, and nothing found in the collection "
    "says otherwise."
)
NOTHING: Final = "No claim was found that could be verified."


def render(
    *,
    question: str,
    synthesis: Record,
    gaps: Sequence[Record],
    claims: Sequence[Record],
    index: Record,
) -> str:
    """Return the report as Markdown.

    Args:
        synthesis: `answer` and `findings` as Markdown, and `method`.
        gaps: the sub-questions that were not answered, or have words that no document has.
        claims: all claims with their verdicts.
        index: what indexing did, with its problems.
    """
    counts = count_by_status(claims)
    parts = [
        f"# {question}",
        "## Short answer",
        synthesis["answer"].strip(),
        "## Findings",
        synthesis["findings"].strip() or "None.",
        "## What could not be verified",
        _doubts(synthesis, gaps, claims, index),
        "## Sources",
        "\n".join(_source_line(source) for source in sources_of(claims)) or "None.",
        "---",
        f"{synthesis.get('method') or ''}\n\n"
        f"{len(claims)} claims checked: {counts['supported']} supported, "
        f"{counts['contradicted']} contradicted, {counts['not_found']} not found. "
        f"The collection has {index['files']} documents in {index['passages']} passages.".strip(),
    ]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def claims_in(parts: Iterable[Record]) -> list[dict[str, Any]]:
    """Return the claims of all parts, each with the sub-question that it was found for."""
    return [{**claim, "question": part["question"]} for part in parts for claim in part["claims"]]


def gaps_in(parts: Iterable[Record]) -> list[dict[str, Any]]:
    """Return the parts that leave something open, without their claims."""
    return [
        {key: value for key, value in part.items() if key != "claims"}
        for part in parts
        if not part["answered"] or part["missing_terms"]
    ]


def count_by_status(claims: Iterable[Record]) -> dict[str, int]:
    """Return how many claims have each status."""
    counts = {"supported": 0, "contradicted": 0, "not_found": 0}
    for claim in claims:
        counts[claim["status"]] += 1
    return counts


def sources_of(claims: Iterable[Record]) -> list[dict[str, Any]]:
    """Return each cited file with its cited lines, by name; what was not found cites none."""
    lines: dict[str, set[tuple[int, int]]] = {}
    for claim in claims:
        if claim["status"] != "not_found":
            cited = claim["citation"]
            spans = lines.setdefault(cited["file"], set())
            spans.add((cited["first_line"], cited["last_line"]))
    return [
        {"file": file, "lines": [list(span) for span in sorted(spans)]}
        for file, spans in sorted(lines.items())
    ]


def strange_citations(text: str, claims: Iterable[Record]) -> list[str]:
    """Return the citations in `text` that no checked claim has: a model may make up a source."""
    known = [
        (place["file"], place["first_line"], place["last_line"])
        for claim in claims
        for place in [claim["citation"], *claim["evidence"]]
        if claim["status"] != "not_found"
    ]
    strange: dict[str, None] = {}
    for found in _CITATION.finditer(text):
        file, first = found.group(1), int(found.group(2))
        if "://" in file or file.startswith("//"):
            continue
        if not any(file == name and low <= first <= high for name, low, high in known):
            strange[found.group(0)] = None
    return list(strange)


def _doubts(
    synthesis: Record, gaps: Sequence[Record], claims: Sequence[Record], index: Record
) -> str:
    lines = [
        *_disputes(claims),
        *(_unfound(claim) for claim in claims if claim["status"] == "not_found"),
        *(line for gap in gaps for line in _gap_lines(gap)),
        *(
            f"- The text cites {place}, which none of the checked claims does."
            for place in strange_citations(
                f"{synthesis['answer']}\n{synthesis['findings']}", claims
            )
        ),
        *(
            f"- Document `{problem['file']}`: {problem['message']}"
            for problem in index.get("problems", ())
        ),
    ]
    if lines:
        return "\n".join(lines)
    return VERIFIED if claims else NOTHING


def _disputes(claims: Sequence[Record]) -> Iterable[str]:
    """Yield each dispute once, though both of its sides may be claims."""
    told: set[frozenset[str]] = set()
    for claim in claims:
        if claim["status"] != "contradicted":
            continue
        against = [found for found in claim["evidence"] if found["relation"] == "disagrees"]
        sides = frozenset((claim["citation"]["quote"], *(found["quote"] for found in against)))
        if sides in told:
            continue
        told.add(sides)
        others = "; ".join(f"“{found['quote']}” {_place(found)}" for found in against)
        said = others or claim["reason"]
        yield f"- Contradicted: “{claim['text']}” {_place(claim['citation'])}, but {said}"


def _unfound(claim: Record) -> str:
    return f"- Not found: “{claim['text']}” {_place(claim['citation'])}: {claim['reason']}."


def _gap_lines(gap: Record) -> Iterable[str]:
    if gap.get("error"):
        yield f"- Not looked up: {gap['question']} {gap['error']}"
        return
    if not gap["answered"]:
        yield f"- No answer found: {gap['question']}"
    if gap.get("missing_terms"):
        words = ", ".join(f"“{word}”" for word in gap["missing_terms"])
        yield f"- No document has the word {words} of: {gap['question']}"


def _place(place: Record) -> str:
    return f"[{place['file']}:{place['first_line']}]"


def _source_line(source: Record) -> str:
    spans = ", ".join(
        str(first) if first == last else f"{first}–{last}" for first, last in source["lines"]
    )
    many = len(source["lines"]) > 1 or "–" in spans
    return f"- `{source['file']}`: {'lines' if many else 'line'} {spans}"
