"""The task `edit`: feedback in plain words into wishes, by patterns; what fits none is declined."""

import re
from typing import Final

import msgspec

from tenuto.adapters.offline.contract import Edit, EditInputs, Preferences
from tenuto.adapters.offline.wishes import LEAVE_OUT
from tenuto.adapters.offline.words import content_stems, words_of

_VERBS: Final = (
    r"(?:compare|add|include|mention|explain|focus|concentrate|emphasi[sz]e|stress|highlight|drop|"
    r"remove|omit|leave|skip|use|write|make|what|which|who|when|where|why|how|tell|in|shorter|"
    r"longer|more|less|with|without|as)"
)
_CLAUSE: Final = re.compile(
    rf"\s*[.;!\n]+\s*(?:and\s+)?|\s*,\s*(?:and\s+|but\s+)?|\s+(?:and|but)\s+(?={_VERBS}\b)", re.I
)
_SHORTER: Final = re.compile(
    r"\b(?:shorter|briefer|brief|short|concise|condensed?|tighter|too long|too wordy|less text|"
    r"fewer words)\b",
    re.I,
)
_LONGER: Final = re.compile(
    r"\b(?:longer|long|more detail(?:s|ed)?|in detail|in depth|too short|elaborate|expand)\b", re.I
)
_BULLETS: Final = re.compile(r"\b(?:bullets?|bullet points?|bulleted|as a list|lists?)\b", re.I)
_PROSE: Final = re.compile(r"\b(?:prose|paragraphs?|full sentences|running text)\b", re.I)
_NOT: Final = re.compile(r"\b(?:no|not|don'?t|never|without|instead of)\b", re.I)
_LANGUAGES: Final = (
    "Arabic|Chinese|Czech|Danish|Dutch|English|Finnish|French|German|Greek|Hindi|Italian|Japanese|"
    "Korean|Norwegian|Polish|Portuguese|Russian|Spanish|Swedish|Turkish|Ukrainian"
)
_LANGUAGE: Final = re.compile(rf"\b(?:in|into)\s+({_LANGUAGES})\b", re.I)
_FOCUS: Final = re.compile(
    r"\b(?:(?:focus|concentrate)\s+(?:more\s+)?on|emphasi[sz]e|stress|highlight|more\s+(?:about|on))"
    r"\s+(.+)",
    re.I,
)
_PAIR: Final = re.compile(r"\bcompare\s+(.+?)\s+(?:and|with|to|against)\s+(.+)", re.I)
_MORE: Final = re.compile(
    r"\b(?:compare|add|include|mention|cover|explain|what about|tell (?:me|us) about)\s+"
    r"(?:with\s+)?(.+)",
    re.I,
)
_LESS: Final = re.compile(r"\b(?:drop|remove|omit|skip|leave out|without)\s+(.+)", re.I)
_QUESTION: Final = re.compile(r"(?:what|which|who|whom|whose|when|where|why|how)\b", re.I)
_FINE: Final = re.compile(
    r"(?:thanks|thank you|great|perfect|good|fine|ok|okay|done|that'?s (?:all|it|fine)|"
    r"looks? good|nothing(?: else| more)?)(?:\s+(?:as it is|now|so far|very much))?",
    re.I,
)
_EDGES: Final = re.compile(r"^(?:please|also|and|something (?:about|on))\s+", re.I)


class _Wishes(msgspec.Struct):
    changes: list[str]
    questions: list[str]
    emphasis: list[str]
    declined: list[str]
    length: str = ""
    format: str = ""
    language: str = ""
    is_fine: bool = False


