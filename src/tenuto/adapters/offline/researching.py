"""The task `research`: search, search again in other words if little was found, take sentences.

The model keeps nothing between turns: what it did stands in the conversation it is given.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from tenuto.adapters.offline.contract import Citation, Claim, Finding, ResearchInputs
from tenuto.adapters.offline.planning import subject_of
from tenuto.adapters.offline.ranking import (
    MEASURES,
    Question,
    Ranked,
    asks_nature,
    in_reading_order,
    question_of,
    rank,
    take,
    tells_nature,
)
from tenuto.adapters.offline.sentences import Sentence, sentences_of
from tenuto.adapters.offline.words import SYNONYMS, stem
from tenuto.core.agent.messages import ModelRequest, ToolResult
from tenuto.core.vocabulary import JsonObject
from tenuto.ports.collections import Passage

CLAIMS_MAX: Final = 4
SEARCH_PASSAGES: Final = 8

ANSWERED_COVERAGE: Final = 0.5
"""Below this share of the question's weight, the best sentence is about something else."""

CONTENT_COVERAGE: Final = 0.75
"""From here on a second search in other words is not worth its turn."""

CLAIM_FLOOR: Final = 0.62
"""A claim scores at least this share of the best one's."""


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """A call that the model wants to make: the kind of tool, and its arguments."""

    tool: str
    arguments: JsonObject


def research(inputs: ResearchInputs, request: ModelRequest) -> list[Wish] | Finding:
    """Return the calls to make next, or what was found."""
    results = list(results_of(request))
    searches = [result for result in results if kind_of(result.tool) == "search"]
    if not searches:
        return [_search(inputs.question)]
    question = question_of(inputs.question)
    missing = _missing(searches[0])
    sentences = _sentences(results)
    ranked = rank(question, sentences)
    if len(searches) == 1:
        more = _in_other_words(question, inputs)
        weak = not ranked or ranked[0].coverage < CONTENT_COVERAGE
        follow = _what_follows(ranked)
        wishes = [*([_search(more)] if weak and more else []), *follow]
        if wishes and request.turn < 3 and len(results) == 1:
            return wishes
    return _finding(inputs.question, ranked, sentences, missing)


def results_of(request: ModelRequest) -> Iterator[ToolResult]:
    """Yield the results in the conversation, oldest first."""
    for message in request.messages:
        yield from message.results


def kind_of(tool: str) -> str:
    """Return the last part of a tool's name: `docs.search` searches."""
    return tool.replace("_", ".").rpartition(".")[2]


def passages_in(result: ToolResult) -> list[Passage]:
    """Return the passages of a `search` or `read` result; what is none is left out."""
    if not isinstance(result.value, dict):
        return []
    values = result.value.get("passages", [result.value])
    passages: list[Passage] = []
    for value in values if isinstance(values, list) else []:
        try:
            passages.append(msgspec.convert(value, type=Passage, strict=False))
        except msgspec.ValidationError:
            continue
    return passages


def claim_of(sentence: Sentence, *, relevance: float = 1.0) -> Claim:
    """Return the sentence as a claim that cites itself."""
    return Claim(
        text=sentence.text,
        citation=Citation(
            file=sentence.file,
            first_line=sentence.first_line,
            last_line=sentence.last_line,
            quote=sentence.quote,
        ),
        label=sentence.label,
        columns=sentence.columns,
        heading=sentence.heading,
        relevance=relevance,
    )


def _search(query: str) -> Wish:
    return Wish(tool="search", arguments={"query": query, "limit": SEARCH_PASSAGES})


def _in_other_words(question: Question, inputs: ResearchInputs) -> str:
    """Return a query of synonyms, with the names of both questions to stay on the subject."""
    others = [
        other for word in question.weights for other in sorted(SYNONYMS.get(word, frozenset()))
    ]
    subject = subject_of(inputs.question) or subject_of(inputs.main_question)
    return " ".join([*subject.split(), *others]) if others else ""


def _what_follows(ranked: Sequence[Ranked]) -> list[Wish]:
    """When the best sentence announces a list, read the lines below it."""
    if not ranked or not ranked[0].sentence.text.endswith(":"):
        return []
    sentence = ranked[0].sentence
    arguments: JsonObject = {
        "file": sentence.file,
        "first_line": sentence.first_line,
        "last_line": sentence.last_line + 20,
    }
    return [Wish(tool="read", arguments=arguments)]


def _sentences(results: Sequence[ToolResult]) -> list[Sentence]:
    """Return every sentence of every passage once, the first passage's first."""
    seen: dict[tuple[str, int, str], Sentence] = {}
    for result in results:
        for place, passage in enumerate(passages_in(result)):
            for sentence in sentences_of(passage, rank=place):
                seen.setdefault((sentence.file, sentence.first_line, sentence.text), sentence)
    return list(seen.values())


def _missing(search: ToolResult) -> list[str]:
    unmatched = search.value.get("unmatched", []) if isinstance(search.value, dict) else []
    words = unmatched if isinstance(unmatched, list) else []
    return [word for word in words if isinstance(word, str)]


def _finding(
    question: str, ranked: Sequence[Ranked], sentences: Sequence[Sentence], missing: Sequence[str]
) -> Finding:
    asked = question_of(question)
    if asks_nature(asked):
        # A name stands in many sentences; few of them say what it is.
        ranked = [found for found in ranked if tells_nature(asked, found.sentence)]
    answered = bool(ranked) and ranked[0].coverage >= ANSWERED_COVERAGE
    taken = take(ranked, limit=CLAIMS_MAX, floor=CLAIM_FLOOR) if answered else []
    order = {id(sentence): at for at, sentence in enumerate(sentences)}
    chosen = in_reading_order(
        taken,
        lambda found: (found.sentence.file, found.sentence.first_line),
        lambda found: order[id(found.sentence)],
    )
    best = max((found.score for found in taken), default=1.0)
    # A word that has synonyms may well be answered by them.
    unknown = [word for word in missing if stem(word) not in SYNONYMS and word not in MEASURES]
    return Finding(
        question=question,
        answered=answered,
        claims=[
            claim_of(found.sentence, relevance=round(found.score / best, 3)) for found in chosen
        ],
        missing_terms=unknown,
    )
