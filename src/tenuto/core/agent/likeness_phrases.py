"""Turns of phrase that `likeness` rewrites before it looks at words. For text in small letters."""

import re
from typing import Final

_ASKED: Final = (
    r"(?:know|tell (?:me|us)|show(?: me| us)?|give (?:me|us)|help (?:me|us)(?: to| with)?"
    r"|let (?:me|us) know|list|find out|(?:explain|describe)(?: to (?:me|us))?"
    r"(?= (?:how|why|what|when|where|who|which|whether|if)\b))"
)
_YOU: Final = r"(?:can|could|would|will) (?:you|anyone|someone|somebody)"
_ARTICLE: Final = r"(?:the|a|an|my|our|your|their)\b"
_WHO: Final = r"(?:i|we|you|one)\b"
_CAN: Final = r"(?:can|could|do|would|should|might|shall)"
_WAY: Final = r"(?:what|which) is the (?:best |right |easiest |correct )?way"

FILLERS: Final = tuple(
    (re.compile(pattern), instead)
    for pattern, instead in (
        (r"^\s*(?:hi|hello|hey|good (?:morning|day|evening))(?: there| all)?\s*[,.!]+", " "),
        (r"\b(?:many )?(?:thanks|thank you|thx|cheers)(?: a lot| very much| in advance)?\b", " "),
        (r"\b(?:if you (?:can|could|would)|if possible|by the way|quick question)\b", " "),
        (r"\bi(?: was|'m| am)? (?:just )?wonder(?:ing)?(?: if you (?:can|could))?\b", " "),
        (rf"\b{_YOU} (?:please |kindly )?{_ASKED}\b", " "),
        (rf"\b{_YOU} (?:please|kindly)\b", " "),
        (rf"\b{_YOU} (?=(?:explain|describe|summari[sz]e|translate)\b)", " "),
        (rf"\bdo you {_ASKED}\b", " "),
        (rf"\bi(?:'d| would) (?:like|love) (?:you )?to {_ASKED}\b", " "),
        (rf"\bi (?:want|need|have) (?:you )?to {_ASKED}\b", " "),
        (rf"(?:^|(?<=[.,;:!?]))\s*(?:please |kindly )*{_ASKED}\b", " "),
        (rf"\b{_WAY} to(?! {_ARTICLE})", "how"),
        (rf"\b(?:what|which)(?: is| are|'s)(?= {_ARTICLE})", " "),
        (rf"\bwhat(?= {_ARTICLE})", " "),
        (rf"\bhow (?:to\b|{_CAN} {_WHO}|{_WHO} {_CAN}\b|{_WHO})", "how"),
    )
)
"""Courtesies, and ways to ask that ask for the same."""

_AUX: Final = "do|does|did|is|are|was|were|has|have|had|would|could|should|must|wo|ca"
_TURN: Final = r"\b(?:turn|switch|turning|switching|turned|switched)(?: (?:it|them|this|that))?"

PHRASES: Final = tuple(
    (re.compile(pattern), instead)
    for pattern, instead in (
        (r"\b(?:can't|cannot)\b", "can not"),
        (r"\bwon't\b", "will not"),
        (r"\bshan't\b", "will not"),
        (r"\bain't\b", "is not"),
        (r"(?<=\w)n't\b", " not"),
        (rf"\b({_AUX})nt\b", r"\1 not"),
        (r"(?<=\w)'m\b", " am"),
        (r"(?<=\w)'re\b", " are"),
        (r"(?<=\w)'ve\b", " have"),
        (r"(?<=\w)'ll\b", " will"),
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
