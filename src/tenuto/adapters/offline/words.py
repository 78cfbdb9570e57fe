"""Words, their stems, and what sets two statements apart: numbers, negations, opposites."""

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Final

from tenuto.ports.collections import IGNORED_WORDS

_WORD: Final = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_NUMBER: Final = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?(?![^\W_])")
_TOKEN: Final = re.compile(rf"{_NUMBER.pattern}|{_WORD.pattern}")

_ENDINGS: Final = (
    ("ational", "ate"), ("ization", "ize"), ("fulness", "ful"), ("iveness", "ive"),
    ("ations", "ate"), ("ation", "ate"), ("ements", ""), ("ement", ""), ("ments", ""),
    ("ment", ""), ("ness", ""), ("ings", ""), ("ing", ""), ("edly", ""), ("ied", "y"),
    ("ies", "y"), ("ed", ""), ("sses", "ss"), ("xes", "x"), ("ches", "ch"), ("shes", "sh"),
    ("ors", "or"), ("ers", "er"), ("ly", ""), ("s", ""),
)  # fmt: skip
"""Longest first. Lighter than Porter's: it only has to bring question and sentence together.

Source: M. F. Porter, "An algorithm for suffix stripping", 1980, for the idea."""

_STEM_CHARS_MIN: Final = 3

_IRREGULAR_FORMS: Final = """
built build  bought buy  broke break  broken break  cost cost  cut cut  fell fall  fallen fall
found find  gave give  given give  gone go  went go  grew grow  held hold  kept keep  knew know
known know  laid lay  led lead  left leave  lost lose  made make  met meet  paid pay  ran run
rose rise  said say  sent send  shown show  sold sell  stood stand  struck strike  swung swing
taken take  took take  told tell  torn tear  worn wear  written write  wrote write  feet foot
men man  women woman  lives live  died die  dying die  tied tie
"""
_IRREGULAR: Final = dict(
    zip(_IRREGULAR_FORMS.split()[::2], _IRREGULAR_FORMS.split()[1::2], strict=True)
)

_UNITS: Final = """
two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
seventeen eighteen nineteen twenty
"""
_TENS: Final = "thirty forty fifty sixty seventy eighty ninety"
_NUMBER_WORDS: Final = {
    **{word: value for value, word in enumerate(_UNITS.split(), start=2)},
    **{word: value * 10 for value, word in enumerate(_TENS.split(), start=3)},
}
"""`one` and `zero` are left out: they are pronoun and idiom more often than number."""

NEGATIONS: Final = frozenset(
    ("not", "no", "never", "nobody", "none", "nothing", "cannot", "neither", "nor", "without")
)

_OPPOSITE_PAIRS: Final = """
allowed forbidden  allow forbid  always never  accept reject  accepted rejected  add remove
automatic manual  begin end  best worst  cold hot  connected disconnected  cheap expensive
dark lit  day night  disable enable  disabled enabled  dry wet  early late  empty full
fail succeed  fast slow  first last  fixed flashing  high low  higher lower  increase decrease
indoor outdoor  inside outside  large small  largest smallest  left right  mandatory optional
maximum minimum  new old  north south  east west  northern southern  open closed
permitted forbidden  present absent  private public  raise lower  required optional
safe dangerous  silenced sounded
start stop  started stopped  strong weak  tallest shortest  weekly monthly  daily weekly
"""

_SYNONYM_GROUPS: Final = """
tall height high | deep depth | wide width | heavy weight weigh | fast speed quick quickly
old age built founded | far distance range | long length duration last | big large size
cost price pay bill expense crown dollar euro | begin start commence | end stop finish
crash kill killed restart recovery recover | fail failure fault break broken lost error
recover recovery restore resume restart | replace change renew swap | build construct founded
dark out off extinguished | forbid forbidden prohibited allowed permit | buy purchase order
fix repair mend solve | remove delete drop | show display print
often frequency every weekly daily | visit inspect round | person people who | work job task
car vehicle | boat ship vessel | tell report inform | automate automatic unmanned
reject refuse decline | money budget fund donation | power electricity energy
battery cell accumulator | lamp bulb light | warden keeper guard | year yearly annual
guarantee promise ensure
"""