def edit(inputs: EditInputs) -> Edit:
    """Return what the feedback asks for."""
    wishes = _Wishes([], [], [], [])
    for clause in filter(words_of, _CLAUSE.split(inputs.feedback.strip())):
        if not _read(clause.strip(" ?"), wishes, inputs.preferences.length):
            wishes.declined.append(f"“{clause.strip()}”: the offline model does not understand it")
    known = {" ".join(words_of(question)).lower() for question in inputs.sub_questions}
    told = {
        name: getattr(wishes, name)
        for name in ("length", "format", "language", "emphasis")
        if getattr(wishes, name)
    }
    return Edit(
        done=wishes.is_fine and not (wishes.changes or wishes.declined),
        changes=wishes.changes,
        sub_questions=[q for q in wishes.questions if " ".join(words_of(q)).lower() not in known],
        preferences=Preferences(**told),
        declined=wishes.declined,
    )


def _read(clause: str, wishes: _Wishes, length: str) -> bool:
    """Read one clause; return whether it was understood."""
    if _FINE.fullmatch(clause):
        wishes.is_fine = True
        return True
    topic = _topic(clause, wishes)
    # A wish may say both: `shorter bullets on the ferry`.
    return _form(_without_topic(clause) if topic else clause, wishes, length) or topic


def _without_topic(clause: str) -> str:
    for pattern in (_FOCUS, _PAIR, _MORE, _LESS):
        found = pattern.search(clause)
        if found is not None:
            return clause[: found.start()]
    return ""


def _topic(clause: str, wishes: _Wishes) -> bool:
    found = _FOCUS.search(clause)
    if found is not None:
        topic = _trimmed(found.group(1))
        wishes.emphasis.append(topic)
        wishes.questions.append(f"What is said about {topic}?")
        wishes.changes.append(f"Put first what is said about {topic}.")
        return True
    if _QUESTION.match(clause) and not re.match(r"what about\b", clause, re.I):
        wishes.questions.append(f"{clause[:1].upper()}{clause[1:]}?")
        wishes.changes.append(f"Answer as well: {clause}?")
        return True
    found = _PAIR.search(clause)
    sides = [*found.groups()] if found else [m.group(1) for m in [_MORE.search(clause)] if m]
    if sides:
        names = [_trimmed(side) for side in sides]
        wishes.questions += [f"What is said about {name}?" for name in names]
        wishes.changes.append(f"Add what is said about {' and '.join(names)}.")
        return True
    found = _LESS.search(clause)
    if found is not None and not (_BULLETS.search(clause) or _PROSE.search(clause)):
        wishes.changes.append(f"{LEAVE_OUT}{_trimmed(found.group(1))}")
        return bool(content_stems(found.group(1)))
    return False


def _form(clause: str, wishes: _Wishes, length: str) -> bool:
    denied = bool(_NOT.search(clause))
    language = _LANGUAGE.search(clause)
    if language is not None:
        wishes.language = language.group(1).capitalize()
        wishes.declined.append(
            f"Writing in {wishes.language}: the offline model takes sentences as they stand"
        )
    step = _step(clause)
    if step and not denied:
        order = ("short", "normal", "long")
        at = order.index(length or "normal")
        wishes.length = order[min(max(at + step, 0), 2)]
        wishes.changes.append("Make it shorter." if step < 0 else "Make it longer.")
    bullets, prose = bool(_BULLETS.search(clause)), bool(_PROSE.search(clause))
    if bullets or prose:
        wishes.format = "bullets" if bullets != denied else "prose"
        wishes.changes.append(f"Write {wishes.format}.")
    return bool(language or (step and not denied) or bullets or prose)


def _step(clause: str) -> int:
    """Return -1 for shorter, 1 for longer; of `too short` and `too long` the contrary."""
    if re.search(r"\btoo short\b", clause, re.I):
        return 1
    if _SHORTER.search(clause):
        return -1
    return 1 if _LONGER.search(clause) else 0


def _trimmed(text: str) -> str:
    text = text.strip(" .?!,;:'\"")
    while _EDGES.match(text):
        text = _EDGES.sub("", text, count=1)
    return re.sub(r"\s+(?:as well|too|please|more)$", "", text, flags=re.I)
