"""Whether two questions may have one answer, told from their words alone.

An embedding tells what texts are about, not what they ask: a long question and its negation lie as
close together as two paraphrases. So before any distance counts, two texts must agree in their
marks, which are compared as they are. Marks are of two kinds:

- what turns an answer round: negations, opposites, numbers with their units, dates, names, question
  words, and whatever is quoted or looks like an identifier, in the order of the text;
- with `same_words`, every other word that is not known to say nothing, in the order of the text,
  without its ending and by one word for those that mean the same.

The second kind is for embedders that know nothing of meanings: to them a long question about cats
is one about dogs. Doubt counts as a difference: a miss costs one request, a wrong hit a wrong
answer.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from tenuto.core.agent.likeness_phrases import FILLERS, PHRASES
from tenuto.core.agent.likeness_words import (
    DATE_WORDS,
    FREE_WORDS,
    NEGATED_WORD,
    NEGATIONS,
    NUMBER_WORDS,
    OPPOSITES,
    QUESTION_WORDS,
    SYNONYMS,
    UNCOUNTED,
    UNITS,
)

CHARS_MAX: Final = 4_000
"""A longer text is like no other: what sets it apart would hardly be among a few words."""

_QUOTES: Final = str.maketrans("‘’‚‛“”„‟″′…–—‐‑", "''''\"\"\"\"\"'.----")
_VERBATIM: Final = re.compile(
    r"""
      ```.*?```  |  `[^`]+`  |  "[^"]*"  |  «[^»]*»
    | (?<!\w)'[^'\n]+'(?!\w)
    | \S+@\S+\w  |  \w+://\S+[\w/]
    | [\w.~-]*/[\w./~-]+  |  \w[\w-]*(?:[._#:]\w+)+  |  (?<![\w.])\.\w+  |  [#@$%]\w+
    | \w*(?:\d[^\W\d_]|[^\W\d_]\d|_)\w*
    | [^\W\d_]*[a-zäöüß][A-Z]\w*
    """,
    re.VERBOSE | re.DOTALL,
)
"""What is taken as it stands: code, quotations, addresses, paths, names of files and variables."""

_NUMBER: Final = r"[-+±<>≤≥=~]*\d+(?:[.,:/'-]\d+)*"
_TOKEN: Final = re.compile(
    rf"(?P<number>[$€£¥]?\s?{_NUMBER}\s?[%‰°$€£¥]?)|(?P<word>[^\W\d_]+(?:[-'][^\W\d_]+)*)"
    r"|(?P<end>[.!?\n:;]+)|(?P<sign>[^\w\s,.;:!?\"'()\[\]{}]+)"
)
_POSSESSIVE: Final = re.compile(r"'s?$")

_MARKED: Final = (
    ("!", NEGATIONS),
    ("#", NUMBER_WORDS),
    ("?", QUESTION_WORDS),
    ("@", DATE_WORDS),
)


def alike(one: str, other: str, *, same_words: bool = True) -> bool:
    """Return whether the texts agree in all their marks; one that has none is like no other."""
    first = marks_of(one, same_words=same_words)
    return first is not None and first == marks_of(other, same_words=same_words)


def marks_of(text: str, *, same_words: bool = True) -> str | None:
    """Return the marks of a text as one short text, the same for texts that may have one answer.

    None: it has no marks that could be compared, and is like no other text."""
    if len(text) > CHARS_MAX:
        return None
    marks = tuple(_marks(text, same_words=same_words))
    if not marks and (same_words or not text.strip()):
        return None
    return hashlib.sha256("\x1f".join(marks).encode("utf-8", "surrogatepass")).hexdigest()


def explained(text: str, *, same_words: bool = True) -> tuple[str, ...]:
    """Return the marks of a text as people can read them."""
    return tuple(_marks(text, same_words=same_words))


def _marks(text: str, *, same_words: bool) -> Iterator[str]:
    text = unicodedata.normalize("NFKC", text).translate(_QUOTES)
    begun, before = 0, ""
    for found in _VERBATIM.finditer(text):
        yield from _of_words(text[begun : found.start()], same_words, before=before)
        before = found[0]
        yield f"={_POSSESSIVE.sub('', before)}"
        begun = found.end()
    yield from _of_words(text[begun:], same_words, before=before)


def _of_words(text: str, same_words: bool, *, before: str) -> Iterator[str]:
    """Give the marks of a stretch between two that are taken as they stand, `before` the first."""
    names = _names_in(text, begins=not before)
    text = text.casefold()
    for pattern, instead in (*FILLERS, *PHRASES):
        text = pattern.sub(instead, text)
    after_number = before[-1:].isdecimal()
    for found in _TOKEN.finditer(text):
        if found["number"]:
            yield f"#{''.join(found['number'].split())}"
        elif found["sign"]:
            yield f"#{found['sign']}"
        elif found["word"]:
            word = _POSSESSIVE.sub("", found["word"])
            mark = _mark_of(word, after_number=after_number)
            if not mark and word in names:
                mark = f"N{word}"
            if not mark and same_words:
                mark = "" if word in FREE_WORDS else SYNONYMS.get(stem_of(word), stem_of(word))
            elif not mark:
                mark = _side_of(word)
            if mark:
                yield mark
        after_number = bool(found["number"])


def _mark_of(word: str, *, after_number: bool) -> str:
    """Return the mark of a word that counts under whatever rule, or nothing."""
    for known in (word, stem_of(word)):
        for sign, words in _MARKED:
            if known in words:
                return f"{sign}{words[known]}"
    if NEGATED_WORD.fullmatch(word):
        return f"!{stem_of(word)}"
    return f"#{UNITS[word]}" if after_number and word in UNITS else ""


def _side_of(word: str) -> str:
    """Return on which side of two opposites a word stands, or nothing."""
    side = OPPOSITES.get(word) or _ROOTS.get(root_of(word))
    return f"^{side}" if side else ""


def _names_in(text: str, *, begins: bool) -> frozenset[str]:
    """Return the words that are written as names: with a capital letter that no sentence asks for.

    A word in capitals is a name wherever it stands."""
    found: set[str] = set()
    at_start = begins
    for token in _TOKEN.finditer(text):
        word = token["word"]
        if word:
            word = _POSSESSIVE.sub("", word)
            capital = word[0].isupper() and word not in ("I", "I'm", "I'd", "I've", "I'll")
            if capital and (not at_start or (len(word) > 1 and word.isupper())):
                found.add(word.casefold())
            at_start = False
        elif token["end"]:
            at_start = True
    return frozenset(found)


def stem_of(word: str) -> str:
    """Return an English word without the ending of its plural, which verbs share.

    No other ending is taken off: a plan is no plane, and a train no training."""
    if word in UNCOUNTED or len(word) < 4 or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "xes", "ches", "shes", "zzes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") else word


def root_of(word: str) -> str:
    """Return an English word without any of its endings, to tell the side on which it stands."""
    word = stem_of(word)
    for ending in ("ing", "ed"):
        if len(word) > len(ending) + 2 and word.endswith(ending):
            word = word[: -len(ending)]
            break
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "aeioslz":
        return word[:-1]
    return word[:-1] if len(word) > 3 and word.endswith("e") else word


_ROOTS: Final = {root_of(word): side for word, side in OPPOSITES.items()}