_MONTH_NAMES: Final = """
january february march april may june july august september october november december
"""


@lru_cache(maxsize=1 << 14)
def stem(word: str) -> str:
    """Return the form of `word` under which its relatives are found."""
    word = word.lower().replace("’", "'")
    if word.endswith("'s"):
        word = word[:-2]
    word = word.replace("'", "")
    word = _IRREGULAR.get(word, word)
    if word.endswith("ss") or not word.isalpha():
        return word
    for ending, replacement in _ENDINGS:
        kept = len(word) - len(ending)
        if word.endswith(ending) and kept >= _STEM_CHARS_MIN:
            word = word[:kept] + replacement
            if len(word) > _STEM_CHARS_MIN and word[-1] == word[-2] and word[-1] not in "lsz":
                word = word[:-1]
            break
    if word.endswith("e") and len(word) > _STEM_CHARS_MIN:
        word = word[:-1]
    return word[:-1] + "i" if word.endswith("y") and len(word) > _STEM_CHARS_MIN else word


def _synonyms() -> dict[str, frozenset[str]]:
    groups: dict[str, set[str]] = {}
    for line in _SYNONYM_GROUPS.strip().split("\n"):
        for group in line.split("|"):
            stems = {stem(word) for word in group.split()}
            for word in stems:
                groups.setdefault(word, set()).update(stems - {word})
    return {word: frozenset(others) for word, others in groups.items()}


SYNONYMS: Final = _synonyms()
"""Stem to the stems that may stand for it: general English, a few dozen groups."""

MONTHS: Final = frozenset(stem(name) for name in _MONTH_NAMES.split())
"""As stems."""

_STEMMED: Final = [stem(word) for word in _OPPOSITE_PAIRS.split()]
OPPOSITES: Final = tuple(
    pair
    for left, right in zip(_STEMMED[::2], _STEMMED[1::2], strict=True)
    for pair in ((left, right), (right, left))
)
"""Stems that are opposites, each pair in both orders."""


def words_of(text: str) -> list[str]:
    """Return the words as they are written, in order."""
    return _WORD.findall(text)


def content_stems(text: str) -> list[str]:
    """Return the stems of the words that carry meaning, in order, with repetitions."""
    return [
        stem(word)
        for word in words_of(text)
        if word.lower().replace("'", "").replace("’", "") not in IGNORED_WORDS
    ]


def names_of(text: str) -> frozenset[str]:
    """Return the stems of names and codes: capitals within a sentence, and words with digits."""
    names: set[str] = set()
    for found in _WORD.finditer(text):
        word = found.group(0)
        before = text[: found.start()].rstrip(" \"'`*([").rstrip()
        begins = not before or before[-1] in ".!?:—|"
        coded = any(char.isdigit() for char in word) and any(char.isalpha() for char in word)
        shouted = len(word) > 1 and word.isupper()
        named = coded or shouted or (word[0].isupper() and not begins)
        if named and word.lower() not in IGNORED_WORDS:
            names.add(stem(word))
    return frozenset(names)


def is_negated(text: str) -> bool:
    """Return whether the statement says that something is not so."""
    return any(word.lower() in NEGATIONS or word.lower().endswith("n't") for word in words_of(text))


def quantities(text: str) -> Iterator[tuple[str, str]]:
    """Yield each number with the stem of what it counts: `18 nights` gives `("18", "night")`.

    A number that counts nothing that can be told (a year, the end of a sentence) is left out."""
    for found, following in pairwise(_TOKEN.finditer(text)):
        word, counted = found.group(0), following.group(0)
        value = str(_NUMBER_WORDS.get(word.lower(), ""))
        if _NUMBER.fullmatch(word):
            value = word.replace(",", "")
        between = text[found.end() : following.start()].strip()
        unit = stem(counted)
        if not value or between not in ("", "-", "%") or not counted.isalpha():
            continue
        if counted.lower() not in IGNORED_WORDS and unit not in MONTHS:
            yield value, unit
