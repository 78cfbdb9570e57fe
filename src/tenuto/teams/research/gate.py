"""The gate: what a program checks in a draft. No agent can overrule it.

| check | passes when |
| --- | --- |
| `citations` | every statement is followed by a citation |
| `sources` | every cited place is one of a claim that was found in its source |
| `quotes` | every quoted span stands in a place that the draft cites, looked up in the index |
| `sub_questions` | every sub-question is answered, or is said to be unanswerable |
| `contradictions` | where sources disagree, both sides are cited |
| `length` | the texts are no longer than they may be |
| `evidence` | what was said to answer a sub-question stands in the documents |
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any, Final, NamedTuple

import tenuto
from tenuto.teams.research.drafts import (
    Section,
    blocks_of,
    citations_in,
    quotes_in,
    section_for,
    sections_of,
    texts_of,
    uncited_end,
    word_count,
)
from tenuto.teams.research.quotes import Places, holds, words_in
from tenuto.teams.research.report import claims_in
from tenuto.teams.research.schemas import Record

_LEFT_OUT: Final = re.compile(r"\[?(?:…|\.{3})\]?")
_SHOWN_CHARS_MAX: Final = 80
TOLD_SHARE_MIN: Final = 0.5
"""A block tells a claim when it cites its place and has this share of its longer words."""
LONG_WORD_CHARS: Final = 4


class Place(NamedTuple):
    """Lines that a claim, or evidence on one, stands on."""

    file: str
    first_line: int
    last_line: int


def check(
    ctx: tenuto.Context,
    parts: list[dict[str, Any]],
    draft: dict[str, Any],
    words_max: dict[str, int],
    collection: str,
) -> dict[str, Any]:
    """Return `faults`: each check that the draft does not pass, with what is wrong.

    A fault on missing evidence has the number of its sub-question as `at`."""
    places = places_of(claims_in(parts))
    faults = [
        *_citations(draft, parts),
        *_sources(draft, parts),
        *_sub_questions(draft, parts),
        *_contradictions(draft, parts),
        *_length(draft, words_max),
        *_evidence(parts),
    ]
    with closing(Places(collection)) as lines:
        faults += _quotes(draft, places, lines)
    for fault in faults:
        ctx.note("fault", fault)
    return {"faults": faults}


def places_of(claims: Sequence[Record]) -> list[Place]:
    """Return where the claims stand that were found, and the evidence on them."""
    return [
        Place(place["file"], place["first_line"], place["last_line"])
        for claim in claims
        if claim["status"] != "not_found"
        for place in (claim["citation"], *claim["evidence"])
    ]


def _fault(check: str, text: str, **more: int) -> dict[str, Any]:
    return {"check": check, "text": text, **more}


def _shown(text: str) -> str:
    text = " ".join(text.split())
    return f"“{text if len(text) <= _SHOWN_CHARS_MAX else text[: _SHOWN_CHARS_MAX - 1] + '…'}”"


def _usable(part: Record) -> list[Record]:
    return [claim for claim in part["claims"] if claim["status"] != "not_found"]


def is_answered(part: Record) -> bool:
    """Return whether a sub-question has an answer that stands in the documents.

    Without any claim of its own its claims were those of another part."""
    return bool(part["answered"]) and (bool(_usable(part)) or not part["claims"])


def _citations(draft: Record, parts: Sequence[Record]) -> Iterator[dict[str, Any]]:
    sections = sections_of(draft["findings"])
    # What cannot be answered is said without a source.
    exempt = [
        section
        for part in parts
        if not is_answered(part) or not part["claims"]
        if (section := section_for(part, sections)) is not None
    ]
    texts = [section.body for section in sections if section not in exempt]
    for text in texts:
        for end in filter(None, map(uncited_end, blocks_of(text))):
            yield _fault("citations", f"No citation follows {_shown(end)} in the findings.")
    spare = sum(not is_answered(part) for part in parts)
    ends = [end for end in map(uncited_end, blocks_of(draft["answer"])) if end]
    for end in ends[spare:]:
        yield _fault("citations", f"No citation follows {_shown(end)} in the short answer.")


def _sources(draft: Record, parts: Sequence[Record]) -> Iterator[dict[str, Any]]:
    claims = [claim for part in parts for claim in _usable(part)]
    places = places_of(claims)
    # A document may itself have brackets such as [10:45]; told word for word they cite nothing.
    said = [text for claim in claims for text in (claim["text"], claim["citation"]["quote"])]
    said += [place["quote"] for claim in claims for place in claim["evidence"]]
    strange: dict[str, None] = {}
    for text in texts_of(draft):
        for cited in citations_in(text):
            known = _places_at(cited.file, cited.line, places)
            if not known and not any(cited.text in words for words in said):
                strange[cited.text] = None
    for text in strange:
        yield _fault("sources", f"The text cites {text}, which none of the checked claims does.")


def _places_at(file: str, line: int, places: Sequence[Place]) -> list[Place]:
    return [p for p in places if p.file == file and p.first_line <= line <= p.last_line]


def _quotes(draft: Record, places: Sequence[Place], lines: Places) -> Iterator[dict[str, Any]]:
    cited = [
        place
        for text in texts_of(draft)
        for found in citations_in(text)
        for place in _places_at(found.file, found.line, places)
    ]
    texts = [lines.text(*place) or "" for place in dict.fromkeys(cited)]
    spans = [span for text in texts_of(draft) for span in quotes_in(text)]
    for span in dict.fromkeys(spans):
        pieces = [piece for piece in _LEFT_OUT.split(span) if words_in(piece).strip()]
        if not all(any(holds(text, piece) for text in texts) for piece in pieces):
            yield _fault(
                "quotes", f"{_shown(span)} stands in no place that the text cites, word for word."
            )


def _sub_questions(draft: Record, parts: Sequence[Record]) -> Iterator[dict[str, Any]]:
    sections = sections_of(draft["findings"])
    for part in parts:
        section = section_for(part, sections)
        name = f"sub-question {part['at']} ({part['question']})"
        if section is None or not words_in(section.body).strip():
            yield _fault("sub_questions", f"The findings say nothing on {name}.")
        elif _usable(part) and is_answered(part) and not _cites(section):
            yield _fault("sub_questions", f"The findings on {name} cite none of its claims.")


def _cites(section: Section) -> bool:
    return bool(citations_in(section.body))


def _contradictions(draft: Record, parts: Sequence[Record]) -> Iterator[dict[str, Any]]:
    cited = {(c.file, c.line) for text in texts_of(draft) for c in citations_in(text)}
    blocks = [block for text in texts_of(draft) for block in blocks_of(text)]
    for claim in claims_in(parts):
        against = [place for place in claim["evidence"] if place["relation"] == "disagrees"]
        if claim["status"] != "contradicted" or not against:
            continue
        if any(_tells(block, claim) for block in blocks) and not any(
            place["file"] == file and place["first_line"] <= line <= place["last_line"]
            for place in against
            for file, line in cited
        ):
            other = against[0]
            where = f"[{other['file']}:{other['first_line']}]"
            yield _fault(
                "contradictions",
                f"{_shown(claim['text'])} is told without the other side: {where} says "
                f"{_shown(other['quote'])}.",
            )


def _tells(block: str, claim: Record) -> bool:
    place = claim["citation"]
    if not any(
        c.file == place["file"] and place["first_line"] <= c.line <= place["last_line"]
        for c in citations_in(block)
    ):
        return False
    words = {word for word in words_in(claim["text"]).split() if len(word) >= LONG_WORD_CHARS}
    shared = words & set(words_in(block).split())
    return len(shared) >= TOLD_SHARE_MIN * max(len(words), 1)


def _length(draft: Record, words_max: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    for name, text in zip(("answer", "findings"), texts_of(draft), strict=True):
        count = word_count(text)
        if count > words_max[name]:
            yield _fault(
                "length", f"`{name}` has {count:,} words; {words_max[name]:,} are allowed."
            )


def _evidence(parts: Sequence[Record]) -> Iterator[dict[str, Any]]:
    for part in parts:
        if part["answered"] and part["claims"] and not _usable(part):
            reasons = "; ".join(
                f"{_shown(claim['text'])}: {claim['reason']}" for claim in part["claims"][:3]
            )
            yield _fault(
                "evidence",
                f"Nothing that was claimed on sub-question {part['at']} ({part['question']}) "
                f"stands in the documents. {reasons}.",
                at=part["at"],
            )
