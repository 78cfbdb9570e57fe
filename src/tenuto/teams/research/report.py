"""The report: what the agents made, and what no agent is trusted with.

A model writes the answer and the findings. The rest is written here from the verdicts, so that it
is true whichever model was at work: what could not be verified, the sources, the counts.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from tenuto.teams.research.drafts import citations_in
from tenuto.teams.research.schemas import Record

FINDINGS: Final = "## Findings"
DOUBTS: Final = "## What could not be verified"
UNPASSED: Final = "## Checks that it did not pass"

VERIFIED: Final = (
    "Every claim above stands in the place that it cites, and nothing found in the collection "
    "says otherwise."
)
NOTHING: Final = "No claim was found that could be verified."


def render(
    *,
    question: str,
    draft: Record,
    parts: Sequence[Record],
    index: Record,
    history: Record,
) -> str:
    """Return the report as Markdown.

    Args:
        draft: `answer` and `findings` as Markdown, and `method`.
        parts: the sub-questions, each with its claims and their verdicts.
        index: what indexing did, with its problems.
        history: `faults` that the draft still has after `revisions`, and the `versions` there were.
    """
    claims = claims_in(parts)
    parts_of_it = [
        f"# {question}",
        "## Short answer",
        draft["answer"].strip(),
        FINDINGS,
        draft["findings"].strip() or "None.",
        DOUBTS,
        _doubts(gaps_in(parts), claims, index),
        *_unpassed(history),
        "## Sources",
        "\n".join(map(_source_line, sources_of(_told(claims, draft)))) or "None.",
        *_told_versions(history["versions"]),
        "---",
        draft.get("method") or "",
        _counted(claims, index, history),
    ]
    return "\n\n".join(filter(None, (part.strip() for part in parts_of_it))) + "\n"


def _unpassed(history: Record) -> list[str]:
    """Return the checks that the draft does not pass, said plainly."""
    faults = history["faults"]
    if not faults:
        return []
    count = history["revisions"]
    times = "once" if count == 1 else f"{count} times"
    head = (
        f"The report was sent back {times}, and does not pass these checks all the same:"
        if count
        else "The report does not pass these checks:"
    )
    lines = "\n".join(f"- `{fault['check']}`: {fault['text']}" for fault in faults)
    return [UNPASSED, f"{head}\n\n{lines}"]


def _told_versions(versions: Sequence[Record]) -> list[str]:
    """Return how the report came to be as it is, once it has changed."""
    if len(versions) < 2:
        return []
    lines: list[str] = []
    for version in versions:
        why = f"after “{version['because']}”" if version["because"] else "the first report"
        lines.append(f"{version['version']}. {why[:1].upper()}{why[1:]}: {version['change']}.")
        lines += [f"   - Not done: {text}" for text in version["declined"]]
    return ["## Versions", "\n".join(lines)]


def _counted(claims: Sequence[Record], index: Record, history: Record) -> str:
    counts = count_by_status(claims)
    passed = "" if history["faults"] else " The report passed every check"
    if passed:
        passed += f", on attempt {history['revisions'] + 1}." if history["revisions"] else "."
    return (
        f"{len(claims)} claims checked: {counts['supported']} supported, "
        f"{counts['contradicted']} contradicted, {counts['not_found']} not found."
        f"{passed} The collection has {index['files']} documents in {index['passages']} passages."
    )


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


def _told(claims: Iterable[Record], draft: Record) -> list[Record]:
    """Return the claims whose place the draft cites."""
    cited = {
        (found.file, found.line)
        for text in (draft["answer"], draft["findings"])
        for found in citations_in(text)
    }
    return [
        claim
        for claim in claims
        for place in [claim["citation"]]
        if any(
            file == place["file"] and place["first_line"] <= line <= place["last_line"]
            for file, line in cited
        )
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


def _doubts(gaps: Sequence[Record], claims: Sequence[Record], index: Record) -> str:
    lines = [
        *_disputes(claims),
        *(_unfound(claim) for claim in claims if claim["status"] == "not_found"),
        *(line for gap in gaps for line in _gap_lines(gap)),
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
