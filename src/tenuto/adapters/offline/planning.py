"""The task `plan`: one question into two to five that can be looked up one by one.

Parts that stand in the question are separated first: sentences, clauses joined by `and`, sides of
a comparison, members of a list. A question with one part gets company: what its subject is, and
what is said of its key words, since the answer often stands under those.
"""

import re
from typing import Final

from tenuto.adapters.offline.contract import Plan, PlanInputs
from tenuto.adapters.offline.ranking import question_of
from tenuto.adapters.offline.words import MONTHS, content_stems, names_of, stem, words_of
from tenuto.ports.collections import IGNORED_WORDS

SUB_QUESTIONS_MAX: Final = 5

_ASKING: Final = r"(?:what|which|who|whom|whose|when|where|why|how)"
_AUXILIARY: Final = (
    r"(?:do|does|did|is|are|was|were|can|could|will|would|should|must|may|has|have|had)"
)
_SENTENCE: Final = re.compile(r"(?<=[?;])\s+|\s*[;\n]\s*")
_CLAUSE: Final = re.compile(
    rf"\s*,?\s+(?:and|or|but)\s+(?={_ASKING}\b)|\s*,\s+(?={_ASKING}\b)", re.I
)
_COMPARED: Final = (
    re.compile(
        r"\b(?:differences?|comparison)\s+(?:is there\s+)?between\s+(.+?)\s+and\s+(.+?)\s*\?*$",
        re.I,
    ),
    re.compile(r"\bcompare\s+(.+?)\s+(?:and|with|to|against)\s+(.+?)\s*[?.]*$", re.I),
    re.compile(rf"\bhow\s+{_AUXILIARY}\s+(.+?)\s+differ\s+from\s+(.+?)\s*\?*$", re.I),
)
_LISTED: Final = re.compile(
    r"^(what|which)\s+(is|are|was|were)\s+(the\s+)?([^,?]+(?:,\s+[^,?]+)*),?\s+and\s+(?:the\s+)?"
    r"([^,?]+?)\s+((?:of|for|in|at|on)\s+[^?]+)\?*$",
    re.I,
)
_VERB_PLACE: Final = re.compile(rf"\b{_AUXILIARY}\s+", re.I)
_PRONOUN: Final = re.compile(r"\b(it|its|they|their|them)\b", re.I)
_ARTICLES: Final = frozenset(("a", "an", "the", "every", "each"))
_DOING: Final = re.compile(r"\b(?:do|does|did|can|could|will|would|should|must|may)\b", re.I)


def plan(inputs: PlanInputs) -> Plan:
    """Return the sub-questions, most important first. The question's own words lead."""
    limit = max(1, min(inputs.max_sub_questions, SUB_QUESTIONS_MAX))
    question = " ".join(inputs.question.split())
    clauses = _with_subjects(_clauses(question))
    parts = [part for clause in clauses for part in _parts(clause)]
    if len(parts) == 1:
        parts += _company(parts[0])
    asked: dict[str, str] = {}
    for part in parts:
        # Two wordings with the same words that matter would find the same.
        asked.setdefault(" ".join(sorted(set(content_stems(part)))) + _kind(part), part)
    return Plan(sub_questions=list(asked.values())[:limit])


def subject_of(question: str) -> str:
    """Return the first name in the question, as it is written, or nothing."""
    names = names_of(question) - MONTHS
    run: list[str] = []
    for word in words_of(question):
        if stem(word) in names:
            run.append(word)
        elif run:
            break
    return " ".join(run)


def _clauses(question: str) -> list[str]:
    pieces = [piece for part in _SENTENCE.split(question) for piece in _CLAUSE.split(part)]
    return [_asked(piece) for piece in pieces if words_of(piece)]


def _asked(text: str) -> str:
    text = text.strip().rstrip("?.!,; ")
    return f"{text[:1].upper()}{text[1:]}?" if text else ""


def _with_subjects(clauses: list[str]) -> list[str]:
    """Put the subject of the first clause in the place of `it` in those that follow."""
    if not clauses:
        return []
    subject = subject_of(clauses[0])
    if not subject:
        return clauses

    def named(found: re.Match[str]) -> str:
        return f"{subject}'s" if found.group(1).lower() in ("its", "their") else subject

    return clauses[:1] + [
        clause if names_of(clause) else _PRONOUN.sub(named, clause, count=1)
        for clause in clauses[1:]
    ]


def _parts(clause: str) -> list[str]:
    for split in (_compared, _listed):
        parts = split(clause)
        if parts:
            return parts
    return [clause]


def _compared(clause: str) -> list[str]:
    for pattern in _COMPARED:
        found = pattern.search(clause)
        if found is not None:
            return [clause, *(f"What is said about {side}?" for side in found.groups())]
    return []


def _listed(clause: str) -> list[str]:
    found = _LISTED.match(clause)
    if found is None:
        return []
    word, verb, article, first, last, rest = found.groups()
    members = [*re.split(r",\s+(?:the\s+)?", first), last]
    # A long member is a clause of its own, and cutting it would change what is asked.
    if any(len(member.split()) > 4 for member in members):
        return []
    return [_asked(f"{word} {verb} {article or ''}{member} {rest}") for member in members]


def _company(clause: str) -> list[str]:
    more: list[str] = []
    subject = subject_of(clause)
    if subject and not re.match(
        rf"what (?:is|are|was|were) (?:the |a |an )?{re.escape(subject)}\?", clause, re.I
    ):
        more.append(f"What is {subject}?")
    phrase = _key_phrase(clause, subject)
    if phrase:
        more.append(f"What is said about {phrase}?")
    return more


def _key_phrase(clause: str, subject: str) -> str:
    """Return the longest run of words that carry meaning beside the subject, with its article.

    Without a grammar the verb cannot be told from the noun before it: after `does` a run is cut to
    its first two words, and a last word that ends like a participle is dropped."""
    weights = question_of(clause).weights
    skipped = {stem(word) for word in words_of(subject)}
    words = words_of(clause)
    runs: list[list[str]] = [[]]
    for at, word in enumerate(words):
        carries = weights.get(stem(word), 0.0) >= 1.0 and word.lower() not in IGNORED_WORDS
        if not carries or stem(word) in skipped:
            runs.append([])
            continue
        before = words[at - 1].lower() if at else ""
        if not runs[-1]:
            # `does Tenuto survive`: the verb alone is no topic.
            follows_subject = bool(_DOING.search(clause)) and bool(at) and stem(before) in skipped
            runs.append([""] if follows_subject else [before] if before in _ARTICLES else [])
        runs[-1].append(word)
    phrases = [_trimmed(run, clause) for run in runs]
    # A run with an article is surely a noun; of equals the first, since verbs come late.
    return max(phrases, key=_topicality)


def _topicality(phrase: str) -> tuple[bool, int]:
    words = phrase.split()
    return words[:1] != [] and words[0] in _ARTICLES, len(words)


def _trimmed(run: list[str], clause: str) -> str:
    if not run or not run[0]:
        return ""
    article = run[:1] if run[0] in _ARTICLES else []
    words = run[len(article) :]
    if _DOING.search(clause):
        words = words[:2]
    if words and words[-1].endswith("ed"):
        words = words[:-1]
    return " ".join(article + words) if words else ""


def _kind(question: str) -> str:
    """Return the asking word, so that `who` and `when` about the same stay two questions."""
    first = words_of(question)[:1]
    return f" {first[0].lower()}" if first else ""
