"""Turns of phrase that `likeness` rewrites before it looks at words. For text in small letters."""

import re
from typing import Final

_ASKED: Final = (
    r"(?:know|tell (?:me|us)|show (?:me|us)|explain(?: to (?:me|us))?|describe(?: to (?:me|us))?"
    r"|give (?:me|us)|help (?:me|us)(?: to| with)?|let (?:me|us) know|say|list|find out)"
)
_YOU: Final = r"(?:can|could|would|will) (?:you|anyone|someone|somebody)"
_BEST: Final = r"(?:best |right |easiest |correct )?"
_HOW: Final = (
    r"\bhow (?:(?:can|could|do|would|should|might|shall|to)\b)"
    r"(?: (?:i|we|you|one|people|someone)\b)?(?: go about)?"
)

FILLERS: Final = tuple(
    (re.compile(pattern), instead)
    for pattern, instead in (
        (
            r"^\s*(?:hi|hello|hey|dear all|good (?:morning|day|evening))(?: there| all)?\s*[,.!]+",
            " ",
        ),
        (r"\b(?:many )?(?:thanks|thank you|thx|cheers)(?: a lot| very much| in advance)?\b", " "),
        (r"\b(?:if you (?:can|could|would)|if possible|by the way|for me|quick question)\b", " "),
        (r"\bi(?: was|'m| am)? (?:just )?wonder(?:ing)?(?: if you (?:can|could))?\b", " "),
        (rf"\b{_YOU} (?:please |kindly )?{_ASKED}\b", " "),
        (rf"\bdo you {_ASKED}\b", " "),
        (rf"\bi(?:'d| would) (?:like|love) (?:you )?to {_ASKED}\b", " "),
        (rf"\bi (?:want|need|have) (?:you )?to {_ASKED}\b", " "),
        (rf"(?:^|(?<=[.,;:!?]))\s*(?:please |kindly )*{_ASKED}\b", " "),
        (r"\b(?:what|which) (?:is|are|'s)(?= (?:the|a|an|my|our|your|their)\b)", " "),
        (r"\bwhat's\b", " "),
        (_HOW, "how"),
        (rf"\b(?:what|which) is the {_BEST}way (?:to|of)\b", "how"),
        (rf"\b(?:the )?{_BEST}way (?:to|of)\b", "how"),
    )
)
"""Courtesies, and ways to ask that ask for the same."""

_AUX: Final = "do|does|did|is|are|was|were|has|have|had|would|could|should|must|wo|ca"
_TURN: Final = r"\b(?:turn|switch|turning|switching|turned|switched)(?: (it|them|this|that))?"

PHRASES: Final = tuple(
    (re.compile(pattern), instead)
    for pattern, instead in (
        (r"\b(?:can't|can not)\b", "can not"),
        (r"\bwon't\b", "will not"),
        (r"\bshan't\b", "will not"),
        (r"(?<=\w)n't\b", " not"),
        (rf"\b({_AUX})nt\b", r"\1 not"),
        (r"\bain't\b", "is not"),
        (r"\b(?:no longer|not any more|not anymore)\b", "not longer"),
        (r"\b(?:apart from|other than|aside from|but not|with the exception of)\b", "except"),
        (r"\ball but\b", "all except"),
        (rf"{_TURN} on\b", "enable"),
        (rf"{_TURN} off\b", "disable"),
        (r"\b(?:log|sign|logging|signing)[ -]?(?:in|on)(?:to)?\b", "login"),
        (r"\b(?:log|sign|logging|signing)[ -]?(?:out|off)\b", "logout"),
        (r"\bsign(?:ing)?[ -]?up\b", "register"),
        (r"\bset(?:ting)?[ -]?up\b", "setup"),
        (r"\b(?:have|has|need|needs) to\b", "must"),
        (r"\bgoing to\b", "will"),
        (r"\be-?mails?\b", "email"),
    )
)
"""One way to write what can be written in several."""
